//! The task of one connection: reads, dispatches, writes, and keeps its times.
//!
//! One task does all of it, so that a batch of requests that are answered at once costs one read,
//! one write and no wake-up. Reading never waits for writing: what can't be written is bounded by
//! refusing, not by stopping to read, so two peers that send at the same time can't block each
//! other.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bolt_codec::{EncodeBuf, Frame, Protocol, Role};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};
use tokio_util::io::poll_write_buf;

use super::clock::{Clock, Due};
use super::dispatch::Dispatch;
use super::handler::FrameHandler;
use super::receiver::Receiver;
use super::shared::{Phase, Shared};
use crate::Error;
use crate::error::CloseReason;
use crate::time::after;

/// Reads of one poll; then other tasks get their turn.
const READS_PER_POLL: usize = 4;
/// Batches below this size wait one turn of the scheduler for more; larger ones are worth a write.
const SMALL_BATCH: usize = 32 * 1024;
/// How long a finished connection waits for the peer's FIN, so that closing doesn't destroy bytes
/// under way to it.
const LINGER: Duration = Duration::from_secs(1);
/// Expiring calls in steps of this saves walking the table for each of them.
const EXPIRY_STEP: Duration = Duration::from_millis(2);

/// Ends with the number of requests that it had to cut off.
pub(crate) struct Driver<P: Protocol, T> {
    shared: Arc<Shared<P>>,
    io: T,
    receiver: Receiver<P::Decoder>,
    dispatch: Dispatch<P>,
    writing: EncodeBuf,
    /// Whether the small batch that is queued has had its turn of waiting.
    yielded: bool,
    /// Whether written bytes may still sit in a buffer of the transport.
    unflushed: bool,
    clock: Clock,
    alarm: Pin<Box<Sleep>>,
    life: Life,
    aborted: usize,
    wakers: Vec<Waker>,
}

/// How far the task has come.
#[derive(Debug, PartialEq)]
enum Life {
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

/// What to do next.
enum Verdict {
    Again,
    Over,
    /// Nothing before this time, if ever.
    SleepUntil(Option<Instant>),
}

impl<P, T> Driver<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    pub(crate) fn new(
        shared: Arc<Shared<P>>,
        handler: Arc<dyn FrameHandler<P>>,
        io: T,
        decoder: P::Decoder,
        began: Instant,
    ) -> Self {
        let now = Instant::now();
        let can_beat = shared.protocol.heartbeat(&shared.session).is_some();
        Self {
            io,
            receiver: Receiver::new(decoder),
            dispatch: Dispatch::new(Arc::clone(&shared), handler),
            writing: EncodeBuf::new(),
            yielded: false,
            unflushed: false,
            clock: Clock::new(&shared.config, can_beat, began, now),
            alarm: Box::pin(tokio::time::sleep_until(now)),
            life: Life::Running,
            aborted: 0,
            wakers: Vec::new(),
            shared,
        }
    }

    // ---- reading -------------------------------------------------------------------------------

