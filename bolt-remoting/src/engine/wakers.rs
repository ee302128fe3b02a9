//! Whom a connection's task has to wake.

use std::task::Waker;

use super::thread::wake_in_turn;

/// So many and more are woken in two halves.
const HALVES: usize = 8;

/// Tasks that are to be woken, once the connection's lock is released.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    list: Vec<Waker>,
    /// So many at the front of it have been put off until the connection's task has its next turn.
    put_off: usize,
}

impl Wakers {
    /// To add to.
    pub(super) fn list(&mut self) -> &mut Vec<Waker> {
        &mut self.list
    }

    /// Wakes those that have not been put off.
    pub(super) fn wake(&mut self) {
        if self.list.is_empty() {
            return;
        }
        self.list.drain(self.put_off..).for_each(Waker::wake);
    }

    /// Has them woken by the scheduler, in turn; the second half of many is put off until the
    /// connection's task has its next turn. Whether there were any to be put off at all.
    ///
    /// All at once they would rouse other threads, which have little to do before they sleep again. In
    /// halves, what the first has queued is on its way while the second runs.
    pub(super) fn wake_in_turn(&mut self) -> bool {
        let new = self.list.len() - self.put_off;
        if new <= 1 {
            self.wake();
            return false;
        }
        let second = if new < HALVES { 0 } else { new / 2 };
        let first = self.put_off..self.list.len() - second;
        self.list
            .drain(first)
            .for_each(|waker| wake_in_turn(&waker));
        self.put_off += second;
        true
    }

    /// The connection's task has its next turn.
    pub(super) fn wake_put_off(&mut self) {
        if self.put_off == 0 {
            return;
        }
        let put_off = std::mem::take(&mut self.put_off);
        self.list
            .drain(..put_off)
            .for_each(|waker| wake_in_turn(&waker));
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
    use std::sync::atomic::Ordering;

    use super::super::bells::tests::Task;
    use super::*;

    fn of(count: usize) -> (Wakers, impl Fn() -> usize) {
        let woken = Arc::<Task>::default();
        let mut wakers = Wakers::default();
        wakers
            .list()
            .extend((0..count).map(|_| Waker::from(Arc::clone(&woken))));
        (wakers, move || woken.0.load(Ordering::Relaxed))
    }

    // Without a runtime there is nobody to put anything off for, so that what is to be woken in turn is
    // woken at once.

    #[test]
    fn a_few_are_woken_together_and_many_in_halves() {
        for (all, first) in [(0, 0), (1, 1), (2, 2), (7, 7), (8, 4), (9, 5), (64, 32)] {
            let (mut wakers, woken) = of(all);
            assert_eq!(wakers.wake_in_turn(), all > 1, "of {all}");
            assert_eq!(woken(), first, "of {all}");
            wakers.wake_put_off();
            assert_eq!((woken(), wakers.list.len()), (all, 0), "of {all}");
        }
    }

    #[test]
    fn those_that_are_put_off_stay_so_while_others_are_woken() {
        let (mut wakers, woken) = of(20);
        wakers.wake_in_turn();
        let (mut others, others_woken) = of(4);
        wakers.list.append(&mut others.list);
        wakers.wake();
        assert_eq!((woken(), others_woken()), (10, 4));
        let (mut others, others_woken) = of(8);
        wakers.list.append(&mut others.list);
        wakers.wake_in_turn();
        assert_eq!((woken(), others_woken()), (10, 4));
        let (mut last, last_woken) = of(1);
        wakers.list.append(&mut last.list);
        wakers.wake_put_off();
        assert_eq!((woken(), others_woken(), last_woken()), (20, 8, 0));
    }

    #[test]
    fn nobody_is_left_asleep_when_the_connection_goes() {
        let (mut wakers, woken) = of(20);
        wakers.wake_in_turn();
        drop(wakers);
        assert_eq!(woken(), 20);
    }
}
