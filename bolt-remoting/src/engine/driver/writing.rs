//! From the outbox to the transport.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bolt_codec::{EncodeBuf, Protocol};
use bytes::Buf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::io::poll_write_buf;

use super::{Driver, Life};
use crate::engine::state::State;
use crate::engine::stats::add;
use crate::error::CloseReason;

/// Batches of less than this, and of fewer frames than [`FEW_FRAMES`], wait one turn of the scheduler
/// for more, if more is likely; larger ones are worth a write.
const SMALL_BATCH: usize = 32 * 1024;
const FEW_FRAMES: u32 = 128;

/// What taking the queued bytes has come to.
pub(super) enum Refill {
    Taken,
    /// It is too little to be worth a write, and others are about to queue more.
    Wait,
    Nothing,
    /// The encoder failed on what it had gathered.
    Failed(CloseReason),
}

/// What was taken from the outbox and is on its way to the transport.
pub(super) struct Writer {
    buf: EncodeBuf,
    /// Whether the small batch that is queued has had its turn of waiting.
    yielded: bool,
    /// Whether written bytes may still sit in a buffer of the transport.
    unflushed: bool,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            buf: EncodeBuf::new(),
            yielded: false,
            unflushed: false,
        }
    }

    /// At least so many bytes have not gone out. How many the transport holds nobody knows.
    pub(super) fn left(&self) -> usize {
        self.buf.len() + usize::from(self.unflushed)
    }

    /// All that was taken has gone out.
    pub(super) fn is_done(&self) -> bool {
        self.left() == 0
    }

    /// Gives back the memory of an empty buffer.
    pub(super) fn release(&mut self) {
        self.buf.release();
    }

    /// Writes once. A plain write costs less than a vectored one where there is one piece only.
    fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(io);
        if self.buf.chunk().len() < self.buf.len() {
            return poll_write_buf(io, cx, &mut self.buf);
        }
        let written = ready!(io.poll_write(cx, self.buf.chunk()))?;
        self.buf.advance(written);
        Poll::Ready(Ok(written))
    }

    /// Takes what is queued, once all that was taken before has gone out. `ran`: so many callers have
    /// had their turn, and no others were woken since.
    pub(super) fn refill<P: Protocol>(
        &mut self,
        state: &mut State<P>,
        life: &Life,
        ran: usize,
        wakers: &mut Vec<Waker>,
    ) -> Refill {
        if !self.is_done() || life.is_mute() {
            return Refill::Nothing;
        }
        state.outbox.written();
        state.make_room(wakers);
        let queued = state.outbox.len();
        if queued == 0 {
            return Refill::Nothing;
        }
        let others = state.pending.waiting() + state.inbound.running();
        let frames = state.outbox.frames();
        let little = queued < SMALL_BATCH && frames < FEW_FRAMES;
        // When each of those that ran has called, nobody is about to.
        let all = ran > 0 && frames as usize >= ran;
        let small = little && others > 1 && !all;
        if small && !self.yielded && *life == Life::Running {
            // Tasks that are about to queue more get their turn first, so that one write carries
            // it all. Nothing needs to wake this task meanwhile: it comes back by itself.
            self.yielded = true;
            return Refill::Wait;
        }
        self.yielded = false;
        match state.outbox.take(&mut self.buf) {
            Ok(()) => Refill::Taken,
            Err(error) => Refill::Failed(CloseReason::Codec(error)),
        }
    }
}

impl<P, T> Driver<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Writes what was taken, as much as the transport takes.
    pub(super) fn poll_writes(&mut self, cx: &mut Context<'_>, now: Instant) {
        while !self.writer.buf.is_empty() && !self.life.is_mute() {
            match self.writer.poll_write(&mut self.io, cx) {
                Poll::Ready(Ok(0)) => {
                    self.break_off(CloseReason::Io(io::ErrorKind::WriteZero), now);
                }
                Poll::Ready(Ok(n)) => {
                    self.writer.unflushed = true;
                    add(&self.shared.counters.bytes_written, n as u64);
                    self.clock.on_written(now);
                }
                Poll::Ready(Err(error)) => self.break_off(CloseReason::of_io(&error), now),
                Poll::Pending => {
                    self.clock.on_write_blocked(now);
                    return;
                }
            }
        }
        if self.writer.unflushed && !self.life.is_mute() {
            match Pin::new(&mut self.io).poll_flush(cx) {
                Poll::Pending => self.clock.on_write_blocked(now),
                Poll::Ready(Ok(())) => {
                    self.writer.unflushed = false;
                    self.clock.on_written(now);
                }
                Poll::Ready(Err(error)) => self.break_off(CloseReason::of_io(&error), now),
            }
        }
    }

    /// Sends the FIN. `Ready` when that is done or can't be.
    pub(super) fn poll_fin(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        match Pin::new(&mut self.io).poll_shutdown(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(())) => self.life.fin_sent(),
            Poll::Ready(Err(error)) => self.break_off(CloseReason::of_io(&error), now),
        }
        Poll::Ready(())
    }
}
