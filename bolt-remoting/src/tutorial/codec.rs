use bolt_codec::{CodecError, EncodeBuf, FrameDecoder, FrameEncoder, Limits};
use bytes::{Buf, BytesMut};

struct Codec {
    limits: Limits,
}

impl FrameDecoder for Codec {
    type Frame = Message;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        let Some(length) = src.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        self.limits.check(4 + length as u64)?;
        if src.len() < 4 + length {
            return Ok(None);
        }
        src.advance(4);
        let message = serde_json::from_slice(&src.split_to(length));
        message.map(Some).map_err(|why| CodecError::malformed(why.to_string()))
    }
}

impl FrameEncoder for Codec {
    type Frame = Message;

    fn encode(&mut self, message: Message, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        let text = serde_json::to_vec(&message);
        let text = text.map_err(|why| CodecError::malformed(why.to_string()))?;
        self.limits.check(4 + text.len() as u64)?;
        dst.put_slice(&(text.len() as u32).to_be_bytes());
        dst.put_bytes(text.into());
        Ok(())
    }
}
