//! A client of any protocol: connections by address.
//!
//! For SOFABolt itself [`RpcClient`](crate::RpcClient) is what you want; this is what it stands
//! on, and what a private protocol uses.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bolt_codec::{Protocol, Role};
use rustc_hash::FxHashMap;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::ConnectionConfig;
use crate::engine::handler::{FrameHandler, NoHandler};
use crate::engine::shared::Setup;
use crate::net::{Stream, Transport};
use crate::registry::Registry;
use crate::{Address, CloseReason, Connection, Error, ErrorKind, Result, SocketOptions};

type ProtocolOf<P> = dyn Fn(&Address) -> Result<Arc<P>> + Send + Sync;

/// A client of protocol `P`. Cheap to clone; clones share their connections.
///
/// It keeps one multiplexed connection per address, made when first needed and again when it is
/// lost. Dropping the last clone closes the connections.
pub struct Client<P: Protocol>(Arc<Inner<P>>);

struct Inner<P: Protocol> {
    protocol_of: Box<ProtocolOf<P>>,
    handler: Arc<dyn FrameHandler<P>>,
    config: Arc<ConnectionConfig>,
    connect_timeout: Duration,
    transport: Arc<Transport>,
    /// The one it was built in: calls from plain threads go on there.
    runtime: Option<Handle>,
    registry: Arc<Registry<P>>,
    /// Set once by a shutdown: addresses that come up later can't be dialed.
    shut: AtomicBool,
    /// By canonical text and by the texts that callers use.
    endpoints: RwLock<FxHashMap<String, Arc<Endpoint<P>>>>,
}

/// An address and its connection.
pub(crate) struct Endpoint<P: Protocol> {
    address: Address,
    protocol: Arc<P>,
    slot: Mutex<Slot<P>>,
}

enum Slot<P: Protocol> {
    Empty,
    /// Somebody dials; the outcome is for everybody who waits, and is not kept.
    Dialing(watch::Receiver<Option<Result<Connection<P>>>>),
    Ready(Connection<P>),
    /// The client has been shut down.
    Shut,
}

/// Makes a [`Client`].
pub struct ClientBuilder<P: Protocol> {
    protocol_of: Box<ProtocolOf<P>>,
    handler: Arc<dyn FrameHandler<P>>,
    config: ConnectionConfig,
    connect_timeout: Duration,
    transport: Transport,
}

impl<P: Protocol> ClientBuilder<P> {
    /// Who handles requests that servers send; by default they are refused.
    #[must_use]
    pub fn handler(mut self, handler: impl FrameHandler<P>) -> Self {
        self.handler = Arc::new(handler);
        self
    }

    /// Settings of the connections; [`ConnectionConfig::client`] by default.
    #[must_use]
    pub fn config(mut self, config: ConnectionConfig) -> Self {
        self.config = config;
        self
    }

    /// How long connecting may take, name resolution and TLS handshake included, where the address
    /// doesn't say. Default 1 s. A call's deadline ends its waiting earlier.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Options of the sockets. Those of listeners have no effect here.
    #[must_use]
    pub fn socket(mut self, options: SocketOptions) -> Self {
        self.transport.socket = options;
        self
    }

    /// Speaks TLS, and nothing else, with all servers. Default no.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ClientTls) -> Self {
        self.transport.tls = Some(tls);
        self
    }

    /// Chooses the protocol by address, for protocols with versions.
    pub(crate) fn protocol_of(
        mut self,
        choose: impl Fn(&Address) -> Result<Arc<P>> + Send + Sync + 'static,
    ) -> Self {
        self.protocol_of = Box::new(choose);
        self
    }

    /// The client. Nothing is connected yet.
    #[must_use]
    pub fn build(self) -> Client<P> {
        Client(Arc::new(Inner {
            protocol_of: self.protocol_of,
            handler: self.handler,
            config: Arc::new(self.config),
            connect_timeout: self.connect_timeout,
            transport: Arc::new(self.transport),
            runtime: Handle::try_current().ok(),
            registry: Registry::new(),
            shut: AtomicBool::new(false),
            endpoints: RwLock::default(),
        }))
    }
}

impl<P: Protocol> Client<P> {
    /// A builder with defaults for everything but the protocol.
    #[must_use]
    pub fn builder(protocol: P) -> ClientBuilder<P> {
        let protocol = Arc::new(protocol);
        ClientBuilder {
            protocol_of: Box::new(move |_| Ok(Arc::clone(&protocol))),
            handler: Arc::new(NoHandler),
            config: ConnectionConfig::client(),
            connect_timeout: Duration::from_secs(1),
            transport: Transport::default(),
        }
    }

    /// The connection to `address`, made if there is none.
    ///
    /// Of many callers that find no connection one dials, and all share the outcome.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`], [`ErrorKind::Connect`], [`ErrorKind::Timeout`] when
    /// `deadline` passes first.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up waiting; a dial under way goes on for the others.
    pub async fn connection(&self, address: &str, deadline: Instant) -> Result<Connection<P>> {
        let endpoint = self.endpoint(address)?;
        self.connect(&endpoint, deadline).await
    }

