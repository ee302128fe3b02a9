//! What a connection's task knows of the thread that it runs on.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// A turn that was put off behind callers for longer than this for each of them is a slow one: either
/// others ran too, or the callers themselves have so much to do that they had better be shared with
/// other threads. With nothing to do but their next call they need a third of it to half of it.
const SLOW: Duration = Duration::from_micros(3);
/// As if they had been so many, if they were fewer.
const FEW: usize = 16;
/// What a slow one counts for; any other takes one point away. The kernel's time slices are longer, so
/// that one of them says nothing.
const SLOW_POINTS: u8 = 8;
/// With so many points a thread is busy.
const BUSY_POINTS: u8 = 64;
/// A turn that was put off for longer than this counts for all of them. Time slices are shorter, mostly.
const LONG: Duration = Duration::from_millis(12);
/// For how long it counts as busy then.
const BUSY: Duration = Duration::from_millis(100);

/// Every so much time, what was before counts for half.
const OF_LATE: Duration = Duration::from_millis(2);

thread_local! {
    static RECORD: Record = const { Record::new() };
}

/// What is known of a thread.
struct Record {
    /// The connection whose task ran here last.
    last: Cell<u64>,
    /// How slow turns that were put off have been of late, in points.
    slow: Cell<u8>,
    busy_until: Cell<Option<Instant>>,
    /// When the last [`Stint`] was over, and how much time passed of late within stints and between
    /// them.
    turn_over: Cell<Option<Instant>>,
    in_turns: Cell<Duration>,
    between: Cell<Duration>,
}

/// A thread, as one connection's task finds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Thread {
    /// No other connection's task has run here since this one last did.
    Own,
    Shared,
    /// Whoever is put off here waits for long.
    Busy,
}

/// What a turn was put off for: callers that were woken to run before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waited {
    pub(super) callers: usize,
    /// From the end of the turn before.
    pub(super) time: Duration,
}

impl Waited {
    fn is_slow(self) -> bool {
        let callers = self.callers.max(FEW).try_into().unwrap_or(u32::MAX);
        self.time > SLOW.saturating_mul(callers)
    }
}

impl Thread {
    /// Of the connection of this number, whose task begins a turn, and what that was put off for, if
    /// it was.
    pub(super) fn enter(connection: u64, now: Instant, waited: Option<Waited>) -> Self {
        RECORD.with(|record| record.enter(connection, now, waited))
    }

    /// Whether [stints](Stint) have taken less than a third of this thread's time of late. What else it
    /// did meanwhile nobody knows.
    pub(super) fn has_leisure() -> bool {
        RECORD.try_with(Record::has_leisure).unwrap_or(false)
    }
}

#[cfg(test)]
impl Thread {
    pub(super) fn set_leisure(leisure: bool) {
        RECORD.with(|record| {
            record.in_turns.set(Duration::ZERO);
            record
                .between
                .set(if leisure { OF_LATE } else { Duration::ZERO });
        });
    }
}

/// A turn of a server's connection that began then, on a runtime of many threads. How much of its
/// thread's time such turns take is kept in mind.
pub(super) struct Stint(pub(super) Instant);

impl Drop for Stint {
    fn drop(&mut self) {
        RECORD.with(|record| record.note_turn(self.0, Instant::now()));
    }
}

impl Record {
    const fn new() -> Self {
        Self {
            last: Cell::new(0),
            slow: Cell::new(0),
            busy_until: Cell::new(None),
            turn_over: Cell::new(None),
            in_turns: Cell::new(Duration::ZERO),
            between: Cell::new(Duration::ZERO),
        }
    }

    fn note_turn(&self, began: Instant, over: Instant) {
        let before = self.turn_over.replace(Some(over));
        let since = |earlier| began.saturating_duration_since(earlier).min(OF_LATE);
        let mut between = self.between.get() + before.map_or(Duration::ZERO, since);
        let mut in_turns = self.in_turns.get() + (over - began).min(OF_LATE);
        if in_turns + between > OF_LATE {
            in_turns /= 2;
            between /= 2;
        }
        self.in_turns.set(in_turns);
        self.between.set(between);
    }

    fn has_leisure(&self) -> bool {
        self.in_turns.get() * 2 < self.between.get()
    }

    fn note_wait(&self, waited: Waited, now: Instant) {
        let points = match self.slow.get() {
            _ if waited.time > LONG => BUSY_POINTS,
            points if waited.is_slow() => BUSY_POINTS.min(points + SLOW_POINTS),
            points => points.saturating_sub(1),
        };
        self.slow.set(points);
        if points == BUSY_POINTS {
            self.busy_until.set(Some(now + BUSY));
        }
    }

