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
}

/// Where an answer comes from.
pub(super) enum Source {
    Connection(ResponseFuture<Bolt>, Option<CallContext>),
    Interceptors(BoxFuture<'static, Outcome>, Arc<Trace>),
}

impl Source {
    pub(super) fn poll<T: 'static>(
        &mut self,
        decoder: &Decoder<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T>> {
        let outcome = match self {
            Self::Connection(response, context) => {
                let frame = match response.poll_unpin(cx) {
                    Poll::Ready(Ok(frame)) => frame,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                };
                if let Some(context) = context {
                    context.answered(&frame);
                }
                let id = frame.id.into();
                match read(Response::of_frame(frame), decoder) {
                    Ok(value) => Ok(value),
                    Err(error) => {
                        Err(error.with_call(response.connection().peer_addr(), Some(id), true))
                    }
                }
            }
            Self::Interceptors(outcome, trace) => match ready!(outcome.poll_unpin(cx)) {
                Ok(Some(response)) => read(response, decoder),
                Ok(None) => Err(Error::timeout()),
                Err(error) => Err(error),
            }
            .map_err(|error| trace.complete(error)),
        };
        Poll::Ready(outcome)
    }
}

impl<T> Answer<T> {
    pub(super) fn new(source: Source, decoder: Decoder<T>) -> Self {
        Self { source, decoder }
    }

    /// The id that the request has on its connection. Through interceptors it is not known here,
    /// but in the call's [`CallContext`].
    #[must_use]
    pub fn request_id(&self) -> Option<u64> {
        match &self.source {
            Source::Connection(response, _) => response.request_id(),
            Source::Interceptors(..) => None,
        }
    }
}

impl<T: 'static> Future for Answer<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        this.source.poll(&this.decoder, cx)
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

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("id", &self.request_id())
            .finish_non_exhaustive()
    }
}
