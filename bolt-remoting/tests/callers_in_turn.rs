//! Callers whose answers come together are woken in turn: what some of them call next is on its way
//! while others run, and nobody is forgotten.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
use bolt_remoting::{Connection, ResponseFuture};
use futures::FutureExt;
use futures::task::AtomicWaker;
use support::bolt::{ECHO, bolt, request};
use support::peer::{Peer, bytes_of, in_memory};
use support::{eventually, far, untimed, within};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::Instant;

const CALLERS: usize = 16;

/// One thread, on which no time passes while there is something to do.
fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

fn call() -> BoltFrame {
    request(BoltVersion::V1, 0, ECHO, "call")
}

fn client() -> (Peer<Bolt, DuplexStream>, Connection<Bolt>) {
    let (peer, io) = in_memory(bolt(), 64 * 1024);
    let handler = Arc::new(bolt_remoting::NoHandler);
    let config = Arc::new(untimed());
    let client = Connection::over(io, Arc::new(bolt()), Role::Client, handler, config);
    (peer, client)
}

/// Answers so many requests in one piece.
async fn answer(peer: &mut Peer<Bolt, DuplexStream>, requests: usize) {
    let mut answers = Vec::new();
    for _ in 0..requests {
        let request = peer.recv().await;
        answers.extend(bytes_of(&bolt(), request.respond(ECHO, "answer")));
    }
    peer.send_bytes(&answers).await;
}

#[test]
fn what_one_half_calls_next_is_written_before_the_other_half_runs() {
    runtime().block_on(async {
        let (mut peer, client) = client();
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let client = client.clone();
            callers.spawn(async move {
                let answer = client.start_call(call(), far()).await.unwrap();
                answer.await.unwrap();
                let _given_up = client.start_call(call(), far()).await.unwrap();
            });
        }
        answer(&mut peer, CALLERS).await;
        let one = bytes_of(&bolt(), call()).len();
        let mut next = [0; 1024];
        for _ in 0..2 {
            let read = within(peer.io.read(&mut next)).await.unwrap();
            assert_eq!(read, CALLERS / 2 * one);
        }
        within(callers.join_all()).await;
    });
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

#[test]
fn those_who_wait_for_their_turn_are_woken_when_the_connections_runtime_goes() {
    let runtime = runtime();
    let all = Arc::<Woken>::default();
    let woken = || all.callers.load(Ordering::Relaxed);
    let mut calls: Vec<(Waker, ResponseFuture<Bolt>)> = Vec::new();
    let answered = |calls: &mut Vec<(Waker, ResponseFuture<Bolt>)>| {
        let polled = calls
            .iter_mut()
            .map(|(waker, call)| call.poll_unpin(&mut Context::from_waker(waker)));
        polled
            .filter(|poll| matches!(poll, Poll::Ready(Ok(_))))
            .count()
    };
    let _peer = runtime.block_on(async {
        let (mut peer, client) = client();
        for _ in 0..CALLERS {
            let waker = Waker::from(Arc::new(Caller(Arc::clone(&all))));
            calls.push((waker, client.start_call(call(), far()).await.unwrap()));
        }
        assert_eq!(answered(&mut calls), 0);
        answer(&mut peer, CALLERS).await;
        within(std::future::poll_fn(|cx| {
            all.told.register(cx.waker());
            if woken() == 0 {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        }))
        .await;
        peer
    });
    assert_eq!(woken(), CALLERS / 2, "the others have to wait");
    drop(runtime);
    assert_eq!(woken(), CALLERS);
    assert_eq!(answered(&mut calls), CALLERS);
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
