use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::{Bolt, BoltVersion};
#[cfg(feature = "hessian")]
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::{TcpListener, ToSocketAddrs};

use super::body::Body;
use super::connection::RpcConnection;
use super::context::RequestContext;
use super::failure::{ErrorDetails, HandlerResult};
use super::interceptor::Interceptor;
#[cfg(feature = "hessian")]
use super::processor::Processor;
use super::processor::{ClassNames, Processors};
use super::settings::Settings;
use crate::client::Stream;
use crate::events::{ConnectionEvent, Listener};
use crate::{
    ConnectionConfig, Error, ErrorKind, Port, Result, Server, ServerBuilder, SocketOptions,
};

/// A running SOFABolt server. Dropping it closes the port and all connections at once;
/// [`shutdown`](Self::shutdown) and [`run_until`](Self::run_until) do it in order. Java:
/// `RpcServer`.
///
/// ```
/// # #[cfg(feature = "hessian")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bolt_remoting::Result<()> {
/// use bolt_remoting::rpc::RpcServer;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename = "com.example.Hello")]
/// struct Hello { name: String }
///
/// let server = RpcServer::builder()
///     .handle(|_cx, hello: Hello| async move { Ok(format!("hello {}", hello.name)) })
///     .bind("127.0.0.1:0")
///     .await?;
/// println!("listening on {}", server.local_addr());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "hessian"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct RpcServer {
    server: Server<Bolt>,
    settings: Arc<Settings>,
}

/// Makes an [`RpcServer`].
#[derive(Debug, Default)]
pub struct RpcServerBuilder {
    settings: Settings,
    config: Option<ConnectionConfig>,
    max_connections: Option<usize>,
    max_in_flight: Option<usize>,
    socket: SocketOptions,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ServerTls>,
    version: Option<BoltVersion>,
    processors: Processors,
    listeners: Listeners,
}

/// Those who are told what happens to connections.
#[derive(Default)]
struct Listeners(Vec<Box<Listener<Bolt>>>);

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} listeners", self.0.len())
    }
}

impl RpcServerBuilder {
    /// Handles requests of the Java class that serde knows `Req` by; see [`Processors::handle`].
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn handle<F, Fut, Req, Resp>(mut self, handler: F) -> Self
    where
        F: Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<Resp>> + Send + 'static,
        Req: DeserializeOwned + Send + 'static,
        Resp: Serialize + Send + 'static,
    {
        self.processors = self.processors.handle(handler);
        self
    }

    /// Handles what `processor` takes; see [`Processors::processor`].
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn processor<P>(mut self, processor: P) -> Self
    where
        P: Processor<Request: DeserializeOwned, Response: Serialize>,
    {
        self.processors = self.processors.processor(processor);
        self
    }

    /// Handles requests of `class` as bytes; see [`Processors::handle_raw`].
    #[must_use]
    pub fn handle_raw<F, Fut>(mut self, class: impl ClassNames, handler: F) -> Self
    where
        F: Fn(RequestContext, Body) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<Body>> + Send + 'static,
    {
        self.processors = self.processors.handle_raw(class, handler);
        self
    }

    /// Adds handlers that were put together elsewhere; see [`Processors::merge`].
    #[must_use]
    pub fn processors(mut self, processors: Processors) -> Self {
        self.processors = self.processors.merge(processors);
        self
    }

    /// Stands around all requests that the server gets; see [`Interceptor`].
    #[must_use]
    pub fn intercept(mut self, interceptor: impl Interceptor) -> Self {
        self.processors = self.processors.intercept(interceptor);
        self
    }

    /// Stands around all calls that the server makes of its clients; see [`Interceptor`].
    #[must_use]
    pub fn intercept_calls(mut self, interceptor: impl Interceptor) -> Self {
        self.settings.interceptors.add(interceptor);
        self
    }

