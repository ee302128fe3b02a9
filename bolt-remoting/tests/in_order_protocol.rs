//! The engine runs a protocol without ids: answers come in the order of the requests, on both
//! sides, whatever happens to single requests.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bolt_codec::{CodecError, Role};
use bolt_remoting::{
    Client, CloseReason, Connection, ConnectionConfig, ErrorKind, FrameContext, FrameHandler,
    HeartbeatConfig, NoHandler, ResponseFuture, Server, handler_fn,
};
use support::lines::{LINES, Line, Lines};
use support::{SEC, eventually, far, pair, peer, untimed, within};
use tokio::io::DuplexStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

/// `never` is never answered, `nothing` has no answer, `panic` panics, `PING` is answered, the
/// rest is echoed.
fn echo() -> impl FrameHandler<Lines> {
    handler_fn(|_cx, line: Line| async move {
        match line.text() {
            "never" => std::future::pending().await,
            "nothing" => None,
            "panic" => panic!("as asked"),
            "PING" => Some(Line::answer("PONG")),
            text => Some(Line::answer(text)),
        }
    })
}

fn over(
    io: DuplexStream,
    role: Role,
    handler: impl FrameHandler<Lines>,
    config: ConnectionConfig,
) -> Connection<Lines> {
    Connection::over(
        io,
        Arc::new(LINES),
        role,
        Arc::new(handler),
        Arc::new(config),
    )
}

async fn ask(connection: &Connection<Lines>, text: &str) -> ResponseFuture<Lines> {
    connection.start_call(Line::ask(text), far()).await.unwrap()
}

async fn text(answer: ResponseFuture<Lines>) -> String {
    within(answer).await.unwrap().text().to_owned()
}

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
async fn answers_that_wait_for_their_turn_count_as_in_flight() {
    let (mut peer, io) = peer::in_memory(LINES, 1024 * 1024);
    let mut config = untimed();
    config.max_in_flight = 10;
    let server = over(io, Role::Server, echo(), config);
    peer.send_bytes(b"?never\n").await;
    eventually(|| server.stats().requests_in_flight == 1).await;
    for n in 2..=10 {
        peer.send_bytes(b"?quick\n").await;
        eventually(|| server.stats().requests_in_flight == n).await;
    }
    peer.send_bytes(b"?one too many\n").await;
    eventually(|| server.stats().requests_refused == 1).await;
    // Whoever goes on all the same is cut off before the answers fill the memory.
    peer.send_bytes(&b"?more\n".repeat(100)).await;
    within(server.closed()).await;
}

#[tokio::test]
async fn a_oneway_frame_holds_no_answer_back() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let server = over(io, Role::Server, echo(), untimed());
    peer.send_bytes(b"!never\n?a\n").await;
    assert_eq!(peer.recv().await, Line::answer("a"));
    assert_eq!(server.stats().requests_in_flight, 1);
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
async fn calls_that_are_never_answered_are_bounded_even_when_their_callers_have_gone() {
    let (_peer, io) = peer::in_memory(LINES, 1024 * 1024);
    let mut config = untimed();
    config.max_in_flight = 10;
    let client = over(io, Role::Client, NoHandler, config);
    for _ in 0..10 {
        drop(client.try_call(Line::ask("x"), far()).unwrap());
    }
    let error = client.try_call(Line::ask("x"), far()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overflow);
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
async fn a_refusal_waits_for_its_turn_too() {
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let mut config = untimed();
    config.max_in_flight = 1;
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let handler = handler_fn(move |_cx, line: Line| {
        let gate = Arc::clone(&opened);
        async move {
            gate.acquire().await.unwrap().forget();
            Some(Line::answer(line.text()))
        }
    });
    let server = over(io, Role::Server, handler, config);
    peer.send_bytes(b"?a\n?b\n").await;
    eventually(|| server.stats().requests_refused == 1).await;
    gate.add_permits(1);
    assert_eq!(peer.recv().await, Line::answer("a"));
    assert_eq!(peer.recv().await, Line::answer("no: Busy"));
}

#[tokio::test]
async fn a_panicking_handler_is_a_refusal_in_its_place() {
    let (client, _server) = pair(|| LINES, NoHandler, echo(), untimed());
    let calls = [
        ask(&client, "a").await,
        ask(&client, "panic").await,
        ask(&client, "b").await,
    ];
    let [a, panicked, b] = calls;
    assert_eq!(text(a).await, "a");
    assert_eq!(text(panicked).await, "no: HandlerFailed");
    assert_eq!(text(b).await, "b");
}

/// Without an answer in its place every later one would reach the wrong call.
#[tokio::test]
async fn a_request_that_gets_no_answer_closes_the_connection() {
    for (polite, asked) in [(true, "nothing"), (false, "panic")] {
        let (client, _server) = pair(|| Lines { polite }, NoHandler, echo(), untimed());
        let before = ask(&client, "a").await;
        let unanswered = ask(&client, asked).await;
        let after = ask(&client, "b").await;
        assert_eq!(text(before).await, "a");
        for call in [unanswered, after] {
            let error = within(call).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Closed, "{asked}");
        }
    }
}

/// The same when the protocol has no word for "busy".
#[tokio::test]
async fn a_request_that_is_refused_without_a_word_closes_the_connection() {
    let mut config = untimed();
    config.max_in_flight = 1;
    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let silent = Arc::new(Lines { polite: false });
    let server = Connection::over(io, silent, Role::Server, Arc::new(echo()), Arc::new(config));
    peer.send_bytes(b"?never\n?b\n?c\n").await;
    peer.expect_end().await;
    within(server.closed()).await;
}

/// And when the answer is no line.
#[tokio::test]
async fn an_answer_that_cannot_be_written_closes_the_connection() {
    let handler = handler_fn(|_cx, line: Line| async move {
        let twice = Line::answer(format!("{}\n{}", line.text(), line.text()));
        Some(if line.text() == "bad" {
            twice
        } else {
            Line::answer("fine")
        })
    });
    let (client, _server) = pair(|| LINES, NoHandler, handler, untimed());
    let (bad, after) = (ask(&client, "bad").await, ask(&client, "b").await);
    for call in [bad, after] {
        assert_eq!(within(call).await.unwrap_err().kind(), ErrorKind::Closed);
    }
}

/// What is cut off leaves a gap that nothing may fill.
#[tokio::test(start_paused = true)]
async fn answers_after_that_of_a_cut_off_request_are_not_sent() {
    // So narrow that answers are still on their way out when the handlers are cut off.
    let (mut peer, io) = peer::in_memory(LINES, 16);
    let server = over(io, Role::Server, echo(), untimed());
    let long = "x".repeat(1000);
    peer.send_bytes(format!("?{long}\n").as_bytes()).await;
    peer.send_bytes(b"?never\n").await;
    peer.send_bytes(b"?b\n").await;
    eventually(|| server.stats().requests_in_flight == 2).await;
    server.drain(Duration::ZERO);
    assert_eq!(peer.recv().await, Line::answer(long));
    peer.expect_end().await;
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
    let client = over(io, Role::Client, NoHandler, untimed());
    let (a, b) = (ask(&client, "a").await, ask(&client, "b").await);
    peer.send_bytes(b"=a\n=b").await;
    peer.finish().await;
    assert_eq!((text(a).await, text(b).await), ("a".into(), "b".into()));

    let (mut peer, io) = peer::in_memory(LINES, 4096);
    let _server = over(io, Role::Server, echo(), untimed());
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
