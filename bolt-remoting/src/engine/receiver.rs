//! The receiving side of a connection: bytes in, frames out.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bolt_codec::{CodecError, FrameDecoder};
use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

const FIRST_READ: usize = 4 * 1024;
const LARGEST_READ: usize = 256 * 1024;
/// So many reads in a row that bring little make the next ones smaller.
const SMALL_READS: u8 = 16;

thread_local! {
    /// A small buffer that nobody uses now. Most connections have nothing to read most of the time,
    /// and then keep none of their own.
    static IDLE: Cell<BytesMut> = Cell::default();
}

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
    /// Whether the buffer is larger than reads are now.
    outgrown: bool,
    /// When it was read of which the second half is still to be dispatched.
    pub(super) halfway: Option<Instant>,
    /// Bytes that the decoder has taken for the frame that comes next.
    taken: u32,
}

impl<D: FrameDecoder> Receiver<D> {
    pub(crate) fn new(decoder: D) -> Self {
        Self {
            decoder,
            buf: BytesMut::new(),
            spare: BytesMut::new(),
            read_size: FIRST_READ,
            small_reads: 0,
            outgrown: false,
            halfway: None,
            taken: 0,
        }
    }

    /// Reads once. `Ok(0)` is the end of the stream.
    pub(crate) fn poll_read<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.outgrown && self.buf.is_empty() {
            self.buf = BytesMut::new();
            self.outgrown = false;
        }
        if self.is_small() && self.buf.capacity() == 0 {
            self.buf = IDLE.take();
        }
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
                    let was_small = self.is_small();
                    self.read_size = (self.read_size / 2).max(FIRST_READ);
                    if self.is_small() && !was_small {
                        self.spare = BytesMut::new();
                        self.outgrown = true;
                    }
                }
                Poll::Ready(Ok(n))
            }
            Poll::Pending => {
                self.lend();
                Poll::Pending
            }
            failed => failed,
        }
    }

    fn is_small(&self) -> bool {
        self.read_size == FIRST_READ
    }

    /// Leaves a small buffer to whichever connection of this thread reads next, if nothing is in it.
    fn lend(&mut self) {
        let small = self.is_small() && !self.outgrown;
        if small && self.buf.is_empty() && self.buf.try_reclaim(FIRST_READ) {
            IDLE.set(std::mem::take(&mut self.buf));
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
            self.outgrown = false;
        }
    }

    /// The next whole frame, if there is one.
    pub(crate) fn decode(&mut self) -> Result<Option<D::Frame>, CodecError> {
        let before = self.buf.len();
        let frame = self.decoder.decode(&mut self.buf);
        self.took(before);
        frame
    }

    /// What the decoder makes of the end of the stream.
    pub(crate) fn decode_eof(&mut self) -> Result<Option<D::Frame>, CodecError> {
        let before = self.buf.len();
        let frame = self.decoder.decode_eof(&mut self.buf);
        self.took(before);
        frame
    }

    fn took(&mut self, before: usize) {
        let taken = before.saturating_sub(self.buf.len());
        self.taken = self
            .taken
            .saturating_add(taken.try_into().unwrap_or(u32::MAX));
    }

    /// How many bytes the frame took that was decoded last. To be asked once, after each.
    pub(crate) fn frame_bytes(&mut self) -> usize {
        std::mem::take(&mut self.taken) as usize
    }

    /// Bytes that are no frames yet.
    pub(crate) fn len(&self) -> usize {
        self.buf.len()
    }

    /// Whether part of a frame is waiting for the rest.
    pub(crate) fn is_mid_frame(&self) -> bool {
        !self.buf.is_empty() || self.decoder.is_mid_frame()
    }

    /// Forgets what was received: after an error, or when nobody wants frames any more.
    pub(crate) fn discard(&mut self) {
        self.buf.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use bolt_codec::bolt::{Bolt, BoltDecoder, BoltFrame, BoltVersion};
    use bolt_codec::{Limits, Protocol, Role};
    use bytes::Buf;
    use tokio::io::{AsyncWriteExt, DuplexStream};

    use super::*;

    fn receiver() -> Receiver<BoltDecoder> {
        let (decoder, _, _) = Bolt::default().open(Role::Server, &Limits::default());
        Receiver::new(decoder)
    }

    /// Reads until nothing is left; what comes of it.
    fn read(receiver: &mut Receiver<BoltDecoder>, io: &mut DuplexStream) -> Vec<BoltFrame> {
        let mut frames = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Ok(1..)) = receiver.poll_read(io, &mut cx) {
            while let Ok(Some(frame)) = receiver.decode() {
                frames.push(frame);
            }
        }
        frames
    }

    /// Takes bytes as they come; four of them are a frame.
    struct Hasty(usize);

    impl FrameDecoder for Hasty {
        type Frame = BoltFrame;

        fn decode(&mut self, src: &mut BytesMut) -> Result<Option<BoltFrame>, CodecError> {
            let taken = src.len().min(4 - self.0);
            src.advance(taken);
            self.0 = (self.0 + taken) % 4;
            let whole = taken > 0 && self.0 == 0;
            Ok(whole.then(|| BoltFrame::heartbeat(BoltVersion::V1)))
        }
    }

    #[test]
    fn the_bytes_of_a_frame_count_whenever_its_decoder_takes_them() {
        let mut receiver = Receiver::new(Hasty(0));
        for piece in [&[0; 3][..], &[0; 5]] {
            receiver.buf.extend_from_slice(piece);
            while let Ok(Some(_)) = receiver.decode() {
                assert_eq!(receiver.frame_bytes(), 4);
            }
        }
    }

    /// A heartbeat of version 1.
    const BEAT: [u8; 22] = [
        1, 1, 0, 0, 1, 0, 0, 0, 7, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    #[tokio::test]
    async fn a_connection_keeps_no_buffer_while_it_has_nothing_to_read() {
        let (mut near, mut far) = tokio::io::duplex(4096);
        let mut receiver = receiver();
        for _ in 0..3 {
            near.write_all(&BEAT).await.expect("room");
            assert_eq!(read(&mut receiver, &mut far).len(), 1);
            assert_eq!(receiver.buf.capacity(), 0);
        }
    }

    #[tokio::test]
    async fn the_buffers_of_a_burst_go_while_little_is_read_again_and_again() {
        let (mut near, mut far) = tokio::io::duplex(1 << 20);
        let mut receiver = receiver();
        for _ in 0..16 {
            near.write_all(&BEAT.repeat(20_000)).await.expect("room");
            read(&mut receiver, &mut far);
        }
        assert_eq!(receiver.read_size, LARGEST_READ);
        for _ in 0..200 {
            near.write_all(&BEAT).await.expect("room");
            read(&mut receiver, &mut far);
        }
        let kept = receiver.buf.capacity() + receiver.spare.capacity();
        assert_eq!((receiver.read_size, kept), (FIRST_READ, 0));
        // Nor has the large one been left to others.
        assert!(!IDLE.take().try_reclaim(2 * FIRST_READ));
    }

    #[tokio::test]
    async fn a_buffer_with_part_of_a_frame_is_kept() {
        let (mut near, mut far) = tokio::io::duplex(4096);
        let mut receiver = receiver();
        near.write_all(&BEAT[..10]).await.expect("room");
        assert_eq!(read(&mut receiver, &mut far), []);
        assert_eq!(receiver.buf, BEAT[..10]);
        near.write_all(&BEAT[10..]).await.expect("room");
        assert_eq!(read(&mut receiver, &mut far).len(), 1);
    }
}
