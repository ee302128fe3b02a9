//! Length-prefixed JSON: the protocol of [`bolt_remoting::tutorial`], with everything that is
//! optional there.
//!
//! ```text
//! 00 00 00 28 {"kind":"Call","id":7,"body":"any JSON"}
//! ```
//!
//! ```
//! use bolt_examples::json::{Json, Message};
//! use bolt_remoting::{Client, Server, handler_fn};
//! use std::time::Duration;
//! use tokio::time::Instant;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let echo = handler_fn(|_cx, call: Message| async move { Some(call.answer(call.body.clone())) });
//! let server = Server::builder(Json, echo).bind("127.0.0.1:0").await?;
//!
//! let client = Client::builder(Json).build();
//! let patience = Duration::from_secs(3);
//! let address = server.local_addr().to_string();
//! let connection = client.connection(address, Instant::now() + patience).await?;
//! let answer = connection.call(Message::call([1, 2, 3]), patience).await?;
//! assert_eq!(answer.body[2], 3);
//! # Ok(())
//! # }
//! ```

use bolt_codec::{
    CodecError, EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits, Protocol,
    Recognition, Refusal, Role,
};
use bytes::{Buf, BytesMut};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Bytes before the text: its length, big-endian.
const HEAD: usize = 4;

/// What travels, in both directions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// What it is for.
    pub kind: Kind,
    /// Ties an answer to its call; given by the engine to all but answers.
    #[serde(default)]
    pub id: u64,
    /// Anything.
    #[serde(default)]
    pub body: Value,
}

/// What a [`Message`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Wants an answer.
    Call,
    /// Wants none.
    Tell,
    /// Answers a call.
    Answer,
    /// Answers a call that was not run; the body says why.
    Refusal,
    /// Asks for a sign of life.
    Ping,
    /// Gives one.
    Pong,
    /// Wants no more calls on this connection.
    Bye,
    /// Of a later version: ignored.
    #[serde(other)]
    Unknown,
}

impl Message {
    fn new(kind: Kind, id: u64, body: impl Into<Value>) -> Self {
        let body = body.into();
        Self { kind, id, body }
    }

    /// A message that wants an answer.
    pub fn call(body: impl Into<Value>) -> Self {
        Self::new(Kind::Call, 0, body)
    }

    /// A message that wants no answer.
    pub fn tell(body: impl Into<Value>) -> Self {
        Self::new(Kind::Tell, 0, body)
    }

    /// The answer to this call.
    pub fn answer(&self, body: impl Into<Value>) -> Self {
        Self::new(Kind::Answer, self.id, body)
    }
}

impl Frame for Message {
    fn kind(&self) -> FrameKind {
        match self.kind {
            Kind::Call => FrameKind::Request,
            Kind::Tell => FrameKind::Oneway,
            Kind::Answer | Kind::Refusal => FrameKind::Response,
            Kind::Ping => FrameKind::Heartbeat,
            Kind::Pong => FrameKind::HeartbeatAck,
            Kind::Bye => FrameKind::GoAway,
            Kind::Unknown => FrameKind::Unknown,
        }
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn set_id(&mut self, id: u64) {
        self.id = id;
    }

    /// A guess is good enough, and much cheaper than encoding twice.
    fn encoded_len(&self) -> usize {
        48 + size_of_value(&self.body)
    }
}

/// About how long the text of a value is. No deeper than `serde_json` reads.
fn size_of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 3,
        Value::Array(values) => 2 + values.iter().map(size_of_value).sum::<usize>(),
        Value::Object(fields) => fields.iter().fold(2, |size, (name, value)| {
            size + name.len() + 4 + size_of_value(value)
        }),
        _ => 8,
    }
}

/// Reads and writes messages.
#[derive(Debug)]
pub struct JsonCodec {
    limits: Limits,
}

impl FrameDecoder for JsonCodec {
    type Frame = Message;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        let Some(len) = src.first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let len = u32::from_be_bytes(*len) as usize;
        self.limits.check(len as u64 + HEAD as u64)?;
        if src.len() - HEAD < len {
            return Ok(None);
        }
        src.advance(HEAD);
        let message = serde_json::from_slice(&src.split_to(len));
        message.map(Some).map_err(malformed)
    }
}

impl FrameEncoder for JsonCodec {
    type Frame = Message;

    fn encode(&mut self, message: Message, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        let text = serde_json::to_vec(&message).map_err(malformed)?;
        self.limits.check(text.len() as u64 + HEAD as u64)?;
        let len =
            u32::try_from(text.len()).map_err(|why| CodecError::malformed(why.to_string()))?;
        dst.put_slice(&len.to_be_bytes());
        dst.put_bytes(text.into());
        Ok(())
    }
}

fn malformed(why: serde_json::Error) -> CodecError {
    CodecError::malformed(format!("no message: {why}"))
}

/// The protocol.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Protocol for Json {
    type Frame = Message;
    type Decoder = JsonCodec;
    type Encoder = JsonCodec;
    type Session = ();

    const NAME: &'static str = "json";

    fn open(&self, _role: Role, limits: &Limits) -> (JsonCodec, JsonCodec, ()) {
        let codec = || JsonCodec { limits: *limits };
        (codec(), codec(), ())
    }

    fn heartbeat(&self, (): &()) -> Option<Message> {
        Some(Message::new(Kind::Ping, 0, Value::Null))
    }

    fn heartbeat_ack(&self, beat: &Message) -> Option<Message> {
        Some(Message::new(Kind::Pong, beat.id, Value::Null))
    }

    fn go_away(&self, (): &()) -> Option<Message> {
        Some(Message::new(Kind::Bye, 0, Value::Null))
    }

    fn refuse(&self, call: &Message, why: Refusal) -> Option<Message> {
        let why = json!(format!("{why:?}"));
        Some(Message::new(Kind::Refusal, call.id, why))
    }

    /// A length below 16 MiB, and a brace.
    fn recognize(&self, first_bytes: &[u8]) -> Recognition {
        match first_bytes {
            [0, _, _, _, b'{', ..] => Recognition::Yes,
            [0, ..] if first_bytes.len() <= HEAD => Recognition::Unsure,
            _ => Recognition::No,
        }
    }
}
