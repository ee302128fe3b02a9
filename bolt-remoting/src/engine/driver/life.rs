//! How a connection lives, drains and ends.

use std::sync::atomic::Ordering;
use std::task::Context;
use std::time::Duration;

use bolt_codec::{Frame, Protocol, Role};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::writing::Refill;
use super::{Driver, Next};
use crate::Error;
use crate::engine::clock::Due;
use crate::engine::outbox::Prepared;
use crate::engine::state::{Phase, State};
use crate::engine::stats::add;
use crate::error::CloseReason;

/// How long a finished connection waits for the peer's FIN, so that closing doesn't destroy bytes
/// under way to it.
const LINGER: Duration = Duration::from_secs(1);
/// Expiring calls in steps of this saves walking the table for each of them.
const EXPIRY_STEP: Duration = Duration::from_millis(2);

/// How far the task has come.
#[derive(Debug, PartialEq)]
pub(super) enum Life {
    Running,
    /// The peer sends no more; its requests may go on until then.
    HalfClosed {
        until: Instant,
    },
    /// What is queued still goes out, then the FIN; then the peer's FIN is awaited.
    Finishing {
        until: Instant,
        fin_sent: bool,
        peer_done: bool,
    },
}

impl Life {
    /// Nothing may be written any more.
    pub(super) fn is_mute(&self) -> bool {
        matches!(self, Self::Finishing { fin_sent: true, .. })
    }

    pub(super) fn fin_sent(&mut self) {
        if let Self::Finishing { fin_sent, .. } = self {
            *fin_sent = true;
        }
    }
}

impl<P, T> Driver<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Does what is due by the clock; returns when the next thing is.
    pub(super) fn keep_times(&mut self, now: Instant) -> Option<Instant> {
        let mut next = None;
        while self.life == Life::Running {
            match self.clock.poll(now) {
                Due::Beat => self.beat(),
                Due::Rest => self.rest(),
                Due::Close(reason) => {
                    tracing::debug!(protocol = P::NAME, peer = ?self.shared.peer, "connection {reason}");
                    self.finish(reason, now);
                }
                Due::At(at) => {
                    next = at;
                    break;
                }
            }
        }
        let missed = &self.shared.counters.heartbeats_missed;
        missed.store(self.clock.misses(), Ordering::Relaxed);
        next
    }

    fn beat(&mut self) {
        let Some(mut beat) = self.shared.protocol.heartbeat(&self.shared.session) else {
            return;
        };
        let mut state = self.shared.lock();
        let id = state.pending.next_id();
        beat.set_id(id);
        match state.outbox.push(Prepared::new(beat)) {
            Ok(()) => {
                state.pending.insert_heartbeat(id);
                add(&self.shared.counters.heartbeats_sent, 1);
            }
            Err(error) => {
                tracing::warn!(protocol = P::NAME, %error, "a heartbeat can't be sent");
            }
        }
    }

    /// Gives back the memory of empty buffers.
    fn rest(&mut self) {
        self.receiver.release();
        self.writer.release();
        self.dispatch.release();
        let mut state = self.shared.lock();
        state.outbox.release();
        state.pending.release();
        state.boxes = Vec::new();
    }

    /// One look at what others have asked for: takes what they have queued, or else goes to sleep,
    /// unless it is woken anyhow.
    pub(super) fn look(
        &mut self,
        cx: &Context<'_>,
        now: Instant,
        next_due: Option<Instant>,
        woken: bool,
    ) -> Next {
        let Self {
            shared,
            receiver,
            writer,
            life,
            dispatch,
            caught_up,
            ran,
            ..
        } = self;
        let wakers = dispatch.wakers.list();
        let mut state = shared.lock();
        state.awake();
        // What came later and is put off may hold the answers of calls that are due by now.
        state.pending.expire(*caught_up, shared.peer, wakers);
        if state.line.expire(now, wakers) {
            state.make_room(wakers);
        }
        let next = match writer.refill(&mut state, life, *ran, wakers) {
            Refill::Taken => Ok(Next::Again),
            Refill::Wait => Ok(Next::Yield),
            Refill::Failed(reason) => Err(reason),
            // The second half of what was read comes first, in the next turn.
            Refill::Nothing if receiver.halfway.is_some() => Ok(Next::Sleep(None)),
            Refill::Nothing => life.next(&state, writer.is_done(), shared.role, next_due, now),
        };
        match &next {
            Ok(Next::Sleep(_) | Next::SendFin(_)) if !woken => {
                state.sleep(cx.waker(), !writer.is_done());
            }
            Ok(Next::Over) => state.cut_off_unsent(writer.left()),
            _ => {}
        }
        drop(state);
        dispatch.wakers.wake();
        next.unwrap_or_else(|reason| {
            self.finish(reason, now);
            Next::Again
        })
    }

    /// Ends all calls, and the requests that still run; what is queued may still go out.
    pub(super) fn finish(&mut self, reason: CloseReason, now: Instant) {
        self.shared.close(Error::closed(reason));
        if !matches!(self.life, Life::Finishing { .. }) {
            self.dispatch.abort();
        }
        let peer_done = matches!(self.life, Life::HalfClosed { .. });
        self.life = Life::Finishing {
            until: now + LINGER,
            fin_sent: false,
            peer_done,
        };
    }

    /// The transport is of no use any more.
    pub(super) fn break_off(&mut self, reason: CloseReason, now: Instant) {
        self.finish(reason, now);
        self.life = Life::Finishing {
            until: now,
            fin_sent: true,
            peer_done: true,
        };
    }
}

