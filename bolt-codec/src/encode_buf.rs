use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

/// Pieces of at least this many bytes are chained into an [`EncodeBuf`], smaller ones copied.
///
/// Below it a copy is cheaper than one more piece in a vectored write.
pub const COPY_LIMIT: usize = 4096;

/// Capacity above which an emptied buffer is kept only while it is made use of.
const KEEP_LIMIT: usize = 256 * 1024;

/// Encoded frames on their way to a socket: small parts copied together, large bodies chained.
///
/// Encoders append with the `put_*` methods; whoever writes takes the bytes out through
/// [`Buf`], whose `chunks_vectored` serves a vectored write.
///
/// ```
/// use bolt_codec::EncodeBuf;
/// use bytes::{Buf, Bytes};
///
/// let mut buf = EncodeBuf::new();
/// buf.put_slice(b"head");
/// buf.put_bytes(Bytes::from(vec![7; 8192])); // chained, not copied
/// assert_eq!(buf.remaining(), 8196);
/// ```
#[derive(Debug, Default)]
pub struct EncodeBuf {
    /// Finished pieces, before `tail`.
    chained: VecDeque<Bytes>,
    chained_len: usize,
    tail: BytesMut,
    /// How much of `tail` has been taken already: advancing a `BytesMut` would lose capacity.
    taken: usize,
}

/// A place in an [`EncodeBuf`] to come back to when encoding a frame fails half way.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pieces: usize,
    chained_len: usize,
    /// Untaken bytes of the tail.
    tail: usize,
}

impl EncodeBuf {
    /// An empty buffer that holds no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes appended and not yet taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chained_len + self.tail.len() - self.taken
    }

    /// Whether nothing is left to take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a copy of `bytes`.
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends `bytes`: copied below [`COPY_LIMIT`], otherwise chained without a copy.
    pub fn put_bytes(&mut self, bytes: Bytes) {
        if bytes.len() < COPY_LIMIT {
            self.tail.extend_from_slice(&bytes);
            return;
        }
        let mut before = self.tail.split();
        before.advance(self.taken);
        self.taken = 0;
        if !before.is_empty() {
            self.chain(before.freeze());
        }
        self.chain(bytes);
    }

    fn chain(&mut self, piece: Bytes) {
        self.chained_len += piece.len();
        self.chained.push_back(piece);
    }

    /// Where the buffer ends now. Valid until bytes are taken out.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            pieces: self.chained.len(),
            chained_len: self.chained_len,
            tail: self.tail.len() - self.taken,
        }
    }

    /// What was appended since `mark`, where all of it was copied and nothing chained. `None` too where
    /// bytes have been taken out since.
    #[must_use]
    pub fn since(&self, mark: Mark) -> Option<&[u8]> {
        let all_copied = self.chained.len() == mark.pieces;
        self.tail
            .get(self.taken + mark.tail..)
            .filter(|_| all_copied)
    }

    /// Drops whatever was appended since `mark`.
    ///
    /// # Panics
    ///
    /// May panic if bytes have been taken out since: the mark is of no use then.
    pub fn rollback(&mut self, mark: Mark) {
        if self.chained.len() == mark.pieces {
            self.tail.truncate(self.taken + mark.tail);
            return;
        }
        // What the tail held at the mark is now the beginning of the first piece chained since.
        let held = self.chained[mark.pieces].slice(..mark.tail);
        self.chained.truncate(mark.pieces);
        self.chained_len = mark.chained_len;
        self.taken = 0;
        self.tail.clear();
        self.tail.extend_from_slice(&held);
    }

    /// All bytes in one piece. Copies when there are several.
    #[must_use]
    pub fn into_bytes(mut self) -> Bytes {
        self.copy_to_bytes(self.len())
    }

    /// Gives back memory that a burst has left behind: above 256 KiB, of which less than a quarter was
    /// needed this time.
    fn shrink(&mut self) {
        let (capacity, used) = (self.tail.capacity(), self.tail.len());
        self.taken = 0;
        if capacity > KEEP_LIMIT && used < capacity / 4 {
            self.tail = BytesMut::new();
        } else {
            self.tail.clear();
        }
    }

    /// Gives back all memory of an empty buffer; does nothing while bytes are left.
    pub fn release(&mut self) {
        if self.is_empty() {
            *self = Self::new();
        }
    }
}

impl Buf for EncodeBuf {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self.chained
            .front()
            .map_or(&self.tail[self.taken..], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        let tail = &self.tail[self.taken..];
        let pieces = self.chained.iter().map(|piece| &piece[..]);
        let parts = pieces.chain((!tail.is_empty()).then_some(tail));
        dst.iter_mut()
            .zip(parts)
            .map(|(slot, part)| *slot = IoSlice::new(part))
            .count()
    }