    /// Settings of the connections; [`ConnectionConfig::server`] by default.
    #[must_use]
    pub fn config(mut self, config: ConnectionConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Most connections at a time. Default 10,000.
    #[must_use]
    pub fn max_connections(mut self, most: usize) -> Self {
        self.max_connections = Some(most);
        self
    }

    /// Most requests that are being handled at a time on all connections together; further ones are
    /// refused as busy. Default 1,048,576; see [`ServerBuilder::max_in_flight`].
    #[must_use]
    pub fn max_in_flight(mut self, most: usize) -> Self {
        self.max_in_flight = Some(most);
        self
    }

    /// Options of the listener and of the connections.
    #[must_use]
    pub fn socket(mut self, options: SocketOptions) -> Self {
        self.socket = options;
        self
    }

    /// Speaks TLS, and nothing else, on all connections. Default no. Java: `bolt.server.ssl.enable`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// How much error answers tell. Default [`ErrorDetails::Full`], as in Java.
    #[must_use]
    pub fn error_details(mut self, details: ErrorDetails) -> Self {
        self.settings.error_details = details;
        self
    }

    /// The version of requests and heartbeats that the server starts. By default that of the first
    /// frame received on the connection, as in Java. Answers have their request's version always.
    #[must_use]
    pub fn version(mut self, version: BoltVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Dialect and limits of Hessian.
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn hessian(mut self, hessian: super::Hessian) -> Self {
        self.settings.hessian = Arc::new(hessian);
        self
    }

    /// Has `listener` told what happens to connections; see [`events`](crate::events). Java:
    /// `addConnectionEventProcessor`.
    #[must_use]
    pub fn on_connection_event(
        mut self,
        listener: impl Fn(&ConnectionEvent<Bolt>) + Send + Sync + 'static,
    ) -> Self {
        self.listeners.0.push(Box::new(listener));
        self
    }

    /// Listens at `address` and serves until the server is shut down or dropped. Port 0 takes any
    /// free one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] when two handlers are registered for one class;
    /// [`ErrorKind::Bind`] when the address can't be resolved or bound.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it returns means that nothing listens.
    pub async fn bind(self, address: impl ToSocketAddrs) -> Result<RpcServer> {
        let (builder, settings) = self.engine()?;
        let server = builder.bind(address).await.map_err(cannot_listen)?;
        Ok(RpcServer { server, settings })
    }

    /// Serves on a listener that was made elsewhere; see [`ServerBuilder::serve`].
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn serve(self, listener: TcpListener) -> Result<RpcServer> {
        let (builder, settings) = self.engine()?;
        let server = builder.serve(listener).map_err(cannot_listen)?;
        Ok(RpcServer { server, settings })
    }

    /// A server that listens nowhere: it serves the byte streams that it is given with
    /// [`RpcServer::attach`]. [`RpcClientBuilder::connector`](super::RpcClientBuilder::connector)
    /// has an example.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] when two handlers are registered for one class.
    pub fn without_listener(self) -> Result<RpcServer> {
        let (builder, settings) = self.engine()?;
        let server = builder.without_listener();
        Ok(RpcServer { server, settings })
    }

    /// Serves the SOFABolt connections of a port that is shared with other protocols; see [`Port`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] when two handlers are registered for one class, or when this
    /// builder was given TLS, which is the port's here.
    pub fn serve_on(self, port: &Port) -> Result<RpcServer> {
        let (builder, settings) = self.engine()?;
        let server = builder
            .serve_on(port)
            .map_err(|why| Error::new(ErrorKind::InvalidArgument, why.to_string()))?;
        Ok(RpcServer { server, settings })
    }

    fn engine(self) -> Result<(ServerBuilder<Bolt>, Arc<Settings>)> {
        let settings = Arc::new(self.settings);
        let protocol = self.version.map_or_else(Bolt::following_peer, Bolt::new);
        let mut builder =
            Server::builder(protocol, self.processors.into_handler(&settings)?).socket(self.socket);
        if let Some(config) = self.config {
            builder = builder.config(config);
        }
        if let Some(most) = self.max_connections {
            builder = builder.max_connections(most);
        }
        if let Some(most) = self.max_in_flight {
            builder = builder.max_in_flight(most);
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            builder = builder.tls(tls);
        }
        for listener in self.listeners.0 {
            builder = builder.on_connection_event(listener);
        }
        Ok((builder, settings))
    }
}

fn cannot_listen(why: std::io::Error) -> Error {
    Error::new(ErrorKind::Bind, format!("can't listen: {why}")).with_source(why)
}

impl RpcServer {
    /// A builder with defaults for everything and no handlers.
    #[must_use]
    pub fn builder() -> RpcServerBuilder {
        RpcServerBuilder::default()
    }

    /// Where it listens, with the port that was chosen; `0.0.0.0:0` for one that listens nowhere.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Serves a byte stream that was accepted elsewhere, or one half of [`tokio::io::duplex`]; see
    /// [`Server::attach`].
    pub fn attach(&self, stream: impl Into<Stream>) -> Option<RpcConnection> {
        let connection = self.server.attach(stream)?;
        Some(RpcConnection::new(connection, Arc::clone(&self.settings)))
    }

    /// The client that is connected from `peer`, to call it. Java: calls by address on a managed
    /// server.
    #[must_use]
    pub fn connection(&self, peer: SocketAddr) -> Option<RpcConnection> {
        let connection = self.server.connection(peer)?;
        Some(RpcConnection::new(connection, Arc::clone(&self.settings)))
    }

    /// All clients that are connected.
    #[must_use]
    pub fn connections(&self) -> Vec<RpcConnection> {
        let all = self.server.connections().into_iter();
        all.map(|connection| RpcConnection::new(connection, Arc::clone(&self.settings)))
            .collect()
    }

    /// Serves until `signal` is ready (`tokio::signal::ctrl_c()`, say), then shuts down with
    /// `grace`. Returns how many requests were cut off.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the server with it: everything is closed at once.
    pub async fn run_until<T>(self, signal: impl Future<Output = T>, grace: Duration) -> usize {
        signal.await;
        self.shutdown(grace).await
    }

    /// Stops accepting, refuses new requests as busy, lets those in flight end within `grace`, with
    /// the calls of their clients that they need, writes their answers and closes. Returns how many
    /// requests were cut off: 0 after a clean end. See [`Server::shutdown`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the shutdown.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        self.server.shutdown(grace).await
    }
}
