//! CPU time and memory of processes, from `/proc`.

use std::fs;

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU time of all its threads, user and kernel, in seconds; in steps of 10 ms.
    pub cpu_s: f64,
    /// Most memory that was resident at one time, in KiB.
    pub peak_rss_kb: u64,
    /// Memory that is resident now, in KiB.
    pub rss_kb: u64,
}

impl Usage {
    /// That of this process. `None` where there is no `/proc`.
    #[must_use]
    pub fn own() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// That of the process `pid`. `None` if there is no such process.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        Some(Self {
            cpu_s: cpu_seconds(&stat)?,
            peak_rss_kb: kilobytes(&status, "VmHWM:")?,
            rss_kb: kilobytes(&status, "VmRSS:")?,
        })
    }
}

/// Of the text of `/proc/PID/stat`. The kernel counts in hundredths for all programs.
fn cpu_seconds(stat: &str) -> Option<f64> {
    // The name before it is in brackets and may contain anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some((user + kernel) as f64 / 100.0)
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0";
        assert_eq!(cpu_seconds(stat), Some(3.0));
    }

    #[test]
    fn memory_is_found_by_name() {
        let status = "Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\t 1000 kB\n";
        assert_eq!(kilobytes(status, "VmHWM:"), Some(1234));
        assert_eq!(kilobytes(status, "VmPeak:"), None);
    }

    #[test]
    fn a_process_that_is_gone_has_no_usage() {
        assert_eq!(Usage::of(u32::MAX), None);
    }
}
