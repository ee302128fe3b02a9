//! How servers and clients end: in order where they are given time, and always in time.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltVersion, ResponseStatus};
use bolt_remoting::rpc::{Answer, Body, Processors, RpcClient, RpcServer};
use bolt_remoting::{
    CloseReason, Connection, ConnectionConfig, ErrorKind, FrameContext, FrameHandler, handler_fn,
};
use support::bolt::{ECHO, NEVER, RAW, bolt, echo, heartbeat, processors, request, status};
use support::peer::{self, Peer};
use support::wire::{answers, both, end_of, patient, server_with};
use support::{SEC, eventually, untimed, within};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

/// A server whose handler of `ECHO` waits for a permit, and its gate.
async fn gated() -> (RpcServer, SocketAddr, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let handler_gate = Arc::clone(&gate);
    let handlers = Processors::new().handle_raw(ECHO, move |_cx, body| {
        let gate = Arc::clone(&handler_gate);
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(body)
        }
    });
    let (server, _) = server_with(handlers).await;
    let address = server.local_addr();
    (server, address, gate)
}

async fn in_flight(server: &RpcServer, peer: &Peer<Bolt, TcpStream>, requests: usize) {
    let connection = end_of(server, peer).await;
    eventually(|| connection.stats().requests_in_flight == requests).await;
}

#[tokio::test]
async fn a_graceful_end_answers_what_runs_and_refuses_the_rest_as_busy() {
    let (server, address, gate) = gated().await;
    let mut peer = peer::dial(bolt(), address).await;
    peer.send(request(BoltVersion::V2_2, 1, ECHO, "first"))
        .await;
    in_flight(&server, &peer, 1).await;
    let connection = end_of(&server, &peer).await;
    let end = tokio::spawn(async move { server.shutdown(SEC * 3600).await });
    eventually(|| !connection.is_open()).await;

    let late = request(BoltVersion::V2_2, 2, ECHO, "late");
    peer.send(late.clone()).await;
    let busy = late.respond_status(ResponseStatus::SERVER_THREADPOOL_BUSY);
    assert_eq!(peer.recv().await, busy);
    peer.send(heartbeat(BoltVersion::V1, 3)).await;
    assert_eq!(peer.recv().await.id, 3);

    gate.add_permits(1);
    assert_eq!(peer.recv().await.content, "first");
    peer.expect_end().await;
    drop(peer);
    assert_eq!(within(end).await.unwrap(), 0, "nothing was cut off");
}

/// A client and a server whose `ECHO` waits for a permit, calls its caller, and answers what that
/// answers; with one such call under way.
async fn calling_back() -> (RpcServer, RpcClient, Arc<Semaphore>, Answer<Body>) {
    let gate = Arc::new(Semaphore::new(0));
    let handler_gate = Arc::clone(&gate);
    let handlers = Processors::new().handle_raw(ECHO, move |cx, body| {
        let gate = Arc::clone(&handler_gate);
        async move {
            gate.acquire().await.unwrap().forget();
            let back = cx.connection().invoke_raw(RAW, &body);
            Ok(back.timeout(SEC * 30).await?)
        }
    });
    let (server, address) = server_with(handlers).await;
    // Nothing but what happens is to rouse a connection.
    let client = RpcClient::builder()
        .processors(processors())
        .config(untimed())
        .timeout(SEC * 30)
        .build()
        .unwrap();
    let call = client.invoke_raw(RAW, &address, &echo("around"));
    let call = call.future().await.unwrap();
    eventually(|| match &server.connections()[..] {
        [connection] => connection.engine().stats().requests_in_flight == 1,
        _ => false,
    })
    .await;
    (server, client, gate, call)
}

#[tokio::test]
async fn a_request_that_calls_back_is_answered_while_its_server_ends() {
    let (server, _client, gate, call) = calling_back().await;
    let connection = server.connections()[0].engine().clone();
    let end = tokio::spawn(async move { server.shutdown(SEC * 3600).await });
    eventually(|| !connection.is_open()).await;
    gate.add_permits(1);
    assert_eq!(within(call).await.unwrap(), echo("around"));
    assert_eq!(within(end).await.unwrap(), 0);
}

#[tokio::test]
async fn a_call_that_calls_back_is_answered_while_its_client_ends() {
    let (_server, client, gate, call) = calling_back().await;
    let connection = client.engine().connections()[0].clone();
    let end = tokio::spawn(async move { client.shutdown(SEC * 3600).await });
    eventually(|| !connection.is_open()).await;
    gate.add_permits(1);
    assert_eq!(within(call).await.unwrap(), echo("around"));
    assert_eq!(within(end).await.unwrap(), 0);
}

