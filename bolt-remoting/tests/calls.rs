//! Calls in all styles: every one has exactly one outcome, and leaves nothing behind.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::SerializerCode;
use bolt_remoting::rpc::{Body, DecodeBody, EncodeBody, RpcClient, SerializerError};
use bolt_remoting::{Error, ErrorKind};
use futures::FutureExt;
use futures::future::join_all;
use support::bolt::{ECHO, NEVER, RAW, bolt, echo, processors};
use support::wire::{both, patient, server_with, setting};
use support::{SEC, peer, within};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

fn never() -> Body {
    Body::new(NEVER, "")
}

#[tokio::test]
async fn the_four_styles_give_the_same_answer() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (_server, address) = server_with(processors().handle_raw("Told", move |_cx, body| {
        tell.send(body.content).unwrap();
        async { Ok(Body::default()) }
    }))
    .await;
    let client = patient();
    let awaited = within(client.invoke_raw(RAW, &address, &echo("hi")).into_future()).await;
    assert_eq!(awaited.unwrap(), echo("hi"));

    let future = client.invoke_raw(RAW, &address, &echo("hi")).future().await;
    assert_eq!(within(future.unwrap()).await.unwrap(), echo("hi"));

    let (back, called) = oneshot::channel();
    let call = client.invoke_raw(RAW, &address, &echo("hi"));
    call.callback(|outcome| back.send(outcome).unwrap());
    assert_eq!(within(called).await.unwrap().unwrap(), echo("hi"));

    let body = Body::new("Told", "hi");
    client.oneway_with(&RAW, &address, &body).await.unwrap();
    assert_eq!(within(told.recv()).await.unwrap(), "hi");
}

/// The kinds of failure of one call in each style that has an outcome.
async fn outcomes(client: &RpcClient, address: &str, body: &Body, timeout: Duration) -> Vec<Error> {
    let call = || client.invoke_raw(RAW, address, body).timeout(timeout);
    let (back, called) = oneshot::channel();
    call().callback(|outcome| back.send(outcome).unwrap());
    let future = match call().future().await {
        Ok(answer) => within(answer).await,
        Err(error) => Err(error),
    };
    let outcomes = [call().await, future, within(called).await.unwrap()];
    outcomes.map(Result::unwrap_err).into()
}

#[tokio::test]
async fn failures_mean_the_same_in_every_style() {
    let (_server, address, client) = both().await;
    let (_reserved, nobody) = peer::nobody();
    let short = Duration::from_millis(20);
    for (address, body, timeout, kind) in [
        ("nonsense", echo(""), SEC, ErrorKind::InvalidAddress),
        (
            "h:1?_PROTOCOL=2&_VERSION=9",
            echo(""),
            SEC,
            ErrorKind::InvalidAddress,
        ),
        (&nobody, echo(""), SEC * 10, ErrorKind::Connect),
        (&address, never(), short, ErrorKind::Timeout),
        (&address, echo(""), Duration::ZERO, ErrorKind::Timeout),
        (
            &address,
            Body::new("Nobody", ""),
            SEC * 30,
            ErrorKind::ServerException,
        ),
        (
            &address,
            Body::new("x".repeat(40_000), ""),
            SEC,
            ErrorKind::Send,
        ),
    ] {
        for error in outcomes(&client, address, &body, timeout).await {
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
    assert_eq!(
        client
            .connect(&address)
            .await
            .unwrap()
            .engine()
            .stats()
            .calls_waiting,
        0
    );
}

#[tokio::test]
async fn a_deadline_that_has_passed_dials_nobody() {
    let (listener, address) = peer::listen().await;
    let client = patient();
    let call = client.invoke_raw(RAW, &address, &echo("x"));
    let error = call.timeout(Duration::ZERO).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.was_sent()),
        (ErrorKind::Timeout, false)
    );
    // The first one to come is this.
    let other = tokio::net::TcpStream::connect(&address).await.unwrap();
    let (_, from) = within(listener.accept()).await.unwrap();
    assert_eq!(from, other.local_addr().unwrap());
}

