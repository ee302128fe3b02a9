//! Whom a connection's task has to wake.

use std::collections::VecDeque;
use std::task::Waker;

use tokio::runtime::Handle;

use super::thread::{Thread, wake_in_turn};

/// So many and more are woken in parts.
const MANY: usize = 8;
/// So many of a part are for each thread that may take some of them over.
const PER_THREAD: usize = 16;
/// Nor is a part less than this share of those who wait.
const SHARE: usize = 64;

/// Tasks that are to be woken, once the connection's lock is released.
#[derive(Debug)]
pub(super) struct Wakers {
    list: Vec<Waker>,
    /// Those that wait until the connection's task has its next turn, and perhaps some more.
    put_off: VecDeque<Waker>,
    /// The least that a part has.
    part: usize,
}

impl Wakers {
    /// Of tasks that run on this runtime, most likely.
    pub(super) fn new(runtime: &Handle) -> Self {
        let others = runtime.metrics().num_workers().saturating_sub(1);
        Self {
            list: Vec::new(),
            put_off: VecDeque::new(),
            part: PER_THREAD * others.max(1),
        }
    }

    /// To add to.
    pub(super) fn list(&mut self) -> &mut Vec<Waker> {
        &mut self.list
    }

    /// Wakes those that have not been put off.
    pub(super) fn wake(&mut self) {
        if self.list.is_empty() {
            return;
        }
        self.list.drain(..).for_each(Waker::wake);
    }

    /// Has them woken by the scheduler, in turn and in parts: those behind the first part, or behind
    /// others that were put off, are put off until the connection's task has its next turn. Whether it
    /// is to have one soon.
    ///
    /// All at once they would be there for other threads to take, which would have little to do before
    /// they sleep again, and meanwhile stand in the way of this one. In parts, what one has queued is on
    /// its way while the next one runs.
    pub(super) fn wake_in_turn(&mut self) -> bool {
        let new = self.list.len();
        if self.put_off.is_empty() {
            if new <= 1 {
                self.wake();
                return false;
            }
            let first = if new < MANY {
                new
            } else {
                self.part_of(new).min(new / 2)
            };
            self.list
                .drain(..first)
                .for_each(|waker| wake_in_turn(&waker));
        }
        self.put_off.extend(self.list.drain(..));
        true
    }

    /// The connection's task has its next turn, on such a thread. Whether some have to wait for the one
    /// after, which is so only where nothing else keeps that from coming soon.
    pub(super) fn wake_put_off(&mut self, thread: Thread) -> bool {
        if self.put_off.is_empty() {
            return false;
        }
        if thread != Thread::Own {
            self.put_off.drain(..).for_each(Waker::wake);
            return false;
        }
        let waiting = self.put_off.len();
        let part = self.part_of(waiting).min(waiting);
        self.put_off
            .drain(..part)
            .for_each(|waker| wake_in_turn(&waker));
        !self.put_off.is_empty()
    }

    fn part_of(&self, waiting: usize) -> usize {
        self.part.max(waiting / SHARE)
    }

    /// Gives back memory that is not in use.
    pub(super) fn release(&mut self) {
        self.list.shrink_to_fit();
        self.put_off.shrink_to_fit();
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        let put_off = self.put_off.drain(..);
        put_off.chain(self.list.drain(..)).for_each(Waker::wake);
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
        Wakers {
            list: Vec::new(),
            put_off: VecDeque::new(),
            part: PER_THREAD,
        }
    }

    fn add(wakers: &mut Wakers, count: usize) -> impl Fn() -> usize + use<> {
        let woken = Arc::<Task>::default();
        let new = (0..count).map(|_| Waker::from(Arc::clone(&woken)));
        wakers.list().extend(new);
        move || woken.0.load(Ordering::Relaxed)
    }

    // Without a runtime there is nobody to put anything off for, so that what is to be woken in turn is
    // woken at once.

    /// How many are woken in each turn, after so many were added.
    fn parts(all: usize) -> Vec<usize> {
        let mut wakers = none();
        let woken = add(&mut wakers, all);
        assert_eq!(wakers.wake_in_turn(), all > 1, "of {all}");
        let mut parts = vec![woken()];
        while !wakers.put_off.is_empty() {
            let before = woken();
            let more = wakers.wake_put_off(Thread::Own);
            assert_eq!(more, !wakers.put_off.is_empty(), "of {all}");
            parts.push(woken() - before);
        }
        assert_eq!(woken(), all);
        parts
    }

    #[test]
    fn a_few_are_woken_together_and_many_in_parts() {
        assert_eq!((parts(0), parts(1), parts(7)), (vec![0], vec![1], vec![7]));
        assert_eq!((parts(8), parts(9)), (vec![4, 4], vec![4, 5]));
        assert_eq!((parts(31), parts(33)), (vec![15, 16], vec![16, 16, 1]));
        assert_eq!(parts(1024), [16; 64]);
        assert_eq!(parts(2048)[..2], [32, 31]);
    }

    #[test]
    fn a_part_has_some_for_each_thread_that_may_take_them_over() {
        for (workers, part) in [(1, 16), (2, 16), (4, 48)] {
            let mut builder = Builder::new_multi_thread();
            let runtime = builder.worker_threads(workers).build().unwrap();
            assert_eq!(Wakers::new(runtime.handle()).part, part);
        }
        let runtime = Builder::new_current_thread().build().unwrap();
        assert_eq!(Wakers::new(runtime.handle()).part, 16);
    }

    #[test]
    fn who_comes_later_waits_behind_those_that_are_put_off_already() {
        let mut wakers = none();
        let first = add(&mut wakers, 20);
        wakers.wake_in_turn();
        let later = add(&mut wakers, 1);
        assert!(wakers.wake_in_turn());
        assert_eq!((first(), later()), (10, 0));
        assert!(!wakers.wake_put_off(Thread::Own));
        assert_eq!((first(), later()), (20, 1));
    }

    #[test]
    fn those_that_are_put_off_stay_so_while_others_are_woken() {
        let mut wakers = none();
        let first = add(&mut wakers, 20);
        wakers.wake_in_turn();
        let others = add(&mut wakers, 4);
        wakers.wake();
        assert_eq!((first(), others()), (10, 4));
    }

    #[test]
    fn nobody_is_put_off_any_longer_once_the_thread_is_busy_or_shared() {
        for thread in [Thread::Busy, Thread::Shared] {
            let mut wakers = none();
            let woken = add(&mut wakers, 100);
            wakers.wake_in_turn();
            assert!(!wakers.wake_put_off(thread));
            assert_eq!(woken(), 100);
        }
    }

    #[test]
    fn nobody_is_left_asleep_when_the_connection_goes() {
        let mut wakers = none();
        let put_off = add(&mut wakers, 20);
        wakers.wake_in_turn();
        let others = add(&mut wakers, 1);
        drop(wakers);
        assert_eq!((put_off(), others()), (20, 1));
    }
}
