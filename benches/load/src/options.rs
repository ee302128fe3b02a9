//! The command line that all load clients share.

use std::time::Duration;

use crate::command_line::Options;

/// What a load client is told.
const CLIENT: &str = "ADDR [--payload BYTES] [--connections N] [--concurrency N] [--seconds N] \
    [--warmup N] [--rate CALLS_PER_SECOND] [--mode raw|hessian] [--protocol v1|v2] \
    [--server-pid PID] [--peer NAME] [--json] [--idle]";

/// How to call a program that is a load client.
#[must_use]
pub fn usage_of_client(program: &str) -> String {
    format!("usage: {program} {CLIENT}")
}

/// How to call a program that is a load client and its server.
#[must_use]
pub fn usage_of_pair(program: &str) -> String {
    format!("usage: {program} server --listen ADDR\n       {program} client {CLIENT}")
}

/// The address of `--listen ADDR`, the only option of a server that has no others.
///
/// # Errors
///
/// A text for the user, with `usage`.
pub fn listen_address(
    args: impl IntoIterator<Item = String>,
    usage: &str,
) -> Result<String, String> {
    let options = Options::parse(args, &["listen"], &[]);
    let options = options.map_err(|why| format!("{why}\n{usage}"))?;
    Ok(options.get("listen").ok_or(usage)?.to_owned())
}

const VALUES: &[&str] = &[
    "payload",
    "connections",
    "concurrency",
    "seconds",
    "rate",
    "warmup",
    "mode",
    "protocol",
    "server-pid",
    "peer",
];
const FLAGS: &[&str] = &["json", "idle"];

/// What a load client is to do.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Where the server listens.
    pub address: String,
    /// Bytes of one request's content, and of its answer's. Default 1,024.
    pub payload: usize,
    /// Connections to make. Default 1.
    pub connections: usize,
    /// Calls outstanding at any time, over all connections. Default 256. Nothing with a rate.
    pub concurrency: usize,
    /// Length of the measured window. Default 5 s.
    pub seconds: Duration,
    /// Load before it that is not measured. Default 2 s.
    pub warmup: Duration,
    /// Calls a second, over all connections; `None` for the closed loop.
    pub rate: Option<f64>,
    /// What the calls carry. Default raw.
    pub body: Body,
    /// The frames' version. Default v1.
    pub wire: Wire,
    /// The server's process, to read its CPU time and memory from.
    pub server_pid: Option<u32>,
    /// What the report calls the pair that was measured.
    pub peer: String,
    /// Whether the report is one line of JSON instead of a table.
    pub json: bool,
    /// Whether to measure the memory of silent connections instead: one call on each, then none.
    pub idle: bool,
}

/// What calls carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Bytes of class `perf.RawBody`, the content as it is.
    Raw,
    /// A `java.lang.String` in Hessian.
    Hessian,
}

/// Versions of SOFABolt's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Version 1, Java's default.
    V1,
    /// Version 2.2 with checksums.
    V2,
}

impl LoadOptions {
    /// Takes the command line apart. `peer` is the default of `--peer`.
    ///
    /// # Errors
    ///
    /// A text for the user, with `usage`.
    pub fn parse(
        args: impl IntoIterator<Item = String>,
        usage: &str,
        peer: &str,
    ) -> Result<Self, String> {
        Self::read(args, peer).map_err(|why| format!("{why}\n{usage}"))
    }

    fn read(args: impl IntoIterator<Item = String>, peer: &str) -> Result<Self, String> {
        let options = Options::parse(args, VALUES, FLAGS)?;
        let [address] = options.words() else {
            return Err("one address is wanted".to_owned());
        };
        let at_least_one = |name: &str, otherwise: usize| match options.number(name)? {
            Some(0) => Err(format!("--{name} can't be 0")),
            given => Ok(given.unwrap_or(otherwise)),
        };
        Ok(Self {
            address: address.clone(),
            payload: options.number("payload")?.unwrap_or(1024),
            connections: at_least_one("connections", 1)?,
            concurrency: at_least_one("concurrency", 256)?,
            seconds: seconds(&options, "seconds", 5.0)?,
            warmup: seconds(&options, "warmup", 2.0)?,
            rate: rate(&options)?,
            body: match options.get("mode") {
                None | Some("raw") => Body::Raw,
                Some("hessian") => Body::Hessian,
                Some(other) => return Err(format!("--mode is raw or hessian, not {other:?}")),
            },
            wire: match options.get("protocol") {
                None | Some("v1") => Wire::V1,
                Some("v2") => Wire::V2,
                Some(other) => return Err(format!("--protocol is v1 or v2, not {other:?}")),
            },
            server_pid: options.number("server-pid")?,
            peer: options.get("peer").unwrap_or(peer).to_owned(),
            json: options.has("json"),
            idle: options.has("idle"),
        })
    }

    /// The address in SOFABolt's form, with the version asked for.
    #[must_use]
    pub fn bolt_address(&self) -> String {
        let address = &self.address;
        match self.wire {
            Wire::V1 => address.clone(),
            Wire::V2 => {
                let separator = if address.contains('?') { '&' } else { '?' };
                format!("{address}{separator}_PROTOCOL=2&_VERSION=2")
            }
        }
    }
}

fn seconds(options: &Options, name: &str, otherwise: f64) -> Result<Duration, String> {
    let seconds = options.number(name)?.unwrap_or(otherwise);
    // A day is more than anyone measures.
    let valid = (0.0..=86_400.0).contains(&seconds) && (seconds > 0.0 || name == "warmup");
    match valid {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err(format!("--{name} can't be {seconds}")),
    }
}

fn rate(options: &Options) -> Result<Option<f64>, String> {
    match options.number::<f64>("rate")? {
        Some(rate) if !(0.001..=1e8).contains(&rate) => Err(format!("--rate can't be {rate}")),
        given => Ok(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<LoadOptions, String> {
        LoadOptions::read(line.split_whitespace().map(String::from), "ours")
    }

    #[test]
    fn an_address_is_enough() {
        let options = parse("127.0.0.1:1").expect("valid");
        assert_eq!((options.payload, options.connections), (1024, 1));
        assert_eq!((options.body, options.wire), (Body::Raw, Wire::V1));
        assert_eq!((options.rate, options.server_pid), (None, None));
        assert_eq!(options.peer, "ours");
        assert_eq!(options.bolt_address(), "127.0.0.1:1");
    }

    #[test]
    fn parts_of_seconds_are_allowed() {
        let options = parse("a:1 --seconds 0.25 --warmup 0 --rate 0.5").expect("valid");
        assert_eq!(options.seconds, Duration::from_millis(250));
        assert_eq!(options.warmup, Duration::ZERO);
        assert_eq!(options.rate, Some(0.5));
    }

    #[test]
    fn version_2_keeps_the_parameters_of_the_address() {
        let options = parse("a:1?_CONNECTTIMEOUT=9 --protocol v2").expect("valid");
        let address = options.bolt_address();
        assert_eq!(address, "a:1?_CONNECTTIMEOUT=9&_PROTOCOL=2&_VERSION=2");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "a:1 b:2",
            "a:1 --concurrency 0",
            "a:1 --connections 0",
            "a:1 --seconds 0",
            "a:1 --seconds -1",
            "a:1 --seconds nan",
            "a:1 --warmup 1e99",
            "a:1 --rate 0",
            "a:1 --rate inf",
            "a:1 --mode text",
            "a:1 --protocol v3",
            "a:1 --what 3",
            "a:1 --payload",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
