//! The live connections of one client or server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bolt_codec::Protocol;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::TaskTracker;

use crate::Connection;
use crate::engine::connection::Setup;
use crate::engine::handler::FrameHandler;

/// What a shutdown may take on top of its grace period: writing out, FIN, the peer's FIN.
const CLOSING_TIME: Duration = Duration::from_secs(2);

pub(crate) struct Registry<P: Protocol> {
    live: Mutex<HashMap<u64, Connection<P>>>,
    tasks: TaskTracker,
    aborted: AtomicUsize,
}

impl<P: Protocol> Registry<P> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            live: Mutex::default(),
            tasks: TaskTracker::new(),
            aborted: AtomicUsize::new(0),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Connection<P>>> {
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
        self.lock().insert(number, connection.clone());
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

    pub(crate) fn all(&self) -> Vec<Connection<P>> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Drains all connections and waits for their tasks, at most the grace period and a moment for
    /// closing; then cuts off what is left. Returns the number of requests that were cut off.
    pub(crate) async fn drain(&self, grace: Duration) -> usize {
        // Those of connections that were lost earlier are no fault of this shutdown.
        let earlier = self.aborted.load(Ordering::Relaxed);
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
        self.registry.lock().remove(&self.number);
    }
}
