//! What listeners hear of connections, on both ends.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, mpsc};

use bolt_codec::bolt::{Bolt, BoltVersion, CommandCode};
use bolt_remoting::events::ConnectionEvent;
use bolt_remoting::rpc::{RpcClient, RpcServer};
use bolt_remoting::{CloseReason, Connection, ErrorKind};
use support::bolt::{RAW, bolt, echo, heartbeat, processors};
use support::network::Network;
use support::{SEC, eventually, peer, within};

/// What was heard, in words that tests can compare.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(u64, String)>>>);

impl Heard {
    fn listener(&self) -> impl Fn(&ConnectionEvent<Bolt>) + Send + Sync + 'static {
        let heard = self.clone();
        move |event| {
            let (number, text) = match event {
                ConnectionEvent::Connected(connection) => (connection.number(), "connected".into()),
                ConnectionEvent::ConnectFailed { address, error } => {
                    assert_eq!(error.kind(), ErrorKind::Connect);
                    (0, format!("failed {address}"))
                }
                ConnectionEvent::GoAway(connection) => (connection.number(), "goaway".into()),
                ConnectionEvent::Closed { connection, reason } => {
                    assert!(!connection.is_open());
                    (connection.number(), format!("closed {reason:?}"))
                }
                other => panic!("{other:?}"),
            };
            heard.0.lock().unwrap().push((number, text));
        }
    }

    fn all(&self) -> Vec<String> {
        let heard = self.0.lock().unwrap();
        heard.iter().map(|(_, text)| text.clone()).collect()
    }

    /// By connection.
    fn stories(&self) -> HashMap<u64, Vec<String>> {
        let mut stories: HashMap<u64, Vec<String>> = HashMap::new();
        for (number, text) in self.0.lock().unwrap().iter() {
            stories.entry(*number).or_default().push(text.clone());
        }
        stories
    }
}

async fn call(client: &RpcClient, address: &str) {
    let call = client.invoke_raw(RAW, address, &echo("x"));
    assert_eq!(within(call.into_future()).await.unwrap(), echo("x"));
}

/// Java: `ConnectionTest`, `ConnectionExceptionTest`.
#[tokio::test]
async fn both_ends_hear_of_each_connection_and_of_its_end_once() {
    let (near, far) = (Heard::default(), Heard::default());
    let server = RpcServer::builder().processors(processors());
    let server = server.on_connection_event(far.listener());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    let client = RpcClient::builder().on_connection_event(near.listener());
    let client = client.build().unwrap();
    for _ in 0..3 {
        call(&client, &address).await;
        client.close(&address, SEC).unwrap();
        eventually(|| client.engine().connections().is_empty()).await;
    }
    let alone = client.standalone(&address).await.unwrap();
    alone.engine().close();
    eventually(|| near.all().len() == 8 && far.all().len() == 8).await;
    for story in near.stories().into_values() {
        assert_eq!(story, ["connected", "closed Local"]);
    }
    for story in far.stories().into_values() {
        assert_eq!(story, ["connected", "closed Peer"]);
    }
    within(client.shutdown(SEC)).await;
    within(server.shutdown(SEC)).await;
    assert_eq!((near.all().len(), far.all().len()), (8, 8), "nothing more");
}

/// Java: `ServerClientStopTest`.
#[tokio::test]
async fn a_shutdown_returns_when_all_ends_have_been_told() {
    let (near, far) = (Heard::default(), Heard::default());
    let server = RpcServer::builder().processors(processors());
    let server = server.on_connection_event(far.listener());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let client = RpcClient::builder().on_connection_event(near.listener());
    let client = client.build().unwrap();
    let text = format!("{address}?_CONNECTIONNUM=8&_CONNECTIONWARMUP=true");
    call(&client, &text).await;
    within(server.shutdown(SEC)).await;
    let closed = |heard: &Heard| {
        let all = heard.all();
        all.iter().filter(|text| text.starts_with("closed")).count()
    };
    assert_eq!(closed(&far), 8);
    eventually(|| closed(&near) == 8).await;
    let late = client.invoke_raw(RAW, &text, &echo("x"));
    assert_eq!(
        within(late.into_future()).await.unwrap_err().kind(),
        ErrorKind::Connect
    );
    within(client.shutdown(SEC)).await;
    assert_eq!(closed(&near), 8);
}

/// Java tells nothing of a refused connection.
#[tokio::test(start_paused = true)]
async fn each_failed_attempt_is_told_with_its_address() {
    let heard = Heard::default();
    let network = Network::default();
    let client = network.client().on_connection_event(heard.listener());
    let client = client.build().unwrap();
    let address = "peer:1?_PROTOCOL=2&_VERSION=2";
    let failing = client.invoke_raw(RAW, address, &echo("x"));
    within(failing.into_future()).await.unwrap_err();
    within(client.standalone(address)).await.unwrap_err();
    within(client.shutdown(SEC)).await;
    assert_eq!(
        heard.all(),
        [format!("failed {address}"), format!("failed {address}")]
    );
}

