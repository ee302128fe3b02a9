//! Where the outcomes of calls are left for their callers.

use std::task::{Poll, Waker};

use crate::Result;

/// So many places are kept after a burst.
pub(super) const KEEP: usize = 1024;

/// A place for each call, from when it is queued until its caller has left: used again after that, so
/// that a call needs no allocation of its own.
///
/// Nobody's code runs in here: wakers and outcomes that are not needed any more are given back.
#[derive(Debug)]
pub(super) struct Places<F> {
    list: Vec<Place<F>>,
    free: Vec<usize>,
    /// So many callers leave before it is tried again to give memory back.
    patience: usize,
}

#[derive(Debug)]
pub(crate) struct Place<F> {
    taken: bool,
    /// The caller's task, if it is known.
    caller: Option<Waker>,
    /// Until its caller takes it.
    pub(crate) outcome: Poll<Result<F>>,
}

impl<F> Default for Places<F> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            free: Vec::new(),
            patience: 0,
        }
    }
}

impl<F> Places<F> {
    /// Gives a call its place.
    pub(super) fn enter(&mut self, caller: Option<Waker>) -> usize {
        let number = self.free.pop().unwrap_or(self.list.len());
        if number == self.list.len() {
            self.list.push(Place::default());
        }
        let place = &mut self.list[number];
        // One that is free has no outcome.
        place.taken = true;
        place.caller = caller;
        number
    }

    /// Leaves the outcome of a call that has none yet. The caller's task, if it is known.
    pub(super) fn complete(&mut self, number: usize, outcome: Result<F>) -> Option<Waker> {
        let place = &mut self.list[number];
        place.outcome = Poll::Ready(outcome);
        place.caller.take()
    }

    /// The outcome, once it is there; with it the caller leaves.
    pub(super) fn take(&mut self, number: usize) -> Poll<Result<F>> {
        let place = &mut self.list[number];
        let outcome = std::mem::replace(&mut place.outcome, Poll::Pending);
        if outcome.is_ready() {
            place.taken = false;
            self.vacate(number);
        }
        outcome
    }

    /// Whether it is this task that will be woken.
    pub(super) fn will_wake(&self, number: usize, caller: &Waker) -> bool {
        let known = &self.list[number].caller;
        known.as_ref().is_some_and(|known| known.will_wake(caller))
    }

    /// Has another task woken, in place of the one that is given back.
    pub(super) fn wake(&mut self, number: usize, caller: Waker) -> Option<Waker> {
        self.list[number].caller.replace(caller)
    }

    /// The caller leaves what is there.
    pub(super) fn leave(&mut self, number: usize) -> Place<F> {
        let left = std::mem::take(&mut self.list[number]);
        self.vacate(number);
        left
    }

    fn vacate(&mut self, number: usize) {
        self.free.push(number);
        if self.list.len() > KEEP {
            self.shrink();
        }
    }

    /// Gives memory back that a burst has left behind, where that is most of it.
    fn shrink(&mut self) {
        let taken = self.list.len() - self.free.len();
        if taken * 8 >= self.list.len() {
            return;
        }
        if self.patience > 0 && taken > 0 {
            self.patience -= 1;
            return;
        }
        self.give_back(KEEP);
        self.patience = self.list.len();
    }

    /// Gives back the memory of all places behind the last one that is taken, but for so many; those
    /// before it are used first from now on.
    pub(super) fn give_back(&mut self, keep: usize) {
        let last = self.list.iter().rposition(|place| place.taken);
        self.list.truncate(last.map_or(0, |last| last + 1));
        self.list.shrink_to(keep);
        self.free.clear();
        let numbers = self.list.iter().enumerate().rev();
        let free = numbers.filter_map(|(number, place)| (!place.taken).then_some(number));
        self.free.extend(free);
        self.free.shrink_to(keep);
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.list.capacity().max(self.free.capacity())
    }
}

impl<F> Default for Place<F> {
    fn default() -> Self {
        Self {
            taken: false,
            caller: None,
            outcome: Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::bells::tests::Task;
    use super::*;

    #[test]
    fn an_outcome_is_taken_once_and_its_place_is_used_again() {
        let mut places = Places::default();
        let (one, two) = (places.enter(None), places.enter(None));
        assert!(places.take(one).is_pending());
        places.complete(one, Ok('a'));
        assert!(matches!(places.take(one), Poll::Ready(Ok('a'))));
        assert_eq!(places.enter(None), one);
        assert!(places.take(one).is_pending() && places.take(two).is_pending());
    }

    #[test]
    fn the_task_that_asked_last_is_woken() {
        let tasks = [(); 2].map(|()| Waker::from(Arc::<Task>::default()));
        let mut places = Places::default();
        for asked_last in 0..2 {
            let place = places.enter(Some(tasks[0].clone()));
            assert!(places.will_wake(place, &tasks[0]) && !places.will_wake(place, &tasks[1]));
            if asked_last > 0 {
                let before = places.wake(place, tasks[1].clone());
                assert!(before.expect("the first").will_wake(&tasks[0]));
            }
            let woken = places.complete(place, Ok(())).expect("a task waits");
            assert!(woken.will_wake(&tasks[asked_last]));
            places.leave(place);
        }
        assert_eq!(places.list.len(), 1);
    }

    #[test]
    fn nothing_is_kept_for_a_caller_that_has_gone() {
        for answered in [true, false] {
            let mut places = Places::default();
            let (place, answer) = (places.enter(None), Arc::new(()));
            if answered {
                places.complete(place, Ok(Arc::clone(&answer)));
            }
            drop(places.leave(place));
            assert_eq!(Arc::strong_count(&answer), 1);
        }
    }

    #[test]
    fn memory_of_a_burst_is_given_back_but_for_what_is_taken() {
        let mut places = Places::<()>::default();
        let taken: Vec<_> = (0..100_000).map(|_| places.enter(None)).collect();
        let (early, late) = (taken[7], taken[90_000]);
        let gone = taken.iter().filter(|&&n| n != early && n != late);
        gone.for_each(|&place| drop(places.leave(place)));
        // What comes now stands in front, and what is late may leave.
        for _ in 0..200_000 {
            let place = places.enter(None);
            assert!(place != early && place != late);
            places.leave(place);
        }
        places.leave(late);
        for _ in 0..200_000 {
            let place = places.enter(None);
            places.leave(place);
        }
        assert!(places.capacity() <= KEEP, "{}", places.capacity());
        places.complete(early, Ok(()));
        assert!(places.take(early).is_ready());
        places.give_back(0);
        assert_eq!(places.capacity(), 0);
    }
}
