//! What happens to connections, told to those who want to know.
//!
//! ```
//! # #[cfg(feature = "hessian")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> bolt_remoting::Result<()> {
//! use bolt_remoting::events::ConnectionEvent;
//! use bolt_remoting::{RpcClient, RpcServer};
//!
//! let server = RpcServer::builder()
//!     .handle(|_cx, name: String| async move { Ok(format!("hello {name}")) })
//!     .bind("127.0.0.1:0")
//!     .await?;
//!
//! let (tell, told) = std::sync::mpsc::channel();
//! let client = RpcClient::builder()
//!     .on_connection_event(move |event| {
//!         let _ = tell.send(event.to_string());
//!     })
//!     .build()?;
//! let address = server.local_addr().to_string();
//! let _: String = client.invoke(&address, "you").await?;
//! client.shutdown(std::time::Duration::from_secs(1)).await;
//!
//! let told: Vec<String> = told.try_iter().collect();
//! assert_eq!(told[0], format!("connected to {address}"));
//! assert_eq!(told[1], format!("connection to {address} closed by this end"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "hessian"))]
//! # fn main() {}
//! ```

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bolt_codec::{Protocol, Role};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::{Address, CloseReason, Connection, Error};

/// What happened to a connection. Java: `ConnectionEventType`.
///
/// Listeners are given with `on_connection_event` of the builders of clients and servers. They are
/// called one event after the other, in the order of the events, on a thread where they may block;
/// nothing else waits for them. Events that they are too slow for, more than 10,000 behind, are
/// dropped, counted and logged. A panic in one is caught and logged.
///
/// For each `Connected` that is told, exactly one `Closed` follows.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectionEvent<P: Protocol> {
    /// A connection is there. Java: `CONNECT`.
    Connected(Connection<P>),
    /// An attempt to connect has failed. Clients only. Java: `CONNECT_FAILED`, which it doesn't
    /// tell when it is refused.
    ConnectFailed {
        /// What was dialed.
        address: Arc<Address>,
        /// What went wrong.
        error: Error,
    },
    /// The peer wants no new requests on this connection. Java has no such event.
    GoAway(Connection<P>),
    /// A connection has ended; its calls and requests have too. Java: `CLOSE`, `EXCEPTION`.
    Closed {
        /// The connection that was.
        connection: Connection<P>,
        /// Why it ended.
        reason: CloseReason,
    },
}

impl<P: Protocol> fmt::Display for ConnectionEvent<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected(connection) => write!(f, "connected {}", Whom(connection)),
            Self::ConnectFailed { error, .. } => error.fmt(f),
            Self::GoAway(connection) => {
                write!(f, "connection {} told to go away", Whom(connection))
            }
            Self::Closed { connection, reason } => {
                write!(f, "connection {} {reason}", Whom(connection))
            }
        }
    }
}

/// The other end in words.
struct Whom<'a, P: Protocol>(&'a Connection<P>);

impl<P: Protocol> fmt::Display for Whom<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.role() {
            Role::Client => "to ",
            Role::Server => "from ",
        })?;
        match (self.0.address(), self.0.peer_addr()) {
            (Some(address), _) => address.fmt(f),
            (None, Some(peer)) => peer.fmt(f),
            (None, None) => f.write_str("an unknown place"),
        }
    }
}

pub(crate) type Listener<P> = dyn Fn(&ConnectionEvent<P>) + Send + Sync;

/// Events that listeners may be behind.
const MOST: usize = 10_000;
/// How long a shutdown waits for listeners.
const PATIENCE: Duration = Duration::from_secs(1);

/// Events on their way to the listeners of one client or server.
pub(crate) struct Events<P: Protocol> {
    listeners: Vec<Box<Listener<P>>>,
    queue: Mutex<Queue<P>>,
    /// Told when all events have been.
    quiet: Notify,
}

struct Queue<P: Protocol> {
    waiting: VecDeque<ConnectionEvent<P>>,
    /// Somebody is telling them.
    telling: bool,
    dropped: u64,
    /// Connections whose `Connected` was dropped: nobody is to hear of their end either.
    untold: HashSet<u64>,
}

impl<P: Protocol> Events<P> {
    /// `None` where nobody listens.
    pub(crate) fn to(listeners: Vec<Box<Listener<P>>>) -> Option<Arc<Self>> {
        let queue = Queue {
            waiting: VecDeque::new(),
            telling: false,
            dropped: 0,
            untold: HashSet::new(),
        };
        (!listeners.is_empty()).then(|| {
            Arc::new(Self {
                listeners,
                queue: Mutex::new(queue),
                quiet: Notify::new(),
            })
        })
    }

    fn lock(&self) -> MutexGuard<'_, Queue<P>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never waits.
    pub(crate) fn push(self: &Arc<Self>, event: ConnectionEvent<P>) {
        let mut queue = self.lock();
        if !queue.admit(&event) {
            return;
        }
        queue.waiting.push_back(event);
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !std::mem::replace(&mut queue.telling, true) {
            drop(queue);
            let telling = Telling {
                events: Arc::clone(self),
                done: false,
            };
            runtime.spawn_blocking(move || telling.run());
        }
    }

    fn next(&self) -> Option<ConnectionEvent<P>> {
        let mut queue = self.lock();
        let next = queue.waiting.pop_front();
        if next.is_none() {
            queue.telling = false;
            queue.waiting.shrink_to_fit();
        }
        next
    }

    /// Waits until all events have been told, within reason.
    pub(crate) async fn told(&self) {
        let all = async {
            loop {
                let quiet = self.quiet.notified();
                if !self.lock().telling {
                    return;
                }
                quiet.await;
            }
        };
        if timeout(PATIENCE, all).await.is_err() {
            tracing::warn!(
                protocol = P::NAME,
                "a listener of connection events is stuck"
            );
        }
    }
}

impl<P: Protocol> Queue<P> {
    /// Whether there is room. An end whose beginning was told is admitted always; there are no more
    /// of them than connections.
    fn admit(&mut self, event: &ConnectionEvent<P>) -> bool {
        let full = self.waiting.len() >= MOST;
        let admitted = match event {
            ConnectionEvent::Closed { connection, .. } => {
                return !self.untold.remove(&connection.number());
            }
            ConnectionEvent::Connected(connection) if full => {
                self.untold.insert(connection.number());
                false
            }
            _ => !full,
        };
        if !admitted {
            self.dropped += 1;
            if self.dropped.is_power_of_two() {
                let dropped = self.dropped;
                tracing::warn!(
                    protocol = P::NAME,
                    dropped,
                    "listeners are too slow for connection events"
                );
            }
        }
        admitted
    }
}

/// The one who tells. However it ends, even unstarted with its runtime, another one may follow.
struct Telling<P: Protocol> {
    events: Arc<Events<P>>,
    /// There was nothing left to tell. Since then there may be another one.
    done: bool,
}

impl<P: Protocol> Telling<P> {
    fn run(mut self) {
        while let Some(event) = self.events.next() {
            for listener in &self.events.listeners {
                let told = std::panic::catch_unwind(AssertUnwindSafe(|| listener(&event)));
                if told.is_err() {
                    tracing::error!(
                        protocol = P::NAME,
                        "a listener of connection events panicked"
                    );
                }
            }
        }
        self.done = true;
    }
}

impl<P: Protocol> Drop for Telling<P> {
    fn drop(&mut self) {
        if !self.done {
            self.events.lock().telling = false;
        }
        self.events.quiet.notify_waiters();
    }
}
