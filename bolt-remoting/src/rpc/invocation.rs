//! A call that is awaited.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::answer::Source;
use super::body::Decoder;
use super::outgoing::{Attempt, Outgoing};
use crate::Result;

/// An awaited [`Call`](super::Call). Its first poll queues the request, where that needs no waiting.
///
/// # Cancel safety
///
/// Dropping it gives the call up and frees its place; the connection stays in step.
///
/// # Panics
///
/// When polled again after it was ready.
#[must_use = "a call does nothing until it is awaited"]
pub struct Invocation<T> {
    progress: Progress,
    decoder: Decoder<T>,
}

enum Progress {
    /// Or why it has failed.
    Unstarted(Result<Outgoing>),
    /// Waits for a connection or for room; only then is there anything to allocate.
    Starting(BoxFuture<'static, Result<Source>>),
    Started(Source),
    Over,
}

impl<T> Invocation<T> {
    pub(super) fn new(outgoing: Result<Outgoing>, decoder: Decoder<T>) -> Self {
        let progress = Progress::Unstarted(outgoing);
        Self { progress, decoder }
    }

    /// Queues the request, if that needs no waiting. `caller` is woken by the outcome without having
    /// asked for it, once the call [has started](Progress::Started).
    pub(super) fn start(&mut self, caller: Option<&Waker>) {
        let Progress::Unstarted(Ok(outgoing)) = &mut self.progress else {
            return;
        };
        let deadline = match outgoing.deadline() {
            Ok(deadline) => deadline,
            Err(error) => {
                self.progress = Progress::Unstarted(Err(error));
                return;
            }
        };
        match outgoing.try_start(deadline, caller) {
            Attempt::Started(source) => self.progress = Progress::Started(source),
            Attempt::Failed(error) => self.progress = Progress::Unstarted(Err(error)),
            Attempt::NotYet => {
                let waiting = std::mem::replace(&mut self.progress, Progress::Over);
                if let Progress::Unstarted(Ok(outgoing)) = waiting {
                    self.progress = Progress::Starting(outgoing.start(deadline).boxed());
                }
            }
        }
    }
}

impl<T: Send + 'static> Future for Invocation<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        loop {
            match &mut this.progress {
                Progress::Started(source) => return source.poll(&this.decoder, cx),
                Progress::Unstarted(Ok(_)) => {
                    this.start(Some(cx.waker()));
                    if let Progress::Started(_) = this.progress {
                        // It has this waker already.
                        return Poll::Pending;
                    }
                }
                Progress::Starting(starting) => {
                    this.progress = match ready!(starting.poll_unpin(cx)) {
                        Ok(source) => Progress::Started(source),
                        Err(error) => Progress::Unstarted(Err(error)),
                    };
                }
                Progress::Unstarted(Err(_)) | Progress::Over => {
                    return match std::mem::replace(&mut this.progress, Progress::Over) {
                        Progress::Unstarted(Err(error)) => Poll::Ready(Err(error)),
                        _ => panic!("a call polled after it was completed"),
                    };
                }
            }
        }
    }
}

impl<T> fmt::Debug for Invocation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation").finish_non_exhaustive()
    }
}
