use std::fmt;

use super::exception::ServiceException;

/// Why a call of a service gave no result.
#[derive(Clone, Debug)]
pub enum SofaError {
    /// The method threw this. Java: the exception itself.
    Thrown(ServiceException),
    /// The other side could not run the method, and says why: no such service or method, say. Over
    /// protobuf, which has no room for an exception, what the method threw is told like this too.
    /// Java: `SofaRpcException`.
    Refused(String),
    /// The call failed on its way: no connection, deadline passed, no room, bytes that can't be
    /// read on either side. Java: `SofaTimeOutException` and others.
    Call(bolt_remoting::Error),
}

impl SofaError {
    /// What the method threw, if that is the reason.
    #[must_use]
    pub fn thrown(&self) -> Option<&ServiceException> {
        match self {
            Self::Thrown(exception) => Some(exception),
            _ => None,
        }
    }
}

impl fmt::Display for SofaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thrown(exception) => exception.fmt(f),
            Self::Refused(text) => f.write_str(text),
            Self::Call(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SofaError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => error.source(),
            _ => None,
        }
    }
}

impl From<bolt_remoting::Error> for SofaError {
    fn from(error: bolt_remoting::Error) -> Self {
        Self::Call(error)
    }
}
