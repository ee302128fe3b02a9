//! SOFABolt's frames of version 1, written out by hand.

const REQUEST_HEAD: usize = 22;
const RESPONSE_HEAD: usize = 20;
const RESPONSE: u8 = 0;
const REQUEST: u8 = 1;
const RPC_RESPONSE: u8 = 2;
const HESSIAN: u8 = 1;
const CLASS: &[u8] = b"perf.RawBody";
const TIMEOUT_MS: u32 = 3_000;

/// A whole frame at the front of `bytes`.
pub(crate) struct Frame<'a> {
    pub(crate) is_request: bool,
    pub(crate) id: u32,
    pub(crate) status: u16,
    pub(crate) content: usize,
    /// Request or response, as received.
    bytes: &'a [u8],
    head: usize,
}

pub(crate) enum Front<'a> {
    Whole(Frame<'a>),
    /// As many bytes are wanted before it is worth looking again.
    Wants(usize),
}

/// What is at the front of `bytes`.
pub(crate) fn front(bytes: &[u8]) -> Front<'_> {
    if bytes.len() < REQUEST_HEAD {
        // A response without a body is shorter than a request's head, but none is sent here.
        return Front::Wants(REQUEST_HEAD);
    }
    let is_request = bytes[1] != RESPONSE;
    let head = if is_request {
        REQUEST_HEAD
    } else {
        RESPONSE_HEAD
    };
    let lengths = &bytes[head - 8..head];
    let content = u32_at(lengths, 4) as usize;
    let whole = head + u16_at(lengths, 0) as usize + u16_at(lengths, 2) as usize + content;
    if bytes.len() < whole {
        return Front::Wants(whole);
    }
    Front::Whole(Frame {
        is_request,
        id: u32_at(bytes, 5),
        status: if is_request { 0 } else { u16_at(bytes, 10) },
        content,
        bytes: &bytes[..whole],
        head,
    })
}

impl Frame<'_> {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Answers it with what it carries. Heartbeats are answered too: their command is 0 both ways.
    pub(crate) fn echo(&self, out: &mut Vec<u8>) {
        let is_heartbeat = self.bytes[2..4] == [0, 0];
        let command = if is_heartbeat { 0 } else { RPC_RESPONSE };
        out.extend_from_slice(&[1, RESPONSE, 0, command, 1]);
        out.extend_from_slice(&self.bytes[5..10]);
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.bytes[self.head - 8..]);
    }
}

/// Appends a request.
pub(crate) fn request(id: u32, content: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[1, REQUEST, 0, 1, 1]);
    out.extend_from_slice(&id.to_be_bytes());
    out.push(HESSIAN);
    out.extend_from_slice(&TIMEOUT_MS.to_be_bytes());
    out.extend_from_slice(&(CLASS.len() as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&(content.len() as u32).to_be_bytes());
    out.extend_from_slice(CLASS);
    out.extend_from_slice(content);
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
