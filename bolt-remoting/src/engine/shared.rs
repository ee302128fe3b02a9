//! What the connection's task and its many callers share, behind one short lock.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bolt_codec::{Correlation, Frame, FrameKind, Protocol, Role};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::Setup;
use super::inbound::{Gap, Inbound, Ticket};
use super::outbox::Outbox;
use super::pending::Pending;
use crate::config::ConnectionConfig;
use crate::{Error, ErrorKind, Extensions};

/// One connection, as seen from everywhere but its own task.
pub(crate) struct Shared<P: Protocol> {
    pub(crate) protocol: Arc<P>,
    pub(crate) session: P::Session,
    pub(crate) role: Role,
    pub(crate) config: Arc<ConnectionConfig>,
    pub(crate) number: u64,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
    /// The one that the connection's task runs on.
    pub(crate) runtime: Handle,
    state: Mutex<State<P>>,
    /// Told whenever the outbox or the table of calls may have room again.
    pub(crate) room: Notify,
    /// Cancelled once the connection's task has ended.
    pub(crate) ended: CancellationToken,
    pub(crate) counters: Counters,
    /// What users keep with the connection.
    pub(crate) attributes: Mutex<Extensions>,
}

/// The part that changes. Locked for moments only, never across I/O or user code other than the
/// protocol's encoder.
pub(crate) struct State<P: Protocol> {
    pub(crate) pending: Pending<P::Frame>,
    pub(crate) outbox: Outbox<P::Encoder>,
    pub(crate) inbound: Inbound<P::Frame>,
    pub(crate) phase: Phase,
    /// The connection's task, while it sleeps.
    pub(crate) parked: Option<Waker>,
    /// The transport takes no bytes now, so that waking the task for more of them is useless.
    pub(crate) write_blocked: bool,
    /// Something other than bytes has changed that the task must look at before it sleeps.
    pub(crate) attention: bool,
}

/// How far a connection's life has come.
#[derive(Debug)]
pub(crate) enum Phase {
    Open,
    /// The peer wants no new requests: what is in flight goes on.
    GoingAway,
    /// This end shuts down: no new requests in either direction.
    Draining {
        until: Instant,
    },
    /// No answers any more. Set before the task has ended.
    Closed(Error),
}

/// Numbers of one connection that are worth watching.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Answers nobody waited for.
    pub(crate) late_answers: AtomicU64,
    /// Well-formed frames without meaning to us.
    pub(crate) unknown_frames: AtomicU64,
    /// Heartbeats of the peer.
    pub(crate) heartbeats: AtomicU64,
    /// Requests refused as busy.
    pub(crate) refused: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A frame that was not queued, and why.
pub(crate) enum Rejected<F> {
    /// No room now.
    Full(F),
    Failed(Error),
}

impl<P: Protocol> Shared<P> {
    pub(crate) fn new(
        setup: Setup<P>,
        session: P::Session,
        encoder: P::Encoder,
        number: u64,
    ) -> Self {
        let state = State {
            pending: Pending::new(P::CORRELATION),
            outbox: Outbox::new(
                encoder,
                setup.config.outbox_limit,
                P::CORRELATION == Correlation::InOrder,
            ),
            inbound: Inbound::new(P::CORRELATION),
            phase: Phase::Open,
            parked: None,
            write_blocked: false,
            attention: false,
        };
        Self {
            protocol: setup.protocol,
            session,
            role: setup.role,
            config: setup.config,
            number,
            peer: setup.peer,
            local: setup.local,
            runtime: Handle::current(),
            state: Mutex::new(state),
            room: Notify::new(),
            ended: CancellationToken::new(),
            counters: Counters::default(),
            attributes: Mutex::default(),
        }
    }

    /// Encoders are the only foreign code under the lock, and a frame that one leaves half way is
    /// rolled back, so a poisoned lock is as good as any.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a call and queues its frame, both or neither.
    pub(crate) fn queue_call(
        &self,
        mut frame: P::Frame,
        deadline: Instant,
    ) -> Result<u64, Rejected<P::Frame>> {
        let mut state = self.lock();
        self.check_open(&state.phase)?;
        if state.pending.unanswered() >= self.config.max_in_flight || !state.outbox.has_room(&frame)
        {
            return Err(Rejected::Full(frame));
        }
        let first_to_expire = state
            .pending
            .earliest()
            .is_none_or(|earliest| deadline < earliest);
        let id = state.pending.insert(deadline);
        frame.set_id(id);
        if let Err(error) = state.outbox.push(frame) {
            state.pending.take_back(id);
            return Err(Rejected::Failed(self.send_error(error)));
        }
        state.attention |= first_to_expire;
        let waker = state.wake_for_bytes();
        drop(state);
        wake(waker);
        Ok(id)
    }

