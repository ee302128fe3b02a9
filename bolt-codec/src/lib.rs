//! Frame formats of the SOFABolt protocol, and the trait that private protocols implement.
//!
//! Bytes in, frames out: nothing here opens a socket, starts a task or reads a clock. The crate
//! has two halves:
//!
//! - [`Protocol`], [`Frame`], [`FrameDecoder`] and [`FrameEncoder`]: what an engine has to know of
//!   a protocol to run connections, correlation, heartbeats and refusals for it;
//! - [`bolt`]: the protocol of Java's `com.alipay.sofa:bolt`, versions 1, 2.1 and 2.2 with and
//!   without CRC32, as the first implementation of that trait.
//!
//! ```
//! use bolt_codec::bolt::{BoltDecoder, BoltEncoder, BoltFrame, BoltVersion};
//! use bolt_codec::{EncodeBuf, FrameDecoder, FrameEncoder, Limits};
//! use bytes::BytesMut;
//!
//! let mut request = BoltFrame::request(BoltVersion::V1, "java.lang.String", &b"\x05hello"[..]);
//! request.id = 1;
//!
//! let mut out = EncodeBuf::new();
//! BoltEncoder::new(Limits::default()).encode(request.clone(), &mut out)?;
//! assert_eq!(out.len(), 44);
//!
//! let mut bytes = BytesMut::from(&out.into_bytes()[..]);
//! let decoded = BoltDecoder::new(Limits::default()).decode(&mut bytes)?;
//! assert_eq!(decoded, Some(request));
//! # Ok::<(), bolt_codec::CodecError>(())
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tokio-util` | no | module `framed`: any protocol of this crate behind `tokio_util::codec::Framed` |

#![forbid(unsafe_code)]

pub mod bolt;
mod encode_buf;
mod error;
#[cfg(feature = "tokio-util")]
pub mod framed;
mod limits;
mod protocol;

pub use encode_buf::{COPY_LIMIT, EncodeBuf, Mark};
pub use error::CodecError;
pub use limits::Limits;
pub use protocol::{
    Correlation, Frame, FrameDecoder, FrameEncoder, FrameKind, Protocol, Recognition, Refusal, Role,
};