#[tokio::test]
async fn giving_up_the_last_call_ends_the_end() {
    let (_server, client, _gate, call) = calling_back().await;
    let connection = client.engine().connections()[0].clone();
    let end = tokio::spawn(async move { client.shutdown(SEC * 3600).await });
    eventually(|| !connection.is_open()).await;
    drop(call);
    assert_eq!(within(end).await.unwrap(), 0);
}

#[tokio::test]
async fn an_end_without_connections_is_immediate_and_the_port_is_free_again() {
    let (server, address) = server_with(processors()).await;
    assert_eq!(within(server.shutdown(SEC * 3600)).await, 0);
    let again = RpcServer::builder().bind(&*address).await;
    assert_eq!(again.unwrap().local_addr().to_string(), address);
    TcpStream::connect(&address).await.unwrap_err();
}

#[tokio::test]
async fn the_report_counts_the_requests_that_were_cut_off() {
    let (server, address, _gate) = gated().await;
    let mut peers = Vec::new();
    for requests in 1..=3 {
        let mut peer = peer::dial(bolt(), address).await;
        for id in 0..requests {
            peer.send(request(BoltVersion::V1, id, ECHO, "")).await;
        }
        in_flight(&server, &peer, requests as usize).await;
        peers.push(peer);
    }
    assert_eq!(within(server.shutdown(Duration::ZERO)).await, 6);
    for mut peer in peers {
        peer.expect_end().await;
    }
}

