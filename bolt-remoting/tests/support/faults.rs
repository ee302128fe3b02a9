//! A stream that goes wrong on purpose.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// What happens to one direction of a stream once so many bytes have passed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fault {
    pub(crate) after: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum What {
    #[default]
    Nothing,
    /// The stream ends in order.
    Close,
    /// The stream breaks.
    Reset,
    /// Nothing comes any more.
    Stall,
    /// One byte is another one.
    Corrupt,
}

/// A [`DuplexStream`] whose received bytes suffer a [`Fault`], in reads of at most `step` bytes
/// with pauses between them.
#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) io: DuplexStream,
    pub(crate) fault: Fault,
    pub(crate) step: usize,
    passed: usize,
    rest: bool,
}

impl Faulty {
    pub(crate) fn new(io: DuplexStream, fault: Fault, step: usize) -> Self {
        Self {
            io,
            fault,
            step,
            passed: 0,
            rest: false,
        }
    }
}

impl AsyncRead for Faulty {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.rest = !self.rest;
        if self.rest {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let due = self.passed >= self.fault.after;
        match self.fault.what {
            What::Close if due => return Poll::Ready(Ok(())),
            What::Reset if due => {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            What::Stall if due => return Poll::Pending,
            _ => {}
        }
        let mut piece = vec![0; self.step.min(buf.remaining())];
        let mut part = ReadBuf::new(&mut piece);
        match Pin::new(&mut self.io).poll_read(cx, &mut part) {
            Poll::Ready(Ok(())) => {}
            other => return other,
        }
        let part = part.filled_mut();
        if let (What::Corrupt, Some(at)) =
            (self.fault.what, self.fault.after.checked_sub(self.passed))
            && let Some(byte) = part.get_mut(at)
        {
            *byte ^= 0x55;
        }
        buf.put_slice(part);
        self.passed += part.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Faulty {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let len = buf.len().min(self.step);
        Pin::new(&mut self.io).poll_write(cx, &buf[..len])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
