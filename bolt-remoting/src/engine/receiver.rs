//! The receiving side of a connection: bytes in, frames out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bolt_codec::{CodecError, FrameDecoder};
use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

const FIRST_READ: usize = 4 * 1024;
const LARGEST_READ: usize = 256 * 1024;

/// Received bytes that are no whole frame yet, and the decoder that makes frames of them.
///
/// Reads grow while they fill their buffer. Room is made for about as many bytes as have arrived,
/// whatever a frame announces.
#[derive(Debug)]
pub(crate) struct Receiver<D: FrameDecoder> {
    decoder: D,
    buf: BytesMut,
    read_size: usize,
}

impl<D: FrameDecoder> Receiver<D> {
    pub(crate) fn new(decoder: D) -> Self {
        Self {
            decoder,
            buf: BytesMut::new(),
            read_size: FIRST_READ,
        }
    }

    /// Reads once. `Ok(0)` is the end of the stream.
    pub(crate) fn poll_read<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        // A large frame in the making: double what there is, so that copying stays linear.
        self.buf.reserve(self.read_size.max(self.buf.len()));
        let room = self.buf.capacity() - self.buf.len();
        match poll_read_buf(Pin::new(io), cx, &mut self.buf) {
            Poll::Ready(Ok(n)) => {
                if n == room {
                    self.read_size = (self.read_size * 2).min(LARGEST_READ);
                } else if n < self.read_size / 4 {
                    self.read_size = (self.read_size / 2).max(FIRST_READ);
                }
                Poll::Ready(Ok(n))
            }
            other => other,
        }
    }

    /// Gives back the buffer while nothing is in it.
    pub(crate) fn release(&mut self) {
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
