//! A connection of a pool, and what has been noticed of it.

use bolt_codec::Protocol;
use tokio::time::Instant;

use crate::Connection;

pub(crate) struct Member<P: Protocol> {
    pub(super) connection: Connection<P>,
    pub(super) since: Instant,
    /// When it is to be replaced.
    pub(super) until: Option<Instant>,
    /// Calls that had been begun on it when it came here, by who prepared it.
    calls_before: u64,
    /// The same when somebody looked last.
    calls_seen: u64,
}

impl<P: Protocol> Member<P> {
    pub(super) fn new(connection: Connection<P>, until: Option<Instant>) -> Self {
        let calls = connection.stats().calls_started;
        Self {
            connection,
            since: Instant::now(),
            until,
            calls_before: calls,
            calls_seen: calls,
        }
    }

    /// Whether somebody could call on it and heard something: a peer may greet all and close.
    pub(super) fn was_of_use(&self) -> bool {
        let stats = self.connection.stats();
        stats.bytes_read > 0 && stats.calls_started > self.calls_before
    }

    /// Whether calls were begun on it since the last look, also by those who keep connections.
    pub(super) fn has_new_calls(&mut self) -> bool {
        let started = self.connection.stats().calls_started;
        std::mem::replace(&mut self.calls_seen, started) != started
    }

    /// Whether it has calls or requests under way.
    pub(super) fn is_busy(&self) -> bool {
        let stats = self.connection.stats();
        stats.calls_waiting + stats.requests_in_flight > 0
    }
}
