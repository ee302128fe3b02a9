//! What was measured in all rounds, and medians of it.

use std::fs;
use std::path::Path;

use load::{IdleReport, Report};
use serde::{Deserialize, Serialize};

use crate::peers::warms_slowly;

/// One report of one pair, as it stands in the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) cell: String,
    pub(crate) round: usize,
    /// Seconds of load before the window, as asked for; logs of old have none.
    #[serde(default)]
    pub(crate) warmup: Option<f64>,
    #[serde(flatten)]
    pub(crate) report: AnyReport,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum AnyReport {
    Load(Report),
    Idle(IdleReport),
}

/// What can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Calls a second.
    Throughput,
    /// Microseconds of CPU a call, of client and server.
    Cpu,
    /// Of the server alone.
    ServerCpu,
    /// Microseconds.
    P50,
    /// Microseconds.
    P99,
    /// The server's most, in MB.
    Memory,
    /// Failed calls.
    Errors,
    /// Bytes of the server per silent connection.
    PerConnection,
    /// The server's memory with silent connections, in MB.
    IdleMemory,
}

impl Metric {
    pub(crate) fn of(self, run: &Run) -> Option<f64> {
        match (&run.report, self) {
            (AnyReport::Load(load), _) => self.of_load(load),
            (AnyReport::Idle(idle), Self::PerConnection) => {
                idle.server_bytes_per_connection.map(|bytes| bytes as f64)
            }
            (AnyReport::Idle(idle), Self::IdleMemory) => {
                idle.server_rss_kb.map(|kb| kb as f64 / 1024.0)
            }
            (AnyReport::Idle(idle), Self::Errors) => Some(idle.errors as f64),
            (AnyReport::Idle(_), _) => None,
        }
    }

    fn of_load(self, load: &Report) -> Option<f64> {
        match self {
            Self::Throughput => Some(load.rps),
            Self::Cpu => load.cpu_us_per_call(),
            Self::ServerCpu => load
                .server_cpu_s
                .map(|seconds| seconds * 1e6 / load.requests.max(1) as f64),
            Self::P50 => Some(load.p50_us),
            Self::P99 => Some(load.p99_us),
            Self::Memory => load.server_peak_rss_kb.map(|kb| kb as f64 / 1024.0),
            Self::Errors => Some(load.errors as f64),
            Self::PerConnection | Self::IdleMemory => None,
        }
    }
}

impl Run {
    pub(crate) fn new(cell: &str, round: usize, warmup: f64, line: &str) -> Result<Self, String> {
        let report = serde_json::from_str(line).map_err(|why| format!("{why}: {line}"))?;
        let cell = cell.to_owned();
        Ok(Self {
            cell,
            round,
            warmup: Some(warmup),
            report,
        })
    }

    fn peer(&self) -> &str {
        match &self.report {
            AnyReport::Load(load) => &load.peer,
            AnyReport::Idle(idle) => &idle.peer,
        }
    }

    /// Length of the window.
    fn seconds(&self) -> f64 {
        match &self.report {
            AnyReport::Load(load) => load.seconds,
            AnyReport::Idle(idle) => idle.seconds,
        }
    }

    pub(crate) fn to_json(&self) -> Result<String, String> {
        serde_json::to_string(self).map_err(|why| why.to_string())
    }

    pub(crate) fn summary(&self) -> String {
        let number = |metric: Metric| metric.of(self).unwrap_or(f64::NAN);
        match &self.report {
            AnyReport::Load(load) => format!(
                "{:.0} calls/s, {:.2} us CPU a call, p99 {} us, {} errors",
                load.rps,
                number(Metric::Cpu),
                load.p99_us,
                load.errors
            ),
            AnyReport::Idle(idle) => format!(
                "{:.0} B a connection, {} errors",
                number(Metric::PerConnection),
                idle.errors
            ),
        }
    }
}

/// All runs.
#[derive(Debug, Default)]
pub(crate) struct Results(Vec<Run>);