/// A server with a request whose handler blocks its thread until the sender is used or dropped.
async fn blocked() -> (
    RpcServer,
    Peer<Bolt, TcpStream>,
    std::sync::mpsc::Sender<()>,
) {
    let (release, released) = std::sync::mpsc::channel();
    let released = Arc::new(std::sync::Mutex::new(released));
    let (began, mut begun) = mpsc::unbounded_channel();
    let handlers = Processors::new().handle_raw(ECHO, move |_cx, body| {
        let (released, began) = (Arc::clone(&released), began.clone());
        async move {
            tokio::task::yield_now().await;
            began.send(()).unwrap();
            let _ = released.lock().unwrap().recv();
            Ok(body)
        }
    });
    let (server, _) = server_with(handlers).await;
    let mut peer = peer::dial(bolt(), server.local_addr()).await;
    peer.send(request(BoltVersion::V1, 1, ECHO, "")).await;
    within(begun.recv()).await.unwrap();
    (server, peer, release)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_end_waits_for_a_handler_that_cannot_be_cancelled_at_once() {
    let (server, mut peer, release) = blocked().await;
    let end = tokio::spawn(async move { server.shutdown(Duration::ZERO).await });
    peer.expect_end().await;
    drop(peer);
    assert!(!end.is_finished());
    release.send(()).unwrap();
    assert_eq!(within(end).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_handler_that_never_ends_holds_up_the_end_for_so_long_only_and_counts_as_cut_off() {
    let (server, _peer, _release) = blocked().await;
    assert_eq!(within(server.shutdown(Duration::ZERO)).await, 1);
}

#[tokio::test]
async fn the_report_is_about_this_end_and_not_about_connections_lost_before() {
    let (server, address, _gate) = gated().await;
    let mut peer = peer::dial(bolt(), address).await;
    peer.send(request(BoltVersion::V1, 1, ECHO, "")).await;
    in_flight(&server, &peer, 1).await;
    peer.reset();
    eventually(|| server.connections().is_empty()).await;
    assert_eq!(within(server.shutdown(SEC)).await, 0);
}

#[tokio::test]
async fn a_peer_that_breaks_off_during_the_end_is_counted_once() {
    let (server, address, _gate) = gated().await;
    let mut peer = peer::dial(bolt(), address).await;
    peer.send(request(BoltVersion::V1, 1, ECHO, "")).await;
    in_flight(&server, &peer, 1).await;
    let (cut_off, ()) = tokio::join!(within(server.shutdown(Duration::ZERO)), async {
        tokio::task::yield_now().await;
        peer.reset();
    });
    assert!(cut_off <= 1, "{cut_off}");
}

/// Handles frames on in-memory connections: `NEVER` never, the rest at once.
fn engine_handler() -> impl FrameHandler<Bolt> {
    handler_fn(
        |_cx: FrameContext<Bolt>, frame: bolt_codec::bolt::BoltFrame| async move {
            if frame.class == NEVER {
                std::future::pending::<()>().await;
            }
            Some(frame.respond(frame.class.clone(), frame.content.clone()))
        },
    )
}

fn over(io: tokio::io::DuplexStream, config: ConnectionConfig) -> Connection<Bolt> {
    let handler = Arc::new(engine_handler());
    Connection::over(
        io,
        Arc::new(bolt()),
        Role::Server,
        handler,
        Arc::new(config),
    )
}

#[tokio::test(start_paused = true)]
async fn the_grace_period_is_a_hard_limit() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let server = over(io, untimed());
    peer.send(request(BoltVersion::V1, 1, NEVER, "")).await;
    eventually(|| server.stats().requests_in_flight == 1).await;
    let start = Instant::now();
    server.drain(SEC * 10);
    peer.expect_end().await;
    assert_eq!(start.elapsed().as_secs(), 10);
    // The handler is cancelled now, not when the peer has closed its end, too.
    eventually(|| server.stats().requests_in_flight == 0).await;
    assert!(start.elapsed() < SEC * 10 + SEC / 2);
    drop(peer);
    within(server.closed()).await;
    assert_eq!(server.close_reason(), Some(CloseReason::Local));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_closes_its_end_holds_up_the_end_for_a_moment_only() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let server = over(io, untimed());
    peer.send(request(BoltVersion::V1, 1, ECHO, "")).await;
    assert_eq!(peer.recv().await.id, 1);
    let start = Instant::now();
    server.drain(SEC * 10);
    peer.expect_end().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    within(server.closed()).await;
    assert_eq!(start.elapsed(), SEC);
}

/// What the peer has got and what was cut off make up all that was asked.
#[tokio::test]
async fn answers_that_are_never_written_count_as_cut_off() {
    const ASKED: u32 = 60;
    let mut config = ConnectionConfig::server();
    config.outbox_limit = 100 << 20;
    let builder = RpcServer::builder()
        .config(config)
        .handle_raw(ECHO, |_cx, _| async {
            Ok(Body::new(ECHO, vec![7; 1 << 20]))
        });
    let server = builder.bind("127.0.0.1:0").await.unwrap();
    let mut peer = peer::dial(bolt(), server.local_addr()).await;
    for id in 1..=ASKED {
        peer.send(request(BoltVersion::V1, id, ECHO, "")).await;
    }
    let queued = || match &server.connections()[..] {
        [connection] => connection.engine().stats().bytes_read,
        _ => 0,
    };
    let asked = (22 + ECHO.len() as u64) * u64::from(ASKED);
    eventually(|| queued() == asked).await;
    let cut_off = within(server.shutdown(Duration::ZERO)).await;
    let mut received = 0;
    while peer.next().await.is_some() {
        received += 1;
    }
    assert!(cut_off > 0);
    assert_eq!(received + cut_off, ASKED as usize);
}

/// Closing with unread bytes would send an RST, which destroys answers under way.
#[tokio::test]
async fn answers_survive_requests_that_come_after_the_end() {
    let (server, address, gate) = gated().await;
    let mut peer = peer::dial(bolt(), address).await;
    peer.send(request(BoltVersion::V1, 1, ECHO, vec![1; 200_000]))
        .await;
    in_flight(&server, &peer, 1).await;
    let connection = end_of(&server, &peer).await;
    let end = tokio::spawn(async move { server.shutdown(SEC * 3600).await });
    eventually(|| !connection.is_open()).await;
    gate.add_permits(1);
    for id in 2..100 {
        peer.send(request(BoltVersion::V1, id, ECHO, vec![2; 1000]))
            .await;
    }
    let mut answered = false;
    while let Some(answer) = peer.next().await {
        answered |= answer.id == 1 && answer.content.len() == 200_000;
    }
    assert!(answered);
    drop(peer);
    assert_eq!(within(end).await.unwrap(), 0);
}

#[tokio::test]
async fn a_peer_that_closes_its_sending_end_still_gets_its_answer() {
    let (server, address, gate) = gated().await;
    let mut peer = peer::dial(bolt(), address).await;
    peer.send(request(BoltVersion::V1, 1, ECHO, "asked")).await;
    in_flight(&server, &peer, 1).await;
    let connection = end_of(&server, &peer).await;
    peer.finish().await;
    eventually(|| !connection.is_open()).await;
    assert_eq!(connection.close_reason(), Some(CloseReason::Peer));
    gate.add_permits(1);
    assert_eq!(peer.recv().await.content, "asked");
    peer.expect_end().await;
}

/// Tells when it is dropped.
struct Alarm(mpsc::UnboundedSender<()>);

impl Drop for Alarm {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[tokio::test]
async fn handlers_of_a_peer_that_has_gone_are_cancelled() {
    for reset in [false, true] {
        let (tell, mut cancelled) = mpsc::unbounded_channel();
        let (server, _) = server_with(Processors::new().handle_raw(ECHO, move |_cx, _body| {
            let alarm = Alarm(tell.clone());
            async move {
                let _alarm = alarm;
                std::future::pending().await
            }
        }))
        .await;
        let mut peer = peer::dial(bolt(), server.local_addr()).await;
        peer.send(request(BoltVersion::V1, 1, ECHO, "")).await;
        in_flight(&server, &peer, 1).await;
        if reset {
            peer.reset();
        } else {
            drop(peer);
        }
        within(cancelled.recv()).await.unwrap();
        eventually(|| server.connections().is_empty()).await;
    }
}

#[tokio::test]
async fn dropping_a_server_closes_port_and_connections() {
    let (server, address) = server_with(processors()).await;
    let mut peer = peer::dial(bolt(), server.local_addr()).await;
    peer.send(request(BoltVersion::V1, 1, NEVER, "")).await;
    assert_eq!(answers(&mut peer).await, []);
    drop(server);
    peer.expect_end().await;
    eventually(|| std::net::TcpStream::connect(&address).is_err()).await;
}

#[tokio::test]
async fn a_client_ends_its_calls_in_order_and_makes_no_new_ones() {
    let (server, address, gate) = gated().await;
    let address = address.to_string();
    let client = patient();
    let call = client.invoke_raw(RAW, &address, &echo("last"));
    let call = call.future().await.unwrap();
    let connection = client.connect(&address).await.unwrap().engine().clone();
    let ending = client.clone();
    let end = tokio::spawn(async move { ending.shutdown(SEC * 3600).await });
    eventually(|| !connection.is_open()).await;
    gate.add_permits(1);
    assert_eq!(within(call).await.unwrap(), echo("last"));
    assert_eq!(within(end).await.unwrap(), 0);

    // Neither at the address that it knew nor at any other.
    let (listener, other) = peer::listen().await;
    for address in [&address, &other] {
        let error = client
            .invoke_raw(RAW, address, &echo("x"))
            .await
            .unwrap_err();
        assert_eq!(error.close_reason(), Some(&CloseReason::Local));
        assert!(!error.was_sent());
    }
    let dialed = TcpStream::connect(&other).await.unwrap();
    let (_, from) = within(listener.accept()).await.unwrap();
    assert_eq!(from, dialed.local_addr().unwrap(), "nobody dialed before");
    assert_eq!(client.engine().connections().len(), 0);
    eventually(|| server.connections().is_empty()).await;
}

#[tokio::test]
async fn dropping_the_last_clone_of_a_client_closes_its_connections() {
    let (server, address, client) = both().await;
    let clone = client.clone();
    let call = client.invoke_raw(RAW, &address, &Body::new(NEVER, ""));
    let call = call.future().await.unwrap();
    drop(client);
    let answer = clone.invoke_raw(RAW, &address, &echo("still here")).await;
    assert_eq!(answer.unwrap(), echo("still here"));
    drop(clone);
    let error = within(call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    eventually(|| server.connections().is_empty()).await;
}

#[tokio::test]
async fn the_client_finishes_requests_of_the_server_while_it_ends() {
    let gate = Arc::new(Semaphore::new(0));
    let handler_gate = Arc::clone(&gate);
    let handlers = Processors::new().handle_raw(ECHO, move |_cx, body| {
        let gate = Arc::clone(&handler_gate);
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(body)
        }
    });
    let (server, address) = server_with(processors()).await;
    let client = RpcClient::builder().processors(handlers).build().unwrap();
    let connection = client.connect(&address).await.unwrap().engine().clone();
    eventually(|| server.connections().len() == 1).await;
    let back = &server.connections()[0];
    let call = back.invoke_raw(RAW, &echo("back")).timeout(SEC * 30);
    let call = call.future().await.unwrap();
    eventually(|| connection.stats().requests_in_flight == 1).await;
    let end = tokio::spawn(async move { client.shutdown(SEC * 3600).await });
    eventually(|| !connection.is_open()).await;
    gate.add_permits(1);
    assert_eq!(within(call).await.unwrap(), echo("back"));
    assert_eq!(within(end).await.unwrap(), 0);
}

#[tokio::test]
async fn a_connection_above_the_most_is_closed_as_soon_as_it_is_accepted() {
    let server = RpcServer::builder()
        .max_connections(1)
        .processors(processors());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let mut first = peer::dial(bolt(), server.local_addr()).await;
    assert_eq!(answers(&mut first).await, []);
    let mut second = peer::dial(bolt(), server.local_addr()).await;
    second.expect_end().await;
    first.send(request(BoltVersion::V1, 1, ECHO, "")).await;
    assert_eq!(status(&first.recv().await), ResponseStatus::SUCCESS);
}
