use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::Error;

/// How far a call through interceptors has come on the wire, whatever they make of it.
#[derive(Default)]
pub(super) struct Trace {
    queued: Notify,
    sent: Mutex<Sent>,
}

#[derive(Clone, Copy, Default)]
struct Sent {
    peer: Option<SocketAddr>,
    request_id: Option<u64>,
    queued: bool,
}

impl Trace {
    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connected(&self, peer: Option<SocketAddr>) {
        self.lock().peer = peer;
    }

    pub(super) fn note_queued(&self, request_id: Option<u64>) {
        {
            let mut sent = self.lock();
            sent.request_id = request_id;
            sent.queued = true;
        }
        self.queued.notify_one();
    }

    /// Waits until the request has been queued.
    pub(super) async fn queued(&self) {
        self.queued.notified().await;
    }

    /// Says of an error what the interceptors can't know.
    pub(super) fn complete(&self, error: Error) -> Error {
        let Sent {
            peer,
            request_id,
            queued,
        } = *self.lock();
        error.with_call(peer, request_id, queued)
    }
}
