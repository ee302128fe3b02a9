//! Calls whose outcome is given to a callback.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use bolt_remoting::rpc::{Body, Callback, RpcClient};
use bolt_remoting::{CloseReason, Error, ErrorKind, Result};
use support::bolt::{NEVER, RAW, body, echo};
use support::wire::both;
use support::within;
use tokio::sync::oneshot;

/// Passes on which of its methods was called, and where.
struct Told(Sender<(Result<Body>, String)>);

impl Told {
    fn tell(&self, outcome: Result<Body>) {
        let thread = std::thread::current();
        let place = thread.name().unwrap_or_default().to_owned();
        self.0.send((outcome, place)).unwrap();
    }
}

impl Callback<Body> for Told {
    fn on_response(self, response: Body) {
        self.tell(Ok(response));
    }

    fn on_error(self, error: Error) {
        self.tell(Err(error));
    }
}

fn patience() -> Duration {
    Duration::from_secs(30)
}

fn runtime(name: &str) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(name)
        .enable_all()
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_closure_gets_the_outcome_and_may_panic() {
    let (_server, address, client) = both().await;
    client
        .invoke_raw(RAW, &address, &echo("x"))
        .callback(|_: Result<Body>| panic!("as asked"));
    let (tell, told) = oneshot::channel();
    client
        .invoke_raw(RAW, &address, &echo("y"))
        .callback(move |outcome: Result<Body>| tell.send(outcome).unwrap());
    assert_eq!(within(told).await.unwrap().unwrap(), echo("y"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_runs_on_the_runtime_of_its_choice() {
    let (_server, address, client) = both().await;
    let own = runtime("own");
    let (tell, told) = mpsc::channel();
    for class in ["com.example.Echo", "com.example.Unknown"] {
        client
            .invoke_raw(RAW, &address, &body(class, ""))
            .callback_on(own.handle(), Told(tell.clone()));
        let next = tokio::task::block_in_place(|| told.recv_timeout(patience()));
        let (outcome, place) = next.unwrap();
        assert_eq!(place, "own");
        assert_eq!(outcome.is_ok(), class == "com.example.Echo");
    }
    own.shutdown_background();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_whose_runtime_is_shut_down_is_called_all_the_same() {
    let (_server, address, client) = both().await;
    let own = runtime("own");
    let (tell, told) = mpsc::channel();
    let waiting = client.invoke_raw(RAW, &address, &body(NEVER, ""));
    waiting.callback_on(own.handle(), Told(tell.clone()));
    let gone = own.handle().clone();
    own.shutdown_background();
    let late = client.invoke_raw(RAW, &address, &echo("x"));
    late.callback_on(&gone, Told(tell));
    for _ in 0..2 {
        let next = tokio::task::block_in_place(|| told.recv_timeout(patience()));
        let error = next.unwrap().0.unwrap_err();
        assert_eq!(error.close_reason(), Some(&CloseReason::Local));
    }
    // Each of them once.
    assert!(told.recv().is_err());
}

#[test]
fn on_a_plain_thread_the_client_s_runtime_is_used() {
    let runtime = runtime("client");
    let (_server, address, client) = runtime.block_on(both());
    let (tell, told) = mpsc::channel();
    let call = client.invoke_raw(RAW, &address, &echo("x"));
    call.callback(Told(tell));
    let (outcome, place) = told.recv_timeout(patience()).unwrap();
    assert_eq!(outcome.unwrap(), echo("x"));
    assert_eq!(place, "client");
}

#[test]
fn without_any_runtime_the_callback_gets_an_error_at_once() {
    let (tell, told) = mpsc::channel();
    let call = RpcClient::new().invoke_raw(RAW, "127.0.0.1:1", &echo("x"));
    call.callback(Told(tell));
    let (outcome, _place) = told.try_recv().unwrap();
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::InvalidArgument);
}
