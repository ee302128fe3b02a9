use std::time::Duration;

use bytes::Bytes;

use super::{CommandCode, ResponseStatus, SerializerCode};
use crate::{Frame, FrameKind};

/// Longest class name or header in bytes: Java reads both lengths as signed 16-bit numbers.
pub const MAX_NAME_LEN: usize = i16::MAX as usize;

/// The switch bit that asks for a CRC32. Java: `ProtocolSwitch.CRC_SWITCH_INDEX`.
pub const CRC_SWITCH: u8 = 1;

/// The three layouts of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BoltVersion {
    /// Protocol 1, what a Java client speaks unless its address says otherwise.
    #[default]
    V1,
    /// Protocol 2, version 1: has the switch byte, never a checksum.
    V2_1,
    /// Protocol 2, version 2: a checksum where the switch says so.
    V2_2,
}

/// What requests and answers don't have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Type 1 or 2.
    Request {
        /// Type 2: nobody waits for an answer.
        oneway: bool,
        /// How long the caller waits, in milliseconds; zero and below mean "no deadline". Java
        /// writes -1 into oneway requests and heartbeats.
        timeout: i32,
    },
    /// Type 0.
    Response {
        /// How the call went.
        status: ResponseStatus,
    },
}

/// One frame of the SOFABolt protocol ("command" in Java), every field kept: decoding and encoding
/// it again gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoltFrame {
    /// Which layout.
    pub version: BoltVersion,
    /// Type and the fields that depend on it.
    pub head: Head,
    /// What the command is about.
    pub command: CommandCode,
    /// Command version. Java writes 1 and never looks at it.
    pub ver2: u8,
    /// Ties an answer to its request. Java counts with a signed number; the bits are the same.
    pub id: u32,
    /// Who wrote `content`.
    pub codec: SerializerCode,
    /// Bit 0 asks for a checksum ([`CRC_SWITCH`]), bits 1 to 6 have no meaning and are carried
    /// along, bit 7 can't be sent. Only protocol 2 has it; zero in frames of version 1.
    pub switch: u8,
    /// Fully qualified Java class name in UTF-8, at most [`MAX_NAME_LEN`] bytes.
    pub class: Bytes,
    /// Bytes of a custom serializer, at most [`MAX_NAME_LEN`]; empty for most users.
    pub header: Bytes,
    /// The serialized object. Empty stands for null.
    pub content: Bytes,
}

impl BoltFrame {
    /// A two-way request for `class` with Hessian content, without a deadline; on protocol 2 the
    /// CRC bit is set, as Java's default is.
    #[must_use]
    pub fn request(
        version: BoltVersion,
        class: impl Into<Bytes>,
        content: impl Into<Bytes>,
    ) -> Self {
        let switch = if version == BoltVersion::V1 {
            0
        } else {
            CRC_SWITCH
        };
        let head = Head::Request {
            oneway: false,
            timeout: -1,
        };
        Self {
            switch,
            class: class.into(),
            content: content.into(),
            ..Self::bare(version, head, CommandCode::REQUEST)
        }
    }

    /// A heartbeat as Java sends it: timeout -1, switch 0, nothing else.
    #[must_use]
    pub fn heartbeat(version: BoltVersion) -> Self {
        let head = Head::Request {
            oneway: false,
            timeout: -1,
        };
        Self::bare(version, head, CommandCode::HEARTBEAT)
    }

    /// MOSN's "send no new requests here", as MOSN sends it but for its version, which MOSN has 1
    /// only. Java 1.6.12 closes the connection when it sees one.
    #[must_use]
    pub fn go_away(version: BoltVersion) -> Self {
        let head = Head::Request {
            oneway: false,
            timeout: 0,
        };
        Self::bare(version, head, CommandCode::GOAWAY)
    }

    /// The successful answer to this request: same version, id, codec and switch.
    #[must_use]
    pub fn respond(&self, class: impl Into<Bytes>, content: impl Into<Bytes>) -> Self {
        Self {
            codec: self.codec,
            switch: self.switch,
            class: class.into(),
            content: content.into(),
            ..self.respond_status(ResponseStatus::SUCCESS)
        }
    }

    /// The answer of the given status without a body. Like all of Java's error answers it says
    /// Hessian whatever the request's codec, and has switch 0, so no checksum.
    #[must_use]
    pub fn respond_status(&self, status: ResponseStatus) -> Self {
        Self::response(self.version, self.id, status)
    }

    /// The answer of the given status to request `id`, without a body: Hessian, switch 0.
    #[must_use]
    pub fn response(version: BoltVersion, id: u32, status: ResponseStatus) -> Self {
        Self {
            id,
            ..Self::bare(version, Head::Response { status }, CommandCode::RESPONSE)
        }
    }

    /// The acknowledgement of this heartbeat.
    #[must_use]
    pub fn acknowledge(&self) -> Self {
        let head = Head::Response {
            status: ResponseStatus::SUCCESS,
        };
        Self {
            id: self.id,
            ..Self::bare(self.version, head, CommandCode::HEARTBEAT)
        }
    }

    fn bare(version: BoltVersion, head: Head, command: CommandCode) -> Self {
        Self {
            version,
            head,
            command,
            ver2: 1,
            id: 0,
            codec: SerializerCode::HESSIAN,
            switch: 0,
            class: Bytes::new(),
            header: Bytes::new(),
            content: Bytes::new(),
        }
    }

    /// Whether the frame carries a checksum.
    #[must_use]
    pub fn has_crc(&self) -> bool {
        self.version == BoltVersion::V2_2 && self.switch & CRC_SWITCH != 0
    }

    /// Size of the encoded frame in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let crc = if self.has_crc() { 4 } else { 0 };
        self.version
            .fixed_len(matches!(self.head, Head::Request { .. }))
            + self.class.len()
            + self.header.len()
            + self.content.len()
            + crc
    }
}

impl BoltVersion {
    /// Bytes before the class name.
    pub(super) fn fixed_len(self, request: bool) -> usize {
        let v2 = if self == Self::V1 { 0 } else { 2 };
        v2 + if request { 22 } else { 20 }
    }
}

impl Frame for BoltFrame {
    fn kind(&self) -> FrameKind {
        match (self.head, self.command) {
            (Head::Request { .. }, CommandCode::HEARTBEAT) => FrameKind::Heartbeat,
            (Head::Request { .. }, CommandCode::GOAWAY) => FrameKind::GoAway,
            (Head::Request { oneway: false, .. }, CommandCode::REQUEST) => FrameKind::Request,
            (Head::Request { oneway: true, .. }, CommandCode::REQUEST) => FrameKind::Oneway,
            (Head::Response { .. }, CommandCode::HEARTBEAT) => FrameKind::HeartbeatAck,
            (Head::Response { .. }, CommandCode::RESPONSE) => FrameKind::Response,
            _ => FrameKind::Unknown,
        }
    }

    fn id(&self) -> u64 {
        self.id.into()
    }

    fn set_id(&mut self, id: u64) {
        // The engine stays below `Correlation::ById::max`.
        self.id = id as u32;
    }

    fn timeout(&self) -> Option<Duration> {
        match self.head {
            Head::Request { timeout, .. } if timeout > 0 => {
                Some(Duration::from_millis(timeout.unsigned_abs().into()))
            }
            _ => None,
        }
    }

    fn encoded_len(&self) -> usize {
        self.encoded_len()
    }

    fn digest(&self) -> Option<u32> {
        super::encode::digest(self)
    }
}
