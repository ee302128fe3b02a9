//! What runs when the peer sends a request.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use bolt_codec::{Protocol, Refusal};
use futures::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::ReusableBoxFuture;

use crate::Connection;

/// Handles the requests and oneway frames of a peer.
///
/// Most handlers are closures wrapped by [`handler_fn`]. Implement the trait to answer without a
/// future, or to choose the future's type per frame.
#[diagnostic::on_unimplemented(
    message = "`{Self}` handles no frames of `{P}`",
    label = "not a `FrameHandler<{P}>`",
    note = "a closure becomes a handler by `handler_fn(|cx: FrameContext<_>, frame| async move {{ … }})`, \
            whose future gives `Option<Frame>`: `Some(answer)`, or `None` for no answer",
    note = "an end that serves nothing takes `NoHandler`"
)]
pub trait FrameHandler<P: Protocol>: Send + Sync + 'static {
    /// Begins to handle `frame`. Called on the connection's own task: decide quickly, and leave
    /// whatever takes time to the future given to [`Reply::later`].
    ///
    /// Two-way requests (kind [`Request`](bolt_codec::FrameKind::Request)) want an answer; what a
    /// oneway frame answers is dropped. Leaving `reply` untouched is no answer: the peer waits until
    /// its deadline, or, where answers go in order, the connection is closed.
    ///
    /// If this or the future panics, the request is refused as
    /// [`HandlerFailed`](Refusal::HandlerFailed) where the protocol has a word for it, and unless
    /// [`catches_panics`](Self::catches_panics) says that it can't happen.
    fn handle(&self, cx: FrameContext<P>, frame: P::Frame, reply: &mut Reply<P>);

    /// Whether no panic gets out of [`handle`](Self::handle) and its futures, because the handler
    /// answers for them itself: then no refusal is made ready for each request. Not so by default. A
    /// request whose panic gets out all the same has no answer.
    fn catches_panics(&self) -> bool {
        false
    }
}

/// Where a handled frame came from.
pub struct FrameContext<P: Protocol> {
    connection: Connection<P>,
    arrived: Instant,
}

impl<P: Protocol> FrameContext<P> {
    pub(crate) fn new(connection: Connection<P>, arrived: Instant) -> Self {
        Self {
            connection,
            arrived,
        }
    }

    /// The connection that the frame came from; calls on it go back to the peer.
    #[must_use]
    pub fn connection(&self) -> &Connection<P> {
        &self.connection
    }

    pub(crate) fn into_connection(self) -> Connection<P> {
        self.connection
    }

    /// When the whole frame was there.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// The protocol's way of saying no to `request`, if it has one.
    #[must_use]
    pub fn refuse(&self, request: &P::Frame, why: Refusal) -> Option<P::Frame> {
        self.connection.protocol().refuse(request, why)
    }
}

impl<P: Protocol> fmt::Debug for FrameContext<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameContext")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

pub(crate) type Answering<F> = ReusableBoxFuture<'static, Option<F>>;

/// Takes a handler's answer, now or later.
pub struct Reply<P: Protocol> {
    outcome: Outcome<P::Frame>,
    /// The box of the last future that finished at once, for the next one.
    spare: Option<Answering<P::Frame>>,
    /// Boxes of those that finished later.
    spares: Vec<Answering<P::Frame>>,
}

/// How far a handler has come.
pub(crate) enum Outcome<F> {
    Now(Option<F>),
    Later(Answering<F>),
    Panicked,
}

impl<P: Protocol> Reply<P> {
    pub(crate) fn new() -> Self {
        Self {
            outcome: Outcome::Now(None),
            spare: None,
            spares: Vec::new(),
        }
    }

    /// Answers at once; `None` for no answer.
    pub fn now(&mut self, answer: Option<P::Frame>) {
        self.outcome = Outcome::Now(answer);
    }

