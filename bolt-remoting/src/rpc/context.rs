use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::{BoltFrame, Head};
use bytes::Bytes;
use tokio::time::Instant;

use super::connection::RpcConnection;
use crate::Extensions;

/// Frames with more content than this are large.
const LARGE: usize = 64 * 1024;

/// Class or header of a frame, to be kept. Of a large one it is a copy: a slice of what was received
/// would keep all of it.
pub(super) fn kept(part: &Bytes, frame: &BoltFrame) -> Bytes {
    if frame.content.len() > LARGE {
        return Bytes::copy_from_slice(part);
    }
    part.clone()
}

/// Where a request came from, how long its caller waits, and what interceptors have found out about
/// it. Java: `BizContext`.
#[derive(Clone, Debug)]
pub struct RequestContext {
    connection: RpcConnection,
    arrived: Instant,
    started: Instant,
    request_id: u32,
    timeout_millis: i32,
    oneway: bool,
    class: Bytes,
    header: Bytes,
    extensions: Extensions,
}

impl RequestContext {
    /// `known`: the name of the request's class as its handler has it, which may cost less to keep.
    pub(super) fn new(
        connection: RpcConnection,
        arrived: Instant,
        frame: &BoltFrame,
        known: Option<&Bytes>,
    ) -> Self {
        let (oneway, timeout_millis) = match frame.head {
            Head::Request { oneway, timeout } => (oneway, timeout),
            Head::Response { .. } => (false, -1),
        };
        let class = known.map_or_else(|| kept(&frame.class, frame), Bytes::clone);
        Self {
            header: kept(&frame.header, frame),
            connection,
            arrived,
            started: arrived,
            request_id: frame.id,
            timeout_millis,
            oneway,
            class,
            extensions: Extensions::default(),
        }
    }

    /// Its turn has come.
    pub(super) fn start(&mut self) {
        self.started = Instant::now();
    }

    /// Interceptors may have changed what the request carries.
    pub(super) fn carries(&mut self, class: &Bytes, header: &Bytes) {
        for (known, now) in [(&mut self.class, class), (&mut self.header, header)] {
            if known != now {
                *known = now.clone();
            }
        }
    }

    /// The connection that the request came on; calls on it go back to the caller (duplex).
    #[must_use]
    pub fn connection(&self) -> &RpcConnection {
        &self.connection
    }

    /// The caller's address, where the transport has addresses.
    #[must_use]
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.connection.peer_addr()
    }

    /// The address that the caller connected to, where the transport has addresses.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.connection.engine().local_addr()
    }

    /// The id that the caller gave the request.
    #[must_use]
    pub fn request_id(&self) -> u32 {
        self.request_id
    }

    /// The request's class name, as bytes of UTF-8.
    #[must_use]
    pub fn class(&self) -> &Bytes {
        &self.class
    }

    /// The request's header bytes.
    #[must_use]
    pub fn header(&self) -> &Bytes {
        &self.header
    }

    /// Whether the caller wants no answer.
    #[must_use]
    pub fn is_oneway(&self) -> bool {
        self.oneway
    }

    /// When the whole request was there. Java: `getArriveTimestamp`.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// How long the request waited for its turn before the handler began: zero if its
    /// [`Execution`](super::Execution) is no more than a call of the handler. Java: `BOLT_PROCESS_WAIT_TIME`.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.started.saturating_duration_since(self.arrived)
    }

    /// How long the caller said that it waits, from its sending; `None` if it has no deadline.
    #[must_use]
    pub fn client_timeout(&self) -> Option<Duration> {
        let millis = u64::try_from(self.timeout_millis)
            .ok()
            .filter(|&millis| millis > 0);
        millis.map(Duration::from_millis)
    }

    /// The request's timeout field as it came: milliseconds, none if zero or negative.
    #[must_use]
    pub fn timeout_millis(&self) -> i32 {
        self.timeout_millis
    }

    /// What is left of the caller's waiting time, not counting the way here; `None` if it has no
    /// deadline. What to give nested calls.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.client_timeout()
            .map(|timeout| timeout.saturating_sub(self.arrived.elapsed()))
    }

    /// Whether the caller has given up by now: its deadline has passed. Never true for oneway
    /// requests. Java: `isRequestTimeout`.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        !self.oneway && self.remaining().is_some_and(|left| left.is_zero())
    }

    /// What an interceptor has [`insert`](Self::insert)ed.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.extensions.get_shared()
    }

    /// Keeps `value` with the request, for whoever comes after: interceptors and the handler. Returns
    /// the one of the same type that was kept before.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<Arc<T>> {
        self.extensions.insert(value)
    }
}

#[cfg(test)]
mod tests {
    use bolt_codec::bolt::BoltVersion;

    use super::*;

    #[test]
    fn what_is_kept_of_a_large_frame_is_not_the_frame() {
        for (size, copied) in [(LARGE, false), (LARGE + 1, true)] {
            let received = Bytes::from(vec![7; 20 + size]);
            let frame = BoltFrame {
                class: received.slice(..10),
                header: received.slice(10..20),
                content: received.slice(20..),
                ..BoltFrame::go_away(BoltVersion::V1)
            };
            let (class, header) = (kept(&frame.class, &frame), kept(&frame.header, &frame));
            assert_eq!((&class, &header), (&frame.class, &frame.header));
            assert_eq!(class.as_ptr() != frame.class.as_ptr(), copied);
            assert_eq!(header.as_ptr() != frame.header.as_ptr(), copied);
        }
    }
}
