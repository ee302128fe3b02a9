//! What a server takes on at most, over all of its connections.

#![allow(clippy::unwrap_used)]

mod support;

use bolt_codec::bolt::{BoltVersion, ResponseStatus};
use bolt_remoting::RpcServer;
use support::bolt::{ECHO, NEVER, bolt, processors, request, status};
use support::wire::in_flight;
use support::{eventually, peer};

const V: BoltVersion = BoltVersion::V2_1;

/// Not answered at once.
const LATER: &str = "com.example.Later";

async fn server(most: usize) -> RpcServer {
    let processors = processors().handle_raw(LATER, |_cx, body| async move {
        tokio::task::yield_now().await;
        Ok(body)
    });
    let server = RpcServer::builder().processors(processors);
    let server = server.max_in_flight(most).bind("127.0.0.1:0").await;
    server.unwrap()
}

#[tokio::test]
async fn requests_beyond_what_all_connections_may_have_in_flight_are_refused() {
    let server = server(3).await;
    let mut first = peer::dial(bolt(), server.local_addr()).await;
    let mut second = peer::dial(bolt(), server.local_addr()).await;
    for id in 1..=2 {
        first.send(request(V, id, NEVER, "")).await;
    }
    second.send(request(V, 1, NEVER, "")).await;
    eventually(|| in_flight(&server) == 3).await;
    for peer in [&mut first, &mut second] {
        peer.send(request(V, 9, ECHO, "")).await;
        let answer = peer.recv().await;
        assert_eq!(answer.id, 9);
        assert_eq!(status(&answer), ResponseStatus::SERVER_THREADPOOL_BUSY);
    }
    // What ends with its connection makes room for the others.
    drop(first);
    eventually(|| in_flight(&server) == 1).await;
    for id in 10..=11 {
        second.send(request(V, id, NEVER, "")).await;
    }
    eventually(|| in_flight(&server) == 3).await;
    second.send(request(V, 12, ECHO, "")).await;
    let answer = second.recv().await;
    assert_eq!(answer.id, 12);
    assert_eq!(status(&answer), ResponseStatus::SERVER_THREADPOOL_BUSY);
}

#[tokio::test]
async fn one_read_full_of_requests_doesn_t_get_past_the_limit() {
    let server = server(5).await;
    let mut peer = peer::dial(bolt(), server.local_addr()).await;
    let frames = (1..=20).map(|id| peer::bytes_of(&bolt(), request(V, id, NEVER, "")));
    peer.send_bytes(&frames.collect::<Vec<_>>().concat()).await;
    for id in 6..=20 {
        let answer = peer.recv().await;
        assert_eq!(answer.id, id);
        assert_eq!(status(&answer), ResponseStatus::SERVER_THREADPOOL_BUSY);
    }
    assert_eq!(in_flight(&server), 5);
}

#[tokio::test]
async fn requests_that_have_ended_don_t_count() {
    let server = server(1).await;
    let mut peer = peer::dial(bolt(), server.local_addr()).await;
    for id in 1..=10 {
        peer.send(request(V, id, LATER, "x")).await;
        assert_eq!(status(&peer.recv().await), ResponseStatus::SUCCESS);
    }
}
