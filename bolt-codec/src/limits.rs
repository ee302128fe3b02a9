/// What a decoder accepts and an encoder is willing to send.
///
/// A decoder checks these from the fixed part of a frame, before it waits for (or an engine
/// buffers) anything that they rule out.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame: 64 * 1024 * 1024,
        }
    }
}
