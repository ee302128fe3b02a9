//! Heartbeats and calls don't get in each other's way, and both can be watched.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use bolt_codec::Role;
use bolt_codec::bolt::BoltVersion;
use bolt_remoting::{Connection, ConnectionConfig, HeartbeatConfig, NoHandler, handler_fn};
use serde_json::Value;
use support::bolt::{bolt, oneway};
use support::json::{Json, Message, call_for};
use support::lines::{LINES, ask, echo, text};
use support::peer::{self, Peer};
use support::{SEC, eventually, far, pair, untimed, within};
use tokio::io::DuplexStream;
use tokio::time::Instant;

fn beating() -> ConnectionConfig {
    let mut config = untimed();
    config.heartbeat = Some(HeartbeatConfig::every(SEC * 15));
    config
}

fn client() -> (Peer<Json, DuplexStream>, Connection<Json>) {
    let (peer, io) = peer::in_memory(Json, 4096);
    let (protocol, nobody) = (Arc::new(Json), Arc::new(NoHandler));
    let client = Connection::over(io, protocol, Role::Client, nobody, Arc::new(beating()));
    (peer, client)
}

fn pong(id: u64) -> Message {
    Message::new("pong", Value::Null).with_id(id)
}

#[tokio::test]
async fn an_acknowledgement_with_the_id_of_a_call_does_not_end_the_call() {
    let (mut peer, client) = client();
    let call = client.start_call(Message::call("x"), far()).await.unwrap();
    let asked = peer.recv().await;
    peer.send(pong(asked.id)).await;
    eventually(|| client.stats().late_answers == 1).await;
    peer.send(asked.answer("y")).await;
    assert_eq!(within(call).await.unwrap().body, "y");
}

#[tokio::test(start_paused = true)]
async fn an_answer_with_the_id_of_a_heartbeat_does_not_acknowledge_it() {
    let (mut peer, client) = client();
    let beat = peer.recv().await;
    assert_eq!(beat.kind, "ping");
    peer.send(beat.answer("y")).await;
    eventually(|| client.stats().late_answers == 1).await;
    assert_eq!(client.stats().heartbeats_acked, 0);
    peer.send(pong(beat.id)).await;
    eventually(|| client.stats().heartbeats_acked == 1).await;
}

#[tokio::test(start_paused = true)]
async fn they_are_counted() {
    let (mut peer, client) = client();
    let beat = peer.recv().await;
    peer.send(pong(beat.id)).await;
    for missed in [0, 1] {
        peer.recv().await;
        assert_eq!(client.stats().heartbeats_missed, missed);
    }
    let stats = client.stats();
    assert_eq!((stats.heartbeats_sent, stats.heartbeats_acked), (3, 1));
    // Any byte is life.
    peer.send(Message::tell("I am here")).await;
    eventually(|| client.stats().heartbeats_missed == 0).await;
}

#[tokio::test]
async fn calls_and_bytes_are_counted() {
    let (client, server) = pair(|| LINES, NoHandler, echo(), untimed());
    for _ in 0..10 {
        assert_eq!(text(ask(&client, "hello").await).await, "hello");
    }
    let (near, far) = (client.stats(), server.stats());
    assert_eq!((near.calls_started, far.calls_started), (10, 0));
    assert_eq!((near.bytes_written, near.bytes_read), (70, 70));
    assert_eq!((far.bytes_written, far.bytes_read), (70, 70));
}

/// The place of its call is free again, and nothing half-written goes out.
#[tokio::test]
async fn an_encoder_that_panics_leaves_nothing_behind() {
    let (mut peer, client) = client();
    let frame = || Message::call("unspeakable");
    let attempt = std::panic::AssertUnwindSafe(|| client.try_call(frame(), far()).is_ok());
    assert!(std::panic::catch_unwind(attempt).is_err());
    assert_eq!(client.stats().calls_waiting, 0);
    let call = client.start_call(Message::call("x"), far()).await.unwrap();
    let asked = peer.recv().await;
    assert_eq!(asked.body, "x");
    peer.send(asked.answer("y")).await;
    assert_eq!(within(call).await.unwrap().body, "y");
}

#[tokio::test]
async fn an_answer_on_which_the_encoder_panics_is_lost_and_nothing_that_came_with_it() {
    let (mut peer, io) = peer::in_memory(Json, 4096);
    let handler =
        handler_fn(|_cx, call: Message| async move { Some(call.answer(call.body.clone())) });
    let (protocol, config) = (Arc::new(Json), Arc::new(untimed()));
    let client = Connection::over(io, protocol, Role::Client, Arc::new(handler), config);
    // From now on it is known that requests may run, so none looks at the calls first.
    peer.send(Message::call("hello")).await;
    assert_eq!(peer.recv().await.body, "hello");
    let call = client.start_call(Message::call("x"), far()).await.unwrap();
    let asked = peer.recv().await;
    let answer = peer::bytes_of(&Json, asked.answer("y"));
    peer.send_bytes(&[answer, call_for("unspeakable", 1)].concat())
        .await;
    assert_eq!(within(call).await.unwrap().body, "y");
    peer.send(Message::call("still here").with_id(2)).await;
    assert_eq!(peer.recv().await.id, 2);
}

/// Nothing is set then, and nothing else would wake the connection's task.
#[tokio::test(start_paused = true)]
async fn the_alarm_rings_after_a_turn_that_has_spent_its_budget() {
    let (mut peer, io) = peer::in_memory(Json, 256 * 1024);
    let handler = handler_fn(|_cx, call: Message| async move {
        tokio::task::consume_budget().await;
        Some(call.answer("ok"))
    });
    let mut config = untimed();
    config.idle_timeout = Some(SEC * 5);
    let (protocol, config) = (Arc::new(Json), Arc::new(config));
    let server = Connection::over(io, protocol, Role::Server, Arc::new(handler), config);
    peer.send(Message::call("x").with_id(1)).await;
    peer.recv().await;
    // A burst comes at every time at which the alarm may ring.
    let burst = peer::bytes_of(&Json, Message::tell("x")).repeat(400);
    for _ in 0..5 {
        tokio::time::advance(SEC).await;
        peer.send_bytes(&burst).await;
    }
    let last = Instant::now();
    within(server.closed()).await;
    assert!(last.elapsed() < SEC * 7, "{:?}", last.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_only_told_things_stays_connected() {
    let (near, far_end) = tokio::io::duplex(64 * 1024);
    let over = |io, role, config| {
        let config = Arc::new(config);
        Connection::over(io, Arc::new(bolt()), role, Arc::new(NoHandler), config)
    };
    let client = over(near, Role::Client, ConnectionConfig::client());
    let server = over(far_end, Role::Server, ConnectionConfig::server());
    // Far longer than the server's patience with those who say nothing.
    for _ in 0..100 {
        tokio::time::sleep(SEC * 10).await;
        let push = oneway(BoltVersion::V1, 0, "com.example.Push");
        server.send(push, far()).await.unwrap();
    }
    assert!(client.is_open() && server.is_open());
    let beats = client.stats().heartbeats_sent;
    assert!((60..=70).contains(&beats), "{beats} in 1,000 s");
}
