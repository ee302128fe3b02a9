use super::{BoltFrame, BoltVersion, Head, MAX_NAME_LEN};
use crate::{COPY_LIMIT, CodecError, EncodeBuf, FrameEncoder, Limits};

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

/// From this size on the checksum of class, header and content is worth computing apart from that of
/// the fixed part: putting two together costs as much as going over some KiB.
const LARGE_BODY: usize = 64 * 1024;

/// The checksum of all but the fixed part, for large frames that have one.
pub(super) fn digest(frame: &BoltFrame) -> Option<u32> {
    (frame.has_crc() && body_len(frame) >= LARGE_BODY).then(|| {
        let mut crc = crc32fast::Hasher::new();
        update_body(&mut crc, frame);
        crc.finalize()
    })
}

fn body_len(frame: &BoltFrame) -> usize {
    frame.class.len() + frame.header.len() + frame.content.len()
}

fn update_body(crc: &mut crc32fast::Hasher, frame: &BoltFrame) {
    crc.update(&frame.class);
    crc.update(&frame.header);
    crc.update(&frame.content);
}

fn checksum(fixed: &[u8], frame: &BoltFrame, digest: Option<u32>) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(fixed);
    match digest {
        Some(body) => {
            let len = body_len(frame) as u64;
            crc.combine(&crc32fast::Hasher::new_with_initial_len(body, len));
        }
        None => update_body(&mut crc, frame),
    }
    crc.finalize()
}

impl FrameEncoder for BoltEncoder {
    type Frame = BoltFrame;

    fn encode(&mut self, frame: BoltFrame, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        self.encode_digested(frame, None, dst)
    }

    fn encode_digested(
        &mut self,
        frame: BoltFrame,
        digest: Option<u32>,
        dst: &mut EncodeBuf,
    ) -> Result<(), CodecError> {
        self.check(&frame)?;
        let mut fixed = [0; MAX_FIXED];
        let len = put_fixed(&frame, &mut fixed);
        if frame.content.len() < COPY_LIMIT {
            let start = dst.mark();
            // Of known sizes: a copy of few bytes costs less than the call of a copying function.
            match len {
                24 => dst.put_slice(&fixed),
                22 => dst.put_slice(&fixed[..22]),
                20 => dst.put_slice(&fixed[..20]),
                _ => dst.put_slice(&fixed[..len]),
            }
            dst.put_slice(&frame.class);
            if !frame.header.is_empty() {
                dst.put_slice(&frame.header);
            }
            dst.put_slice(&frame.content);
            if frame.has_crc() {
                let apart = || checksum(&fixed[..len], &frame, None);
                let crc = dst.since(start).map_or_else(apart, crc32fast::hash);
                dst.put_slice(&crc.to_be_bytes());
            }
            return Ok(());
        }
        let fixed = &fixed[..len];
        let crc = frame.has_crc().then(|| checksum(fixed, &frame, digest));
        dst.put_slice(fixed);
        dst.put_slice(&frame.class);
        dst.put_slice(&frame.header);
        dst.put_bytes(frame.content);
        if let Some(crc) = crc {
            dst.put_slice(&crc.to_be_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Frame;
    use crate::bolt::CRC_SWITCH;

    fn bytes(frame: BoltFrame, digest: Option<u32>) -> Bytes {
        let mut buf = EncodeBuf::new();
        let encoded = BoltEncoder::new(Limits::default()).encode_digested(frame, digest, &mut buf);
        encoded.expect("a good frame");
        buf.into_bytes()
    }

    #[test]
    fn a_large_frame_has_the_same_bytes_with_a_digest_and_without() {
        for (content, large) in [(0, false), (LARGE_BODY - 9, false), (LARGE_BODY, true)] {
            let content: Vec<u8> = (0..content).map(|n| (n % 251) as u8).collect();
            let mut frame = BoltFrame::request(BoltVersion::V2_2, "class", content);
            frame.header = Bytes::from_static(b"hdr");
            let digest = frame.digest();
            assert_eq!(digest.is_some(), large);
            // The engine gives the id last.
            frame.id = 7;
            assert_eq!(bytes(frame.clone(), digest), bytes(frame.clone(), None));
            let answer = frame.respond("c", frame.content.clone());
            assert_eq!(bytes(answer.clone(), answer.digest()), bytes(answer, None));
        }
    }

    #[test]
    fn nothing_is_computed_for_a_frame_without_a_checksum() {
        let content = vec![7; LARGE_BODY];
        let mut frame = BoltFrame::request(BoltVersion::V2_2, "class", content);
        frame.switch &= !CRC_SWITCH;
        assert_eq!(frame.digest(), None);
        (frame.switch, frame.version) = (CRC_SWITCH, BoltVersion::V2_1);
        assert_eq!(frame.digest(), None);
    }
}
