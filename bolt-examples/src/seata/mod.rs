//! The protocol of Seata, a coordinator of transactions across services, version 1: a client of a
//! real server that calls back, with frames that carry several messages.
//!
//! ```text
//! da da | version 1 | length of all (4) | length of head (2) | type | serializer | compressor | id (4)
//!       | head map | type code of the message (2) | its fields
//! ```
//!
//! | demand | how it is met |
//! |---|---|
//! | a magic of two bytes | the decoder; [`Protocol::recognize`] |
//! | ids of 32 bits, of each end for itself | [`Protocol::CORRELATION`] |
//! | nothing before the registration | [`ClientBuilder::prepare`](bolt_remoting::ClientBuilder::prepare) |
//! | the server calls the client: branches are committed and rolled back | a handler of the client |
//! | several requests in one frame, one frame that answers them | `gathered` and `write_gathered` of the encoder; a decoder that gives several messages |
//! | an answer to a oneway message | nothing: it is dropped |
//!
//! [`TransactionManager`] and [`ResourceManager`] are what applications use. Messages travel in Seata's
//! own serializer; bodies in another one, or compressed, are passed through as they are.
//!
//! ```no_run
//! use bolt_examples::seata::{Registration, TransactionManager};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let me = Registration::new("my-app", "my-group");
//! let transactions = TransactionManager::new("127.0.0.1:8091", me);
//! let xid = transactions.begin("buy a book", Duration::from_secs(30)).await?;
//! // … call services, which register their branches with the coordinator …
//! transactions.commit(&xid).await?;
//! # Ok(())
//! # }
//! ```

mod client;
mod codec;
mod merge;
mod message;
mod serializer;

use bolt_codec::{Correlation, Frame, FrameKind, Limits, Protocol, Recognition, Refusal, Role};
use bytes::Bytes;

pub use self::client::{
    Branch, Error, ResourceManager, Result, TransactionManager, connection_config,
};
pub use self::codec::{SeataDecoder, SeataEncoder};
pub use self::message::{
    BranchStatus, BranchType, End, GlobalStatus, Message, Outcome, Registered, Registration,
};

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// Wants an answer.
    Request,
    /// Is one.
    Response,
    /// Wants none, and may get one all the same.
    Oneway,
    /// Asks for a sign of life.
    Heartbeat,
    /// Gives one.
    HeartbeatAck,
}

/// What travels.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// What it is for.
    pub kind: PacketKind,
    /// Ties a response to its request.
    pub id: u32,
    /// The head map, as it is on the wire.
    pub head: Bytes,
    /// What it says.
    pub body: Body,
}

/// What a packet says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing: heartbeats.
    Empty,
    /// A message in Seata's serializer.
    Message(Message),
    /// A body that was written by another serializer, or compressed.
    Opaque {
        /// The serializer's number.
        serializer: u8,
        /// The compressor's.
        compressor: u8,
        /// The bytes.
        bytes: Bytes,
    },
}

impl Packet {
    fn new(kind: PacketKind, id: u32, body: Body) -> Self {
        Self {
            kind,
            id,
            head: Bytes::new(),
            body,
        }
    }

    /// A message that wants an answer.
    #[must_use]
    pub fn request(message: Message) -> Self {
        Self::new(PacketKind::Request, 0, Body::Message(message))
    }

    /// A message that wants none.
    #[must_use]
    pub fn oneway(message: Message) -> Self {
        Self::new(PacketKind::Oneway, 0, Body::Message(message))
    }

    /// The answer to this request.
    #[must_use]
    pub fn answer(&self, message: Message) -> Self {
        Self::new(PacketKind::Response, self.id, Body::Message(message))
    }

    /// The message in it, if it can be read.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match &self.body {
            Body::Message(message) => Some(message),
            _ => None,
        }
    }
}

impl Frame for Packet {
    fn kind(&self) -> FrameKind {
        match self.kind {
            PacketKind::Request => FrameKind::Request,
            PacketKind::Response => FrameKind::Response,
            PacketKind::Oneway => FrameKind::Oneway,
            PacketKind::Heartbeat => FrameKind::Heartbeat,
            PacketKind::HeartbeatAck => FrameKind::HeartbeatAck,
        }
    }

    fn id(&self) -> u64 {
        self.id.into()
    }

    fn set_id(&mut self, id: u64) {
        // Not above `MAX_ID`.
        self.id = id as u32;
    }

    fn encoded_len(&self) -> usize {
        let body = match &self.body {
            Body::Empty => 0,
            Body::Message(message) => message.encoded_len(),
            Body::Opaque { bytes, .. } => bytes.len(),
        };
        codec::HEAD + self.head.len() + body
    }
}

/// Ids of requests stay below those of [merged](merge) ones.
const MAX_ID: u32 = u32::MAX >> 2;

/// The protocol, both ends of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seata {
    merging: bool,
}

impl Seata {
    /// The protocol of an end that sends requests which wait at the same time in one frame, and so
    /// their answers if it is a server's.
    #[must_use]
    pub fn merging() -> Self {
        Self { merging: true }
    }
}

impl Protocol for Seata {
    type Frame = Packet;
    type Decoder = SeataDecoder;
    type Encoder = SeataEncoder;
    type Session = ();

    const NAME: &'static str = "seata";
    const CORRELATION: Correlation = Correlation::ById { max: MAX_ID as u64 };

    fn open(&self, role: Role, limits: &Limits) -> (SeataDecoder, SeataEncoder, ()) {
        let sent = merge::Sent::default();
        let gatherer = self
            .merging
            .then(|| merge::Gatherer::new(role, sent.clone()));
        (
            SeataDecoder::new(*limits, sent),
            SeataEncoder::new(*limits, gatherer),
            (),
        )
    }

    fn heartbeat(&self, (): &()) -> Option<Packet> {
        Some(Packet::new(PacketKind::Heartbeat, 0, Body::Empty))
    }

    fn heartbeat_ack(&self, beat: &Packet) -> Option<Packet> {
        Some(Packet::new(PacketKind::HeartbeatAck, beat.id, Body::Empty))
    }

    fn refuse(&self, request: &Packet, why: Refusal) -> Option<Packet> {
        let refusal = request.message()?.refusal(&format!("{why:?}"))?;
        Some(request.answer(refusal))
    }

    fn recognize(&self, first_bytes: &[u8]) -> Recognition {
        match first_bytes {
            [0xda, 0xda, 1, ..] => Recognition::Yes,
            [0xda] | [0xda, 0xda] => Recognition::Unsure,
            _ => Recognition::No,
        }
    }
}
