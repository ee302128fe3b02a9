use std::time::Duration;

/// How a client keeps its connections.
///
/// | setting | default | Java |
/// |---|---|---|
/// | connections per address, warm-up | the address says, else 1 and no | the same |
/// | connect timeout | the address says, else 1 s | the same |
/// | addresses | 10,000 | no limit |
/// | an unused address is let go after | never | 10 min, once it is empty |
/// | age of connections | no limit | no limit; `bolt.conn.monitor` closes surplus ones |
/// | reconnect | no, except after warm-up | no; `bolt.conn.reconnect` |
/// | back-off | 100 ms, doubled up to 30 s, with full jitter | 1 s |
/// | calls of a connection that is let go may go on for | 10 s; until their deadlines where age is the reason | 0 |
///
/// ```
/// use bolt_remoting::client::PoolConfig;
/// use std::time::Duration;
///
/// let mut config = PoolConfig::default();
/// config.reconnect = true;
/// config.max_connection_age = Some(Duration::from_secs(1800));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolConfig {
    /// How long connecting may take, name resolution and TLS handshake included, where the address
    /// doesn't say, nor [`ClientBuilder::connect_timeout`](super::ClientBuilder::connect_timeout).
    pub connect_timeout: Duration,
    /// Most addresses whose connections are kept. Above it the one that was not used for longest
    /// is let go; what counts as use is said at [`idle_timeout`](Self::idle_timeout). At least 1.
    pub max_addresses: usize,
    /// The connections of an address that nobody has used for this long, at most a quarter more,
    /// are let go; `None` for never. What counts as use: calls, requests of the peer, and calls with
    /// an answer on a connection that was [taken](super::Client::connection) and kept. What doesn't:
    /// heartbeats, and oneway frames on such a connection.
    pub idle_timeout: Option<Duration>,
    /// A connection that has become this old is replaced by a new one, and let go once that is
    /// there and its calls have ended; `None` for never. A random part of up to a fifth is taken off, so that connections
    /// made together aren't replaced together. For peers behind a virtual IP or a load balancer,
    /// which sees new connections only. Java: `ScheduledDisconnectStrategy`.
    pub max_connection_age: Option<Duration>,
    /// Whether the connections of an address are made again in the background when all of them are
    /// lost; without it that happens when a call needs one. As long as one is left the others are
    /// made again anyway, and those of addresses with warm-up always are. Java:
    /// `bolt.conn.reconnect`.
    pub reconnect: bool,
    /// The longest delay of the first attempt to connect again. It doubles with each failure, and
    /// with each connection that is lost within 10 s; the delay is a random part of it, from zero to
    /// all.
    pub first_backoff: Duration,
    /// What the longest delay grows to.
    pub max_backoff: Duration,
    /// How long calls of a connection that is let go, because its address is closed or unused or
    /// there are too many, may go on. For one that was replaced [by age](Self::max_connection_age)
    /// this is the least: its calls may go on until their deadlines, an hour at most.
    pub drain_grace: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(1),
            max_addresses: 10_000,
            idle_timeout: None,
            max_connection_age: None,
            reconnect: false,
            first_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(30),
            drain_grace: Duration::from_secs(10),
        }
    }
}
