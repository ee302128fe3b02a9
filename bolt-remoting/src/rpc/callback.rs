use std::panic::AssertUnwindSafe;

use crate::{CloseReason, Error, Result};

/// Takes the outcome of a call. Java: `InvokeCallback`.
///
/// Every closure that takes a [`Result`] is one; implement it to have the two outcomes apart.
///
/// ```
/// use bolt_remoting::rpc::Callback;
/// use bolt_remoting::Error;
///
/// struct Print;
///
/// impl Callback<String> for Print {
///     fn on_response(self, response: String) {
///         println!("{response}");
///     }
///     fn on_error(self, error: Error) {
///         eprintln!("{error}");
///     }
/// }
/// ```
pub trait Callback<T>: Send + 'static {
    /// The call was answered. Java: `onResponse`.
    fn on_response(self, response: T);

    /// The call has failed, in whatever way. Java: `onException`.
    fn on_error(self, error: Error);
}

impl<T, F: FnOnce(Result<T>) + Send + 'static> Callback<T> for F {
    fn on_response(self, response: T) {
        self(Ok(response));
    }

    fn on_error(self, error: Error) {
        self(Err(error));
    }
}

/// Sees to it that a callback is called once, whatever becomes of the task that was to call it.
pub(super) struct Once<T, C: Callback<T>> {
    callback: Option<C>,
    outcome: std::marker::PhantomData<fn(T)>,
}

impl<T, C: Callback<T>> Once<T, C> {
    pub(super) fn new(callback: C) -> Self {
        Self {
            callback: Some(callback),
            outcome: std::marker::PhantomData,
        }
    }

    pub(super) fn call(mut self, outcome: Result<T>) {
        self.call_once(outcome);
    }

    fn call_once(&mut self, outcome: Result<T>) {
        let Some(callback) = self.callback.take() else {
            return;
        };
        let called = AssertUnwindSafe(|| match outcome {
            Ok(response) => callback.on_response(response),
            Err(error) => callback.on_error(error),
        });
        if std::panic::catch_unwind(called).is_err() {
            tracing::error!("a callback panicked");
        }
    }
}

impl<T, C: Callback<T>> Drop for Once<T, C> {
    /// The runtime has been shut down before the call ended.
    fn drop(&mut self) {
        self.call_once(Err(Error::closed(CloseReason::Local)));
    }
}
