use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bolt_codec::bolt::{Bolt, BoltFrame, CRC_SWITCH, Head, ResponseStatus, SerializerCode};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::body::{Body, DecodeBody};
use super::failure::error_of;
use crate::client::Endpoint;
use crate::engine::shared::Rejected;
use crate::time::deadline;
use crate::{Client, Connection, Error, ErrorKind, ResponseFuture, Result};

/// Where a call goes.
#[derive(Clone)]
pub(super) enum Target {
    Address(Client<Bolt>, Arc<Endpoint<Bolt>>),
    Connection(Connection<Bolt>),
}

impl Target {
    /// A connection that is there already.
    fn ready(&self) -> Option<Connection<Bolt>> {
        match self {
            Self::Address(_, endpoint) => endpoint.ready(),
            Self::Connection(connection) => Some(connection.clone()),
        }
    }

    /// Where a call to it goes on when it is made on a plain thread.
    fn runtime(&self) -> Option<Handle> {
        match self {
            Self::Address(client, _) => client.runtime().cloned(),
            Self::Connection(connection) => Some(connection.runtime().clone()),
        }
    }

    async fn connect(&self, deadline: Instant) -> Result<Connection<Bolt>> {
        match self {
            Self::Address(client, endpoint) => client.connect(endpoint, deadline).await,
            Self::Connection(connection) => Ok(connection.clone()),
        }
    }
}

/// What two-way and oneway calls have in common.
pub(super) struct Request {
    pub(super) target: Target,
    pub(super) body: Body,
    pub(super) code: SerializerCode,
    pub(super) timeout: Duration,
    pub(super) crc: bool,
}

impl Request {
    /// # Errors
    ///
    /// A call without any time fails before anything else happens.
    fn deadline(&self) -> Result<Instant> {
        if self.timeout.is_zero() {
            return Err(Error::timeout());
        }
        Ok(deadline(self.timeout))
    }

    /// The frame, in the version that `connection` speaks.
    fn frame(self, connection: &Connection<Bolt>, oneway: bool) -> BoltFrame {
        let timeout = if oneway {
            -1
        } else {
            wire_millis(self.timeout)
        };
        let version = connection.session().version();
        let mut frame = BoltFrame::request(version, self.body.class, self.body.content);
        frame.head = Head::Request { oneway, timeout };
        frame.header = self.body.header;
        frame.codec = self.code;
        if !self.crc {
            frame.switch &= !CRC_SWITCH;
        }
        frame
    }
}

/// Whole milliseconds, rounded up so that a short timeout does not become "none".
fn wire_millis(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

/// A two-way call that has not been made yet. Choose its options, then
///
/// - `.await` it for its answer (Java: `invokeSync`),
/// - [`future`](Self::future) to have it queued now and take the answer later
///   (`invokeWithFuture`),
/// - [`callback`](Self::callback) to be called back (`invokeWithCallback`),
/// - [`blocking`](Self::blocking) to wait for it on a plain thread.
///
/// # Cancel safety
///
/// Dropping the awaited call gives it up and frees its place; the connection stays in step.
#[must_use = "a call does nothing until it is awaited, or made a future or a callback"]
pub struct Call<T> {
    request: Result<Request>,
    decoder: Arc<dyn DecodeBody<T>>,
}

impl<T: Send + 'static> Call<T> {
    pub(super) fn new(request: Result<Request>, decoder: Arc<dyn DecodeBody<T>>) -> Self {
        Self { request, decoder }
    }

    /// How long the whole call may take, connecting and queueing included. The server is told the
    /// full value, as Java does. Default 3 s. Zero fails at once.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        edit(&mut self.request, |request| request.timeout = timeout);
        self
    }

    /// The header bytes of the request, at most 32,767.
    pub fn header(mut self, header: impl Into<Bytes>) -> Self {
        edit(&mut self.request, |request| {
            request.body.header = header.into();
        });
        self
    }

    /// Whether the request's switch asks for a checksum, which exists on version 2.2 only. Default
    /// yes. Java: `BOLT_CRC_SWITCH`.
    pub fn crc(mut self, crc: bool) -> Self {
        edit(&mut self.request, |request| request.crc = crc);
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
    /// Dropping the future before it returns means that nothing is sent.
    pub async fn future(self) -> Result<Answer<T>> {
        let request = self.request?;
        let deadline = request.deadline()?;
        let connection = request.target.connect(deadline).await?;
        let frame = request.frame(&connection, false);
        let response = connection.start_call(frame, deadline).await?;
        Ok(Answer {
            response,
            decoder: self.decoder,
        })
    }

    /// Makes the call and blocks the thread until its answer is there: for plain threads beside a
    /// multi-threaded runtime. The client must have been built within that runtime.
    ///
    /// # Errors
    ///
    /// As the awaited call; [`ErrorKind::InvalidArgument`] where blocking would harm (on a thread of
    /// a runtime: await the call instead) or where there is no runtime to make the call.
    pub fn blocking(self) -> Result<T> {
        let invalid = |text| Err(Error::new(ErrorKind::InvalidArgument, text));
        if Handle::try_current().is_ok() {
            return invalid("a blocking call on a thread of a tokio runtime: await it instead");
        }
        let request = self.request?;
        let Some(runtime) = request.target.runtime() else {
            return invalid(
                "a blocking call of a client that was built outside of a tokio runtime",
            );
        };
        let call = Self {
            request: Ok(request),
            decoder: self.decoder,
        };
        runtime.block_on(async { call.await })
    }

    /// Makes the call and gives its outcome to `callback`, exactly once, on a task of its own. A
    /// panic in it is caught and logged; one in the serializer is
    /// [`ErrorKind::Deserialize`](crate::ErrorKind::Deserialize).
    ///
    /// Must be called within a tokio runtime. Callbacks are there for those who know them from
    /// Java; `.await` is plainer.
    pub fn callback(self, callback: impl FnOnce(Result<T>) + Send + 'static) {
        let answer = self.into_future();
        tokio::spawn(async move {
            let outcome = AssertUnwindSafe(answer).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| {
                let text = "the answer can't be read: its serializer panicked";
                Err(Error::new(ErrorKind::Deserialize, text))
            });
            if std::panic::catch_unwind(AssertUnwindSafe(|| callback(outcome))).is_err() {
                tracing::error!("a callback panicked");
            }
        });
    }

    /// Queues the request without waiting, if there is a connection with room.
    fn start(self) -> Result<Progress<T>> {
        let request = self.request?;
        let deadline = request.deadline()?;
        let (target, decoder) = (request.target.clone(), self.decoder);
        let Some(connection) = target.ready() else {
            let call = Self {
                request: Ok(request),
                decoder,
            };
            return Ok(Progress::Starting(call.future().boxed()));
        };
        match connection.try_start(request.frame(&connection, false), deadline) {
            Ok(response) => Ok(Progress::Started(Answer { response, decoder })),
            Err(Rejected::Failed(error)) => Err(error),
            Err(Rejected::Full(frame)) => Ok(Progress::Starting(Box::pin(async move {
                let response = connection.start_call(frame, deadline).await?;
                Ok(Answer { response, decoder })
            }))),
        }
    }
}

