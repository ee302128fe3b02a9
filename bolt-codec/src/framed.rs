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
///
/// A stream of frames has no word for "and now send": what an encoder
/// [gathers](FrameEncoder::gathered) is written after each frame, on its own.
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

impl std::error::Error for FramedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The text is that of the inner error; what it came from comes next.
        match self {
            Self::Codec(error) => error.source(),
            Self::Io(error) => error.source(),
        }
    }
}

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
        if self.encoder.gathered() > 0 {
            self.encoder.write_gathered(&mut buf)?;
        }
        while buf.has_remaining() {
            let chunk = buf.chunk();
            dst.extend_from_slice(chunk);
            let n = chunk.len();
            buf.advance(n);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Frame, FrameKind};

    /// Words, which the encoder gathers for one line.
    #[derive(Debug)]
    struct Words;

    struct Word(&'static str);

    impl Frame for Word {
        fn kind(&self) -> FrameKind {
            FrameKind::Oneway
        }
    }

    #[derive(Debug, Default)]
    struct Line(Vec<u8>);

    impl FrameDecoder for Line {
        type Frame = Word;

        fn decode(&mut self, _: &mut BytesMut) -> Result<Option<Word>, CodecError> {
            Ok(None)
        }
    }

    impl FrameEncoder for Line {
        type Frame = Word;

        fn encode(&mut self, word: Word, _: &mut EncodeBuf) -> Result<(), CodecError> {
            self.0.extend_from_slice(word.0.as_bytes());
            Ok(())
        }

        fn gathered(&self) -> usize {
            self.0.len()
        }

        fn write_gathered(&mut self, dst: &mut EncodeBuf) -> Result<(), CodecError> {
            self.0.push(b'\n');
            dst.put_bytes(Bytes::from(std::mem::take(&mut self.0)));
            Ok(())
        }
    }

    impl Protocol for Words {
        type Frame = Word;
        type Decoder = Line;
        type Encoder = Line;
        type Session = ();
        const NAME: &'static str = "words";

        fn open(&self, _: Role, _: &Limits) -> (Line, Line, ()) {
            (Line::default(), Line::default(), ())
        }
    }

    #[test]
    fn what_an_encoder_gathers_is_written_with_each_frame() {
        let mut codec = FramedCodec::new(&Words, Role::Client, &Limits::default());
        let mut out = BytesMut::new();
        for word in ["one", "two"] {
            codec.encode(Word(word), &mut out).expect("valid");
        }
        assert_eq!(out, "one\ntwo\n");
    }

    #[test]
    fn an_error_says_what_the_inner_one_says_and_has_its_source() {
        use std::error::Error;

        #[derive(Debug)]
        struct Broken(CodecError);

        impl fmt::Display for Broken {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("broken")
            }
        }

        impl Error for Broken {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }

        let cause = CodecError::malformed("no frame");
        let error = FramedError::Io(io::Error::other(Broken(cause.clone())));
        assert_eq!(error.to_string(), "broken");
        let source = error.source().map(ToString::to_string);
        assert_eq!(source, Some(cause.to_string()));
        assert!(FramedError::Codec(cause).source().is_none());
    }
}
