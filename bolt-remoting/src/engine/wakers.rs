//! Whom a connection's task has to wake.

use std::collections::VecDeque;
use std::task::Waker;

use tokio::runtime::{Handle, RuntimeFlavor};

use super::thread::{Thread, wake_in_turn};

/// So many callers and more are woken in parts.
const MANY: usize = 8;
/// A part has so many for each other thread that may take some of them over, and so many where there
/// is none.
const PER_THREAD: usize = 16;
/// Half of what tokio's queue of a worker holds. More might go to a queue that all workers share, and
/// wait there for long while this one has others to run.
const LARGEST_PART: usize = 128;
/// A part has one in so many of all callers, where that is more: while one part runs the peer has
/// others to work at.
const PARTS: usize = 8;
/// But no more than so many: with more, one part takes too long.
const LARGE_PART: usize = 64;
/// A part where several connections fill the queue of a worker.
const SHARED_PART: usize = 48;
/// With so many that are to be woken there is nothing to be gained by reading: what has come for
/// others would only be out of the processor's caches before they run.
const BACKLOG: usize = 128;

/// Tasks that are to be woken, once the connection's lock is released.
#[derive(Debug)]
pub(super) struct Wakers {
    /// All but callers.
    list: Vec<Waker>,
    /// Those whose answers have come.
    callers: VecDeque<Waker>,
    /// Whether callers before them were woken in the turn before.
    begun: bool,
    /// The least part on a thread of its own, except for the first and the last one.
    part: usize,
    /// Before which caller of a part the task is handed to the scheduler, to run when all of them have.
    place: usize,
}

/// Which callers were woken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Woken {
    Nobody,
    /// All that waited.
    All,
    /// So many, and the task behind them, all at once.
    AtOnce(usize),
    /// So many, and the task behind them, when this turn is over.
    InTurn(usize),
}

