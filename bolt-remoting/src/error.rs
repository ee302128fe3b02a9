//! What can go wrong with a call or a connection.
//!
//! ```
//! use bolt_remoting::{Error, ErrorKind};
//!
//! /// Whether trying again can't run the request twice.
//! fn safe_to_retry(error: &Error) -> bool {
//!     !error.was_sent() || error.kind() == ErrorKind::Busy
//! }
//! ```

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::{fmt, io};

use bolt_codec::CodecError;
use bolt_codec::bolt::ResponseStatus;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call or a connection failed. Cheap to clone: one failure can end many calls.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    peer: Option<SocketAddr>,
    request_id: Option<u64>,
    sent: bool,
    status: Option<ResponseStatus>,
    remote: Option<RemoteException>,
    close_reason: Option<CloseReason>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of failure, the same for every style of invocation.
///
/// The engine, and so the [`Client`](crate::Client) of a private protocol, has six of them:
/// [`InvalidAddress`](Self::InvalidAddress), [`Connect`](Self::Connect), [`Timeout`](Self::Timeout),
/// [`Closed`](Self::Closed), [`Overflow`](Self::Overflow) and [`Send`](Self::Send). The others are the
/// [`rpc`](crate::rpc) layer's, which looks into frames: to the engine an answer that says no is an answer.
/// ([`InvalidArgument`](Self::InvalidArgument) also comes of keys and certificates for TLS.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The address can't be parsed. Java: `IllegalArgumentException`.
    InvalidAddress,
    /// An argument makes no sense. Java: `IllegalArgumentException`.
    InvalidArgument,
    /// The server can't listen where it should. Java: `IllegalStateException`.
    Bind,
    /// No connection could be made. Java: `RemotingException`.
    Connect,
    /// The deadline passed. Java: `InvokeTimeoutException`.
    Timeout,
    /// The connection closed, or is closing; see [`Error::close_reason`]. Java:
    /// `ConnectionClosedException`.
    Closed,
    /// No room: too many bytes or calls are waiting already, and the caller asked not to wait.
    /// Java: `RemotingException`, "maybe write overflow".
    Overflow,
    /// The request can't be sent as a frame. Java: `InvokeSendFailedException`.
    Send,
    /// The request can't be serialized. Java: `SerializationException`, client side.
    Serialize,
    /// The answer can't be read. Java: `DeserializationException`, client side.
    Deserialize,
    /// The server has no room for the request. Java: `InvokeServerBusyException`.
    Busy,
    /// The handler failed, or nobody handles the request; see [`Error::remote`]. Java:
    /// `InvokeServerException`.
    ServerException,
    /// The server could not serialize its answer. Java: `SerializationException`, server side.
    ServerSerialize,
    /// The server could not read the request. Java: `DeserializationException`, server side.
    ServerDeserialize,
    /// The answer has another status; see [`Error::status`]. Java: `InvokeException`.
    Status,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// This end asked for it.
    Local,
    /// The peer closed its end.
    Peer,
    /// The peer's bytes are no frames.
    Codec(CodecError),
    /// Reading or writing failed.
    Io(io::ErrorKind),
    /// TLS ended it, and why: the peer refused this end's certificate, say. With the feature `tls`
    /// only.
    Tls(Arc<str>),
    /// Heartbeats stayed unanswered.
    HeartbeatTimeout,
    /// Nothing was received for the idle time.
    Idle,
    /// No first frame came in time.
    FirstFrameTimeout,
    /// A begun frame was not completed in time.
    FrameTimeout,
    /// The peer did not read what it was sent.
    WriteStalled,
    /// The peer asked to send no new requests here.
    GoAway,
    /// A request of the peer got no answer, and the protocol answers in order, so that all later
    /// answers would have reached the wrong calls.
    Unanswered,
}

impl CloseReason {
    /// That reading or writing failed.
    pub(crate) fn of_io(error: &io::Error) -> Self {
        #[cfg(feature = "tls")]
        if let Some(text) = crate::tls::failure(error) {
            return Self::Tls(text.into());
        }
        Self::Io(error.kind())
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("closed by this end"),
            Self::Peer => f.write_str("closed by the peer"),
            Self::Codec(error) => write!(f, "closed for bytes that are no frame: {error}"),
            Self::Io(kind) => write!(f, "broken: {kind}"),
            Self::Tls(text) => write!(f, "broken by TLS: {text}"),
            Self::HeartbeatTimeout => f.write_str("closed for unanswered heartbeats"),
            Self::Idle => f.write_str("closed for being idle"),
            Self::FirstFrameTimeout => f.write_str("closed for sending no first frame in time"),
            Self::FrameTimeout => f.write_str("closed for not completing a frame in time"),
            Self::WriteStalled => f.write_str("closed for not reading"),
            Self::GoAway => f.write_str("told to go away by the peer"),
            Self::Unanswered => f.write_str("closed for a request that got no answer in its turn"),
        }
    }
}

/// An exception that a Java peer (or one that speaks like it) sent instead of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteException {
    /// Fully qualified class name.
    pub class: String,
    /// Its message, if it has one.
    pub message: Option<String>,
    /// Stack trace, one frame a line as Java prints them, innermost first.
    pub stack: Vec<String>,
    /// What caused it.
    pub cause: Option<Box<RemoteException>>,
}

impl fmt::Display for RemoteException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.class),
            None => f.write_str(&self.class),
        }
    }
}

