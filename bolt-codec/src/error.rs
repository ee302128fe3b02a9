use std::borrow::Cow;
use std::fmt;

/// Why bytes are no frame, or a frame can't become bytes.
///
/// Plain data: errors compare equal when they say the same, so that tests can assert on them. A
/// decoder that has returned one is out of step with its stream; the connection has to be closed.
/// An encoder that has returned one has written nothing, and the connection stays usable.
///
/// A private protocol's codec needs three of them: [`Malformed`](Self::Malformed), made by
/// [`malformed`](Self::malformed), for anything that is wrong; [`FrameTooLarge`](Self::FrameTooLarge),
/// which [`Limits::check`](crate::Limits::check) returns; and [`Truncated`](Self::Truncated), which comes
/// of [`decode_eof`](crate::FrameDecoder::decode_eof) by itself. All others are SOFABolt's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecError {
    /// The first byte of a frame names no known protocol.
    UnknownProtocol(u8),
    /// The version byte of protocol 2 is neither 1 nor 2. (Java waits for ever.)
    UnsupportedVersion(u8),
    /// The type byte is none of response (0), request (1) and oneway (2).
    UnknownType(u8),
    /// The switch byte has its sign bit set, which Java refuses both ways.
    InvalidSwitch(u8),
    /// The class name is longer than the 32,767 bytes that Java's signed length can say.
    ClassTooLong(usize),
    /// The header is longer than the 32,767 bytes that Java's signed length can say.
    HeaderTooLong(usize),
    /// The content length is negative. (Java takes it as "no content" and loses step.)
    NegativeContentLength(i32),
    /// The frame is larger than [`Limits::max_frame`](crate::Limits::max_frame).
    FrameTooLarge {
        /// Size of the whole frame in bytes, as announced.
        len: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// The CRC32 at the end of the frame is not that of its bytes.
    CrcMismatch {
        /// What the frame carried.
        received: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// The stream ended inside a frame.
    Truncated {
        /// Bytes of the unfinished frame that had arrived.
        buffered: usize,
    },
    /// Something else is wrong: for protocols other than SOFABolt's own.
    Malformed(Cow<'static, str>),
}

impl CodecError {
    /// A [`CodecError::Malformed`] with the given text.
    #[must_use]
    pub fn malformed(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(text.into())
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownProtocol(code @ (0x15 | 0x16)) => {
                write!(f, "unknown protocol code {code:#04x} (it looks like TLS)")
            }
            Self::UnknownProtocol(code) => write!(f, "unknown protocol code {code:#04x}"),
            Self::UnsupportedVersion(v) => write!(f, "unsupported version {v} of protocol 2"),
            Self::UnknownType(t) => write!(f, "unknown command type {t}"),
            Self::InvalidSwitch(s) => write!(f, "switch byte {s:#04x} is above 0x7f"),
            Self::ClassTooLong(len) => write!(f, "class name of {len} bytes, 32767 allowed"),
            Self::HeaderTooLong(len) => write!(f, "header of {len} bytes, 32767 allowed"),
            Self::NegativeContentLength(len) => write!(f, "negative content length {len}"),
            Self::FrameTooLarge { len, limit } => {
                write!(
                    f,
                    "frame of {len} bytes is above the limit of {limit} (Limits::max_frame)"
                )
            }
            Self::CrcMismatch { received, computed } => {
                write!(
                    f,
                    "CRC32 {received:#010x} received, {computed:#010x} computed"
                )
            }
            Self::Truncated { buffered } => {
                write!(
                    f,
                    "stream ended inside a frame, {buffered} bytes of it had arrived"
                )
            }
            Self::Malformed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for CodecError {}
