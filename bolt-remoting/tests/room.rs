//! Callers that wait for room on a connection: first come, first served.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
use bolt_remoting::{
    CloseReason, Connection, Error, ErrorKind, NoHandler, ResponseFuture, handler_fn,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use support::bolt::{BYTES, ECHO, NEVER, bolt, oneway, request};
use support::peer::{self, Peer};
use support::{eventually, far, untimed, within};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const V1: BoltVersion = BoltVersion::V1;
const LIMIT: usize = 64 * 1024;

type Started = JoinHandle<Result<ResponseFuture<Bolt>, Error>>;

fn call(len: usize) -> BoltFrame {
    request(V1, 0, ECHO, vec![7; len])
}

/// A client whose peer reads by hand, over a pipe of 1 KiB.
fn client(max_in_flight: usize) -> (Peer<Bolt, DuplexStream>, Connection<Bolt>) {
    let (peer, io) = peer::in_memory(bolt(), 1024);
    let mut config = untimed();
    config.outbox_limit = LIMIT;
    config.max_in_flight = max_in_flight;
    let client = Connection::over(
        io,
        Arc::new(bolt()),
        Role::Client,
        Arc::new(NoHandler),
        Arc::new(config),
    );
    (peer, client)
}

/// One whose outbox is full of a frame that its peer doesn't read yet.
async fn full() -> (Peer<Bolt, DuplexStream>, Connection<Bolt>) {
    let (peer, client) = client(1000);
    fill(&client).await;
    (peer, client)
}

async fn fill(client: &Connection<Bolt>) {
    drop(client.start_call(call(LIMIT), far()).await.unwrap());
    rest().await;
}

/// All tasks do what they can.
async fn rest() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Starts a call of so many bytes on a task, and has it take its place in the line.
async fn wait(client: &Connection<Bolt>, len: usize) -> Started {
    let client = client.clone();
    let started = tokio::spawn(async move { client.start_call(call(len), far()).await });
    rest().await;
    started
}

/// It gets its room.
async fn begun(started: Started) {
    drop(within(started).await.unwrap().unwrap());
}

async fn sizes(peer: &mut Peer<Bolt, DuplexStream>, most: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    for _ in 0..most {
        sizes.push(peer.recv().await.content.len());
    }
    sizes
}

#[tokio::test]
async fn callers_get_room_in_the_order_of_asking() {
    let (mut peer, client) = full().await;
    let mut waiting = Vec::new();
    for n in 1..=200 {
        waiting.push(wait(&client, n * 10).await);
    }
    let expected: Vec<usize> = std::iter::once(LIMIT)
        .chain((1..=200).map(|n| n * 10))
        .collect();
    assert_eq!(sizes(&mut peer, 201).await, expected);
}

#[tokio::test]
async fn a_frame_above_the_whole_outbox_is_not_overtaken_by_small_ones() {
    let (mut peer, client) = full().await;
    let _small = wait(&client, 1).await;
    let large = wait(&client, 3 * LIMIT).await;
    // Others come all the time and try their luck.
    let steady = {
        let client = client.clone();
        tokio::spawn(async move {
            loop {
                drop(client.try_call(call(2), far()));
                tokio::task::yield_now().await;
            }
        })
    };
    rest().await;
    assert_eq!(
        client.try_call(call(2), far()).unwrap_err().kind(),
        ErrorKind::Overflow
    );
    assert_eq!(sizes(&mut peer, 3).await, [LIMIT, 1, 3 * LIMIT]);
    begun(large).await;
    steady.abort();
}

/// An end that is asked all the time and asks something large itself.
#[tokio::test]
async fn a_large_call_is_not_starved_by_answers_nor_answers_by_large_calls() {
    let (mut peer, io) = peer::in_memory(bolt(), 1024);
    let mut config = untimed();
    config.outbox_limit = LIMIT;
    let handler = handler_fn(|_cx, frame: BoltFrame| async move {
        Some(frame.respond(BYTES, vec![7; LIMIT / 2]))
    });
    let end = Connection::over(
        io,
        Arc::new(bolt()),
        Role::Server,
        Arc::new(handler),
        Arc::new(config),
    );
    for id in 1..=6 {
        peer.send(request(V1, id, BYTES, "")).await;
    }
    eventually(|| end.stats().requests_in_flight >= 4).await;
    let _first = wait(&end, 2 * LIMIT).await;
    let _second = wait(&end, 2 * LIMIT).await;
    for id in 7..=9 {
        peer.send(request(V1, id, BYTES, "")).await;
    }
    eventually(|| end.stats().requests_in_flight >= 7).await;
    let mut order = Vec::new();
    for _ in 0..11 {
        order.push(if peer.recv().await.content.len() == 2 * LIMIT {
            "call"
        } else {
            "answer"
        });
    }
    let (before, after) = (vec!["answer"; 6], vec!["answer"; 3]);
    assert_eq!(order, [before, vec!["call"; 2], after].concat());
}

#[tokio::test]
async fn a_caller_that_gives_up_holds_nobody_up() {
    let (mut peer, client) = full().await;
    let [a, b, c, d] = [
        wait(&client, 10).await,
        wait(&client, 3 * LIMIT).await,
        wait(&client, 30).await,
        wait(&client, 40).await,
    ];
    for given_up in [b, d] {
        given_up.abort();
        assert!(given_up.await.is_err());
    }
    assert_eq!(sizes(&mut peer, 3).await, [LIMIT, 10, 30]);
    for started in [a, c] {
        begun(started).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_when_it_has_been_let_in_passes_its_room_on() {
    let (mut peer, client) = client(1);
    let first = client.start_call(call(1), far()).await.unwrap();
    let mut second = Box::pin(client.start_call(call(2), far()));
    assert!((&mut second).now_or_never().is_none());
    let third = wait(&client, 3).await;
    // There is room for the second now, but it never comes for it.
    drop(first);
    rest().await;
    assert!(!third.is_finished());
    assert!(client.try_call(call(4), far()).is_err());
    drop(second);
    begun(third).await;
    assert_eq!(sizes(&mut peer, 2).await, [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_deadline_passes_leaves_the_line() {
    let (mut peer, client) = full().await;
    let soon = far() - Duration::from_secs(7199);
    let error = client.start_call(call(1), soon).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.was_sent()),
        (ErrorKind::Timeout, false)
    );
    let next = wait(&client, 2).await;
    assert_eq!(sizes(&mut peer, 2).await, [LIMIT, 2]);
    begun(next).await;
}

#[tokio::test]
async fn only_as_many_as_fit_are_let_in() {
    let (mut peer, client) = client(2);
    let mut running = Vec::new();
    for n in 1..=2 {
        running.push(client.start_call(call(n), far()).await.unwrap());
    }
    let [third, fourth] = [wait(&client, 3).await, wait(&client, 4).await];
    drop(running.pop());
    rest().await;
    assert!(third.is_finished() && !fourth.is_finished());
    drop(running.pop());
    begun(fourth).await;
    assert_eq!(sizes(&mut peer, 4).await, [1, 2, 3, 4]);
}

/// A frame without answer needs no place among the calls, but comes after those who asked before.
#[tokio::test]
async fn frames_without_answer_wait_in_the_same_line() {
    let (mut peer, client) = client(1);
    let first = client.start_call(call(1), far()).await.unwrap();
    let second = wait(&client, 2).await;
    let told = {
        let client = client.clone();
        tokio::spawn(async move { client.send(oneway(V1, 0, ECHO), far()).await })
    };
    rest().await;
    assert!(!told.is_finished());
    drop(first);
    begun(second).await;
    within(told).await.unwrap().unwrap();
    assert_eq!(sizes(&mut peer, 3).await, [1, 2, 0]);
}

async fn all_are_told(end: impl AsyncFnOnce(&mut Peer<Bolt, DuplexStream>, &Connection<Bolt>)) {
    let (mut peer, client) = client(1);
    let _running = client
        .start_call(request(V1, 0, NEVER, ""), far())
        .await
        .unwrap();
    let waiting = [wait(&client, 1).await, wait(&client, 2).await];
    end(&mut peer, &client).await;
    for started in waiting {
        let error = within(started).await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Closed, false));
    }
}

#[tokio::test]
async fn all_are_told_at_once_when_the_connection_drains() {
    all_are_told(async |_, client| client.drain(Duration::from_secs(3600))).await;
}

#[tokio::test]
async fn all_are_told_at_once_when_the_peer_says_goaway() {
    all_are_told(async |peer, client| {
        peer.send(BoltFrame::go_away(V1)).await;
        eventually(|| client.close_reason() == Some(CloseReason::GoAway)).await;
    })
    .await;
}

#[tokio::test]
async fn all_are_told_at_once_when_the_connection_closes() {
    all_are_told(async |_, client| client.close()).await;
}

/// A caller whose future is kept and not polled: it is let in when there is room.
fn forgetful(
    client: &Connection<Bolt>,
    len: usize,
) -> BoxFuture<'static, Result<ResponseFuture<Bolt>, Error>> {
    let client = client.clone();
    let mut caller = Box::pin(async move { client.start_call(call(len), far()).await });
    assert!(caller.as_mut().now_or_never().is_none());
    caller
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_let_in_and_not_polled_holds_others_up_for_a_moment_only() {
    let (mut peer, client) = client(1);
    let running = client.start_call(call(1), far()).await.unwrap();
    let start = Instant::now();
    let first = forgetful(&client, 2);
    let next = wait(&client, 3).await;
    let last = wait(&client, 4).await;
    drop(running);
    rest().await;
    assert!(!next.is_finished(), "it is not its turn");
    let next = within(next).await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_millis(50));
    // Its place it still has, before those that came later.
    let first = tokio::spawn(first);
    rest().await;
    drop(next);
    begun(first).await;
    begun(last).await;
    assert_eq!(sizes(&mut peer, 4).await, [1, 3, 2, 4]);
}

/// Most of the outbox is set aside for one who doesn't come for it.
#[tokio::test(start_paused = true)]
async fn a_caller_that_is_let_in_and_not_polled_holds_answers_up_for_a_moment_only() {
    let (mut peer, io) = peer::in_memory(bolt(), 1024);
    let mut config = untimed();
    config.outbox_limit = LIMIT;
    let handler = handler_fn(|_cx, frame: BoltFrame| async move {
        Some(frame.respond(BYTES, vec![7; LIMIT / 4]))
    });
    let (protocol, config) = (Arc::new(bolt()), Arc::new(config));
    let end = Connection::over(io, protocol, Role::Server, Arc::new(handler), config);
    fill(&end).await;
    let kept = forgetful(&end, LIMIT - 1000);
    let other = wait(&end, LIMIT).await;
    let start = Instant::now();
    assert_eq!(sizes(&mut peer, 1).await, [LIMIT]);
    peer.send(request(V1, 1, BYTES, "")).await;
    assert_eq!(sizes(&mut peer, 2).await, [LIMIT, LIMIT / 4]);
    assert!(start.elapsed() < Duration::from_millis(50));
    begun(other).await;
    begun(tokio::spawn(kept)).await;
}
