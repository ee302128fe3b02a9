//! Connections that are ready at the same time take turns on one thread, while it has little to do.
//!
//! A scheduler that finds two tasks ready rouses a second thread for one of them. Where requests are
//! few and small that costs more than the request, so the task of the second connection is woken by
//! the first one, when its turn begins, and comes next on that thread. Whoever else has a reason to
//! wake it doesn't wait for that.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::thread::Thread;

/// No more than these stand in line: a scheduler runs few tasks that wake each other before it looks
/// at the others, and what is ready in larger numbers is worth a second thread.
const MOST: usize = 3;

thread_local! {
    static RELAY: Arc<Relay> = Arc::default();
}

/// Whose turns follow one another on a thread.
#[derive(Default)]
pub(super) struct Relay(Mutex<Lane>);

#[derive(Default)]
struct Lane {
    /// Somebody has been woken who is to pass the relay on: when its turn begins, or its end.
    running: bool,
    next: VecDeque<Arc<dyn Runner>>,
}

/// A connection, as a relay sees it.
pub(super) trait Runner: Send + Sync {
    /// Wakes its task. Whether that passes `relay` on: not when it is awake, has ended, or has one to
    /// pass on already.
    fn run(&self, relay: Option<&Arc<Relay>>) -> bool;
}

/// There is something to read for `runner`: it has a turn now, or soon.
pub(super) fn start(runner: Arc<dyn Runner>) {
    let relay = Thread::has_leisure().then(|| RELAY.try_with(Arc::clone));
    if let Some(Ok(relay)) = relay {
        relay.start(runner);
    } else {
        runner.run(None);
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

    /// By whoever was to do it. On another thread than its own the line is over: it would depend on
    /// what that one does.
    pub(super) fn pass(self: &Arc<Self>) {
        if !RELAY
            .try_with(|own| Arc::ptr_eq(own, self))
            .unwrap_or(false)
        {
            let line = std::mem::take(&mut *self.lock());
            for runner in line.next {
                runner.run(None);
            }
            return;
        }
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
    use std::pin::Pin;
    use std::task::{Context, Waker};

    use bolt_codec::Role;
    use bolt_codec::bolt::Bolt;
    use futures::FutureExt;
    use tokio::io::{AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::engine::driver::Driver;
    use crate::engine::shared::Setup;
    use crate::{Connection, ConnectionConfig, NoHandler};

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

        /// Begins the turn that it was run for.
        fn turn(&self) {
            let relay = self.runs.lock().unwrap().last().unwrap().clone();
            relay.inspect(Relay::pass);
        }
    }

    /// That of this thread, with nobody in line.
    fn own() -> Arc<Relay> {
        let relay = RELAY.with(Arc::clone);
        *relay.lock() = Lane::default();
        relay
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
    fn each_is_run_when_the_turn_of_the_one_before_begins() {
        let relay = own();
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
        let relay = own();
        let all = start(&relay, [false; 2 + MOST]);
        let [first, .., last] = &all;
        assert_eq!((first.runs(), last.runs()), (1, 1));
        last.turn();
        assert_eq!(all[1].runs(), 0, "it is not its turn to pass on");
        first.turn();
        assert_eq!(all[1].runs(), 1);
    }

    #[test]
    fn nobody_stays_in_line_when_the_turn_begins_on_another_thread() {
        let relay = own();
        let all = start(&relay, [false; 3]);
        let passes = Arc::clone(&relay);
        std::thread::spawn(move || passes.pass()).join().unwrap();
        assert_eq!(all.map(|one| one.runs()), [1; 3]);
        assert!(!relay.lock().running);
    }

    #[test]
    fn nobody_waits_for_one_that_passes_nothing_on() {
        let relay = own();
        let [_, first, second, third, last] = start(&relay, [true, false, true, true, false]);
        assert_eq!((first.runs(), last.runs()), (1, 0));
        first.turn();
        let runs = [&second, &third, &last].map(|one| one.runs());
        assert_eq!(runs, [1; 3]);
        last.turn();
        assert!(!relay.lock().running);
    }

    /// A server's connection whose task is polled by hand.
    struct Server {
        connection: Connection<Bolt>,
        task: Driver<Bolt, DuplexStream>,
        peer: DuplexStream,
    }

    impl Server {
        fn new() -> Self {
            let (peer, io) = tokio::io::duplex(1024);
            let config = Arc::new(ConnectionConfig::server());
            let setup = Setup::alone(Arc::default(), Role::Server, config);
            let (connection, task) = Connection::prepare(io, setup, Arc::new(NoHandler));
            let mut server = Self {
                connection,
                task,
                peer,
            };
            server.turn();
            server
        }

        fn turn(&mut self) {
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut self.task).poll(&mut cx).is_pending());
        }
    }

    /// There is something to read for each.
    fn ready<const N: usize>(servers: [&mut Server; N]) {
        for server in servers {
            let written = server.peer.write_all(b"\x01").now_or_never();
            written.expect("room").expect("open");
        }
    }

    /// How many stand in line on this thread, if the relay is with anybody.
    fn line() -> Option<usize> {
        RELAY.with(|relay| {
            let lane = relay.lock();
            lane.running.then_some(lane.next.len())
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn while_its_thread_has_leisure_a_connection_comes_after_those_that_were_ready_before() {
        let [mut a, mut b, mut c] = [Server::new(), Server::new(), Server::new()];
        Thread::set_leisure(true);
        ready([&mut a, &mut b, &mut c]);
        assert_eq!(line(), Some(2));
        // The relay is with others by then, however long the rest of a turn takes.
        a.turn();
        assert_eq!(line(), Some(1));
        b.turn();
        assert_eq!(line(), Some(0));
        c.turn();
        assert_eq!(line(), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_a_busy_thread_there_is_no_line() {
        let mut both = [Server::new(), Server::new()];
        Thread::set_leisure(false);
        ready(both.each_mut());
        assert_eq!(line(), None);
    }

    #[tokio::test]
    async fn where_there_is_one_thread_only_there_is_no_line() {
        let mut both = [Server::new(), Server::new()];
        Thread::set_leisure(true);
        ready(both.each_mut());
        assert_eq!(line(), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_task_that_ends_before_its_turn_passes_on() {
        let [mut a, mut b, mut c] = [Server::new(), Server::new(), Server::new()];
        Thread::set_leisure(true);
        ready([&mut a, &mut b, &mut c]);
        drop(b.task);
        drop(a.task);
        assert_eq!(line(), Some(0), "with the third one");
        c.turn();
        assert_eq!(line(), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_transport_that_lives_on_keeps_no_connection() {
        let server = Server::new();
        let connection = server.connection.into_shared();
        let left = Arc::downgrade(&connection);
        drop((server.task, connection));
        assert!(left.upgrade().is_none());
        drop(server.peer);
    }
}
