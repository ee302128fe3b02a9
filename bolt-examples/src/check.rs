//! Assertions of scenarios, with texts that name what was seen.
//!
//! ```
//! use bolt_examples::check;
//!
//! assert!(check::equal("sum", 4, 2 + 2).is_ok());
//! let failure = check::equal("sum", 4, 5).unwrap_err();
//! assert!(failure.to_string().starts_with("sum: expected 4 but was 5"));
//! ```

use std::fmt::{self, Debug};
use std::future::Future;
use std::time::Duration;

use bolt_remoting::{Error, ErrorKind};
use tokio::time::Instant;

/// What a scenario ends with: a detail for the reader, or what was wrong.
pub type Outcome<T = String> = Result<T, Failure>;

/// A check that did not hold.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// With a text for the reader.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        let place = std::panic::Location::caller();
        Self(format!("unexpected {error:?}: {error} ({place})"))
    }
}

/// `holds` must be true.
///
/// # Errors
///
/// `otherwise`, and where this stands.
#[track_caller]
pub fn that(holds: bool, otherwise: impl Into<String>) -> Outcome<()> {
    if holds {
        return Ok(());
    }
    let place = std::panic::Location::caller();
    Err(Failure(format!("{} ({place})", otherwise.into())))
}

/// The two must be equal.
///
/// # Errors
///
/// `what` differs and how.
#[track_caller]
pub fn equal<A: PartialEq<B> + Debug, B: Debug>(what: &str, expected: A, actual: B) -> Outcome<()> {
    if expected == actual {
        return Ok(());
    }
    let (expected, actual) = (show(&expected), show(&actual));
    that(
        false,
        format!("{what}: expected {expected} but was {actual}"),
    )
}

/// The call must have failed, in this way.
///
/// # Errors
///
/// What it did instead.
#[track_caller]
pub fn fails<T: Debug>(kind: ErrorKind, outcome: Result<T, Error>) -> Outcome<Error> {
    let place = std::panic::Location::caller();
    match outcome {
        Err(error) if error.kind() == kind => Ok(error),
        other => Err(Failure(format!(
            "expected {kind:?} but was {} ({place})",
            show(&other)
        ))),
    }
}

/// A server exception whose text begins so.
///
/// # Errors
///
/// What it was instead.
#[track_caller]
pub fn server_error<T: Debug>(start: &str, outcome: Result<T, Error>) -> Outcome<()> {
    let error = fails(ErrorKind::ServerException, outcome)?;
    let place = std::panic::Location::caller();
    let Some(remote) = error.remote() else {
        return Err(Failure(format!("no exception in {error:?} ({place})")));
    };
    let class = "com.alipay.remoting.rpc.exception.RpcServerException";
    equal("class of the exception", class, remote.class.as_str())?;
    let message = remote.message.as_deref().unwrap_or("(none)");
    that(
        message.starts_with(start),
        format!("expected a message that begins with `{start}` but was `{message}`"),
    )
}

/// Asks again until the value is as expected.
///
/// # Errors
///
/// The value that was seen last, if it was not `within` this time; what asking failed with.
///
/// # Cancel safety
///
/// Dropping the future ends the asking.
pub async fn eventually<T, Fut>(
    what: &str,
    expected: T,
    within: Duration,
    mut actual: impl FnMut() -> Fut,
) -> Outcome<()>
where
    T: PartialEq + Debug,
    Fut: Future<Output = Outcome<T>>,
{
    let deadline = Instant::now() + within;
    loop {
        let seen = actual().await?;
        if seen == expected || Instant::now() > deadline {
            return equal(&format!("{what} after {within:?}"), expected, seen);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Big values are cut.
fn show(value: &impl Debug) -> String {
    const MOST: usize = 300;
    let text = format!("{value:?}");
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
