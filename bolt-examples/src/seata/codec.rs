//! Packets to bytes and back.

use std::collections::VecDeque;

use bolt_codec::{CodecError, EncodeBuf, Frame, FrameDecoder, FrameEncoder, Limits};
use bytes::{Buf, Bytes, BytesMut};

use super::merge::{self, Gatherer, Sent};
use super::{Body, Packet, PacketKind};

/// Bytes before the head map.
pub(super) const HEAD: usize = 16;
const MAGIC: [u8; 3] = [0xda, 0xda, VERSION];
const VERSION: u8 = 1;
/// The number of Seata's own serializer.
const SEATA: u8 = 1;
/// Largest frame that Seata takes.
const LARGEST: usize = 8 * 1024 * 1024;

/// Reads packets, and gives messages that came together one by one.
#[derive(Debug)]
pub struct SeataDecoder {
    limits: Limits,
    sent: Sent,
    opened: VecDeque<Packet>,
}

impl SeataDecoder {
    pub(super) fn new(limits: Limits, sent: Sent) -> Self {
        Self {
            limits: Limits::with_max_frame(limits.max_frame.min(LARGEST)),
            sent,
            opened: VecDeque::new(),
        }
    }

    /// The packets of the next frame, if it is whole.
    fn open(&mut self, src: &mut BytesMut) -> Result<bool, CodecError> {
        if !MAGIC.starts_with(&src[..src.len().min(MAGIC.len())]) {
            return Err(CodecError::malformed("not a frame of Seata's version 1"));
        }
        let Some(fixed) = src.first_chunk::<HEAD>() else {
            return Ok(false);
        };
        let mut fixed = &fixed[MAGIC.len()..];
        let (len, head_len) = (fixed.get_u32(), fixed.get_u16() as usize);
        let (kind, serializer, compressor) = (fixed.get_u8(), fixed.get_u8(), fixed.get_u8());
        let id = fixed.get_u32();
        self.limits.check(len.into())?;
        let len = len as usize;
        if head_len < HEAD || len < head_len {
            return Err(CodecError::malformed("lengths that contradict each other"));
        }
        let kind = kind_of(kind)?;
        if src.len() < len {
            return Ok(false);
        }
        let mut frame = src.split_to(len).freeze();
        let body = frame.split_off(head_len);
        let head = frame.split_off(HEAD);
        let bare = Packet {
            head,
            ..Packet::new(kind, id, Body::Empty)
        };
        if body.is_empty() {
            self.opened.push_back(bare);
        } else if (serializer, compressor) == (SEATA, 0) {
            self.opened = merge::open(bare, &body, &self.sent)?;
        } else {
            let bytes = body;
            let body = Body::Opaque {
                serializer,
                compressor,
                bytes,
            };
            self.opened.push_back(Packet { body, ..bare });
        }
        Ok(true)
    }
}

fn kind_of(number: u8) -> Result<PacketKind, CodecError> {
    Ok(match number {
        0 => PacketKind::Request,
        1 => PacketKind::Response,
        2 => PacketKind::Oneway,
        3 => PacketKind::Heartbeat,
        4 => PacketKind::HeartbeatAck,
        other => return Err(CodecError::malformed(format!("a packet of type {other}"))),
    })
}

impl FrameDecoder for SeataDecoder {
    type Frame = Packet;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Packet>, CodecError> {
        // A frame may have been an empty collection.
        while self.opened.is_empty() && self.open(src)? {}
        Ok(self.opened.pop_front())
    }
}

/// Writes packets; those that may travel together are gathered if it is set up so.
#[derive(Debug)]
pub struct SeataEncoder {
    limits: Limits,
    gatherer: Option<Gatherer>,
}

impl SeataEncoder {
    pub(super) fn new(limits: Limits, gatherer: Option<Gatherer>) -> Self {
        Self {
            limits: Limits::with_max_frame(limits.max_frame.min(LARGEST)),
            gatherer,
        }
    }

    fn put(&self, packet: Packet, body: Vec<u8>, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        let (serializer, compressor, body) = match packet.body {
            Body::Opaque {
                serializer,
                compressor,
                bytes,
            } => (serializer, compressor, bytes),
            _ => (SEATA, 0, Bytes::from(body)),
        };
        let head_len = HEAD + packet.head.len();
        let len = head_len + body.len();
        self.limits.check(len as u64)?;
        let head_len = u16::try_from(head_len);
        let head_len = head_len.map_err(|_| CodecError::malformed("the head map is too long"))?;
        dst.put_slice(&MAGIC);
        dst.put_slice(&(len as u32).to_be_bytes());
        dst.put_slice(&head_len.to_be_bytes());
        dst.put_slice(&[packet.kind as u8, serializer, compressor]);
        dst.put_slice(&packet.id.to_be_bytes());
        dst.put_bytes(packet.head);
        dst.put_bytes(body);
        Ok(())
    }
}

impl FrameEncoder for SeataEncoder {
    type Frame = Packet;

    fn encode(&mut self, packet: Packet, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        let mut body = Vec::new();
        if let Some(message) = packet.message() {
            message.write(&mut body)?;
        }
        let Some(gatherer) = &mut self.gatherer else {
            return self.put(packet, body, dst);
        };
        // What is too large goes alone, and so its error is its own.
        let len = packet.encoded_len().max(HEAD + body.len());
        let alone = match len > self.limits.max_frame / 2 {
            true => Some(packet),
            false => gatherer.keep(packet, len),
        };
        match alone {
            Some(packet) => self.put(packet, body, dst),
            None if gatherer.is_full() => self.write_gathered(dst),
            None => Ok(()),
        }
    }

    fn gathered(&self) -> usize {
        self.gatherer.as_ref().map_or(0, Gatherer::bytes)
    }

    fn write_gathered(&mut self, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        let gathered = self.gatherer.as_mut().map(Gatherer::take).transpose()?;
        match gathered.flatten() {
            Some((packet, body)) => self.put(packet, body, dst),
            None => Ok(()),
        }
    }
}