#[tokio::test]
async fn a_panicking_callback_harms_nobody() {
    let (_server, address, client) = both().await;
    let (back, called) = oneshot::channel::<()>();
    client.invoke_raw(RAW, &address, &echo("x")).callback(|_| {
        let _dropped_when_it_panics = back;
        panic!("as asked");
    });
    within(called).await.unwrap_err();
    let answer = client.invoke_raw(RAW, &address, &echo("fine")).await;
    assert_eq!(answer.unwrap(), echo("fine"));
}

#[tokio::test]
async fn a_callback_is_called_also_when_the_answer_cannot_be_read_for_a_panic() {
    struct Panics;
    impl EncodeBody<Body> for Panics {
        fn code(&self) -> SerializerCode {
            RAW.code
        }
        fn encode(&self, value: &Body) -> Result<Body, SerializerError> {
            Ok(value.clone())
        }
    }
    impl DecodeBody<Body> for Panics {
        fn decode(&self, _code: SerializerCode, _body: Body) -> Result<Body, SerializerError> {
            panic!("as asked")
        }
    }
    let (_server, address, client) = both().await;
    let (back, called) = oneshot::channel();
    let call = client.invoke_with::<_, Body, _>(&Arc::new(Panics), &address, &echo("x"));
    call.callback(|outcome| back.send(outcome).unwrap());
    let error = within(called).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deserialize);
}

#[tokio::test]
async fn many_who_wait_for_one_connection_share_one_dial() {
    let (server, address, client) = both().await;
    let calls = (0..200).map(|n| {
        client
            .invoke_raw(RAW, &address, &echo(n.to_string()))
            .future()
    });
    let answers = within(join_all(calls)).await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(within(answer.unwrap()).await.unwrap(), echo(n.to_string()));
    }
    assert_eq!(server.connections().len(), 1);
    assert_eq!(client.engine().connections().len(), 1);
}

#[tokio::test]
async fn a_refused_dial_fails_all_who_wait_and_is_not_remembered() {
    let (reserved, address) = peer::nobody();
    let client = patient();
    let calls = (0..50).map(|_| client.invoke_raw(RAW, &address, &echo("x")).future());
    for outcome in within(join_all(calls)).await {
        let error = outcome.unwrap_err();
        assert_eq!(
            (error.kind(), error.was_sent()),
            (ErrorKind::Connect, false)
        );
    }
    reserved.listen(1).unwrap();
    let listener = TcpListener::from_std(reserved.into()).unwrap();
    let call = client.invoke_raw(RAW, &address, &echo("x")).future();
    let (call, mut peer) = tokio::join!(call, peer::accept(bolt(), &listener));
    let request = peer.recv().await;
    peer.send(request.respond(ECHO, "welcome")).await;
    assert_eq!(within(call.unwrap()).await.unwrap(), echo("welcome"));
}

#[tokio::test]
async fn one_who_gives_up_waiting_spoils_the_dial_for_nobody() {
    let (_server, address, client) = both().await;
    let call = || client.invoke_raw(RAW, &address, &echo("x")).future();
    let mut first = Box::pin(call());
    assert!((&mut first).now_or_never().is_none());
    let second = call();
    drop(first);
    assert_eq!(
        within(within(second).await.unwrap()).await.unwrap(),
        echo("x")
    );
}

#[tokio::test]
async fn closing_a_connection_ends_its_calls_at_once() {
    let (_server, address, client) = both().await;
    let mut answers = Vec::new();
    for _ in 0..100 {
        let call = client.invoke_raw(RAW, &address, &never());
        answers.push(call.future().await.unwrap());
    }
    let connection = client.connect(&address).await.unwrap().engine().clone();
    connection.close();
    for answer in answers {
        let error = within(answer).await.unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Closed, true));
    }
    assert_eq!(connection.stats().calls_waiting, 0);
    let answer = client
        .invoke_raw(RAW, &address, &echo("dialed again"))
        .await;
    assert_eq!(answer.unwrap(), echo("dialed again"));
}

