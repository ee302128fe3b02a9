//! A client of any protocol: connections by address.
//!
//! For SOFABolt itself [`RpcClient`](crate::RpcClient) is what you want; this is what it stands
//! on, and what a private protocol uses.
//!
//! Each address has a pool of multiplexed connections, as many as its `_CONNECTIONNUM` says. The
//! first call dials, or all callers that come meanwhile share that one dial and its outcome; a
//! failure is not kept. The other connections follow in the background, or before the first call
//! goes out with `_CONNECTIONWARMUP`. A call takes one that lives as long as there is one. See
//! [`PoolConfig`] for what happens to connections that are lost, old or unused.
//!
//! Two texts that mean the same address share a pool. Texts that differ in a parameter have a pool
//! each, unlike in Java, where whoever comes first decides for all.
//!
//! How often an address is dialed: a call that finds no connection has it dialed at once, without
//! regard to back-off. But all attempts of a pool together, since it last lost a connection on which
//! there were calls and the peer had sent something, are bounded: as many as it wants connections and
//! four more in one go, and after that as many a second as it wants connections. Calls that come while
//! nothing may be dialed wait, until their deadline at most.
//!
//! # Runtimes
//!
//! Connections, and the dials that make them with connector and
//! [`prepare`](ClientBuilder::prepare), live on the client's own runtime, whichever runtime calls come
//! from: the one [given](ClientBuilder::runtime) to its builder, else the one that it was built in. So
//! that runtime has to go on. One of a single thread does so only while somebody is in its
//! `block_on`: at other times nothing ends calls that others make, not even their deadline.
//!
//! A client without a runtime of its own, or whose own has ended, has the connections of an address
//! live with the next caller that finds none. They are lost when that caller's runtime ends: calls in
//! flight fail with [`ErrorKind::Closed`](crate::ErrorKind::Closed), those that wait for a connection
//! dial anew.
//!
//! ```
//! # #[cfg(feature = "hessian")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> bolt_remoting::Result<()> {
//! use bolt_remoting::client::{PoolConfig, RoundRobin};
//! use bolt_remoting::{Address, RpcClient, RpcServer};
//!
//! # let server = RpcServer::builder()
//! #     .handle(|_cx, text: String| async move { Ok(text) })
//! #     .bind("127.0.0.1:0").await?;
//! # let port = server.local_addr().port();
//! let mut pools = PoolConfig::default();
//! pools.reconnect = true;
//! let client = RpcClient::builder().pools(pools).select(RoundRobin::default()).build()?;
//!
//! let address = Address::builder("127.0.0.1", port).connections(4).warm_up(true).build()?;
//! let answer: String = client.invoke(&address, "hi").await?;
//! for pool in client.pools() {
//!     println!("{pool}");
//!     assert_eq!(pool.live, 4);
//! }
//! # assert_eq!(answer, "hi");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "hessian"))]
//! # fn main() {}
//! ```

mod book;
mod builder;
mod config;
mod connect;
mod core;
mod dial;
mod idle;
mod member;
mod plan;
mod pool;
mod redial;
mod select;
mod snapshot;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Protocol;
use tokio::runtime::Handle;
use tokio::time::Instant;

pub use self::builder::ClientBuilder;
pub use self::config::PoolConfig;
pub use self::connect::{Connect, Stream};
use self::core::Core;
pub(crate) use self::pool::Pool;
pub use self::select::{LeastPending, Random, RoundRobin, Select};
pub use self::snapshot::PoolSnapshot;
use crate::time::deadline;
use crate::{Address, CloseReason, Connection, Error, Result};

/// A client of protocol `P`. Cheap to clone; clones share their connections.
///
/// Dropping the last clone closes the connections; [`shutdown`](Self::shutdown) does it in order.
pub struct Client<P: Protocol>(Arc<Inner<P>>);

struct Inner<P: Protocol> {
    core: Arc<Core<P>>,
}

/// What [`Client::check`] does where there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IfAbsent {
    /// Nothing. Java: `checkConnection(addr)`.
    Leave,
    /// Connects, and waits for it for as long as connecting may take. Java:
    /// `checkConnection(addr, true)`.
    Connect,
    /// Connects in the background; the outcome of the check is "no". Java: `checkConnection(addr,
    /// true, true)`.
    ConnectLater,
}

impl<P: Protocol> Client<P> {
    /// A builder with defaults for everything but the protocol.
    #[must_use]
    pub fn builder(protocol: P) -> ClientBuilder<P> {
        ClientBuilder::new(protocol)
    }

