//! What Java SOFABolt's own basic usage tests assert, for every version, target and kind of
//! handler: five oneway calls and one in each other style arrive, each once, on one connection, and
//! the server can do the same to the client.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bolt_remoting::rpc::{
    Body, Call, Execution, OnewayCall, Processors, Responder, RpcClient, RpcConnection, RpcServer,
};
use bolt_remoting::{ErrorKind, Result};
use support::bolt::{ECHO, RAW, echo};
use support::{SEC, eventually, within};
use tokio::sync::oneshot;

/// How handlers answer.
type Kind = fn(Arc<AtomicUsize>) -> Processors;

const KINDS: [Kind; 4] = [at_once, later, spawned, in_order];

fn at_once(calls: Arc<AtomicUsize>) -> Processors {
    Processors::new().handle_raw(ECHO, move |_cx, body| {
        calls.fetch_add(1, Ordering::SeqCst);
        async { Ok(body) }
    })
}

/// From a thread of its own. Java: `AsyncUserProcessor`.
fn later(calls: Arc<AtomicUsize>) -> Processors {
    let answer = move |_cx, body: Body, responder: Responder<Body>| {
        calls.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(move || responder.answer(body));
        Ok(())
    };
    Processors::new().handle_later_with(ECHO, Arc::new(RAW), answer)
}

fn spawned(calls: Arc<AtomicUsize>) -> Processors {
    at_once(calls).execution(Execution::spawned())
}

fn in_order(calls: Arc<AtomicUsize>) -> Processors {
    at_once(calls).execution(Execution::in_order())
}

/// Whom calls go to.
enum Target<'a> {
    Address(&'a RpcClient, &'a str),
    Connection(&'a RpcConnection),
}

impl Target<'_> {
    fn call(&self) -> Call<Body> {
        match self {
            Self::Address(client, address) => client.invoke_raw(RAW, address, &echo("x")),
            Self::Connection(connection) => connection.invoke_raw(RAW, &echo("x")),
        }
        .timeout(SEC * 30)
    }

    fn oneway(&self) -> OnewayCall {
        match self {
            Self::Address(client, address) => client.oneway_with(&RAW, address, &echo("x")),
            Self::Connection(connection) => connection.oneway_with(&RAW, &echo("x")),
        }
    }
}

/// Five oneway calls, with and without checksum, and one in each other style.
async fn all_styles(target: Target<'_>, calls: &AtomicUsize) {
    let before = calls.load(Ordering::SeqCst);
    for n in 0..5 {
        within(target.oneway().crc(n % 2 == 0).into_future())
            .await
            .unwrap();
    }
    let sync = within(target.call().crc(false).into_future()).await;
    let future = within(target.call().future()).await.unwrap();
    let future = within(future).await;
    let (tell, told) = oneshot::channel();
    let called_back = target.call().crc(false);
    called_back.callback(move |outcome: Result<Body>| tell.send(outcome).unwrap());
    let callback = within(told).await.unwrap();
    for outcome in [sync, future, callback] {
        assert_eq!(outcome.unwrap(), echo("x"));
    }
    eventually(|| calls.load(Ordering::SeqCst) == before + 8).await;
}

struct Setting {
    server: RpcServer,
    client: RpcClient,
    address: String,
    /// Handled by the server.
    there: Arc<AtomicUsize>,
    /// Handled by the client.
    here: Arc<AtomicUsize>,
}

impl Setting {
    async fn new(kind: Kind, parameters: &str) -> Self {
        let (there, here) = (Arc::default(), Arc::default());
        let server = RpcServer::builder()
            .processors(kind(Arc::clone(&there)))
            .bind("127.0.0.1:0")
            .await
            .unwrap();
        let client = RpcClient::builder().processors(kind(Arc::clone(&here)));
        let address = format!("{}{parameters}", server.local_addr());
        Self {
            client: client.build().unwrap(),
            server,
            address,
            there,
            here,
        }
    }

    /// The server's end of the client's connection.
    async fn back(&self) -> RpcConnection {
        let connection = self.client.connect(&self.address).await.unwrap();
        let address = connection.engine().local_addr().unwrap();
        eventually(|| self.server.connection(address).is_some()).await;
        self.server.connection(address).unwrap()
    }
}

const VERSIONS: [&str; 3] = ["", "?_PROTOCOL=2&_VERSION=1", "?_PROTOCOL=2&_VERSION=2"];

#[tokio::test]
async fn a_client_calls_in_all_styles_by_address_and_by_connection() {
    for parameters in VERSIONS {
        for kind in KINDS {
            let setting = Setting::new(kind, parameters).await;
            let by_address = Target::Address(&setting.client, &setting.address);
            all_styles(by_address, &setting.there).await;
            let connection = setting.client.connect(&setting.address).await.unwrap();
            all_styles(Target::Connection(&connection), &setting.there).await;
            assert_eq!(setting.server.connections().len(), 1);
            assert_eq!(setting.here.load(Ordering::SeqCst), 0);
        }
    }
}

