//! Where callers write what became of their calls.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Samples that a caller keeps before it takes a lock to write them.
const BUFFER: usize = 64;
const LONGEST_NANOS: u64 = 120_000_000_000;

/// The latencies and failures of the measured window, from all callers.
#[derive(Debug)]
pub struct Record {
    opened: OnceLock<Instant>,
    closed: OnceLock<Instant>,
    errors: AtomicU64,
    first_error: Mutex<Option<String>>,
    next_shard: AtomicUsize,
    shards: Vec<Mutex<Histogram<u64>>>,
}

impl Default for Record {
    fn default() -> Self {
        let shards = std::thread::available_parallelism().map_or(4, |n| n.get() * 2);
        Self {
            opened: OnceLock::new(),
            closed: OnceLock::new(),
            errors: AtomicU64::new(0),
            first_error: Mutex::new(None),
            next_shard: AtomicUsize::new(0),
            shards: (0..shards).map(|_| Mutex::new(histogram())).collect(),
        }
    }
}

/// Three digits of everything from a nanosecond to two minutes.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NANOS, 3).expect("the bounds are valid")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    /// A pen for one caller.
    #[must_use]
    pub fn recorder(self: &Arc<Self>) -> Recorder {
        Recorder {
            shard: self.next_shard.fetch_add(1, Ordering::Relaxed) % self.shards.len(),
            record: Arc::clone(self),
            buffer: Vec::with_capacity(BUFFER),
        }
    }

    /// From now on calls count.
    pub fn open_window(&self) {
        self.opened.get_or_init(Instant::now);
    }

    /// From now on calls don't count any more, and callers make no new ones.
    pub fn close_window(&self) {
        self.closed.get_or_init(Instant::now);
    }

    /// Whether calls that end now count.
    #[must_use]
    pub fn in_window(&self) -> bool {
        self.opened.get().is_some() && !self.is_over()
    }

    /// Whether a call that is due then counts. Only sure of times that have passed.
    #[must_use]
    pub fn contains(&self, due: Instant) -> bool {
        let after = self.opened.get().is_some_and(|&opened| due >= opened);
        after && self.closed.get().is_none_or(|&closed| due < closed)
    }

    /// When the window was closed.
    #[must_use]
    pub fn closed(&self) -> Option<Instant> {
        self.closed.get().copied()
    }

    /// Whether the window is closed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.closed.get().is_some()
    }

    /// Failed calls of the window.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// What the first call that failed, in the window or before, failed with.
    #[must_use]
    pub fn first_error(&self) -> Option<String> {
        lock(&self.first_error).clone()
    }

    /// All latencies that were written so far, in nanoseconds.
    #[must_use]
    pub fn latencies(&self) -> Histogram<u64> {
        let mut all = histogram();
        for shard in &self.shards {
            all.add(&*lock(shard)).expect("the bounds are the same");
        }
        all
    }
}

/// Writes into a [`Record`] for one caller; the last samples when it is dropped.
#[derive(Debug)]
pub struct Recorder {
    record: Arc<Record>,
    shard: usize,
    buffer: Vec<u64>,
}

impl Recorder {
    /// The record that it writes into.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// A call that counts took this long.
    pub fn success(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.buffer.push(nanos.max(1));
        if self.buffer.len() == BUFFER {
            self.flush();
        }
    }

    /// A call failed; it is counted if `counts`.
    pub fn failure(&mut self, counts: bool, why: String) {
        if counts {
            self.record.errors.fetch_add(1, Ordering::Relaxed);
        }
        lock(&self.record.first_error).get_or_insert(why);
    }

    fn flush(&mut self) {
        let mut histogram = lock(&self.record.shards[self.shard]);
        for nanos in self.buffer.drain(..) {
            histogram.saturating_record(nanos);
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_all_callers_come_together() {
        let record = Arc::new(Record::default());
        for caller in 1..=50_u64 {
            let mut recorder = record.recorder();
            for _ in 0..BUFFER + 1 {
                recorder.success(Duration::from_micros(caller));
            }
        }
        let all = record.latencies();
        assert_eq!(all.len(), 50 * (BUFFER as u64 + 1));
        assert!(all.max() >= 50_000 && all.max() < 50_100, "{}", all.max());
    }

    #[test]
    fn failures_count_in_the_window_only() {
        let record = Arc::new(Record::default());
        let mut recorder = record.recorder();
        recorder.failure(false, "first".to_owned());
        recorder.failure(true, "second".to_owned());
        assert_eq!(record.errors(), 1);
        assert_eq!(record.first_error().as_deref(), Some("first"));
    }

    #[test]
    fn a_call_longer_than_the_scale_is_its_end() {
        let record = Arc::new(Record::default());
        record.recorder().success(Duration::from_secs(1_000_000));
        assert_eq!(record.latencies().len(), 1);
    }
}