    /// A connection to `address`, made if there is none: an [`Address`], or its text. For a
    /// [`SocketAddr`](std::net::SocketAddr) use `Address::from`.
    ///
    /// Of many callers that find no connection one dials, and all share the outcome.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`](crate::ErrorKind::InvalidAddress),
    /// [`Connect`](crate::ErrorKind::Connect), [`Timeout`](crate::ErrorKind::Timeout) when
    /// `deadline` passes first, [`Closed`](crate::ErrorKind::Closed) after a shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up waiting; a dial under way goes on for the others.
    pub async fn connection(
        &self,
        address: impl AsRef<str>,
        deadline: Instant,
    ) -> Result<Connection<P>> {
        let pool = self.pool(address.as_ref())?;
        self.connect(&pool, deadline).await
    }

    /// The pool of an address.
    pub(crate) fn pool(&self, address: &str) -> Result<Arc<Pool<P>>> {
        self.0.core.pool(address)
    }

    pub(crate) async fn connect(
        &self,
        pool: &Arc<Pool<P>>,
        deadline: Instant,
    ) -> Result<Connection<P>> {
        match pool.ready() {
            Some(connection) => Ok(connection),
            None => self.0.core.connect(pool, deadline).await,
        }
    }

    /// A connection of its own, outside of the pool of `address`: no call but those made on it goes
    /// there, and it is not made again when it is lost. The client's shutdown ends it, like all
    /// others; close or drain it when it is not needed any more. Takes no longer than the
    /// [connect timeout](ClientBuilder::connect_timeout). Java: `createStandaloneConnection`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`](crate::ErrorKind::InvalidAddress),
    /// [`Connect`](crate::ErrorKind::Connect), [`Closed`](crate::ErrorKind::Closed) after a
    /// shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the dial.
    pub async fn standalone(&self, address: impl AsRef<str>) -> Result<Connection<P>> {
        let address = address.as_ref().parse()?;
        let dialing = self.0.core.standalone(address);
        match self.0.core.end.run_until_cancelled(dialing).await {
            Some(outcome) => outcome,
            None => Err(Error::closed(CloseReason::Local)),
        }
    }

    /// Whether there is a connection to `address` that takes calls. Java: `checkConnection`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`](crate::ErrorKind::InvalidAddress),
    /// [`Closed`](crate::ErrorKind::Closed) after a shutdown. That connecting fails is no error: the
    /// outcome is "no".
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up waiting; a dial under way goes on.
    pub async fn check(&self, address: impl AsRef<str>, if_absent: IfAbsent) -> Result<bool> {
        let core = &self.0.core;
        let address: Address = address.as_ref().parse()?;
        let known = core.book.get(&address);
        let connected = known.is_some_and(|pool| pool.ready().is_some());
        if connected || if_absent == IfAbsent::Leave {
            return Ok(connected);
        }
        let pool = self.pool(address.as_ref())?;
        if if_absent == IfAbsent::ConnectLater {
            pool.want(core);
            return Ok(false);
        }
        let limit = address.connect_timeout();
        let limit = limit.unwrap_or(core.settings.connect_timeout);
        Ok(self.connect(&pool, deadline(limit)).await.is_ok())
    }

    /// Lets the connections of `address` go: nothing new goes out on them, calls in flight may end
    /// within `grace`, dials and back-off are cancelled, nothing is made again. The next call opens
    /// the address anew. Java: `closeConnection`, after which it never reconnects.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`](crate::ErrorKind::InvalidAddress).
    pub fn close(&self, address: impl AsRef<str>, grace: Duration) -> Result<()> {
        let core = &self.0.core;
        if let Some(pool) = core.book.get(&address.as_ref().parse()?) {
            core.book.remove(&pool);
            pool.close(grace);
        }
        Ok(())
    }

    /// How the pools stand, in no particular order.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolSnapshot> {
        let all = self.0.core.book.all();
        all.iter().map(|pool| pool.snapshot()).collect()
    }

    /// The client's own runtime, if it has one.
    pub(crate) fn runtime(&self) -> Option<&Handle> {
        self.0.core.runtime.as_ref()
    }

    /// All live connections, those outside of pools included.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection<P>> {
        self.0.core.registry.all()
    }

    /// Shuts the client down: no new calls, no more dials, those in flight may end within `grace`,
    /// then all connections are closed and all tasks ended. Returns how many requests of servers
    /// were cut off. Takes at most three seconds more than `grace`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the shutdown.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        self.0.core.shut(grace);
        self.0.core.registry.drain(grace).await
    }
}

impl<P: Protocol> Drop for Inner<P> {
    fn drop(&mut self) {
        self.core.shut(Duration::ZERO);
        self.core.registry.close();
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
