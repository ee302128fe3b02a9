//! What was measured, as a table for people or a line of JSON for programs.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::options::LoadOptions;
use super::process::Usage;
use super::record::Record;

/// The measured window: its length, and each process before and after it.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub(super) seconds: f64,
    pub(super) client: Option<(Usage, Usage)>,
    pub(super) server: Option<(Usage, Usage)>,
}

/// One measurement. Its JSON has these fields by these names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Who was measured.
    pub peer: String,
    /// Bytes of content of a request and of an answer.
    pub payload: usize,
    /// Connections.
    pub connections: usize,
    /// Calls outstanding; nothing with a rate.
    pub concurrency: usize,
    /// Length of the window.
    pub seconds: f64,
    /// Calls that were answered as they should be.
    pub requests: u64,
    /// Those per second.
    pub rps: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// CPU time of the client in the window.
    pub client_cpu_s: Option<f64>,
    /// CPU time of the server in the window, if its process was named.
    pub server_cpu_s: Option<f64>,
    /// Most memory of the server at any time since its start, in KiB.
    pub server_peak_rss_kb: Option<u64>,
    /// Calls that failed.
    pub errors: u64,
    /// Most memory of the client, in KiB.
    pub client_peak_rss_kb: Option<u64>,
    /// Calls a second that were asked for, with an open loop.
    pub rate: Option<f64>,
}

impl Report {
    /// What `record` has of `window`.
    #[must_use]
    pub fn new(options: &LoadOptions, record: &Record, window: Window) -> Self {
        let latencies = record.latencies();
        let requests = latencies.len();
        if let Some(why) = record.first_error() {
            eprintln!("the first error: {why}");
        }
        Self {
            peer: options.peer.clone(),
            payload: options.payload,
            connections: options.connections,
            concurrency: options.concurrency,
            seconds: rounded(window.seconds, 1000.0),
            requests,
            rps: rounded(requests as f64 / window.seconds, 10.0),
            p50_us: micros(&latencies, 0.5),
            p99_us: micros(&latencies, 0.99),
            p999_us: micros(&latencies, 0.999),
            client_cpu_s: window.client.map(cpu),
            server_cpu_s: window.server.map(cpu),
            server_peak_rss_kb: window.server.map(|(_, after)| after.peak_rss_kb),
            errors: record.errors(),
            client_peak_rss_kb: window.client.map(|(_, after)| after.peak_rss_kb),
            rate: options.rate,
        }
    }

    /// CPU time of a call in microseconds, both processes together, as far as known.
    #[must_use]
    pub fn cpu_us_per_call(&self) -> Option<f64> {
        let seconds = self.client_cpu_s? + self.server_cpu_s?;
        (self.requests > 0).then(|| seconds * 1e6 / self.requests as f64)
    }

    /// To standard output: one line of JSON, or a table.
    pub fn print(&self, json: bool) {
        if json {
            print_json(self);
            return;
        }
        let per_call = |seconds: Option<f64>| {
            let micros = seconds.map(|seconds| seconds * 1e6 / self.requests.max(1) as f64);
            micros.map_or("unknown".to_owned(), |micros| format!("{micros:.2} us"))
        };
        let load = match self.rate {
            Some(rate) => format!("{rate} a second"),
            None => format!("{} outstanding", self.concurrency),
        };
        println!("{}", self.peer);
        row("load", format!("{} B, {load}", self.payload));
        row("connections", self.connections);
        row(
            "calls",
            format!("{} in {:.1} s", self.requests, self.seconds),
        );
        row("calls/s", format!("{:.0}", self.rps));
        row(
            "latency",
            format!(
                "p50 {} us, p99 {} us, p99.9 {} us",
                self.p50_us, self.p99_us, self.p999_us
            ),
        );
        row("client CPU a call", per_call(self.client_cpu_s));
        row("server CPU a call", per_call(self.server_cpu_s));
        row("client memory", megabytes(self.client_peak_rss_kb));
        row("server memory", megabytes(self.server_peak_rss_kb));
        row("errors", self.errors);
    }
}

/// What silent connections cost the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdleReport {
    /// Who was measured.
    pub peer: String,
    /// Connections, on each of which one call was made.
    pub connections: usize,
    /// How long they were then left alone.
    pub seconds: f64,
    /// Memory of the server before they were made, in KiB.
    pub server_rss_before_kb: Option<u64>,
    /// At the end.
    pub server_rss_kb: Option<u64>,
    /// The difference per connection, in bytes.
    pub server_bytes_per_connection: Option<u64>,
    /// CPU time of the server while they were silent.
    pub server_cpu_s: Option<f64>,
    /// Memory of the client at the end, in KiB.
    pub client_rss_kb: Option<u64>,
    /// Calls that failed.
    pub errors: u64,
}

impl IdleReport {
    /// `server` is what it used before the connections, when they fell silent, and at the end.
    pub(super) fn new(
        options: &LoadOptions,
        record: &Record,
        own: Option<Usage>,
        [before, silent, after]: [Option<Usage>; 3],
    ) -> Self {
        let growth = before.zip(after).map(|(before, after)| {
            after.rss_kb.saturating_sub(before.rss_kb) * 1024 / options.connections as u64
        });
        Self {
            peer: options.peer.clone(),
            connections: options.connections,
            seconds: options.seconds.as_secs_f64(),
            server_rss_before_kb: before.map(|usage| usage.rss_kb),
            server_rss_kb: after.map(|usage| usage.rss_kb),
            server_bytes_per_connection: growth,
            server_cpu_s: silent.zip(after).map(cpu),
            client_rss_kb: own.map(|usage| usage.rss_kb),
            errors: record.errors(),
        }
    }

    pub(super) fn print(&self, json: bool) {
        if json {
            print_json(self);
            return;
        }
        println!("{}", self.peer);
        row("silent connections", self.connections);
        row("server memory before", megabytes(self.server_rss_before_kb));
        row("server memory", megabytes(self.server_rss_kb));
        let bytes = self.server_bytes_per_connection;
        row(
            "a connection",
            bytes.map_or("unknown".to_owned(), |bytes| format!("{bytes} B")),
        );
        row("client memory", megabytes(self.client_rss_kb));
        row("errors", self.errors);
    }
}

fn print_json(report: &impl Serialize) {
    match serde_json::to_string(report) {
        Ok(line) => println!("{line}"),
        Err(why) => eprintln!("no report: {why}"),
    }
}

fn row(name: &str, value: impl std::fmt::Display) {
    println!("  {name:<22}{value}");
}

fn megabytes(kilobytes: Option<u64>) -> String {
    kilobytes.map_or("unknown".to_owned(), |kb| {
        format!("{:.1} MB", kb as f64 / 1024.0)
    })
}

fn cpu((before, after): (Usage, Usage)) -> f64 {
    rounded(after.cpu_s - before.cpu_s, 100.0)
}

fn micros(latencies: &Histogram<u64>, quantile: f64) -> f64 {
    rounded(latencies.value_at_quantile(quantile) as f64 / 1000.0, 10.0)
}

fn rounded(value: f64, per_unit: f64) -> f64 {
    (value * per_unit).round() / per_unit
}
