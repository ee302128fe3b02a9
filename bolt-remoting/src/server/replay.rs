//! A stream whose first bytes were looked at.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Gives those bytes again before it reads on.
pub(super) struct Replay<T> {
    seen: BytesMut,
    io: T,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Replay<T> {
    pub(super) fn new(io: T) -> Self {
        Self {
            seen: BytesMut::new(),
            io,
        }
    }

    /// All bytes that were looked at.
    pub(super) fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// Looks at more bytes, at most `limit` in all. `false` when there are none: the stream has
    /// ended, or the limit is reached.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost.
    pub(super) async fn look_on(&mut self, limit: usize) -> io::Result<bool> {
        let room = limit.saturating_sub(self.seen.len());
        if room == 0 {
            return Ok(false);
        }
        let mut more = bytes::BufMut::limit(&mut self.seen, room);
        Ok(self.io.read_buf(&mut more).await? > 0)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Replay<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.seen.is_empty() {
            return Pin::new(&mut this.io).poll_read(cx, buf);
        }
        let n = this.seen.len().min(buf.remaining());
        buf.put_slice(&this.seen[..n]);
        this.seen.advance(n);
        if this.seen.is_empty() {
            this.seen = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Replay<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn bytes_that_were_looked_at_come_again_and_those_behind_them_follow() {
        let (mut near, far) = tokio::io::duplex(64);
        let mut replay = Replay::new(far);
        near.write_all(b"0123456789").await.unwrap();
        assert!(replay.look_on(4).await.unwrap());
        assert_eq!(replay.seen(), b"0123");
        assert!(!replay.look_on(4).await.unwrap());
        let mut start = [0; 3];
        replay.read_exact(&mut start).await.unwrap();
        near.shutdown().await.unwrap();
        let mut rest = Vec::new();
        replay.read_to_end(&mut rest).await.unwrap();
        assert_eq!((&start[..], &rest[..]), (&b"012"[..], &b"3456789"[..]));
    }
}
