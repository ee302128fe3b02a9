//! One port for servers of several protocols.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;
use std::{fmt, io};

use bolt_codec::{Protocol, Recognition};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept::{self, Arrival, Reception};
use super::replay::Replay;
use super::{Server, ServerBuilder};
use crate::SocketOptions;

/// Most bytes that are looked at.
const LONGEST_START: usize = 64;

/// A port that several servers share. Each connection goes to the server whose protocol
/// [recognizes](Protocol::recognize) its first bytes; that server's handlers, settings, limits and
/// shutdown are its own. With TLS the bytes inside count.
///
/// A connection that no protocol recognizes is closed, as is one that leaves it open for too long.
/// Of two protocols that recognize the same bytes the one that was added first gets them.
///
/// Dropping it closes the port; connections that have found their server go on.
///
/// ```
/// # #[cfg(feature = "hessian")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use bolt_remoting::{Port, RpcClient, RpcServer};
///
/// let port = Port::builder().bind("127.0.0.1:0").await?;
/// let rpc = RpcServer::builder()
///     .handle(|_cx, name: String| async move { Ok(format!("hello {name}")) })
///     .serve_on(&port)?;
/// // let mine = Server::builder(MyProtocol, handler).serve_on(&port)?;
/// port.open();
///
/// let client = RpcClient::new();
/// let greeting: String = client.invoke(port.local_addr().to_string(), "you").await?;
/// assert_eq!(greeting, "hello you");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "hessian"))]
/// # fn main() {}
/// ```
pub struct Port {
    local: SocketAddr,
    desk: Arc<Desk>,
    /// Taken when the port is opened.
    listener: Mutex<Option<TcpListener>>,
    accepting: CancellationToken,
    tasks: TaskTracker,
}

/// Makes a [`Port`].
#[derive(Clone, Debug)]
pub struct PortBuilder {
    socket: SocketOptions,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ServerTls>,
    undecided_timeout: Duration,
    max_undecided: usize,
}

impl PortBuilder {
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

    /// A connection whose protocol is still not known after this time, TLS handshake included, is
    /// closed. Default 20 s, for the same reason as
    /// [`first_frame_timeout`](crate::ConnectionConfig::first_frame_timeout).
    #[must_use]
    pub fn undecided_timeout(mut self, timeout: Duration) -> Self {
        self.undecided_timeout = timeout;
        self
    }

    /// Most connections at a time whose protocol is not known yet; a further one is closed as soon
    /// as it is accepted. Default 1,024. Once it is known they count for their server.
    #[must_use]
    pub fn max_undecided(mut self, most: usize) -> Self {
        self.max_undecided = most;
        self
    }

    /// Listens at `address` (the first of its answers that can be bound). Connections may come, and
    /// wait until the port is [opened](Port::open).
    ///
    /// # Errors
    ///
    /// Whatever resolving, binding or listening fails with.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn bind(self, address: impl ToSocketAddrs) -> io::Result<Port> {
        let listener = super::listen(address, &self.socket).await?;
        self.serve(listener)
    }

    /// A port on a listener that was made elsewhere; see
    /// [`ServerBuilder::serve`](ServerBuilder::serve).
    ///
    /// # Errors
    ///
    /// When the listener doesn't know its address.
    pub fn serve(self, listener: TcpListener) -> io::Result<Port> {
        Ok(Port {
            local: listener.local_addr()?,
            listener: Mutex::new(Some(listener)),
            desk: Arc::new(Desk {
                settings: self,
                routes: RwLock::default(),
                undecided: AtomicUsize::new(0),
            }),
            accepting: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }
}

impl Port {
    /// A builder with defaults for everything.
    #[must_use]
    pub fn builder() -> PortBuilder {
        PortBuilder {
            socket: SocketOptions::default(),
            #[cfg(feature = "tls")]
            tls: None,
            undecided_timeout: Duration::from_secs(20),
            max_undecided: 1024,
        }
    }

    /// Where it listens, with the port that was chosen.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Begins to accept connections. Servers may still come and go afterwards. Does nothing if it
    /// is open, or closed again.
    ///
    /// Must be called within a tokio runtime.
    pub fn open(&self) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = listener.take() {
            let (desk, tasks) = (Arc::clone(&self.desk), self.tasks.clone());
            let accepting = self.accepting.clone();
            self.tasks.spawn(
                self.accepting
                    .clone()
                    .run_until_cancelled_owned(async move {
                        desk.accept_all(&listener, &tasks, &accepting).await;
                    }),
            );
        }
    }

    /// Closes the port, and the connections whose protocol is not known yet; returns when it is
    /// free again. The servers and their connections go on: shut them down after this.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the closing.
    pub async fn close(&self) {
        self.accepting.cancel();
        // One that was never opened has it still.
        drop(
            self.listener
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.accepting.cancel();
    }
}

impl<P: Protocol> ServerBuilder<P> {
    /// Serves connections of `port` that the protocol [recognizes](Protocol::recognize), until the
    /// server is shut down or dropped. Socket options are the port's.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) when this builder was given TLS: on a shared
    /// port that is the port's too.
    pub fn serve_on(self, port: &Port) -> io::Result<Server<P>> {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            let text = "on a shared port TLS is to be given to the port";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut server = self.without_listener();
        server.local = port.local;
        port.desk.add(Arc::new(ToServer {
            reception: Arc::downgrade(&server.reception),
            accepting: server.accepting.clone(),
        }));
        Ok(server)
    }
}

/// Where connections wait until it is known for whom they are.
struct Desk {
    settings: PortBuilder,
    routes: RwLock<Vec<Arc<dyn Route>>>,
    undecided: AtomicUsize,
}

/// A server, whatever its protocol.
trait Route: Send + Sync {
    fn recognize(&self, first_bytes: &[u8]) -> Recognition;
    fn admit(&self, stream: Decided, arrival: Arrival);
    /// The server accepts nothing any more.
    fn is_closed(&self) -> bool;
}

/// A connection whose protocol is known.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for a moment, and never many"
)]
enum Decided {
    Tcp(Replay<TcpStream>),
    #[cfg(feature = "tls")]
    Tls(Replay<tokio_rustls::server::TlsStream<TcpStream>>),
}

