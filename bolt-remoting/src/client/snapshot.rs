use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Address, Error};

/// How the connections of one address stand at one moment, for people and for metrics.
/// `to_string` makes a line of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolSnapshot {
    /// The address with its parameters.
    pub address: Arc<Address>,
    /// Connections that there are to be.
    pub wanted: usize,
    /// Connections that take calls.
    pub live: usize,
    /// Attempts to connect that are under way.
    pub dialing: usize,
    /// Calls that wait for a connection.
    pub callers: usize,
    /// Calls that wait for an answer.
    pub calls_waiting: usize,
    /// How long from now on nothing is dialed in the background, because attempts have failed or
    /// there were many.
    pub backing_off: Option<Duration>,
    /// Why the last attempt to connect failed; `None` after one that succeeded.
    pub last_error: Option<Error>,
}

impl fmt::Display for PoolSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            wanted,
            live,
            dialing,
            callers,
            calls_waiting,
            ..
        } = self;
        write!(
            f,
            "{address}: {live} of {wanted} connections, {dialing} dialing, {callers} calls wait \
             for a connection, {calls_waiting} for an answer"
        )?;
        if let Some(wait) = self.backing_off {
            write!(f, ", backing off for {wait:?}")?;
        }
        if let Some(error) = &self.last_error {
            write!(f, ", last error: {error}")?;
        }
        Ok(())
    }
}
