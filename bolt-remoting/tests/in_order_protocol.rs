//! The engine runs a protocol without ids: answers come in the order of the requests, on both
//! sides, whatever happens to single requests.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use bolt_codec::{CodecError, Correlation, FrameDecoder, Limits, Protocol, Role};
use bolt_remoting::{
    Client, CloseReason, Connection, ConnectionConfig, ErrorKind, FrameContext, HeartbeatConfig,
    NoHandler, Server, handler_fn,
};
use bytes::BytesMut;
use support::lines::{LINES, Line, LineCodec, Lines, ask, echo, over, text};
use support::{SEC, eventually, far, pair, peer, untimed, within};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_concurrent_calls_get_their_own_answers_over_tcp() {
    let server = Server::builder(LINES, echo()).bind("127.0.0.1:0").await;
    let address = server.as_ref().unwrap().local_addr().to_string();
    let client = Client::builder(LINES).build();
    let tasks = (0..20).map(|task| {
        let (client, address) = (client.clone(), address.clone());
        tokio::spawn(async move {
            let connection = client.connection(&address, far()).await.unwrap();
            for n in 0..50 {
                let asked = format!("{task}-{n}");
                let answer = connection.call(Line::ask(&asked), SEC * 30).await;
                assert_eq!(answer.unwrap().text(), asked);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        within(task).await.unwrap();
    }
}

/// The next answer would reach the wrong call.
#[tokio::test]
async fn a_frame_of_the_wrong_kind_is_neither_called_with_nor_sent() {
    let (client, _server) = pair(|| LINES, NoHandler, echo(), untimed());
    let told = || Line::tell("x");
    let outcomes = [
        client.call(told(), SEC).await.map(drop),
        client.start_call(told(), far()).await.map(drop),
        client.try_call(told(), far()).map(drop),
        client.send(Line::ask("x"), far()).await,
        client.try_send(Line::ask("x")),
    ];
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Send, false));
    }
    assert_eq!(text(ask(&client, "y").await).await, "y");
}

#[tokio::test]
async fn nothing_is_sent_after_its_deadline() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let client = over(io, Role::Client, NoHandler, untimed());
    let error = client.send(Line::tell("late"), Instant::now()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Timeout);
    client.send(Line::tell("in time"), far()).await.unwrap();
    assert_eq!(peer.recv().await.text(), "in time");
}

#[tokio::test]
async fn a_server_answers_in_the_order_of_the_requests_though_handlers_finish_out_of_order() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let (enter, mut entered) = mpsc::unbounded_channel();
    let handler = handler_fn(move |_cx, line: Line| {
        let gate = Arc::new(Semaphore::new(0));
        enter.send(Arc::clone(&gate)).unwrap();
        async move {
            gate.acquire().await.unwrap().forget();
            Some(Line::answer(line.text()))
        }
    });
    let server = over(io, Role::Server, handler, untimed());
    peer.send_bytes(b"?a\n?b\n?c\n").await;
    let mut gates = Vec::new();
    for _ in 0..3 {
        gates.push(within(entered.recv()).await.unwrap());
    }
    for gate in gates.iter().rev() {
        gate.add_permits(1);
    }
    for expected in ["a", "b", "c"] {
        assert_eq!(peer.recv().await, Line::answer(expected));
    }
    assert_eq!(server.stats().requests_in_flight, 0);
}

#[tokio::test]
async fn answers_after_that_of_a_cancelled_call_reach_the_right_calls() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let client = over(io, Role::Client, NoHandler, untimed());
    let (a, b, c) = (
        ask(&client, "a").await,
        ask(&client, "b").await,
        ask(&client, "c").await,
    );
    drop(b);
    for expected in ["a", "b", "c"] {
        let asked = peer.recv().await;
        assert_eq!(asked, Line::ask(expected));
        peer.send(Line::answer(asked.text())).await;
    }
    assert_eq!((text(a).await, text(c).await), ("a".into(), "c".into()));
    assert_eq!(client.stats().late_answers, 1);
}

