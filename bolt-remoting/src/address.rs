//! Addresses in Java SOFABolt's form: `host:port?_CONNECTTIMEOUT=1000&_PROTOCOL=2&_VERSION=2`.
//!
//! ```
//! use bolt_remoting::Address;
//!
//! let address: Address = "[::1]:12200?_PROTOCOL=2&_VERSION=2".parse()?;
//! assert_eq!((address.host(), address.port()), ("::1", 12200));
//! assert_eq!((address.protocol(), address.version()), (2, 2));
//! # Ok::<(), bolt_remoting::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{Error, ErrorKind};

/// Where a peer listens, and how to talk to it. Java: `Url`, `RpcAddressParser`.
///
/// | parameter | meaning | values | default |
/// |---|---|---|---|
/// | `_CONNECTTIMEOUT` | how long connecting may take | milliseconds, at least 1 | the client's |
/// | `_PROTOCOL` | protocol code | 0 to 127 | 1 |
/// | `_VERSION` | version of protocol 2 | 0 to 127 | 1 |
/// | `_CONNECTIONNUM` | connections to keep | 1 to 1,000,000 | 1 |
/// | `_CONNECTIONWARMUP` | make all of them at once | `true`, anything else is false | false |
///
/// The last two are read and kept, but not obeyed yet: each address has one connection.
///
/// As in Java, blank values count as absent, the last of several wins, unknown parameters are
/// ignored, and the port follows the last colon, so that IPv6 addresses work with and without
/// brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
    connect_timeout: Option<Duration>,
    protocol: u8,
    version: u8,
    connection_num: u32,
    warmup: bool,
}

impl Address {
    /// An address without parameters.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            connect_timeout: None,
            protocol: 1,
            version: 1,
            connection_num: 1,
            warmup: false,
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

    /// The same address with the given protocol code and version.
    #[must_use]
    pub fn with_protocol(mut self, protocol: u8, version: u8) -> Self {
        self.protocol = protocol;
        self.version = version;
        self
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        if value.trim().is_empty() {
            return Ok(());
        }
        let number = |lowest, highest| number(key, value, lowest, highest);
        match key {
            "_CONNECTTIMEOUT" => {
                let millis = number(1, i32::MAX as u32)?;
                self.connect_timeout = Some(Duration::from_millis(millis.into()));
            }
            "_PROTOCOL" => self.protocol = number(0, 127)? as u8,
            "_VERSION" => self.version = number(0, 127)? as u8,
            "_CONNECTIONNUM" => self.connection_num = number(1, 1_000_000)?,
            "_CONNECTIONWARMUP" => self.warmup = value.eq_ignore_ascii_case("true"),
            _ => {}
        }
        Ok(())
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
    if host.is_empty() {
        return Err("it has no host".into());
    }
    let mut address = Address::new(host, port);
    for param in params.into_iter().flat_map(|params| params.split('&')) {
        let (key, value) = param
            .split_once('=')
            .ok_or_else(|| format!("parameter {param:?} has no value"))?;
        address.set(key, value)?;
    }
    Ok(address)
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
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)?;
        } else {
            write!(f, "{}:{}", self.host, self.port)?;
        }
        let mut separator = '?';
        let mut put = |key: &str, value: Option<String>| {
            let Some(value) = value else { return Ok(()) };
            write!(f, "{}{key}={value}", std::mem::replace(&mut separator, '&'))
        };
        put(
            "_CONNECTTIMEOUT",
            self.connect_timeout.map(|t| t.as_millis().to_string()),
        )?;
        put(
            "_PROTOCOL",
            (self.protocol != 1).then(|| self.protocol.to_string()),
        )?;
        put(
            "_VERSION",
            (self.version != 1).then(|| self.version.to_string()),
        )?;
        put(
            "_CONNECTIONNUM",
            (self.connection_num != 1).then(|| self.connection_num.to_string()),
        )?;
        put("_CONNECTIONWARMUP", self.warmup.then(|| "true".into()))
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
            ("0:0:0:0:0:0:0:1:80?_PROTOCOL=2", "0:0:0:0:0:0:0:1"),
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
}
