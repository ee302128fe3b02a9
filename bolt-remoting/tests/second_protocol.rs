//! The engine runs a protocol that has nothing to do with SOFABolt: JSON with ids and heartbeats
//! of its own, through the same client, server and connection.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bolt_codec::{CodecError, Role};
use bolt_remoting::{
    Client, CloseReason, Connection, ConnectionConfig, ErrorKind, FrameContext, FrameHandler,
    HeartbeatConfig, NoHandler, Reply, Server, handler_fn,
};
use serde_json::{Value, json};
use support::json::{Json, Message};
use support::{SEC, eventually, far, pair, peer, untimed, within};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

/// `{"add": [2, 3]}` is 5, `"never"` is never answered, `"panic"` panics, the rest is echoed.
fn arithmetic() -> impl FrameHandler<Json> {
    handler_fn(|_cx, call: Message| async move {
        if call.body == "never" {
            std::future::pending::<()>().await;
        }
        assert_ne!(call.body, "panic", "as asked");
        let numbers = call.body["add"].as_array();
        let sum = numbers.map(|all| all.iter().filter_map(Value::as_i64).sum::<i64>());
        Some(match sum {
            Some(sum) => call.answer(sum),
            None => call.answer(call.body.clone()),
        })
    })
}

async fn client_and_server() -> (Client<Json>, Server<Json>, Connection<Json>) {
    let server = Server::builder(Json, arithmetic());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder(Json).build();
    let address = server.local_addr().to_string();
    let connection = client.connection(&address, far()).await.unwrap();
    (client, server, connection)
}

