//! What a connection's task knows of the thread that it runs on.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// A turn that was put off for longer than this is a slow one, unless callers alone may have taken
/// twice what they do: others ran too. The kernel's time slices are longer, so that one of them says
/// nothing.
const SLOW: Duration = Duration::from_micros(256);
/// What a slow one counts for.
const SLOW_POINTS: u8 = 8;
/// One that was put off behind callers for longer than this for each of them counts for one point, any
/// other takes one away. Callers that take so long for their next call have work of their own, which
/// had better be shared with other threads. Without any they need about a third of it on a fast
/// processor, on a slow one not quite all.
const WORK: Duration = Duration::from_micros(2);
/// As if they had been so many, if they were fewer.
const FEW: usize = 16;
/// With so many points a thread is busy.
const BUSY_POINTS: u8 = 64;
/// A turn that was put off for longer than this counts for all of them. Time slices are shorter, mostly.
const LONG: Duration = Duration::from_millis(12);
/// For how long it counts as busy then.
const BUSY: Duration = Duration::from_millis(100);
/// Who has waited for longer than this on a shared or a busy thread has waited for others than callers.
const CLOGGED: Duration = Duration::from_millis(2);

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
    /// Whoever is put off here waits for long, or for others that have much to do.
    Busy,
    /// A shared or busy one, where it has just waited for milliseconds.
    Clogged,
}

/// What a turn was put off for: callers that were woken to run before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waited {
    pub(super) callers: usize,
    /// From the end of the turn before.
    pub(super) time: Duration,
}

impl Waited {
    /// How many points it counts for; none takes one away.
    fn points(self) -> u8 {
        let callers = self.callers.max(FEW).try_into().unwrap_or(u32::MAX);
        let work = WORK.saturating_mul(callers);
        match self.time {
            time if time > LONG => BUSY_POINTS,
            time if time > SLOW.max(work * 2) => SLOW_POINTS,
            time if time > work => 1,
            _ => 0,
        }
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
        let before = self.slow.get();
        let points = match waited.points() {
            0 => before.saturating_sub(1),
            points => BUSY_POINTS.min(before.saturating_add(points)),
        };
        self.slow.set(points);
        if points == BUSY_POINTS {
            self.busy_until.set(Some(now + BUSY));
        }
    }

