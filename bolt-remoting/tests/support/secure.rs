//! Clients and servers that speak TLS.

use bolt_remoting::rpc::{Body, RpcServerBuilder};
use bolt_remoting::tls::{ClientTls, ClientTlsConfig, ServerTls, ServerTlsConfig};
use bolt_remoting::{Result, RpcClient, RpcServer};

use super::bolt::{RAW, echo, processors};
use super::within;

pub(crate) const LOCAL: &[&str] = &["127.0.0.1"];

pub(crate) fn builder(config: ServerTlsConfig) -> RpcServerBuilder {
    let tls = ServerTls::new(config).unwrap();
    RpcServer::builder().processors(processors()).tls(tls)
}

pub(crate) async fn serve(config: ServerTlsConfig) -> (RpcServer, String) {
    let server = builder(config).bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    (server, address)
}

pub(crate) fn client(config: ClientTlsConfig) -> RpcClient {
    let tls = ClientTls::new(config).unwrap();
    RpcClient::builder().tls(tls).build().unwrap()
}

pub(crate) async fn call(client: &RpcClient, address: &str) -> Result<Body> {
    within(client.invoke_raw(RAW, address, &echo("x")).into_future()).await
}
