//! Many calls, large calls, and calls that are given up: all correct, and nothing left behind.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use bolt_remoting::rpc::{Body, Processors, RpcClient};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::join_all;
use support::bolt::{ECHO, NEVER, RAW, echo, processors};
use support::wire::{both, server_with};
use support::{SEC, eventually, within};
use tokio::sync::Barrier;

#[tokio::test]
async fn ten_thousand_calls_are_in_flight_on_one_connection_at_once() {
    const CALLS: usize = 10_000;
    let all = Arc::new(Barrier::new(CALLS));
    let (server, address) = server_with(Processors::new().handle_raw(ECHO, move |_cx, body| {
        let all = Arc::clone(&all);
        async move {
            all.wait().await;
            Ok(body)
        }
    }))
    .await;
    let client = RpcClient::builder().timeout(SEC * 3600).build().unwrap();
    let mut answers = Vec::new();
    for n in 0..CALLS {
        let call = client.invoke_raw(RAW, &address, &echo(n.to_string()));
        answers.push(call.future().await.unwrap());
    }
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(within(answer).await.unwrap(), echo(n.to_string()));
    }
    let stats = client.connect(&address).await.unwrap().engine().stats();
    assert_eq!(
        (stats.calls_waiting, stats.late_answers, stats.bytes_queued),
        (0, 0, 0)
    );
    let stats = server.connections()[0].engine().stats();
    assert_eq!((stats.requests_in_flight, stats.requests_refused), (0, 0));
}

#[tokio::test]
async fn ten_thousand_nested_calls_end_without_deadlock() {
    let (_server, address) =
        server_with(Processors::new().handle_raw(ECHO, |cx, body| async move {
            let back = cx.connection().invoke_raw(RAW, &body).timeout(SEC * 3600);
            Ok(back.await?)
        }))
        .await;
    let client = RpcClient::builder()
        .processors(processors())
        .timeout(SEC * 3600);
    let client = client.build().unwrap();
    let calls = (0..10_000).map(|n| {
        let call = client.invoke_raw(RAW, &address, &echo(n.to_string()));
        async move { assert_eq!(call.await.unwrap(), echo(n.to_string())) }
    });
    within(join_all(calls)).await;
}

#[tokio::test]
async fn sixty_megabytes_and_nothing_travel_both_ways() {
    let (_server, address, client) = both().await;
    for len in [60 * 1024 * 1024, 5_000_000, 1, 0] {
        let body: Bytes = (0..len).map(|n| n as u8).collect();
        let call = client.invoke_raw(
            RAW,
            format!("{address}?_PROTOCOL=2&_VERSION=2"),
            &echo(body.clone()),
        );
        let answer = within(call.into_future()).await.unwrap();
        assert!(answer.content == body, "{len}");
    }
}

#[tokio::test]
async fn a_thousand_cancelled_calls_leave_nothing_behind() {
    let (server, address, client) = both().await;
    let connection = client.connect(&address).await.unwrap().engine().clone();
    for n in 0..1000 {
        let body = if n % 3 == 0 {
            Body::new(NEVER, "")
        } else {
            echo("x")
        };
        let call = client.invoke_raw(RAW, &address, &body);
        if n % 2 == 0 {
            let _ = call.into_future().now_or_never();
        } else {
            drop(call.future().await.unwrap());
        }
        if n % 5 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(connection.stats().calls_waiting, 0);
    // The connection is in step, and the server has handled what could be handled.
    let answer = client.invoke_raw(RAW, &address, &echo("in step")).await;
    assert_eq!(answer.unwrap(), echo("in step"));
    client.shutdown(SEC * 30).await;
    eventually(|| server.connections().is_empty()).await;
}
