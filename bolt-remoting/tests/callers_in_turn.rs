//! Callers whose answers come together are woken in turn: what some of them call next is on its way
//! while others run, and nobody is forgotten.

#![allow(clippy::unwrap_used)]

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
use bolt_remoting::{Connection, FrameContext, FrameHandler, ResponseFuture, handler_fn};
use futures::task::AtomicWaker;
use futures::{Future, FutureExt};
use support::bolt::{ECHO, bolt, request};
use support::peer::{Peer, bytes_of, in_memory};
use support::{eventually, far, untimed, within};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// They take several turns.
const CALLERS: usize = 200;
const MS: Duration = Duration::from_millis(1);

/// One thread, on which no time passes while there is something to do.
fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

fn call() -> BoltFrame {
    request(BoltVersion::V1, 0, ECHO, "call")
}

fn client() -> (Peer<Bolt, DuplexStream>, Connection<Bolt>) {
    client_with(bolt_remoting::NoHandler)
}

fn client_with(handler: impl FrameHandler<Bolt>) -> (Peer<Bolt, DuplexStream>, Connection<Bolt>) {
    let (peer, io) = in_memory(bolt(), 64 * 1024);
    let handler = Arc::new(handler);
    let config = Arc::new(untimed());
    let client = Connection::over(io, Arc::new(bolt()), Role::Client, handler, config);
    (peer, client)
}

/// The answers to so many requests.
async fn answers(peer: &mut Peer<Bolt, DuplexStream>, requests: usize) -> Vec<u8> {
    let mut answers = Vec::new();
    for _ in 0..requests {
        let request = peer.recv().await;
        answers.extend(bytes_of(&bolt(), request.respond(ECHO, "answer")));
    }
    answers
}

/// Answers so many requests in one piece.
async fn answer(peer: &mut Peer<Bolt, DuplexStream>, requests: usize) {
    let answers = answers(peer, requests).await;
    peer.send_bytes(&answers).await;
}

/// What a caller does besides.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Besides {
    Nothing,
    /// The last one lets others go first before it calls again.
    LastIsLate,
    /// The first one takes a while once it has called again.
    FirstIsSlow,
}

/// How many of the second calls of so many callers come in each write, after all first ones were
/// answered together; and how often others have a turn before the first of these writes.
async fn second_calls(callers: usize, besides: Besides) -> (Vec<usize>, usize) {
    let (mut peer, client) = client();
    let mut tasks = JoinSet::new();
    for caller in 1..=callers {
        let client = client.clone();
        tasks.spawn(async move {
            let answer = client.start_call(call(), far()).await.unwrap();
            answer.await.unwrap();
            if besides == Besides::LastIsLate && caller == callers {
                last_in_line().await;
            }
            let answer = client.start_call(call(), far()).await.unwrap();
            if besides == Besides::FirstIsSlow && caller == 1 {
                tokio::time::advance(20 * MS).await;
            }
            answer.await
        });
    }
    answer(&mut peer, callers).await;
    let one = bytes_of(&bolt(), call()).len();
    let mut calls = [0; 32 * 1024];
    let (mut writes, mut turns) = (Vec::new(), 0);
    while writes.iter().sum::<usize>() < callers {
        let mut read = pin!(within(peer.io.read(&mut calls)));
        let read = poll_fn(|cx| {
            let read = read.as_mut().poll(cx);
            if read.is_pending() && writes.is_empty() {
                turns += 1;
                cx.waker().wake_by_ref();
            }
            read
        });
        writes.push(read.await.unwrap() / one);
    }
    (writes, turns)
}

#[test]
fn what_two_parts_call_next_is_written_together() {
    for (callers, writes) in [(16, &[16][..]), (40, &[32, 8]), (72, &[32, 32, 8])] {
        let second_calls = second_calls(callers, Besides::Nothing);
        let (written, _) = runtime().block_on(second_calls);
        assert_eq!(written, writes);
    }
}

#[test]
fn what_the_last_part_calls_next_is_written_at_once() {
    for callers in 2..8 {
        let second_calls = second_calls(callers, Besides::Nothing);
        let (written, turns) = runtime().block_on(second_calls);
        assert_eq!((written, turns), (vec![callers], 2));
    }
}

#[test]
fn unless_some_of_them_have_not_called_yet_or_others_were_woken() {
    for (callers, besides) in [(4, Besides::LastIsLate), (40, Besides::FirstIsSlow)] {
        let second_calls = second_calls(callers, besides);
        let (written, _) = runtime().block_on(second_calls);
        assert_eq!(written, [callers], "{besides:?}");
    }
}

