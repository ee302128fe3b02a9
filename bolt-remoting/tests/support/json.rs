//! A protocol with ids that has nothing in common with SOFABolt's: a four-byte length, then a JSON
//! object, and heartbeats of its own.
//!
//! ```text
//! 00 00 00 27 {"kind":"call","id":7,"body":"any JSON"}
//! ```

use bolt_codec::{
    CodecError, EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits, Protocol,
    Recognition, Refusal, Role,
};
use bytes::{Buf, BytesMut};
use serde_json::{Value, json};

use super::peer::bytes_of;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) kind: String,
    pub(crate) id: u64,
    pub(crate) body: Value,
}

impl Message {
    pub(crate) fn new(kind: &str, body: impl Into<Value>) -> Self {
        Self {
            kind: kind.into(),
            id: 0,
            body: body.into(),
        }
    }

    pub(crate) fn call(body: impl Into<Value>) -> Self {
        Self::new("call", body)
    }

    pub(crate) fn tell(body: impl Into<Value>) -> Self {
        Self::new("tell", body)
    }

    /// The answer to this call.
    pub(crate) fn answer(&self, body: impl Into<Value>) -> Self {
        Self::new("answer", body).with_id(self.id)
    }

    pub(crate) fn with_id(mut self, id: u64) -> Self {
        self.id = id;
        self
    }
}

impl Frame for Message {
    fn kind(&self) -> FrameKind {
        match self.kind.as_str() {
            "call" => FrameKind::Request,
            "tell" => FrameKind::Oneway,
            "answer" => FrameKind::Response,
            "ping" => FrameKind::Heartbeat,
            "pong" => FrameKind::HeartbeatAck,
            "bye" => FrameKind::GoAway,
            _ => FrameKind::Unknown,
        }
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn set_id(&mut self, id: u64) {
        self.id = id;
    }

    fn encoded_len(&self) -> usize {
        assert_ne!(self.body, "immeasurable", "as asked");
        JsonCodec::text(self).len() + 4
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Json;

#[derive(Debug)]
pub(crate) struct JsonCodec {
    limits: Limits,
}

impl FrameDecoder for JsonCodec {
    type Frame = Message;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        let Some(len) = src.first_chunk::<4>() else {
            return Ok(None);
        };
        let len = u32::from_be_bytes(*len) as usize;
        if len + 4 > self.limits.max_frame {
            return Err(CodecError::FrameTooLarge {
                len: len as u64 + 4,
                limit: self.limits.max_frame,
            });
        }
        if src.len() < len + 4 {
            return Ok(None);
        }
        src.advance(4);
        let text = src.split_to(len);
        let malformed = || CodecError::malformed("not a message");
        let mut value: Value = serde_json::from_slice(&text).map_err(|_| malformed())?;
        Ok(Some(Message {
            kind: value["kind"].as_str().ok_or_else(malformed)?.into(),
            id: value["id"].as_u64().ok_or_else(malformed)?,
            body: value["body"].take(),
        }))
    }
}

impl JsonCodec {
    fn text(message: &Message) -> Vec<u8> {
        let object = json!({"kind": message.kind, "id": message.id, "body": message.body});
        object.to_string().into_bytes()
    }
}

impl FrameEncoder for JsonCodec {
    type Frame = Message;

    fn encode(&mut self, message: Message, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        assert_ne!(message.body, "unspeakable", "as asked");
        let text = Self::text(&message);
        let len = text.len() + 4;
        // Written before the check, so that the engine has something to take back.
        dst.put_slice(&(text.len() as u32).to_be_bytes());
        dst.put_bytes(text.into());
        if len > self.limits.max_frame {
            return Err(CodecError::FrameTooLarge {
                len: len as u64,
                limit: self.limits.max_frame,
            });
        }
        Ok(())
    }
}

/// The bytes of a call for what can't be encoded, which can't be asked for by the same means.
pub(crate) fn call_for(bad: &str, id: u64) -> Vec<u8> {
    let harmless = "x".repeat(bad.len());
    let call = bytes_of(&Json, Message::call(&*harmless).with_id(id));
    let call = String::from_utf8(call).expect("text");
    call.replace(&harmless, bad).into_bytes()
}

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
        Some(Message::new("ping", Value::Null))
    }

    fn heartbeat_ack(&self, beat: &Message) -> Option<Message> {
        Some(Message::new("pong", Value::Null).with_id(beat.id))
    }

    fn go_away(&self, (): &()) -> Option<Message> {
        Some(Message::new("bye", Value::Null))
    }

    fn refuse(&self, request: &Message, why: Refusal) -> Option<Message> {
        Some(request.answer(json!({"refused": format!("{why:?}")})))
    }

    /// The length of less than 16 MiB, and the brace.
    fn recognize(&self, first_bytes: &[u8]) -> Recognition {
        match first_bytes {
            [0, _, _, _, b'{', ..] => Recognition::Yes,
            [] | [0] | [0, _] | [0, _, _] | [0, _, _, _] => Recognition::Unsure,
            _ => Recognition::No,
        }
    }
}