fn edit(request: &mut Result<Request>, change: impl FnOnce(&mut Request)) {
    if let Ok(request) = request {
        change(request);
    }
}

impl<T: Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T>;
    type IntoFuture = Invocation<T>;

    /// Queues the request right away where that needs no waiting.
    fn into_future(self) -> Invocation<T> {
        Invocation(
            self.start()
                .unwrap_or_else(|error| Progress::Failed(Some(error))),
        )
    }
}

/// An awaited [`Call`].
///
/// # Panics
///
/// When polled again after it was ready.
#[must_use = "dropping the future gives the call up"]
pub struct Invocation<T>(Progress<T>);

enum Progress<T> {
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

/// The answer to a request that is under way. `'static`: it may be kept, moved to another task,
/// or dropped, which gives the call up. Java: `RpcResponseFuture`.
#[must_use = "dropping the future gives the call up"]
pub struct Answer<T> {
    response: ResponseFuture<Bolt>,
    decoder: Arc<dyn DecodeBody<T>>,
}

impl<T> Answer<T> {
    /// The id that the request has on its connection.
    #[must_use]
    pub fn request_id(&self) -> Option<u64> {
        self.response.request_id()
    }
}

impl<T: 'static> Future for Answer<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let outcome = ready!(self.response.poll_unpin(cx));
        Poll::Ready(outcome.and_then(|frame| {
            let (peer, id) = (self.response.connection().peer_addr(), frame.id.into());
            read(frame, &*self.decoder).map_err(|error| error.with_call(peer, Some(id), true))
        }))
    }
}

fn read<T: 'static>(frame: BoltFrame, decoder: &dyn DecodeBody<T>) -> Result<T> {
    match frame.head {
        Head::Response {
            status: ResponseStatus::SUCCESS,
        } => {
            let body = Body {
                class: frame.class,
                header: frame.header,
                content: frame.content,
            };
            decoder.decode(frame.codec, body).map_err(|why| {
                Error::new(
                    ErrorKind::Deserialize,
                    format!("the answer can't be read: {why}"),
                )
                .with_source(why)
            })
        }
        Head::Response { status } => Err(error_of(status, &frame)),
        Head::Request { .. } => Err(Error::new(
            ErrorKind::Deserialize,
            "the answer is a request",
        )),
    }
}

/// A oneway call that has not been made yet: `.await` it to queue the request. No answer comes;
/// that the request arrives nobody promises. Java: `oneway`.
#[must_use = "a call does nothing until it is awaited"]
pub struct OnewayCall(pub(super) Result<Request>);

impl OnewayCall {
    /// How long connecting and queueing may take. Default 3 s. The server is told -1, as Java
    /// does.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        edit(&mut self.0, |request| request.timeout = timeout);
        self
    }

    /// The header bytes of the request, at most 32,767.
    pub fn header(mut self, header: impl Into<Bytes>) -> Self {
        edit(&mut self.0, |request| request.body.header = header.into());
        self
    }

    /// Whether the request's switch asks for a checksum; see [`Call::crc`].
    pub fn crc(mut self, crc: bool) -> Self {
        edit(&mut self.0, |request| request.crc = crc);
        self
    }

    async fn send(self) -> Result<()> {
        let request = self.0?;
        let deadline = request.deadline()?;
        let connection = request.target.connect(deadline).await?;
        let frame = request.frame(&connection, true);
        connection.send(frame, deadline).await
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
            .field("error", &self.request.as_ref().err())
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
