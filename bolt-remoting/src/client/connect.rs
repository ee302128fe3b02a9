//! Where a client's byte streams come from.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::{fmt, io};

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Address;

/// Makes the byte streams of a client in place of TCP: through memory, over Unix sockets, in a
/// simulated network, through a proxy.
///
/// Closures from an [`Address`] to a future of a stream are connectors:
///
/// ```no_run
/// # #[cfg(unix)] {
/// use bolt_remoting::RpcClient;
/// use tokio::net::UnixStream;
///
/// let client = RpcClient::builder()
///     .connector(|_address| UnixStream::connect("/run/greeter.sock"))
///     .build();
/// # }
/// ```
pub trait Connect: Send + Sync + 'static {
    /// A new stream to `address`. It is given up, by dropping the future, when the connect timeout
    /// has passed.
    ///
    /// # Errors
    ///
    /// Whatever connecting fails with; callers see it as the source of an error of kind
    /// [`Connect`](crate::ErrorKind::Connect).
    fn connect<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, io::Result<Stream>>;
}

impl<F, Fut, T> Connect for F
where
    F: Fn(Address) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = io::Result<T>> + Send + 'static,
    T: Into<Stream>,
{
    fn connect<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, io::Result<Stream>> {
        let connecting = self(address.clone());
        Box::pin(async move { connecting.await.map(Into::into) })
    }
}

/// A byte stream of any kind, for [`Connect`].
pub struct Stream {
    pub(crate) io: Pin<Box<dyn Io>>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Io for T {}

impl Stream {
    /// A stream that has no addresses.
    pub fn new(io: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        Self {
            io: Box::pin(io),
            peer: None,
            local: None,
        }
    }

    /// The same stream with addresses, as [`Connection::peer_addr`](crate::Connection::peer_addr)
    /// and [`Connection::local_addr`](crate::Connection::local_addr) are to show them.
    #[must_use]
    pub fn between(mut self, local: SocketAddr, peer: SocketAddr) -> Self {
        self.local = Some(local);
        self.peer = Some(peer);
        self
    }
}

impl<T: AsyncRead + AsyncWrite + Send + 'static> From<T> for Stream {
    fn from(io: T) -> Self {
        Self::new(io)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("peer", &self.peer)
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}
