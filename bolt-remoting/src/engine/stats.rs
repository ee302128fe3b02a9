//! Numbers of one connection.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Numbers of one connection at one moment, for humans and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionStats {
    /// Own calls that have no outcome yet.
    pub calls_waiting: usize,
    /// Own calls ever begun.
    pub calls_started: u64,
    /// Requests of the peer that are being handled or whose answers wait for room.
    pub requests_in_flight: usize,
    /// Bytes that wait to be written.
    pub bytes_queued: usize,
    /// Bytes received from the transport.
    pub bytes_read: u64,
    /// Bytes given to the transport.
    pub bytes_written: u64,
    /// Answers that nobody waited for: after a timeout, repeated, or never asked for.
    pub late_answers: u64,
    /// Frames that were well-formed but without meaning to this end.
    pub unknown_frames: u64,
    /// Heartbeats that the peer has sent.
    pub heartbeats_received: u64,
    /// Heartbeats that this end has sent.
    pub heartbeats_sent: u64,
    /// Those that the peer has answered.
    pub heartbeats_acked: u64,
    /// Those in a row that have stayed without any sign of life, up to now. Too many end the
    /// connection; see [`HeartbeatConfig::max_misses`](crate::HeartbeatConfig::max_misses).
    pub heartbeats_missed: u32,
    /// Requests of the peer that were refused unhandled.
    pub requests_refused: u64,
}

/// What is counted outside of the lock.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) bytes_read: AtomicU64,
    pub(crate) bytes_written: AtomicU64,
    pub(crate) late_answers: AtomicU64,
    pub(crate) unknown_frames: AtomicU64,
    pub(crate) heartbeats_received: AtomicU64,
    pub(crate) heartbeats_sent: AtomicU64,
    pub(crate) heartbeats_acked: AtomicU64,
    pub(crate) heartbeats_missed: AtomicU32,
    pub(crate) requests_refused: AtomicU64,
}

/// Adds to a counter that nobody but the connection's task writes to.
pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed) + n, Ordering::Relaxed);
}

impl Counters {
    /// What is known without the lock.
    pub(crate) fn read(&self) -> ConnectionStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ConnectionStats {
            bytes_read: read(&self.bytes_read),
            bytes_written: read(&self.bytes_written),
            late_answers: read(&self.late_answers),
            unknown_frames: read(&self.unknown_frames),
            heartbeats_received: read(&self.heartbeats_received),
            heartbeats_sent: read(&self.heartbeats_sent),
            heartbeats_acked: read(&self.heartbeats_acked),
            heartbeats_missed: self.heartbeats_missed.load(Ordering::Relaxed),
            requests_refused: read(&self.requests_refused),
            ..ConnectionStats::default()
        }
    }
}
