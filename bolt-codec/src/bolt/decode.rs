use bytes::{Buf, Bytes, BytesMut};

use super::protocol::BoltSession;
use super::{BoltFrame, BoltVersion, CRC_SWITCH, CommandCode, Head, MAX_NAME_LEN};
use super::{ResponseStatus, SerializerCode};
use crate::{CodecError, FrameDecoder, Limits};

/// Bytes to [`BoltFrame`]s, of all versions in any mixture. Keeps no state between frames.
///
/// Every field is checked as soon as its bytes are there, so it never waits for bytes that the
/// ones before have ruled out. Class, header and content of a frame are slices of `src`: no copy,
/// but keeping one of them alive keeps the whole read buffer alive.
#[derive(Clone, Debug)]
pub struct BoltDecoder {
    limits: Limits,
    session: Option<BoltSession>,
}

impl BoltDecoder {
    /// A decoder that accepts frames within `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            session: None,
        }
    }

    pub(super) fn with_session(limits: Limits, session: BoltSession) -> Self {
        Self {
            limits,
            session: Some(session),
        }
    }
}

/// Where the fields of one frame lie.
struct Layout {
    version: BoltVersion,
    /// Offset of the type byte; the fields up to the codec follow it at fixed distances.
    kind_at: usize,
    /// Offset of the class length.
    lengths_at: usize,
    request: bool,
}

/// Sizes of the variable parts, all checked.
struct Lengths {
    class: usize,
    header: usize,
    content: usize,
    crc: usize,
    total: usize,
}

fn u16_at(src: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(src.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(src: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(src.get(at..at + 4)?.try_into().ok()?))
}

/// `None` while the bytes that decide are missing.
fn layout(src: &[u8]) -> Result<Option<Layout>, CodecError> {
    let (version, kind_at) = match *src {
        [] | [2] => return Ok(None),
        [1, ..] => (BoltVersion::V1, 1),
        [2, 1, ..] => (BoltVersion::V2_1, 2),
        [2, 2, ..] => (BoltVersion::V2_2, 2),
        [2, version, ..] => return Err(CodecError::UnsupportedVersion(version)),
        [code, ..] => return Err(CodecError::UnknownProtocol(code)),
    };
    let request = match src.get(kind_at) {
        None => return Ok(None),
        Some(0) => false,
        Some(1 | 2) => true,
        Some(&kind) => return Err(CodecError::UnknownType(kind)),
    };
    let lengths_at = version.fixed_len(request) - 8;
    Ok(Some(Layout {
        version,
        kind_at,
        lengths_at,
        request,
    }))
}

impl Layout {
    fn switch(&self, src: &[u8]) -> u8 {
        if self.version == BoltVersion::V1 {
            0
        } else {
            src.get(11).copied().unwrap_or(0)
        }
    }

    /// Checks what is there of switch and lengths; `None` while some of it is missing.
    fn lengths(&self, src: &[u8], limits: &Limits) -> Result<Option<Lengths>, CodecError> {
        let switch = self.switch(src);
        if switch > 0x7f {
            return Err(CodecError::InvalidSwitch(switch));
        }
        let Some(class) = u16_at(src, self.lengths_at).map(usize::from) else {
            return Ok(None);
        };
        if class > MAX_NAME_LEN {
            return Err(CodecError::ClassTooLong(class));
        }
        let Some(header) = u16_at(src, self.lengths_at + 2).map(usize::from) else {
            return Ok(None);
        };
        if header > MAX_NAME_LEN {
            return Err(CodecError::HeaderTooLong(header));
        }
        let Some(content) = u32_at(src, self.lengths_at + 4) else {
            return Ok(None);
        };
        if content > i32::MAX as u32 {
            return Err(CodecError::NegativeContentLength(content as i32));
        }
        let with_crc = self.version == BoltVersion::V2_2 && switch & CRC_SWITCH != 0;
        let crc = if with_crc { 4 } else { 0 };
        let total = (self.lengths_at + 8 + class + header + crc) as u64 + u64::from(content);
        limits.check(total)?;
        Ok(Some(Lengths {
            class,
            header,
            content: content as usize,
            crc,
            total: total as usize,
        }))
    }

    /// The fields before the class name; `None` while some of them are missing.
    fn fixed(&self, src: &[u8]) -> Option<Fixed> {
        let at = self.kind_at;
        let head = if self.request {
            Head::Request {
                oneway: *src.get(at)? == 2,
                timeout: u32_at(src, self.lengths_at - 4)? as i32,
            }
        } else {
            Head::Response {
                status: ResponseStatus(u16_at(src, self.lengths_at - 2)?),
            }
        };
        Some(Fixed {
            head,
            command: CommandCode(u16_at(src, at + 1)?),
            ver2: *src.get(at + 3)?,
            id: u32_at(src, at + 4)?,
            codec: SerializerCode(*src.get(at + 8)?),
            switch: self.switch(src),
        })
    }
}

/// What comes before the class name.
struct Fixed {
    head: Head,
    command: CommandCode,
    ver2: u8,
    id: u32,
    codec: SerializerCode,
    switch: u8,
}

/// The next bytes, without a copy. None are no part of the buffer, so that they keep none of it.
fn take(rest: &mut Bytes, len: usize) -> Bytes {
    match len {
        0 => Bytes::new(),
        _ => rest.split_to(len),
    }
}

fn check_crc(frame: &[u8], crc_at: usize) -> Result<(), CodecError> {
    let computed = crc32fast::hash(&frame[..crc_at]);
    match u32_at(frame, crc_at) {
        Some(received) if received != computed => {
            Err(CodecError::CrcMismatch { received, computed })
        }
        _ => Ok(()),
    }
}

impl FrameDecoder for BoltDecoder {
    type Frame = BoltFrame;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<BoltFrame>, CodecError> {
        let Some(layout) = layout(src)? else {
            return Ok(None);
        };
        let Some(lengths) = layout.lengths(src, &self.limits)? else {
            return Ok(None);
        };
        let fixed = layout.fixed(src);
        let Some(fixed) = fixed.filter(|_| src.len() >= lengths.total) else {
            return Ok(None);
        };
        if lengths.crc != 0 {
            check_crc(src, lengths.total - lengths.crc)?;
        }
        if let Some(session) = &self.session {
            session.received(layout.version);
        }
        let mut rest = src.split_to(lengths.total).freeze();
        rest.advance(layout.lengths_at + 8);
        let (class, header) = (
            take(&mut rest, lengths.class),
            take(&mut rest, lengths.header),
        );
        let content = take(&mut rest, lengths.content);
        // Made where it is returned: a frame is large enough for each move to be felt.
        Ok(Some(BoltFrame {
            version: layout.version,
            head: fixed.head,
            command: fixed.command,
            ver2: fixed.ver2,
            id: fixed.id,
            codec: fixed.codec,
            switch: fixed.switch,
            class,
            header,
            content,
        }))
    }
}
