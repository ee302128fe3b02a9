//! Whom a connection's task has to wake.

use std::task::Waker;

use super::thread::Thread;

/// So many and more are woken in two halves.
const HALVES: usize = 8;

/// Tasks that are to be woken, once the connection's lock is released.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    list: Vec<Waker>,
    /// So many at the front of it, from turns before, wait for the next turn of the connection's task.
    late: usize,
}

impl Wakers {
    /// To add to.
    pub(super) fn list(&mut self) -> &mut Vec<Waker> {
        &mut self.list
    }

    /// Whether some wait for the next turn of the connection's task.
    pub(super) fn are_late(&self) -> bool {
        self.late > 0
    }

    /// Wakes those that don't.
    pub(super) fn wake(&mut self) {
        self.list.drain(self.late..).for_each(Waker::wake);
    }

    /// Wakes those that don't, when it is their turn; but of many the second half is late.
    ///
    /// All at once they would rouse other threads, which have little to do before they sleep again. In
    /// halves, what the first has queued is on its way while the second runs.
    pub(super) fn wake_in_turn(&mut self, thread: Thread) {
        match self.list.len() - self.late {
            0 => {}
            1 => self.wake(),
            many => {
                let second = if many < HALVES { 0 } else { many / 2 };
                let first = self.late..self.list.len() - second;
                self.list
                    .drain(first)
                    .for_each(|waker| thread.wake_in_turn(&waker));
                self.late += second;
            }
        }
    }

    /// Wakes those that have waited for it, when it is their turn.
    pub(super) fn wake_late(&mut self, thread: Thread) {
        self.list
            .drain(..std::mem::take(&mut self.late))
            .for_each(|waker| thread.wake_in_turn(&waker));
    }

    /// Gives back memory that is not in use.
    pub(super) fn release(&mut self) {
        self.list.shrink_to_fit();
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.list.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn of(count: usize) -> (Wakers, impl Fn() -> usize) {
        let woken = Arc::<Count>::default();
        let mut wakers = Wakers::default();
        wakers
            .list()
            .extend((0..count).map(|_| Waker::from(Arc::clone(&woken))));
        (wakers, move || woken.0.load(Ordering::Relaxed))
    }

    // Without a runtime there is nobody to put anything off for, so that all are woken at once.

    #[test]
    fn a_few_are_woken_together_and_many_in_halves() {
        for (all, first) in [(0, 0), (1, 1), (2, 2), (7, 7), (8, 4), (9, 5), (64, 32)] {
            let (mut wakers, woken) = of(all);
            wakers.wake_in_turn(Thread::Own);
            assert_eq!((woken(), wakers.late), (first, all - first), "of {all}");
            wakers.wake_late(Thread::Own);
            assert_eq!((woken(), wakers.late), (all, 0), "of {all}");
        }
    }

    #[test]
    fn those_that_are_late_stay_so_while_others_are_woken() {
        let (mut wakers, woken) = of(20);
        wakers.wake_in_turn(Thread::Own);
        wakers.list().push(Waker::noop().clone());
        wakers.wake();
        assert_eq!((woken(), wakers.late), (10, 10));
        wakers.list().push(Waker::noop().clone());
        wakers.wake_late(Thread::Busy);
        assert_eq!((woken(), wakers.late, wakers.list.len()), (20, 0, 1));
    }

    #[test]
    fn nobody_is_left_asleep_when_the_connection_goes() {
        let (mut wakers, woken) = of(20);
        wakers.wake_in_turn(Thread::Own);
        drop(wakers);
        assert_eq!(woken(), 20);
    }
}
