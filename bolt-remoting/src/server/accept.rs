//! From a listener to connections that run.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
#[cfg(feature = "tls")]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bolt_codec::{Protocol, Role};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
#[cfg(feature = "tls")]
use tokio_util::sync::CancellationToken;

use crate::client::Stream;
use crate::config::ConnectionConfig;
use crate::engine::handler::FrameHandler;
use crate::engine::load::Load;
use crate::engine::shared::Setup;
use crate::registry::Registry;
use crate::{Connection, SocketOptions};

/// How long a TLS handshake may take where the first frame may come at any time.
#[cfg(feature = "tls")]
const HANDSHAKE: Duration = Duration::from_secs(20);

/// Where a stream becomes a connection of one server, within its limits.
pub(super) struct Reception<P: Protocol> {
    protocol: Arc<P>,
    handler: Arc<dyn FrameHandler<P>>,
    config: Arc<ConnectionConfig>,
    max_connections: usize,
    load: Arc<Load>,
    registry: Arc<Registry<P>>,
    #[cfg(feature = "tls")]
    shaking_hands: AtomicUsize,
}

/// Who has come, and when.
pub(super) struct Arrival {
    pub(super) peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
    at: Instant,
    /// What it has shown of itself.
    certificates: Box<[Bytes]>,
}

impl Arrival {
    pub(super) fn now(stream: &TcpStream, peer: SocketAddr) -> Self {
        Self {
            peer: Some(peer),
            local: stream.local_addr().ok(),
            at: Instant::now(),
            certificates: Box::default(),
        }
    }

    /// The holder of these certificates.
    #[cfg(feature = "tls")]
    pub(super) fn of(self, certificates: Box<[Bytes]>) -> Self {
        Self {
            certificates,
            ..self
        }
    }
}

impl<P: Protocol> Reception<P> {
    pub(super) fn new(
        protocol: Arc<P>,
        handler: Arc<dyn FrameHandler<P>>,
        config: ConnectionConfig,
        max_connections: usize,
        max_in_flight: usize,
        registry: Arc<Registry<P>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            protocol,
            handler,
            config: Arc::new(config),
            max_connections,
            load: Arc::new(Load::bounded(max_in_flight)),
            registry,
            #[cfg(feature = "tls")]
            shaking_hands: AtomicUsize::new(0),
        })
    }

    pub(super) fn protocol(&self) -> &P {
        &self.protocol
    }

    pub(super) fn has_room(&self) -> bool {
        #[cfg(feature = "tls")]
        let unfinished = self.shaking_hands.load(Ordering::Relaxed);
        #[cfg(not(feature = "tls"))]
        let unfinished = 0;
        self.registry.len() + unfinished < self.max_connections
    }

    pub(super) fn refuse(&self, peer: Option<SocketAddr>) {
        tracing::warn!(?peer, most = self.max_connections, "too many connections");
    }

    /// Runs the connection. Its first frame is due a while after the arrival.
    pub(super) fn admit<T>(&self, io: T, arrival: Arrival) -> Connection<P>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let setup = Setup {
            protocol: Arc::clone(&self.protocol),
            role: Role::Server,
            config: Arc::clone(&self.config),
            peer: arrival.peer,
            local: arrival.local,
            certificates: arrival.certificates,
            address: None,
            watch: self.registry.watch(),
            load: Some(Arc::clone(&self.load)),
            family: Some(self.registry.family()),
            began: arrival.at,
        };
        self.registry.spawn(io, setup, Arc::clone(&self.handler))
    }

    /// Runs the connection over a stream of any kind, if there is room for one more.
    pub(super) fn welcome(&self, stream: Stream) -> Option<Connection<P>> {
        if !self.has_room() {
            self.refuse(stream.peer);
            return None;
        }
        let arrival = Arrival {
            peer: stream.peer,
            local: stream.local,
            at: Instant::now(),
            certificates: Box::default(),
        };
        Some(self.admit(stream.io, arrival))
    }

    /// Does the TLS handshake on a task of its own and runs the connection: nobody waits for a
    /// peer that takes its time.
    #[cfg(feature = "tls")]
    fn admit_secured(
        self: &Arc<Self>,
        tls: &crate::tls::ServerTls,
        stream: TcpStream,
        arrival: Arrival,
        accepting: &CancellationToken,
    ) {
        let (tls, place) = (tls.clone(), ShakingHands::begin(self));
        let admission = async move {
            let reception = &place.0;
            let limit = reception.config.first_frame_timeout.unwrap_or(HANDSHAKE);
            let secured = tokio::time::timeout(limit, tls.accept(stream)).await;
            match secured.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(stream) => {
                    let arrival = arrival.of(crate::tls::shown(stream.get_ref().1));
                    drop(reception.admit(stream, arrival));
                }
                Err(error) => {
                    let text = crate::tls::handshake_failure(&error);
                    tracing::warn!(peer = ?arrival.peer, "{text}");
                }
            }
        };
        self.registry
            .track(accepting.clone().run_until_cancelled_owned(admission));
    }
}

/// Counts among the connections while it does its handshake.
#[cfg(feature = "tls")]
struct ShakingHands<P: Protocol>(Arc<Reception<P>>);

#[cfg(feature = "tls")]
impl<P: Protocol> ShakingHands<P> {
    fn begin(reception: &Arc<Reception<P>>) -> Self {
        reception.shaking_hands.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(reception))
    }
}

#[cfg(feature = "tls")]
impl<P: Protocol> Drop for ShakingHands<P> {
    fn drop(&mut self) {
        self.0.shaking_hands.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A listener and the server that its connections are for.
pub(super) struct Acceptor<P: Protocol> {
    pub(super) reception: Arc<Reception<P>>,
    pub(super) socket: SocketOptions,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<crate::tls::ServerTls>,
    /// Cancelled when the server shuts down.
    #[cfg(feature = "tls")]
    pub(super) accepting: CancellationToken,
}

impl<P: Protocol> Acceptor<P> {
    pub(super) async fn run(self, listener: TcpListener) {
        loop {
            let (stream, peer) = next(&listener).await;
            if !self.reception.has_room() {
                self.reception.refuse(Some(peer));
                continue;
            }
            self.socket.set_up(&stream);
            let arrival = Arrival::now(&stream, peer);
            #[cfg(feature = "tls")]
            if let Some(tls) = &self.tls {
                self.reception
                    .admit_secured(tls, stream, arrival, &self.accepting);
                continue;
            }
            self.reception.admit(stream, arrival);
        }
    }
}

/// The next one who connects.
pub(super) async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(arrived) => return arrived,
            // That peer has changed its mind; the next one may be waiting.
            Err(error) if is_about_one_peer(&error) => {}
            Err(error) => {
                // Out of file descriptors, mostly: give others time to release some.
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn is_about_one_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