struct ToServer<P: Protocol> {
    /// A dropped server is gone, even if the port stays.
    reception: Weak<Reception<P>>,
    accepting: CancellationToken,
}

impl<P: Protocol> Route for ToServer<P> {
    fn recognize(&self, first_bytes: &[u8]) -> Recognition {
        let reception = self.reception.upgrade();
        reception.map_or(Recognition::No, |reception| {
            reception.protocol().recognize(first_bytes)
        })
    }

    fn admit(&self, stream: Decided, arrival: Arrival) {
        let Some(reception) = self.reception.upgrade() else {
            return;
        };
        if !reception.has_room() {
            return reception.refuse(arrival.peer);
        }
        match stream {
            Decided::Tcp(stream) => reception.admit(stream, arrival),
            #[cfg(feature = "tls")]
            Decided::Tls(stream) => reception.admit(stream, arrival),
        };
    }

    fn is_closed(&self) -> bool {
        self.accepting.is_cancelled()
    }
}

impl Desk {
    fn add(&self, route: Arc<dyn Route>) {
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.retain(|route| !route.is_closed());
        routes.push(route);
    }

    async fn accept_all(
        self: &Arc<Self>,
        listener: &TcpListener,
        tasks: &TaskTracker,
        accepting: &CancellationToken,
    ) {
        loop {
            let (stream, peer) = accept::next(listener).await;
            if self.undecided.load(Ordering::Relaxed) >= self.settings.max_undecided {
                tracing::warn!(%peer, "too many connections of unknown protocol");
                continue;
            }
            self.settings.socket.set_up(&stream);
            let arrival = Arrival::now(&stream, peer);
            let undecided = Undecided::begin(self);
            tasks.spawn(accepting.clone().run_until_cancelled_owned(async move {
                let limit = undecided.0.settings.undecided_timeout;
                let outcome = timeout(limit, undecided.0.receive(stream, arrival)).await;
                let late = |_| Err(io::ErrorKind::TimedOut.into());
                if let Err(why) = outcome.unwrap_or_else(late) {
                    tracing::warn!(%peer, "a connection of unknown protocol is closed: {why}");
                }
            }));
        }
    }

    async fn receive(&self, stream: TcpStream, arrival: Arrival) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.settings.tls {
            let secured = tls
                .accept(stream)
                .await
                .map_err(|why| io::Error::new(why.kind(), crate::tls::handshake_failure(&why)))?;
            let arrival = arrival.of(crate::tls::shown(secured.get_ref().1));
            let (stream, route) = self.decide(Replay::new(secured)).await?;
            route.admit(Decided::Tls(stream), arrival);
            return Ok(());
        }
        let (stream, route) = self.decide(Replay::new(stream)).await?;
        route.admit(Decided::Tcp(stream), arrival);
        Ok(())
    }

    /// Looks at bytes until they are recognized.
    async fn decide<T>(&self, mut stream: Replay<T>) -> io::Result<(Replay<T>, Arc<dyn Route>)>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        while stream.look_on(LONGEST_START).await? {
            match self.route_of(stream.seen()) {
                Ok(route) => return Ok((stream, route)),
                Err(Recognition::Unsure) => {}
                Err(_) => return Err(io::Error::other("no server here knows its first bytes")),
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// The server that these bytes are for, or whether there may still be one.
    fn route_of(&self, first_bytes: &[u8]) -> Result<Arc<dyn Route>, Recognition> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        let mut answer = Recognition::No;
        for route in routes.iter().filter(|route| !route.is_closed()) {
            match route.recognize(first_bytes) {
                Recognition::Yes => return Ok(Arc::clone(route)),
                Recognition::Unsure => answer = Recognition::Unsure,
                Recognition::No => {}
            }
        }
        Err(answer)
    }
}

/// Counts for the port until its server is known.
struct Undecided(Arc<Desk>);

impl Undecided {
    fn begin(desk: &Arc<Desk>) -> Self {
        desk.undecided.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(desk))
    }
}

impl Drop for Undecided {
    fn drop(&mut self) {
        self.0.undecided.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port")
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}
