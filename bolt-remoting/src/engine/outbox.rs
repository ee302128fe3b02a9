//! Frames on their way out.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bolt_codec::{CodecError, EncodeBuf, Frame, FrameEncoder, Mark};

/// A frame with what is better found out before the connection is locked.
#[derive(Debug)]
pub(crate) struct Prepared<F> {
    pub(crate) frame: F,
    len: usize,
    digest: Option<u32>,
}

impl<F: Frame> Prepared<F> {
    pub(crate) fn new(frame: F) -> Self {
        Self {
            len: frame.encoded_len(),
            digest: frame.digest(),
            frame,
        }
    }
}

impl<F> Prepared<F> {
    /// About how many bytes it takes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// Encoded frames that wait to be written, bounded in bytes; and answers that found no room.
///
/// A frame is in here whole or not at all, so whoever queues one may be cancelled at any time.
#[derive(Debug)]
pub(crate) struct Outbox<E: FrameEncoder> {
    encoder: E,
    buf: EncodeBuf,
    /// Frames that were encoded into `buf`.
    frames: u32,
    /// Where in `buf` answers end.
    answers: Vec<usize>,
    /// Bytes that the connection's task has taken together and not written all of.
    taken: usize,
    taken_answers: Vec<usize>,
    limit: usize,
    /// Answers are never refused: they wait here, with their places in the line, and count as
    /// requests in flight.
    deferred: VecDeque<(u64, Prepared<E::Frame>)>,
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

impl WholeFrames<'_> {
    fn keep_all(self) {
        std::mem::forget(self);
    }
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
            frames: 0,
            answers: Vec::new(),
            taken: 0,
            taken_answers: Vec::new(),
            limit,
            deferred: VecDeque::new(),
            deferred_bytes: 0,
            in_order,
            sealed: false,
        }
    }

    /// Lets nothing more out than what was encoded before.
    pub(crate) fn seal(&mut self) {
        if !self.sealed {
            // What can't be written now could not be later.
            let _ = self.write_gathered();
        }
        self.sealed = true;
        self.deferred = VecDeque::new();
        self.deferred_bytes = 0;
    }

    /// Nothing is going to be written any more.
    pub(crate) fn discard(&mut self) {
        self.seal();
        self.buf = EncodeBuf::new();
        self.taken = 0;
        (self.answers, self.taken_answers) = (Vec::new(), Vec::new());
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Bytes that wait to be taken.
    pub(crate) fn len(&self) -> usize {
        self.buf.len() + self.gathered()
    }

    /// How many frames they are.
    pub(crate) fn frames(&self) -> u32 {
        self.frames
    }

    /// About how many of them the encoder holds still.
    fn gathered(&self) -> usize {
        if self.sealed {
            return 0;
        }
        self.encoder.gathered()
    }

    /// Bytes that wait to be taken, and those that were taken together and are not all written.
    pub(crate) fn unwritten(&self) -> usize {
        self.len() + self.taken
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
        self.len() == 0 && self.taken == 0 && self.deferred.is_empty()
    }

    /// Answers that were accepted and are not wholly written, when `left` of the bytes taken last
    /// are not.
    pub(crate) fn unsent_answers(&self, left: usize) -> usize {
        let written = self.taken.saturating_sub(left);
        let taken = self.taken_answers.iter().filter(|&&end| end > written);
        taken.count() + self.answers.len() + self.deferred.len()
    }

    /// Whether a frame of about `len` bytes may be queued beside what is set aside for others. One
    /// that is above the limit on its own may when nothing else waits.
    pub(crate) fn has_room(&self, len: usize, set_aside: usize) -> bool {
        let queued = self.unwritten().saturating_add(set_aside);
        queued == 0 || queued.saturating_add(len.max(1)) <= self.limit
    }

    /// Encodes `frame` whether or not there is room. When it can't be, nothing is queued.
    pub(crate) fn push(&mut self, frame: Prepared<E::Frame>) -> Result<(), CodecError> {
        let whole = WholeFrames {
            keep: self.buf.mark(),
            buf: &mut self.buf,
        };
        self.encoder
            .encode_digested(frame.frame, frame.digest, whole.buf)?;
        whole.keep_all();
        self.frames += 1;
        Ok(())
    }

    /// Keeps an answer until there is room, with its place in the line.
    pub(crate) fn defer(&mut self, number: u64, answer: Prepared<E::Frame>) {
        if !self.sealed {
            self.deferred_bytes += answer.len;
            self.deferred.push_back((number, answer));
        }
    }

    /// The first answer that waits for room: its place in the line, and about how many bytes it
    /// takes.
    pub(crate) fn first_deferred(&self) -> Option<(u64, usize)> {
        let (number, answer) = self.deferred.front()?;
        Some((*number, answer.len))
    }

    /// Encodes the first answer that waits for room.
    pub(crate) fn encode_deferred(&mut self) -> Result<(), CodecError> {
        let Some((_, answer)) = self.deferred.pop_front() else {
            return Ok(());
        };
        self.deferred_bytes -= answer.len;
        self.encode_answer(answer)
    }

    /// Encodes an answer. One that can't be is lost, and no other, even if the encoder panics.
    pub(crate) fn encode_answer(&mut self, answer: Prepared<E::Frame>) -> Result<(), CodecError> {
        if self.sealed {
            return Ok(());
        }
        let encoded = catch_unwind(AssertUnwindSafe(|| self.push(answer)));
        let encoded =
            encoded.unwrap_or_else(|_| Err(CodecError::malformed("the encoder has panicked")));
        match encoded {
            Ok(()) => self.answers.push(self.len()),
            Err(_) if self.in_order => self.seal(),
            Err(_) => {}
        }
        encoded
    }

    /// The bytes taken last have all been written.
    pub(crate) fn written(&mut self) {
        self.taken = 0;
        self.taken_answers.clear();
    }

    /// Has the encoder append what it holds.
    fn write_gathered(&mut self) -> Result<(), CodecError> {
        if self.encoder.gathered() == 0 {
            return Ok(());
        }
        let before = self.buf.len();
        let whole = WholeFrames {
            keep: self.buf.mark(),
            buf: &mut self.buf,
        };
        self.encoder.write_gathered(whole.buf)?;
        whole.keep_all();
        let gathered = self.answers.iter_mut().rev();
        gathered
            .take_while(|end| **end > before)
            .for_each(|end| *end = self.buf.len());
        match self.encoder.gathered() {
            0 => Ok(()),
            _ => Err(CodecError::malformed(
                "an encoder writes nothing of what it has gathered",
            )),
        }
    }

    /// Swaps what is queued for `emptied`, whose bytes have all been written. If the encoder fails,
    /// nothing more goes out than what was encoded before.
    pub(crate) fn take(&mut self, emptied: &mut EncodeBuf) -> Result<(), CodecError> {
        debug_assert!(emptied.is_empty() && self.taken == 0);
        if !self.sealed {
            self.write_gathered().inspect_err(|_| self.sealed = true)?;
        }
        std::mem::swap(&mut self.buf, emptied);
        std::mem::swap(&mut self.answers, &mut self.taken_answers);
        self.taken = emptied.len();
        self.frames = 0;
        Ok(())
    }

    /// Gives back the memory of empty buffers.
    pub(crate) fn release(&mut self) {
        self.buf.release();
        if self.deferred.is_empty() {
            self.deferred = VecDeque::new();
        }
        if self.is_drained() {
            (self.answers, self.taken_answers) = (Vec::new(), Vec::new());
        }
    }
}
