//! Peers that don't read, send too much, too slowly or nothing at all: bounded in memory and time,
//! and reading never waits for writing.

#![allow(clippy::unwrap_used)]

mod support;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion, ResponseStatus};
use bolt_remoting::{
    CloseReason, Connection, ConnectionConfig, ErrorKind, FrameHandler, NoHandler, handler_fn,
};
use futures::FutureExt;
use futures::future::join_all;
use support::bolt::{BYTES, ECHO, NEVER, bolt, heartbeat, oneway, request, status};
use support::peer::{self, Peer, bytes_of};
use support::{SEC, eventually, far, pair, untimed, within};
use tokio::io::DuplexStream;
use tokio::time::Instant;

const V1: BoltVersion = BoltVersion::V1;

fn over(
    io: DuplexStream,
    role: Role,
    handler: impl FrameHandler<Bolt>,
    config: ConnectionConfig,
) -> Connection<Bolt> {
    Connection::over(
        io,
        Arc::new(bolt()),
        role,
        Arc::new(handler),
        Arc::new(config),
    )
}

/// `BYTES` answers a KiB, `NEVER` nothing, the rest is echoed.
fn handler() -> impl FrameHandler<Bolt> {
    handler_fn(|_cx, frame: BoltFrame| async move {
        if frame.class == NEVER {
            std::future::pending::<()>().await;
        }
        let content = if frame.class == BYTES {
            vec![7; 1024].into()
        } else {
            frame.content.clone()
        };
        Some(frame.respond(frame.class.clone(), content))
    })
}

fn call(len: usize) -> BoltFrame {
    request(V1, 0, ECHO, vec![7; len])
}

fn small_outbox() -> ConnectionConfig {
    let mut config = untimed();
    config.outbox_limit = 64 * 1024;
    config
}

#[tokio::test]
async fn calls_to_a_peer_that_does_not_read_wait_for_room() {
    let (mut peer, io) = peer::in_memory(bolt(), 1024);
    let client = over(io, Role::Client, NoHandler, small_outbox());
    let calls = (0..200).map(|_| {
        let client = client.clone();
        async move { client.call(call(1000), SEC * 3600).await }
    });
    let calls = tokio::spawn(join_all(calls.collect::<Vec<_>>()));
    eventually(|| client.stats().bytes_queued > 32 * 1024).await;
    // Nothing is refused, and nothing piles up.
    let stats = client.stats();
    assert!(stats.bytes_queued <= 64 * 1024, "{stats:?}");
    assert!(stats.calls_waiting <= 130, "{stats:?}");
    for _ in 0..200 {
        let request = peer.recv().await;
        peer.send(request.respond(ECHO, "ok")).await;
    }
    for outcome in within(calls).await.unwrap() {
        assert_eq!(outcome.unwrap().content, "ok");
    }
}

#[tokio::test]
async fn what_may_not_wait_overflows_unsent() {
    let (_peer, io) = peer::in_memory(bolt(), 1024);
    let client = over(io, Role::Client, NoHandler, small_outbox());
    let mut kept = Vec::new();
    let mut refused = None;
    for _ in 0..1000 {
        match client.try_call(call(1000), far()) {
            Ok(answer) => kept.push(answer),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
        tokio::task::yield_now().await;
    }
    let error = refused.expect("an overflow");
    assert_eq!(
        (error.kind(), error.was_sent()),
        (ErrorKind::Overflow, false)
    );
    assert!((32..=130).contains(&kept.len()), "{}", kept.len());
    let content = vec![7; 2000].into();
    let frame = BoltFrame {
        content,
        ..oneway(V1, 0, ECHO)
    };
    let error = client.try_send(frame).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overflow);
}

#[tokio::test]
async fn a_frame_above_the_outbox_limit_is_admitted_when_nothing_else_waits() {
    let (client, _server) = pair(bolt, NoHandler, handler(), small_outbox());
    let big = 1024 * 1024;
    let calls = (0..5).map(|_| client.call(call(big), SEC * 3600));
    for outcome in within(join_all(calls)).await {
        assert_eq!(outcome.unwrap().content.len(), big);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gets_no_room_until_its_deadline_was_not_sent() {
    let (_peer, io) = peer::in_memory(bolt(), 1024);
    let client = over(io, Role::Client, NoHandler, small_outbox());
    let first = client.start_call(call(100_000), far()).await.unwrap();
    let error = client.call(call(1000), SEC).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.was_sent()),
        (ErrorKind::Timeout, false)
    );
    assert_eq!(client.stats().calls_waiting, 1);
    drop(first);
}

