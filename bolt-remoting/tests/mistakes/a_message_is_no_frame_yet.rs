//! The messages were given no `impl Frame`.

use bolt_codec::{
    CodecError, EncodeBuf, FrameDecoder, FrameEncoder, Limits, Protocol, Role,
};
use bytes::BytesMut;

struct Mine;
struct Codec;
struct Message;

impl FrameDecoder for Codec {
    type Frame = Message;

    fn decode(&mut self, _src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        Ok(None)
    }
}

impl FrameEncoder for Codec {
    type Frame = Message;

    fn encode(&mut self, _message: Message, _dst: &mut EncodeBuf) -> Result<(), CodecError> {
        Ok(())
    }
}

impl Protocol for Mine {
    type Frame = Message;
    type Decoder = Codec;
    type Encoder = Codec;
    type Session = ();

    const NAME: &'static str = "mine";

    fn open(&self, _role: Role, _limits: &Limits) -> (Codec, Codec, ()) {
        (Codec, Codec, Default::default())
    }
}

fn main() {}
