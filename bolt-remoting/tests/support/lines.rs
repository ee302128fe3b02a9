//! A protocol without ids: lines of text, answered in order.
//!
//! ```text
//! ?text   a request       =text   the answer to the oldest open request
//! !text   wants no answer ?PING   an ordinary request that serves as heartbeat
//! ```

use std::sync::Arc;

use bolt_codec::{
    CodecError, Correlation, EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits,
    Protocol, Refusal, Role,
};
use bolt_remoting::{Connection, ConnectionConfig, FrameHandler, ResponseFuture, handler_fn};
use bytes::{Buf, BytesMut};
use tokio::io::DuplexStream;

use super::{far, within};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) String);

impl Line {
    pub(crate) fn ask(text: impl AsRef<str>) -> Self {
        Self(format!("?{}", text.as_ref()))
    }

    pub(crate) fn tell(text: impl AsRef<str>) -> Self {
        Self(format!("!{}", text.as_ref()))
    }

    pub(crate) fn answer(text: impl AsRef<str>) -> Self {
        Self(format!("={}", text.as_ref()))
    }

    /// The line without its mark.
    pub(crate) fn text(&self) -> &str {
        &self.0[1..]
    }
}

impl Frame for Line {
    fn kind(&self) -> FrameKind {
        match self.0.as_bytes()[0] {
            b'?' => FrameKind::Request,
            b'!' => FrameKind::Oneway,
            _ => FrameKind::Response,
        }
    }

    fn encoded_len(&self) -> usize {
        self.0.len() + 1
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    /// Whether there is a line for "no".
    pub(crate) polite: bool,
    /// Whether the last line may do without its end.
    pub(crate) lax: bool,
}

pub(crate) const LINES: Lines = Lines {
    polite: true,
    lax: false,
};

#[derive(Debug)]
pub(crate) struct LineCodec {
    limits: Limits,
    lax: bool,
}

impl LineCodec {
    fn line(&self, text: &[u8]) -> Result<Line, CodecError> {
        match std::str::from_utf8(text) {
            Ok(text) if text.starts_with(['?', '!', '=']) => Ok(Line(text.into())),
            _ => Err(CodecError::malformed("a line without its mark")),
        }
    }
}

impl FrameDecoder for LineCodec {
    type Frame = Line;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Line>, CodecError> {
        let end = src.iter().position(|&byte| byte == b'\n');
        if end.unwrap_or(src.len()) >= self.limits.max_frame {
            return Err(CodecError::malformed("the line is too long"));
        }
        let Some(end) = end else {
            return Ok(None);
        };
        let line = src.split_to(end);
        src.advance(1);
        self.line(&line).map(Some)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Line>, CodecError> {
        match src.len() {
            0 => Ok(None),
            _ if self.lax => self.line(&src.split()).map(Some),
            buffered => Err(CodecError::Truncated { buffered }),
        }
    }
}

impl FrameEncoder for LineCodec {
    type Frame = Line;

    fn encode(&mut self, line: Line, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        assert_ne!(line.0, "=unspeakable", "as asked");
        if line.0.contains('\n') {
            return Err(CodecError::malformed("two lines in one"));
        }
        dst.put_slice(line.0.as_bytes());
        dst.put_slice(b"\n");
        Ok(())
    }
}

impl Protocol for Lines {
    type Frame = Line;
    type Decoder = LineCodec;
    type Encoder = LineCodec;
    type Session = ();

    const NAME: &'static str = "lines";
    const CORRELATION: Correlation = Correlation::InOrder;

    fn open(&self, _role: Role, limits: &Limits) -> (LineCodec, LineCodec, ()) {
        let codec = || LineCodec {
            limits: *limits,
            lax: self.lax,
        };
        (codec(), codec(), ())
    }

    fn heartbeat(&self, (): &()) -> Option<Line> {
        Some(Line::ask("PING"))
    }

    fn refuse(&self, _request: &Line, why: Refusal) -> Option<Line> {
        self.polite.then(|| Line::answer(format!("no: {why:?}")))
    }
}

/// `never` is never answered, `nothing` has no answer, `panic` panics, `PING` is answered, the
/// rest is echoed.
pub(crate) fn echo() -> impl FrameHandler<Lines> {
    handler_fn(|_cx, line: Line| async move {
        match line.text() {
            "never" => std::future::pending().await,
            "nothing" => None,
            "panic" => panic!("as asked"),
            "PING" => Some(Line::answer("PONG")),
            text => Some(Line::answer(text)),
        }
    })
}

/// One end of a connection.
pub(crate) fn over(
    io: DuplexStream,
    role: Role,
    handler: impl FrameHandler<Lines>,
    config: ConnectionConfig,
) -> Connection<Lines> {
    Connection::over(
        io,
        Arc::new(LINES),
        role,
        Arc::new(handler),
        Arc::new(config),
    )
}

/// Queues a request.
pub(crate) async fn ask(connection: &Connection<Lines>, text: &str) -> ResponseFuture<Lines> {
    connection.start_call(Line::ask(text), far()).await.unwrap()
}

/// The text of an answer.
pub(crate) async fn text(answer: ResponseFuture<Lines>) -> String {
    within(answer).await.unwrap().text().to_owned()
}