impl Results {
    /// A log of an earlier course.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|why| format!("{}: {why}", file.display()))?;
        let runs = text.lines().map(|line| {
            serde_json::from_str(line).map_err(|why| format!("{}: {why}", file.display()))
        });
        Ok(Self(runs.collect::<Result<_, String>>()?))
    }

    pub(crate) fn add(&mut self, run: Run) {
        self.0.push(run);
    }

    fn of<'a>(&'a self, cell: &'a str, peer: &'a str) -> impl Iterator<Item = &'a Run> {
        let wanted = move |run: &&Run| run.cell == cell && run.peer() == peer;
        self.0.iter().filter(wanted)
    }

    /// How many rounds there are of a cell.
    pub(crate) fn rounds(&self, cell: &str) -> usize {
        let rounds = self.0.iter().filter(|run| run.cell == cell);
        rounds.map(|run| run.round + 1).max().unwrap_or(0)
    }

    /// How long the windows were, from the shortest to the longest, in seconds.
    pub(crate) fn windows(&self) -> Option<(f64, f64)> {
        range(self.0.iter().map(Run::seconds))
    }

    /// How long the warm-ups were, of JVMs or of all others, in seconds.
    pub(crate) fn warmups(&self, of_jvms: bool) -> Option<(f64, f64)> {
        let runs = self.0.iter();
        let runs = runs.filter(|run| warms_slowly(run.peer()) == of_jvms);
        range(runs.filter_map(|run| run.warmup))
    }

    /// The least and the most of all rounds.
    pub(crate) fn range(&self, cell: &str, peer: &str, metric: Metric) -> Option<(f64, f64)> {
        range(self.of(cell, peer).filter_map(|run| metric.of(run)))
    }

    /// The median of all rounds.
    pub(crate) fn median(&self, cell: &str, peer: &str, metric: Metric) -> Option<f64> {
        median(
            self.of(cell, peer)
                .filter_map(|run| metric.of(run))
                .collect(),
        )
    }

    /// The median of the ratios within each round.
    pub(crate) fn ratio(
        &self,
        cell: &str,
        peer: &str,
        to: (&str, &str),
        metric: Metric,
    ) -> Option<f64> {
        let ratios = self.of(cell, peer).filter_map(|run| {
            let other = self.of(to.0, to.1).find(|other| other.round == run.round)?;
            Some(metric.of(run)? / metric.of(other)?)
        });
        median(ratios.filter(|ratio| ratio.is_finite()).collect())
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (least, most) = range.unwrap_or((value, value));
        Some((least.min(value), most.max(value)))
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => Some(values[middle]),
        _ if values.is_empty() => None,
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(round: usize, peer: &str, rps: f64) -> Run {
        let line = format!(
            r#"{{"peer":"{peer}","payload":1,"connections":1,"concurrency":1,"seconds":1.0,
            "requests":100,"rps":{rps},"p50_us":1.0,"p99_us":2.0,"p999_us":3.0,"client_cpu_s":0.1,
            "server_cpu_s":null,"server_peak_rss_kb":2048,"errors":0,"client_peak_rss_kb":1,
            "rate":null}}"#
        );
        Run::new("cell", round, 0.5, &line).expect("valid")
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut results = Results::default();
        // The machine is ten times as fast in the second round.
        for (round, rps) in [(0, 100.0), (1, 1000.0), (2, 100.0)] {
            results.add(run(round, "a", rps * 4.0));
            results.add(run(round, "b", rps));
        }
        let ratio = results.ratio("cell", "a", ("cell", "b"), Metric::Throughput);
        assert_eq!(ratio, Some(4.0));
        assert_eq!(results.rounds("cell"), 3);
    }

    #[test]
    fn a_median_of_an_even_number_is_the_mean_of_the_middle() {
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn the_course_can_be_told_from_its_runs() {
        let mut results = Results::default();
        for (round, peer, rps) in [
            (0, "a", 3.0),
            (1, "a", 1.0),
            (2, "a", 2.0),
            (0, "java", 9.0),
        ] {
            results.add(run(round, peer, rps));
        }
        let range = results.range("cell", "a", Metric::Throughput);
        assert_eq!(range, Some((1.0, 3.0)));
        assert_eq!(results.windows(), Some((1.0, 1.0)));
        assert_eq!(results.warmups(true), Some((0.5, 0.5)));
        assert_eq!(results.range("cell", "b", Metric::Throughput), None);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let line = run(2, "a", 5.0).to_json().expect("valid");
        let again: Run = serde_json::from_str(&line).expect("valid");
        assert_eq!((again.round, again.peer()), (2, "a"));
        assert_eq!(Metric::Memory.of(&again), Some(2.0));
        assert_eq!(Metric::Cpu.of(&again), None);
    }
}
