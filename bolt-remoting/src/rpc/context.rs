use std::net::SocketAddr;
use std::time::Duration;

use bolt_codec::bolt::{BoltFrame, Head};
use bytes::Bytes;
use tokio::time::Instant;

use super::connection::RpcConnection;

/// Where a request came from and how long its caller waits. Java: `BizContext`.
#[derive(Clone, Debug)]
pub struct RequestContext {
    connection: RpcConnection,
    arrived: Instant,
    request_id: u32,
    timeout_millis: i32,
    class: Bytes,
    header: Bytes,
}

impl RequestContext {
    pub(super) fn new(connection: RpcConnection, arrived: Instant, frame: &BoltFrame) -> Self {
        Self {
            connection,
            arrived,
            request_id: frame.id,
            timeout_millis: match frame.head {
                Head::Request { timeout, .. } => timeout,
                Head::Response { .. } => -1,
            },
            class: frame.class.clone(),
            header: frame.header.clone(),
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

    /// When the whole request was there.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
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
}
