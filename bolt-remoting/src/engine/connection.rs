//! The handle of one connection.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;

use bolt_codec::{Frame, FrameKind, Protocol, Role};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::driver::Driver;
use super::handler::FrameHandler;
use super::outbox::Prepared;
use super::response::ResponseFuture;
use super::shared::{Queued, Rejected, Setup, Shared};
use super::stats::ConnectionStats;
use super::turn::Turn;
use crate::config::ConnectionConfig;
use crate::error::CloseReason;
use crate::time::deadline;
use crate::{Address, Error, ErrorKind, Extensions, Result};

/// One connection of any protocol: a cheap handle to clone and share. Calls of any number of tasks
/// travel on it at the same time.
///
/// Dropping the handles does not close the connection: [`close`](Self::close) or
/// [`drain`](Self::drain) it, or let the client or server that it belongs to do so.
pub struct Connection<P: Protocol>(Arc<Shared<P>>);

static NUMBERS: AtomicU64 = AtomicU64::new(1);

impl<P: Protocol> Connection<P> {
    pub(crate) fn new(shared: Arc<Shared<P>>) -> Self {
        Self(shared)
    }

    pub(crate) fn into_shared(self) -> Arc<Shared<P>> {
        self.0
    }

    /// Runs a connection over any byte stream: a socket that was made elsewhere, or one half of
    /// [`tokio::io::duplex`] in a test.
    ///
    /// Must be called within a tokio runtime, on which the connection's task is spawned.
    pub fn over<T>(
        io: T,
        protocol: Arc<P>,
        role: Role,
        handler: Arc<dyn FrameHandler<P>>,
        config: Arc<ConnectionConfig>,
    ) -> Self
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let setup = Setup::alone(protocol, role, config);
        let (connection, driver) = Self::prepare(io, setup, handler);
        tokio::spawn(driver);
        connection
    }

    /// A connection and the future that runs it.
    pub(crate) fn prepare<T>(
        io: T,
        setup: Setup<P>,
        handler: Arc<dyn FrameHandler<P>>,
    ) -> (Self, Driver<P, T>)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let (decoder, encoder, session) = setup.protocol.open(setup.role, &setup.config.limits);
        let began = setup.began;
        let shared = Arc::new(Shared::new(setup, session, encoder, number));
        shared.greet();
        let driver = Driver::new(Arc::clone(&shared), handler, io, decoder, began);
        (Self(shared), driver)
    }

    /// Sends a request and waits for its answer, both within `timeout`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`], [`ErrorKind::Closed`] and [`ErrorKind::Send`], the last also for a frame
    /// of kind [`Oneway`](FrameKind::Oneway), which gets no answer. A zero timeout fails at once without
    /// sending anything.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up: before the request was queued nothing is sent,
    /// afterwards its answer is dropped when it comes. The connection stays in step either way.
    pub async fn call(&self, frame: P::Frame, timeout: Duration) -> Result<P::Frame> {
        if timeout.is_zero() {
            return Err(self.too_late());
        }
        self.not_a(FrameKind::Oneway, &frame)?;
        self.start(frame, deadline(timeout)).await?.await
    }

    /// Queues a request, waiting for room until `deadline`, and returns the future of its answer,
    /// which ends at `deadline` too.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it returns means that nothing is sent.
    pub async fn start_call(
        &self,
        frame: P::Frame,
        deadline: Instant,
    ) -> Result<ResponseFuture<P>> {
        self.check(deadline)?;
        self.not_a(FrameKind::Oneway, &frame)?;
        self.start(frame, deadline).await
    }

    /// As [`start_call`](Self::start_call), for deadlines that were in the future just now.
    pub(crate) async fn start(
        &self,
        frame: P::Frame,
        deadline: Instant,
    ) -> Result<ResponseFuture<P>> {
        let queued = self.when_room(deadline, Prepared::new(frame), 1, |frame, turn| {
            self.0.queue_call(frame, deadline, turn, None)
        });
        Ok(self.clone().answer_to(queued.await?))
    }

    /// Queues a request if there is room now, and returns the future of its answer, which ends at
    /// `deadline`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`] without room; otherwise as [`call`](Self::call).
    pub fn try_call(&self, frame: P::Frame, deadline: Instant) -> Result<ResponseFuture<P>> {
        self.check(deadline)?;
        self.not_a(FrameKind::Oneway, &frame)?;
        let queued = self.try_start(frame, deadline, None);
        let queued = queued.map_err(|rejected| self.overflow(rejected))?;
        Ok(self.clone().answer_to(queued))
    }

    /// As [`try_call`](Self::try_call), for deadlines that were in the future just now. `caller` is
    /// woken by the outcome without having asked for it.
    pub(crate) fn try_start(
        &self,
        frame: P::Frame,
        deadline: Instant,
        caller: Option<&Waker>,
    ) -> Result<Queued, Rejected<P::Frame>> {
        // Cloned before there is a lock, for that is somebody else's code.
        let caller = caller.cloned();
        self.0
            .queue_call(Prepared::new(frame), deadline, None, caller)
    }

    /// The answer to a call that was queued here.
    pub(crate) fn answer_to(self, queued: Queued) -> ResponseFuture<P> {
        ResponseFuture::new(self.0, queued)
    }

    /// Queues a frame that gets no answer, waiting for room until `deadline`. It has left this
    /// process at some later time; that it arrives nobody promises.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`], [`ErrorKind::Closed`] and [`ErrorKind::Send`], the last also for a frame
    /// of kind [`Request`](FrameKind::Request), whose answer nobody would wait for: where answers go in
    /// order another call would get it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it returns means that nothing is sent.
    pub async fn send(&self, frame: P::Frame, deadline: Instant) -> Result<()> {
        self.check(deadline)?;
        self.not_a(FrameKind::Request, &frame)?;
        self.when_room(deadline, Prepared::new(frame), 0, |frame, turn| {
            self.0.queue_oneway(frame, turn)
        })
        .await
    }

    /// Queues a frame that gets no answer if there is room now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`] without room, [`ErrorKind::Closed`], [`ErrorKind::Send`] as
    /// [`send`](Self::send).
    pub fn try_send(&self, frame: P::Frame) -> Result<()> {
        self.not_a(FrameKind::Request, &frame)?;
        self.0
            .queue_oneway(Prepared::new(frame), None)
            .map_err(|rejected| self.overflow(rejected))
    }

    /// Tries, and if there is no room tries again when it is this caller's turn, until `deadline`.
    async fn when_room<R>(
        &self,
        deadline: Instant,
        frame: Prepared<P::Frame>,
        calls: usize,
        attempt: impl Fn(Prepared<P::Frame>, Option<u64>) -> Result<R, Rejected<P::Frame>>,
    ) -> Result<R> {
        let mut attempted = attempt(frame, None);
        loop {
            let frame = match attempted {
                Ok(done) => return Ok(done),
                Err(Rejected::Failed(error) | Rejected::Closed(_, error)) => return Err(error),
                Err(Rejected::Full(frame)) => frame,
            };
            let needs = Shared::<P>::needs(&frame, calls);
            let mut turn = Turn::new(&self.0, needs, deadline);
            (&mut turn).await;
            self.check(deadline)?;
            attempted = attempt(frame, turn.number());
        }
    }

    fn check(&self, deadline: Instant) -> Result<()> {
        if deadline <= Instant::now() {
            return Err(self.too_late());
        }
        Ok(())
    }

    /// That the frame is for what it is used for: answers find their calls only then.
    fn not_a(&self, wrong: FrameKind, frame: &P::Frame) -> Result<()> {
        if frame.kind() != wrong {
            return Ok(());
        }
        let text = match wrong {
            FrameKind::Oneway => "a oneway frame gets no answer: it is to be sent, not called with",
            _ => "a request gets an answer: it is to be called with, not sent",
        };
        Err(Error::new(ErrorKind::Send, text).with_call(self.0.peer, None, false))
    }

    fn too_late(&self) -> Error {
        Error::timeout().with_call(self.0.peer, None, false)
    }

    fn overflow(&self, rejected: Rejected<P::Frame>) -> Error {
        match rejected {
            Rejected::Failed(error) | Rejected::Closed(_, error) => error,
            Rejected::Full(_) => {
                let text = "no room: too many bytes or calls wait on this connection";
                Error::new(ErrorKind::Overflow, text).with_call(self.0.peer, None, false)
            }
        }
    }

    /// Whether new calls are possible: not on a connection that drains or whose peer wants no more,
    /// even where handlers may still [call back](Self::drain).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Own calls that have no outcome yet. Costs no lock, unlike [`stats`](Self::stats).
    #[must_use]
    pub fn calls_waiting(&self) -> usize {
        self.0.waiting.get()
    }

    /// The address that was dialed, on connections that a client has made.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        self.0.address.as_deref()
    }

    /// Why no new calls are possible, once that is so.
    #[must_use]
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.0.lock().phase().close_reason()
    }

    /// Closes the connection: calls that wait end at once with [`ErrorKind::Closed`], requests of
    /// the peer that are being handled are cancelled. What was queued before may still be written.
    pub fn close(&self) {
        self.0.close(Error::closed(CloseReason::Local));
    }

    /// Closes the connection in order: no new calls in either direction, those in flight may end
    /// within `grace`, answers are written, then it is closed. The peer is told if
    /// [`ConnectionConfig::send_goaway`] says so. Draining again can shorten the time, not prolong it.
    ///
    /// What is in flight may need calls of its own. So this end may still call as long as it handles
    /// requests of the peer, and requests of the peer still run as long as own calls wait; all others
    /// fail with [`ErrorKind::Closed`], or are refused as
    /// [`ShuttingDown`](bolt_codec::Refusal::ShuttingDown), which in SOFABolt is "busy".
    pub fn drain(&self, grace: Duration) {
        self.0.drain(deadline(grace));
    }

    /// Requests of the peer that were cut off, or would be if everything ended now.
    pub(crate) fn cut_off(&self) -> usize {
        self.0.cut_off()
    }

    /// Drains, with time for all calls that wait now, `most` at most, and no less than `grace`.
    pub(crate) fn retire(&self, grace: Duration, most: Duration) {
        let calls_end = self.0.lock().pending.latest();
        let until = calls_end.map_or_else(Instant::now, |at| at.min(deadline(most)));
        self.0.drain(until.max(deadline(grace)));
    }

    /// Waits until the connection's task has ended, and the handlers of the peer's requests with it:
    /// those that were cancelled end when their code next waits.
    ///
    /// # Cancel safety
    ///
    /// Waiting can be given up and taken up again at any time.
    pub async fn closed(&self) {
        self.0.ended.cancelled().await;
    }

    /// Waits until the peer's greeting has come, if the protocol
    /// [waits for one](Protocol::awaits_greeting) at this end. Connections that a
    /// [`Client`](crate::Client) gives have it already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when the connection ends first, because of what the greeting says, say.
    ///
    /// # Cancel safety
    ///
    /// Waiting can be given up and taken up again at any time.
    pub async fn greeted(&self) -> Result<()> {
        let Some(greeted) = &self.0.greeted else {
            return Ok(());
        };
        greeted.cancelled().await;
        match self.close_reason() {
            None => Ok(()),
            Some(reason) => Err(Error::closed(reason).with_call(self.0.peer, None, false)),
        }
    }

    /// The runtime that the connection's task runs on.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// A number that no other connection of this process has.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The peer's address, where the transport has addresses.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.0.peer
    }

    /// The local address, where the transport has addresses.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.0.local
    }

    /// The certificates that the peer showed in its TLS handshake, as DER: its own first, which was
    /// found valid and to be the peer's, then the issuers that it sent along, as it sent them. Empty
    /// without TLS, for clients that a server doesn't ask for one (`ServerTlsConfig::client_roots`), and
    /// on streams that were made elsewhere.
    #[must_use]
    pub fn peer_certificates(&self) -> &[Bytes] {
        &self.0.certificates
    }

    /// Which end this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// The live connection of the same client or server to the given address, this one included: how
    /// a handler calls somebody else than its caller. `None` for connections made with
    /// [`over`](Self::over).
    #[must_use]
    pub fn sibling(&self, peer: SocketAddr) -> Option<Self> {
        self.0.family.as_ref()?.upgrade()?.member(peer).map(Self)
    }

    /// All live connections of the same client or server, this one included.
    #[must_use]
    pub fn siblings(&self) -> Vec<Self> {
        let family = self.0.family.as_ref().and_then(Weak::upgrade);
        let members = family.map_or_else(Vec::new, |family| family.members());
        members.into_iter().map(Self).collect()
    }

    /// What the protocol knows of this connection.
    #[must_use]
    pub fn session(&self) -> &P::Session {
        &self.0.session
    }

    /// The protocol it speaks.
    #[must_use]
    pub fn protocol(&self) -> &Arc<P> {
        &self.0.protocol
    }

    /// The settings it was made with.
    #[must_use]
    pub fn config(&self) -> &ConnectionConfig {
        &self.0.config
    }

    /// Keeps `value` with the connection (who the peer is, say, once it has proved it) and returns
    /// the one of the same type that was kept before. Java: `Connection.setAttribute`.
    pub fn set_attribute<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        self.attributes().insert(value)
    }

    /// The value of type `T` that is kept with the connection. Java: `Connection.getAttribute`.
    #[must_use]
    pub fn attribute<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.attributes().get_shared()
    }

    /// The same, made first if there is none.
    #[must_use]
    pub fn attribute_or_default<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut attributes = self.attributes();
        attributes.get_shared().unwrap_or_else(|| {
            let value = Arc::new(T::default());
            attributes.insert_shared(Arc::clone(&value));
            value
        })
    }

    /// Takes the value of type `T` away. Java: `Connection.removeAttribute`.
    pub fn remove_attribute<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.attributes().remove()
    }

    /// No code of users runs under this lock but their `Default`.
    fn attributes(&self) -> MutexGuard<'_, Extensions> {
        self.0
            .attributes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A look at what is going on.
    #[must_use]
    pub fn stats(&self) -> ConnectionStats {
        let state = self.0.lock();
        ConnectionStats {
            calls_waiting: state.pending.waiting(),
            calls_started: state.pending.started(),
            requests_in_flight: state.in_flight(),
            bytes_queued: state.outbox.unwritten(),
            ..self.0.counters.read()
        }
    }
}

impl<P: Protocol> Clone for Connection<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Protocol> fmt::Debug for Connection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("protocol", &P::NAME)
            .field("number", &self.0.number)
            .field("peer", &self.0.peer)
            .finish_non_exhaustive()
    }
}