    fn enter(&self, connection: u64, now: Instant, waited: Option<Waited>) -> Thread {
        let own = self.last.replace(connection) == connection;
        if let Some(waited) = waited {
            self.note_wait(waited, now);
        }
        // Not longer, whatever clock that was: runtimes with clocks of their own may share a thread.
        let busy = |until: Instant| now < until && until.duration_since(now) <= BUSY;
        match self.busy_until.get() {
            Some(until) if busy(until) => Thread::Busy,
            _ if own => Thread::Own,
            _ => Thread::Shared,
        }
    }
}

/// Wakes `waker` once the tasks that are ready on this thread have had their turn, or some dozens of
/// them, and I/O was polled. Waking it now would have the scheduler rouse another thread for it; like
/// this none can take it over meanwhile.
pub(super) fn wake_in_turn(waker: &Waker) {
    // Hands the waker to the scheduler at its first poll.
    let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(waker));
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 100;

    fn behind(callers: usize, time: Duration) -> Option<Waited> {
        Some(Waited { callers, time })
    }

    /// For so many times as long as is still not slow.
    fn behind_slow(times: u32) -> Option<Waited> {
        behind(LARGE, SLOW * LARGE as u32 * times)
    }

    #[test]
    fn a_thread_is_shared_when_others_had_a_turn_since() {
        let (thread, now) = (Record::new(), Instant::now());
        assert_eq!(thread.enter(1, now, None), Thread::Shared);
        assert_eq!(thread.enter(1, now, None), Thread::Own);
        assert_eq!(thread.enter(2, now, None), Thread::Shared);
        assert_eq!(thread.enter(1, now, None), Thread::Shared);
    }

    #[test]
    fn it_is_busy_for_a_while_once_a_turn_was_put_off_for_long() {
        let (thread, now) = (Record::new(), Instant::now());
        thread.enter(1, now, None);
        assert_eq!(thread.enter(1, now, behind(FEW, LONG)), Thread::Own);
        let late = behind(LARGE, LONG + Duration::from_nanos(1));
        assert_eq!(thread.enter(1, now, late), Thread::Busy);
        assert_eq!(thread.enter(2, now, None), Thread::Busy, "for all");
        assert_eq!(thread.enter(1, now + BUSY / 2, None), Thread::Busy);
        assert_eq!(thread.enter(1, now + BUSY, None), Thread::Own);
        assert_eq!(
            thread.enter(1, now - BUSY, None),
            Thread::Own,
            "another clock"
        );
    }

    #[test]
    fn it_is_busy_too_once_more_than_one_in_nine_turns_were_slow() {
        let now = Instant::now();
        let turn = |thread: &Record, slow| {
            let waited = if slow { behind_slow(2) } else { behind_slow(1) };
            thread.enter(1, now, waited) == Thread::Busy
        };
        let turns = |slow: usize, of: usize| {
            let thread = Record::new();
            (0..1000).any(|number| turn(&thread, number % of < slow))
        };
        assert!(!turns(1, 9));
        assert!(turns(1, 8));
        assert!(turns(8, 1000), "a few in a row");
        assert!(!turns(7, 1000));
    }

    #[test]
    fn it_is_busy_again_at_once_if_that_has_not_changed() {
        let (thread, now) = (Record::new(), Instant::now());
        thread.enter(1, now, behind(FEW, LONG * 2));
        let later = now + BUSY;
        assert_eq!(thread.enter(1, later, behind_slow(1)), Thread::Own);
        assert_eq!(thread.enter(1, later, behind_slow(2)), Thread::Busy);
    }

    #[test]
    fn a_turn_is_slow_by_the_number_of_callers_it_was_put_off_for_but_for_a_few() {
        let is_slow = |callers, micros| {
            behind(callers, Duration::from_micros(micros))
                .unwrap()
                .is_slow()
        };
        assert_eq!((is_slow(2, 48), is_slow(2, 49)), (false, true));
        assert_eq!((is_slow(16, 48), is_slow(16, 49)), (false, true));
        assert_eq!((is_slow(64, 192), is_slow(64, 193)), (false, true));
    }

    #[test]
    fn it_has_leisure_while_turns_take_less_than_a_third_of_its_time() {
        const MS: Duration = Duration::from_millis(1);
        let (thread, mut now) = (Record::new(), Instant::now());
        let mut turns = |count, pause, turn| {
            for _ in 0..count {
                let began = now + pause;
                now = began + turn;
                thread.note_turn(began, now);
            }
            thread.has_leisure()
        };
        assert!(!turns(1, MS, Duration::ZERO), "nothing is known yet");
        assert!(turns(1, MS, Duration::ZERO));
        assert!(!turns(20, MS, MS));
        assert!(turns(20, MS * 3, MS));
        assert!(!turns(1, MS, Duration::from_secs(1)), "of late");
        assert!(turns(1, Duration::from_secs(1), MS / 4));
    }
}