#[tokio::test]
async fn a_call_gets_its_answer_over_tcp() {
    let (_client, _server, connection) = client_and_server().await;
    let answer = within(connection.call(Message::call(json!({"add": [2, 3]})), SEC * 30)).await;
    assert_eq!(answer.unwrap().body, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_concurrent_calls_get_their_own_answers() {
    let (_client, _server, connection) = client_and_server().await;
    let calls = (0..50).map(|task| {
        let connection = connection.clone();
        tokio::spawn(async move {
            for n in 0..40 {
                let call = Message::call(json!({"add": [task * 1000, n]}));
                let answer = connection.call(call, SEC * 30).await.unwrap();
                assert_eq!(answer.body, task * 1000 + n);
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        within(call).await.unwrap();
    }
    assert_eq!(connection.stats().calls_waiting, 0);
}

#[tokio::test]
async fn a_oneway_frame_arrives_and_is_not_answered() {
    let (seen, mut told) = mpsc::unbounded_channel();
    let handler = handler_fn(move |_cx, message: Message| {
        seen.send(message.clone()).unwrap();
        async move { Some(message.answer("not wanted")) }
    });
    let (client, _server) = pair(|| Json, NoHandler, handler, untimed());
    client.send(Message::tell("hello"), far()).await.unwrap();
    client.try_send(Message::tell("again")).unwrap();
    client.call(Message::call("end"), SEC).await.unwrap();
    assert_eq!(within(told.recv()).await.unwrap().body, "hello");
    assert_eq!(within(told.recv()).await.unwrap().body, "again");
    assert_eq!(client.stats().late_answers, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_times_out_at_its_deadline() {
    let (client, _server) = pair(|| Json, NoHandler, arithmetic(), untimed());
    let start = Instant::now();
    let error = client.call(Message::call("never"), SEC * 5).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Timeout, true));
    let took = start.elapsed();
    assert!(took >= SEC * 5 && took < SEC * 5 + Duration::from_millis(10));
    assert_eq!(client.stats().calls_waiting, 0);
}

#[tokio::test]
async fn the_answer_to_a_call_that_was_given_up_is_counted_and_dropped() {
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let handler = handler_fn(move |_cx, call: Message| {
        let gate = Arc::clone(&opened);
        async move {
            gate.acquire().await.unwrap().forget();
            Some(call.answer(call.body.clone()))
        }
    });
    let (client, server) = pair(|| Json, NoHandler, handler, untimed());
    let given_up = client.start_call(Message::call("a"), far()).await.unwrap();
    let kept = client.start_call(Message::call("b"), far()).await.unwrap();
    eventually(|| server.stats().requests_in_flight == 2).await;
    drop(given_up);
    assert_eq!(client.stats().calls_waiting, 1);
    gate.add_permits(2);
    assert_eq!(within(kept).await.unwrap().body, "b");
    eventually(|| client.stats().late_answers == 1).await;
}

#[tokio::test]
async fn the_server_calls_the_client_while_it_handles_a_call_of_the_client() {
    let server = handler_fn(|cx: FrameContext<Json>, call: Message| async move {
        let back = cx.connection().call(Message::call("who?"), SEC * 30);
        let name = back.await.unwrap().body;
        Some(call.answer(json!({"hello": name})))
    });
    let client = handler_fn(|_cx, call: Message| async move { Some(call.answer("me")) });
    let (client, _server) = pair(|| Json, client, server, untimed());
    let answer = within(client.call(Message::call("hi"), SEC * 30)).await;
    assert_eq!(answer.unwrap().body, json!({"hello": "me"}));
}

fn beating() -> ConnectionConfig {
    let mut config = untimed();
    config.heartbeat = Some(HeartbeatConfig::every(SEC * 15));
    config
}

#[tokio::test(start_paused = true)]
async fn heartbeats_go_out_after_each_silent_interval_and_come_back_answered() {
    let (client, server) = pair(|| Json, NoHandler, NoHandler, beating());
    tokio::time::sleep(Duration::from_secs(3601)).await;
    assert!(client.is_open() && server.is_open());
    let beats = client.stats().heartbeats_received + server.stats().heartbeats_received;
    assert!(beats >= 240, "{beats} in an hour of silence");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_heartbeat_is_given_up_in_the_promised_time() {
    let (mut peer, io) = peer::in_memory(Json, 4096);
    let start = Instant::now();
    let config = Arc::new(beating());
    let client = Connection::over(
        io,
        Arc::new(Json),
        Role::Client,
        Arc::new(NoHandler),
        config,
    );
    let call = client.start_call(Message::call("x"), far()).await.unwrap();
    assert_eq!(peer.recv().await.kind, "call");
    for n in 1..=3 {
        assert_eq!(peer.recv().await.kind, "ping");
        assert_eq!(start.elapsed().as_secs(), n * 15);
    }
    let error = within(call).await.unwrap_err();
    assert_eq!(error.close_reason(), Some(&CloseReason::HeartbeatTimeout));
    assert_eq!(start.elapsed().as_secs(), 46);
    peer.expect_end().await;
    assert_eq!(client.close_reason(), Some(CloseReason::HeartbeatTimeout));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_talks_but_answers_no_heartbeat_is_alive_and_costs_nothing() {
    let (mut peer, io) = peer::in_memory(Json, 4096);
    let config = Arc::new(beating());
    let client = Connection::over(
        io,
        Arc::new(Json),
        Role::Client,
        Arc::new(NoHandler),
        config,
    );
    for _ in 0..100 {
        assert_eq!(peer.recv().await.kind, "ping");
        peer.send(Message::tell("I am here")).await;
    }
    assert!(client.is_open());
    // None of the old heartbeats is remembered: only the last one may still be answered.
    for id in 1..=100 {
        peer.send(Message::new("pong", Value::Null).with_id(id))
            .await;
    }
    peer.send(Message::new("odd", Value::Null)).await;
    eventually(|| client.stats().unknown_frames == 1).await;
    assert_eq!(client.stats().late_answers, 99);
}

#[tokio::test]
async fn a_heartbeat_of_the_peer_is_answered_with_its_id() {
    let (mut peer, io) = peer::in_memory(Json, 4096);
    let config = Arc::new(untimed());
    let server = Connection::over(
        io,
        Arc::new(Json),
        Role::Server,
        Arc::new(NoHandler),
        config,
    );
    peer.send(Message::new("ping", Value::Null).with_id(77))
        .await;
    let pong = peer.recv().await;
    assert_eq!((pong.kind.as_str(), pong.id), ("pong", 77));
    assert_eq!(server.stats().heartbeats_received, 1);
}

/// What the encoder had written of it is taken back.
#[tokio::test]
async fn a_frame_that_cannot_be_encoded_fails_its_call_only() {
    let mut config = untimed();
    config.limits = bolt_codec::Limits::with_max_frame(100_000);
    let (client, _server) = pair(|| Json, NoHandler, arithmetic(), config);
    let before = client.start_call(Message::call("a"), far()).await.unwrap();
    for len in [100_000, 200_000] {
        let error = client.call(Message::call("x".repeat(len)), SEC).await;
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Send, false));
    }
    let after = client.start_call(Message::call("b"), far()).await.unwrap();
    assert_eq!(within(before).await.unwrap().body, "a");
    assert_eq!(within(after).await.unwrap().body, "b");
    assert_eq!(client.stats().calls_waiting, 0);
}

#[tokio::test]
async fn a_panicking_handler_is_a_refusal_and_the_connection_goes_on() {
    let (client, _server) = pair(|| Json, NoHandler, arithmetic(), untimed());
    let answer = within(client.call(Message::call("panic"), SEC * 30)).await;
    assert_eq!(answer.unwrap().body, json!({"refused": "HandlerFailed"}));
    let answer = within(client.call(Message::call("still there?"), SEC * 30)).await;
    assert_eq!(answer.unwrap().body, "still there?");
}

/// Panics before there is any future.
struct PanicsAtOnce;

impl FrameHandler<Json> for PanicsAtOnce {
    fn handle(&self, _cx: FrameContext<Json>, call: Message, reply: &mut Reply<Json>) {
        assert_ne!(call.body, "panic", "as asked");
        reply.now(Some(call.answer("fine")));
    }
}

#[tokio::test]
async fn a_handler_that_panics_before_its_first_wait_costs_its_request_only() {
    let closure = |_cx, call: Message| {
        assert_ne!(call.body, "panic", "as asked");
        async move { Some(call.answer("fine")) }
    };
    let closure = pair(|| Json, NoHandler, handler_fn(closure), untimed());
    let custom = pair(|| Json, NoHandler, PanicsAtOnce, untimed());
    for (client, _server) in [closure, custom] {
        let fine = client.start_call(Message::call("a"), far()).await.unwrap();
        let answer = within(client.call(Message::call("panic"), SEC * 30)).await;
        assert_eq!(answer.unwrap().body, json!({"refused": "HandlerFailed"}));
        assert_eq!(within(fine).await.unwrap().body, "fine");
        assert!(client.is_open());
    }
}

#[tokio::test]
async fn requests_to_an_end_without_a_handler_are_refused() {
    let (client, server) = pair(|| Json, NoHandler, NoHandler, untimed());
    for connection in [client, server] {
        let answer = within(connection.call(Message::call("x"), SEC * 30)).await;
        assert_eq!(answer.unwrap().body, json!({"refused": "NoHandler"}));
    }
}

#[tokio::test]
async fn bytes_that_are_no_frame_close_the_connection_with_a_typed_reason() {
    let cases: [(&[u8], CodecError); 2] = [
        (b"\0\0\0\x02{}", CodecError::malformed("not a message")),
        (
            b"\x7f\0\0\0",
            CodecError::FrameTooLarge {
                len: 0x7f00_0004,
                limit: 64 * 1024 * 1024,
            },
        ),
    ];
    for (garbage, reason) in cases {
        let (mut peer, io) = peer::in_memory(Json, 4096);
        let config = Arc::new(untimed());
        let client = Connection::over(
            io,
            Arc::new(Json),
            Role::Client,
            Arc::new(NoHandler),
            config,
        );
        let calls = [
            client.start_call(Message::call(1), far()).await.unwrap(),
            client.start_call(Message::call(2), far()).await.unwrap(),
        ];
        let first = peer.recv().await;
        // What was whole before the garbage still counts.
        peer.send(first.answer("in time")).await;
        peer.send_bytes(garbage).await;
        let [answered, failed] = calls;
        assert_eq!(within(answered).await.unwrap().body, "in time");
        let error = within(failed).await.unwrap_err();
        assert_eq!(error.close_reason(), Some(&CloseReason::Codec(reason)));
        within(client.closed()).await;
    }
}

#[tokio::test]
async fn a_peer_that_says_goodbye_gets_no_new_calls_and_answers_the_old_ones() {
    let (listener, address) = peer::listen().await;
    let client = Client::builder(Json).build();
    let (old, mut peer) = tokio::join!(
        client.connection(&address, far()),
        peer::accept(Json, &listener)
    );
    let old = old.unwrap();
    let call = old.start_call(Message::call("x"), far()).await.unwrap();
    let request = peer.recv().await;
    peer.send(Message::new("bye", Value::Null)).await;
    eventually(|| !old.is_open()).await;
    let refused = old.call(Message::call("new"), SEC).await.unwrap_err();
    assert_eq!(refused.close_reason(), Some(&CloseReason::GoAway));
    assert!(!refused.was_sent());

    let (new, _second_peer) = tokio::join!(
        client.connection(&address, far()),
        peer::accept(Json, &listener)
    );
    assert_ne!(new.unwrap().number(), old.number());

    peer.send(request.answer("late but welcome")).await;
    assert_eq!(within(call).await.unwrap().body, "late but welcome");
    // Nothing is left to wait for on the old one.
    peer.expect_end().await;
}

#[tokio::test]
async fn draining_refuses_new_requests_and_waits_for_the_running_ones() {
    let gate = Arc::new(Semaphore::new(0));
    let entered = Arc::new(AtomicUsize::new(0));
    let (opened, counted) = (Arc::clone(&gate), Arc::clone(&entered));
    let handler = handler_fn(move |_cx, call: Message| {
        let gate = Arc::clone(&opened);
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            gate.acquire().await.unwrap().forget();
            Some(call.answer("done"))
        }
    });
    let (client, server) = pair(|| Json, NoHandler, handler, untimed());
    let running = client.start_call(Message::call("a"), far()).await.unwrap();
    eventually(|| server.stats().requests_in_flight == 1).await;
    server.drain(SEC * 3600);
    let refused = within(client.call(Message::call("b"), SEC * 30)).await;
    assert_eq!(refused.unwrap().body, json!({"refused": "ShuttingDown"}));
    gate.add_permits(1);
    assert_eq!(within(running).await.unwrap().body, "done");
    // As long as that ran it could have called back.
    let own = server.call(Message::call("c"), SEC).await.unwrap_err();
    assert_eq!(own.close_reason(), Some(&CloseReason::Local));
    within(server.closed()).await;
    within(client.closed()).await;
    assert_eq!(client.close_reason(), Some(CloseReason::Peer));
    assert_eq!(entered.load(Ordering::Relaxed), 1);
}