#[tokio::test]
async fn a_call_that_is_given_up_while_it_waits_for_room_was_not_sent() {
    let (mut peer, io) = peer::in_memory(bolt(), 1024);
    let client = over(io, Role::Client, NoHandler, small_outbox());
    let _first = client.start_call(call(100_000), far()).await.unwrap();
    {
        let mut waiting = Box::pin(client.start_call(call(1000), far()));
        assert!((&mut waiting).now_or_never().is_none());
    }
    let last = client.start_call(call(3), far());
    let (large, last) = tokio::join!(peer.recv(), within(last));
    assert_eq!(large.content.len(), 100_000);
    let _last = last.unwrap();
    assert_eq!(peer.recv().await.content.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn calls_above_the_cap_of_calls_in_flight_wait_for_an_answer_or_a_cancelled_call() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let mut config = untimed();
    config.max_in_flight = 2;
    let client = over(io, Role::Client, NoHandler, config);
    let first = client.start_call(call(1), far()).await.unwrap();
    let second = client.start_call(call(2), far()).await.unwrap();
    peer.recv().await;
    let request = peer.recv().await;
    let overflow = client.try_call(call(3), far()).unwrap_err();
    assert_eq!(overflow.kind(), ErrorKind::Overflow);

    let wait = |len| {
        let client = client.clone();
        tokio::spawn(async move { client.start_call(call(len), far()).await })
    };
    let (third, fourth) = (wait(3), wait(4));
    // Nothing is left to do for anybody but to wait.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    drop(first);
    let _third = within(third).await.unwrap().unwrap();
    assert_eq!(peer.recv().await.content.len(), 3);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!fourth.is_finished());
    peer.send(request.respond(ECHO, "")).await;
    within(second).await.unwrap();
    let _fourth = within(fourth).await.unwrap().unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_room_ends_when_the_connection_does() {
    let (peer, io) = peer::in_memory(bolt(), 1024);
    let client = over(io, Role::Client, NoHandler, small_outbox());
    let first = client.start_call(call(100_000), far()).await.unwrap();
    let second = client.call(call(1000), SEC * 3600);
    let (first, second, ()) = tokio::join!(within(first), within(second), async {
        tokio::task::yield_now().await;
        drop(peer);
    });
    assert_eq!(
        (
            first.unwrap_err().was_sent(),
            second.unwrap_err().was_sent()
        ),
        (true, false)
    );
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_closed_after_the_stall_timeout() {
    let (mut peer, io) = peer::in_memory(bolt(), 1024);
    let mut config = small_outbox();
    config.write_stall_timeout = Some(SEC * 30);
    let client = over(io, Role::Client, NoHandler, config);
    let pending = client.start_call(call(50_000), far()).await.unwrap();
    // Any progress buys the full time again.
    tokio::time::sleep(SEC * 20).await;
    let mut some = [0; 100];
    tokio::io::AsyncReadExt::read_exact(&mut peer.io, &mut some)
        .await
        .unwrap();
    let start = Instant::now();
    let error = within(pending).await.unwrap_err();
    assert_eq!(error.close_reason(), Some(&CloseReason::WriteStalled));
    assert_eq!(start.elapsed().as_secs(), 30);
    within(client.closed()).await;
}

#[tokio::test]
async fn two_ends_that_send_ten_megabytes_at_once_do_not_block_each_other() {
    const LARGE: usize = 10 * 1024 * 1024;
    let (client, server) = pair(bolt, handler(), handler(), untimed());
    let calls = [&client, &server, &client, &server]
        .map(|connection| connection.call(call(LARGE), SEC * 3600));
    for outcome in within(join_all(calls)).await {
        assert_eq!(outcome.unwrap().content.len(), LARGE);
    }
}

#[tokio::test]
async fn answers_that_are_not_read_are_bounded_in_bytes_even_within_one_read() {
    const SENT: u32 = 4000;
    let (mut peer, io) = peer::in_memory(bolt(), 1024 * 1024);
    let mut config = small_outbox();
    config.answer_backlog = 256 * 1024;
    let server = over(io, Role::Server, handler(), config);
    let requests: Vec<u8> = (1..=SENT)
        .flat_map(|id| bytes_of(&bolt(), request(V1, id, BYTES, "")))
        .collect();
    peer.send_bytes(&requests).await;
    eventually(|| server.stats().requests_refused > 0).await;
    let mut served = 0;
    for _ in 0..SENT {
        served += u32::from(status(&peer.recv().await) == ResponseStatus::SUCCESS);
    }
    // The pipe, the outbox, the backlog, and what one look at them may miss.
    assert!((300..=1024 + 64 + 256 + 64).contains(&served), "{served}");
}

#[tokio::test]
async fn a_server_whose_answers_are_not_read_goes_on_reading_and_refuses() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let mut config = small_outbox();
    config.max_in_flight = 300;
    let server = over(io, Role::Server, handler(), config);
    // 64 KiB of answers fit the outbox; three hundred wait beside it; then it is busy.
    let mut sent = 0;
    while server.stats().requests_refused < 20 {
        sent += 1;
        assert!(sent < 10_000, "nothing is refused");
        peer.send(request(V1, sent, BYTES, "")).await;
    }
    let stats = server.stats();
    assert!(stats.bytes_queued <= 64 * 1024, "{stats:?}");
    assert!((350..=600).contains(&sent), "{sent}");
    // All of them are answered once the peer reads.
    let mut busy = 0;
    for _ in 0..sent {
        match status(&peer.recv().await) {
            ResponseStatus::SUCCESS => {}
            ResponseStatus::SERVER_THREADPOOL_BUSY => busy += 1,
            other => panic!("{other}"),
        }
    }
    assert!(busy >= 20);
    let stats = server.stats();
    assert_eq!((stats.requests_in_flight, stats.bytes_queued), (0, 0));
}

#[tokio::test]
async fn a_peer_that_provokes_refusals_without_end_and_reads_none_is_cut_off() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let mut config = small_outbox();
    config.max_in_flight = 100;
    let server = over(io, Role::Server, handler(), config);
    let batch = bytes_of(&bolt(), heartbeat(V1, 1)).repeat(1000);
    let flood = async {
        // Ends with an error when the other side closes.
        while tokio::io::AsyncWriteExt::write_all(&mut peer.io, &batch)
            .await
            .is_ok()
        {}
    };
    within(async { tokio::select!(() = flood => {}, () = server.closed() => {}) }).await;
    assert_eq!(server.close_reason(), Some(CloseReason::WriteStalled));
}