    fn enter(&self, connection: u64, now: Instant, waited: Option<Waited>) -> Thread {
        let own = self.last.replace(connection) == connection;
        // Not longer, whatever clock that was: runtimes with clocks of their own may share a thread.
        let busy = |until: Instant| now < until && until.duration_since(now) <= BUSY;
        let is_busy = || self.busy_until.get().is_some_and(busy);
        if let Some(waited) = waited {
            // Otherwise it waited on another thread, or for another connection; or callers were there
            // for other threads to take.
            if own && !is_busy() {
                self.note_wait(waited, now);
            }
        }
        let clogged = waited.is_some_and(|waited| waited.time > CLOGGED);
        match is_busy() {
            false if own => Thread::Own,
            _ if clogged => Thread::Clogged,
            true => Thread::Busy,
            false => Thread::Shared,
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

    /// Was put off for so long.
    fn behind(callers: usize, time: Duration) -> Option<Waited> {
        Some(Waited { callers, time })
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
        let late = behind(FEW, LONG + Duration::from_nanos(1));
        assert_eq!(thread.enter(1, now, late), Thread::Clogged);
        assert_eq!(thread.enter(2, now, None), Thread::Busy, "for all");
        assert_eq!(thread.enter(1, now + BUSY / 2, None), Thread::Busy);
        assert_eq!(thread.enter(1, now + BUSY, None), Thread::Own);
        assert_eq!(
            thread.enter(1, now - BUSY, None),
            Thread::Own,
            "another clock"
        );
    }

    /// Whether a thread is busy at some time when so many of so many turns wait for longer.
    fn is_busy_when(some: usize, of: usize, longer: Option<Waited>) -> bool {
        let (thread, now) = (Record::new(), Instant::now());
        thread.enter(1, now, None);
        (0..1000).any(|number| {
            let waited = if number % of < some {
                longer
            } else {
                behind(FEW, WORK)
            };
            thread.enter(1, now, waited) == Thread::Busy
        })
    }

    #[test]
    fn it_is_busy_too_once_more_than_one_in_nine_turns_were_slow() {
        let slow = behind(FEW, SLOW * 2);
        assert!(!is_busy_when(1, 9, slow));
        assert!(is_busy_when(1, 8, slow));
        assert!(is_busy_when(8, 1000, slow), "a few in a row");
        assert!(!is_busy_when(7, 1000, slow));
        assert!(!is_busy_when(1, 8, behind(FEW, SLOW)));
        let callers = WORK * 2 * 128;
        assert!(
            !is_busy_when(1, 8, behind(128, callers)),
            "of many more is expected"
        );
    }

    #[test]
    fn it_is_busy_too_once_callers_have_work_of_their_own_in_more_than_half_of_the_turns() {
        const LARGE: usize = 2 * FEW;
        const MOMENT: Duration = Duration::from_nanos(1);
        let all = WORK * LARGE as u32;
        assert!(!is_busy_when(1, 2, behind(LARGE, all + MOMENT)));
        assert!(is_busy_when(2, 3, behind(LARGE, all + MOMENT)));
        assert!(!is_busy_when(1, 1, behind(LARGE, all)));
        let few = WORK * FEW as u32;
        assert!(
            !is_busy_when(1, 1, behind(2, few)),
            "of a few less is expected"
        );
        assert!(is_busy_when(1, 1, behind(2, few + MOMENT)));
    }

    #[test]
    fn what_a_task_waited_for_elsewhere_does_not_count() {
        let (thread, now) = (Record::new(), Instant::now());
        let late = behind(FEW, LONG * 2);
        assert_eq!(thread.enter(1, now, late), Thread::Clogged);
        assert_eq!(thread.enter(2, now, late), Thread::Clogged);
        assert_eq!(thread.enter(2, now, None), Thread::Own);
        assert_eq!(thread.enter(2, now, late), Thread::Clogged);
        assert_eq!(thread.enter(2, now, None), Thread::Busy);
    }

    #[test]
    fn a_shared_or_busy_one_is_clogged_when_the_task_has_waited_for_milliseconds() {
        let (thread, now) = (Record::new(), Instant::now());
        let waited = |time| behind(FEW, time);
        let longer = waited(CLOGGED + Duration::from_nanos(1));
        assert_eq!(thread.enter(1, now, waited(CLOGGED)), Thread::Shared);
        assert_eq!(thread.enter(1, now, longer), Thread::Own);
        assert_eq!(thread.enter(2, now, longer), Thread::Clogged);
        thread.busy_until.set(Some(now + BUSY));
        assert_eq!(thread.enter(2, now, waited(CLOGGED)), Thread::Busy);
        assert_eq!(thread.enter(2, now, longer), Thread::Clogged);
    }

    #[test]
    fn waits_do_not_count_while_it_is_busy() {
        let (thread, now) = (Record::new(), Instant::now());
        thread.busy_until.set(Some(now + BUSY));
        thread.enter(1, now, None);
        let late = behind(FEW, LONG * 2);
        assert_eq!(thread.enter(1, now + BUSY / 2, late), Thread::Clogged);
        assert_eq!(thread.enter(1, now + BUSY, None), Thread::Own);
    }

    #[test]
    fn it_is_busy_again_at_once_if_that_has_not_changed() {
        let (thread, now) = (Record::new(), Instant::now());
        thread.enter(1, now, None);
        thread.enter(1, now, behind(FEW, LONG * 2));
        let later = now + BUSY;
        assert_eq!(thread.enter(1, later, behind(FEW, WORK)), Thread::Own);
        let slow = behind(FEW, SLOW * 2);
        assert_eq!(thread.enter(1, later, slow), Thread::Busy);
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
