//! How connections behave: limits, heartbeats, deadlines of the transport. Per instance, never
//! global.
//!
//! | setting | client | server | Java |
//! |---|---|---|---|
//! | largest frame | 64 MiB | 64 MiB | none |
//! | calls in flight per connection, each direction | 65,536 | 65,536 | none |
//! | outbox | 4 MiB | 4 MiB | 64 KiB, then calls fail |
//! | answers that wait for the outbox | 256 MiB | 256 MiB | none |
//! | requests being handled, in bytes | 256 MiB | 256 MiB | none |
//! | heartbeat interval, ack timeout, misses | 15 s, 1 s, 3 | off | client only: 15 s, 1 s, 3 |
//! | closed when nothing was received for | never | 90 s | server: 90 s |
//! | first frame within | – | 20 s | never |
//! | a begun frame complete within | 30 s | 30 s | never |
//! | no progress in writing for | 30 s | 30 s | never |
//! | running requests of a peer that closed its end | 1 s | 1 s | 0 |
//! | GOAWAY when a drain begins | off | off | never |
//!
//! Limits and times of whole clients and servers are set on their builders:
//!
//! | setting | default | Java |
//! |---|---|---|
//! | connections of a server | 10,000 | none |
//! | requests being handled on all of them | 1,048,576 | 400 threads and a queue of 600, per process |
//! | listen backlog | 1,024 | 1,024 |
//! | TLS handshake of a server | within the time of the first frame; 20 s if that has none | none |
//! | a shared port: undecided connections, time to decide, bytes looked at | 1,024, 20 s, 64 | – |
//! | connecting, TLS handshake included | 1 s | 1 s, without the handshake |
//! | a call | 3 s | none |
//!
//! [`SocketOptions`](crate::SocketOptions) and [`PoolConfig`](crate::client::PoolConfig) have tables of
//! their own.
//!
//! ```
//! use bolt_remoting::ConnectionConfig;
//! use std::time::Duration;
//!
//! let mut config = ConnectionConfig::client();
//! if let Some(heartbeat) = &mut config.heartbeat {
//!     heartbeat.interval = Duration::from_secs(5);
//! }
//! config.outbox_limit = 16 * 1024 * 1024;
//! ```

use std::time::Duration;

use bolt_codec::Limits;

/// Settings of every connection that one client or server makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// What the codec accepts and sends.
    pub limits: Limits,
    /// Most calls that wait for an answer on one connection, and, separately, most requests of the
    /// peer that are being handled; 0 counts as 1. Above it, own calls wait for room and the peer's
    /// requests are refused as busy while reading goes on.
    pub max_in_flight: usize,
    /// Most bytes of encoded frames that wait to be written. Calls wait for room; one frame that
    /// is larger on its own is admitted when nothing else waits. What is queued is sent even if its
    /// caller gives up, and heartbeats come after it: on a slow link less is better.
    pub outbox_limit: usize,
    /// Bytes of answers that wait, for room in the outbox or for their turn, above which further
    /// requests of the peer are refused as busy: it takes less than it asks for. Answers of requests
    /// that run already still come on top.
    pub answer_backlog: usize,
    /// Bytes of the peer's requests that are being handled, as they were received, above which further
    /// ones are refused as busy. One that is larger on its own is admitted when nothing else runs; what
    /// is in the same read may come on top. Handlers that end without waiting count for nothing.
    pub request_backlog: usize,
    /// Heartbeats that this end sends; `None` for none.
    pub heartbeat: Option<HeartbeatConfig>,
    /// A connection on which no byte was received for this long is closed; `None` for never. Where the
    /// protocol has no heartbeats this is how long a client may be quiet.
    pub idle_timeout: Option<Duration>,
    /// A peer that has sent no whole frame this long after the connection was made is closed; `None` for
    /// never. Default of servers 20 s, because a Java client that says nothing sends its first heartbeat
    /// after 15 s: connections of a warm pool live on. Where the protocol has no heartbeats this hits
    /// clients that connect and wait.
    pub first_frame_timeout: Option<Duration>,
    /// A frame whose first byte has arrived must be whole within this time.
    pub frame_timeout: Option<Duration>,
    /// A peer that takes none of the bytes that wait for it for this long is closed.
    pub write_stall_timeout: Option<Duration>,
    /// How long requests that are being handled may go on, and be answered, after the peer has
    /// closed its sending end. After that they are cancelled.
    pub half_close_grace: Duration,
    /// Whether the peer is asked for no new requests (GOAWAY) when a drain begins. Only for peers
    /// that are known to understand it, such as MOSN; a Java peer closes the connection.
    pub send_goaway: bool,
}

/// When and how often a peer is asked for a sign of life, on a connection that has been silent.
///
/// It is time for a heartbeat when either direction has been silent for the [`interval`](Self::interval):
/// nothing was received, or nothing was sent. So a client that is only told things shows that it lives,
/// and the server's [`idle_timeout`](ConnectionConfig::idle_timeout) leaves it alone. A client that has sent
/// nothing at all five seconds after connecting sends its first one then: servers close those who
/// don't show that they speak the protocol.
///
/// A peer is dead after [`max_misses`](Self::max_misses) heartbeats in a row without any byte from
/// it: at most `max_misses × interval + ack_timeout` after its last one, 46 s by default. All calls end at
/// that moment. [`Connection::closed`](crate::Connection::closed) returns up to a second later, because
/// the peer is given that long to close its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeartbeatConfig {
    /// Silence of either direction before a heartbeat, and least time between two. Default 15 s (Java:
    /// `bolt.tcp.heartbeat.interval`); less than 10 ms counts as 10 ms.
    pub interval: Duration,
    /// How long an answer may take. Default 1 s, and never more than the interval; less than 10 ms
    /// counts as 10 ms.
    pub ack_timeout: Duration,
    /// Unanswered heartbeats in a row that end the connection. Default 3 (Java:
    /// `bolt.tcp.heartbeat.maxtimes`); 0 counts as 1.
    pub max_misses: u32,
}

impl HeartbeatConfig {
    /// Heartbeats at `interval`, with an ack timeout of 1 s or the interval if that is shorter, and
    /// 3 misses.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self {
            interval,
            ack_timeout: interval.min(Duration::from_secs(1)),
            max_misses: 3,
        }
    }
}

impl Default for HeartbeatConfig {
    fn default() -> Self {
        Self::every(Duration::from_secs(15))
    }
}

impl ConnectionConfig {
    pub(crate) fn most_in_flight(&self) -> usize {
        self.max_in_flight.max(1)
    }

    /// Defaults of a client: heartbeats, no idle limit.
    #[must_use]
    pub fn client() -> Self {
        Self {
            limits: Limits::default(),
            max_in_flight: 65_536,
            outbox_limit: 4 * 1024 * 1024,
            answer_backlog: 256 * 1024 * 1024,
            request_backlog: 256 * 1024 * 1024,
            heartbeat: Some(HeartbeatConfig::default()),
            idle_timeout: None,
            first_frame_timeout: None,
            frame_timeout: Some(Duration::from_secs(30)),
            write_stall_timeout: Some(Duration::from_secs(30)),
            half_close_grace: Duration::from_secs(1),
            send_goaway: false,
        }
    }

    /// Defaults of a server: no heartbeats, closed when idle for 90 s.
    #[must_use]
    pub fn server() -> Self {
        Self {
            heartbeat: None,
            idle_timeout: Some(Duration::from_secs(90)),
            first_frame_timeout: Some(Duration::from_secs(20)),
            ..Self::client()
        }
    }
}
