//! GOAWAY: one end asks the other for no new requests.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
use bolt_codec::{Frame, FrameKind, Role};
use bolt_remoting::{CloseReason, Connection, ConnectionConfig, ErrorKind, NoHandler, handler_fn};
use support::bolt::{ECHO, NEVER, bolt, request};
use support::lines::{LINES, ask, echo, text};
use support::peer::{self, Peer};
use support::{SEC, eventually, far, pair, untimed, within};
use tokio::io::DuplexStream;

const V1: BoltVersion = BoltVersion::V1;

fn polite(send_goaway: bool) -> ConnectionConfig {
    let mut config = untimed();
    config.send_goaway = send_goaway;
    config
}

/// A server that echoes, but for `NEVER`.
fn server(config: ConnectionConfig) -> (Peer<Bolt, DuplexStream>, Connection<Bolt>) {
    let (peer, io) = peer::in_memory(bolt(), 4096);
    let handler = handler_fn(|_cx, frame: BoltFrame| async move {
        if frame.class == NEVER {
            std::future::pending::<()>().await;
        }
        Some(frame.respond(ECHO, frame.content.clone()))
    });
    let (handler, config) = (Arc::new(handler), Arc::new(config));
    let server = Connection::over(io, Arc::new(bolt()), Role::Server, handler, config);
    (peer, server)
}

#[tokio::test(start_paused = true)]
async fn it_is_sent_once_when_a_drain_begins() {
    let (mut peer, server) = server(polite(true));
    peer.send(request(V1, 7, NEVER, "")).await;
    eventually(|| server.stats().requests_in_flight == 1).await;
    server.drain(SEC * 5);
    server.drain(SEC * 10);
    let told = peer.recv().await;
    // Nothing but what MOSN writes, apart from the id.
    let expected = BoltFrame {
        id: told.id,
        ..BoltFrame::go_away(V1)
    };
    assert_eq!((told.kind(), &told), (FrameKind::GoAway, &expected));
    peer.expect_end().await;
    within(server.closed()).await;
}

#[tokio::test]
async fn it_is_not_sent_unless_asked_for() {
    let (mut peer, server) = server(polite(false));
    server.drain(SEC);
    peer.expect_end().await;
}

#[tokio::test]
async fn it_is_not_sent_where_the_connection_closes_without_a_drain() {
    let (mut peer, server) = server(polite(true));
    server.close();
    peer.expect_end().await;
}

#[tokio::test]
async fn a_protocol_without_a_word_for_it_drains_all_the_same() {
    let (client, server) = pair(|| LINES, NoHandler, echo(), polite(true));
    assert_eq!(text(ask(&client, "a").await).await, "a");
    server.drain(SEC);
    within(client.closed()).await;
}

#[tokio::test]
async fn between_two_of_our_ends_calls_in_flight_end_and_new_ones_fail_unsent() {
    let (near, io) = tokio::io::duplex(4096);
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let handler = handler_fn(move |_cx, frame: BoltFrame| {
        let gate = Arc::clone(&opened);
        async move {
            gate.acquire().await.unwrap().forget();
            Some(frame.respond(ECHO, "done"))
        }
    });
    let config = Arc::new(polite(true));
    let (protocol, nobody) = (Arc::new(bolt()), Arc::new(NoHandler));
    let client = Connection::over(
        near,
        Arc::clone(&protocol),
        Role::Client,
        nobody,
        Arc::clone(&config),
    );
    let server = Connection::over(io, protocol, Role::Server, Arc::new(handler), config);
    let running = client.start_call(request(V1, 0, ECHO, ""), far()).await;
    eventually(|| server.stats().requests_in_flight == 1).await;
    server.drain(Duration::from_secs(3600));
    eventually(|| !client.is_open()).await;
    assert_eq!(client.close_reason(), Some(CloseReason::GoAway));
    let error = client
        .call(request(V1, 0, ECHO, ""), SEC)
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Closed, false));
    gate.add_permits(1);
    assert_eq!(within(running.unwrap()).await.unwrap().content, "done");
    within(client.closed()).await;
    within(server.closed()).await;
}
