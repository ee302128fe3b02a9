//! Where the outcome of one call is left for its caller.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::Result;

/// Shared by a caller and whoever completes its call, and by nobody else, so that they meet here and
/// not at the lock of the connection.
#[derive(Debug)]
pub(crate) struct Slot<F>(Mutex<State<F>>);

#[derive(Debug)]
enum State<F> {
    Waiting(Option<Waker>),
    Done(Result<F>),
    /// The caller has taken the outcome, or has given up.
    Left,
}

impl<F> Slot<F> {
    /// Of a caller whose task is known already, perhaps.
    pub(crate) fn new(caller: Option<Waker>) -> Self {
        Self(Mutex::new(State::Waiting(caller)))
    }

    /// Makes it ready for the next call.
    pub(crate) fn reset(&mut self, caller: Option<Waker>) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        *state = State::Waiting(caller);
    }

    /// No code of others runs under this lock but that of wakers.
    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the outcome, once; returns the caller's task if it is known.
    pub(crate) fn complete(&self, outcome: Result<F>) -> Option<Waker> {
        let mut state = self.lock();
        match &mut *state {
            State::Waiting(waker) => {
                let waker = waker.take();
                *state = State::Done(outcome);
                waker
            }
            State::Done(_) | State::Left => None,
        }
    }

    /// The outcome, once it is there. Asking again after that is a bug of the caller.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<Result<F>> {
        let mut state = self.lock();
        if let State::Waiting(waker) = &mut *state {
            match waker {
                Some(known) => known.clone_from(cx.waker()),
                None => *waker = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        match std::mem::replace(&mut *state, State::Left) {
            State::Done(outcome) => Poll::Ready(outcome),
            State::Waiting(_) | State::Left => panic!("a call polled after it was completed"),
        }
    }

    /// The caller gives up, and whatever is there or comes is dropped. Whether nothing had come.
    pub(crate) fn leave(&self) -> bool {
        let left = std::mem::replace(&mut *self.lock(), State::Left);
        matches!(left, State::Waiting(_))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::bells::tests::Task;
    use super::*;

    fn poll<F>(slot: &Slot<F>) -> Poll<Result<F>> {
        slot.poll(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_first_outcome_is_the_only_one() {
        let slot = Slot::new(None);
        assert!(poll(&slot).is_pending());
        assert!(slot.complete(Ok('a')).is_some());
        assert!(slot.complete(Ok('b')).is_none());
        assert!(matches!(poll(&slot), Poll::Ready(Ok('a'))));
        assert!(slot.complete(Ok('c')).is_none());
    }

    #[test]
    fn the_task_that_asked_last_is_woken() {
        let tasks = [(); 2].map(|()| Waker::from(Arc::<Task>::default()));
        for asked_last in 0..2 {
            let slot = Slot::<()>::new(Some(tasks[0].clone()));
            let asks = &tasks[asked_last];
            if asked_last > 0 {
                assert!(slot.poll(&Context::from_waker(asks)).is_pending());
            }
            let woken = slot.complete(Ok(())).expect("a task waits");
            assert!(woken.will_wake(asks));
        }
    }

    #[test]
    fn nothing_is_kept_for_a_caller_that_has_gone() {
        for early in [true, false] {
            let (slot, answer) = (Slot::new(None), Arc::new(()));
            if early {
                assert!(slot.leave());
            }
            slot.complete(Ok(Arc::clone(&answer)));
            if !early {
                assert!(!slot.leave());
            }
            assert_eq!(Arc::strong_count(&answer), 1);
        }
    }

    #[test]
    fn a_slot_serves_one_call_after_the_other() {
        let mut slot = Slot::new(None);
        slot.complete(Ok(1));
        assert!(matches!(poll(&slot), Poll::Ready(Ok(1))));
        slot.reset(None);
        assert!(poll(&slot).is_pending());
        slot.complete(Ok(2));
        assert!(matches!(poll(&slot), Poll::Ready(Ok(2))));
    }
}