impl Wakers {
    /// Of tasks that run on this runtime, most likely.
    pub(super) fn new(runtime: &Handle) -> Self {
        let others = runtime.metrics().num_workers().saturating_sub(1);
        // The scheduler wakes whom it was handed last first. A worker of a runtime of many threads then
        // runs whom it has woken last before all others.
        let place = match runtime.runtime_flavor() {
            RuntimeFlavor::CurrentThread => 0,
            _ => 1,
        };
        Self {
            list: Vec::new(),
            callers: VecDeque::new(),
            begun: false,
            part: (PER_THREAD * others.max(1)).min(LARGEST_PART),
            place,
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

    pub(super) fn wake_all_callers(&mut self) -> Woken {
        self.begun = false;
        let woken = match self.callers.len() {
            0 => Woken::Nobody,
            _ => Woken::All,
        };
        while let Some(caller) = self.callers.pop_front() {
            caller.wake();
        }
        woken
    }

    /// Whether so many callers wait to be woken that these come before others.
    pub(super) fn has_backlog(&self) -> bool {
        self.callers.len() >= BACKLOG
    }

    /// Wakes callers, once in each turn of the connection's task, in parts with `task` behind each, so
    /// that it has its next turn when these have run: for the rest, and for what they have queued.
    /// `unanswered`: calls whose answers have not come.
    pub(super) fn wake_callers(
        &mut self,
        thread: Thread,
        task: &Waker,
        unanswered: usize,
    ) -> Woken {
        match (self.callers.len(), thread) {
            (0 | 1, _) => self.wake_all_callers(),
            (_, Thread::Own) => self.wake_in_turn(task, unanswered),
            (waiting, _) if waiting < MANY => self.wake_all_callers(),
            (_, Thread::Shared) => self.wake_at_once(SHARED_PART, task),
            (_, Thread::Busy) => self.wake_at_once(LARGEST_PART, task),
            (_, Thread::Clogged) => self.wake_all_callers(),
        }
    }

    /// On a thread of its own the scheduler wakes them when this turn is over. At once they would be
    /// there for other threads to take, which would have little to do before they sleep again, and
    /// meanwhile stand in the way of this one. And parts are small: what one has queued is on its way
    /// while the next one runs.
    fn wake_in_turn(&mut self, task: &Waker, unanswered: usize) -> Woken {
        let waiting = self.callers.len();
        let large = ((waiting + unanswered) / PARTS).min(LARGE_PART);
        let part = self.part.max(large);
        let part = match self.begun {
            _ if waiting < MANY => waiting,
            false => part.min(waiting / 2),
            true => part.min(waiting),
        };
        for (place, caller) in self.callers.drain(..part).enumerate() {
            // Not at the front of the queue: another thread that takes half of it over would have it
            // first.
            if place == self.place {
                wake_in_turn(task);
            }
            wake_in_turn(&caller);
        }
        self.begun = !self.callers.is_empty();
        Woken::InTurn(part)
    }

    /// Where they would have to wait for others, or have much to do, any thread may take them.
    fn wake_at_once(&mut self, most: usize, task: &Waker) -> Woken {
        let part = self.callers.len().min(most);
        // One by one: should a waker panic, the others are still there.
        let callers = std::iter::from_fn(|| self.callers.pop_front());
        callers.take(part).for_each(Waker::wake);
        // It runs now, so that it comes behind them.
        task.wake_by_ref();
        self.begun = !self.callers.is_empty();
        Woken::AtOnce(part)
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
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::task::Poll;

    use tokio::runtime::Builder;
    use tokio::sync::mpsc;

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

    /// Without a runtime there is nobody to put anything off for, so that what is to be woken in turn is
    /// woken at once.
    fn turn(wakers: &mut Wakers, thread: Thread, unanswered: usize) -> Woken {
        wakers.wake_callers(thread, Waker::noop(), unanswered)
    }

    /// How many are woken in each turn, until one is the last for now.
    fn parts(all: usize, unanswered: usize) -> Vec<usize> {
        let mut wakers = none();
        let woken = add(&mut wakers, all);
        let mut parts = Vec::new();
        loop {
            let before = woken();
            let now = turn(&mut wakers, Thread::Own, unanswered);
            let part = woken() - before;
            match now {
                Woken::Nobody => break,
                // It is not put off for one alone.
                Woken::All => assert_eq!(part, 1),
                Woken::InTurn(callers) | Woken::AtOnce(callers) => assert_eq!(part, callers),
            }
            parts.push(part);
        }
        assert_eq!(woken(), all);
        parts
    }

    #[test]
    fn a_few_are_woken_together_and_many_in_parts() {
        let parts = |all| parts(all, 0);
        assert_eq!((parts(0), parts(1), parts(7)), (vec![], vec![1], vec![7]));
        assert_eq!((parts(8), parts(9)), (vec![4, 4], vec![4, 5]));
        assert_eq!((parts(31), parts(33)), (vec![15, 16], vec![16, 16, 1]));
    }

    #[test]
    fn a_part_is_an_eighth_of_all_callers_within_limits() {
        assert_eq!(parts(40, 88), [16, 16, 8]);
        assert_eq!(parts(40, 200), [20, 20]);
        assert_eq!(parts(80, 200), [35, 30, 15]);
        assert_eq!(parts(200, 1000), [64, 64, 64, 8]);
    }

    #[test]
    fn a_part_has_some_for_each_thread_that_may_take_them_over() {
        for (workers, part) in [(1, 16), (2, 16), (4, 48), (16, 64)] {
            let mut wakers = of_workers(workers);
            let woken = add(&mut wakers, 128);
            let in_turn = Woken::InTurn(part);
            assert_eq!(turn(&mut wakers, Thread::Own, 0), in_turn, "with {workers}");
            assert_eq!(woken(), part, "with {workers}");
        }
        let mut wakers = of_workers(16);
        let _woken = add(&mut wakers, 512);
        let in_turn = Woken::InTurn(LARGEST_PART);
        assert_eq!(turn(&mut wakers, Thread::Own, 0), in_turn);
    }

    /// Sends its number when it has been woken, after `begin` was given its waker.
    async fn turn_after(
        number: usize,
        turns: mpsc::UnboundedSender<usize>,
        begin: impl FnOnce(&Waker),
    ) {
        let mut begin = Some(begin);
        poll_fn(|cx| match begin.take() {
            Some(begin) => {
                begin(cx.waker());
                Poll::Pending
            }
            None => Poll::Ready(()),
        })
        .await;
        turns.send(number).unwrap();
    }

    /// The numbers of callers, and 0 for the task that has woken them in one part, as they have their
    /// turns.
    fn turns(mut builder: Builder, callers: usize) -> Vec<usize> {
        let runtime = builder.worker_threads(1).build().unwrap();
        runtime.block_on(async {
            let mut wakers = Wakers::new(&Handle::current());
            let (sender, mut turns) = mpsc::unbounded_channel();
            let (asleep, mut sleepers) = mpsc::unbounded_channel();
            for number in 1..=callers {
                let asleep = asleep.clone();
                let begin = move |waker: &Waker| asleep.send(waker.clone()).unwrap();
                tokio::spawn(turn_after(number, sender.clone(), begin));
                wakers.add_caller(sleepers.recv().await.unwrap());
            }
            wakers.begun = true;
            tokio::spawn(turn_after(0, sender, move |task| {
                let woken = wakers.wake_callers(Thread::Own, task, 0);
                assert_eq!(woken, Woken::InTurn(callers));
            }));
            let mut order = Vec::new();
            while let Some(number) = turns.recv().await {
                order.push(number);
            }
            order
        })
    }

    #[test]
    fn the_task_has_its_next_turn_when_the_part_has_run() {
        for builder in [Builder::new_multi_thread, Builder::new_current_thread] {
            for callers in [2, 9] {
                let turns = turns(builder(), callers);
                assert_eq!(turns.len(), callers + 1);
                assert_eq!(turns.last(), Some(&0), "{turns:?}");
            }
        }
    }

    #[test]
    fn who_comes_later_waits_behind_those_that_wait_already() {
        let mut wakers = none();
        let first = add(&mut wakers, 20);
        turn(&mut wakers, Thread::Own, 0);
        let later = add(&mut wakers, 10);
        assert_eq!((first(), later()), (10, 0));
        turn(&mut wakers, Thread::Own, 0);
        assert_eq!((first(), later()), (20, 6));
    }

    #[test]
    fn parts_are_large_once_the_thread_is_busy_or_shared() {
        for (thread, most) in [(Thread::Busy, 128), (Thread::Shared, 48)] {
            let mut wakers = none();
            let first = add(&mut wakers, 80);
            assert_eq!(turn(&mut wakers, Thread::Own, 0), Woken::InTurn(16));
            let later = add(&mut wakers, 128);
            assert_eq!(turn(&mut wakers, thread, 0), Woken::AtOnce(most));
            assert_eq!(first() + later(), 16 + most);
            let rest = 64 + 128 - most;
            assert_eq!(turn(&mut wakers, thread, 0), Woken::AtOnce(rest.min(most)));
        }
    }

    #[test]
    fn all_are_woken_where_they_have_waited_for_milliseconds() {
        let mut wakers = none();
        let woken = add(&mut wakers, 200);
        assert_eq!(turn(&mut wakers, Thread::Clogged, 0), Woken::All);
        assert_eq!(woken(), 200);
    }

    #[test]
    fn a_few_are_woken_there_without_the_task() {
        for thread in [Thread::Busy, Thread::Shared] {
            let mut wakers = none();
            let woken = add(&mut wakers, 7);
            assert_eq!(turn(&mut wakers, thread, 0), Woken::All);
            assert_eq!(woken(), 7);
            let _more = add(&mut wakers, 8);
            assert_eq!(turn(&mut wakers, thread, 0), Woken::AtOnce(8));
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
        turn(&mut wakers, Thread::Own, 0);
        let other = Arc::<Task>::default();
        wakers.list().push(Waker::from(Arc::clone(&other)));
        drop(wakers);
        assert_eq!((callers(), other.0.load(Ordering::Relaxed)), (20, 1));
    }
}