impl std::error::Error for RemoteException {}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            peer: None,
            request_id: None,
            sent: false,
            status: None,
            remote: None,
            close_reason: None,
            source: None,
        }))
    }

    pub(crate) fn closed(reason: CloseReason) -> Self {
        let error = Self::new(ErrorKind::Closed, format!("connection {reason}"));
        error.edit(|inner| inner.close_reason = Some(reason))
    }

    pub(crate) fn timeout() -> Self {
        Self::new(ErrorKind::Timeout, "no answer within the deadline")
    }

    pub(crate) fn of_status(
        kind: ErrorKind,
        status: ResponseStatus,
        remote: Option<RemoteException>,
    ) -> Self {
        let message = match &remote {
            Some(remote) => format!("peer answered {status}: {remote}"),
            None => format!("peer answered {status}"),
        };
        Self::new(kind, message).edit(|inner| {
            inner.status = Some(status);
            inner.remote = remote;
        })
    }

    /// A failure that is told as an exception.
    pub(crate) fn of_exception(exception: RemoteException) -> Self {
        Self::new(ErrorKind::ServerException, exception.to_string())
            .edit(|inner| inner.remote = Some(exception))
    }

    pub(crate) fn with_source(
        self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.edit(|inner| inner.source = Some(Arc::from(source.into())))
    }

    pub(crate) fn with_call(self, peer: Option<SocketAddr>, id: Option<u64>, sent: bool) -> Self {
        self.edit(|inner| {
            inner.peer = peer.or(inner.peer);
            inner.request_id = id.or(inner.request_id);
            inner.sent |= sent;
        })
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The peer's address, once a connection was chosen (and where the transport has addresses).
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.0.peer
    }

    /// The id that the request had on its connection.
    #[must_use]
    pub fn request_id(&self) -> Option<u64> {
        self.0.request_id
    }

    /// Whether the request may have left this process. `false` means that no peer has seen it, so
    /// that sending it again is safe. `true` means nothing more than that it was queued: the peer may
    /// have run it or not.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        self.0.sent
    }

    /// The status of the answer, when it is the answer that says the call failed.
    #[must_use]
    pub fn status(&self) -> Option<ResponseStatus> {
        self.0.status
    }

    /// The exception that the peer sent along, if it could be read.
    #[must_use]
    pub fn remote(&self) -> Option<&RemoteException> {
        self.0.remote.as_ref()
    }

    /// Why the connection closed, for errors of kind [`ErrorKind::Closed`].
    #[must_use]
    pub fn close_reason(&self) -> Option<&CloseReason> {
        self.0.close_reason.as_ref()
    }

    /// Simple name of the exception that Java SOFABolt throws in this situation.
    #[must_use]
    pub fn java_exception(&self) -> &'static str {
        match self.kind() {
            ErrorKind::InvalidAddress | ErrorKind::InvalidArgument => "IllegalArgumentException",
            ErrorKind::Bind => "IllegalStateException",
            ErrorKind::Connect | ErrorKind::Overflow => "RemotingException",
            ErrorKind::Timeout => "InvokeTimeoutException",
            ErrorKind::Closed => "ConnectionClosedException",
            ErrorKind::Send => "InvokeSendFailedException",
            ErrorKind::Serialize | ErrorKind::ServerSerialize => "SerializationException",
            ErrorKind::Deserialize | ErrorKind::ServerDeserialize => "DeserializationException",
            ErrorKind::Busy => "InvokeServerBusyException",
            ErrorKind::ServerException => "InvokeServerException",
            ErrorKind::Status if self.status() == Some(ResponseStatus::CODEC_EXCEPTION) => {
                "CodecException"
            }
            ErrorKind::Status => "InvokeException",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(id) = self.request_id() {
            write!(f, " (request {id})")?;
        }
        if let Some(peer) = self.peer() {
            write!(f, " (peer {peer})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("peer", &self.0.peer)
            .field("request_id", &self.0.request_id)
            .field("sent", &self.0.sent)
            .field("remote", &self.0.remote)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => self.remote().map(|remote| remote as _),
        }
    }
}

/// The kind says the same as far as there is a word for it; where connecting or binding failed, it is
/// that of the I/O error behind it, such as [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::InvalidAddress | ErrorKind::InvalidArgument => io::ErrorKind::InvalidInput,
            ErrorKind::Timeout => io::ErrorKind::TimedOut,
            ErrorKind::Closed => io::ErrorKind::NotConnected,
            ErrorKind::Connect | ErrorKind::Bind => io_kind(&error),
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// That of the first I/O error among the reasons.
fn io_kind(error: &Error) -> io::ErrorKind {
    let mut reasons = std::iter::successors(std::error::Error::source(error), |why| why.source());
    let found = reasons.find_map(|why| why.downcast_ref::<io::Error>());
    found.map_or(io::ErrorKind::Other, io::Error::kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io_kind_of(error: Error) -> io::ErrorKind {
        io::Error::from(error).kind()
    }

    #[test]
    fn as_an_io_error_it_keeps_the_kind_of_the_one_behind_it() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let connect = || Error::new(ErrorKind::Connect, "no");
        let direct = connect().with_source(refused());
        let deeper = connect().with_source(connect().with_source(refused()));
        for error in [direct, deeper] {
            assert_eq!(io_kind_of(error), io::ErrorKind::ConnectionRefused);
        }
        let bind = Error::new(ErrorKind::Bind, "no");
        let taken = bind.with_source(io::Error::from(io::ErrorKind::AddrInUse));
        assert_eq!(io_kind_of(taken), io::ErrorKind::AddrInUse);
        assert_eq!(io_kind_of(connect()), io::ErrorKind::Other);
        let late = Error::timeout().with_source(connect().with_source(refused()));
        assert_eq!(io_kind_of(late), io::ErrorKind::TimedOut);
    }
}
