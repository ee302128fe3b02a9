//! The live connections of one client or server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bolt_codec::Protocol;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::Connection;
use crate::engine::handler::FrameHandler;
use crate::engine::shared::Setup;
use crate::time::deadline;

/// What a shutdown may take on top of its grace period: writing out, FIN, the peer's FIN.
const CLOSING_TIME: Duration = Duration::from_secs(2);

pub(crate) struct Registry<P: Protocol> {
    live: Mutex<Live<P>>,
    tasks: TaskTracker,
    aborted: AtomicUsize,
}

struct Live<P: Protocol> {
    connections: HashMap<u64, Connection<P>>,
    /// Set once all of them are to end: then those that come late end by this time too.
    end_by: Option<Instant>,
}

impl<P: Protocol> Registry<P> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            live: Mutex::new(Live {
                connections: HashMap::new(),
                end_by: None,
            }),
            tasks: TaskTracker::new(),
            aborted: AtomicUsize::new(0),
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
            live.connections.insert(number, connection.clone());
            live.end_by
        };
        if let Some(end_by) = end_by {
            connection.drain(end_by.saturating_duration_since(Instant::now()));
        }
        let listed = Listed {
            registry: Arc::clone(self),
            number,
        };
        self.tasks.spawn(async move {
            let aborted = driver.await;
            listed
                .registry
                .aborted
                .fetch_add(aborted, Ordering::Relaxed);
        });
        connection
    }

    /// Has the end of the registry's tasks wait for this one too.
    pub(crate) fn track(&self, task: impl Future<Output: Send> + Send + 'static) {
        self.tasks.spawn(async move {
            task.await;
        });
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
        let earlier = self.aborted.load(Ordering::Relaxed);
        self.lock().end_by = Some(deadline(grace));
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
        self.aborted.load(Ordering::Relaxed) - earlier
    }

    /// Closes all connections without waiting.
    pub(crate) fn close(&self) {
        self.lock().end_by = Some(Instant::now());
        self.all().iter().for_each(Connection::close);
    }
}

/// Takes the connection off the list, however its task ends.
struct Listed<P: Protocol> {
    registry: Arc<Registry<P>>,
    number: u64,
}

impl<P: Protocol> Drop for Listed<P> {
    fn drop(&mut self) {
        self.registry.lock().connections.remove(&self.number);
    }
}
