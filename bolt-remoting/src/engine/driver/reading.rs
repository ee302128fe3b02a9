//! From the transport to the dispatcher.

use std::task::{Context, Poll};

use bolt_codec::{Protocol, Role};
use futures::task::waker_ref;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::{Driver, Life};
use crate::Error;
use crate::engine::stats::add;
use crate::error::CloseReason;
use crate::time::after;

/// Reads of one poll, and the bytes after which there are no more: then what has come of them is
/// written, and other tasks get their turn.
const READS_PER_POLL: usize = 4;
const BYTES_PER_POLL: usize = 128 * 1024;
/// What a server has read at once and is more frames than this, but not more than twice as much, is
/// dispatched in two turns: while it works at the second half, the client has the first. A client
/// reads whole: its callers are woken in parts.
const HALF: usize = 128;

impl<P, T> Driver<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Reads what is there, within limits, and dispatches it; nothing while very many callers wait.
    /// `true` when there may be more.
    pub(super) fn poll_reads(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.dispatch.wakers.has_backlog() {
            return true;
        }
        if let Some(read) = self.receiver.halfway {
            if !self.on_bytes(cx, now) {
                self.receiver.halfway = Some(read);
                return true;
            }
            self.caught_up = read;
        }
        let more = self.read_on(cx, now);
        if self.receiver.halfway.is_none() {
            self.caught_up = now;
        }
        more
    }

    fn read_on(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut left = BYTES_PER_POLL;
        for _ in 0..READS_PER_POLL {
            match self.life {
                Life::Running
                | Life::Finishing {
                    peer_done: false, ..
                } => {}
                _ => return false,
            }
            let reader = self.reader.as_ref().map(waker_ref);
            let waker = reader.as_deref().unwrap_or(cx.waker());
            let mut to_read = Context::from_waker(waker);
            match self.receiver.poll_read(&mut self.io, &mut to_read) {
                Poll::Pending => return false,
                Poll::Ready(Ok(0)) => self.on_eof(cx, now),
                Poll::Ready(Ok(n)) => {
                    add(&self.shared.counters.bytes_read, n as u64);
                    let all = self.on_bytes(cx, now);
                    left = left.saturating_sub(n);
                    if left == 0 || !all {
                        return true;
                    }
                }
                Poll::Ready(Err(error)) => self.break_off(CloseReason::of_io(&error), now),
            }
        }
        true
    }

    /// Dispatches what has arrived. `false` when half of it is left for the next turn.
    fn on_bytes(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        self.receiver.halfway = None;
        if self.life != Life::Running {
            self.receiver.discard();
            return true;
        }
        self.clock.on_read(now);
        let server = self.shared.role == Role::Server;
        if server && self.reader.is_none() {
            // No stint has begun. What handlers queue at once isn't to wake the task that runs them.
            self.shared.lock().awake();
        }
        let mut frames = 0;
        let half = self.receiver.len() / 2;
        let mut desk = self.dispatch.begin_batch();
        let ended = loop {
            if server && frames == HALF && (1..=half).contains(&self.receiver.len()) {
                self.receiver.halfway = Some(now);
                break None;
            }
            match self.receiver.decode() {
                Ok(Some(frame)) => {
                    frames += 1;
                    let bytes = self.receiver.frame_bytes();
                    self.dispatch.on_frame(&mut desk, frame, bytes, cx, now);
                }
                Ok(None) => break None,
                Err(error) => break Some(CloseReason::Codec(error)),
            }
        };
        let ended = ended.or(self.dispatch.end_batch(desk));
        self.clock
            .on_frames(frames, self.receiver.is_mid_frame(), now);
        if let Some(reason) = ended {
            tracing::warn!(protocol = P::NAME, peer = ?self.shared.peer, "connection {reason}");
            self.finish(reason, now);
        }
        self.receiver.halfway.is_none()
    }

    fn on_eof(&mut self, cx: &mut Context<'_>, now: Instant) {
        if let Life::Finishing { peer_done, .. } = &mut self.life {
            *peer_done = true;
            return;
        }
        let reason = match self.receiver.decode_eof() {
            Err(error) => CloseReason::Codec(error),
            Ok(last) => {
                let mut desk = self.dispatch.begin_batch();
                if let Some(frame) = last {
                    let bytes = self.receiver.frame_bytes();
                    self.dispatch.on_frame(&mut desk, frame, bytes, cx, now);
                }
                self.dispatch.end_batch(desk).unwrap_or(CloseReason::Peer)
            }
        };
        self.shared.close(Error::closed(reason));
        self.life = Life::HalfClosed {
            until: after(now, self.shared.config.half_close_grace),
        };
    }
}
