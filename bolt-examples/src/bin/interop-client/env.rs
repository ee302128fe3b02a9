//! What a scenario is given: the server's address and the command line.

use std::sync::Arc;
use std::time::Duration;

use bolt_examples::options::Options;
use bolt_remoting::tls::ClientTls;
use bolt_remoting::{Address, ConnectionConfig, HeartbeatConfig};

use crate::caller::Caller;
use crate::check::{self, Outcome};
use crate::tap::Tap;
use crate::tls;

#[derive(Clone)]
pub(crate) struct Env {
    /// As on the command line.
    pub(crate) address: Arc<str>,
    parsed: Address,
    /// Whether requests ask for a checksum.
    pub(crate) crc: bool,
    /// Calls of `concurrent`.
    pub(crate) n: usize,
    /// Bytes of `big`.
    pub(crate) big: usize,
    /// Length of `soak`.
    pub(crate) soak: Duration,
    heartbeat: Option<Duration>,
    tls: Option<ClientTls>,
}

impl Env {
    pub(crate) fn new(address: &str, options: &Options) -> Result<Self, String> {
        let crc = match options.get("crc") {
            None | Some("on") => true,
            Some("off") => false,
            Some(other) => return Err(format!("--crc is on or off, not {other:?}")),
        };
        let heartbeat = options.number("heartbeat-interval-ms")?;
        Ok(Self {
            address: address.into(),
            parsed: address.parse().map_err(|error| format!("{error}"))?,
            crc,
            n: options.number("n")?.unwrap_or(10_000),
            big: options.number("big")?.unwrap_or(5 << 20),
            soak: Duration::from_secs(options.number("seconds")?.unwrap_or(10)),
            heartbeat: heartbeat.map(Duration::from_millis),
            tls: tls::settings(options)?,
        })
    }

    /// A client of the server, with the address as it was given.
    pub(crate) fn open(&self) -> Outcome<Caller> {
        self.open_with(&self.address, ConnectionConfig::client())
    }

    pub(crate) fn open_at(&self, address: &str) -> Outcome<Caller> {
        self.open_with(address, ConnectionConfig::client())
    }

    /// A client whose heartbeats come at the interval of the command line, or this one.
    pub(crate) async fn open_beating(&self, millis: u64) -> Outcome<(Caller, Tap)> {
        let interval = self.heartbeat.unwrap_or(Duration::from_millis(millis));
        let mut config = ConnectionConfig::client();
        config.heartbeat = Some(HeartbeatConfig::every(interval));
        let tap = self.tap().await?;
        let address = tap.address_with(self.query());
        Ok((self.open_with(&address, config)?, tap))
    }

    /// A client that sends no heartbeats.
    pub(crate) fn open_silent(&self) -> Outcome<Caller> {
        let mut config = ConnectionConfig::client();
        config.heartbeat = None;
        self.open_with(&self.address, config)
    }

    /// A client with parameters of the scenario's own, and a look at its frames.
    pub(crate) async fn open_tapped(&self, query: &str) -> Outcome<(Caller, Tap)> {
        let tap = self.tap().await?;
        Ok((self.open_at(&tap.address_with(query))?, tap))
    }

    /// The parameters of the address.
    pub(crate) fn query(&self) -> &str {
        self.address.split_once('?').map_or("", |(_, query)| query)
    }

    /// Whether the server is spoken to over TLS.
    pub(crate) fn is_secured(&self) -> bool {
        self.tls.is_some()
    }

    /// A client that does without TLS, whatever the command line says.
    pub(crate) fn open_plain(&self) -> Outcome<Caller> {
        Caller::new(&self.address, self.crc, ConnectionConfig::client(), None)
    }

    async fn tap(&self) -> Outcome<Tap> {
        check::that(!self.is_secured(), "frames can't be seen under TLS")?;
        Tap::before(self.parsed.host(), self.parsed.port()).await
    }

    fn open_with(&self, address: &str, config: ConnectionConfig) -> Outcome<Caller> {
        Caller::new(address, self.crc, config, self.tls.clone())
    }
}
