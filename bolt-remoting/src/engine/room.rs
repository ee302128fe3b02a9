//! Who waits for room on a connection, first come first served. No lock and no I/O.

use std::collections::BTreeMap;
use std::task::Waker;

use tokio::time::Instant;

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
/// Whoever is let in has its room set aside until it comes for it, gives up or is too late. Those are
/// always the ones with the lowest numbers.
#[derive(Debug, Default)]
pub(crate) struct Line {
    callers: BTreeMap<u64, Caller>,
    next: u64,
    /// Callers with a number below this one have been let in.
    let_in: u64,
    set_aside: Room,
    /// No caller's deadline is before this.
    earliest: Option<Instant>,
}

#[derive(Debug)]
struct Caller {
    needs: Room,
    deadline: Instant,
    waker: Option<Waker>,
}

impl Line {
    /// A place at the end of the line.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// A caller joins at the end, until `deadline`.
    pub(crate) fn join(&mut self, needs: Room, deadline: Instant, waker: Waker) -> u64 {
        let number = self.number();
        let earliest = self.earliest().unwrap_or(deadline);
        self.earliest = Some(earliest.min(deadline));
        let caller = Caller {
            needs,
            deadline,
            waker: Some(waker),
        };
        self.callers.insert(number, caller);
        number
    }

    /// A time before which nobody is too late, if there is anybody at all.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.earliest.filter(|_| !self.callers.is_empty())
    }

    /// Those whose deadline has passed leave, also if they were let in and have not come: they may
    /// never be polled again. Whether there were any.
    pub(crate) fn expire(&mut self, now: Instant, wakers: &mut Vec<Waker>) -> bool {
        if self.earliest().is_none_or(|earliest| now < earliest) {
            return false;
        }
        let before = self.callers.len();
        let late = |caller: &Caller| caller.deadline <= now;
        let numbers = self.callers.iter().filter(|(_, caller)| late(caller));
        for number in numbers.map(|(&number, _)| number).collect::<Vec<_>>() {
            wakers.extend(self.remove(number).and_then(|caller| caller.waker));
        }
        self.earliest = self.callers.values().map(|caller| caller.deadline).min();
        self.callers.len() < before
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
        self.remove(number).is_some() && number < self.let_in
    }

    fn remove(&mut self, number: u64) -> Option<Caller> {
        let caller = self.callers.remove(&number)?;
        if number < self.let_in {
            self.set_aside.bytes -= caller.needs.bytes;
            self.set_aside.calls -= caller.needs.calls;
        }
        Some(caller)
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
        line.join(needs(bytes), Instant::now(), Waker::noop().clone())
    }

    #[test]
    fn who_is_too_late_leaves_whether_let_in_or_not() {
        let mut line = Line::default();
        let start = Instant::now();
        let at = |seconds| start + std::time::Duration::from_secs(seconds);
        let [a, _b, _c, d] =
            [9, 2, 1, 8].map(|s| line.join(needs(s as usize), at(s), Waker::noop().clone()));
        line.let_in();
        line.let_in();
        let mut wakers = Vec::new();
        assert_eq!(line.earliest(), Some(at(1)));
        assert!(!line.expire(start, &mut wakers));
        assert!(line.expire(at(2), &mut wakers));
        // Who was let in was woken for that.
        assert_eq!(wakers.len(), 1);
        assert_eq!(
            (line.set_aside(), line.first()),
            (needs(9), Some((d, needs(8))))
        );
        assert_eq!(line.earliest(), Some(at(8)));
        assert!(line.leave(a) && !line.leave(d));
        assert_eq!(line.earliest(), None);
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
