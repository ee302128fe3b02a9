//! Calls from plain threads.
#![cfg(feature = "hessian")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bolt_codec::bolt::Bolt;
use bolt_remoting::client::Select;
use bolt_remoting::{Connection, ErrorKind, RpcClient, RpcServer};

async fn echo() -> (RpcServer, String) {
    let server = RpcServer::builder()
        .handle(|_cx, text: String| async move { Ok(format!("echo:{text}")) })
        .bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = server.local_addr().to_string();
    (server, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_thread_waits_for_its_answer_by_address_and_by_connection() {
    let (_server, address) = echo().await;
    let client = RpcClient::new();
    let thread = std::thread::spawn({
        let (client, address) = (client.clone(), address.clone());
        move || client.invoke::<_, String>(&address, "a").blocking()
    });
    let answer = tokio::task::spawn_blocking(|| thread.join()).await.unwrap();
    assert_eq!(answer.unwrap().unwrap(), "echo:a");

    let connection = client.connect(&address).await.unwrap();
    let thread = std::thread::spawn(move || connection.invoke::<_, String>("b").blocking());
    let answer = tokio::task::spawn_blocking(|| thread.join()).await.unwrap();
    assert_eq!(answer.unwrap().unwrap(), "echo:b");
}

/// Panics once it is told to.
#[derive(Clone, Default)]
struct Spoiler(Arc<AtomicBool>);

impl Select<Bolt> for Spoiler {
    fn select(&self, _connections: &[Connection<Bolt>]) -> usize {
        assert!(!self.0.load(Ordering::Relaxed), "as asked");
        0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strategy_that_panics_ends_the_call_but_is_no_answer_that_cannot_be_read() {
    let (_server, address) = echo().await;
    let address = address + "?_CONNECTIONNUM=2&_CONNECTIONWARMUP=true";
    let spoiler = Spoiler::default();
    let client = RpcClient::builder().select(spoiler.clone()).build();
    let client = client.unwrap();
    client.connect(&address).await.unwrap();
    spoiler.0.store(true, Ordering::Relaxed);
    let thread = std::thread::spawn(move || client.invoke::<_, String>(&address, "a").blocking());
    let answer = tokio::task::spawn_blocking(|| thread.join()).await.unwrap();
    let error = answer.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Closed, false));
}

#[tokio::test]
async fn on_a_runtime_s_thread_it_is_an_error_and_no_deadlock() {
    let (_server, address) = echo().await;
    let error = RpcClient::new()
        .invoke::<_, String>(&address, "a")
        .blocking();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn without_any_runtime_it_is_an_error() {
    let error = RpcClient::new()
        .invoke::<_, String>("127.0.0.1:1", "a")
        .blocking();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

fn runtime(mut builder: tokio::runtime::Builder) -> tokio::runtime::Runtime {
    builder.enable_all().build().expect("a runtime")
}

#[test]
fn on_a_runtime_without_threads_of_its_own_it_is_an_error_and_no_endless_wait() {
    let runtime = runtime(tokio::runtime::Builder::new_current_thread());
    let client = runtime.block_on(async { RpcClient::new() });
    let error = client.invoke::<_, String>("127.0.0.1:1", "a").blocking();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn after_the_end_of_its_runtime_it_is_an_error_and_no_panic() {
    let runtime = runtime(tokio::runtime::Builder::new_multi_thread());
    let (client, connection, _server) = runtime.block_on(async {
        let (server, address) = echo().await;
        let client = RpcClient::new();
        let connection = client.connect(&address).await.expect("a connection");
        (client, connection, server)
    });
    drop(runtime);
    let by_address = client.invoke::<_, String>("127.0.0.1:1", "a").blocking();
    let by_connection = connection.invoke::<_, String>("a").blocking();
    for outcome in [by_address, by_connection] {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Closed);
    }
}