    /// Reads what is there, within limits. `true` when there may be more.
    fn poll_reads(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        for _ in 0..READS_PER_POLL {
            match self.life {
                Life::Running
                | Life::Finishing {
                    peer_done: false, ..
                } => {}
                _ => return false,
            }
            match self.receiver.poll_read(&mut self.io, cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(0)) => self.on_eof(cx, now),
                Poll::Ready(Ok(_)) => self.on_bytes(cx, now),
                Poll::Ready(Err(error)) => self.break_off(CloseReason::of_io(&error), now),
            }
        }
        true
    }

    fn on_bytes(&mut self, cx: &mut Context<'_>, now: Instant) {
        if self.life != Life::Running {
            self.receiver.discard();
            return;
        }
        self.clock.on_read(now);
        let mut frames = 0;
        self.dispatch.begin_batch();
        let ended = loop {
            match self.receiver.decode() {
                Ok(Some(frame)) => {
                    frames += 1;
                    self.dispatch.on_frame(frame, cx, now);
                }
                Ok(None) => break None,
                Err(error) => break Some(CloseReason::Codec(error)),
            }
        };
        let ended = ended.or(self.dispatch.end_batch());
        self.clock
            .on_frames(frames, self.receiver.is_mid_frame(), now);
        if let Some(reason) = ended {
            tracing::warn!(protocol = P::NAME, peer = ?self.shared.peer, "connection {reason}");
            self.finish(reason, now);
        }
    }

    fn on_eof(&mut self, cx: &mut Context<'_>, now: Instant) {
        if let Life::Finishing { peer_done, .. } = &mut self.life {
            *peer_done = true;
            return;
        }
        let reason = match self.receiver.decode_eof() {
            Err(error) => CloseReason::Codec(error),
            Ok(last) => {
                self.dispatch.begin_batch();
                if let Some(frame) = last {
                    self.dispatch.on_frame(frame, cx, now);
                }
                self.dispatch.end_batch().unwrap_or(CloseReason::Peer)
            }
        };
        self.shared.close(Error::closed(reason));
        self.life = Life::HalfClosed {
            until: after(now, self.shared.config.half_close_grace),
        };
    }

    // ---- writing -------------------------------------------------------------------------------

    /// Writes what is queued. `Ready` when a small batch is to wait one turn for more.
    fn poll_writes(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let mut wrote = false;
        while !self.writing.is_empty() || self.refill(wrote).is_some() {
            if self.writing.is_empty() {
                return Poll::Ready(());
            }
            match poll_write_buf(Pin::new(&mut self.io), cx, &mut self.writing) {
                Poll::Ready(Ok(0)) => {
                    self.break_off(CloseReason::Io(io::ErrorKind::WriteZero), now);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(_)) => {
                    wrote = true;
                    self.unflushed = true;
                    self.clock.on_written();
                }
                Poll::Ready(Err(error)) => {
                    self.break_off(CloseReason::of_io(&error), now);
                    return Poll::Pending;
                }
                Poll::Pending => {
                    self.clock.on_write_blocked(now);
                    self.shared.lock().write_blocked = true;
                    return Poll::Pending;
                }
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.io).poll_flush(cx) {
                Poll::Pending => self.clock.on_write_blocked(now),
                Poll::Ready(Ok(())) => {
                    self.unflushed = false;
                    self.clock.on_written();
                }
                Poll::Ready(Err(error)) => self.break_off(CloseReason::of_io(&error), now),
            }
        }
        self.poll_fin(cx, now);
        Poll::Pending
    }

    /// Takes what is queued into the empty `writing`. `None` when nothing is queued; `writing`
    /// stays empty when the batch is to wait.
    fn refill(&mut self, wrote: bool) -> Option<()> {
        let mut state = self.shared.lock();
        state.write_blocked = false;
        let queued = state.outbox.len();
        let others = state.pending.waiting() + state.inbound.running();
        let worth_waiting = queued > 0 && queued < SMALL_BATCH && others > 1;
        if worth_waiting && !wrote && !self.yielded && self.life == Life::Running {
            // Tasks that are about to queue more get their turn first, so that one write carries
            // it all. Nothing needs to wake this task meanwhile: it comes back by itself.
            self.yielded = true;
            return Some(());
        }
        self.yielded = false;
        let errors = state.outbox.take(&mut self.writing);
        drop(state);
        self.shared.room.notify_waiters();
        for error in errors {
            tracing::warn!(protocol = P::NAME, %error, "an answer can't be sent");
        }
        (!self.writing.is_empty()).then_some(())
    }

    /// Sends the FIN once everything else has gone out.
    fn poll_fin(&mut self, cx: &mut Context<'_>, now: Instant) {
        let Life::Finishing {
            fin_sent: fin_sent @ false,
            ..
        } = &mut self.life
        else {
            return;
        };
        match Pin::new(&mut self.io).poll_shutdown(cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => *fin_sent = true,
            Poll::Ready(Err(error)) => self.break_off(CloseReason::of_io(&error), now),
        }
    }

    // ---- life ----------------------------------------------------------------------------------

    /// Looks at what time it is and what others have asked for.
    fn review(&mut self, now: Instant) -> Verdict {
        let mut state = self.shared.lock();
        state.attention = false;
        state.pending.expire(now, &mut self.wakers);
        let expiry = state.pending.earliest().map(|at| at.max(now + EXPIRY_STEP));
        let calls = state.pending.waiting();
        let quiet = self.writing.is_empty() && state.is_quiet();
        let (asked, drain_until) = match &state.phase {
            Phase::Open | Phase::GoingAway | Phase::Draining { .. } if state.outbox.is_sealed() => {
                (Some(CloseReason::Unanswered), None)
            }
            Phase::Open => (None, None),
            // A peer that calls this end is done when it closes, not when it pauses.
            Phase::GoingAway if self.shared.role == Role::Server => (None, None),
            Phase::GoingAway => ((quiet && calls == 0).then_some(CloseReason::GoAway), None),
            Phase::Draining { until } => {
                let over = *until <= now || (quiet && calls == 0);
                (over.then_some(CloseReason::Local), Some(*until))
            }
            Phase::Closed(error) => (
                Some(error.close_reason().cloned().unwrap_or(CloseReason::Local)),
                None,
            ),
        };
        drop(state);
        if !self.wakers.is_empty() {
            self.wakers.drain(..).for_each(Waker::wake);
            self.shared.room.notify_waiters();
        }
        match self.life {
            Life::Running => {
                if let Some(reason) = asked {
                    self.finish(reason, now);
                    return Verdict::Again;
                }
                match self.clock.poll(now) {
                    Due::Beat => self.beat(now),
                    Due::Rest => self.rest(),
                    Due::Close(reason) => {
                        tracing::debug!(protocol = P::NAME, peer = ?self.shared.peer, "connection {reason}");
                        self.finish(reason, now);
                    }
                    Due::At(at) => {
                        let times = [at, expiry, drain_until];
                        return Verdict::SleepUntil(times.into_iter().flatten().min());
                    }
                }
                Verdict::Again
            }
            Life::HalfClosed { until } if quiet || until <= now => {
                self.finish(CloseReason::Peer, now);
                Verdict::Again
            }
            Life::HalfClosed { until } => Verdict::SleepUntil(Some(until)),
            Life::Finishing {
                fin_sent: true,
                peer_done: true,
                ..
            } => Verdict::Over,
            Life::Finishing { until, .. } if until <= now => Verdict::Over,
            Life::Finishing { until, .. } => Verdict::SleepUntil(Some(until)),
        }
    }

    fn beat(&mut self, now: Instant) {
        let Some(mut beat) = self.shared.protocol.heartbeat(&self.shared.session) else {
            return;
        };
        let mut state = self.shared.lock();
        beat.set_id(state.pending.insert_heartbeat(now));
        if let Err(error) = state.outbox.push(beat) {
            tracing::warn!(protocol = P::NAME, %error, "a heartbeat can't be sent");
        }
    }

    /// Gives back the memory of empty buffers.
    fn rest(&mut self) {
        self.receiver.release();
        self.writing.release();
        self.dispatch.release();
        self.shared.lock().outbox.release();
    }

    /// Ends all calls, and the requests that still run; what is queued may still go out.
    fn finish(&mut self, reason: CloseReason, now: Instant) {
        self.shared.close(Error::closed(reason));
        if !matches!(self.life, Life::Finishing { .. }) {
            self.aborted += self.dispatch.abort();
        }
        let peer_done = matches!(self.life, Life::HalfClosed { .. });
        self.life = Life::Finishing {
            until: now + LINGER,
            fin_sent: false,
            peer_done,
        };
    }

    /// The transport is of no use any more.
    fn break_off(&mut self, reason: CloseReason, now: Instant) {
        self.finish(reason, now);
        self.writing = EncodeBuf::new();
        self.unflushed = false;
        self.life = Life::Finishing {
            until: now,
            fin_sent: true,
            peer_done: true,
        };
    }

    /// Sleeps, unless there is something to do after all.
    fn park(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        let can_write = self.writing.is_empty() && state.outbox.len() > 0;
        if can_write || state.attention {
            return Poll::Ready(());
        }
        state.parked = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Nothing in it is pinned but what has its own box.
impl<P: Protocol, T> Unpin for Driver<P, T> {}

impl<P, T> Future for Driver<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = self.get_mut();
        let mut now = Instant::now();
        this.dispatch.reap();
        let more = this.poll_reads(cx, now);
        if more {
            cx.waker().wake_by_ref();
        }
        loop {
            if this.poll_writes(cx, now).is_ready() {
                if !more {
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
            match this.review(now) {
                Verdict::Again => continue,
                Verdict::Over => {
                    let lost = this.shared.lock().outbox.deferred();
                    return Poll::Ready(this.aborted + lost);
                }
                Verdict::SleepUntil(None) => {}
                Verdict::SleepUntil(Some(at)) => {
                    // Moving the alarm costs more than letting it ring early now and then.
                    if this.alarm.is_elapsed() || at < this.alarm.deadline() {
                        this.alarm.as_mut().reset(at);
                    }
                    if this.alarm.as_mut().poll(cx).is_ready() {
                        now = Instant::now();
                        continue;
                    }
                }
            }
            if this.park(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl<P: Protocol, T> Drop for Driver<P, T> {
    /// Whatever ends the task, no caller is left waiting, and handles that are kept for longer
    /// keep nothing of what could not be written.
    fn drop(&mut self) {
        self.shared.close(Error::closed(CloseReason::Local));
        self.shared.lock().discard();
        self.shared.ended.cancel();
    }
}
