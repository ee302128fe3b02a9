use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Protocol;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::book::Book;
use super::core::{Adjust, Core, Prepare, ProtocolOf};
use super::dial::Connector;
use super::{Client, Connect, Inner, LeastPending, PoolConfig, Select};
use crate::config::ConnectionConfig;
use crate::engine::handler::{FrameHandler, NoHandler};
use crate::events::{ConnectionEvent, Events, Listener};
use crate::net::Transport;
use crate::registry::Registry;
use crate::{Address, Connection, Result, SocketOptions};

/// Makes a [`Client`].
pub struct ClientBuilder<P: Protocol> {
    protocol_of: Box<ProtocolOf<P>>,
    handler: Arc<dyn FrameHandler<P>>,
    config: ConnectionConfig,
    adjust: Option<Box<Adjust>>,
    settings: PoolConfig,
    connect_timeout: Option<Duration>,
    select: Arc<dyn Select<P>>,
    transport: Transport,
    connector: Option<Arc<dyn Connect>>,
    prepare: Option<Box<Prepare<P>>>,
    listeners: Vec<Box<Listener<P>>>,
    runtime: Option<Handle>,
}

impl<P: Protocol> ClientBuilder<P> {
    pub(super) fn new(protocol: P) -> Self {
        let protocol = Arc::new(protocol);
        Self {
            protocol_of: Box::new(move |_| Ok(Arc::clone(&protocol))),
            handler: Arc::new(NoHandler),
            config: ConnectionConfig::client(),
            adjust: None,
            settings: PoolConfig::default(),
            connect_timeout: None,
            select: Arc::new(LeastPending),
            transport: Transport::default(),
            connector: None,
            prepare: None,
            listeners: Vec::new(),
            runtime: None,
        }
    }

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

    /// Settings of the connections that differ by address, such as heartbeats: `adjust` changes
    /// what [`config`](Self::config) says, when an address is used for the first time.
    #[must_use]
    pub fn adjust_config(
        mut self,
        adjust: impl Fn(&Address, &mut ConnectionConfig) + Send + Sync + 'static,
    ) -> Self {
        self.adjust = Some(Box::new(adjust));
        self
    }

    /// How connections are kept.
    #[must_use]
    pub fn pools(mut self, settings: PoolConfig) -> Self {
        self.settings = settings;
        self
    }

    /// How long connecting may take, name resolution and TLS handshake included, where the address
    /// doesn't say. Default 1 s. A call's deadline ends its waiting earlier. It beats
    /// [`PoolConfig::connect_timeout`], whichever is given first.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Which connection of several a call takes; [`LeastPending`] by default. With one connection
    /// per address there is nothing to choose. Java: `CONNECTION_SELECT_STRATEGY`.
    #[must_use]
    pub fn select(mut self, select: impl Select<P>) -> Self {
        self.select = Arc::new(select);
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

    /// Where byte streams come from, in place of TCP. They are used as they are: socket options and
    /// TLS are the connector's business then.
    #[must_use]
    pub fn connector(mut self, connector: impl Connect) -> Self {
        self.connector = Some(Arc::new(connector));
        self
    }

    /// What is done on each new connection before anybody else may call on it: to log in or to
    /// register, say. It belongs to connecting: it has to end within the connect timeout, and if it
    /// fails, the attempt to connect has failed and the connection is closed.
    ///
    /// Listeners hear of the connection before, and [`Client::connections`] lists it already.
    ///
    /// ```no_run
    /// # use bolt_remoting::{Client, ErrorKind};
    /// # use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
    /// # use std::time::Duration;
    /// let client = Client::builder(Bolt::default())
    ///     .prepare(|connection| async move {
    ///         let login = BoltFrame::request(BoltVersion::V1, "com.example.Login", &b"secret"[..]);
    ///         let answer = connection.call(login, Duration::from_secs(1)).await?;
    ///         match &answer.content[..] {
    ///             b"welcome" => Ok(()),
    ///             other => Err(format!("not let in: {other:?}").into()),
    ///         }
    ///     })
    ///     .build();
    /// ```
    #[must_use]
    pub fn prepare<F, Fut>(mut self, prepare: F) -> Self
    where
        F: Fn(Connection<P>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        self.prepare = Some(Box::new(move |connection| Box::pin(prepare(connection))));
        self
    }

    /// Has `listener` told what happens to connections. There may be several. Java:
    /// `addConnectionEventProcessor`.
    #[must_use]
    pub fn on_connection_event(
        mut self,
        listener: impl Fn(&ConnectionEvent<P>) + Send + Sync + 'static,
    ) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// The client's own runtime, [on which its connections live](crate::client#runtimes); by default
    /// the one that the client is built in, if any.
    #[must_use]
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
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
    pub fn build(mut self) -> Client<P> {
        if let Some(timeout) = self.connect_timeout {
            self.settings.connect_timeout = timeout;
        }
        let connector = match self.connector {
            Some(connector) => Connector::Other(connector),
            None => Connector::Network(Arc::new(self.transport)),
        };
        let core = Arc::new(Core {
            protocol_of: self.protocol_of,
            handler: self.handler,
            config: Arc::new(self.config),
            adjust: self.adjust,
            book: Book::new(self.settings.max_addresses),
            settings: self.settings,
            select: self.select,
            connector,
            prepare: self.prepare,
            runtime: self.runtime.or_else(|| Handle::try_current().ok()),
            registry: Registry::new(Events::to(self.listeners)),
            end: CancellationToken::new(),
        });
        Client(Arc::new(Inner { core }))
    }
}

impl<P: Protocol> fmt::Debug for ClientBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("config", &self.config)
            .field("pools", &self.settings)
            .finish_non_exhaustive()
    }
}
