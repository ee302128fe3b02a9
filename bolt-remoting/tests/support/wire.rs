//! A server or a client of SOFABolt, and a peer by hand at its other end.

use std::net::SocketAddr;

use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
use bolt_remoting::rpc::{
    Answer, Body, HandlerError, Processors, RpcClient, RpcConnection, RpcServer,
};
use bolt_remoting::{Connection, Result};
use tokio::net::{TcpListener, TcpStream};

use super::bolt::{RAW, bolt, echo, heartbeat, processors};
use super::peer::{self, Peer};
use super::{SEC, eventually, within};

/// Handled by the server of [`server_and_peer`]: fails.
pub(crate) const FAILING: &str = "com.example.Failing";

pub(crate) async fn serve(processors: Processors) -> (RpcServer, SocketAddr) {
    let server = RpcServer::builder().processors(processors);
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    (server, address)
}

pub(crate) async fn server_and_peer() -> (RpcServer, Peer<Bolt, TcpStream>) {
    let (server, address) = serve(processors().handle_raw(FAILING, |_cx, _body| async {
        Err::<Body, _>(HandlerError::new("com.example.Bad", "no luck"))
    }))
    .await;
    (server, peer::dial(bolt(), address).await)
}

/// The server's end of the connection to `peer`.
pub(crate) async fn end_of(server: &RpcServer, peer: &Peer<Bolt, TcpStream>) -> Connection<Bolt> {
    let address = peer.addr();
    eventually(|| server.connection(address).is_some()).await;
    server.connection(address).unwrap().engine().clone()
}

/// What was answered to everything sent so far, by asking for one thing more.
pub(crate) async fn answers(peer: &mut Peer<Bolt, TcpStream>) -> Vec<BoltFrame> {
    peer.send(heartbeat(BoltVersion::V1, 0xfeed)).await;
    let mut answers = Vec::new();
    loop {
        match peer.recv().await {
            last if last.id == 0xfeed => return answers,
            answer => answers.push(answer),
        }
    }
}

pub(crate) struct Setting {
    pub(crate) client: RpcClient,
    pub(crate) listener: TcpListener,
    pub(crate) address: String,
    pub(crate) peer: Peer<Bolt, TcpStream>,
    pub(crate) connection: RpcConnection,
}

/// A client with a connection of the given version to a peer by hand.
pub(crate) async fn setting(version: BoltVersion) -> Setting {
    let (listener, address) = peer::listen().await;
    let parameters = match version {
        BoltVersion::V1 => "",
        BoltVersion::V2_1 => "?_PROTOCOL=2&_VERSION=1",
        BoltVersion::V2_2 => "?_PROTOCOL=2&_VERSION=2",
    };
    let address = format!("{address}{parameters}");
    let client = RpcClient::builder().processors(processors());
    let client = client.timeout(SEC * 30).build().unwrap();
    let (connection, peer) =
        tokio::join!(client.connect(&address), peer::accept(bolt(), &listener));
    Setting {
        client,
        listener,
        address,
        peer,
        connection: connection.unwrap(),
    }
}

impl Setting {
    pub(crate) async fn call(&self) -> Answer<Body> {
        let call = self.client.invoke_raw(RAW, &self.address, &echo("x"));
        call.future().await.unwrap()
    }

    /// The outcome of a call that is answered with what `answer` makes of the request.
    pub(crate) async fn answered(
        &mut self,
        answer: impl FnOnce(&BoltFrame) -> BoltFrame,
    ) -> Result<Body> {
        let call = self.call().await;
        let request = self.peer.recv().await;
        self.peer.send(answer(&request)).await;
        within(call).await
    }
}

/// A server of the given handlers, and its address for clients.
pub(crate) async fn server_with(processors: Processors) -> (RpcServer, String) {
    let server = RpcServer::builder().processors(processors);
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    (server, address)
}

/// A patient client and a server of the usual handlers.
pub(crate) async fn both() -> (RpcServer, String, RpcClient) {
    let (server, address) = server_with(processors()).await;
    (server, address, patient())
}

/// A client that gives slow machines time.
pub(crate) fn patient() -> RpcClient {
    RpcClient::builder().timeout(SEC * 30).build().unwrap()
}

/// Requests that are being handled, on all connections together.
pub(crate) fn in_flight(server: &RpcServer) -> usize {
    let all = server.connections();
    let stats = all.iter().map(|connection| connection.engine().stats());
    stats.map(|stats| stats.requests_in_flight).sum()
}
