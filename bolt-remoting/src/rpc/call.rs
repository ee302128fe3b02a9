use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

use super::answer::Answer;
use super::body::Decoder;
use super::call_context::CallContext;
use super::callback::{Callback, Once};
use super::invocation::Invocation;
use super::outgoing::{Draft, Outgoing};
use crate::{CloseReason, Error, ErrorKind, Result};

/// What a blocked thread leaves the runtime to say that the deadline has passed.
const SLACK: Duration = Duration::from_millis(500);

/// A two-way call that has not been made yet. Choose its options, then
///
/// - `.await` it for its answer (Java: `invokeSync`),
/// - [`future`](Self::future) to have it queued now and take the answer later
///   (`invokeWithFuture`),
/// - [`callback`](Self::callback) to be called back (`invokeWithCallback`),
/// - [`blocking`](Self::blocking) to wait for it on a plain thread.
///
/// Must be awaited within a tokio runtime, like everything here but [`blocking`](Self::blocking) and
/// [`callback`](Self::callback). A connection that closes before the request was queued on it is
/// replaced and the call goes on; one that closes later ends it, for the request may have been
/// handled.
///
/// # Cancel safety
///
/// Dropping the awaited call gives it up and frees its place; the connection stays in step.
#[must_use = "a call does nothing until it is awaited, or made a future or a callback"]
pub struct Call<T> {
    outgoing: Result<Outgoing>,
    decoder: Decoder<T>,
}

impl<T: Send + 'static> Call<T> {
    pub(super) fn new(outgoing: Result<Outgoing>, decoder: Decoder<T>) -> Self {
        Self { outgoing, decoder }
    }

    /// How long the whole call may take from when it is made, connecting and queueing included: an
    /// awaited call is made by its first poll. The server is told the full value, as Java does. Default
    /// 3 s. Zero fails at once.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        edit(&mut self.outgoing, |call| call.timeout = timeout);
        self
    }

    /// The header bytes of the request, at most 32,767.
    pub fn header(mut self, header: impl Into<Bytes>) -> Self {
        edit(&mut self.outgoing, |call| call.body.header = header.into());
        self
    }

    /// Whether the request's switch asks for a checksum, which exists on version 2.2 only. Default
    /// yes. Java: `BOLT_CRC_SWITCH`.
    pub fn crc(mut self, crc: bool) -> Self {
        edit(&mut self.outgoing, |call| call.crc = crc);
        self
    }

    /// Fails with [`ErrorKind::Overflow`] instead of waiting when too many bytes or calls wait on the
    /// connection already. Connecting is waited for all the same. Java: "maybe write overflow".
    pub fn fail_when_full(mut self) -> Self {
        edit(&mut self.outgoing, |call| call.waits = false);
        self
    }

    /// Where to write down how the call went, and what interceptors are told. Java: an
    /// `InvokeContext` argument.
    pub fn context(mut self, context: &CallContext) -> Self {
        edit(&mut self.outgoing, |call| {
            call.context = Some(context.clone());
        });
        self
    }

    /// Queues the request and returns the future of its answer.
    ///
    /// # Errors
    ///
    /// As the call itself, as far as it gets: no connection, no room, deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it returns means that nothing is sent (with interceptors: that
    /// they are dropped where they wait).
    pub async fn future(self) -> Result<Answer<T>> {
        let outgoing = self.outgoing?;
        let deadline = outgoing.deadline()?;
        let source = outgoing.start(deadline).await?;
        Ok(Answer::new(source, self.decoder))
    }

    /// Makes the call and blocks the thread until its answer is there, at most until its deadline:
    /// for plain threads beside a multi-threaded runtime, which is the
    /// [client's own](super::RpcClientBuilder::runtime).
    ///
    /// A thread of [`spawn_blocking`](tokio::task::spawn_blocking), where waiting does no harm, looks
    /// like any other of its runtime. There, [`Handle::block_on`] does the same:
    ///
    /// ```
    /// # #[cfg(feature = "hessian")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use bolt_remoting::rpc::{RpcClient, RpcServer};
    /// # let server = RpcServer::builder()
    /// #     .handle(|_cx, text: String| async move { Ok(text) })
    /// #     .bind("127.0.0.1:0").await?;
    /// # let address = server.local_addr().to_string();
    /// # let client = RpcClient::new();
    /// # let answer = tokio::task::spawn_blocking(move || -> bolt_remoting::Result<String> {
    /// let call = client.invoke(&address, "hi");
    /// let answer: String = tokio::runtime::Handle::current().block_on(call.into_future())?;
    /// # Ok(answer)
    /// # }).await??;
    /// # assert_eq!(answer, "hi");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "hessian"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// As the awaited call; [`ErrorKind::InvalidArgument`] where blocking would harm or never end (on
    /// a thread of a runtime: await the call instead) or where there is no multi-threaded runtime to
    /// make the call; [`ErrorKind::Closed`] when that runtime has been shut down.
    pub fn blocking(self) -> Result<T> {
        let invalid = |text| Err(Error::new(ErrorKind::InvalidArgument, text));
        if Handle::try_current().is_ok() {
            return invalid("a blocking call on a thread of a tokio runtime: await it instead");
        }
        let Some(runtime) = self.runtime()? else {
            return invalid("a blocking call of a client that has no tokio runtime of its own");
        };
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return invalid("a blocking call of a client whose runtime has no threads of its own");
        }
        let deadline = match &self.outgoing {
            Ok(outgoing) => outgoing.deadline()?,
            Err(error) => return Err(error.clone()),
        };
        let (tell, told) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            let mut call = self.into_future();
            call.start(None);
            let _ = tell.send(caught(call).await);
        });
        let patience = deadline.saturating_duration_since(Instant::now()) + SLACK;
        match told.recv_timeout(patience) {
            Ok(outcome) => outcome,
            // Its threads are all occupied.
            Err(RecvTimeoutError::Timeout) => Err(Error::timeout()),
            Err(RecvTimeoutError::Disconnected) => Err(Error::closed(CloseReason::Local)),
        }
    }

    /// The runtime of the client; an error if the call can't be made anyway.
    fn runtime(&self) -> Result<Option<Handle>> {
        match &self.outgoing {
            Ok(outgoing) => Ok(outgoing.target.runtime()),
            Err(error) => Err(error.clone()),
        }
    }

    /// Makes the call and gives its outcome to `callback`, exactly once, on a task of its own: never
    /// on that of the connection. A panic in it is caught and logged; one in the serializer is
    /// [`ErrorKind::Deserialize`].
    ///
    /// The task runs on the current runtime, or on a plain thread on that of the client; without
    /// any, the callback gets [`ErrorKind::InvalidArgument`] at once. Callbacks are there for those
    /// who know them from Java; `.await` is plainer.
    pub fn callback(self, callback: impl Callback<T>) {
        let runtime = Handle::try_current().ok();
        let runtime = runtime.or_else(|| self.runtime().ok().flatten());
        match runtime {
            Some(runtime) => self.callback_on(&runtime, callback),
            None => {
                let text = "a call with a callback outside of any tokio runtime";
                let error = Error::new(ErrorKind::InvalidArgument, text);
                Once::new(callback).call(Err(self.outgoing.err().unwrap_or(error)));
            }
        }
    }

    /// The same with the callback's task on a runtime of your choice. Java:
    /// `InvokeCallback.getExecutor`.
    ///
    /// When that runtime is shut down before the call has ended, the callback gets
    /// [`ErrorKind::Closed`] on the thread that shuts it down.
    pub fn callback_on(self, runtime: &Handle, callback: impl Callback<T>) {
        let callback = Once::new(callback);
        // Queued before this returns, where that needs no waiting.
        let mut answer = self.into_future();
        {
            let _within = runtime.enter();
            answer.start(None);
        }
        runtime.spawn(caught(answer).map(|outcome| callback.call(outcome)));
    }
}