/// Lets those go first that are ready now, but not those that are put off.
async fn last_in_line() {
    let mut first = true;
    poll_fn(|cx| {
        if std::mem::take(&mut first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// How many callers have been woken, and who wants to know.
#[derive(Default)]
struct Woken {
    callers: AtomicUsize,
    told: AtomicWaker,
}

struct Caller(Arc<Woken>);

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        self.0.callers.fetch_add(1, Ordering::Relaxed);
        self.0.told.wake();
    }
}

/// Calls that are polled by hand.
struct Calls {
    all: Arc<Woken>,
    calls: Vec<(Waker, ResponseFuture<Bolt>)>,
}

impl Calls {
    async fn begin(client: &Connection<Bolt>, count: usize) -> Self {
        Self::with(Arc::default(), client, count).await
    }

    async fn with(all: Arc<Woken>, client: &Connection<Bolt>, count: usize) -> Self {
        let mut calls = Vec::new();
        for _ in 0..count {
            let waker = Waker::from(Arc::new(Caller(Arc::clone(&all))));
            calls.push((waker, client.start_call(call(), far()).await.unwrap()));
        }
        let mut calls = Self { all, calls };
        assert_eq!(calls.answered(), 0);
        calls
    }

    /// How many are, when all are polled.
    fn answered(&mut self) -> usize {
        let polled = self
            .calls
            .iter_mut()
            .map(|(waker, call)| call.poll_unpin(&mut Context::from_waker(waker)));
        polled
            .filter(|poll| matches!(poll, Poll::Ready(Ok(_))))
            .count()
    }

    fn woken(&self) -> usize {
        self.all.callers.load(Ordering::Relaxed)
    }

    /// How many are woken together, as the first ones.
    async fn first_woken(&self) -> usize {
        within(poll_fn(|cx| {
            self.all.told.register(cx.waker());
            match self.woken() {
                0 => Poll::Pending,
                woken => Poll::Ready(woken),
            }
        }))
        .await
    }
}

#[test]
fn half_of_eight_and_more_are_put_off_and_of_many_all_but_an_eighth() {
    for (all, first) in [
        (2, 2),
        (7, 7),
        (8, 4),
        (31, 15),
        (33, 16),
        (136, 17),
        (200, 25),
    ] {
        runtime().block_on(async {
            let (mut peer, client) = client();
            let mut calls = Calls::begin(&client, all).await;
            answer(&mut peer, all).await;
            assert_eq!(calls.first_woken().await, first, "of {all}");
            assert_eq!(calls.answered(), all, "though not all were woken yet");
            eventually(|| calls.woken() == all).await;
        });
    }
}

#[test]
fn nothing_more_is_read_while_very_many_wait() {
    runtime().block_on(async {
        let (mut peer, client) = client();
        let calls = Calls::begin(&client, 300).await;
        answer(&mut peer, 300).await;
        assert_eq!(calls.first_woken().await, 37);
        peer.send(BoltFrame::heartbeat(BoltVersion::V1)).await;
        for _ in 0..100 {
            if client.stats().heartbeats_received > 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
        let waiting = 300 - calls.woken();
        assert!((1..128).contains(&waiting), "{waiting}");
    });
}

#[test]
fn a_task_that_is_put_off_is_woken_by_calls_though_it_has_more_to_read() {
    runtime().block_on(async {
        let (mut peer, client) = client();
        let calls = Calls::begin(&client, 300).await;
        let answers = answers(&mut peer, 300).await;
        peer.send_bytes(&answers).await;
        let woken = Arc::clone(&calls.all);
        let others = tokio::spawn(async move {
            let mut calls = Vec::new();
            // It is asleep until the first of these turns ends, in which it leaves something unread.
            for turn in 0..2 {
                let written = client.stats().bytes_written;
                // So many that they don't wait for others.
                for _ in 0..128 {
                    calls.push(client.start_call(call(), far()).await.unwrap());
                }
                last_in_line().await;
                let written = client.stats().bytes_written - written;
                assert!(written > 0, "in turn {turn}");
            }
            assert_eq!(woken.callers.load(Ordering::Relaxed), 0);
        });
        within(others).await.unwrap();
        eventually(|| calls.woken() == 300).await;
    });
}

#[test]
fn a_call_whose_answer_is_not_read_because_of_others_does_not_time_out() {
    runtime().block_on(async {
        let (mut peer, client) = client();
        let calls = Calls::begin(&client, 300).await;
        let soon = client.start_call(call(), Instant::now() + MS).await;
        let mut answers = answers(&mut peer, 301).await;
        let last = answers.split_off(answers.len() / 301 * 300);
        peer.send_bytes(&answers).await;
        assert_eq!(calls.first_woken().await, 37);
        peer.send_bytes(&last).await;
        tokio::time::advance(MS * 2).await;
        within(soon.unwrap()).await.unwrap();
    });
}

#[test]
fn nobody_is_put_off_when_requests_came_too() {
    runtime().block_on(async {
        let (mut peer, client) = client();
        let calls = Calls::begin(&client, CALLERS).await;
        let mut answers = answers(&mut peer, CALLERS).await;
        let request = request(BoltVersion::V1, 9, ECHO, "");
        answers.extend(bytes_of(&bolt(), request));
        peer.send_bytes(&answers).await;
        // Those that were settled before the request came have waited for it, and no longer.
        assert_eq!(calls.first_woken().await, CALLERS);
    });
}

#[test]
fn callers_do_not_wait_for_the_handler_of_a_request_that_came_after_their_answers() {
    runtime().block_on(async {
        let woken = Arc::<Woken>::default();
        let (seen, all) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&woken));
        let noted = Arc::clone(&seen);
        let (mut peer, client) = client_with(handler_fn(
            move |_cx: FrameContext<Bolt>, _request: BoltFrame| {
                noted.store(all.callers.load(Ordering::Relaxed), Ordering::Relaxed);
                std::future::ready(None)
            },
        ));
        let calls = Calls::with(woken, &client, CALLERS).await;
        let mut answers = answers(&mut peer, CALLERS).await;
        let request = request(BoltVersion::V1, 9, ECHO, "");
        answers.extend(bytes_of(&bolt(), request));
        peer.send_bytes(&answers).await;
        eventually(|| calls.woken() == CALLERS).await;
        // Some of the last batch may not have been settled yet.
        let seen = seen.load(Ordering::Relaxed);
        assert!(seen > CALLERS - 32, "{seen}");
    });
}

#[test]
fn parts_are_large_where_connections_share_a_thread() {
    runtime().block_on(async {
        let (mut peer, client) = client();
        let (mut other_peer, _other) = self::client();
        let calls = Calls::begin(&client, CALLERS).await;
        let answers = answers(&mut peer, CALLERS).await;
        let beat = BoltFrame::heartbeat(BoltVersion::V1);
        other_peer.send_bytes(&bytes_of(&bolt(), beat)).await;
        peer.send_bytes(&answers).await;
        let first = calls.first_woken().await;
        assert!((48..CALLERS).contains(&first), "{first}");
        eventually(|| calls.woken() == CALLERS).await;
    });
}

#[test]
fn those_who_wait_are_woken_together_once_their_turn_comes_late() {
    for (late, together) in [(MS, false), (20 * MS, true)] {
        runtime().block_on(async {
            let (mut peer, client) = client();
            let calls = Calls::begin(&client, CALLERS).await;
            answer(&mut peer, CALLERS).await;
            assert_eq!(calls.first_woken().await, CALLERS / 8);
            tokio::time::advance(late).await;
            tokio::task::yield_now().await;
            assert_eq!(calls.woken() == CALLERS, together, "after {late:?}");
        });
    }
}

#[test]
fn callers_are_woken_together_once_parts_of_them_have_taken_long_for_what_they_do() {
    const US: Duration = Duration::from_micros(1);
    for (a_part_takes, together) in [(127 * US, false), (129 * US, true)] {
        runtime().block_on(async {
            let (mut peer, client) = client();
            // So many that parts are as large as they get.
            let others = Calls::begin(&client, 1000).await;
            let _never_sent = answers(&mut peer, 1000).await;
            let mut first = 0;
            for _ in 0..40 {
                let calls = Calls::begin(&client, CALLERS).await;
                answer(&mut peer, CALLERS).await;
                first = calls.first_woken().await;
                while calls.woken() < CALLERS {
                    tokio::time::advance(a_part_takes).await;
                }
            }
            let expected = if together { CALLERS } else { 64 };
            assert_eq!(first, expected, "after {a_part_takes:?}");
            assert_eq!(others.woken(), 0);
        });
    }
}

#[test]
fn those_who_wait_for_their_turn_are_woken_when_the_connections_runtime_goes() {
    let runtime = runtime();
    let (_peer, mut calls) = runtime.block_on(async {
        let (mut peer, client) = client();
        let calls = Calls::begin(&client, CALLERS).await;
        answer(&mut peer, CALLERS).await;
        let first = calls.first_woken().await;
        assert_eq!(first, CALLERS / 8, "the others have to wait");
        (peer, calls)
    });
    drop(runtime);
    assert_eq!(calls.woken(), CALLERS);
    assert_eq!(calls.answered(), CALLERS);
}

#[test]
fn nobody_is_forgotten_on_several_threads() {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(async {
        let (mut peer, client) = client();
        let mut callers = JoinSet::new();
        const CALLS: usize = 50;
        for _ in 0..CALLERS {
            let client = client.clone();
            callers.spawn(async move {
                for _ in 0..CALLS {
                    client.call(call(), support::SEC * 60).await.unwrap();
                    tokio::task::block_in_place(|| {});
                }
            });
        }
        let answering = tokio::spawn(async move {
            for _ in 0..CALLS {
                answer(&mut peer, CALLERS).await;
            }
            peer
        });
        within(callers.join_all()).await;
        within(answering).await.unwrap();
    });
}

#[test]
fn all_are_woken_whether_or_not_anything_happens_next() {
    for closes in [false, true] {
        runtime().block_on(async {
            let (mut peer, client) = client();
            let mut callers = JoinSet::new();
            for _ in 0..CALLERS {
                let client = client.clone();
                callers.spawn(async move { client.call(call(), support::SEC * 60).await });
            }
            answer(&mut peer, CALLERS).await;
            let peer = Some(peer).filter(|_| !closes);
            let start = Instant::now();
            while let Some(answer) = within(callers.join_next()).await {
                answer.unwrap().unwrap();
            }
            assert!(start.elapsed().is_zero(), "not by some timer");
            if peer.is_none() {
                eventually(|| !client.is_open()).await;
            }
        });
    }
}
