//! Protocols of this crate behind `tokio_util::codec::Framed`, for people who want a plain stream
//! and sink of frames.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
//! use bolt_codec::framed::FramedCodec;
//! use bolt_codec::{Limits, Role};
//! use tokio_util::codec::{FramedRead, FramedWrite};
//! use futures::{SinkExt, StreamExt};
//!
//! let (here, there) = tokio::io::duplex(1024);
//! let codec = || FramedCodec::new(&Bolt::default(), Role::Client, &Limits::default());
//! let mut sink = FramedWrite::new(here, codec());
//! let mut stream = FramedRead::new(there, codec());
//!
//! let beat = BoltFrame::heartbeat(BoltVersion::V1);
//! sink.send(beat.clone()).await?;
//! assert_eq!(stream.next().await.transpose()?, Some(beat));
//! # Ok(())
//! # }
//! ```

use std::{fmt, io};

use bytes::{Buf, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::{CodecError, EncodeBuf, FrameDecoder, FrameEncoder, Limits, Protocol, Role};

/// Decoder and encoder of a protocol as `tokio_util` wants them.
#[derive(Debug)]
pub struct FramedCodec<P: Protocol> {
    decoder: P::Decoder,
    encoder: P::Encoder,
}

impl<P: Protocol> FramedCodec<P> {
    /// The codec of a new connection.
    #[must_use]
    pub fn new(protocol: &P, role: Role, limits: &Limits) -> Self {
        let (decoder, encoder, _session) = protocol.open(role, limits);
        Self { decoder, encoder }
    }
}

/// What goes wrong in a framed stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum FramedError {
    /// The bytes are no frame, or the frame can't become bytes.
    Codec(CodecError),
    /// The stream below failed.
    Io(io::Error),
}

impl fmt::Display for FramedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Codec(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FramedError {}

impl From<io::Error> for FramedError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<CodecError> for FramedError {
    fn from(error: CodecError) -> Self {
        Self::Codec(error)
    }
}

impl<P: Protocol> Decoder for FramedCodec<P> {
    type Item = P::Frame;
    type Error = FramedError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<P::Frame>, FramedError> {
        Ok(self.decoder.decode(src)?)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<P::Frame>, FramedError> {
        match self.decoder.decode(src)? {
            Some(frame) => Ok(Some(frame)),
            None => Ok(self.decoder.decode_eof(src)?),
        }
    }
}

impl<P: Protocol> Encoder<P::Frame> for FramedCodec<P> {
    type Error = FramedError;

    fn encode(&mut self, frame: P::Frame, dst: &mut BytesMut) -> Result<(), FramedError> {
        let mut buf = EncodeBuf::new();
        self.encoder.encode(frame, &mut buf)?;
        while buf.has_remaining() {
            let chunk = buf.chunk();
            dst.extend_from_slice(chunk);
            let n = chunk.len();
            buf.advance(n);
        }
        Ok(())
    }
}
