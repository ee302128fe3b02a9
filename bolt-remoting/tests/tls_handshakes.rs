//! TLS handshakes: how long one may take, and how many at a time.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bolt_remoting::tls::{ClientTlsConfig, ServerTlsConfig};
use bolt_remoting::{ConnectionConfig, ErrorKind, RpcClient};
use support::bolt::{RAW, echo};
use support::certificates::{Authority, Certificate};
use support::peer;
use support::secure::{LOCAL, builder, call, client, serve};
use support::within;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(start_paused = true)]
async fn the_handshake_is_inside_the_connect_timeout() {
    let (listener, address) = peer::listen().await;
    let client = client(ClientTlsConfig::trusting(Authority::new("root").roots()));
    let call = client.invoke_raw(RAW, &address, &echo("x"));
    let (outcome, _stream) = tokio::join!(
        within(call.timeout(support::SEC * 60).into_future()),
        listener.accept()
    );
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().ends_with("within 1s"), "{error}");
}

#[tokio::test]
async fn a_handshake_that_is_never_finished_ends_and_harms_nobody() {
    let authority = Authority::new("root");
    let mut config = ConnectionConfig::server();
    config.first_frame_timeout = Some(Duration::from_millis(300));
    let server = builder(ServerTlsConfig::new(authority.issue(LOCAL).identity()));
    let server = server.config(config).bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    let mut slow = TcpStream::connect(&address).await.unwrap();
    // The first bytes of a handshake.
    slow.write_all(&[0x16, 3, 1, 0, 200, 1]).await.unwrap();
    let client = client(ClientTlsConfig::trusting(authority.roots()));
    call(&client, &address).await.unwrap();
    let read = within(slow.read(&mut [0; 64])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_end_also_where_the_first_frame_has_none() {
    let mut config = ConnectionConfig::server();
    config.first_frame_timeout = None;
    let identity = Certificate::self_signed("server").identity();
    let server = builder(ServerTlsConfig::new(identity)).config(config);
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let mut silent = TcpStream::connect(server.local_addr()).await.unwrap();
    let start = tokio::time::Instant::now();
    let read = within(silent.read(&mut [0; 64])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test]
async fn connections_count_from_before_their_handshake() {
    let authority = Authority::new("root");
    let server = builder(ServerTlsConfig::new(authority.issue(LOCAL).identity()));
    let server = server.max_connections(1).bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    let idle = TcpStream::connect(&address).await.unwrap();
    let client = client(ClientTlsConfig::trusting(authority.roots()));
    let error = call(&client, &address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    drop(idle);
    within(async { while call(&client, &address).await.is_err() {} }).await;
    assert_eq!(server.connections().len(), 1);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_handshakes() {
    let identity = Certificate::self_signed("server").identity();
    let (server, address) = serve(ServerTlsConfig::new(identity)).await;
    let mut idle = TcpStream::connect(&address).await.unwrap();
    // The idle one was accepted before this one.
    call(&RpcClient::new(), &address).await.unwrap_err();
    let start = std::time::Instant::now();
    assert_eq!(within(server.shutdown(support::SEC * 20)).await, 0);
    assert!(start.elapsed() < support::SEC * 10);
    let read = within(idle.read(&mut [0; 64])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}
