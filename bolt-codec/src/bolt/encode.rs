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

/// Longest fixed part.
const MAX_FIXED: usize = 24;

/// Writes the bytes before the class name and returns how many there are. `check` has seen to it
/// that the lengths fit.
fn put_fixed(frame: &BoltFrame, out: &mut [u8; MAX_FIXED]) -> usize {
    // Protocol 2 has one more byte before the type and one more before timeout or status.
    let (at, switch) = match frame.version {
        BoltVersion::V1 => {
            out[0] = 1;
            (1, 0)
        }
        BoltVersion::V2_1 => {
            out[..2].copy_from_slice(&[2, 1]);
            (2, 1)
        }
        BoltVersion::V2_2 => {
            out[..2].copy_from_slice(&[2, 2]);
            (2, 1)
        }
    };
    out[at + 1..at + 3].copy_from_slice(&frame.command.0.to_be_bytes());
    out[at + 3] = frame.ver2;
    out[at + 4..at + 8].copy_from_slice(&frame.id.to_be_bytes());
    out[at + 8] = frame.codec.0;
    // Overwritten in version 1, which has no such byte.
    out[at + 9] = frame.switch;
    let head_at = at + 9 + switch;
    let lengths_at = match frame.head {
        Head::Request { oneway, timeout } => {
            out[at] = if oneway { 2 } else { 1 };
            out[head_at..head_at + 4].copy_from_slice(&timeout.to_be_bytes());
            head_at + 4
        }
        Head::Response { status } => {
            out[at] = 0;
            out[head_at..head_at + 2].copy_from_slice(&status.0.to_be_bytes());
            head_at + 2
        }
    };
    let (class, header) = (frame.class.len() as u16, frame.header.len() as u16);
    out[lengths_at..lengths_at + 2].copy_from_slice(&class.to_be_bytes());
    out[lengths_at + 2..lengths_at + 4].copy_from_slice(&header.to_be_bytes());
    let content = frame.content.len() as u32;
    out[lengths_at + 4..lengths_at + 8].copy_from_slice(&content.to_be_bytes());
    lengths_at + 8
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
        let mut fixed = [0; MAX_FIXED];
        let len = put_fixed(&frame, &mut fixed);
        let fixed = &fixed[..len];
        let crc = frame
            .has_crc()
            .then(|| checksum(fixed, [&frame.class, &frame.header, &frame.content]));
        dst.put_slice(fixed);
        dst.put_slice(&frame.class);
        if !frame.header.is_empty() {
            dst.put_slice(&frame.header);
        }
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
