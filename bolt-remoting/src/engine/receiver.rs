//! The receiving side of a connection: bytes in, frames out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bolt_codec::{CodecError, FrameDecoder};
use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

const FIRST_READ: usize = 4 * 1024;
const LARGEST_READ: usize = 64 * 1024;
/// So many reads in a row that bring little make the next ones smaller.
const SMALL_READS: u8 = 16;

/// Received bytes that are no whole frame yet, and the decoder that makes frames of them.
///
/// Reads grow while they fill their buffer. Two buffers take turns, so that the frames of one may
/// still be in use while the other is filled. Room is made for about as many bytes as have arrived,
/// whatever a frame announces.
#[derive(Debug)]
pub(crate) struct Receiver<D: FrameDecoder> {
    decoder: D,
    buf: BytesMut,
    /// The buffer before, to be used again once all frames that lie in it are gone.
    spare: BytesMut,
    read_size: usize,
    /// How many reads in a row brought little.
    small_reads: u8,
}

impl<D: FrameDecoder> Receiver<D> {
    pub(crate) fn new(decoder: D) -> Self {
        Self {
            decoder,
            buf: BytesMut::new(),
            spare: BytesMut::new(),
            read_size: FIRST_READ,
            small_reads: 0,
        }
    }

    /// Reads once. `Ok(0)` is the end of the stream.
    pub(crate) fn poll_read<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.make_room();
        let room = self.buf.capacity() - self.buf.len();
        match poll_read_buf(Pin::new(io), cx, &mut self.buf) {
            Poll::Ready(Ok(n)) => {
                self.small_reads = if n < self.read_size / 4 {
                    self.small_reads + 1
                } else {
                    0
                };
                if n == room {
                    self.read_size = (self.read_size * 2).min(LARGEST_READ);
                } else if self.small_reads == SMALL_READS {
                    self.small_reads = 0;
                    self.read_size = (self.read_size / 2).max(FIRST_READ);
                }
                Poll::Ready(Ok(n))
            }
            other => other,
        }
    }

    fn make_room(&mut self) {
        let len = self.buf.len();
        if self.buf.capacity() - len >= self.read_size / 2 {
            return;
        }
        // A large frame in the making: double what there is, so that copying stays linear.
        let size = self.read_size.max(len * 2);
        if self.buf.try_reclaim(size - len) {
            return;
        }
        let mut next = std::mem::take(&mut self.spare);
        if !next.try_reclaim(size) {
            next = BytesMut::with_capacity(size);
        }
        next.extend_from_slice(&self.buf);
        let mut old = std::mem::replace(&mut self.buf, next);
        if size <= LARGEST_READ {
            old.clear();
            self.spare = old;
        }
    }

    /// Gives back the buffers while nothing is in them.
    pub(crate) fn release(&mut self) {
        self.spare = BytesMut::new();
        if self.buf.is_empty() {
            self.buf = BytesMut::new();
            self.read_size = FIRST_READ;
        }
    }

    /// The next whole frame, if there is one.
    pub(crate) fn decode(&mut self) -> Result<Option<D::Frame>, CodecError> {
        self.decoder.decode(&mut self.buf)
    }

    /// What the decoder makes of the end of the stream.
    pub(crate) fn decode_eof(&mut self) -> Result<Option<D::Frame>, CodecError> {
        self.decoder.decode_eof(&mut self.buf)
    }

    /// Whether part of a frame is waiting for the rest.
    pub(crate) fn is_mid_frame(&self) -> bool {
        !self.buf.is_empty()
    }

    /// Forgets what was received: after an error, or when nobody wants frames any more.
    pub(crate) fn discard(&mut self) {
        self.buf.clear();
    }
}
