//! Which of a pool's connections a call takes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bolt_codec::Protocol;

use crate::{Address, Connection};

/// Chooses among the connections of an address. Java: `ConnectionSelectStrategy`.
///
/// It is asked once per call, and only where there are at least two connections to choose from. It
/// must be quick and must not block.
///
/// ```
/// use bolt_codec::Protocol;
/// use bolt_remoting::Connection;
/// use bolt_remoting::client::Select;
///
/// /// The first one while it has little to do, and the others after it.
/// struct FillUp;
///
/// impl<P: Protocol> Select<P> for FillUp {
///     fn select(&self, connections: &[Connection<P>]) -> usize {
///         let idle = |connection: &Connection<P>| connection.calls_waiting() < 100;
///         connections.iter().position(idle).unwrap_or(0)
///     }
/// }
/// ```
pub trait Select<P: Protocol>: Send + Sync + 'static {
    /// The place of the connection to take in `connections`, of which there are two at least. If
    /// that one has just ended, the next one that lives is taken; an index past the end wraps around.
    fn select(&self, connections: &[Connection<P>]) -> usize;

    /// The strategy for the connections of `address` alone, for strategies that keep something per
    /// address; asked for when an address, or another text that means it, is used for the first time.
    /// `None`, the default, if this one chooses there too.
    fn for_address(&self, _address: &Address) -> Option<Arc<dyn Select<P>>> {
        None
    }
}

/// The connection with the fewest calls that wait for an answer: a slow or stuck one gets fewer
/// calls. The default. Of more than eight connections, eight in a row from a random place are
/// compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastPending;

const COMPARED: usize = 8;

impl<P: Protocol> Select<P> for LeastPending {
    fn select(&self, connections: &[Connection<P>]) -> usize {
        let start = fastrand::usize(..connections.len());
        let places = (start..start + connections.len().min(COMPARED))
            .map(|place| place % connections.len())
            .filter(|&place| connections[place].is_open());
        places
            .min_by_key(|&place| connections[place].calls_waiting())
            .unwrap_or(start)
    }
}

/// Any connection. Java: `RandomSelectStrategy`, its default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl<P: Protocol> Select<P> for Random {
    fn select(&self, connections: &[Connection<P>]) -> usize {
        fastrand::usize(..connections.len())
    }
}

/// One after the other, for each address.
#[derive(Default)]
pub struct RoundRobin(AtomicUsize);

impl<P: Protocol> Select<P> for RoundRobin {
    fn select(&self, _connections: &[Connection<P>]) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn for_address(&self, _address: &Address) -> Option<Arc<dyn Select<P>>> {
        Some(Arc::new(Self::default()))
    }
}

impl fmt::Debug for RoundRobin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoundRobin")
    }
}
