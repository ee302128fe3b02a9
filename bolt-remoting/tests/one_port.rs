//! Several protocols on one port: who gets a connection, and what happens to those that nobody
//! wants.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use bolt_codec::bolt::{BoltFrame, BoltVersion, ResponseStatus};
use bolt_codec::{Limits, Protocol, Recognition, Role};
use bolt_remoting::{
    ConnectionConfig, NoHandler, Port, PortBuilder, RpcServer, Server, handler_fn,
};
use support::bolt::{ECHO, NEVER, bolt, processors, request, status};
use support::json::{Json, JsonCodec, Message};
use support::peer::{self, bytes_of};
use support::{SEC, eventually, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A port with a server of each protocol.
struct Both {
    port: Port,
    rpc: RpcServer,
    json: Server<Json>,
}

impl Both {
    async fn open(builder: PortBuilder) -> Self {
        let port = builder.bind("127.0.0.1:0").await.unwrap();
        let rpc = RpcServer::builder().processors(processors());
        let rpc = rpc.serve_on(&port).unwrap();
        let json = json_server().serve_on(&port).unwrap();
        port.open();
        Self { port, rpc, json }
    }

    fn at(&self) -> SocketAddr {
        self.port.local_addr()
    }
}

fn json_server() -> bolt_remoting::ServerBuilder<Json> {
    let echo = handler_fn(|_cx, frame: Message| async move {
        let body = frame.body.clone();
        Some(frame.answer(body))
    });
    Server::builder(Json, echo)
}

fn bolt_request(id: u32) -> BoltFrame {
    request(BoltVersion::V2_2, id, ECHO, "some content")
}

async fn bolt_answers(at: SocketAddr) {
    let mut peer = peer::dial(bolt(), at).await;
    peer.send(bolt_request(7)).await;
    let answer = peer.recv().await;
    assert_eq!((answer.id, status(&answer)), (7, ResponseStatus::SUCCESS));
}

async fn json_answers(at: SocketAddr) {
    let mut peer = peer::dial(Json, at).await;
    peer.send(Message::call("hi").with_id(3)).await;
    let answer = peer.recv().await;
    assert_eq!((answer.id, answer.body), (3, "hi".into()));
}

/// Waits for the end; TLS may say something before.
async fn closes(stream: &mut TcpStream) {
    let mut said = Vec::new();
    // An RST is an end too.
    let _ = within(stream.read_to_end(&mut said)).await;
    assert!(said.len() <= 7, "{said:?}");
}

async fn connect(at: SocketAddr, first_bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(first_bytes).await.unwrap();
    stream
}

#[tokio::test]
async fn each_protocol_finds_its_server() {
    let both = Both::open(Port::builder()).await;
    assert_eq!(both.rpc.local_addr(), both.at());
    assert_eq!(both.json.local_addr(), both.at());
    for _ in 0..3 {
        bolt_answers(both.at()).await;
        json_answers(both.at()).await;
    }
}

#[tokio::test]
async fn bytes_that_were_looked_at_are_not_lost_however_they_come() {
    let both = Both::open(Port::builder()).await;
    let mut peer = peer::dial(Json, both.at()).await;
    for byte in bytes_of(&Json, Message::call("slow").with_id(1)) {
        peer.send_bytes(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(peer.recv().await.body, "slow");
    // Several frames at once, the last of them in halves.
    let mut peer = peer::dial(bolt(), both.at()).await;
    let frames: Vec<u8> = (1..=3)
        .flat_map(|id| bytes_of(&bolt(), bolt_request(id)))
        .collect();
    let (start, rest) = frames.split_at(frames.len() - 9);
    peer.send_bytes(start).await;
    assert_eq!((peer.recv().await.id, peer.recv().await.id), (1, 2));
    peer.send_bytes(rest).await;
    assert_eq!(peer.recv().await.id, 3);
}

#[tokio::test]
async fn bytes_that_nobody_knows_end_their_connection_and_harm_no_other() {
    let both = Both::open(Port::builder()).await;
    let mut known = peer::dial(Json, both.at()).await;
    known.send(Message::call(1).with_id(1)).await;
    known.recv().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 200],
        &[0, 0, 0, 1, b'x'],
        &[0x16, 3, 1],
    ] {
        closes(&mut connect(both.at(), garbage).await).await;
    }
    known.send(Message::call(2).with_id(2)).await;
    assert_eq!(known.recv().await.body, 2);
    assert_eq!(both.rpc.connections().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_stays_undecided_is_closed_after_a_while() {
    let both = Both::open(Port::builder().undecided_timeout(SEC * 3)).await;
    for first_bytes in [&[][..], &[0, 0]] {
        let mut slow = connect(both.at(), first_bytes).await;
        closes(&mut slow).await;
    }
    let mut gone = connect(both.at(), &[0, 0]).await;
    gone.shutdown().await.unwrap();
    closes(&mut gone).await;
}

/// Never knows.
struct Hesitant;

impl Protocol for Hesitant {
    type Frame = Message;
    type Decoder = JsonCodec;
    type Encoder = JsonCodec;
    type Session = ();
    const NAME: &'static str = "hesitant";

    fn open(&self, role: Role, limits: &Limits) -> (JsonCodec, JsonCodec, ()) {
        Json.open(role, limits)
    }

    fn recognize(&self, _first_bytes: &[u8]) -> Recognition {
        Recognition::Unsure
    }
}

#[tokio::test]
async fn no_more_than_64_bytes_are_looked_at() {
    let port = Port::builder().bind("127.0.0.1:0").await.unwrap();
    let _hesitant = Server::builder(Hesitant, NoHandler)
        .serve_on(&port)
        .unwrap();
    let json = json_server().serve_on(&port).unwrap();
    port.open();
    closes(&mut connect(port.local_addr(), &[b'x'; 65]).await).await;
    // One that is sure gets it though another hesitates.
    json_answers(port.local_addr()).await;
    assert_eq!(json.connections().len(), 1);
}

#[tokio::test]
async fn undecided_connections_hold_nobody_up_and_are_bounded() {
    let both = Both::open(Port::builder().max_undecided(2)).await;
    let first = connect(both.at(), &[0]).await;
    json_answers(both.at()).await;
    let second = connect(both.at(), &[0, 0]).await;
    // Both have been accepted before this one, which is closed for that.
    closes(&mut connect(both.at(), &[0]).await).await;
    drop((first, second));
    let try_again = async {
        loop {
            let mut peer = peer::dial(Json, both.at()).await;
            let sent = peer
                .io
                .write_all(&bytes_of(&Json, Message::call("x")))
                .await;
            if sent.is_ok() && peer.next().await.is_some() {
                return;
            }
        }
    };
    within(try_again).await;
}

#[tokio::test]
async fn each_server_has_its_own_limits() {
    let port = Port::builder().bind("127.0.0.1:0").await.unwrap();
    let mut config = ConnectionConfig::server();
    config.limits = Limits::with_max_frame(100);
    let rpc = RpcServer::builder().processors(processors()).config(config);
    let _rpc = rpc.serve_on(&port).unwrap();
    let json = json_server().max_connections(1).serve_on(&port).unwrap();
    port.open();
    let mut only = peer::dial(Json, port.local_addr()).await;
    only.send(Message::call("x".repeat(1000)).with_id(1)).await;
    only.recv().await;
    let mut too_many = peer::dial(Json, port.local_addr()).await;
    too_many.send(Message::call(1)).await;
    too_many.expect_end().await;
    assert_eq!(json.connections().len(), 1);
    bolt_answers(port.local_addr()).await;
    let mut greedy = peer::dial(bolt(), port.local_addr()).await;
    let frame = request(BoltVersion::V1, 1, ECHO, vec![0; 1000]);
    greedy.send(frame).await;
    greedy.expect_end().await;
}

#[tokio::test]
async fn a_server_shuts_down_alone() {
    let both = Both::open(Port::builder()).await;
    let mut json = peer::dial(Json, both.at()).await;
    json.send(Message::call(1).with_id(1)).await;
    json.recv().await;
    let mut running = peer::dial(bolt(), both.at()).await;
    running.send(request(BoltVersion::V1, 1, NEVER, "")).await;
    eventually(|| both.rpc.connections().len() == 1).await;
    let connection = both.rpc.connections().pop().unwrap();
    eventually(|| connection.engine().stats().requests_in_flight == 1).await;
    assert_eq!(within(both.rpc.shutdown(Duration::ZERO)).await, 1);
    // Its protocol is unknown here from now on.
    let mut late = peer::dial(bolt(), both.at()).await;
    late.send(bolt_request(1)).await;
    late.expect_end().await;
    json.send(Message::call(2).with_id(2)).await;
    assert_eq!(json.recv().await.body, 2);
    json_answers(both.at()).await;
    // Another one may take its place.
    let again = RpcServer::builder().processors(processors());
    let _again = again.serve_on(&both.port).unwrap();
    bolt_answers(both.at()).await;
}

#[tokio::test]
async fn a_closed_port_is_free_and_its_connections_go_on() {
    let both = Both::open(Port::builder()).await;
    let mut known = peer::dial(Json, both.at()).await;
    known.send(Message::call(1).with_id(1)).await;
    known.recv().await;
    let mut undecided = connect(both.at(), &[0]).await;
    json_answers(both.at()).await;
    within(both.port.close()).await;
    closes(&mut undecided).await;
    TcpStream::connect(both.at()).await.unwrap_err();
    let _successor = Port::builder().bind(both.at()).await.unwrap();
    known.send(Message::call(2).with_id(2)).await;
    assert_eq!(known.recv().await.body, 2);
    both.port.open();
    let dropped = Both::open(Port::builder()).await;
    let at = dropped.at();
    drop(dropped.port);
    within(async { while TcpStream::connect(at).await.is_ok() {} }).await;
}

#[tokio::test]
async fn who_comes_before_the_port_is_opened_waits() {
    let port = Port::builder().bind("127.0.0.1:0").await.unwrap();
    let mut early = peer::dial(Json, port.local_addr()).await;
    early.send(Message::call("early").with_id(1)).await;
    let _json = json_server().serve_on(&port).unwrap();
    port.open();
    assert_eq!(early.recv().await.body, "early");
}

#[tokio::test]
async fn a_dropped_server_leaves_nothing_at_its_port() {
    let port = Port::builder().bind("127.0.0.1:0").await.unwrap();
    port.open();
    let kept = std::sync::Arc::new(());
    let held = std::sync::Arc::clone(&kept);
    let handler = handler_fn(move |_cx, _frame: Message| {
        let _held = &held;
        std::future::ready(None)
    });
    let server = Server::builder(Json, handler).serve_on(&port).unwrap();
    assert_eq!(std::sync::Arc::strong_count(&kept), 2);
    drop(server);
    assert_eq!(std::sync::Arc::strong_count(&kept), 1);
}

#[cfg(feature = "tls")]
mod secured {
    use super::*;
    use bolt_remoting::tls::{ClientTls, ClientTlsConfig, ServerTls, ServerTlsConfig};
    use bolt_remoting::{ErrorKind, RpcClient};
    use support::bolt::{RAW, echo};
    use support::certificates::Certificate;

    #[tokio::test]
    async fn the_bytes_inside_tls_count() {
        let certificate = Certificate::self_signed("server");
        let tls = ServerTls::new(ServerTlsConfig::new(certificate.identity())).unwrap();
        let both = Both::open(Port::builder().tls(tls)).await;
        let address = both.at().to_string();
        let tls = ClientTlsConfig::pinning([certificate.fingerprint()]);
        let tls = ClientTls::new(tls).unwrap();
        let client = RpcClient::builder().tls(tls.clone()).build().unwrap();
        let call = client.invoke_raw(RAW, &address, &echo("x")).into_future();
        assert_eq!(within(call).await.unwrap(), echo("x"));
        let client = bolt_remoting::Client::builder(Json).tls(tls).build();
        let connection = client.connection(&address, support::far());
        let connection = within(connection).await.unwrap();
        let answer = within(connection.call(Message::call("y"), SEC * 9)).await;
        assert_eq!(answer.unwrap().body, "y");
        closes(&mut connect(both.at(), &bytes_of(&bolt(), bolt_request(1))).await).await;
    }

    #[tokio::test]
    async fn tls_is_the_port_s_and_no_server_s() {
        let identity = Certificate::self_signed("server").identity();
        let tls = ServerTls::new(ServerTlsConfig::new(identity)).unwrap();
        let port = Port::builder().bind("127.0.0.1:0").await.unwrap();
        let error = RpcServer::builder().tls(tls).serve_on(&port).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}
