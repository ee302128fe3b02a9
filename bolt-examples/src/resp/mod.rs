//! RESP2, the protocol of Redis: no ids, answers in the order of the commands, `PING` as heartbeat.
//!
//! ```text
//! client: *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n      server: +OK\r\n
//! client: *2\r\n$4\r\nINCR\r\n$1\r\nn\r\n                    server: :1\r\n
//! client: *2\r\n$3\r\nGET\r\n$4\r\nnone\r\n                  server: $-1\r\n
//! ```
//!
//! [`Redis`] is a client with types. Commands of any number of tasks are pipelined: each is sent at
//! once, and the engine knows whose turn it is when answers come.
//!
//! Not for commands after which a server says more than one answer to each (`SUBSCRIBE`, `MONITOR`)
//! or none (`CLIENT REPLY OFF`).
//!
//! ```
//! use bolt_codec::{EncodeBuf, FrameDecoder, FrameEncoder, Limits, Protocol, Role};
//! use bolt_examples::resp::{Command, Frame, Resp, Value};
//! use bytes::BytesMut;
//!
//! let (mut decoder, mut encoder, _) = Resp.open(Role::Client, &Limits::default());
//! let mut out = EncodeBuf::new();
//! encoder.encode(Frame::Command(Command::new("GET").arg("key")), &mut out)?;
//! assert_eq!(out.into_bytes(), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
//!
//! let mut received = BytesMut::from("$5\r\nhello\r\n");
//! let answer = decoder.decode(&mut received)?;
//! assert_eq!(answer, Some(Frame::Answer(Value::Bulk("hello".into()))));
//! # Ok::<(), bolt_codec::CodecError>(())
//! ```

mod client;
mod codec;

use bolt_codec::{Correlation, FrameKind, Limits, Protocol, Recognition, Refusal, Role};
use bytes::Bytes;

pub use self::client::{Error, Redis, RedisBuilder, Result};
pub use self::codec::{RespDecoder, RespEncoder};

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A short text, such as `OK`.
    Simple(Bytes),
    /// Why a command failed: a word in capitals, then a text.
    Error(Bytes),
    /// A number.
    Integer(i64),
    /// Any bytes.
    Bulk(Bytes),
    /// Nothing, where something could have been.
    Nil,
    /// Several values.
    Array(Vec<Value>),
}

/// What a client says: a word and its arguments, any bytes each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    words: Vec<Bytes>,
}

impl Command {
    /// A command without arguments so far.
    pub fn new(name: impl Into<Bytes>) -> Self {
        Self {
            words: vec![name.into()],
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<Bytes>) -> Self {
        self.words.push(argument.into());
        self
    }

    /// Its name and arguments.
    #[must_use]
    pub fn words(&self) -> &[Bytes] {
        &self.words
    }
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// From the client.
    Command(Command),
    /// From the server.
    Answer(Value),
}

impl bolt_codec::Frame for Frame {
    fn kind(&self) -> FrameKind {
        match self {
            Self::Command(_) => FrameKind::Request,
            Self::Answer(_) => FrameKind::Response,
        }
    }

    fn encoded_len(&self) -> usize {
        match self {
            Self::Command(command) => codec::len_of_words(&command.words),
            Self::Answer(value) => codec::len_of(value),
        }
    }
}

/// The protocol, both ends of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resp;

impl Protocol for Resp {
    type Frame = Frame;
    type Decoder = RespDecoder;
    type Encoder = RespEncoder;
    type Session = ();

    const NAME: &'static str = "resp";
    const CORRELATION: Correlation = Correlation::InOrder;

    fn open(&self, role: Role, limits: &Limits) -> (RespDecoder, RespEncoder, ()) {
        (
            RespDecoder::new(role, *limits),
            RespEncoder::new(*limits),
            (),
        )
    }

    fn heartbeat(&self, (): &()) -> Option<Frame> {
        Some(Frame::Command(Command::new("PING")))
    }

    fn refuse(&self, _command: &Frame, why: Refusal) -> Option<Frame> {
        let text = match why {
            Refusal::Busy | Refusal::ShuttingDown => format!("BUSY {why:?}"),
            _ => format!("ERR {why:?}"),
        };
        Some(Frame::Answer(Value::Error(text.into())))
    }

    /// An array of bulk strings, or the beginning of one.
    fn recognize(&self, first_bytes: &[u8]) -> Recognition {
        match first_bytes {
            [b'*'] => Recognition::Unsure,
            [b'*', b'1'..=b'9', ..] => Recognition::Yes,
            _ => Recognition::No,
        }
    }
}
