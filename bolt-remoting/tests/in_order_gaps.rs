//! Where answers go in order, none may be missing: the later ones would reach the wrong calls.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Role;
use bolt_remoting::{Connection, ErrorKind, NoHandler, handler_fn};
use support::lines::{LINES, Line, Lines, ask, echo, over, text};
use support::{eventually, far, pair, peer, untimed, within};
use tokio::sync::Semaphore;

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
async fn answers_that_wait_for_their_turn_are_bounded_in_bytes() {
    let (mut peer, io) = peer::in_memory(LINES, 1024 * 1024);
    let mut config = untimed();
    config.answer_backlog = 10_000;
    let server = over(io, Role::Server, echo(), config);
    peer.send_bytes(b"?never\n").await;
    let long = format!("?{}\n", "x".repeat(1000));
    for n in 2..=11 {
        peer.send_bytes(long.as_bytes()).await;
        eventually(|| server.stats().requests_in_flight == n).await;
    }
    assert_eq!(server.stats().requests_refused, 0);
    peer.send_bytes(b"?one too many\n").await;
    eventually(|| server.stats().requests_refused == 1).await;
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
        let (client, _server) = pair(|| Lines { polite, ..LINES }, NoHandler, echo(), untimed());
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
    let silent = Arc::new(Lines {
        polite: false,
        ..LINES
    });
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

#[tokio::test]
async fn an_answer_on_which_the_encoder_panics_closes_the_connection() {
    for waits in [false, true] {
        let (mut peer, io) = peer::in_memory(LINES, 4096);
        let handler = handler_fn(move |_cx, line: Line| async move {
            if waits {
                tokio::task::yield_now().await;
            }
            Some(Line::answer(line.text()))
        });
        let server = over(io, Role::Server, handler, untimed());
        peer.send_bytes(b"?a\n?unspeakable\n?b\n").await;
        assert_eq!(peer.recv().await, Line::answer("a"));
        peer.expect_end().await;
        within(server.closed()).await;
        assert_eq!(server.stats().requests_in_flight, 0);
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
