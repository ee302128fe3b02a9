//! The course of a measurement: warm-up, window, progress on standard error.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::options::LoadOptions;
use super::process::Usage;
use super::record::Record;
use super::report::{IdleReport, Window};

const PROGRESS: Duration = Duration::from_secs(1);

/// Waits through the warm-up and the window while others make the calls. Blocks its thread, which
/// must not be the callers'.
#[must_use]
pub fn measure(options: &LoadOptions, record: &Record) -> Window {
    eprintln!("{}: warming up for {:?}", options.peer, options.warmup);
    sleep(options.warmup);
    let (own_before, server_before) = usage(options);
    record.open_window();
    let opened = Instant::now();
    let mut counted = 0;
    loop {
        let left = options.seconds.saturating_sub(opened.elapsed());
        if left.is_zero() {
            break;
        }
        sleep(left.min(PROGRESS));
        counted = progress(record, opened, counted);
    }
    record.close_window();
    let seconds = opened.elapsed().as_secs_f64();
    let (own, server) = usage(options);
    Window {
        seconds,
        client: own_before.zip(own),
        server: server_before.zip(server),
    }
}

fn usage(options: &LoadOptions) -> (Option<Usage>, Option<Usage>) {
    (Usage::own(), options.server_pid.and_then(Usage::of))
}

fn progress(record: &Record, opened: Instant, before: u64) -> u64 {
    let latencies = record.latencies();
    eprintln!(
        "{:6.1} s: {:9} calls, {:8} since the last line, p99 {:.1} us, {} errors",
        opened.elapsed().as_secs_f64(),
        latencies.len(),
        latencies.len() - before,
        latencies.value_at_quantile(0.99) as f64 / 1000.0,
        record.errors(),
    );
    latencies.len()
}

/// Leaves the connections alone for the window and prints what they cost in memory and CPU time.
pub(super) fn idle(options: &LoadOptions, record: &Record, before: Option<Usage>) {
    eprintln!("{}: silent for {:?}", options.peer, options.seconds);
    let silent = options.server_pid.and_then(Usage::of);
    sleep(options.seconds);
    let (own, server) = usage(options);
    IdleReport::new(options, record, own, [before, silent, server]).print(options.json);
}
