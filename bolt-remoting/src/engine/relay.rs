//! Connections that are ready at the same time take turns on one thread, while it has little to do.
//!
//! A scheduler that finds two tasks ready rouses a second thread for one of them. Where requests are
//! few and small that costs more than the request, so the task of the second connection is woken by
//! the first one, at the end of its turn. Whoever else has a reason to wake it doesn't wait for that.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::thread::Thread;

/// No more than these wait for one turn: a scheduler runs few tasks that wake each other before it
/// looks at the others, and what is ready in larger numbers is worth a second thread.
const MOST: usize = 3;

thread_local! {
    static RELAY: Arc<Relay> = Arc::default();
}

/// Whose turns follow one another on a thread.
#[derive(Default)]
pub(super) struct Relay(Mutex<Lane>);

#[derive(Default)]
struct Lane {
    /// Somebody has been woken who passes a turn on, or ends and does it then.
    running: bool,
    next: VecDeque<Arc<dyn Runner>>,
}

/// A connection, as a relay sees it.
pub(super) trait Runner: Send + Sync {
    /// Wakes its task. Whether that passes its next turn on to `relay`: not when it has ended, or has
    /// joined the relay of another thread.
    fn run(&self, relay: Option<&Arc<Relay>>) -> bool;
}

/// A turn of a connection's task, which is passed on when it is over, however that comes.
pub(super) struct Leg {
    relay: Option<Arc<Relay>>,
    began: Instant,
}

impl Leg {
    pub(super) fn begin(relay: Option<Arc<Relay>>, began: Instant) -> Self {
        Self { relay, began }
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        Thread::note_turn(self.began, Instant::now());
        if let Some(relay) = &self.relay {
            relay.pass();
        }
    }
}

/// There is something to read for `runner`: it has a turn now, or soon.
pub(super) fn start(runner: Arc<dyn Runner>) {
    match RELAY.try_with(Arc::clone) {
        Ok(relay) if Thread::has_leisure() => relay.start(runner),
        _ => {
            runner.run(None);
        }
    }
}

impl Relay {
    /// Held while nothing else is locked or run.
    fn lock(&self) -> MutexGuard<'_, Lane> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(self: &Arc<Self>, runner: Arc<dyn Runner>) {
        let mut lane = self.lock();
        if !lane.running {
            lane.running = true;
            drop(lane);
            if !runner.run(Some(self)) {
                self.pass();
            }
        } else if lane.next.len() < MOST {
            lane.next.push_back(runner);
        } else {
            drop(lane);
            runner.run(None);
        }
    }

    /// The turn of whoever was to pass it on is over.
    pub(super) fn pass(self: &Arc<Self>) {
        loop {
            let mut lane = self.lock();
            let next = lane.next.pop_front();
            lane.running = next.is_some();
            drop(lane);
            match next {
                Some(runner) if !runner.run(Some(self)) => {}
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// Takes down how often it was run, and the relay until its turn.
    struct Fake {
        runs: Mutex<Vec<Option<Arc<Relay>>>>,
        declines: bool,
    }

    impl Runner for Fake {
        fn run(&self, relay: Option<&Arc<Relay>>) -> bool {
            self.runs.lock().unwrap().push(relay.cloned());
            relay.is_some() && !self.declines
        }
    }

    impl Fake {
        fn runs(&self) -> usize {
            self.runs.lock().unwrap().len()
        }

        /// Has the turn that it was run for.
        fn turn(&self) {
            let relay = self.runs.lock().unwrap().last().unwrap().clone();
            drop(Leg::begin(relay, Instant::now()));
        }
    }

    fn start<const N: usize>(relay: &Arc<Relay>, declines: [bool; N]) -> [Arc<Fake>; N] {
        declines.map(|declines| {
            let runs = Mutex::default();
            let fake = Arc::new(Fake { runs, declines });
            relay.start(Arc::clone(&fake) as _);
            fake
        })
    }

    #[test]
    fn each_is_run_when_the_turn_of_the_one_before_is_over() {
        let relay = Arc::default();
        let all = start(&relay, [false; 3]);
        for ran in 0..3 {
            let runs = all.each_ref().map(|one| one.runs());
            assert_eq!(runs, [0, 1, 2].map(|n| usize::from(n <= ran)));
            all[ran].turn();
        }
        let [next] = start(&relay, [false]);
        assert_eq!(next.runs(), 1, "nobody is before it");
    }

    #[test]
    fn those_for_whom_the_line_is_too_long_are_run_at_once() {
        let relay = Arc::default();
        let all = start(&relay, [false; 2 + MOST]);
        let [first, .., last] = &all;
        assert_eq!((first.runs(), last.runs()), (1, 1));
        last.turn();
        assert_eq!(all[1].runs(), 0, "it is not its turn to pass on");
        first.turn();
        assert_eq!(all[1].runs(), 1);
    }

    #[test]
    fn nobody_waits_for_one_that_passes_nothing_on() {
        let relay = Arc::default();
        let [_, first, second, third, last] = start(&relay, [true, false, true, true, false]);
        assert_eq!((first.runs(), last.runs()), (1, 0));
        first.turn();
        let runs = [&second, &third, &last].map(|one| one.runs());
        assert_eq!(runs, [1; 3]);
        last.turn();
        assert!(!relay.lock().running);
    }

    #[test]
    fn a_turn_that_ends_in_a_panic_is_passed_on() {
        let relay = Arc::default();
        let [_first, next] = start(&relay, [false; 2]);
        let panics = AssertUnwindSafe(|| {
            let _leg = Leg::begin(Some(relay), Instant::now());
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(catch_unwind(panics).is_err());
        assert_eq!(next.runs(), 1);
    }
}