#[tokio::test(start_paused = true)]
async fn answers_after_that_of_a_timed_out_call_reach_the_right_calls() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let client = over(io, Role::Client, NoHandler, untimed());
    let late = client.call(Line::ask("a"), SEC);
    assert_eq!(late.await.unwrap_err().kind(), ErrorKind::Timeout);
    let kept = ask(&client, "b").await;
    peer.send_bytes(b"=a\n=b\n").await;
    assert_eq!(text(kept).await, "b");
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_counted_and_dropped() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let client = over(io, Role::Client, NoHandler, untimed());
    peer.send_bytes(b"=what?\n").await;
    eventually(|| client.stats().late_answers == 1).await;
    let call = ask(&client, "a").await;
    peer.send_bytes(b"=a\n").await;
    assert_eq!(text(call).await, "a");
}

#[tokio::test]
async fn a_oneway_frame_has_no_part_in_the_order() {
    let (client, server) = pair(|| LINES, NoHandler, echo(), untimed());
    let a = ask(&client, "a").await;
    client
        .send(Line::tell("nobody answers"), far())
        .await
        .unwrap();
    let b = ask(&client, "b").await;
    assert_eq!((text(a).await, text(b).await), ("a".into(), "b".into()));
    eventually(|| server.stats().requests_in_flight == 0).await;
}

#[tokio::test]
async fn both_ends_call_each_other_at_once() {
    let server = handler_fn(|cx: FrameContext<Lines>, line: Line| async move {
        let back = cx.connection().call(Line::ask("who?"), SEC * 30).await;
        let name = back.unwrap().text().to_owned();
        Some(Line::answer(format!("{} {name}", line.text())))
    });
    let client = handler_fn(|_cx, _line| async move { Some(Line::answer("me")) });
    let (client, _server) = pair(|| LINES, client, server, untimed());
    let (a, b) = (ask(&client, "hello").await, ask(&client, "goodbye").await);
    assert_eq!(text(a).await, "hello me");
    assert_eq!(text(b).await, "goodbye me");
}

fn beating() -> ConnectionConfig {
    let mut config = untimed();
    config.heartbeat = Some(HeartbeatConfig::every(SEC * 15));
    config
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_request_serves_as_heartbeat_and_its_answer_reaches_no_call() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let client = over(io, Role::Client, NoHandler, beating());
    let a = ask(&client, "a").await;
    assert_eq!(peer.recv().await, Line::ask("a"));
    assert_eq!(peer.recv().await, Line::ask("PING"));
    let b = ask(&client, "b").await;
    assert_eq!(peer.recv().await, Line::ask("b"));
    peer.send_bytes(b"=a\n=PONG\n=b\n").await;
    assert_eq!((text(a).await, text(b).await), ("a".into(), "b".into()));
    assert_eq!(client.stats().late_answers, 0);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_a_silent_connection_open_for_hours() {
    let (client, server) = pair(|| LINES, echo(), echo(), beating());
    tokio::time::sleep(SEC * 7200).await;
    assert!(client.is_open() && server.is_open());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_heartbeat_is_given_up_in_the_promised_time() {
    let (_peer, io) = peer::in_memory(LINES, 4096);
    let start = Instant::now();
    let client = over(io, Role::Client, NoHandler, beating());
    let error = within(ask(&client, "a").await).await.unwrap_err();
    assert_eq!(error.close_reason(), Some(&CloseReason::HeartbeatTimeout));
    assert_eq!(start.elapsed().as_secs(), 46);
}

#[tokio::test]
async fn a_request_that_cannot_be_written_leaves_the_order_intact() {
    let (client, _server) = pair(|| LINES, NoHandler, echo(), untimed());
    let a = ask(&client, "a").await;
    let error = client.call(Line::ask("two\nlines"), SEC).await.unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Send, false));
    let b = ask(&client, "b").await;
    assert_eq!((text(a).await, text(b).await), ("a".into(), "b".into()));
}

