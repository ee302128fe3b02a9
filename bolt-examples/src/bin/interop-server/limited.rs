//! Requests of which one runs at a time, over all connections.

use std::sync::Arc;

use bolt_examples::contract::{BusyRequest, FailFastRequest, or_null};
use bolt_remoting::rpc::{HandlerError, HandlerResult, RequestContext};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::later::pause;

/// One may run and some may wait, in order. Java: a thread pool of one with a bounded queue.
pub(crate) struct Turns {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

/// The right to run; the next one's turn comes when it is dropped.
pub(crate) struct Turn {
    _running: OwnedSemaphorePermit,
    _admitted: OwnedSemaphorePermit,
}

impl Turns {
    pub(crate) fn with_waiting(most: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(1)),
            admitted: Arc::new(Semaphore::new(1 + most)),
        }
    }

    /// Waits for its turn; `None` if too many wait already.
    async fn take(&self) -> Option<Turn> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().ok()?;
        let running = Arc::clone(&self.running).acquire_owned().await.ok()?;
        Some(Turn {
            _running: running,
            _admitted: admitted,
        })
    }
}

pub(crate) async fn busy(
    app: Arc<App>,
    cx: RequestContext,
    r: BusyRequest,
) -> HandlerResult<&'static str> {
    let _turn = app.busy.take().await.ok_or_else(HandlerError::busy)?;
    app.count_class(&cx);
    pause(r.millis).await;
    Ok("busy-done")
}

pub(crate) async fn fail_fast(
    app: Arc<App>,
    cx: RequestContext,
    r: FailFastRequest,
) -> HandlerResult<&'static str> {
    let _turn = app.fail_fast.take().await.ok_or_else(HandlerError::busy)?;
    if cx.remaining().is_some_and(|left| left.is_zero()) {
        // Its caller has given up: nobody is there to be answered.
        return Err(HandlerError::no_answer());
    }
    app.count_class(&cx);
    app.count(format!("ff:{}", or_null(&r.key)));
    pause(r.millis).await;
    Ok("ff-done")
}
