//! TLS: what one end learns of the other's identity.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)]

mod support;

use bolt_codec::bolt::Bolt;
use bolt_remoting::rpc::{Body, Processors};
use bolt_remoting::tls::{ClientTlsConfig, ServerTls, ServerTlsConfig};
use bolt_remoting::{Connection, Port, RpcClient, RpcServer};
use support::bolt::{RAW, echo};
use support::certificates::{Authority, Certificate};
use support::secure::client;
use support::within;

/// `ECHO` answers the certificate of who asks.
fn who_asks() -> Processors {
    Processors::new().handle_raw(support::bolt::ECHO, |cx, _body| async move {
        let shown = cx.connection().engine().peer_certificates();
        let own = shown.first().cloned().unwrap_or_default();
        Ok(Body::new(support::bolt::ECHO, own))
    })
}

async fn seen_by_the_server(client: &RpcClient, address: &str) -> bytes::Bytes {
    let call = client.invoke_raw(RAW, address, &echo(""));
    within(call.into_future()).await.unwrap().content
}

struct Setting {
    authority: Authority,
    server: Certificate,
    client: Certificate,
}

impl Setting {
    fn new() -> Self {
        let authority = Authority::new("root");
        let [server, client] = ["127.0.0.1", "some client"].map(|name| authority.issue(&[name]));
        Self {
            authority,
            server,
            client,
        }
    }

    /// What a server shows.
    fn shown(&self) -> ServerTlsConfig {
        ServerTlsConfig::new(self.server.identity())
    }

    fn mutual(&self) -> ServerTls {
        ServerTls::new(self.shown().client_roots(self.authority.roots())).unwrap()
    }

    fn known_client(&self) -> RpcClient {
        let trust = ClientTlsConfig::trusting(self.authority.roots());
        client(trust.identity(self.client.identity()))
    }
}

#[tokio::test]
async fn a_server_learns_who_its_clients_are() {
    let setting = Setting::new();
    let server = RpcServer::builder()
        .processors(who_asks())
        .tls(setting.mutual())
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr().to_string();
    let client = setting.known_client();
    assert_eq!(
        seen_by_the_server(&client, &address).await,
        setting.client.der
    );
}

#[tokio::test]
async fn so_does_one_on_a_shared_port() {
    let setting = Setting::new();
    let port = Port::builder().tls(setting.mutual());
    let port = port.bind("127.0.0.1:0").await.unwrap();
    let server = RpcServer::builder().processors(who_asks());
    let _server = server.serve_on(&port).unwrap();
    port.open();
    let address = port.local_addr().to_string();
    let client = setting.known_client();
    assert_eq!(
        seen_by_the_server(&client, &address).await,
        setting.client.der
    );
}

#[tokio::test]
async fn a_client_learns_who_the_server_is_which_learns_nothing_if_it_doesn_t_ask() {
    let setting = Setting::new();
    let server = RpcServer::builder()
        .processors(who_asks())
        .tls(ServerTls::new(setting.shown()).unwrap())
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr().to_string();
    let client = setting.known_client();
    assert_eq!(seen_by_the_server(&client, &address).await, "");
    let connection = client.connect(&address).await.unwrap();
    let engine: &Connection<Bolt> = connection.engine();
    assert_eq!(engine.peer_certificates(), [setting.server.der]);
}

#[tokio::test]
async fn without_tls_there_are_no_certificates() {
    let server = RpcServer::builder().processors(who_asks());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    let client = RpcClient::new();
    assert_eq!(seen_by_the_server(&client, &address).await, "");
}
