//! Several messages in one frame.
//!
//! A client's frame (type code 59) has requests and their ids, and an id of its own. The server answers
//! with one frame that has that id and the results in the order of the requests (60), or, if it is set up
//! so, with one that has the ids of the requests again (121).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bolt_codec::{CodecError, Role};
use bytes::Buf;

use super::serializer::{i32_of, u16_of};
use super::{Body, MAX_ID, Message, Packet, PacketKind};

const MERGED: u16 = 59;
const MERGED_RESULTS: u16 = 60;
const BATCHED_RESULTS: u16 = 121;

/// Most messages that are gathered, and most bytes of them.
const MOST: usize = 1000;
const MOST_BYTES: usize = 256 * 1024;
/// Frames whose answer is remembered to be missing; when there are more, the oldest are forgotten.
const MOST_UNANSWERED: usize = 4096;

/// Which requests were in the merged frames that have no answer yet. Shared by the encoder and the
/// decoder of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<Mutex<BTreeMap<u32, Vec<u32>>>>);

impl Sent {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Vec<u32>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, id: u32, requests: Vec<u32>) {
        let mut sent = self.lock();
        if sent.len() >= MOST_UNANSWERED {
            sent.pop_first();
        }
        sent.insert(id, requests);
    }
}

/// Messages that wait for the next write.
#[derive(Debug)]
pub(super) struct Gatherer {
    role: Role,
    sent: Sent,
    packets: Vec<Packet>,
    bytes: usize,
    last_id: u32,
}

impl Gatherer {
    pub(super) fn new(role: Role, sent: Sent) -> Self {
        Self {
            role,
            sent,
            packets: Vec::new(),
            bytes: 0,
            last_id: MAX_ID,
        }
    }

    /// Keeps a packet that may travel with others, or gives it back.
    pub(super) fn keep(&mut self, packet: Packet, len: usize) -> Option<Packet> {
        let may = match (self.role, packet.kind, packet.message()) {
            (Role::Client, PacketKind::Request, Some(message)) => {
                // Registrations go alone, and so do requests that a coordinator makes.
                matches!(message.type_code(), 1 | 7 | 9 | 11 | 15)
            }
            (Role::Server, PacketKind::Response, Some(message)) => message.type_code() < 100,
            _ => false,
        };
        if !may || !packet.head.is_empty() {
            return Some(packet);
        }
        self.bytes += len;
        self.packets.push(packet);
        None
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_full(&self) -> bool {
        self.packets.len() >= MOST || self.bytes >= MOST_BYTES
    }

    /// What was gathered, as one packet and its body.
    pub(super) fn take(&mut self) -> Result<Option<(Packet, Vec<u8>)>, CodecError> {
        self.bytes = 0;
        let mut packets = std::mem::take(&mut self.packets);
        let mut body = Vec::new();
        if packets.len() < 2 {
            let Some(packet) = packets.pop() else {
                return Ok(None);
            };
            packet
                .message()
                .map_or(Ok(()), |message| message.write(&mut body))?;
            return Ok(Some((packet, body)));
        }
        let (code, kind) = match self.role {
            Role::Client => (MERGED, PacketKind::Oneway),
            Role::Server => (BATCHED_RESULTS, PacketKind::Response),
        };
        body.extend(code.to_be_bytes());
        // Their length, once it is known.
        body.extend([0; 4]);
        body.extend((packets.len() as u16).to_be_bytes());
        for message in packets.iter().filter_map(Packet::message) {
            message.write(&mut body)?;
        }
        let ids: Vec<u32> = packets.iter().map(|packet| packet.id).collect();
        body.extend(ids.iter().flat_map(|id| id.to_be_bytes()));
        let len = body.len() as u32 - 6;
        body[2..6].copy_from_slice(&len.to_be_bytes());
        self.last_id = MAX_ID + 1 + (self.last_id - MAX_ID) % MAX_ID;
        if self.role == Role::Client {
            self.sent.remember(self.last_id, ids);
        }
        Ok(Some((Packet::new(kind, self.last_id, Body::Empty), body)))
    }
}

/// The packets in a body, whatever it is.
pub(super) fn open(
    packet: Packet,
    body: &[u8],
    sent: &Sent,
) -> Result<VecDeque<Packet>, CodecError> {
    let mut src = body;
    let code = body
        .first_chunk::<2>()
        .map(|code| u16::from_be_bytes(*code));
    let (kind, ids_inside) = match code {
        Some(MERGED) => (PacketKind::Request, true),
        Some(BATCHED_RESULTS) => (PacketKind::Response, true),
        Some(MERGED_RESULTS) => (PacketKind::Response, false),
        _ => {
            let body = Body::Message(Message::read(&mut src)?);
            return Ok(VecDeque::from([Packet { body, ..packet }]));
        }
    };
    src.advance(2);
    let len = i32_of(&mut src)?;
    if len < 0 || (len as usize) > src.len() {
        return Err(CodecError::malformed("merged messages are cut off"));
    }
    let count = u16_of(&mut src)?;
    let mut messages = Vec::new();
    for _ in 0..count {
        messages.push(Message::read(&mut src)?);
    }
    let ids = if ids_inside {
        let ids = messages
            .iter()
            .map(|_| i32_of(&mut src).map(|id| id as u32));
        ids.collect::<Result<Vec<_>, _>>()?
    } else {
        // Of a frame that is not known any more: nobody waits.
        sent.lock().remove(&packet.id).unwrap_or_default()
    };
    let opened = ids.into_iter().zip(messages);
    let opened = opened.map(|(id, message)| Packet::new(kind, id, Body::Message(message)));
    Ok(opened.collect())
}
