use bytes::Bytes;

use super::{BoltFrame, BoltVersion, Head, MAX_NAME_LEN};
use crate::{CodecError, EncodeBuf, FrameEncoder, Limits};

/// [`BoltFrame`]s to bytes.
///
/// Lengths are computed, never taken from elsewhere. A content of 4 KiB and more is chained
/// without a copy.
#[derive(Clone, Copy, Debug)]
pub struct BoltEncoder {
    limits: Limits,
}

impl BoltEncoder {
    /// An encoder that refuses frames above `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    fn check(&self, frame: &BoltFrame) -> Result<(), CodecError> {
        if frame.class.len() > MAX_NAME_LEN {
            return Err(CodecError::ClassTooLong(frame.class.len()));
        }
        if frame.header.len() > MAX_NAME_LEN {
            return Err(CodecError::HeaderTooLong(frame.header.len()));
        }
        if frame.switch > 0x7f {
            return Err(CodecError::InvalidSwitch(frame.switch));
        }
        let len = frame.encoded_len();
        let limit = self.limits.max_frame.min(i32::MAX as usize);
        if len > limit {
            return Err(CodecError::FrameTooLarge {
                len: len as u64,
                limit,
            });
        }
        Ok(())
    }
}

/// The bytes before the class name, put together on the stack.
struct Fixed {
    bytes: [u8; 24],
    len: usize,
}

impl Fixed {
    fn put(&mut self, part: &[u8]) {
        self.bytes[self.len..self.len + part.len()].copy_from_slice(part);
        self.len += part.len();
    }

    fn of(frame: &BoltFrame) -> Self {
        let mut fixed = Self {
            bytes: [0; 24],
            len: 0,
        };
        match frame.version {
            BoltVersion::V1 => fixed.put(&[1]),
            BoltVersion::V2_1 => fixed.put(&[2, 1]),
            BoltVersion::V2_2 => fixed.put(&[2, 2]),
        }
        fixed.put(&[match frame.head {
            Head::Response { .. } => 0,
            Head::Request { oneway: false, .. } => 1,
            Head::Request { oneway: true, .. } => 2,
        }]);
        fixed.put(&frame.command.0.to_be_bytes());
        fixed.put(&[frame.ver2]);
        fixed.put(&frame.id.to_be_bytes());
        fixed.put(&[frame.codec.0]);
        if frame.version != BoltVersion::V1 {
            fixed.put(&[frame.switch]);
        }
        match frame.head {
            Head::Request { timeout, .. } => fixed.put(&timeout.to_be_bytes()),
            Head::Response { status } => fixed.put(&status.0.to_be_bytes()),
        }
        // `check` has seen to it that the lengths fit.
        fixed.put(&(frame.class.len() as u16).to_be_bytes());
        fixed.put(&(frame.header.len() as u16).to_be_bytes());
        fixed.put(&(frame.content.len() as u32).to_be_bytes());
        fixed
    }
}

fn checksum(fixed: &[u8], parts: [&Bytes; 3]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(fixed);
    parts.iter().for_each(|part| crc.update(part));
    crc.finalize()
}

impl FrameEncoder for BoltEncoder {
    type Frame = BoltFrame;

    fn encode(&mut self, frame: BoltFrame, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        self.check(&frame)?;
        let fixed = Fixed::of(&frame);
        let fixed = &fixed.bytes[..fixed.len];
        let crc = frame
            .has_crc()
            .then(|| checksum(fixed, [&frame.class, &frame.header, &frame.content]));
        dst.put_slice(fixed);
        dst.put_slice(&frame.class);
        dst.put_slice(&frame.header);
        dst.put_bytes(frame.content);
        if let Some(crc) = crc {
            dst.put_slice(&crc.to_be_bytes());
        }
        Ok(())
    }

    fn encoded_len(&self, frame: &BoltFrame) -> usize {
        frame.encoded_len()
    }
}