/// The outcome of a call that was started, also when the serializer panics. Holds the call once.
fn caught<T: Send + 'static>(call: Invocation<T>) -> impl Future<Output = Result<T>> + Send {
    AssertUnwindSafe(call).catch_unwind().map(|outcome| {
        outcome.unwrap_or_else(|_| {
            let text = "the answer can't be read: its serializer panicked";
            Err(Error::new(ErrorKind::Deserialize, text))
        })
    })
}

fn edit(outgoing: &mut Result<Outgoing>, change: impl FnOnce(&mut Draft)) {
    if let Ok(outgoing) = outgoing {
        change(&mut outgoing.draft);
    }
}

impl<T: Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T>;
    type IntoFuture = Invocation<T>;

    /// Nothing happens before it is polled.
    fn into_future(self) -> Invocation<T> {
        Invocation::new(self.outgoing, self.decoder)
    }
}

/// A oneway call that has not been made yet: `.await` it to queue the request. No answer comes;
/// that the request arrives nobody promises. Java: `oneway`.
///
/// # Cancel safety
///
/// Dropping the awaited call before it has ended means that nothing is sent.
#[must_use = "a call does nothing until it is awaited"]
pub struct OnewayCall(pub(super) Result<Outgoing>);

impl OnewayCall {
    /// How long connecting and queueing may take. Default 3 s. The server is told -1, as Java
    /// does.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        edit(&mut self.0, |call| call.timeout = timeout);
        self
    }

    /// The header bytes of the request, at most 32,767.
    pub fn header(mut self, header: impl Into<Bytes>) -> Self {
        edit(&mut self.0, |call| call.body.header = header.into());
        self
    }

    /// Whether the request's switch asks for a checksum; see [`Call::crc`].
    pub fn crc(mut self, crc: bool) -> Self {
        edit(&mut self.0, |call| call.crc = crc);
        self
    }

    /// Fails instead of waiting for room; see [`Call::fail_when_full`].
    pub fn fail_when_full(mut self) -> Self {
        edit(&mut self.0, |call| call.waits = false);
        self
    }

    /// Where to write down how the call went; see [`Call::context`].
    pub fn context(mut self, context: &CallContext) -> Self {
        edit(&mut self.0, |call| call.context = Some(context.clone()));
        self
    }

    async fn send(self) -> Result<()> {
        let outgoing = self.0?;
        let deadline = outgoing.deadline()?;
        if outgoing.is_intercepted() {
            let (sent, _trace) = outgoing.intercepted(deadline, true);
            return sent.await.map(drop);
        }
        outgoing.draft.begin();
        outgoing.send(deadline).await
    }
}

impl IntoFuture for OnewayCall {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'static, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("error", &self.outgoing.as_ref().err())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OnewayCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnewayCall")
            .field("error", &self.0.as_ref().err())
            .finish_non_exhaustive()
    }
}
