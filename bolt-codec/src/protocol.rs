use std::time::Duration;

use bytes::BytesMut;

use crate::{CodecError, EncodeBuf, Limits};

/// A protocol that an engine can run: frames, a decoder, an encoder, and how to send heartbeats and
/// refuse requests.
///
/// SOFABolt's own is [`Bolt`](crate::bolt::Bolt); a private protocol implements the same trait. The
/// tutorial in `bolt_remoting::tutorial` writes one step by step; most need what has no default here
/// and two or three of the rest.
///
/// One value serves any number of connections. What belongs to a single connection is made by
/// [`Protocol::open`].
///
/// ```
/// use bolt_codec::{
///     CodecError, Correlation, EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits,
///     Protocol, Role,
/// };
/// use bytes::{Buf, Bytes, BytesMut};
///
/// /// A line in, a line out, in order.
/// struct Line { text: Bytes, kind: FrameKind }
///
/// impl Frame for Line {
///     fn kind(&self) -> FrameKind { self.kind }
/// }
///
/// struct Lines { role: Role, max: usize }
///
/// impl FrameDecoder for Lines {
///     type Frame = Line;
///     fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Line>, CodecError> {
///         match src.iter().position(|&b| b == b'\n') {
///             Some(end) => {
///                 let text = src.split_to(end).freeze();
///                 src.advance(1);
///                 let kind = match self.role {
///                     Role::Client => FrameKind::Response,
///                     Role::Server => FrameKind::Request,
///                 };
///                 Ok(Some(Line { text, kind }))
///             }
///             None if src.len() > self.max => Err(CodecError::malformed("line too long")),
///             None => Ok(None),
///         }
///     }
/// }
///
/// impl FrameEncoder for Lines {
///     type Frame = Line;
///     fn encode(&mut self, line: Line, dst: &mut EncodeBuf) -> Result<(), CodecError> {
///         dst.put_bytes(line.text);
///         dst.put_slice(b"\n");
///         Ok(())
///     }
/// }
///
/// struct LineProtocol;
///
/// impl Protocol for LineProtocol {
///     type Frame = Line;
///     type Decoder = Lines;
///     type Encoder = Lines;
///     type Session = ();
///     const NAME: &'static str = "line";
///     const CORRELATION: Correlation = Correlation::InOrder;
///
///     fn open(&self, role: Role, limits: &Limits) -> (Lines, Lines, ()) {
///         let max = limits.max_frame;
///         (Lines { role, max }, Lines { role, max }, ())
///     }
/// }
/// ```
pub trait Protocol: Send + Sync + Sized + 'static {
    /// What travels.
    type Frame: Frame;
    /// Bytes to frames, one per connection.
    type Decoder: FrameDecoder<Frame = Self::Frame>;
    /// Frames to bytes, one per connection.
    type Encoder: FrameEncoder<Frame = Self::Frame>;
    /// What is known of one connection: `()` for most. The engine keeps it beside the connection
    /// and lends it to whoever makes frames for it.
    type Session: Send + Sync + 'static;

    /// A short name for logs and errors.
    const NAME: &'static str;

    /// How answers find their calls. By 64-bit id unless said otherwise.
    const CORRELATION: Correlation = Correlation::ById { max: u64::MAX };

    /// Makes decoder, encoder and session of a new connection.
    ///
    /// Decoder and encoder are driven from different places at the same time; what they have in
    /// common (a negotiated version, say) they share through a handle of the protocol's choice.
    fn open(&self, role: Role, limits: &Limits) -> (Self::Decoder, Self::Encoder, Self::Session);

    /// What this end sends first of all, unasked, as soon as a connection is made; nothing by
    /// default. Servers of SMTP and MySQL do so.
    ///
    /// On a port that several protocols share it goes out once the client's first bytes have been
    /// [recognized](Self::recognize): a client that waits for it there waits in vain.
    fn greeting(&self, role: Role, session: &Self::Session) -> Option<Self::Frame> {
        let _ = (role, session);
        None
    }

    /// Whether this end must have had the peer's greeting, a frame of kind [`FrameKind::Greeting`],
    /// before it may call. A client that waits for it does so as part of connecting: no call goes
    /// out earlier, and without a greeting the attempt fails. Not by default.
    fn awaits_greeting(&self, role: Role) -> bool {
        let _ = role;
        false
    }

    /// The peer's greeting has come: what is to be known of it is kept in the session.
    ///
    /// # Errors
    ///
    /// Any [`CodecError`] when this end can't go on with such a peer; the connection gets closed.
    fn greeted(&self, greeting: Self::Frame, session: &Self::Session) -> Result<(), CodecError> {
        let _ = (greeting, session);
        Ok(())
    }

    /// A heartbeat to send when nothing was received, or nothing was sent, for a while; `None` if the
    /// protocol has none. The engine sets its id. Its answer is of kind [`FrameKind::HeartbeatAck`] where answers have ids,
    /// and of either kind where they go in order. Whatever comes is a sign of life.
    fn heartbeat(&self, session: &Self::Session) -> Option<Self::Frame> {
        let _ = session;
        None
    }

    /// The answer to a heartbeat of the peer, with its id already set.
    fn heartbeat_ack(&self, beat: &Self::Frame) -> Option<Self::Frame> {
        let _ = beat;
        None
    }

    /// Asks the peer for no new requests; `None` if the protocol has no word for it. The engine sets
    /// its id. Sent once when a connection begins to drain, if the engine is
    /// configured to.
    fn go_away(&self, session: &Self::Session) -> Option<Self::Frame> {
        let _ = session;
        None
    }

    /// The answer to a request that the engine will not run, with its id already set; `None` if
    /// the protocol has no word for it, which leaves the peer to its timeout. At the caller it comes
    /// out of the call like any other answer. Oneway frames are dropped without asking for one.
    fn refuse(&self, request: &Self::Frame, why: Refusal) -> Option<Self::Frame> {
        let _ = (request, why);
        None
    }

    /// Whether a client's first bytes are of this protocol: asked where several protocols share a
    /// port, first with one byte or more, again as more of them come. By default it never is.
    ///
    /// `Yes` is final, and decides even if another protocol still hesitates. What gives `Unsure`
    /// must become certain within 64 bytes.
    fn recognize(&self, first_bytes: &[u8]) -> Recognition {
        let _ = first_bytes;
        Recognition::No
    }
}