#[tokio::test]
async fn a_goaway_is_told_before_the_end() {
    let heard = Heard::default();
    let (listener, address) = peer::listen().await;
    let client = RpcClient::builder().on_connection_event(heard.listener());
    let client = client.build().unwrap();
    let (connection, mut peer) =
        tokio::join!(client.connect(&address), peer::accept(bolt(), &listener));
    let connection = connection.unwrap();
    let mut goaway = heartbeat(BoltVersion::V1, 0);
    goaway.command = CommandCode::GOAWAY;
    peer.send(goaway.clone()).await;
    peer.expect_end().await;
    drop(peer);
    within(connection.engine().closed()).await;
    within(client.shutdown(SEC)).await;
    assert_eq!(heard.all(), ["connected", "goaway", "closed GoAway"]);
}

#[tokio::test]
async fn a_server_hears_of_a_client_s_goaway_and_of_why_connections_end() {
    let heard = Heard::default();
    let server = RpcServer::builder().on_connection_event(heard.listener());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let mut polite = peer::dial(bolt(), server.local_addr()).await;
    let mut goaway = heartbeat(BoltVersion::V1, 0);
    goaway.command = CommandCode::GOAWAY;
    polite.send(goaway).await;
    eventually(|| heard.all() == ["connected", "goaway"]).await;
    drop(polite);
    eventually(|| heard.all().len() == 3).await;
    let mut rude = peer::dial(bolt(), server.local_addr()).await;
    rude.send_bytes(b"GET / HTTP/1.1\r\n\r\n").await;
    eventually(|| heard.all().len() == 5).await;
    assert_eq!(heard.all()[2..4], ["closed Peer", "connected"]);
    assert!(
        heard.all()[4].starts_with("closed Codec"),
        "{:?}",
        heard.all()
    );
}

#[tokio::test]
async fn a_listener_that_blocks_blocks_nothing_else() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let heard = Heard::default();
    let also = heard.listener();
    let network = Network::with_server();
    let client = network.client().on_connection_event(move |event| {
        gate.lock().unwrap().recv().unwrap();
        also(event);
    });
    let client = client.build().unwrap();
    for round in 0..10 {
        call(&client, &format!("peer:{}", 1 + round)).await;
    }
    assert!(heard.all().is_empty());
    (0..20).for_each(|_| open.send(()).unwrap());
    eventually(|| heard.all().len() == 10).await;
    within(client.shutdown(SEC)).await;
    assert_eq!(heard.all().len(), 20);
}

#[tokio::test]
async fn a_panic_of_a_listener_is_its_own_affair() {
    let heard = Heard::default();
    let network = Network::with_server();
    let client = network
        .client()
        .on_connection_event(|_| panic!("no"))
        .on_connection_event(heard.listener());
    let client = client.build().unwrap();
    call(&client, "peer:1").await;
    within(client.shutdown(SEC)).await;
    assert_eq!(heard.all(), ["connected", "closed Local"]);
}

/// The bound is 10,000; whoever was told of a beginning is told of the end all the same.
#[tokio::test]
async fn events_that_a_listener_is_too_slow_for_are_dropped_in_pairs() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let heard = Heard::default();
    let also = heard.listener();
    let server = RpcServer::builder().max_connections(20_000);
    let server = server.on_connection_event(move |event| {
        let _ = gate.lock().unwrap().recv();
        also(event);
    });
    let server = server.without_listener().unwrap();
    let mut streams = Vec::new();
    for _ in 0..11_000 {
        let (near, far) = tokio::io::duplex(16);
        server.attach(far).unwrap();
        streams.push(near);
    }
    drop(streams);
    eventually(|| server.connections().is_empty()).await;
    drop(open);
    within(async {
        // One was being told already.
        eventually(|| heard.all().len() >= 20_000).await;
    })
    .await;
    let stories = heard.stories();
    assert!(
        (10_000..=10_001).contains(&stories.len()),
        "{}",
        stories.len()
    );
    for story in stories.into_values() {
        assert_eq!(story, ["connected", "closed Peer"]);
    }
}

#[test]
fn listeners_go_on_after_a_runtime_has_ended() {
    let new = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let heard = Heard::default();
    let server = RpcServer::builder().on_connection_event(heard.listener());
    let server = server.without_listener().unwrap();
    let ended = new();
    let handle = ended.handle().clone();
    drop(ended);
    let (_near, far) = tokio::io::duplex(16);
    {
        let _within = handle.enter();
        server.attach(far).unwrap();
    }
    new().block_on(async {
        let (_near, far) = tokio::io::duplex(16);
        server.attach(far).unwrap();
        let expected = ["connected", "closed Local", "connected"];
        eventually(|| heard.all() == expected).await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_connection_knows_what_was_dialed_for_it() {
    let network = Network::with_server();
    let client = network.client().build().unwrap();
    let connection: Connection<Bolt> = client.connect("peer:1").await.unwrap().engine().clone();
    assert_eq!(connection.address().unwrap().to_string(), "peer:1");
    assert!(
        network.server().connections()[0]
            .engine()
            .address()
            .is_none()
    );
    connection.close();
    assert_eq!(connection.close_reason(), Some(CloseReason::Local));
}