    /// What is known of an address.
    pub(crate) fn endpoint(&self, text: &str) -> Result<Arc<Endpoint<P>>> {
        let known = self
            .0
            .endpoints
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = known.get(text) {
            return Ok(Arc::clone(endpoint));
        }
        drop(known);
        let address: Address = text.parse()?;
        let protocol = (self.0.protocol_of)(&address)?;
        let mut known = self
            .0
            .endpoints
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let endpoint = known.entry(address.to_string()).or_insert_with(|| {
            let slot = if self.0.shut.load(Ordering::Relaxed) {
                Slot::Shut
            } else {
                Slot::Empty
            };
            Arc::new(Endpoint {
                address,
                protocol,
                slot: Mutex::new(slot),
            })
        });
        let endpoint = Arc::clone(endpoint);
        known
            .entry(text.to_owned())
            .or_insert_with(|| Arc::clone(&endpoint));
        Ok(endpoint)
    }

    pub(crate) async fn connect(
        &self,
        endpoint: &Arc<Endpoint<P>>,
        deadline: Instant,
    ) -> Result<Connection<P>> {
        let mut outcome = {
            let mut slot = endpoint.lock();
            match &*slot {
                Slot::Ready(connection) if connection.is_open() => return Ok(connection.clone()),
                Slot::Dialing(outcome) if outcome.has_changed().is_ok() => outcome.clone(),
                Slot::Shut => return Err(Error::closed(CloseReason::Local)),
                _ => {
                    let (tell, outcome) = watch::channel(None);
                    *slot = Slot::Dialing(outcome.clone());
                    self.dial(Arc::clone(endpoint), tell);
                    outcome
                }
            }
        };
        match timeout_at(deadline, outcome.wait_for(Option::is_some)).await {
            Ok(Ok(known)) => known.clone().unwrap_or_else(|| Err(Error::timeout())),
            Ok(Err(_)) => Err(Error::closed(CloseReason::Local)),
            Err(_) => Err(Error::timeout()),
        }
    }

    /// Dials on a task of its own, so that no caller's cancellation spoils it for the others.
    fn dial(&self, endpoint: Arc<Endpoint<P>>, tell: watch::Sender<Option<Result<Connection<P>>>>) {
        let client = Arc::downgrade(&self.0);
        let transport = Arc::clone(&self.0.transport);
        let limit = endpoint
            .address
            .connect_timeout()
            .unwrap_or(self.0.connect_timeout);
        tokio::spawn(async move {
            let stream = match timeout(limit, transport.connect(&endpoint.address)).await {
                Ok(result) => result,
                Err(_) => {
                    let text = format!("can't connect to {} within {limit:?}", endpoint.address);
                    Err(Error::new(ErrorKind::Connect, text))
                }
            };
            // The client may be gone by now: then nobody waits either.
            let Some(client) = client.upgrade() else {
                return;
            };
            let mut slot = endpoint.lock();
            if matches!(*slot, Slot::Shut) {
                return;
            }
            let result = stream.map(|stream| client.open(stream, &endpoint.protocol));
            *slot = match &result {
                Ok(connection) => Slot::Ready(connection.clone()),
                Err(_) => Slot::Empty,
            };
            drop(slot);
            tell.send_replace(Some(result));
        });
    }

    /// The runtime that the client was built in, if it was built in one.
    pub(crate) fn runtime(&self) -> Option<&Handle> {
        self.0.runtime.as_ref()
    }

    /// All live connections.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection<P>> {
        self.0.registry.all()
    }

    /// Shuts the client down: no new calls, those in flight may end within `grace`, then all
    /// connections are closed. Returns how many requests of servers were cut off.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the shutdown.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        {
            let known = self.0.endpoints.write();
            let known = known.unwrap_or_else(PoisonError::into_inner);
            self.0.shut.store(true, Ordering::Relaxed);
            known
                .values()
                .for_each(|endpoint| *endpoint.lock() = Slot::Shut);
        }
        self.0.registry.drain(grace).await
    }
}

impl<P: Protocol> Inner<P> {
    fn open(&self, stream: Stream, protocol: &Arc<P>) -> Connection<P> {
        let setup = Setup {
            protocol: Arc::clone(protocol),
            role: Role::Client,
            config: Arc::clone(&self.config),
            peer: stream.tcp().peer_addr().ok(),
            local: stream.tcp().local_addr().ok(),
            began: Instant::now(),
        };
        let handler = Arc::clone(&self.handler);
        match stream {
            Stream::Tcp(stream) => self.registry.spawn(stream, setup, handler),
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => self.registry.spawn(stream, setup, handler),
        }
    }
}

impl<P: Protocol> Endpoint<P> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Slot<P>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, if there is one that takes calls.
    pub(crate) fn ready(&self) -> Option<Connection<P>> {
        match &*self.lock() {
            Slot::Ready(connection) if connection.is_open() => Some(connection.clone()),
            _ => None,
        }
    }
}

impl<P: Protocol> Drop for Inner<P> {
    fn drop(&mut self) {
        self.registry.close();
    }
}

impl<P: Protocol> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Protocol> fmt::Debug for Client<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("protocol", &P::NAME)
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> fmt::Debug for ClientBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
