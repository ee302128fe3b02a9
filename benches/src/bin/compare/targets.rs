//! What the project wants of itself, cell by cell.

use crate::peers::{AWAIT, EPOLL, JAVA, OURS, PING_PONG, TARPC, TONIC, TUNED};
use crate::results::{Metric, Results};

/// One bound on one figure.
pub(crate) struct Target {
    pub(crate) cell: &'static str,
    peer: &'static str,
    metric: Metric,
    /// The figure is a ratio to that of this peer; absolute without.
    to: Option<To>,
    bound: Bound,
}

#[derive(Clone, Copy)]
enum To {
    Peer(&'static str),
    /// The same peer in another cell.
    Cell(&'static str),
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// At most what the same ratio is for the epoll echo.
    Echo,
}

use Bound::{AtLeast, AtMost, Echo};
use Metric::{Cpu, Errors, IdleMemory, Memory, P50, P99, PerConnection, ServerCpu, Throughput};

/// All of them.
pub(crate) fn all() -> Vec<Target> {
    let to = |cell, peer, metric, other, bound| Target {
        cell,
        peer,
        metric,
        to: Some(To::Peer(other)),
        bound,
    };
    let absolute = |cell, peer, metric, bound| Target {
        cell,
        peer,
        metric,
        to: None,
        bound,
    };
    let since = |cell, metric, first, bound| Target {
        cell,
        peer: OURS,
        metric,
        to: Some(To::Cell(first)),
        bound,
    };
    vec![
        to("1x256", OURS, Throughput, JAVA, AtLeast(8.0)),
        to("1x256", OURS, Throughput, TUNED, AtLeast(3.5)),
        to("1x256", OURS, Throughput, TONIC, AtLeast(22.0)),
        to("1x256", OURS, Throughput, TARPC, AtLeast(5.5)),
        to("1x256", OURS, Cpu, JAVA, AtMost(0.10)),
        to("1x256", OURS, Cpu, TUNED, AtMost(0.27)),
        to("1x256", OURS, Cpu, TONIC, AtMost(0.04)),
        to("1x256", OURS, Cpu, EPOLL, AtMost(2.8)),
        to("1x256", AWAIT, Throughput, JAVA, AtLeast(6.5)),
        to("1x256", AWAIT, Throughput, TUNED, AtLeast(2.5)),
        to("1x256", AWAIT, Cpu, JAVA, AtMost(0.13)),
        to("1x256", AWAIT, Cpu, TUNED, AtMost(0.38)),
        to("1x64", OURS, Throughput, EPOLL, AtLeast(0.75)),
        absolute("4x1024", OURS, Errors, AtMost(0.0)),
        to("4x1024", OURS, Throughput, JAVA, AtLeast(14.0)),
        to("4x1024", OURS, Throughput, TUNED, AtLeast(6.5)),
        to("4x1024", OURS, P99, JAVA, AtMost(0.15)),
        to("64B", OURS, Throughput, JAVA, AtLeast(16.0)),
        to("64B", OURS, Throughput, TUNED, AtLeast(4.0)),
        to("16KiB", OURS, Throughput, TUNED, AtLeast(0.9)),
        to("16KiB", OURS, Cpu, TUNED, AtMost(0.65)),
        to("1x1", OURS, P50, JAVA, AtMost(0.8)),
        to("1x1", OURS, P50, PING_PONG, AtMost(1.3)),
        to("rate", OURS, ServerCpu, JAVA, AtMost(0.55)),
        to("rate", OURS, ServerCpu, TUNED, AtMost(0.85)),
        to("rate", OURS, P99, JAVA, AtMost(0.5)),
        to("hessian", OURS, Throughput, JAVA, AtLeast(10.0)),
        to("mixed", "ours on java", Throughput, JAVA, AtLeast(1.0)),
        to("mixed", "java on ours", Throughput, JAVA, AtLeast(1.0)),
        absolute("mixed", "ours on java", Errors, AtMost(0.0)),
        absolute("mixed", "java on ours", Errors, AtMost(0.0)),
        absolute("idle", OURS, PerConnection, AtMost(4096.0)),
        absolute("idle", OURS, IdleMemory, AtMost(50.0)),
        since("outstanding-256", Cpu, "outstanding-64", AtMost(1.25)),
        since("outstanding-1024", Cpu, "outstanding-64", AtMost(1.25)),
        since("outstanding-4096", Cpu, "outstanding-64", AtMost(1.25)),
        since("connections-10", ServerCpu, "connections-1", Echo),
        since("connections-100", ServerCpu, "connections-1", Echo),
        since("connections-1000", ServerCpu, "connections-1", Echo),
    ]
}

impl Target {
    /// A row of the table: what was wanted, what came, whether that is enough. `None` if it was not
    /// measured.
    pub(crate) fn row(&self, results: &Results) -> Option<String> {
        let value = self.value(results, self.peer)?;
        let (sign, bound, met) = match self.bound {
            AtLeast(bound) => ("≥", bound, value >= bound),
            AtMost(bound) => ("≤", bound, value <= bound),
            Echo => {
                let bound = self.value(results, EPOLL)?;
                ("≤ the epoll echo's", bound, value <= bound)
            }
        };
        let than = match self.to {
            None => String::new(),
            Some(To::Peer(peer)) => format!(" / {peer}"),
            Some(To::Cell(cell)) => format!(" / that of {cell}"),
        };
        let verdict = if met { "yes" } else { "**no**" };
        Some(format!(
            "| {} | {}: {}{than} | {sign} {} | {} | {verdict} |",
            self.cell,
            self.peer,
            name(self.metric),
            number(bound),
            number(value),
        ))
    }

    fn value(&self, results: &Results, peer: &str) -> Option<f64> {
        match self.to {
            None => results.median(self.cell, peer, self.metric),
            Some(To::Peer(other)) => {
                results.ratio(self.cell, peer, (self.cell, other), self.metric)
            }
            Some(To::Cell(cell)) => results.ratio(self.cell, peer, (cell, peer), self.metric),
        }
    }
}

fn name(metric: Metric) -> &'static str {
    match metric {
        Throughput => "throughput",
        Cpu => "CPU per call",
        ServerCpu => "server CPU per call",
        P50 => "p50",
        P99 => "p99",
        Memory => "server memory",
        Errors => "errors",
        PerConnection => "bytes per connection",
        IdleMemory => "server MB",
    }
}

/// Three digits, but no fewer than the integer part has.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
