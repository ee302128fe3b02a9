//! The live connections of one client or server.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bolt_codec::Protocol;
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::engine::driver::Driver;
use crate::engine::handler::FrameHandler;
use crate::engine::shared::{Family, Setup, Shared, Watch};
use crate::events::{ConnectionEvent, Events};
use crate::time::deadline;
use crate::{CloseReason, Connection};

/// What a shutdown may take on top of its grace period: writing out, FIN, the peer's FIN.
const CLOSING_TIME: Duration = Duration::from_secs(2);

pub(crate) struct Registry<P: Protocol> {
    live: Mutex<Live<P>>,
    tasks: TaskTracker,
    pub(crate) events: Option<Arc<Events<P>>>,
}

struct Live<P: Protocol> {
    connections: HashMap<u64, Connection<P>>,
    /// Their numbers by where they lead.
    by_peer: BTreeSet<(SocketAddr, u64)>,
    /// Requests that those which have ended had to cut off.
    cut_off: usize,
    /// Set once all of them are to end: then those that come late end by this time too.
    end_by: Option<Instant>,
}

impl<P: Protocol> Registry<P> {
    pub(crate) fn new(events: Option<Arc<Events<P>>>) -> Arc<Self> {
        Arc::new(Self {
            live: Mutex::new(Live {
                connections: HashMap::new(),
                by_peer: BTreeSet::new(),
                cut_off: 0,
                end_by: None,
            }),
            tasks: TaskTracker::new(),
            events,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Live<P>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a connection and keeps it listed while it lives.
    pub(crate) fn spawn<T>(
        self: &Arc<Self>,
        io: T,
        setup: Setup<P>,
        handler: Arc<dyn FrameHandler<P>>,
    ) -> Connection<P>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (connection, driver) = Connection::prepare(io, setup, handler);
        let number = connection.number();
        let end_by = {
            let mut live = self.lock();
            live.insert(connection.clone());
            live.end_by
        };
        if let Some(end_by) = end_by {
            connection.drain(end_by.saturating_duration_since(Instant::now()));
        }
        self.tell(|| ConnectionEvent::Connected(connection.clone()));
        let listed = Listed {
            registry: Arc::clone(self),
            number,
        };
        self.tasks.spawn(Task {
            driver,
            _listed: listed,
        });
        connection
    }

    /// Has the end of the registry's tasks wait for this one too.
    pub(crate) fn track(&self, task: impl Future<Output: Send> + Send + 'static) -> JoinHandle<()> {
        // An async block would hold it twice: as given, and as awaited.
        self.tasks.spawn(task.map(|_| ()))
    }

    /// Who is to watch connections that belong to nobody else.
    pub(crate) fn watch(self: &Arc<Self>) -> Option<Weak<dyn Watch>> {
        self.events.as_ref()?;
        Some(Arc::downgrade(self) as Weak<dyn Watch>)
    }

    pub(crate) fn family(self: &Arc<Self>) -> Weak<dyn Family<P>> {
        Arc::downgrade(self) as Weak<dyn Family<P>>
    }

    /// The connection to the given address.
    pub(crate) fn find(&self, peer: SocketAddr) -> Option<Connection<P>> {
        let live = self.lock();
        let mut numbers = live.by_peer.range((peer, 0)..=(peer, u64::MAX));
        let (_, number) = numbers.next()?;
        live.connections.get(number).cloned()
    }

    /// Tells the listeners, if there are any.
    pub(crate) fn tell(&self, event: impl FnOnce() -> ConnectionEvent<P>) {
        if let Some(events) = &self.events {
            events.push(event());
        }
    }

    pub(crate) fn all(&self) -> Vec<Connection<P>> {
        self.lock().connections.values().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().connections.len()
    }

    /// Drains all connections and waits for their tasks, at most the grace period and a moment for
    /// closing; then cuts off what is left. Returns the number of requests that were cut off.
    pub(crate) async fn drain(&self, grace: Duration) -> usize {
        // Those of connections that were lost earlier are no fault of this shutdown.
        let earlier = {
            let mut live = self.lock();
            live.end_by = Some(deadline(grace));
            live.cut_off
        };
        self.all()
            .iter()
            .for_each(|connection| connection.drain(grace));
        self.tasks.close();
        if tokio::time::timeout(grace.saturating_add(CLOSING_TIME), self.tasks.wait())
            .await
            .is_err()
        {
            self.close();
        }
        if let Some(events) = &self.events {
            events.told().await;
        }
        let live = self.lock();
        let still_there: usize = live.connections.values().map(Connection::cut_off).sum();
        live.cut_off - earlier + still_there
    }

    /// Closes all connections without waiting.
    pub(crate) fn close(&self) {
        self.lock().end_by = Some(Instant::now());
        self.all().iter().for_each(Connection::close);
    }
}

impl<P: Protocol> Live<P> {
    fn insert(&mut self, connection: Connection<P>) {
        let number = connection.number();
        let peer = connection.peer_addr();
        self.by_peer.extend(peer.map(|peer| (peer, number)));
        self.connections.insert(number, connection);
    }

    fn remove(&mut self, number: u64) -> Option<Connection<P>> {
        let gone = self.connections.remove(&number)?;
        if let Some(peer) = gone.peer_addr() {
            self.by_peer.remove(&(peer, number));
        }
        self.cut_off += gone.cut_off();
        Some(gone)
    }
}

/// The task of a listed connection. An async block would take twice the memory.
struct Task<P: Protocol, T> {
    driver: Driver<P, T>,
    /// Dropped after the driver.
    _listed: Listed<P>,
}

impl<P, T> Future for Task<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.driver).poll(cx)
    }
}

impl<P: Protocol> Family<P> for Registry<P> {
    fn member(&self, peer: SocketAddr) -> Option<Arc<Shared<P>>> {
        self.find(peer).map(Connection::into_shared)
    }

    fn members(&self) -> Vec<Arc<Shared<P>>> {
        let all = self.all().into_iter();
        all.map(Connection::into_shared).collect()
    }
}

/// Takes the connection off the list, however its task ends.
struct Listed<P: Protocol> {
    registry: Arc<Registry<P>>,
    number: u64,
}

impl<P: Protocol> Drop for Listed<P> {
    fn drop(&mut self) {
        let gone = self.registry.lock().remove(self.number);
        if let Some(connection) = gone {
            self.registry.tell(|| ConnectionEvent::Closed {
                reason: connection.close_reason().unwrap_or(CloseReason::Local),
                connection,
            });
        }
    }
}

impl<P: Protocol> Watch for Registry<P> {
    fn left(&self, number: u64, goaway: bool) {
        if !goaway || self.events.is_none() {
            return;
        }
        let known = self.lock().connections.get(&number).cloned();
        if let Some(connection) = known {
            self.tell(|| ConnectionEvent::GoAway(connection));
        }
    }
}
