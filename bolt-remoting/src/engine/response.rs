//! The wait for an answer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bolt_codec::Protocol;

use super::shared::{Queued, Shared};
use super::slot::Slot;
use crate::{Connection, Result};

/// The answer to a request that is queued or under way. `'static`: it may be kept, moved to
/// another task, or dropped.
///
/// # Cancel safety
///
/// Dropping it gives the call up and frees its place at once. The request may still be handled;
/// its answer is dropped when it comes.
#[must_use = "dropping the future gives the call up"]
pub struct ResponseFuture<P: Protocol> {
    shared: Arc<Shared<P>>,
    slot: Arc<Slot<P::Frame>>,
    /// `None` once the outcome has been taken.
    id: Option<u64>,
}

impl<P: Protocol> ResponseFuture<P> {
    pub(crate) fn new(shared: Arc<Shared<P>>, queued: Queued<P::Frame>) -> Self {
        Self {
            shared,
            slot: queued.slot,
            id: Some(queued.id),
        }
    }

    /// The id that the request has on its connection.
    #[must_use]
    pub fn request_id(&self) -> Option<u64> {
        self.id
    }

    /// The connection it went to.
    #[must_use]
    pub fn connection(&self) -> Connection<P> {
        Connection::new(Arc::clone(&self.shared))
    }
}

impl<P: Protocol> Future for ResponseFuture<P> {
    type Output = Result<P::Frame>;

    /// # Panics
    ///
    /// When polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.slot.poll(cx).map(|outcome| {
            self.id = None;
            outcome.map_err(|error| error.with_call(self.shared.peer, None, false))
        })
    }
}

impl<P: Protocol> Drop for ResponseFuture<P> {
    fn drop(&mut self) {
        if let Some(id) = self.id
            && self.slot.leave()
        {
            self.shared.forget(id, &self.slot);
        }
    }
}

impl<P: Protocol> fmt::Debug for ResponseFuture<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
