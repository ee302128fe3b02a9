use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use bolt_codec::bolt::{BoltFrame, ResponseStatus};

use super::body::Body;
use crate::{Error, ErrorKind, RemoteException};

/// What a handler returns.
pub type HandlerResult<T> = Result<T, HandlerError>;

/// Why a handler could not answer; the caller gets it as a Java exception inside
/// `RpcServerException`.
///
/// Any error becomes one with `?`, as a `java.lang.RuntimeException`; [`HandlerError::new`] names
/// the class.
///
/// ```
/// use bolt_remoting::rpc::{HandlerError, HandlerResult};
///
/// fn parse(text: &str) -> HandlerResult<u16> {
///     if text.is_empty() {
///         return Err(HandlerError::new("java.lang.IllegalArgumentException", "nothing given"));
///     }
///     Ok(text.parse()?)
/// }
/// assert!(parse("x").unwrap_err().to_string().starts_with("java.lang.RuntimeException: "));
/// ```
pub struct HandlerError(Cause);

enum Cause {
    Exception {
        class: Cow<'static, str>,
        message: Option<String>,
        location: &'static Location<'static>,
        /// Given to a [`Responder`](super::Responder) rather than returned.
        later: bool,
    },
    Busy,
    NoAnswer,
}

impl HandlerError {
    /// An exception of the given Java class.
    #[track_caller]
    #[must_use]
    pub fn new(class: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::exception(class.into(), Some(message.into()))
    }

    /// An exception of the given Java class that has no message.
    #[track_caller]
    #[must_use]
    pub fn without_message(class: impl Into<Cow<'static, str>>) -> Self {
        Self::exception(class.into(), None)
    }

    #[track_caller]
    fn exception(class: Cow<'static, str>, message: Option<String>) -> Self {
        let location = Location::caller();
        Self(Cause::Exception {
            class,
            message,
            location,
            later: false,
        })
    }

    /// Refuses the request for lack of room: the caller sees SERVER_THREADPOOL_BUSY, without a
    /// body. Java: a `RejectedExecutionException`.
    #[must_use]
    pub fn busy() -> Self {
        Self(Cause::Busy)
    }

    /// Ends the request without any answer: for callers that have given up by now. A two-way caller
    /// that has not runs into its timeout.
    #[must_use]
    pub fn no_answer() -> Self {
        Self(Cause::NoAnswer)
    }

    /// The same, given to a responder after the handler has returned.
    pub(super) fn given_later(mut self) -> Self {
        if let Cause::Exception { later, .. } = &mut self.0 {
            *later = true;
        }
        self
    }

    /// For a handler that panicked: its text goes to the log, not to the peer.
    pub(super) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        tracing::error!(text = text.unwrap_or("(no text)"), "a handler panicked");
        Self::new("java.lang.IllegalStateException", "the handler panicked")
    }
}

impl<E: std::error::Error> From<E> for HandlerError {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::new("java.lang.RuntimeException", error.to_string())
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Exception { class, message, .. } => {
                write!(f, "{class}: {}", message.as_deref().unwrap_or("null"))
            }
            Cause::Busy => f.write_str("no room for the request"),
            Cause::NoAnswer => f.write_str("the request gets no answer"),
        }
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Exception { location, .. } => write!(f, "HandlerError({self} at {location})"),
            _ => write!(f, "HandlerError({self})"),
        }
    }
}

/// For interceptors, which have to give an [`Error`].
impl From<HandlerError> for Error {
    fn from(error: HandlerError) -> Self {
        match error.0 {
            Cause::Exception { class, message, .. } => {
                let exception = RemoteException {
                    class: class.into_owned(),
                    message,
                    ..RemoteException::default()
                };
                Error::of_exception(exception)
            }
            Cause::Busy => Error::new(ErrorKind::Busy, "no room for the request"),
            Cause::NoAnswer => Error::timeout().with_source(NoAnswer),
        }
    }
}

/// The source of an error that is to be answered with nothing.
#[derive(Debug)]
struct NoAnswer;

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request gets no answer")
    }
}