    /// Queues a frame that gets no answer.
    pub(crate) fn queue_oneway(&self, mut frame: P::Frame) -> Result<(), Rejected<P::Frame>> {
        let mut state = self.lock();
        self.check_open(&state.phase)?;
        if !state.outbox.has_room(&frame) {
            return Err(Rejected::Full(frame));
        }
        if frame.kind() == FrameKind::Oneway {
            frame.set_id(state.pending.next_id());
        }
        if let Err(error) = state.outbox.push(frame) {
            return Err(Rejected::Failed(self.send_error(error)));
        }
        let waker = state.wake_for_bytes();
        drop(state);
        wake(waker);
        Ok(())
    }

    /// A request of the peer that ran as a task has ended.
    pub(crate) fn finish(&self, ticket: Ticket, answer: Option<P::Frame>) {
        let mut state = self.lock();
        state.finish(ticket, answer);
        let waker = state.wake_for_bytes();
        drop(state);
        wake(waker);
    }

    fn check_open(&self, phase: &Phase) -> Result<(), Rejected<P::Frame>> {
        let error = match phase {
            Phase::Open => return Ok(()),
            Phase::GoingAway => Error::closed(crate::CloseReason::GoAway),
            Phase::Draining { .. } => Error::closed(crate::CloseReason::Local),
            Phase::Closed(error) => error.clone(),
        };
        Err(Rejected::Failed(error.with_call(self.peer, None, false)))
    }

    fn send_error(&self, error: bolt_codec::CodecError) -> Error {
        Error::new(ErrorKind::Send, error.to_string())
            .with_source(error)
            .with_call(self.peer, None, false)
    }

    /// No new calls in either direction; those in flight may go on until `until`.
    pub(crate) fn drain(&self, until: Instant) {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Closed(_)) {
            state.phase = Phase::Draining { until };
        }
        state.attention = true;
        let waker = state.parked.take();
        drop(state);
        wake(waker);
    }

    /// Ends all calls with `error`, now; the first reason given stays.
    pub(crate) fn close(&self, error: Error) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Closed(_)) {
            let error = error.with_call(self.peer, None, false);
            state.pending.fail_all(&error, &mut wakers);
            state.phase = Phase::Closed(error);
        }
        state.attention = true;
        wakers.extend(state.parked.take());
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        self.room.notify_waiters();
    }
}

impl<P: Protocol> State<P> {
    /// The sleeping task, if new bytes or something else are worth waking it.
    fn wake_for_bytes(&mut self) -> Option<Waker> {
        if self.write_blocked && !self.attention {
            None
        } else {
            self.parked.take()
        }
    }

    /// A request of the peer has ended: queues what can be sent now.
    pub(crate) fn finish(&mut self, ticket: Ticket, answer: Option<P::Frame>) {
        let Self {
            inbound, outbox, ..
        } = self;
        let outcome = inbound.finish(ticket, answer, |answer| queue_answer::<P>(outbox, answer));
        if outcome == Err(Gap) {
            outbox.seal();
        }
        self.attention |= self.outbox.is_sealed();
    }

    /// Queues an answer.
    pub(crate) fn answer(&mut self, answer: P::Frame) {
        queue_answer::<P>(&mut self.outbox, answer);
    }

    /// Forgets whatever could not be sent: nothing is going to be.
    pub(crate) fn discard(&mut self) {
        self.outbox.discard();
        self.inbound.discard();
    }

    /// Nothing is running for the peer and nothing is left to write.
    pub(crate) fn is_quiet(&self) -> bool {
        self.inbound.running() == 0 && self.outbox.is_drained()
    }

    /// Requests of the peer that are running or whose answers wait for room or for their turn.
    pub(crate) fn in_flight(&self) -> usize {
        self.inbound.running() + self.waiting_answers()
    }

    /// Answers that wait for room or for their turn.
    pub(crate) fn waiting_answers(&self) -> usize {
        self.inbound.held() + self.outbox.deferred()
    }
}

fn queue_answer<P: Protocol>(outbox: &mut Outbox<P::Encoder>, answer: P::Frame) {
    if let Err(error) = outbox.push_answer(answer) {
        tracing::warn!(protocol = P::NAME, %error, "an answer can't be sent");
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