/// `NEVER` waits, and each request has this much content.
async fn requests_of(len: usize, peer: &mut Peer<Bolt, DuplexStream>, ids: Range<u32>) {
    let bytes = ids.flat_map(|id| bytes_of(&bolt(), request(V1, id, NEVER, vec![7; len])));
    peer.send_bytes(&bytes.collect::<Vec<u8>>()).await;
}

#[tokio::test]
async fn requests_being_handled_are_bounded_in_bytes() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let mut config = untimed();
    config.request_backlog = 400 * 1024;
    let server = over(io, Role::Server, handler(), config);
    requests_of(100 * 1024, &mut peer, 1..5).await;
    // The last one takes more than was left, and is the last one.
    requests_of(1, &mut peer, 5..7).await;
    for id in [5, 6] {
        let refused = peer.recv().await;
        let busy = ResponseStatus::SERVER_THREADPOOL_BUSY;
        assert_eq!((refused.id, status(&refused)), (id, busy));
    }
    let stats = server.stats();
    assert_eq!((stats.requests_in_flight, stats.requests_refused), (4, 2));
}

#[tokio::test]
async fn large_requests_of_one_read_don_t_get_past_the_bound_in_bytes() {
    let (mut peer, io) = peer::in_memory(bolt(), 1024 * 1024);
    let mut config = untimed();
    config.request_backlog = 1;
    let server = over(io, Role::Server, handler(), config);
    requests_of(70 * 1024, &mut peer, 1..11).await;
    for _ in 0..9 {
        let status = status(&peer.recv().await);
        assert_eq!(status, ResponseStatus::SERVER_THREADPOOL_BUSY);
    }
    assert_eq!(server.stats().requests_in_flight, 1);
}

#[tokio::test]
async fn requests_that_have_ended_make_room_for_a_larger_one() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let mut config = untimed();
    config.request_backlog = 1024;
    let handler = handler_fn(|_cx, frame: BoltFrame| async move {
        tokio::task::yield_now().await;
        Some(frame.respond(ECHO, ""))
    });
    let _server = over(io, Role::Server, handler, config);
    for id in 1..10 {
        requests_of(100 * 1024, &mut peer, id..id + 1).await;
        let answer = peer.recv().await;
        assert_eq!((answer.id, status(&answer)), (id, ResponseStatus::SUCCESS));
    }
}

#[tokio::test]
async fn no_calls_in_flight_at_all_counts_as_one() {
    let mut config = untimed();
    config.max_in_flight = 0;
    let (client, _server) = pair(bolt, NoHandler, handler(), config);
    for _ in 0..3 {
        let answer = within(client.call(call(3), SEC * 3600)).await.unwrap();
        assert_eq!(answer.content.len(), 3);
    }
}