/// What an engine asks a frame.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no frame: the engine can't ask it what it is for",
    label = "`bolt_codec::Frame` is not implemented for this type",
    note = "implement `Frame` for it: `kind` says whether it is a request, an answer, …; protocols \
            with ids need `id` and `set_id` too"
)]
pub trait Frame: Send + 'static {
    /// What the frame is for.
    fn kind(&self) -> FrameKind;

    /// The id that ties an answer to its request. Not asked of protocols that answer in order.
    fn id(&self) -> u64 {
        0
    }

    /// Gives a request, a heartbeat or an oneway frame its id before it is encoded.
    fn set_id(&mut self, id: u64) {
        let _ = id;
    }

    /// How long the sender of a request waits for its answer, if the frame says so. For handlers: the
    /// engine itself neither sets it nor drops a request because of it.
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// About how many bytes the frame takes when encoded, for back pressure. With the default of 0
    /// a frame is admitted whenever there is any room at all.
    fn encoded_len(&self) -> usize {
        0
    }

    /// Goes over large parts of the frame ahead of its encoding, and gives what is worth keeping of
    /// them, such as a checksum, to [`FrameEncoder::encode_digested`]. Called before the engine locks
    /// the connection, which encoding happens under. `None` by default: nothing takes long.
    fn digest(&self) -> Option<u32> {
        None
    }
}

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameKind {
    /// Wants exactly one answer.
    Request,
    /// Wants no answer.
    Oneway,
    /// Answers a request (or a heartbeat, where answers go in order).
    Response,
    /// Asks for a sign of life.
    Heartbeat,
    /// Answers a heartbeat.
    HeartbeatAck,
    /// What the peer says first, unasked; given to [`Protocol::greeted`].
    Greeting,
    /// The peer asks for no new requests on this connection; those in flight are still answered.
    GoAway,
    /// Well-formed but without meaning to us: counted and dropped, never answered.
    Unknown,
}

/// How answers find their calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Correlation {
    /// By [`Frame::id`]. Ids run from 1 to `max` and start over; one that is in flight is never
    /// given out again.
    ById {
        /// Largest id that fits the frame, such as `u32::MAX as u64`; 3 or more. Two less than that
        /// are the most calls in flight on a connection.
        max: u64,
    },
    /// Answers come in the order of the requests. A server's answers are held back until it is
    /// their turn.
    InOrder,
}

