//! A read may bring many frames: how soon the answers to the first of them are on their way, that all
//! answers in it are there at once, and that they are in time if they were read in time.

#![allow(clippy::unwrap_used)]

mod support;

use bolt_codec::Role;
use bolt_remoting::{ErrorKind, FrameContext, NoHandler, handler_fn};
use futures::FutureExt;
use support::lines::{LINES, Line, Lines, ask, echo, over, text};
use support::peer::in_memory;
use support::{SEC, untimed, within};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::time::Instant;

/// How many lines each look at the stream finds, until there were so many.
async fn looks(io: &mut DuplexStream, line: &str, mut left: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut bytes = [0; 4 * 1024];
    while left > 0 {
        let read = within(io.read(&mut bytes)).await.unwrap();
        let lines = read / line.len();
        assert_eq!(&bytes[..read], line.repeat(lines).as_bytes());
        found.push(lines);
        left -= lines;
    }
    found
}

/// The answers to so many requests that come in one piece.
async fn answers(requests: usize) -> Vec<usize> {
    let (mut peer, io) = in_memory(LINES, 64 * 1024);
    let _server = over(io, Role::Server, echo(), untimed());
    peer.send_bytes("?a\n".repeat(requests).as_bytes()).await;
    looks(&mut peer.io, "=a\n", requests).await
}

#[tokio::test]
async fn the_first_half_is_answered_before_the_second_is_handled() {
    assert_eq!(answers(200).await, [128, 72]);
    assert_eq!(answers(256).await, [128, 128]);
}

#[tokio::test]
async fn a_read_that_is_not_long_is_answered_in_one_piece() {
    assert_eq!(answers(128).await, [128]);
}

#[tokio::test]
async fn a_read_of_more_than_two_such_halves_is_not_cut_into_pieces() {
    assert_eq!(answers(300).await, [300]);
}

#[tokio::test]
async fn a_drain_between_the_halves_leaves_no_request_without_an_answer() {
    const REQUESTS: usize = 200;
    let (mut peer, io) = in_memory(LINES, 64 * 1024);
    let drains = handler_fn(|cx: FrameContext<Lines>, _line: Line| async move {
        cx.connection().drain(SEC);
        Some(Line::answer("a"))
    });
    let _server = over(io, Role::Server, drains, untimed());
    peer.send_bytes("?a\n".repeat(REQUESTS).as_bytes()).await;
    let mut answers = String::new();
    let read = within(peer.io.read_to_string(&mut answers)).await;
    read.unwrap();
    let refused = answers.lines().filter(|line| line.starts_with("=no"));
    assert!(refused.count() > 0);
    assert_eq!(answers.lines().count(), REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_answer_was_read_does_not_time_out_between_the_halves() {
    let (mut peer, io) = in_memory(LINES, 64 * 1024);
    let server = over(io, Role::Server, echo(), untimed());
    let call = server.start_call(Line::ask("a"), Instant::now() + SEC);
    let call = within(call).await.unwrap();
    assert_eq!(looks(&mut peer.io, "?a\n", 1).await, [1]);
    peer.send_bytes(format!("{}=b\n", "?c\n".repeat(199)).as_bytes())
        .await;
    tokio::time::advance(SEC * 2).await;
    assert_eq!(text(call).await, "b");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_times_out_though_half_of_a_read_is_always_left() {
    let (mut peer, io) = in_memory(LINES, 64 * 1024);
    let server = over(io, Role::Server, echo(), untimed());
    let call = server.start_call(Line::ask("a"), Instant::now() + SEC);
    let call = within(call).await.unwrap();
    assert_eq!(looks(&mut peer.io, "?a\n", 1).await, [1]);
    let requests = "?c\n".repeat(200);
    peer.send_bytes(requests.as_bytes()).await;
    assert_eq!(looks(&mut peer.io, "=c\n", 128).await, [128]);
    peer.send_bytes(requests.as_bytes()).await;
    tokio::time::advance(SEC * 2).await;
    for _ in 0..3 {
        assert_eq!(looks(&mut peer.io, "=c\n", 200).await, [200]);
        peer.send_bytes(requests.as_bytes()).await;
    }
    let error = call.now_or_never().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn answers_are_not_put_off_however_many_come_together() {
    const CALLS: usize = 200;
    let (mut peer, io) = in_memory(LINES, 64 * 1024);
    let client = over(io, Role::Client, NoHandler, untimed());
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        calls.push(ask(&client, "a").await);
    }
    looks(&mut peer.io, "?a\n", CALLS).await;
    peer.send_bytes("=b\n".repeat(CALLS).as_bytes()).await;
    let mut calls = calls.into_iter();
    text(calls.next().unwrap()).await;
    assert!(calls.all(|call| text(call).now_or_never().is_some()));
}
