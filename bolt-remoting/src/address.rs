//! Addresses: built, or in Java SOFABolt's text form
//! `host:port?_CONNECTTIMEOUT=1000&_PROTOCOL=2&_VERSION=2`.
//!
//! ```
//! use bolt_remoting::Address;
//!
//! let address: Address = "[::1]:12200?_PROTOCOL=2&_VERSION=2&_CONNECTIONNUM=4".parse()?;
//! assert_eq!((address.host(), address.port()), ("::1", 12200));
//!
//! let built = Address::builder("::1", 12200).protocol(2).version(2).connections(4).build()?;
//! assert_eq!(built, address);
//!
//! // Of a socket: `client.connection(Address::from(server.local_addr()), deadline)`.
//! let socket: std::net::SocketAddr = "[::1]:12200".parse().expect("an address");
//! assert_eq!(Address::from(socket), Address::new("::1", 12200));
//! # Ok::<(), bolt_remoting::Error>(())
//! ```

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use crate::{Error, ErrorKind};

const MAX_CONNECTIONS: u32 = 1_000_000;
const MAX_CONNECT_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

/// Where a peer listens, and how to talk to it. Java: `Url`, `RpcAddressParser`.
///
/// | parameter | meaning | values | default |
/// |---|---|---|---|
/// | `_CONNECTTIMEOUT` | how long connecting may take | milliseconds, at least 1 | the client's |
/// | `_PROTOCOL` | protocol code | 0 to 127 | 1 |
/// | `_VERSION` | version of protocol 2 | 0 to 127 | 1 |
/// | `_CONNECTIONNUM` | connections to keep | 1 to 1,000,000 | 1 |
/// | `_CONNECTIONWARMUP` | make all of them before the first call goes out | `true`, anything else is false | false |
///
/// As in Java, blank values count as absent, the last of several wins, unknown parameters are
/// ignored, and the port follows the last colon, so that IPv6 addresses work with and without
/// brackets.
///
/// Addresses are equal when they mean the same: parameters that say the default, the order of
/// parameters, upper and lower case in host names and the ways to write an IP address make no
/// difference. `as_ref` and `to_string` give the canonical text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
    connect_timeout: Option<Duration>,
    protocol: u8,
    version: u8,
    connection_num: u32,
    warmup: bool,
    /// Made of all the others.
    text: String,
}

impl Address {
    /// An address without parameters.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: canonical(host.into()),
            port,
            connect_timeout: None,
            protocol: 1,
            version: 1,
            connection_num: 1,
            warmup: false,
            text: String::new(),
        }
        .with_text()
    }

    /// For addresses with parameters, without text.
    pub fn builder(host: impl Into<String>, port: u16) -> AddressBuilder {
        AddressBuilder {
            address: Self::new(host, port),
            wrong: None,
        }
    }

    /// Host name or IP address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `_CONNECTTIMEOUT`, if given.
    #[must_use]
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    /// `_PROTOCOL`.
    #[must_use]
    pub fn protocol(&self) -> u8 {
        self.protocol
    }

    /// `_VERSION`.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.version
    }

    /// `_CONNECTIONNUM`.
    #[must_use]
    pub fn connection_num(&self) -> u32 {
        self.connection_num
    }

    /// `_CONNECTIONWARMUP`.
    #[must_use]
    pub fn warmup(&self) -> bool {
        self.warmup
    }

    fn with_text(mut self) -> Self {
        let mut text = if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        };
        let timeout = self.connect_timeout.map(|timeout| timeout.as_millis());
        let params = [
            ("_CONNECTTIMEOUT", timeout.map(|millis| millis.to_string())),
            (
                "_PROTOCOL",
                (self.protocol != 1).then(|| self.protocol.to_string()),
            ),
            (
                "_VERSION",
                (self.version != 1).then(|| self.version.to_string()),
            ),
            (
                "_CONNECTIONNUM",
                (self.connection_num != 1).then(|| self.connection_num.to_string()),
            ),
            ("_CONNECTIONWARMUP", self.warmup.then(|| "true".into())),
        ];
        let mut separator = '?';
        for (key, value) in params {
            if let Some(value) = value {
                text.extend([separator]);
                text.extend([key, "=", &value]);
                separator = '&';
            }
        }
        self.text = text;
        self
    }
}