impl Life {
    /// What comes next when there is nothing to write now, or the reason to finish. `written`: all
    /// that was taken from the outbox has gone out.
    fn next<P: Protocol>(
        &self,
        state: &State<P>,
        written: bool,
        role: Role,
        next_due: Option<Instant>,
        now: Instant,
    ) -> Result<Next, CloseReason> {
        let quiet = written && state.is_quiet();
        match *self {
            Self::Running => match asked(state, quiet, role, now) {
                Some(reason) => Err(reason),
                None => Ok(Next::Sleep(wake_at(state, next_due, now))),
            },
            Self::HalfClosed { until } if quiet || until <= now => Err(CloseReason::Peer),
            Self::HalfClosed { until } => Ok(Next::Sleep(Some(until))),
            Self::Finishing {
                until,
                fin_sent,
                peer_done,
            } => Ok(match (fin_sent, peer_done) {
                // Cancelled handlers end when their code next waits, and wake the task then.
                (true, true) if state.inbound.running() > 0 => Next::Sleep(None),
                _ if until <= now && state.inbound.running() > 0 => Next::Sleep(None),
                (true, true) => Next::Over,
                _ if until <= now => Next::Over,
                (false, _) if written => Next::SendFin(until),
                _ => Next::Sleep(Some(until)),
            }),
        }
    }
}

/// Why the connection is to finish, if others want it to and it can.
fn asked<P: Protocol>(
    state: &State<P>,
    quiet: bool,
    role: Role,
    now: Instant,
) -> Option<CloseReason> {
    let done = quiet && state.pending.waiting() == 0;
    match state.phase() {
        Phase::Closed(error) => Some(error.close_reason().cloned().unwrap_or(CloseReason::Local)),
        _ if state.outbox.is_sealed() => Some(CloseReason::Unanswered),
        Phase::Open => None,
        // A peer that calls this end is done when it closes, not when it pauses.
        Phase::GoingAway if role == Role::Server => None,
        Phase::GoingAway => done.then_some(CloseReason::GoAway),
        Phase::Draining { until } => (*until <= now || done).then_some(CloseReason::Local),
    }
}

/// When the task has to look again by itself.
fn wake_at<P: Protocol>(
    state: &State<P>,
    next_due: Option<Instant>,
    now: Instant,
) -> Option<Instant> {
    let deadlines = [state.pending.earliest(), state.line.earliest()];
    let expiry = deadlines.into_iter().flatten().min();
    let expiry = expiry.map(|at| at.max(now + EXPIRY_STEP));
    let drain_until = match state.phase() {
        Phase::Draining { until } => Some(*until),
        _ => None,
    };
    [next_due, expiry, drain_until].into_iter().flatten().min()
}
