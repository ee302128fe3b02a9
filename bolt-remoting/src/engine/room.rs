//! Who waits for room on a connection, first come first served. No lock, no I/O and no clock of its
//! own: the time is passed in.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// How long room is set aside for a caller that was let in: it may never be polled again, and others
/// wait for that room. One that is polled after that waits again, in its old place.
const COMING: Duration = Duration::from_millis(10);

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
/// Whoever is let in has its room set aside until it comes for it, gives up or is too late.
#[derive(Debug, Default)]
pub(crate) struct Line {
    waiting: Callers,
    /// Those who have been let in and have not come yet.
    let_in: Callers,
    next: u64,
    set_aside: Room,
}

/// Callers by their places.
#[derive(Debug, Default)]
struct Callers {
    by_place: BTreeMap<u64, Caller>,
    /// Nobody has to leave before this.
    earliest: Option<Instant>,
}

#[derive(Debug)]
struct Caller {
    needs: Room,
    /// When it leaves unless it has come.
    until: Instant,
    waker: Option<Waker>,
}

impl Callers {
    fn earliest(&self) -> Option<Instant> {
        self.earliest.filter(|_| !self.by_place.is_empty())
    }

    fn insert(&mut self, number: u64, caller: Caller) {
        let earliest = self
            .earliest()
            .map_or(caller.until, |at| at.min(caller.until));
        self.earliest = Some(earliest);
        self.by_place.insert(number, caller);
    }

    fn remove(&mut self, number: u64) -> Option<Caller> {
        self.by_place.remove(&number)
    }

    /// Takes out those who have to leave. Walks all of them, if there may be any.
    fn expire(&mut self, now: Instant) -> Vec<Caller> {
        if self.earliest().is_none_or(|earliest| now < earliest) {
            return Vec::new();
        }
        let late = self
            .by_place
            .extract_if(.., |_, caller| caller.until <= now);
        let late = late.map(|(_, caller)| caller).collect();
        self.earliest = self.by_place.values().map(|caller| caller.until).min();
        late
    }
}

impl Line {
    /// A place at the end of the line.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// A caller takes its place, at the end unless it had one before, until `deadline`.
    pub(crate) fn join(
        &mut self,
        before: Option<u64>,
        needs: Room,
        deadline: Instant,
        waker: Option<Waker>,
    ) -> u64 {
        let number = before.unwrap_or_else(|| self.number());
        let caller = Caller {
            needs,
            until: deadline,
            waker,
        };
        self.waiting.insert(number, caller);
        number
    }

