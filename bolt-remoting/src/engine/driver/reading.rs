//! From the transport to the dispatcher.

use std::task::{Context, Poll};

use bolt_codec::Protocol;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::{Driver, Life};
use crate::Error;
use crate::engine::stats::add;
use crate::engine::thread::Thread;
use crate::error::CloseReason;
use crate::time::after;

/// Reads of one poll, and the bytes after which there are no more: then what has come of them is
/// written, and other tasks get their turn.
const READS_PER_POLL: usize = 4;
const BYTES_PER_POLL: usize = 128 * 1024;

impl<P, T> Driver<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Reads what is there, within limits. `true` when there may be more.
    pub(super) fn poll_reads(
        &mut self,
        cx: &mut Context<'_>,
        thread: Thread,
        now: Instant,
    ) -> bool {
        let mut left = BYTES_PER_POLL;
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
                Poll::Ready(Ok(0)) => self.on_eof(cx, thread, now),
                Poll::Ready(Ok(n)) => {
                    add(&self.shared.counters.bytes_read, n as u64);
                    self.on_bytes(cx, thread, now);
                    left = left.saturating_sub(n);
                    if left == 0 {
                        return true;
                    }
                }
                Poll::Ready(Err(error)) => self.break_off(CloseReason::of_io(&error), now),
            }
        }
        true
    }

    fn on_bytes(&mut self, cx: &mut Context<'_>, thread: Thread, now: Instant) {
        if self.life != Life::Running {
            self.receiver.discard();
            return;
        }
        self.clock.on_read(now);
        let mut frames = 0;
        self.dispatch.begin_batch(thread);
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

    fn on_eof(&mut self, cx: &mut Context<'_>, thread: Thread, now: Instant) {
        if let Life::Finishing { peer_done, .. } = &mut self.life {
            *peer_done = true;
            return;
        }
        let reason = match self.receiver.decode_eof() {
            Err(error) => CloseReason::Codec(error),
            Ok(last) => {
                self.dispatch.begin_batch(thread);
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
}
