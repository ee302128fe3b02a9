//! Whom a connection's task has to wake.

use std::collections::VecDeque;
use std::task::Waker;

use tokio::runtime::Handle;

use super::thread::{Thread, wake_in_turn};

/// So many callers and more are woken in parts.
const MANY: usize = 8;
/// A part has so many for each other thread that may take some of them over.
const PER_THREAD: usize = 16;
/// A part where there is no such thread: then parts only keep both ends at work.
const ALONE: usize = 64;
/// Of very many callers a part is one in so many.
const PARTS: usize = 64;
/// Half of what tokio's queue of a worker holds: more might go to a queue that all workers share.
const LARGEST_PART: usize = 128;

/// Tasks that are to be woken, once the connection's lock is released.
#[derive(Debug)]
pub(super) struct Wakers {
    /// All but callers.
    list: Vec<Waker>,
    /// Those whose answers have come.
    callers: VecDeque<Waker>,
    /// Whether callers before them were woken in the turn before.
    begun: bool,
    /// The usual part.
    part: usize,
}

impl Wakers {
    /// Of tasks that run on this runtime, most likely.
    pub(super) fn new(runtime: &Handle) -> Self {
        let others = runtime.metrics().num_workers().saturating_sub(1);
        Self {
            list: Vec::new(),
            callers: VecDeque::new(),
            begun: false,
            part: match others {
                0 => ALONE,
                _ => PER_THREAD * others,
            },
        }
    }

    /// To add to, but not callers.
    pub(super) fn list(&mut self) -> &mut Vec<Waker> {
        &mut self.list
    }

    /// Has a caller woken with the others.
    pub(super) fn add_caller(&mut self, waker: Waker) {
        self.callers.push_back(waker);
    }

    /// Wakes all but callers.
    pub(super) fn wake(&mut self) {
        if self.list.is_empty() {
            return;
        }
        self.list.drain(..).for_each(Waker::wake);
    }

    pub(super) fn wake_all_callers(&mut self) {
        self.begun = false;
        while let Some(caller) = self.callers.pop_front() {
            caller.wake();
        }
    }

    /// Wakes callers, once in each turn of the connection's task: on a thread of its own by the
    /// scheduler and in parts. Whether the task is to have its next turn soon, for the rest of them and
    /// for what these queue.
    ///
    /// All at once they would be there for other threads to take, which would have little to do before
    /// they sleep again, and meanwhile stand in the way of this one. In parts, what one has queued is on
    /// its way while the next one runs.
    pub(super) fn wake_callers(&mut self, thread: Thread) -> bool {
        let waiting = self.callers.len();
        if waiting <= 1 || thread != Thread::Own {
            self.wake_all_callers();
            return false;
        }
        let part = self.part.max(waiting / PARTS).min(LARGEST_PART);
        let part = match self.begun {
            _ if waiting < MANY => waiting,
            false => part.min(waiting / 2),
            true => part.min(waiting),
        };
        self.callers
            .drain(..part)
            .for_each(|waker| wake_in_turn(&waker));
        self.begun = !self.callers.is_empty();
        true
    }

    /// Gives back memory that is not in use.
    pub(super) fn release(&mut self) {
        self.list.shrink_to_fit();
        self.callers.shrink_to_fit();
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.wake_all_callers();
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use tokio::runtime::Builder;

    use super::super::bells::tests::Task;
    use super::*;

    fn none() -> Wakers {
        of_workers(2)
    }

    fn of_workers(workers: usize) -> Wakers {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(workers).build().unwrap();
        Wakers::new(runtime.handle())
    }

    /// How many of so many new callers have been woken.
    fn add(wakers: &mut Wakers, count: usize) -> impl Fn() -> usize + use<> {
        let woken = Arc::<Task>::default();
        for _ in 0..count {
            wakers.add_caller(Waker::from(Arc::clone(&woken)));
        }
        move || woken.0.load(Ordering::Relaxed)
    }

    // Without a runtime there is nobody to put anything off for, so that what is to be woken in turn is
    // woken at once.

    /// How many are woken in each turn, until one is the last for now.
    fn parts(all: usize) -> Vec<usize> {
        let mut wakers = none();
        let woken = add(&mut wakers, all);
        let mut parts = Vec::new();
        loop {
            let before = woken();
            let more = wakers.wake_callers(Thread::Own);
            if woken() > before {
                parts.push(woken() - before);
            }
            if !more {
                assert_eq!(woken(), all);
                return parts;
            }
        }
    }

    #[test]
    fn a_few_are_woken_together_and_many_in_parts() {
        assert_eq!((parts(0), parts(1), parts(7)), (vec![], vec![1], vec![7]));
        assert_eq!((parts(8), parts(9)), (vec![4, 4], vec![4, 5]));
        assert_eq!((parts(31), parts(33)), (vec![15, 16], vec![16, 16, 1]));
        assert_eq!(parts(1024), [16; 64]);
        assert_eq!(parts(2048)[..2], [32, 31]);
        assert_eq!(parts(100_000)[..2], [128, 128]);
    }

    #[test]
    fn a_part_has_some_for_each_thread_that_may_take_them_over() {
        for (workers, part) in [(1, 64), (2, 16), (4, 48), (16, 128)] {
            let mut wakers = of_workers(workers);
            let woken = add(&mut wakers, 1000);
            assert!(wakers.wake_callers(Thread::Own));
            assert_eq!(woken(), part, "with {workers}");
        }
    }

    #[test]
    fn who_comes_later_waits_behind_those_that_wait_already() {
        let mut wakers = none();
        let first = add(&mut wakers, 20);
        wakers.wake_callers(Thread::Own);
        let later = add(&mut wakers, 10);
        assert_eq!((first(), later()), (10, 0));
        wakers.wake_callers(Thread::Own);
        assert_eq!((first(), later()), (20, 6));
    }

    #[test]
    fn nobody_waits_once_the_thread_is_busy_or_shared() {
        for thread in [Thread::Busy, Thread::Shared] {
            let mut wakers = none();
            let woken = add(&mut wakers, 100);
            wakers.wake_callers(Thread::Own);
            assert!(!wakers.wake_callers(thread));
            assert_eq!(woken(), 100);
        }
    }

    #[test]
    fn others_are_not_put_off_with_the_callers() {
        let mut wakers = none();
        let callers = add(&mut wakers, 20);
        let other = Arc::<Task>::default();
        wakers.list().push(Waker::from(Arc::clone(&other)));
        wakers.wake();
        assert_eq!((callers(), other.0.load(Ordering::Relaxed)), (0, 1));
    }

    #[test]
    fn nobody_is_left_asleep_when_the_connection_goes() {
        let mut wakers = none();
        let callers = add(&mut wakers, 20);
        wakers.wake_callers(Thread::Own);
        let other = Arc::<Task>::default();
        wakers.list().push(Waker::from(Arc::clone(&other)));
        drop(wakers);
        assert_eq!((callers(), other.0.load(Ordering::Relaxed)), (20, 1));
    }
}
