use crate::CodecError;

/// What a decoder accepts and an encoder is willing to send.
///
/// A decoder checks these from the fixed part of a frame, before it waits for (or an engine
/// buffers) anything that they rule out.
///
/// There is one limit, and it is that of a whole frame. A limit on part of a frame, such as the length
/// of a name or the number of entries, is a setting of the decoder, which the protocol gives it in
/// [`Protocol::open`](crate::Protocol::open).
///
/// ```
/// use bolt_codec::Limits;
///
/// let limits = Limits::with_max_frame(1024 * 1024);
/// assert!(limits.max_frame < Limits::default().max_frame);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest frame in bytes, fixed part and checksum included. Default 64 MiB. Java has no
    /// limit and buffers for ever.
    pub max_frame: usize,
}

impl Limits {
    /// Limits with the given largest frame in bytes.
    #[must_use]
    pub fn with_max_frame(max_frame: usize) -> Self {
        Self { max_frame }
    }

    /// Whether a frame of `len` bytes is allowed, for decoders of announced lengths and for encoders.
    ///
    /// # Errors
    ///
    /// [`CodecError::FrameTooLarge`] when it isn't.
    pub fn check(&self, len: u64) -> Result<(), CodecError> {
        let limit = self.max_frame;
        if len > limit as u64 {
            return Err(CodecError::FrameTooLarge { len, limit });
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame: 64 * 1024 * 1024,
        }
    }
}
