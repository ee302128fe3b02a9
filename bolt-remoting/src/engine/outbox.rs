//! Frames on their way out.

use std::collections::VecDeque;

use bolt_codec::{CodecError, EncodeBuf, FrameEncoder, Mark};

/// Encoded frames that wait to be written, bounded in bytes; and answers that found no room.
///
/// A frame is in here whole or not at all, so whoever queues one may be cancelled at any time.
#[derive(Debug)]
pub(crate) struct Outbox<E: FrameEncoder> {
    encoder: E,
    buf: EncodeBuf,
    /// Bytes that the connection's task has taken and not written yet.
    taken: usize,
    limit: usize,
    /// Answers are never refused: they wait here, and count as requests in flight.
    deferred: VecDeque<E::Frame>,
    deferred_bytes: usize,
    /// Whether an answer that is missing makes all later ones useless.
    in_order: bool,
    /// Set once one is missing: nothing more goes out.
    sealed: bool,
}

/// Takes a half-written frame back, also when the encoder panics.
struct WholeFrames<'a> {
    buf: &'a mut EncodeBuf,
    keep: Mark,
}

impl Drop for WholeFrames<'_> {
    fn drop(&mut self) {
        self.buf.rollback(self.keep);
    }
}

impl<E: FrameEncoder> Outbox<E> {
    pub(crate) fn new(encoder: E, limit: usize, in_order: bool) -> Self {
        Self {
            encoder,
            buf: EncodeBuf::new(),
            taken: 0,
            limit,
            deferred: VecDeque::new(),
            deferred_bytes: 0,
            in_order,
            sealed: false,
        }
    }

    /// Lets nothing more out than what is encoded already.
    pub(crate) fn seal(&mut self) {
        self.sealed = true;
        self.deferred = VecDeque::new();
        self.deferred_bytes = 0;
    }

    /// Nothing is going to be written any more.
    pub(crate) fn discard(&mut self) {
        self.seal();
        self.buf = EncodeBuf::new();
        self.taken = 0;
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Bytes that wait to be taken.
    pub(crate) fn len(&self) -> usize {
        self.buf.len()
    }

    /// Bytes that wait to be taken, and those that were taken together and are not all written.
    pub(crate) fn unwritten(&self) -> usize {
        self.buf.len() + self.taken
    }

    pub(crate) fn deferred(&self) -> usize {
        self.deferred.len()
    }

    /// About how many bytes the answers take that found no room.
    pub(crate) fn deferred_bytes(&self) -> usize {
        self.deferred_bytes
    }

    /// Nothing is left to write.
    pub(crate) fn is_drained(&self) -> bool {
        self.buf.is_empty() && self.taken == 0 && self.deferred.is_empty()
    }

    /// Whether `frame` may be queued now. One that is above the limit on its own may when nothing
    /// else waits.
    pub(crate) fn has_room(&self, frame: &E::Frame) -> bool {
        let queued = self.unwritten();
        queued == 0 || queued.saturating_add(self.encoder.encoded_len(frame).max(1)) <= self.limit
    }

    /// Encodes `frame` whether or not there is room. When it can't be, nothing is queued.
    pub(crate) fn push(&mut self, frame: E::Frame) -> Result<(), CodecError> {
        let mark = self.buf.mark();
        let mut whole = WholeFrames {
            buf: &mut self.buf,
            keep: mark,
        };
        self.encoder.encode(frame, whole.buf)?;
        whole.keep = whole.buf.mark();
        Ok(())
    }

    /// Encodes an answer, or keeps it until there is room.
    pub(crate) fn push_answer(&mut self, frame: E::Frame) -> Result<(), CodecError> {
        if self.sealed {
            return Ok(());
        }
        if self.deferred.is_empty() && self.has_room(&frame) {
            self.encode_answer(frame)
        } else {
            self.deferred_bytes += self.encoder.encoded_len(&frame);
            self.deferred.push_back(frame);
            Ok(())
        }
    }

    fn encode_answer(&mut self, frame: E::Frame) -> Result<(), CodecError> {
        let encoded = self.push(frame);
        if encoded.is_err() && self.in_order {
            self.seal();
        }
        encoded
    }

    /// Swaps what is queued for `emptied`, whose bytes have all been written, and lets answers
    /// that waited for room move up. Answers that can't be encoded are lost; they are returned.
    pub(crate) fn take(&mut self, emptied: &mut EncodeBuf) -> Vec<CodecError> {
        debug_assert!(emptied.is_empty());
        self.taken = 0;
        let mut errors = Vec::new();
        while let Some(frame) = self.deferred.front() {
            if !self.has_room(frame) {
                break;
            }
            let len = self.encoder.encoded_len(frame);
            self.deferred_bytes = self.deferred_bytes.saturating_sub(len);
            let encoded = self
                .deferred
                .pop_front()
                .map(|frame| self.encode_answer(frame));
            errors.extend(encoded.and_then(Result::err));
        }
        std::mem::swap(&mut self.buf, emptied);
        self.taken = emptied.len();
        errors
    }

    /// Gives back the memory of empty buffers.
    pub(crate) fn release(&mut self) {
        self.buf.release();
        if self.deferred.is_empty() {
            self.deferred = VecDeque::new();
        }
    }
}