/// One spelling for all that mean the same.
fn canonical(host: String) -> String {
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.to_string(),
        Err(_) => host.to_ascii_lowercase(),
    }
}

/// Makes an [`Address`] with parameters. The limits are those of the text form.
///
/// ```
/// use bolt_remoting::Address;
/// use std::time::Duration;
///
/// let address = Address::builder("localhost", 12200)
///     .connections(8)
///     .warm_up(true)
///     .connect_timeout(Duration::from_millis(500))
///     .build()?;
/// assert_eq!(
///     address.as_ref(),
///     "localhost:12200?_CONNECTTIMEOUT=500&_CONNECTIONNUM=8&_CONNECTIONWARMUP=true"
/// );
/// # Ok::<(), bolt_remoting::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AddressBuilder {
    address: Address,
    /// The first thing that makes no sense.
    wrong: Option<String>,
}

impl AddressBuilder {
    /// How many connections to keep, 1 to 1,000,000. Default 1. Text: `_CONNECTIONNUM`.
    pub fn connections(mut self, connections: u32) -> Self {
        self.address.connection_num = connections;
        self.check((1..=MAX_CONNECTIONS).contains(&connections), || {
            format!("_CONNECTIONNUM must be from 1 to {MAX_CONNECTIONS}, not {connections}")
        })
    }

    /// Whether all connections are made before the first call goes out. Default no: one is made,
    /// and the others while calls go out on it. Text: `_CONNECTIONWARMUP`.
    pub fn warm_up(mut self, warm_up: bool) -> Self {
        self.address.warmup = warm_up;
        self
    }

    /// The protocol code, 0 to 127. Default 1. Text: `_PROTOCOL`.
    pub fn protocol(mut self, protocol: u8) -> Self {
        self.address.protocol = protocol;
        self.check(protocol <= 127, || {
            format!("_PROTOCOL must be from 0 to 127, not {protocol}")
        })
    }

    /// The version of protocol 2, 0 to 127. Default 1. Text: `_VERSION`.
    pub fn version(mut self, version: u8) -> Self {
        self.address.version = version;
        self.check(version <= 127, || {
            format!("_VERSION must be from 0 to 127, not {version}")
        })
    }

    /// How long connecting may take, name resolution and TLS included, in whole milliseconds
    /// (rounded up), at least 1. Default is the client's. Text: `_CONNECTTIMEOUT`.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        let millis = timeout.as_nanos().div_ceil(1_000_000);
        let valid = !timeout.is_zero() && timeout <= MAX_CONNECT_TIMEOUT;
        if valid {
            self.address.connect_timeout = Some(Duration::from_millis(millis as u64));
        }
        self.check(valid, || {
            format!(
                "_CONNECTTIMEOUT must be a number from 1 to {}, not {millis}",
                i32::MAX
            )
        })
    }

    /// The address.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`] for an empty host or a parameter outside of its limits.
    pub fn build(self) -> Result<Address, Error> {
        self.finish()
            .map_err(|why| Error::new(ErrorKind::InvalidAddress, format!("invalid address: {why}")))
    }

    fn finish(self) -> Result<Address, String> {
        match self.wrong {
            Some(wrong) => Err(wrong),
            None if self.address.host.is_empty() => Err("it has no host".into()),
            None => Ok(self.address.with_text()),
        }
    }

    fn check(mut self, valid: bool, wrong: impl FnOnce() -> String) -> Self {
        if !valid && self.wrong.is_none() {
            self.wrong = Some(wrong());
        }
        self
    }

    /// Sets a parameter as its text form says.
    fn set(self, key: &str, value: &str) -> Result<Self, String> {
        if value.trim().is_empty() {
            return Ok(self);
        }
        let number = |lowest, highest| number(key, value, lowest, highest);
        Ok(match key {
            "_CONNECTTIMEOUT" => {
                let millis = number(1, i32::MAX as u32)?;
                self.connect_timeout(Duration::from_millis(millis.into()))
            }
            "_PROTOCOL" => self.protocol(number(0, 127)? as u8),
            "_VERSION" => self.version(number(0, 127)? as u8),
            "_CONNECTIONNUM" => self.connections(number(1, MAX_CONNECTIONS)?),
            "_CONNECTIONWARMUP" => self.warm_up(value.eq_ignore_ascii_case("true")),
            _ => self,
        })
    }
}

