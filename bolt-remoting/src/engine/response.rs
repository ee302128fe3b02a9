//! The wait for an answer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bolt_codec::Protocol;

use super::shared::{Queued, Shared};
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
    place: usize,
    /// `None` once the outcome has been taken.
    id: Option<u64>,
}

impl<P: Protocol> ResponseFuture<P> {
    pub(crate) fn new(shared: Arc<Shared<P>>, queued: Queued) -> Self {
        Self {
            shared,
            place: queued.place,
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
        assert!(self.id.is_some(), "a call polled after it was completed");
        let outcome = self.ask(cx.waker());
        if outcome.is_ready() {
            self.id = None;
        }
        outcome
    }
}

impl<P: Protocol> ResponseFuture<P> {
    /// What has become of the call, once that is there; `caller` is woken by it.
    fn ask(&self, caller: &Waker) -> Poll<Result<P::Frame>> {
        let mut state = self.shared.lock();
        let outcome = state.pending.take(self.place);
        if outcome.is_ready() || state.pending.will_wake(self.place, caller) {
            return outcome;
        }
        drop(state);
        // Cloned and dropped without the lock: wakers are somebody else's code.
        let caller = caller.clone();
        let mut state = self.shared.lock();
        let outcome = state.pending.take(self.place);
        if outcome.is_ready() {
            return outcome;
        }
        let before = state.pending.wake(self.place, caller);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl<P: Protocol> Drop for ResponseFuture<P> {
    fn drop(&mut self) {
        let Some(id) = self.id else {
            return;
        };
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        let (left, waited) = state.pending.forget(id, self.place);
        if waited {
            state.make_room(&mut wakers);
            if !state.is_open() || !wakers.is_empty() {
                // Perhaps it was the last one that the end waits for, or somebody was let in who may
                // never come.
                wakers.extend(state.rouse());
            }
        }
        drop(state);
        drop(left);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl<P: Protocol> fmt::Debug for ResponseFuture<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::task::Wake;
    use std::time::Duration;

    use bolt_codec::Role;
    use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
    use futures::FutureExt;

    use super::*;
    use crate::engine::shared::Setup;
    use crate::{ConnectionConfig, NoHandler};

    /// Takes down whether its connection is locked when it is dropped.
    struct Looks(Arc<Shared<Bolt>>, Arc<Mutex<Vec<bool>>>);

    impl Wake for Looks {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Looks {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0.is_locked());
        }
    }

    #[tokio::test]
    async fn tasks_that_are_let_go_of_may_use_the_connection() {
        let (_peer, io) = tokio::io::duplex(1024);
        let mut config = ConnectionConfig::client();
        config.max_in_flight = 1;
        let setup = Setup::alone(Arc::default(), Role::Client, Arc::new(config));
        let (connection, _task) = Connection::prepare(io, setup, Arc::new(NoHandler));
        let call = || {
            let connection = connection.clone();
            let frame = BoltFrame::request(BoltVersion::V1, "x", "");
            async move { connection.call(frame, Duration::from_secs(60)).await }.boxed()
        };
        let (mut in_flight, mut waits_for_room) = (call(), call());
        let looked = Arc::<Mutex<Vec<bool>>>::default();
        let shared = connection.clone().into_shared();
        for call in [&mut in_flight, &mut waits_for_room] {
            for _ in 0..2 {
                let task = Looks(Arc::clone(&shared), Arc::clone(&looked));
                let task = Waker::from(Arc::new(task));
                let polled = call.poll_unpin(&mut Context::from_waker(&task));
                assert!(polled.is_pending());
            }
        }
        drop((waits_for_room, in_flight));
        assert_eq!(*looked.lock().unwrap(), [false; 4]);
    }
}