    fn advance(&mut self, mut n: usize) {
        assert!(
            n <= self.len(),
            "cannot advance past the end: {n} > {}",
            self.len()
        );
        while n > 0 {
            let Some(front) = self.chained.front_mut() else {
                self.taken += n;
                break;
            };
            let step = n.min(front.len());
            front.advance(step);
            if front.is_empty() {
                self.chained.pop_front();
            }
            self.chained_len -= step;
            n -= step;
        }
        if self.is_empty() {
            self.shrink();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(buf: &mut EncodeBuf) -> Vec<u8> {
        let mut out = Vec::new();
        while buf.has_remaining() {
            let mut slices = [IoSlice::new(&[]); 4];
            let n = buf.chunks_vectored(&mut slices);
            let taken = slices[..n].iter().map(|s| s.len()).sum::<usize>().min(1000);
            let all: Vec<u8> = slices[..n].iter().flat_map(|s| s.to_vec()).collect();
            out.extend_from_slice(&all[..taken]);
            buf.advance(taken);
        }
        out
    }

    #[test]
    fn small_parts_are_copied_and_large_ones_chained_in_order() {
        let mut buf = EncodeBuf::new();
        let big = Bytes::from(vec![9; COPY_LIMIT]);
        buf.put_slice(b"ab");
        buf.put_bytes(big.clone());
        buf.put_bytes(Bytes::from_static(b"cd"));
        assert_eq!(buf.len(), COPY_LIMIT + 4);
        assert_eq!(buf.chained[1].as_ptr(), big.as_ptr());
        let expected = [&b"ab"[..], &big, b"cd"].concat();
        assert_eq!(drain(&mut buf), expected);
        assert!(buf.is_empty());
    }

    #[test]
    fn a_partly_taken_tail_keeps_its_rest_when_a_piece_is_chained() {
        let mut buf = EncodeBuf::new();
        buf.put_slice(b"abcdef");
        buf.advance(4);
        buf.put_bytes(Bytes::from(vec![1; COPY_LIMIT]));
        assert_eq!(&drain(&mut buf)[..3], b"ef\x01");
    }

    #[test]
    fn what_was_copied_since_a_mark_can_be_looked_at() {
        let mut buf = EncodeBuf::new();
        buf.put_bytes(Bytes::from(vec![3; COPY_LIMIT]));
        buf.put_slice(b"before");
        buf.advance(COPY_LIMIT + 2);
        let mark = buf.mark();
        buf.put_slice(b"after");
        assert_eq!(buf.since(mark), Some(&b"after"[..]));
        buf.put_bytes(Bytes::from(vec![4; COPY_LIMIT]));
        assert_eq!(buf.since(mark), None);
    }

    #[test]
    fn rollback_restores_what_was_there_whether_or_not_pieces_were_chained() {
        for chained in [false, true] {
            let mut buf = EncodeBuf::new();
            buf.put_slice(b"gone");
            buf.advance(4);
            buf.put_slice(b"taken");
            buf.advance(3);
            let mark = buf.mark();
            buf.put_slice(b"drop");
            if chained {
                buf.put_bytes(Bytes::from(vec![4; COPY_LIMIT]));
                buf.put_slice(b"more");
            }
            buf.rollback(mark);
            assert_eq!(drain(&mut buf), b"en");
        }
    }

    #[test]
    fn rollback_keeps_the_pieces_before_the_mark() {
        for chained in [false, true] {
            let mut buf = EncodeBuf::new();
            buf.put_bytes(Bytes::from(vec![3; COPY_LIMIT]));
            buf.put_slice(b"keep");
            let mark = buf.mark();
            buf.put_slice(b"drop");
            if chained {
                buf.put_bytes(Bytes::from(vec![4; COPY_LIMIT]));
                buf.put_slice(b"more");
            }
            buf.rollback(mark);
            assert_eq!(buf.len(), COPY_LIMIT + 4);
            assert_eq!(&drain(&mut buf)[COPY_LIMIT..], b"keep");
        }
    }

    #[test]
    fn memory_of_a_burst_is_kept_while_bursts_go_on_and_given_back_after() {
        let mut buf = EncodeBuf::new();
        for _ in 0..2 {
            buf.put_slice(&vec![0; KEEP_LIMIT + 1]);
            buf.advance(KEEP_LIMIT + 1);
            assert!(buf.tail.capacity() > KEEP_LIMIT);
        }
        buf.put_slice(&[0; 1000]);
        buf.advance(1000);
        assert_eq!(buf.tail.capacity(), 0);
    }
}