#[tokio::test]
async fn a_server_that_closes_or_resets_ends_the_calls_with_the_reason() {
    for reset in [false, true] {
        let mut setting = setting(Default::default()).await;
        let calls = [setting.call().await, setting.call().await];
        assert_eq!(
            (setting.peer.recv().await.id, setting.peer.recv().await.id),
            (1, 2)
        );
        if reset {
            setting.peer.reset();
        } else {
            drop(setting.peer);
        }
        for call in calls {
            let error = within(call).await.unwrap_err();
            assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Closed, true));
            assert_eq!(error.peer(), setting.connection.peer_addr());
        }
        within(setting.connection.engine().closed()).await;
    }
}

#[tokio::test]
async fn whoever_waits_shorter_than_the_deadline_can_go_on_waiting() {
    let mut setting = setting(Default::default()).await;
    let mut answer = setting.call().await;
    let request = setting.peer.recv().await;
    let impatient = tokio::time::timeout(Duration::from_millis(1), &mut answer);
    within(impatient).await.unwrap_err();
    setting.peer.send(request.respond(ECHO, "late")).await;
    assert_eq!(within(answer).await.unwrap(), echo("late"));
}

#[tokio::test]
async fn an_awaited_call_is_made_by_its_first_poll_and_wakes_who_polled_it_last() {
    let mut setting = setting(Default::default()).await;
    let mut call = setting.connection.invoke_raw(RAW, &echo("x")).into_future();
    let waiting = || setting.connection.engine().calls_waiting();
    assert_eq!(waiting(), 0);
    assert!((&mut call).now_or_never().is_none());
    assert_eq!(waiting(), 1);
    let elsewhere = tokio::spawn(call);
    tokio::task::yield_now().await;
    let request = setting.peer.recv().await;
    setting.peer.send(request.respond(ECHO, "y")).await;
    assert_eq!(within(elsewhere).await.unwrap().unwrap(), echo("y"));
}

#[tokio::test]
async fn a_call_waits_for_room_unless_it_is_to_fail() {
    let (_server, address) = server_with(processors()).await;
    let mut config = bolt_remoting::ConnectionConfig::client();
    config.max_in_flight = 1;
    let client = RpcClient::builder().config(config).timeout(SEC * 30);
    let client = client.build().unwrap();
    let first = client.invoke_raw(RAW, &address, &never()).future().await;
    let second = client.invoke_raw(RAW, &address, &echo("x"));
    for _ in 0..2 {
        let call = client.invoke_raw(RAW, &address, &echo("x"));
        let error = within(call.fail_when_full().into_future()).await;
        let error = error.unwrap_err();
        assert_eq!(
            (error.kind(), error.was_sent()),
            (ErrorKind::Overflow, false)
        );
    }
    let mut second = second.into_future();
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    assert_eq!(within(second).await.unwrap(), echo("x"));
}

#[tokio::test]
async fn a_call_whose_connection_closes_before_it_took_it_goes_to_another_one() {
    let (_server, address) = server_with(processors()).await;
    let mut config = bolt_remoting::ConnectionConfig::client();
    config.max_in_flight = 1;
    let client = RpcClient::builder().config(config).timeout(SEC * 30);
    let client = client.build().unwrap();
    let connection = client.connect(&address).await.unwrap();
    let _first = client.invoke_raw(RAW, &address, &never()).future().await;
    let mut waiting = client.invoke_raw(RAW, &address, &echo("x")).into_future();
    assert!((&mut waiting).now_or_never().is_none());
    // In order or not, it takes no further calls.
    connection.engine().drain(SEC * 30);
    assert_eq!(within(waiting).await.unwrap(), echo("x"));
    // A call on that very connection has no other one.
    let error = within(connection.invoke_raw(RAW, &echo("x")).into_future()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Closed);
}
