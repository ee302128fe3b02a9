//! A network in memory: servers that come and go, dials that are counted and do as they are told.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use bolt_remoting::Address;
use bolt_remoting::rpc::{RpcClient, RpcClientBuilder, RpcServer};
use futures::future::BoxFuture;
use tokio::io::DuplexStream;
use tokio::time::Instant;

use super::SEC;
use super::bolt::processors;

/// Shared by the connector of a client and the test.
#[derive(Clone, Default)]
pub(crate) struct Network(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// Who answers; nobody refuses.
    server: Option<Arc<RpcServer>>,
    /// What the next dials do; then they reach the server.
    script: VecDeque<Dial>,
    /// When each dial began.
    dials: Vec<Instant>,
}

/// What a dial does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dial {
    Refused,
    /// Nothing, ever.
    Hangs,
    /// Reaches the server after so many seconds.
    After(u32),
}

impl Network {
    /// One with a server of the usual handlers.
    pub(crate) fn with_server() -> Self {
        let network = Self::default();
        network.restart();
        network
    }

    /// The same for a test that is in no runtime itself.
    pub(crate) fn with_server_on(runtime: &tokio::runtime::Runtime) -> Self {
        let _within = runtime.enter();
        Self::with_server()
    }

    pub(crate) fn start(&self, server: RpcServer) {
        self.0.lock().unwrap().server = Some(Arc::new(server));
    }

    /// Cuts all connections and refuses new ones.
    pub(crate) fn kill(&self) {
        self.0.lock().unwrap().server = None;
    }

    /// A new server of the usual handlers in place of the one before, whose connections are cut.
    pub(crate) fn restart(&self) {
        let server = RpcServer::builder().processors(processors());
        self.start(server.without_listener().unwrap());
    }

    pub(crate) fn server(&self) -> Arc<RpcServer> {
        self.0.lock().unwrap().server.clone().unwrap()
    }

    pub(crate) fn script(&self, dials: impl IntoIterator<Item = Dial>) {
        self.0.lock().unwrap().script.extend(dials);
    }

    pub(crate) fn dials(&self) -> usize {
        self.0.lock().unwrap().dials.len()
    }

    pub(crate) fn dial_times(&self) -> Vec<Instant> {
        self.0.lock().unwrap().dials.clone()
    }

    fn dial(&self) -> BoxFuture<'static, io::Result<DuplexStream>> {
        let refused = || Err(io::ErrorKind::ConnectionRefused.into());
        let next = {
            let mut inner = self.0.lock().unwrap();
            inner.dials.push(Instant::now());
            inner.script.pop_front()
        };
        let network = self.clone();
        Box::pin(async move {
            match next {
                None => {}
                Some(Dial::Refused) => return refused(),
                Some(Dial::Hangs) => std::future::pending().await,
                Some(Dial::After(seconds)) => tokio::time::sleep(SEC * seconds).await,
            }
            let server = network.0.lock().unwrap().server.clone();
            let Some(server) = server else {
                return refused();
            };
            let (near, far) = tokio::io::duplex(64 * 1024);
            server.attach(far).map(|_| near).map_or_else(refused, Ok)
        })
    }

    /// A client in this network.
    pub(crate) fn client(&self) -> RpcClientBuilder {
        let network = self.clone();
        RpcClient::builder()
            .timeout(SEC * 60)
            .connector(move |_address: Address| network.dial())
    }
}