    /// A time before which nobody has to leave, if there is anybody at all.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        let both = [self.waiting.earliest(), self.let_in.earliest()];
        both.into_iter().flatten().min()
    }

    /// Those whose deadline has passed leave, and those who were let in and have not come. Whether
    /// there were any.
    pub(crate) fn expire(&mut self, now: Instant, wakers: &mut Vec<Waker>) -> bool {
        if self.earliest().is_none_or(|earliest| now < earliest) {
            return false;
        }
        let late = self.waiting.expire(now);
        let absent = self.let_in.expire(now);
        for caller in &absent {
            self.gives_back(caller.needs);
        }
        let any = !late.is_empty() || !absent.is_empty();
        wakers.extend(late.into_iter().filter_map(|caller| caller.waker));
        any
    }

    /// Whether the caller with this number has been let in and its room is still set aside.
    pub(crate) fn is_let_in(&self, number: u64) -> bool {
        self.let_in.by_place.contains_key(&number)
    }

    /// Has `waker` told when the caller with this number is let in; the one before is left in its place,
    /// to be dropped without a lock. Whether this caller waits.
    pub(crate) fn wake(&mut self, number: u64, waker: &mut Option<Waker>) -> bool {
        let Some(caller) = self.waiting.by_place.get_mut(&number) else {
            return false;
        };
        std::mem::swap(&mut caller.waker, waker);
        true
    }

    /// The first caller that has not been let in.
    pub(crate) fn first(&self) -> Option<(u64, Room)> {
        let (&number, caller) = self.waiting.by_place.first_key_value()?;
        Some((number, caller.needs))
    }

    /// Sets room aside for the caller that is the [`first`](Self::first).
    pub(crate) fn let_in(&mut self, now: Instant) -> Option<Waker> {
        let (number, mut caller) = self.waiting.by_place.pop_first()?;
        caller.until = caller.until.min(now + COMING);
        self.set_aside.bytes += caller.needs.bytes;
        self.set_aside.calls += caller.needs.calls;
        let waker = caller.waker.take();
        self.let_in.insert(number, caller);
        waker
    }

    fn gives_back(&mut self, room: Room) {
        self.set_aside.bytes -= room.bytes;
        self.set_aside.calls -= room.calls;
    }

    /// What is set aside for callers that were let in and have not come yet.
    pub(crate) fn set_aside(&self) -> Room {
        self.set_aside
    }

    /// The caller comes for the room that is set aside for it. Whether there is any.
    pub(crate) fn come(&mut self, number: u64) -> bool {
        let Some(caller) = self.let_in.remove(number) else {
            return false;
        };
        self.gives_back(caller.needs);
        true
    }

    /// The caller gives up. Its task, to be dropped without a lock.
    pub(crate) fn give_up(&mut self, number: u64) -> Option<Waker> {
        if self.come(number) {
            return None;
        }
        self.waiting.remove(number)?.waker
    }

    /// Nobody is let in any more: all are to look for themselves.
    pub(crate) fn dissolve(&mut self, wakers: &mut Vec<Waker>) {
        let all = self.waiting.by_place.values_mut();
        wakers.extend(all.filter_map(|caller| caller.waker.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: Duration = Duration::from_secs(1);

    fn needs(bytes: usize) -> Room {
        Room { bytes, calls: 1 }
    }

    fn join(line: &mut Line, bytes: usize) -> u64 {
        join_until(line, bytes, Instant::now() + 3600 * SEC)
    }

    fn join_until(line: &mut Line, bytes: usize, deadline: Instant) -> u64 {
        line.join(None, needs(bytes), deadline, Some(Waker::noop().clone()))
    }

    fn let_in(line: &mut Line) {
        line.let_in(Instant::now());
    }

    #[test]
    fn who_is_too_late_leaves_whether_let_in_or_not() {
        let mut line = Line::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let [a, _b, _c, d] = [9, 2, 1, 8].map(|ms| join_until(&mut line, ms as usize, at(ms)));
        line.let_in(start);
        line.let_in(start);
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
        assert!(line.come(a) && !line.come(d));
        line.give_up(d);
        assert_eq!(line.earliest(), None);
    }

    #[test]
    fn who_is_let_in_and_does_not_come_loses_the_room_and_keeps_the_place() {
        let mut line = Line::default();
        let start = Instant::now();
        let [a, b] = [1, 2].map(|bytes| join(&mut line, bytes));
        line.let_in(start);
        assert_eq!(line.earliest(), Some(start + COMING));
        assert!(line.expire(start + COMING, &mut Vec::new()));
        assert_eq!(
            (line.set_aside(), line.first()),
            (Room::default(), Some((b, needs(2))))
        );
        assert!(!line.is_let_in(a) && !line.wake(a, &mut None));
        let deadline = start + SEC;
        let again = line.join(Some(a), needs(1), deadline, None);
        assert_eq!((again, line.first()), (a, Some((a, needs(1)))));
        assert_eq!(line.earliest(), Some(deadline));
    }

    #[test]
    fn callers_are_let_in_in_the_order_of_joining() {
        let mut line = Line::default();
        let [a, b, c] = [1, 2, 4].map(|bytes| join(&mut line, bytes));
        assert_eq!(line.first(), Some((a, needs(1))));
        let_in(&mut line);
        let_in(&mut line);
        assert_eq!(line.first(), Some((c, needs(4))));
        assert_eq!(line.set_aside(), Room { bytes: 3, calls: 2 });
        assert_eq!([b, c].map(|number| line.is_let_in(number)), [true, false]);
    }

    #[test]
    fn room_is_set_aside_until_its_caller_comes_or_gives_up() {
        let mut line = Line::default();
        let [a, b] = [1, 2].map(|bytes| join(&mut line, bytes));
        let_in(&mut line);
        let_in(&mut line);
        assert!(line.come(b) && !line.come(b));
        assert_eq!(line.set_aside(), needs(1));
        assert!(line.give_up(a).is_none());
        assert_eq!((line.set_aside(), line.first()), (Room::default(), None));
    }

    #[test]
    fn who_leaves_before_being_let_in_takes_nothing_along() {
        let mut line = Line::default();
        let [a, b] = [1, 2].map(|bytes| join(&mut line, bytes));
        assert!(line.give_up(a).is_some() && line.give_up(a).is_none());
        assert_eq!(line.first(), Some((b, needs(2))));
        assert_eq!(line.set_aside(), Room::default());
    }
}
