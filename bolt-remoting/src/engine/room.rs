//! Who waits for room on a connection, first come first served. No lock and no I/O.

use std::collections::BTreeMap;
use std::task::Waker;

/// What a caller needs, and what is set aside for those let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// Of the outbox.
    pub(crate) bytes: usize,
    /// Places among the calls in flight: one or none.
    pub(crate) calls: usize,
}

/// The callers that wait. Answers that wait for the outbox have their place in the same line, but
/// are kept there.
///
/// Whoever is let in has its room set aside until it comes for it or gives up. Those are always
/// the ones with the lowest numbers.
#[derive(Debug, Default)]
pub(crate) struct Line {
    callers: BTreeMap<u64, Caller>,
    next: u64,
    /// Callers with a number below this one have been let in.
    let_in: u64,
    set_aside: Room,
}

#[derive(Debug)]
struct Caller {
    needs: Room,
    waker: Option<Waker>,
}

impl Line {
    /// A place at the end of the line.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// A caller joins at the end.
    pub(crate) fn join(&mut self, needs: Room, waker: Waker) -> u64 {
        let number = self.number();
        let waker = Some(waker);
        self.callers.insert(number, Caller { needs, waker });
        number
    }

    /// Whether a caller with this number has been let in; if not, `waker` is told when it is.
    pub(crate) fn ask(&mut self, number: u64, waker: &Waker) -> bool {
        if number < self.let_in {
            return true;
        }
        if let Some(caller) = self.callers.get_mut(&number) {
            caller.waker = Some(waker.clone());
        }
        false
    }

    /// The first caller that has not been let in.
    pub(crate) fn first(&self) -> Option<(u64, Room)> {
        if self.callers.is_empty() {
            return None;
        }
        let (&number, caller) = self.callers.range(self.let_in..).next()?;
        Some((number, caller.needs))
    }

    /// Sets room aside for the caller that is the [`first`](Self::first).
    pub(crate) fn let_in(&mut self) -> Option<Waker> {
        let (&number, caller) = self.callers.range_mut(self.let_in..).next()?;
        self.let_in = number + 1;
        self.set_aside.bytes += caller.needs.bytes;
        self.set_aside.calls += caller.needs.calls;
        caller.waker.take()
    }

    /// What is set aside for callers that were let in and have not come yet.
    pub(crate) fn set_aside(&self) -> Room {
        self.set_aside
    }

    /// The caller comes for its room, or gives up. Whether it had been let in.
    pub(crate) fn leave(&mut self, number: u64) -> bool {
        let Some(caller) = self.callers.remove(&number) else {
            return false;
        };
        let was_let_in = number < self.let_in;
        if was_let_in {
            self.set_aside.bytes -= caller.needs.bytes;
            self.set_aside.calls -= caller.needs.calls;
        }
        was_let_in
    }

    /// Nobody is let in any more: all are to look for themselves.
    pub(crate) fn dissolve(&mut self, wakers: &mut Vec<Waker>) {
        wakers.extend(self.callers.values_mut().filter_map(|c| c.waker.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(bytes: usize) -> Room {
        Room { bytes, calls: 1 }
    }

    fn join(line: &mut Line, bytes: usize) -> u64 {
        line.join(needs(bytes), Waker::noop().clone())
    }

    #[test]
    fn callers_are_let_in_in_the_order_of_joining() {
        let mut line = Line::default();
        let [a, b, c] = [1, 2, 4].map(|bytes| join(&mut line, bytes));
        assert_eq!(line.first(), Some((a, needs(1))));
        line.let_in();
        line.let_in();
        assert_eq!(line.first(), Some((c, needs(4))));
        assert_eq!(line.set_aside(), Room { bytes: 3, calls: 2 });
        assert!(line.ask(b, Waker::noop()) && !line.ask(c, Waker::noop()));
    }

    #[test]
    fn room_is_set_aside_until_its_caller_comes_or_gives_up() {
        let mut line = Line::default();
        let [a, b] = [1, 2].map(|bytes| join(&mut line, bytes));
        line.let_in();
        line.let_in();
        assert!(line.leave(b) && !line.leave(b));
        assert_eq!(line.set_aside(), needs(1));
        assert!(line.leave(a));
        assert_eq!((line.set_aside(), line.first()), (Room::default(), None));
    }

    #[test]
    fn who_leaves_before_being_let_in_takes_nothing_along() {
        let mut line = Line::default();
        let [a, b] = [1, 2].map(|bytes| join(&mut line, bytes));
        assert!(!line.leave(a));
        assert_eq!(line.first(), Some((b, needs(2))));
        assert_eq!(line.set_aside(), Room::default());
    }
}