fn number(key: &str, value: &str, lowest: u32, highest: u32) -> Result<u32, String> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && (lowest..=highest).contains(&number) => Ok(number),
        _ => Err(format!(
            "{key} must be a number from {lowest} to {highest}, not {value:?}"
        )),
    }
}

fn parse(text: &str) -> Result<Address, String> {
    if text.trim().is_empty() {
        return Err("it is blank".into());
    }
    if let Some(end) = text.chars().next_back().filter(|c| ":?=&".contains(*c)) {
        return Err(format!("it ends with {end:?}"));
    }
    let (place, params) = match text.split_once('?') {
        Some((place, params)) => (place, Some(params)),
        None => (text, None),
    };
    let (host, port) = place.rsplit_once(':').ok_or("it has no port")?;
    let port = port.parse().map_err(|_| format!("{port:?} is no port"))?;
    let unbracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = unbracketed.unwrap_or(host);
    let mut address = Address::builder(host, port);
    for param in params.into_iter().flat_map(|params| params.split('&')) {
        let (key, value) = param
            .split_once('=')
            .ok_or_else(|| format!("parameter {param:?} has no value"))?;
        address = address.set(key, value)?;
    }
    address.finish()
}

impl FromStr for Address {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`] with a text that quotes the bad part.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).map_err(|why| {
            Error::new(
                ErrorKind::InvalidAddress,
                format!("invalid address {text:?}: {why}"),
            )
        })
    }
}

impl fmt::Display for Address {
    /// The canonical text: parameters that differ from their defaults, in a fixed order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<SocketAddr> for Address {
    /// An address without parameters, for where a server listens or a peer is. The scope of an IPv6
    /// address is kept, its flow label is not.
    fn from(socket: SocketAddr) -> Self {
        match socket {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => {
                Self::new(format!("{}%{}", v6.ip(), v6.scope_id()), v6.port())
            }
            _ => Self::new(socket.ip().to_string(), socket.port()),
        }
    }
}

impl AsRef<str> for Address {
    /// The canonical text, so that an address can be given wherever its text can.
    fn as_ref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str) -> Address {
        text.parse().expect(text)
    }

    #[test]
    fn the_port_follows_the_last_colon() {
        for (text, host) in [
            ("127.0.0.1:80", "127.0.0.1"),
            ("localhost:80", "localhost"),
            ("::1:80", "::1"),
            ("[::1]:80", "::1"),
            ("0:0:0:0:0:0:0:1:80?_PROTOCOL=2", "::1"),
        ] {
            assert_eq!((ok(text).host(), ok(text).port()), (host, 80), "{text}");
        }
    }

    #[test]
    fn parameters_have_java_s_defaults_and_meanings() {
        let plain = ok("a:1");
        assert_eq!(plain, Address::new("a", 1));
        let all = ok(
            "a:1?_CONNECTTIMEOUT=250&_PROTOCOL=2&_VERSION=2&_CONNECTIONNUM=8&_CONNECTIONWARMUP=TRUE",
        );
        assert_eq!(all.connect_timeout(), Some(Duration::from_millis(250)));
        assert_eq!((all.protocol(), all.version()), (2, 2));
        assert_eq!((all.connection_num(), all.warmup()), (8, true));
        let odd = ok("a:1?x=&_PROTOCOL=&=y&_VERSION=1&k=a=b&_VERSION=2&_CONNECTIONWARMUP=yes");
        assert_eq!((odd.protocol(), odd.version(), odd.warmup()), (1, 2, false));
    }

    #[test]
    fn the_text_form_parses_back() {
        for text in [
            "a:1",
            "[::1]:2?_PROTOCOL=2&_VERSION=2",
            "b:3?_CONNECTTIMEOUT=5&_CONNECTIONNUM=2",
        ] {
            assert_eq!(ok(text).to_string(), text);
        }
    }

    #[test]
    fn a_socket_s_address_is_one() {
        for text in ["127.0.0.1:80", "[::1]:80", "[fe80::1%3]:80"] {
            let socket: SocketAddr = text.parse().expect(text);
            assert_eq!(Address::from(socket), ok(text));
            assert_eq!(Address::from(socket).as_ref(), text);
        }
    }

    #[test]
    fn errors_quote_the_bad_part() {
        for (text, part) in [
            ("", "blank"),
            ("  ", "blank"),
            ("host", "no port"),
            ("host:", "':'"),
            ("a:1?", "'?'"),
            ("a:1?k=", "'='"),
            ("a:1?k=v&", "'&'"),
            ("a:1?k=v&x", "\"x\""),
            ("a:65536", "\"65536\""),
            ("a:-1", "\"-1\""),
            ("a:1 ", "\"1 \""),
            (":1", "no host"),
            ("a:1?_CONNECTTIMEOUT=0", "_CONNECTTIMEOUT"),
            ("a:1?_CONNECTTIMEOUT=-5", "\"-5\""),
            ("a:1?_PROTOCOL=128", "\"128\""),
            ("a:1?_VERSION=+1", "\"+1\""),
            ("a:1?_CONNECTIONNUM=1000001", "1000000"),
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert_eq!(error.kind(), ErrorKind::InvalidAddress);
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn addresses_that_mean_the_same_are_equal() {
        for (one, other) in [
            ("a:1", "A:1?_PROTOCOL=1&_CONNECTIONNUM=1"),
            ("a:1?_VERSION=2&_PROTOCOL=2", "a:1?_PROTOCOL=2&_VERSION=2"),
            ("::1:1", "[0:0:0:0:0:0:0:1]:1"),
        ] {
            assert_eq!(ok(one), ok(other));
            assert_eq!(ok(one).as_ref(), ok(other).as_ref());
        }
        for (one, other) in [
            ("a:1", "a:2"),
            ("a:1", "a:1?_PROTOCOL=2"),
            ("a:1", "a:1?_CONNECTIONNUM=2"),
            ("localhost:1", "127.0.0.1:1"),
        ] {
            assert_ne!(ok(one), ok(other));
        }
    }

    #[test]
    fn a_built_address_has_the_limits_of_a_parsed_one() {
        let plain = || Address::builder("a", 1);
        assert_eq!(plain().build().unwrap(), Address::new("a", 1));
        let timeout = Duration::from_micros(1500);
        let built = plain().connect_timeout(timeout).build().unwrap();
        assert_eq!(built.connect_timeout(), Some(Duration::from_millis(2)));
        for (builder, part) in [
            (Address::builder("", 1), "no host"),
            (plain().connections(0), "_CONNECTIONNUM"),
            (plain().connections(1_000_001).connections(1), "1000001"),
            (plain().protocol(128), "_PROTOCOL"),
            (plain().version(200), "_VERSION"),
            (plain().connect_timeout(Duration::ZERO), "_CONNECTTIMEOUT"),
            (plain().connect_timeout(Duration::MAX), "_CONNECTTIMEOUT"),
        ] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidAddress);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