    /// Answers when `answer` is ready. It is polled once in place, on the connection's own task; if
    /// that doesn't finish it, it goes on in another one, with those of up to 127 frames that came
    /// at the same time: as long as they don't compute for more than 100 us in a turn. Then those
    /// that are left have a task each.
    ///
    /// It is cancelled when the connection ends. Work that has to go on is spawned by the
    /// handler itself.
    pub fn later(&mut self, answer: impl Future<Output = Option<P::Frame>> + Send + 'static) {
        // What it owns is dropped when it ends, not when its box is used again.
        let answer = answer.fuse();
        let boxed = match self.spare.take().or_else(|| self.spares.pop()) {
            Some(mut spare) => {
                spare.set(answer);
                spare
            }
            None => ReusableBoxFuture::new(answer),
        };
        self.outcome = Outcome::Later(boxed);
    }

    /// Lets `handler` begin, and polls a future given to [`later`](Self::later) once.
    pub(crate) fn run(
        &mut self,
        handler: &dyn FrameHandler<P>,
        context: FrameContext<P>,
        frame: P::Frame,
        cx: &mut Context<'_>,
    ) -> Outcome<P::Frame> {
        let begun = guarded(|| handler.handle(context, frame, self));
        if begun.is_err() {
            self.outcome = Outcome::Panicked;
        }
        match std::mem::replace(&mut self.outcome, Outcome::Now(None)) {
            Outcome::Later(mut answering) => match guarded(|| answering.poll(cx)) {
                Ok(Poll::Ready(answer)) => {
                    self.spare = Some(answering);
                    Outcome::Now(answer)
                }
                Ok(Poll::Pending) => Outcome::Later(answering),
                Err(Panicked) => {
                    // Its parts may panic too.
                    let _ = guarded(|| drop(answering));
                    Outcome::Panicked
                }
            },
            now => now,
        }
    }

    /// Takes boxes that others have done with, if there are few.
    pub(crate) fn take_spares(&mut self, spare: &mut Vec<Answering<P::Frame>>) {
        const FEW: usize = 32;
        if self.spares.len() < FEW {
            self.spares.append(spare);
        }
    }

    /// Exchanges the boxes of those that finished later, which belong to a connection.
    pub(crate) fn swap_spares(&mut self, spares: &mut Vec<Answering<P::Frame>>) {
        std::mem::swap(&mut self.spares, spares);
    }
}

impl<P: Protocol> fmt::Debug for Reply<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.outcome {
            Outcome::Now(None) => "none",
            Outcome::Now(Some(_)) => "now",
            Outcome::Later(_) => "later",
            Outcome::Panicked => "panicked",
        };
        f.debug_tuple("Reply").field(&state).finish()
    }
}

/// The code of a handler has panicked, and that is logged.
pub(super) struct Panicked;

pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        tracing::error!("a handler panicked");
        Panicked
    })
}

/// Makes a [`FrameHandler`] of an async closure from context and frame to an optional answer.
pub fn handler_fn<P, F, Fut>(handler: F) -> impl FrameHandler<P>
where
    P: Protocol,
    F: Fn(FrameContext<P>, P::Frame) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Option<P::Frame>> + Send + 'static,
{
    HandlerFn(handler)
}

struct HandlerFn<F>(F);

impl<P, F, Fut> FrameHandler<P> for HandlerFn<F>
where
    P: Protocol,
    F: Fn(FrameContext<P>, P::Frame) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Option<P::Frame>> + Send + 'static,
{
    fn handle(&self, cx: FrameContext<P>, frame: P::Frame, reply: &mut Reply<P>) {
        reply.later((self.0)(cx, frame));
    }
}

/// Refuses every request: for clients that serve nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHandler;

impl<P: Protocol> FrameHandler<P> for NoHandler {
    fn handle(&self, cx: FrameContext<P>, frame: P::Frame, reply: &mut Reply<P>) {
        reply.now(cx.refuse(&frame, Refusal::NoHandler));
    }
}