#[tokio::test]
async fn a_line_that_is_no_frame_closes_the_connection() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let client = over(io, Role::Client, NoHandler, untimed());
    let call = ask(&client, "a").await;
    peer.send_bytes(b"huh\n").await;
    let error = within(call).await.unwrap_err();
    let reason = CodecError::malformed("a line without its mark");
    assert_eq!(error.close_reason(), Some(&CloseReason::Codec(reason)));
}

/// The decoder may find a last frame when the stream ends.
#[tokio::test]
async fn the_last_line_may_end_with_the_stream() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let lax = Arc::new(Lines { lax: true, ..LINES });
    let config = Arc::new(untimed());
    let (role, nobody) = (Role::Client, Arc::new(NoHandler));
    let client = Connection::over(io, Arc::clone(&lax), role, nobody, Arc::clone(&config));
    let (a, b) = (ask(&client, "a").await, ask(&client, "b").await);
    peer.send_bytes(b"=a\n=b").await;
    peer.finish().await;
    assert_eq!((text(a).await, text(b).await), ("a".into(), "b".into()));

    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let _server = Connection::over(io, lax, Role::Server, Arc::new(echo()), config);
    peer.send_bytes(b"?last").await;
    peer.finish().await;
    assert_eq!(peer.recv().await, Line::answer("last"));
    peer.expect_end().await;
}

#[tokio::test]
async fn draining_answers_what_runs_and_refuses_the_rest_in_order() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let handler = handler_fn(move |_cx, line: Line| {
        let gate = Arc::clone(&opened);
        async move {
            gate.acquire().await.unwrap().forget();
            Some(Line::answer(line.text()))
        }
    });
    let server = over(io, Role::Server, handler, untimed());
    peer.send_bytes(b"?a\n").await;
    eventually(|| server.stats().requests_in_flight == 1).await;
    server.drain(SEC * 3600);
    peer.send_bytes(b"?b\n").await;
    eventually(|| server.stats().requests_refused == 1).await;
    gate.add_permits(1);
    assert_eq!(peer.recv().await, Line::answer("a"));
    assert_eq!(peer.recv().await, Line::answer("no: ShuttingDown"));
    peer.expect_end().await;
}

/// The same protocol with a decoder that takes all bytes as they come.
struct Hoarding;

struct Hoard {
    bytes: BytesMut,
    lines: LineCodec,
}

impl FrameDecoder for Hoard {
    type Frame = Line;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Line>, CodecError> {
        self.bytes.unsplit(src.split());
        self.lines.decode(&mut self.bytes)
    }

    fn is_mid_frame(&self) -> bool {
        !self.bytes.is_empty()
    }

    fn decode_eof(&mut self, _src: &mut BytesMut) -> Result<Option<Line>, CodecError> {
        self.lines.decode_eof(&mut self.bytes)
    }
}

impl Protocol for Hoarding {
    type Frame = Line;
    type Decoder = Hoard;
    type Encoder = LineCodec;
    type Session = ();

    const NAME: &'static str = "hoarding";
    const CORRELATION: Correlation = Correlation::InOrder;

    fn open(&self, role: Role, limits: &Limits) -> (Hoard, LineCodec, ()) {
        let (lines, encoder, ()) = LINES.open(role, limits);
        let bytes = BytesMut::new();
        (Hoard { bytes, lines }, encoder, ())
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_a_decoder_keeps_to_itself_are_a_begun_frame() {
    let (mut peer, io) = tokio::io::duplex(64);
    let mut config = untimed();
    config.frame_timeout = Some(SEC * 30);
    let (protocol, config) = (Arc::new(Hoarding), Arc::new(config));
    let server = Connection::over(io, protocol, Role::Server, Arc::new(NoHandler), config);
    peer.write_all(b"!a whole line\n").await.unwrap();
    tokio::time::sleep(SEC * 100).await;
    assert!(server.is_open());
    let start = Instant::now();
    peer.write_all(b"!half a li").await.unwrap();
    within(server.closed()).await;
    assert!(start.elapsed() >= SEC * 30 && start.elapsed() < SEC * 32);
    assert_eq!(server.close_reason(), Some(CloseReason::FrameTimeout));
}
