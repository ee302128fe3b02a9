//! A server of any protocol.
//!
//! For SOFABolt itself [`RpcServer`](crate::RpcServer) is what you want; this is what it stands
//! on, and what a private protocol uses.

mod accept;
mod port;
mod replay;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use bolt_codec::Protocol;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio_util::sync::CancellationToken;

use self::accept::{Acceptor, Reception};
pub use self::port::{Port, PortBuilder};
use crate::client::Stream;
use crate::config::ConnectionConfig;
use crate::engine::handler::FrameHandler;
use crate::events::{ConnectionEvent, Events, Listener};
use crate::registry::Registry;
use crate::{Connection, SocketOptions, net};

/// A running server of protocol `P`. Dropping it closes the port and all connections at once;
/// [`shutdown`](Self::shutdown) does it in order.
pub struct Server<P: Protocol> {
    local: SocketAddr,
    registry: Arc<Registry<P>>,
    reception: Arc<Reception<P>>,
    accepting: CancellationToken,
}

/// Makes a [`Server`].
pub struct ServerBuilder<P: Protocol> {
    protocol: Arc<P>,
    handler: Arc<dyn FrameHandler<P>>,
    config: ConnectionConfig,
    max_connections: usize,
    max_in_flight: usize,
    socket: SocketOptions,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ServerTls>,
    listeners: Vec<Box<Listener<P>>>,
}

impl<P: Protocol> ServerBuilder<P> {
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

    /// Settings of the connections; [`ConnectionConfig::server`] by default.
    #[must_use]
    pub fn config(mut self, config: ConnectionConfig) -> Self {
        self.config = config;
        self
    }

    /// Most connections at a time, those counted that are still in their TLS handshake; a further
    /// one is closed as soon as it is accepted. Default 10,000.
    #[must_use]
    pub fn max_connections(mut self, most: usize) -> Self {
        self.max_connections = most;
        self
    }

    /// Most requests that are being handled at a time on all connections together; further ones are
    /// refused as busy. Default 1,048,576. What a single connection may have is
    /// [`ConnectionConfig::max_in_flight`].
    #[must_use]
    pub fn max_in_flight(mut self, most: usize) -> Self {
        self.max_in_flight = most;
        self
    }

    /// Options of the listener and of the connections.
    #[must_use]
    pub fn socket(mut self, options: SocketOptions) -> Self {
        self.socket = options;
        self
    }

    /// Speaks TLS, and nothing else, on all connections. Default no.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Listens at `address` (the first of its answers that can be bound) and serves until the
    /// server is shut down or dropped. Port 0 takes any free one.
    ///
    /// # Errors
    ///
    /// Whatever resolving, binding or listening fails with.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it returns means that nothing listens.
    pub async fn bind(self, address: impl ToSocketAddrs) -> io::Result<Server<P>> {
        let listener = listen(address, &self.socket).await?;
        self.serve(listener)
    }

    /// Serves on a listener that was made elsewhere: inherited from systemd or a parent process,
    /// say. Of the [socket options](Self::socket) only those of connections are applied.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// ```
    /// # use bolt_codec::bolt::Bolt;
    /// # use bolt_remoting::{NoHandler, Server};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let inherited = std::net::TcpListener::bind("127.0.0.1:0")?; // or by the crate `listenfd`
    /// inherited.set_nonblocking(true)?;
    /// let listener = tokio::net::TcpListener::from_std(inherited)?;
    /// let server = Server::builder(Bolt::default(), NoHandler).serve(listener)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the listener doesn't know its address.
    pub fn serve(self, listener: TcpListener) -> io::Result<Server<P>> {
        let local = listener.local_addr()?;
        let socket = self.socket.clone();
        #[cfg(feature = "tls")]
        let tls = self.tls.clone();
        let mut server = self.without_listener();
        server.local = local;
        let acceptor = Acceptor {
            reception: Arc::clone(&server.reception),
            socket,
            #[cfg(feature = "tls")]
            tls,
            #[cfg(feature = "tls")]
            accepting: server.accepting.clone(),
        };
        // Tracked, so that the port is free again when a shutdown returns.
        server.registry.track(
            server
                .accepting
                .clone()
                .run_until_cancelled_owned(acceptor.run(listener)),
        );
        Ok(server)
    }

    /// A server that listens nowhere: it serves the byte streams that it is given with
    /// [`Server::attach`]. For tests without ports, and for streams that are accepted elsewhere.
    #[must_use]
    pub fn without_listener(self) -> Server<P> {
        let registry = Registry::new(Events::to(self.listeners));
        Server {
            local: SocketAddr::from(([0, 0, 0, 0], 0)),
            reception: Reception::new(
                self.protocol,
                self.handler,
                self.config,
                self.max_connections,
                self.max_in_flight,
                Arc::clone(&registry),
            ),
            registry,
            accepting: CancellationToken::new(),
        }
    }
}

/// Listens at the first answer that can be bound.
async fn listen(address: impl ToSocketAddrs, options: &SocketOptions) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for candidate in tokio::net::lookup_host(address).await? {
        match net::listen(candidate, options) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl<P: Protocol> Server<P> {
    /// A builder with defaults for everything but protocol and handler.
    #[must_use]
    pub fn builder(protocol: P, handler: impl FrameHandler<P>) -> ServerBuilder<P> {
        ServerBuilder {
            protocol: Arc::new(protocol),
            handler: Arc::new(handler),
            config: ConnectionConfig::server(),
            max_connections: 10_000,
            max_in_flight: 1024 * 1024,
            socket: SocketOptions::default(),
            #[cfg(feature = "tls")]
            tls: None,
            listeners: Vec::new(),
        }
    }

    /// Serves a byte stream that was accepted elsewhere, or one half of [`tokio::io::duplex`], as it
    /// is: without TLS and without socket options. `None`, and the stream is dropped, when there are
    /// too many connections or the server has been shut down.
    ///
    /// Must be called within a tokio runtime, on which the connection's task is spawned.
    pub fn attach(&self, stream: impl Into<Stream>) -> Option<Connection<P>> {
        let stream = stream.into();
        if self.accepting.is_cancelled() {
            return None;
        }
        self.reception.welcome(stream)
    }

    /// Where it listens, with the port that was chosen; `0.0.0.0:0` for one that listens nowhere.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// All live connections.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection<P>> {
        self.registry.all()
    }

    /// The live connection from the given address, if there is one.
    #[must_use]
    pub fn connection(&self, peer: SocketAddr) -> Option<Connection<P>> {
        self.registry.find(peer)
    }

    /// Stops accepting, refuses new requests, lets those in flight end within `grace`, with
    /// [the calls that they need](Connection::drain), writes their answers and closes. Returns how
    /// many requests were cut off: 0 after a clean end.
    ///
    /// When it returns, the tasks of all connections and handlers have ended. The exceptions are
    /// handlers whose code blocks its thread, since it can't be cancelled: they are waited for until
    /// two seconds after `grace`, and count as cut off.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the shutdown.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        self.accepting.cancel();
        self.registry.drain(grace).await
    }
}

impl<P: Protocol> Drop for Server<P> {
    fn drop(&mut self) {
        self.accepting.cancel();
        self.registry.close();
    }
}

impl<P: Protocol> fmt::Debug for Server<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("protocol", &P::NAME)
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> fmt::Debug for ServerBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
