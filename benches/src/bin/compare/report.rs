//! The results as Markdown.

use std::fmt::Write;

use crate::cells::Cell;
use crate::peers::OURS;
use crate::results::{Metric, Results};
use crate::targets::{self, number};

const METHOD: &str = "\
Server and client are two processes on 127.0.0.1 of one machine and share its cores. Except where a cell says otherwise a fixed \
number of calls is outstanding, spread over the connections, and each that ends starts the next; the length of every answer is checked \
and failed calls are counted. Latencies are kept in HdrHistograms; with a rate they count from when a call was due (Poisson arrivals), \
not from when it could be made. CPU is user and kernel time of the processes within the measured window, from `/proc`, so it contains \
what loopback TCP costs; memory is the most that was ever resident. All rows of a cell run one after the other within a round, in an \
order that moves on from round to round; ratios are taken within a round and the tables give medians over the rounds, and in brackets the \
least and the most. All of `ours` is \
at its defaults, deadlines included; `ours, one worker` is the same on a tokio runtime with one worker thread per process instead of one per core \
(only the server, where all load is from our client), which shows what waking the second one costs. `java` is SOFABolt 1.6.12 with its defaults; `java tuned` has flush consolidation on both sides, an \
asynchronous handler on the I/O thread, and batches that stay on it. JVMs run with default flags and are warmed up by at least 300,000 calls, \
or as many as fit in four times their warm-up time. tonic and tarpc have their defaults; tarpc's `TCP_NODELAY` is set and its limit of requests in flight raised. \
`tokio ping-pong` writes the bytes of all outstanding calls at once and waits for as many; `epoll echo` is one thread that parses frames, with \
one read and one write per wake-up; `tokio echo` is a server that does the same on tokio, with a task per connection and the workers that `ours` has. \
None of them has calls, deadlines or handlers, so they are limits, not peers. `tokio calls` is a limit too, of calls whose callers are tasks of tokio: \
on the server of `tokio echo`, a client with a task for each outstanding call, a task for the connection, and between them one lock around a table of \
outcomes and a buffer of frames; it has no deadlines, no cancellation, no limits, and hands out no bytes.\n";

/// The whole report.
pub(crate) fn markdown(cells: &[Cell], results: &Results) -> String {
    let mut text = String::from("# SOFABolt for Rust beside its peers\n\n");
    let _ = writeln!(text, "{}\n", machine());
    let _ = writeln!(text, "## Method\n\n{}{METHOD}", course(results));
    targets_table(&mut text, results);
    for cell in cells {
        cell_table(&mut text, cell, results);
    }
    text
}

/// How long the runs were.
fn course(results: &Results) -> String {
    let mut text = String::new();
    if let Some(windows) = results.windows() {
        let _ = write!(text, "Each run is measured for {} s", span(windows));
    }
    if let Some(warmups) = results.warmups(false) {
        let _ = write!(text, " after {} s of warm-up", span(warmups));
    }
    if let Some(warmups) = results.warmups(true) {
        let _ = write!(text, ", or {} s where a JVM takes part", span(warmups));
    }
    if !text.is_empty() {
        text.push_str(". ");
    }
    text
}

fn span((least, most): (f64, f64)) -> String {
    let [least, most] = [least, most].map(|seconds| (seconds * 10.0).round() / 10.0);
    match least == most {
        true => least.to_string(),
        false => format!("{least} to {most}"),
    }
}

fn machine() -> String {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model
        .unwrap_or("unknown CPU")
        .trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    format!(
        "{cores} × {model}, Linux {}; load averages when this was written: {load}.",
        kernel.trim()
    )
}

fn targets_table(text: &mut String, results: &Results) {
    let rows: Vec<String> = targets::all()
        .iter()
        .filter_map(|target| target.row(results))
        .collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "## Targets\n");
    let _ = writeln!(
        text,
        "| cell | figure | wanted | measured | met |\n|---|---|---|---|---|"
    );
    let _ = writeln!(text, "{}\n", rows.join("\n"));
}

fn cell_table(text: &mut String, cell: &Cell, results: &Results) {
    let rounds = results.rounds(cell.name);
    if rounds == 0 {
        return;
    }
    let plural = if rounds == 1 { "" } else { "s" };
    let _ = writeln!(text, "## {}: {}\n", cell.name, cell.title);
    let _ = writeln!(text, "`{}`, {rounds} round{plural}\n", cell.args);
    if cell.args.contains("--idle") {
        return idle_rows(text, cell, results);
    }
    let _ = writeln!(
        text,
        "| peer | calls/s | CPU us/call | of the server | p50 us | p99 us | server MB | errors \
         | ours : it, calls/s | CPU | p50 | p99 | memory |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    for peer in &cell.peers {
        let of = |metric| optional(results.median(cell.name, peer, metric));
        let spread = |metric| spread(cell, peer, metric, results);
        let ratio = |metric| {
            if *peer == OURS {
                return String::new();
            }
            optional(results.ratio(cell.name, OURS, (cell.name, peer), metric))
        };
        let columns = [
            spread(Metric::Throughput),
            spread(Metric::Cpu),
            of(Metric::ServerCpu),
            of(Metric::P50),
            of(Metric::P99),
            of(Metric::Memory),
            of(Metric::Errors),
            ratio(Metric::Throughput),
            ratio(Metric::Cpu),
            ratio(Metric::P50),
            ratio(Metric::P99),
            ratio(Metric::Memory),
        ];
        let _ = writeln!(text, "| {peer} | {} |", columns.join(" | "));
    }
    text.push('\n');
}

fn idle_rows(text: &mut String, cell: &Cell, results: &Results) {
    let _ = writeln!(
        text,
        "| server | bytes per connection | server MB | errors |\n|---|---|---|---|"
    );
    for peer in &cell.peers {
        let of = |metric| optional(results.median(cell.name, peer, metric));
        let _ = writeln!(
            text,
            "| {peer} | {} | {} | {} |",
            spread(cell, peer, Metric::PerConnection, results),
            of(Metric::IdleMemory),
            of(Metric::Errors)
        );
    }
    text.push('\n');
}

/// The median, and in brackets the least and the most of more than one round.
fn spread(cell: &Cell, peer: &str, metric: Metric, results: &Results) -> String {
    let median = optional(results.median(cell.name, peer, metric));
    match results.range(cell.name, peer, metric) {
        Some(range) if results.rounds(cell.name) > 1 => {
            let [least, most] = [range.0, range.1].map(number);
            format!("{median} ({least}–{most})")
        }
        _ => median,
    }
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}
