//! A server of any protocol.
//!
//! For SOFABolt itself [`RpcServer`](crate::RpcServer) is what you want; this is what it stands
//! on, and what a private protocol uses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use bolt_codec::{Protocol, Role};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio_util::sync::CancellationToken;

use crate::config::ConnectionConfig;
use crate::engine::connection::Setup;
use crate::engine::handler::FrameHandler;
use crate::registry::Registry;
use crate::{Connection, net};

/// A running server of protocol `P`. Dropping it closes the port and all connections at once;
/// [`shutdown`](Self::shutdown) does it in order.
pub struct Server<P: Protocol> {
    local: SocketAddr,
    registry: Arc<Registry<P>>,
    accepting: CancellationToken,
}

/// Makes a [`Server`].
pub struct ServerBuilder<P: Protocol> {
    protocol: Arc<P>,
    handler: Arc<dyn FrameHandler<P>>,
    config: ConnectionConfig,
    max_connections: usize,
}

impl<P: Protocol> ServerBuilder<P> {
    /// Settings of the connections; [`ConnectionConfig::server`] by default.
    #[must_use]
    pub fn config(mut self, config: ConnectionConfig) -> Self {
        self.config = config;
        self
    }

    /// Most connections at a time; a further one is closed as soon as it is accepted. Default
    /// 10,000.
    #[must_use]
    pub fn max_connections(mut self, most: usize) -> Self {
        self.max_connections = most;
        self
    }

    /// Listens at `address` (the first of its answers that can be bound) and serves until the
    /// server is shut down or dropped. Port 0 takes any free one.
    ///
    /// # Errors
    ///
    /// Whatever resolving, binding or listening fails with.
    pub async fn bind(self, address: impl ToSocketAddrs) -> io::Result<Server<P>> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for candidate in tokio::net::lookup_host(address).await? {
            match net::listen(candidate) {
                Ok(listener) => return self.serve(listener),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Serves on a listener that was made elsewhere.
    ///
    /// # Errors
    ///
    /// When the listener doesn't know its address.
    pub fn serve(self, listener: TcpListener) -> io::Result<Server<P>> {
        let local = listener.local_addr()?;
        let registry = Registry::new();
        let accepting = CancellationToken::new();
        let acceptor = Acceptor {
            protocol: self.protocol,
            handler: self.handler,
            config: Arc::new(self.config),
            max_connections: self.max_connections,
            registry: Arc::clone(&registry),
        };
        // Tracked, so that the port is free again when a shutdown returns.
        registry.track(
            accepting
                .clone()
                .run_until_cancelled_owned(acceptor.run(listener)),
        );
        Ok(Server {
            local,
            registry,
            accepting,
        })
    }
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
        }
    }

    /// Where it listens, with the port that was chosen.
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
        self.registry
            .all()
            .into_iter()
            .find(|connection| connection.peer_addr() == Some(peer))
    }

    /// Stops accepting, refuses new requests, lets those in flight end within `grace`, writes
    /// their answers and closes. Returns how many requests were cut off: 0 after a clean end. Takes
    /// at most two seconds more than `grace`.
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

struct Acceptor<P: Protocol> {
    protocol: Arc<P>,
    handler: Arc<dyn FrameHandler<P>>,
    config: Arc<ConnectionConfig>,
    max_connections: usize,
    registry: Arc<Registry<P>>,
}

impl<P: Protocol> Acceptor<P> {
    async fn run(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.accept(stream, peer),
                Err(error) => {
                    // Out of file descriptors, mostly: give others time to release some.
                    tracing::warn!(%error, "can't accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn accept(&self, stream: TcpStream, peer: SocketAddr) {
        if self.registry.len() >= self.max_connections {
            tracing::warn!(%peer, most = self.max_connections, "too many connections");
            return;
        }
        net::set_up(&stream);
        let setup = Setup {
            protocol: Arc::clone(&self.protocol),
            role: Role::Server,
            config: Arc::clone(&self.config),
            peer: Some(peer),
            local: stream.local_addr().ok(),
        };
        self.registry
            .spawn(stream, setup, Arc::clone(&self.handler));
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