/// Which end of a connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that connected.
    Client,
    /// The end that accepted.
    Server,
}

/// Whether bytes are of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recognition {
    /// They are, or are no use to anybody else.
    Yes,
    /// They are not.
    No,
    /// More bytes are needed to tell.
    Unsure,
}

/// Why an engine will not run a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many requests are in flight already.
    Busy,
    /// This end is shutting down.
    ShuttingDown,
    /// Nobody here takes requests.
    NoHandler,
    /// The handler panicked.
    HandlerFailed,
}

/// Bytes to frames.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no decoder of frames",
    label = "`bolt_codec::FrameDecoder` is not implemented for this type",
    note = "implement `FrameDecoder` for it; one of `tokio_util::codec` is another trait, with the \
            same `decode`"
)]
pub trait FrameDecoder: Send + 'static {
    /// What comes out.
    type Frame;

    /// Takes one frame from the front of `src`, or leaves `src` as it is and returns `None` when
    /// more bytes are needed. Called again until it returns `None`, so a decoder may make several
    /// frames of one on the wire (answers to several calls, say) by giving them one after the other
    /// before it looks at `src` again.
    ///
    /// Implementations check announced lengths against the limits before they wait for the bytes,
    /// and never reserve memory for bytes that have not arrived: the engine grows `src`.
    ///
    /// # Errors
    ///
    /// Any [`CodecError`]: the stream is out of step and the connection gets closed.
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Self::Frame>, CodecError>;

    /// Whether the decoder keeps part of a frame to itself, taken from the front of `src` before the
    /// rest has arrived. Bytes left in `src` are seen without it. For the time limit of a begun
    /// frame; not so by default.
    fn is_mid_frame(&self) -> bool {
        false
    }

    /// Called once when the stream has ended and `decode` returned `None`.
    ///
    /// # Errors
    ///
    /// [`CodecError::Truncated`] by default when bytes of an unfinished frame are left in `src`.
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Self::Frame>, CodecError> {
        match src.len() {
            0 => Ok(None),
            buffered => Err(CodecError::Truncated { buffered }),
        }
    }
}

/// Frames to bytes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no encoder of frames",
    label = "`bolt_codec::FrameEncoder` is not implemented for this type",
    note = "implement `FrameEncoder` for it; one of `tokio_util::codec` is another trait, which writes \
            to a `BytesMut`"
)]
pub trait FrameEncoder: Send + 'static {
    /// What goes in.
    type Frame;

    /// Appends one frame to `dst`.
    ///
    /// # Errors
    ///
    /// Any [`CodecError`] when the frame can't be expressed. Whatever was appended for it is taken
    /// back by the caller, and the connection goes on.
    fn encode(&mut self, frame: Self::Frame, dst: &mut EncodeBuf) -> Result<(), CodecError>;

    /// As [`encode`](Self::encode), with what [`Frame::digest`] gave for this frame. Only its id may
    /// have changed since.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    fn encode_digested(
        &mut self,
        frame: Self::Frame,
        digest: Option<u32>,
        dst: &mut EncodeBuf,
    ) -> Result<(), CodecError> {
        let _ = digest;
        self.encode(frame, dst)
    }

    /// About how many bytes the frames take that were given to [`encode`](Self::encode) and are not
    /// in `dst` yet, because the encoder gathers them for one frame that carries them all. They
    /// count towards the limit of bytes that wait to be written. 0 by default: nothing is gathered.
    ///
    /// Only what waits at the same time is worth gathering: nobody waits for more.
    fn gathered(&self) -> usize {
        0
    }

    /// Appends what was gathered. Called before queued bytes are taken for writing if
    /// [`gathered`](Self::gathered) isn't 0, which it must be afterwards.
    ///
    /// # Errors
    ///
    /// Any [`CodecError`] when it can't be expressed. It is lost then, and since nobody can tell whose
    /// frames it was, the connection gets closed. What can go wrong with a single frame is better
    /// found out in [`encode`](Self::encode).
    fn write_gathered(&mut self, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        let _ = dst;
        Ok(())
    }
}