#[tokio::test]
async fn handlers_in_flight_are_capped_and_heartbeats_still_answered() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let mut config = untimed();
    config.max_in_flight = 3;
    let server = over(io, Role::Server, handler(), config);
    let batch: Vec<u8> = (1..=5)
        .flat_map(|id| bytes_of(&bolt(), request(V1, id, NEVER, "")))
        .collect();
    peer.send_bytes(&batch).await;
    peer.send(heartbeat(V1, 6)).await;
    for id in [4, 5] {
        let refused = peer.recv().await;
        let busy = ResponseStatus::SERVER_THREADPOOL_BUSY;
        assert_eq!((refused.id, status(&refused)), (id, busy));
    }
    assert_eq!(peer.recv().await.id, 6);
    assert_eq!(server.stats().requests_in_flight, 3);
}

fn timed() -> ConnectionConfig {
    let mut config = ConnectionConfig::server();
    config.idle_timeout = None;
    config
}

#[tokio::test(start_paused = true)]
async fn a_peer_without_a_first_frame_is_closed_whatever_it_dribbles() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let start = Instant::now();
    let server = over(io, Role::Server, handler(), timed());
    let bytes = bytes_of(&bolt(), request(V1, 1, ECHO, vec![0; 100]));
    for byte in bytes.chunks(1).take(19) {
        peer.send_bytes(byte).await;
        tokio::time::sleep(SEC).await;
    }
    peer.expect_end().await;
    assert_eq!(start.elapsed().as_secs(), 20);
    assert_eq!(server.close_reason(), Some(CloseReason::FirstFrameTimeout));
}

/// A Java client that has nothing to say beats for the first time after 15 s.
#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_before_its_first_heartbeat_of_fifteen_seconds_stays() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let server = over(io, Role::Server, handler(), ConnectionConfig::server());
    tokio::time::sleep(SEC * 16).await;
    peer.send(heartbeat(V1, 1)).await;
    assert_eq!(peer.recv().await.id, 1);
    tokio::time::sleep(SEC * 60).await;
    assert!(server.is_open());
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_dribbles_in_is_cut_thirty_seconds_after_its_first_byte() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let server = over(io, Role::Server, handler(), timed());
    peer.send(heartbeat(V1, 1)).await;
    assert_eq!(peer.recv().await.id, 1);
    tokio::time::sleep(SEC * 100).await;
    assert!(server.is_open(), "silence between frames is nobody's fault");
    let start = Instant::now();
    let bytes = bytes_of(&bolt(), request(V1, 1, ECHO, vec![0; 100]));
    for byte in bytes.chunks(1).take(29) {
        peer.send_bytes(byte).await;
        tokio::time::sleep(SEC).await;
    }
    peer.expect_end().await;
    assert_eq!(start.elapsed().as_secs(), 30);
    assert_eq!(server.close_reason(), Some(CloseReason::FrameTimeout));
}

#[tokio::test(start_paused = true)]
async fn a_server_closes_ninety_seconds_after_the_last_byte_received() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let server = over(io, Role::Server, handler(), ConnectionConfig::server());
    peer.send(heartbeat(V1, 1)).await;
    assert_eq!(peer.recv().await.id, 1);
    tokio::time::sleep(SEC * 60).await;
    // What the server sends is no sign of life of the peer.
    server.send(oneway(V1, 0, ECHO), far()).await.unwrap();
    peer.recv().await;
    let start = Instant::now();
    peer.expect_end().await;
    assert_eq!(start.elapsed().as_secs(), 30);
    assert_eq!(server.close_reason(), Some(CloseReason::Idle));
}

#[tokio::test(start_paused = true)]
async fn durations_of_any_size_can_be_given() {
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let mut config = ConnectionConfig::server();
    let ever = Some(Duration::MAX);
    (config.idle_timeout, config.first_frame_timeout) = (ever, ever);
    (config.frame_timeout, config.write_stall_timeout) = (ever, ever);
    config.heartbeat = Some(bolt_remoting::HeartbeatConfig::every(Duration::MAX));
    let server = over(io, Role::Server, handler(), config);
    let call = server.call(call(1), Duration::MAX);
    let (answer, ()) = tokio::join!(within(call), async {
        let request = peer.recv().await;
        tokio::time::sleep(SEC * 10_000).await;
        peer.send(request.respond(ECHO, "late")).await;
    });
    assert_eq!(answer.unwrap().content, "late");
    server.drain(Duration::MAX);
    peer.expect_end().await;
}
