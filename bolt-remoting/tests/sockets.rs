//! Where servers listen and clients connect: ports, addresses, inherited listeners.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bolt_remoting::rpc::{Body, RpcServerBuilder};
use bolt_remoting::{ErrorKind, Keepalive, Result, RpcClient, RpcServer, SocketOptions};
use support::bolt::{RAW, echo, processors};
use support::within;

fn builder() -> RpcServerBuilder {
    RpcServer::builder().processors(processors())
}

async fn call(address: impl std::fmt::Display) -> Result<Body> {
    let client = RpcClient::new();
    within(
        client
            .invoke_raw(RAW, address.to_string(), &echo("x"))
            .into_future(),
    )
    .await
}

#[tokio::test]
async fn port_0_takes_a_free_one() {
    let server = builder().bind("127.0.0.1:0").await.unwrap();
    assert_ne!(server.local_addr().port(), 0);
    call(server.local_addr()).await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_says_so() {
    let first = builder().bind("127.0.0.1:0").await.unwrap();
    let second = builder().bind(first.local_addr()).await.unwrap_err();
    assert_eq!(second.kind(), ErrorKind::Bind);
    assert!(second.to_string().contains("in use"), "{second}");
    call(first.local_addr()).await.unwrap();
}

#[tokio::test]
async fn an_address_of_another_machine_or_of_nobody_is_an_error() {
    // TEST-NET-1 belongs to nobody; the name can't exist.
    for address in ["192.0.2.1:0", "no-such-host.invalid:0"] {
        let error = within(builder().bind(address)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Bind, "{address}: {error}");
    }
}

#[tokio::test]
async fn the_port_is_free_again_when_a_shutdown_returns() {
    let first = builder().bind("127.0.0.1:0").await.unwrap();
    let address = first.local_addr();
    call(address).await.unwrap();
    assert_eq!(within(first.shutdown(Duration::ZERO)).await, 0);
    let refused = call(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Connect);
    let _second = builder().bind(address).await.unwrap();
    call(address).await.unwrap();
    // A second shutdown finds nothing to do.
    assert_eq!(within(first.shutdown(Duration::ZERO)).await, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn servers_may_share_a_port_if_all_of_them_say_so() {
    let mut shared = SocketOptions::default();
    shared.reuse_port = true;
    let first = builder().socket(shared.clone()).bind("127.0.0.1:0").await;
    let first = first.unwrap();
    let address = first.local_addr();
    let second = builder().socket(shared).bind(address).await.unwrap();
    assert_eq!(second.local_addr(), address);
    builder().bind(address).await.unwrap_err();
    first.shutdown(Duration::ZERO).await;
    call(address).await.unwrap();
}

#[tokio::test]
async fn a_listener_on_all_addresses_takes_ipv4_unless_told_otherwise() {
    let mut options = SocketOptions::default();
    for dual_stack in [true, false] {
        options.dual_stack = dual_stack;
        let server = builder().socket(options.clone()).bind("[::]:0").await;
        let port = server.as_ref().unwrap().local_addr().port();
        call(format!("[::1]:{port}")).await.unwrap();
        let by_v4 = call(format!("127.0.0.1:{port}")).await;
        assert_eq!(by_v4.is_ok(), dual_stack, "{by_v4:?}");
    }
}

#[tokio::test]
async fn a_listener_may_be_inherited() {
    let inherited = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    inherited.set_nonblocking(true).unwrap();
    let address = inherited.local_addr().unwrap();
    let listener = tokio::net::TcpListener::from_std(inherited).unwrap();
    let server = builder().serve(listener).unwrap();
    assert_eq!(server.local_addr(), address);
    call(address).await.unwrap();
}

#[tokio::test]
async fn calls_work_with_every_option_set() {
    let mut options = SocketOptions::default();
    let mut keepalive = Keepalive::after(Duration::from_secs(20));
    keepalive.interval = Some(Duration::from_secs(5));
    keepalive.retries = Some(3);
    options.keepalive = Some(keepalive);
    options.user_timeout = Some(Duration::from_secs(30));
    (options.send_buffer, options.receive_buffer) = (Some(8 * 1024), Some(8 * 1024));
    options.backlog = 16;
    let server = builder().socket(options.clone()).bind("127.0.0.1:0").await;
    let address = server.as_ref().unwrap().local_addr().to_string();
    let client = RpcClient::builder().socket(options).build().unwrap();
    let content = vec![7; 4 << 20];
    let call = client.invoke_raw(RAW, &address, &echo(content.clone()));
    let answer = within(call.timeout(support::SEC * 30).into_future()).await;
    assert_eq!(answer.unwrap().content, content);
}