impl std::error::Error for NoAnswer {}

pub(super) fn is_no_answer(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<NoAnswer>())
}

/// How much of a failure a server tells its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorDetails {
    /// Exception class, message and where it was made (file name and line), as Java does.
    #[default]
    Full,
    /// Exception class and message.
    WithoutStack,
    /// The status only.
    StatusOnly,
}

/// How exceptions stand in error answers.
#[derive(Clone, Copy)]
pub(super) struct ErrorBodies {
    /// As in all else that this client or server says.
    #[cfg(feature = "hessian")]
    pub(super) dialect: bolt_hessian::Dialect,
}

#[cfg(feature = "hessian")]
impl ErrorBodies {
    fn options(self) -> bolt_hessian::Options {
        bolt_hessian::Options::new().dialect(self.dialect)
    }
}

/// A request that gets no result.
pub(super) struct Failure {
    pub(super) status: ResponseStatus,
    text: String,
    location: &'static Location<'static>,
}

impl Failure {
    #[track_caller]
    pub(super) fn no_processor(class: &str) -> Self {
        let text = format!("No user processor found for request: {class}");
        Self {
            status: ResponseStatus::SERVER_EXCEPTION,
            text,
            location: Location::caller(),
        }
    }

    /// `None` where there is to be no answer at all.
    pub(super) fn of_handler(error: &HandlerError, id: u32) -> Option<Self> {
        let (location, later) = match &error.0 {
            Cause::Exception {
                location, later, ..
            } => (*location, *later),
            Cause::Busy => return Some(Self::bare(ResponseStatus::SERVER_THREADPOOL_BUSY)),
            Cause::NoAnswer => return None,
        };
        let additional = if later {
            "null".into()
        } else {
            format!("the handler failed, id={id}")
        };
        Some(Self {
            status: ResponseStatus::SERVER_EXCEPTION,
            text: format!("[Server]OriginErrorMsg: {error}. AdditionalErrorMsg: {additional}"),
            location,
        })
    }

    /// What an interceptor, or what it called, has failed with.
    #[track_caller]
    pub(super) fn of_error(error: &Error) -> Self {
        let origin = match error.remote() {
            _ if error.kind() == ErrorKind::Busy => {
                return Self::bare(ResponseStatus::SERVER_THREADPOOL_BUSY);
            }
            Some(exception) => exception.to_string(),
            None => format!("java.lang.RuntimeException: {error}"),
        };
        Self {
            status: ResponseStatus::SERVER_EXCEPTION,
            text: format!("[Server]OriginErrorMsg: {origin}. AdditionalErrorMsg: null"),
            location: Location::caller(),
        }
    }

    /// The deadline passed before the request was run.
    #[track_caller]
    pub(super) fn expired() -> Self {
        Self::bare(ResponseStatus::TIMEOUT)
    }

    #[track_caller]
    pub(super) fn no_runtime() -> Self {
        Self {
            status: ResponseStatus::SERVER_EXCEPTION,
            text: "[Server]OriginErrorMsg: java.lang.IllegalStateException: the runtime of the \
                   handler has been shut down. AdditionalErrorMsg: null"
                .into(),
            location: Location::caller(),
        }
    }

    /// A status that says all.
    #[track_caller]
    fn bare(status: ResponseStatus) -> Self {
        Self {
            status,
            text: String::new(),
            location: Location::caller(),
        }
    }

    #[track_caller]
    pub(super) fn deserialize(why: &dyn fmt::Display, id: u32) -> Self {
        Self::serializer(
            ResponseStatus::SERVER_DESERIAL_EXCEPTION,
            "DeserializationException",
            why,
            &format!("the request can't be read, id={id}"),
        )
    }

    #[track_caller]
    pub(super) fn serialize(why: &dyn fmt::Display, id: u32) -> Self {
        Self::serializer(
            ResponseStatus::SERVER_SERIAL_EXCEPTION,
            "SerializationException",
            why,
            &format!("the answer can't be written, id={id}"),
        )
    }

