use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bolt_codec::bolt::Bolt;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::body::Decoder;
use super::call_context::CallContext;
use super::failure::error_of;
use super::interceptor::{Outcome, Response};
use super::trace::Trace;
use crate::{Error, ErrorKind, ResponseFuture, Result};

/// The answer to a request that is under way. `'static`: it may be kept, moved to another task,
/// or dropped, which gives the call up. Java: `RpcResponseFuture`.
///
/// # Cancel safety
///
/// Dropping it frees the call's place at once; the connection stays in step.
///
/// # Panics
///
/// When polled again after it was ready.
#[must_use = "dropping the future gives the call up"]
pub struct Answer<T> {
    source: Source,
    decoder: Decoder<T>,
    context: Option<CallContext>,
}

enum Source {
    Connection(ResponseFuture<Bolt>),
    Interceptors(BoxFuture<'static, Outcome>, Arc<Trace>),
}

impl<T> Answer<T> {
    pub(super) fn direct(
        response: ResponseFuture<Bolt>,
        decoder: Decoder<T>,
        context: Option<CallContext>,
    ) -> Self {
        Self {
            source: Source::Connection(response),
            decoder,
            context,
        }
    }

    pub(super) fn intercepted(
        (outcome, trace): (BoxFuture<'static, Outcome>, Arc<Trace>),
        decoder: Decoder<T>,
    ) -> Self {
        Self {
            source: Source::Interceptors(outcome, trace),
            decoder,
            context: None,
        }
    }

    /// The id that the request has on its connection. Through interceptors it is not known here,
    /// but in the call's [`CallContext`].
    #[must_use]
    pub fn request_id(&self) -> Option<u64> {
        match &self.source {
            Source::Connection(response) => response.request_id(),
            Source::Interceptors(..) => None,
        }
    }
}

impl<T: 'static> Future for Answer<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        let outcome = match &mut this.source {
            Source::Connection(response) => {
                let frame = match ready!(response.poll_unpin(cx)) {
                    Ok(frame) => frame,
                    Err(error) => return Poll::Ready(Err(error)),
                };
                if let Some(context) = &this.context {
                    context.answered(&frame);
                }
                let id = frame.id.into();
                read(Response::of_frame(frame), &this.decoder).map_err(|error| {
                    error.with_call(response.connection().peer_addr(), Some(id), true)
                })
            }
            Source::Interceptors(outcome, trace) => match ready!(outcome.poll_unpin(cx)) {
                Ok(Some(response)) => read(response, &this.decoder),
                Ok(None) => Err(Error::timeout()),
                Err(error) => Err(error),
            }
            .map_err(|error| trace.complete(error)),
        };
        Poll::Ready(outcome)
    }
}

fn read<T: 'static>(response: Response, decoder: &Decoder<T>) -> Result<T> {
    if !response.is_success() {
        return Err(error_of(response.status, &response.body, decoder.errors));
    }
    decoder.decode(response.code, response.body).map_err(|why| {
        let text = format!("the answer can't be read: {why}");
        Error::new(ErrorKind::Deserialize, text).with_source(why)
    })
}

/// An awaited [`Call`](super::Call).
///
/// # Cancel safety
///
/// Dropping it gives the call up and frees its place; the connection stays in step.
///
/// # Panics
///
/// When polled again after it was ready.
#[must_use = "dropping the future gives the call up"]
pub struct Invocation<T>(pub(super) Progress<T>);

pub(super) enum Progress<T> {
    Started(Answer<T>),
    /// Waits for a connection or for room; only then is there anything to allocate.
    Starting(BoxFuture<'static, Result<Answer<T>>>),
    Failed(Option<Error>),
}

impl<T: Send + 'static> Future for Invocation<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        loop {
            match &mut self.0 {
                Progress::Started(answer) => return answer.poll_unpin(cx),
                Progress::Starting(starting) => {
                    self.0 = match ready!(starting.poll_unpin(cx)) {
                        Ok(answer) => Progress::Started(answer),
                        Err(error) => Progress::Failed(Some(error)),
                    };
                }
                Progress::Failed(error) => {
                    return Poll::Ready(Err(error.take().expect("polled after it was ready")));
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

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("id", &self.request_id())
            .finish_non_exhaustive()
    }
}
