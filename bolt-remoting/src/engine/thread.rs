//! What a connection's task knows of the thread that it runs on.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// Who waits longer than this for the next turn finds the thread busy, for so long. Time slices of
/// the kernel are shorter.
const LONG_TURN: Duration = Duration::from_millis(5);
const BUSY: Duration = Duration::from_millis(100);

thread_local! {
    /// The connection whose task ran here last.
    static LAST: Cell<u64> = const { Cell::new(0) };
    /// The one that put its own turn off last, and when.
    static WAITS: Cell<Option<(u64, Instant)>> = const { Cell::new(None) };
    static BUSY_UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A thread, as one connection's task finds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Thread {
    /// No other connection's task has run here since this one's last turn.
    Own,
    Shared,
    /// What is put off here waits for long.
    Busy,
}

impl Thread {
    /// A turn of the connection of this number begins.
    pub(super) fn enter(connection: u64, now: Instant) -> Self {
        let own = LAST.replace(connection) == connection;
        if let Some((waits, since)) = WAITS.get()
            && waits == connection
        {
            WAITS.set(None);
            if now.duration_since(since) > LONG_TURN {
                BUSY_UNTIL.set(Some(now + BUSY));
            }
        }
        match BUSY_UNTIL.get() {
            Some(until) if now < until => Self::Busy,
            _ if own => Self::Own,
            _ => Self::Shared,
        }
    }

    /// Has the task of `cx`, that of this connection, polled again once others have had their turn.
    pub(super) fn wait_a_turn(self, connection: u64, cx: &Context<'_>, now: Instant) {
        if self != Self::Busy {
            WAITS.set(Some((connection, now)));
        }
        self.wake_in_turn(cx.waker());
    }

    /// Wakes `waker` once the tasks that are ready on this thread have had their turn, or 61 of them,
    /// as tokio counts by default: waking it now would have the scheduler rouse another thread. Where
    /// that takes long it is woken now.
    pub(super) fn wake_in_turn(self, waker: &Waker) {
        if self == Self::Busy {
            waker.wake_by_ref();
        } else {
            // Hands the waker to the scheduler at its first poll.
            let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(waker));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(connection: u64, now: Instant) {
        let cx = Context::from_waker(Waker::noop());
        Thread::enter(connection, now).wait_a_turn(connection, &cx, now);
    }

    #[test]
    fn a_thread_is_shared_when_others_had_a_turn_since() {
        let now = Instant::now();
        assert_eq!(Thread::enter(1, now), Thread::Shared);
        assert_eq!(Thread::enter(1, now), Thread::Own);
        assert_eq!(Thread::enter(2, now), Thread::Shared);
        assert_eq!(Thread::enter(1, now), Thread::Shared);
    }

    #[test]
    fn it_is_busy_for_a_while_once_a_turn_came_late() {
        let start = Instant::now();
        waits(1, start);
        assert_eq!(Thread::enter(1, start + LONG_TURN), Thread::Own);
        waits(1, start);
        let late = start + LONG_TURN + Duration::from_nanos(1);
        assert_eq!(Thread::enter(1, late), Thread::Busy);
        assert_eq!(Thread::enter(2, late), Thread::Busy, "for all");
        waits(1, late);
        assert_eq!(Thread::enter(1, late + BUSY / 2), Thread::Busy);
        assert_eq!(Thread::enter(1, late + BUSY), Thread::Own);
    }

    #[test]
    fn only_who_waits_finds_that_it_was_long() {
        let start = Instant::now();
        waits(1, start);
        let late = start + 2 * LONG_TURN;
        assert_eq!(Thread::enter(2, late), Thread::Shared);
        assert_eq!(Thread::enter(1, late), Thread::Busy);
    }
}
