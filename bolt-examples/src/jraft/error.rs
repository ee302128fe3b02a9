use std::fmt;

use super::messages::ErrorResponse;
use super::peer_id::BadPeerId;

/// Why a call of a group gave no answer.
#[derive(Clone, Debug)]
pub enum JRaftError {
    /// The node answered that it can't.
    Raft(RaftError),
    /// The call failed on its way: no connection, deadline passed, bytes that can't be read.
    Call(bolt_remoting::Error),
    /// The answer names a node by something that is no peer id.
    BadPeerId(BadPeerId),
    /// Nobody named a leader in time. What the last node that was asked said, if any did.
    NoLeader(Option<Box<JRaftError>>),
}

/// What an [`ErrorResponse`] says. Java: `Status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaftError {
    /// What kind of failure it is.
    pub code: RaftCode,
    /// For the reader; may be empty.
    pub message: String,
}

/// A kind of failure. Java: `com.alipay.sofa.jraft.error.RaftError`. Codes without a name here occur
/// too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RaftCode(pub i32);

impl RaftCode {
    /// None at all.
    pub const SUCCESS: Self = Self(0);
    /// Not now: no leader is known, say. `EAGAIN`.
    pub const TRY_AGAIN: Self = Self(1002);
    /// Something went wrong in the node. `EINTERNAL`.
    pub const INTERNAL: Self = Self(1004);
    /// The node is not the leader. `EPERM`.
    pub const NOT_LEADER: Self = Self(1008);
    /// Too much to do, or a change of the group is under way. `EBUSY`.
    pub const BUSY: Self = Self(1009);
    /// A node did not answer another one. `ETIMEDOUT`.
    pub const TIMED_OUT: Self = Self(1010);
    /// No such group or node. `ENOENT`.
    pub const NOT_FOUND: Self = Self(1012);
    /// A request that makes no sense. `EINVAL`.
    pub const INVALID: Self = Self(1015);
}

impl fmt::Display for RaftCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::SUCCESS => "success",
            Self::TRY_AGAIN => "try again",
            Self::INTERNAL => "internal error",
            Self::NOT_LEADER => "not the leader",
            Self::BUSY => "busy",
            Self::TIMED_OUT => "timed out",
            Self::NOT_FOUND => "not found",
            Self::INVALID => "invalid",
            Self(code) => return write!(f, "error {code}"),
        };
        f.write_str(name)
    }
}

impl From<ErrorResponse> for RaftError {
    fn from(response: ErrorResponse) -> Self {
        Self {
            code: RaftCode(response.error_code),
            message: response.error_msg.unwrap_or_default(),
        }
    }
}

impl fmt::Display for RaftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for RaftError {}

impl JRaftError {
    /// The code, if a node has answered with one.
    #[must_use]
    pub fn code(&self) -> Option<RaftCode> {
        match self {
            Self::Raft(error) => Some(error.code),
            _ => None,
        }
    }

    /// Whether nothing has been done for the request, so that another node may be asked: it was not
    /// sent, or went to a node that is not the leader or knows of none.
    #[must_use]
    pub fn may_be_repeated(&self) -> bool {
        match self {
            Self::Raft(error) => matches!(error.code, RaftCode::NOT_LEADER | RaftCode::TRY_AGAIN),
            Self::Call(error) => !error.was_sent(),
            Self::BadPeerId(_) => false,
            Self::NoLeader(_) => true,
        }
    }
}

impl fmt::Display for JRaftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raft(error) => error.fmt(f),
            Self::Call(error) => error.fmt(f),
            Self::BadPeerId(error) => error.fmt(f),
            Self::NoLeader(None) => f.write_str("no leader was found in time"),
            Self::NoLeader(Some(last)) => write!(f, "no leader was found in time: {last}"),
        }
    }
}

impl std::error::Error for JRaftError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Raft(_) | Self::BadPeerId(_) | Self::NoLeader(None) => None,
            Self::Call(error) => error.source(),
            Self::NoLeader(Some(last)) => last.source(),
        }
    }
}

impl From<bolt_remoting::Error> for JRaftError {
    fn from(error: bolt_remoting::Error) -> Self {
        Self::Call(error)
    }
}

impl From<BadPeerId> for JRaftError {
    fn from(error: BadPeerId) -> Self {
        Self::BadPeerId(error)
    }
}
