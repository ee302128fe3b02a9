use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::failure::{HandlerError, HandlerResult};

/// Answers one request, now or later, from anywhere. Java: `AsyncContext`.
///
/// Clones answer the same request; the first answer counts. When all are dropped without one the
/// caller gets none and runs into its timeout, as in Java.
///
/// ```
/// # #[cfg(feature = "hessian")] {
/// use bolt_remoting::rpc::{Processors, Responder};
///
/// let processors = Processors::new().handle_later(|_cx, text: String, responder: Responder<String>| {
///     std::thread::spawn(move || {
///         // The caller may be gone by now: that is no error.
///         let _ = responder.answer(text.to_uppercase());
///     });
///     Ok(())
/// });
/// # }
/// ```
pub struct Responder<T>(Arc<Mutex<Option<oneshot::Sender<HandlerResult<T>>>>>);

/// The request has been answered already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyAnswered;

impl fmt::Display for AlreadyAnswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request has been answered already")
    }
}

impl std::error::Error for AlreadyAnswered {}

impl<T> Responder<T> {
    pub(super) fn new() -> (Self, oneshot::Receiver<HandlerResult<T>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    /// Answers with `response`. That it reaches the caller nobody promises: the connection may
    /// have closed.
    ///
    /// # Errors
    ///
    /// [`AlreadyAnswered`] for the second answer to a request. Java: `IllegalStateException`.
    pub fn answer(&self, response: T) -> Result<(), AlreadyAnswered> {
        self.give(Ok(response))
    }

    /// Answers that the request failed. Java: `sendException`.
    ///
    /// # Errors
    ///
    /// [`AlreadyAnswered`] for the second answer to a request.
    pub fn fail(&self, error: HandlerError) -> Result<(), AlreadyAnswered> {
        self.give(Err(error.given_later()))
    }

    fn give(&self, result: HandlerResult<T>) -> Result<(), AlreadyAnswered> {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Nobody waits any more when the connection has closed.
        sender
            .map(|sender| drop(sender.send(result)))
            .ok_or(AlreadyAnswered)
    }
}

impl<T> Clone for Responder<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Responder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").finish_non_exhaustive()
    }
}
