//! Which futures of a group have been woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};

use futures::task::AtomicWaker;

/// The most futures of one group.
pub(super) const MOST: usize = 128;
const HALF: usize = MOST / 2;

/// A waker for each future of a group. They take down which of them were used, and wake the task that
/// polls them all.
pub(super) struct Bells {
    all: Arc<Board>,
    wakers: Vec<Waker>,
}

#[derive(Default)]
struct Board {
    /// A bit for each.
    rung: [AtomicU64; 2],
    task: AtomicWaker,
}

struct Bell {
    all: Arc<Board>,
    place: usize,
}

impl Bells {
    /// Of so many futures, [`MOST`] at most, as if all had been woken: a first look is due.
    pub(super) fn new(futures: usize) -> Self {
        let all = Arc::<Board>::default();
        let bell = |place| {
            all.ring(place);
            let all = Arc::clone(&all);
            Waker::from(Arc::new(Bell { all, place }))
        };
        Self {
            wakers: (0..futures).map(bell).collect(),
            all,
        }
    }

    pub(super) fn waker(&self, place: usize) -> &Waker {
        &self.wakers[place]
    }

    /// Whose wakers have been used since the last look; `task` is woken when others are.
    pub(super) fn answer(&self, task: &Waker) -> Rung {
        self.all.task.register(task);
        let [low, high] = [0, 1].map(|half| self.all.rung[half].swap(0, Ordering::AcqRel));
        Rung(u128::from(high) << HALF | u128::from(low))
    }
}

impl Board {
    fn ring(&self, place: usize) {
        let before = self.rung[place / HALF].fetch_or(1 << (place % HALF), Ordering::AcqRel);
        // Otherwise it is woken by whoever was first.
        if before == 0 {
            self.task.wake();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.all.ring(self.place);
    }
}

/// Places, the first ones first.
pub(super) struct Rung(u128);

impl Iterator for Rung {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let place = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(place)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Counts how often it was woken.
    #[derive(Default)]
    pub(in super::super) struct Task(pub(in super::super) AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn all_are_due_at_first_and_then_those_whose_wakers_are_used() {
        let task = Waker::from(Arc::<Task>::default());
        for futures in [1, 63, 64, 65, MOST] {
            let bells = Bells::new(futures);
            assert!(bells.answer(&task).eq(0..futures));
            assert_eq!(bells.answer(&task).next(), None);
            for place in [futures - 1, 0, futures / 2] {
                bells.waker(place).wake_by_ref();
            }
            let mut expected = vec![0, futures / 2, futures - 1];
            expected.dedup();
            assert!(bells.answer(&task).eq(expected));
        }
    }

    #[test]
    fn the_task_is_woken_once_until_it_looks() {
        let counts = Arc::<Task>::default();
        let task = Waker::from(Arc::clone(&counts));
        let bells = Bells::new(3);
        bells.answer(&task);
        for looks in 1..3 {
            for place in [1, 2, 1] {
                bells.waker(place).wake_by_ref();
            }
            assert_eq!(counts.0.load(Ordering::Relaxed), looks);
            assert!(bells.answer(&task).eq([1, 2]));
        }
    }

    #[test]
    fn a_waker_may_outlive_its_group() {
        let bells = Bells::new(1);
        let waker = bells.waker(0).clone();
        drop(bells);
        waker.wake();
    }
}
