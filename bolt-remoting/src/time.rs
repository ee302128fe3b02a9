//! Times that users may choose freely.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than anything waits, and short enough to be added to any time.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// `base + duration`, for durations of any size.
pub(crate) fn after(base: Instant, duration: Duration) -> Instant {
    base + duration.min(FOREVER)
}

/// The time `timeout` from now.
pub(crate) fn deadline(timeout: Duration) -> Instant {
    after(Instant::now(), timeout)
}