    #[track_caller]
    fn serializer(
        status: ResponseStatus,
        class: &str,
        why: &dyn fmt::Display,
        additional: &str,
    ) -> Self {
        let text = format!(
            "[Server]OriginErrorMsg: com.alipay.remoting.exception.{class}: {why}. \
             AdditionalErrorMsg: {additional}"
        );
        Self {
            status,
            text,
            location: Location::caller(),
        }
    }

    /// The answer, with the exception as its body where Hessian is there and `details` are wanted.
    pub(super) fn into_frame(
        self,
        mut answer: BoltFrame,
        details: ErrorDetails,
        bodies: ErrorBodies,
    ) -> BoltFrame {
        answer.head = bolt_codec::bolt::Head::Response {
            status: self.status,
        };
        if details != ErrorDetails::StatusOnly && !self.text.is_empty() {
            self.fill(&mut answer, details == ErrorDetails::Full, bodies);
        }
        answer
    }

    #[cfg(feature = "hessian")]
    fn fill(self, answer: &mut BoltFrame, with_stack: bool, bodies: ErrorBodies) {
        const CLASS: &str = "com.alipay.remoting.rpc.exception.RpcServerException";
        let mut exception = bolt_hessian::JavaException::new(CLASS, self.text);
        let place = bolt_hessian::StackFrame {
            class_name: "rust".into(),
            method: "handler".into(),
            file: Some(file_name(self.location.file()).into()),
            line: self.location.line().try_into().unwrap_or(-1),
        };
        exception.stack_trace = with_stack.then_some(place).into_iter().collect();
        match bolt_hessian::to_vec_with(&exception, bodies.options()) {
            Ok(content) => {
                answer.class = CLASS.into();
                answer.content = content.into();
            }
            Err(error) => tracing::error!(%error, "an error's body can't be written"),
        }
    }

    #[cfg(not(feature = "hessian"))]
    fn fill(self, _answer: &mut BoltFrame, _with_stack: bool, _bodies: ErrorBodies) {
        tracing::debug!(text = self.text, at = %self.location, "a request failed");
    }
}

/// Without its folders, as in Java's stack traces: where this was built is nobody's business.
#[cfg(feature = "hessian")]
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What a caller is told when the answer says that the call failed.
pub(super) fn error_of(status: ResponseStatus, answer: &Body, bodies: ErrorBodies) -> Error {
    let kind = match status {
        ResponseStatus::SERVER_EXCEPTION => ErrorKind::ServerException,
        ResponseStatus::SERVER_THREADPOOL_BUSY => ErrorKind::Busy,
        ResponseStatus::TIMEOUT => ErrorKind::Timeout,
        ResponseStatus::CLIENT_SEND_ERROR => ErrorKind::Send,
        ResponseStatus::CONNECTION_CLOSED => ErrorKind::Closed,
        ResponseStatus::SERVER_SERIAL_EXCEPTION => ErrorKind::ServerSerialize,
        ResponseStatus::SERVER_DESERIAL_EXCEPTION => ErrorKind::ServerDeserialize,
        _ => ErrorKind::Status,
    };
    Error::of_status(kind, status, remote_exception(answer, bodies))
}

/// The exception in an answer, if one can be read: peers differ in what they send.
#[cfg(feature = "hessian")]
fn remote_exception(answer: &Body, bodies: ErrorBodies) -> Option<RemoteException> {
    if answer.content.is_empty() {
        return None;
    }
    let exception = bolt_hessian::from_bytes_with(&answer.content, bodies.options());
    exception.ok().map(from_java)
}

#[cfg(feature = "hessian")]
fn from_java(exception: bolt_hessian::JavaException) -> RemoteException {
    RemoteException {
        class: exception.class_name,
        message: exception.message,
        stack: exception
            .stack_trace
            .iter()
            .map(ToString::to_string)
            .collect(),
        cause: exception.cause.map(|cause| Box::new(from_java(*cause))),
    }
}

#[cfg(not(feature = "hessian"))]
fn remote_exception(_answer: &Body, _bodies: ErrorBodies) -> Option<RemoteException> {
    None
}
