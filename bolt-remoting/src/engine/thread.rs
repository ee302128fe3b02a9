//! What a connection's task knows of the thread that it runs on.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// Who is put off for longer than this has waited for more than other callers. The kernel's time slices
/// are longer, so that now and then it says nothing.
const SLOW: Duration = Duration::from_micros(256);
/// A slow turn brings eight points, any other takes one away. A thread with so many is busy,
const MOST_SLOW: u8 = 64;
/// and so is one on which somebody was put off for longer than this. Time slices are shorter, mostly.
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
    /// The one that put its callers off last, and when.
    put_off: Cell<Option<(u64, Instant)>>,
    /// How slow such turns were of late, in points.
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

impl Thread {
    /// Of the connection of this number, whose task begins a turn.
    pub(super) fn enter(connection: u64, now: Instant) -> Self {
        RECORD.with(|record| record.enter(connection, now))
    }

    /// The callers of this connection were put off, and its task with them, so that how long that
    /// takes is seen at its next turn.
    pub(super) fn note_put_off(connection: u64, now: Instant) {
        RECORD.with(|record| record.put_off.set(Some((connection, now))));
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
            put_off: Cell::new(None),
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

    fn note_wait(&self, waited: Duration, now: Instant) {
        let slow = match self.slow.get() {
            _ if waited > LONG => MOST_SLOW,
            slow if waited > SLOW => slow + 8,
            slow => slow.saturating_sub(1),
        };
        self.slow.set(slow % MOST_SLOW);
        if slow >= MOST_SLOW {
            self.busy_until.set(Some(now + BUSY));
        }
    }

    fn enter(&self, connection: u64, now: Instant) -> Thread {
        let own = self.last.replace(connection) == connection;
        if let Some((by, since)) = self.put_off.get()
            && by == connection
        {
            self.put_off.set(None);
            self.note_wait(now.duration_since(since), now);
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

    #[test]
    fn a_thread_is_shared_when_others_had_a_turn_since() {
        let (thread, now) = (Record::new(), Instant::now());
        assert_eq!(thread.enter(1, now), Thread::Shared);
        assert_eq!(thread.enter(1, now), Thread::Own);
        assert_eq!(thread.enter(2, now), Thread::Shared);
        assert_eq!(thread.enter(1, now), Thread::Shared);
    }

    #[test]
    fn it_is_busy_for_a_while_once_somebody_was_put_off_for_long() {
        let (thread, start) = (Record::new(), Instant::now());
        thread.enter(1, start);
        thread.put_off.set(Some((1, start)));
        assert_eq!(thread.enter(1, start + LONG), Thread::Own);
        thread.put_off.set(Some((1, start)));
        let late = start + LONG + Duration::from_nanos(1);
        assert_eq!(thread.enter(1, late), Thread::Busy);
        assert_eq!(thread.enter(2, late), Thread::Busy, "for all");
        assert_eq!(thread.enter(1, late + BUSY / 2), Thread::Busy);
        assert_eq!(thread.enter(1, late + BUSY), Thread::Own);
        assert_eq!(thread.enter(1, start - BUSY), Thread::Own, "another clock");
    }

    #[test]
    fn it_is_busy_too_once_more_than_one_in_nine_turns_were_slow() {
        let turns = |slow: usize, of: usize| {
            let (thread, mut now) = (Record::new(), Instant::now());
            (0..200).any(|turn| {
                thread.put_off.set(Some((1, now)));
                now += if turn % of < slow { SLOW * 2 } else { SLOW };
                thread.enter(1, now) == Thread::Busy
            })
        };
        assert!(!turns(1, 9));
        assert!(turns(1, 4));
        assert!(turns(1, 1));
        assert!(!turns(7, 200), "now and then");
        assert!(turns(8, 200));
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

    #[test]
    fn only_who_was_put_off_finds_that_it_was_for_long() {
        let (thread, start) = (Record::new(), Instant::now());
        thread.put_off.set(Some((1, start)));
        let late = start + 2 * LONG;
        assert_eq!(thread.enter(2, late), Thread::Shared);
        assert_eq!(thread.enter(1, late), Thread::Busy);
    }
}