#[tokio::test]
async fn a_server_calls_its_client_in_all_styles_before_it_was_called_itself() {
    for parameters in VERSIONS {
        for kind in KINDS {
            let setting = Setting::new(kind, parameters).await;
            // Found by the client's address.
            let back = setting.back().await;
            all_styles(Target::Connection(&back), &setting.here).await;
            assert_eq!(setting.there.load(Ordering::SeqCst), 0);
        }
    }
}

#[tokio::test]
async fn both_ends_call_each_other_at_once() {
    let setting = Setting::new(at_once, "").await;
    let back = setting.back().await;
    for _ in 0..20 {
        let there = Target::Address(&setting.client, &setting.address);
        let here = Target::Connection(&back);
        tokio::join!(
            all_styles(there, &setting.there),
            all_styles(here, &setting.here)
        );
    }
}

#[tokio::test]
async fn clients_one_after_the_other_share_a_server() {
    let calls = Arc::default();
    let server = RpcServer::builder()
        .processors(at_once(Arc::clone(&calls)))
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr().to_string();
    for n in 1..=5 {
        let client = RpcClient::new();
        all_styles(Target::Address(&client, &address), &calls).await;
        assert_eq!(calls.load(Ordering::SeqCst), n * 8);
        client.shutdown(SEC * 30).await;
    }
    eventually(|| server.connections().is_empty()).await;
}

#[tokio::test]
async fn a_client_that_has_gone_is_not_found_and_not_called() {
    let setting = Setting::new(at_once, "").await;
    let back = setting.back().await;
    let address = back.peer_addr().unwrap();
    setting.client.shutdown(SEC * 30).await;
    eventually(|| setting.server.connection(address).is_none()).await;
    let error = within(Target::Connection(&back).call().into_future())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    within(Target::Connection(&back).oneway().into_future())
        .await
        .unwrap_err();
}

#[tokio::test]
async fn after_a_shutdown_a_client_makes_no_call_in_any_style() {
    let setting = Setting::new(at_once, "").await;
    setting.client.shutdown(SEC).await;
    let target = Target::Address(&setting.client, &setting.address);
    let sync = within(target.call().into_future()).await.unwrap_err();
    let future = within(target.call().future()).await.unwrap_err();
    let oneway = within(target.oneway().into_future()).await.unwrap_err();
    let (tell, told) = oneshot::channel();
    let call = target.call();
    call.callback(move |outcome: Result<Body>| tell.send(outcome).unwrap());
    let callback = within(told).await.unwrap().unwrap_err();
    for error in [sync, future, oneway, callback] {
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
}

#[tokio::test]
async fn requests_of_one_write_have_a_context_each() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let processors = Processors::new().handle_raw(ECHO, move |cx, body| {
        tell.send((cx.request_id(), cx.timeout_millis())).unwrap();
        async { Ok(body) }
    });
    let server = RpcServer::builder().processors(processors);
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let client = RpcClient::new();
    let calls = (1..=50).map(|n: u32| {
        let call = client.invoke_raw(RAW, server.local_addr().to_string(), &echo("x"));
        call.timeout(SEC * n).into_future()
    });
    for outcome in within(futures::future::join_all(calls)).await {
        outcome.unwrap();
    }
    let mut seen = std::collections::BTreeSet::new();
    while let Ok((id, timeout)) = told.try_recv() {
        assert!(seen.insert(id));
        assert!((1..=50).any(|n| n * 1000 == timeout));
    }
    assert_eq!(seen.len(), 50);
}

#[tokio::test]
async fn a_handler_calls_another_client_by_address() {
    let server = RpcServer::builder()
        .handle_raw("Forward", |cx, request: Body| async move {
            let address = std::str::from_utf8(&request.content)?.parse()?;
            let caller = cx.connection();
            assert_eq!(caller.siblings().len(), 2);
            let other = caller.sibling(address).expect("it is there");
            Ok(other.invoke_raw(RAW, &echo("from the other")).await?)
        })
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr().to_string();
    let calls = Arc::default();
    let other = RpcClient::builder().processors(at_once(Arc::clone(&calls)));
    let other = other.build().unwrap();
    let there = other.connect(&address).await.unwrap();
    let there = there.engine().local_addr().unwrap();
    eventually(|| server.connection(there).is_some()).await;
    let client = RpcClient::new();
    let request = Body::new("Forward", there.to_string());
    let call = client.invoke_raw(RAW, &address, &request);
    assert_eq!(
        within(call.into_future()).await.unwrap().content,
        "from the other"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
