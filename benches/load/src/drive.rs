//! The two loops that make calls, on a runtime with tokio's defaults.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::options::LoadOptions;
use super::pacer::{Alarm, Arrivals};
use super::process::Usage;
use super::record::{Record, Recorder};
use super::report::Report;
use super::session::{idle, measure};

/// Most calls that an open loop has outstanding; those that are due meanwhile wait, and their
/// waiting counts.
const MOST_OUTSTANDING: u32 = 100_000;
/// For the last calls to end, after the window.
const PATIENCE: Duration = Duration::from_secs(10);
/// After the window, for calls that were due in it to be made; any left then are failures.
const CATCH_UP: Duration = Duration::from_secs(1);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(1);
const SEED: u64 = 12_200;

/// One connection to the server under load.
pub trait Caller: Clone + Send + Sync + 'static {
    /// Makes one call and checks its answer.
    fn call(&self) -> impl Future<Output = Result<(), String>> + Send;
}

/// Connects, measures as `options` say, and prints the report. `connect` is given the options and
/// makes a caller per connection.
///
/// # Errors
///
/// A text for the user: no connection, no runtime. Failed calls are no error but a number in the
/// report.
pub fn run<C, F>(options: &LoadOptions, connect: F) -> Result<(), String>
where
    C: Caller,
    F: AsyncFnOnce(&LoadOptions) -> Result<Vec<C>, String>,
{
    let runtime = Runtime::new().map_err(|why| format!("no runtime: {why}"))?;
    let before = options.server_pid.and_then(Usage::of);
    let callers = runtime.block_on(connect(options))?;
    let record = Arc::new(Record::default());
    if options.idle {
        runtime.block_on(call_once(&callers, &record));
        idle(options, &record, before);
        return Ok(());
    }
    let mut tasks = JoinSet::new();
    match options.rate {
        None => spawn_closed(&runtime, &mut tasks, options, &callers, &record),
        Some(rate) => {
            let open = open_loop(rate, callers, Arc::clone(&record));
            tasks.spawn_on(open, runtime.handle());
        }
    }
    let window = measure(options, &record);
    let last_calls = async { timeout(PATIENCE, tasks.join_all()).await };
    if runtime.block_on(last_calls).is_err() {
        eprintln!("some calls did not end within {PATIENCE:?} and are not counted");
    }
    Report::new(options, &record, window).print(options.json);
    runtime.shutdown_background();
    Ok(())
}

async fn call_once<C: Caller>(callers: &[C], record: &Arc<Record>) {
    let mut recorder = record.recorder();
    for caller in callers {
        if let Err(why) = caller.call().await {
            recorder.failure(true, why);
        }
    }
}

fn spawn_closed<C: Caller>(
    runtime: &Runtime,
    tasks: &mut JoinSet<()>,
    options: &LoadOptions,
    callers: &[C],
    record: &Arc<Record>,
) {
    for caller in callers.iter().cycle().take(options.concurrency) {
        let task = closed_loop(caller.clone(), record.recorder());
        tasks.spawn_on(task, runtime.handle());
    }
}

/// One call after the other.
async fn closed_loop(caller: impl Caller, mut recorder: Recorder) {
    let mut began = Instant::now();
    while !recorder.record().is_over() {
        let outcome = caller.call().await;
        let counts = recorder.record().in_window();
        let ended = Instant::now();
        match outcome {
            Ok(()) => {
                if counts {
                    recorder.success(ended - began);
                }
                began = ended;
            }
            Err(why) => {
                recorder.failure(counts, why);
                sleep(PAUSE_AFTER_FAILURE).await;
                began = Instant::now();
            }
        }
    }
}

/// Each call when it is due, as a task of its own; latencies count from then, however late the
/// call could really be made.
async fn open_loop<C: Caller>(rate: f64, callers: Vec<C>, record: Arc<Record>) {
    let recorders = callers.iter().map(|_| Mutex::new(record.recorder()));
    let recorders: Arc<[Mutex<Recorder>]> = recorders.collect();
    let places = Arc::new(Semaphore::new(MOST_OUTSTANDING as usize));
    let mut arrivals = Arrivals::new(rate, SEED);
    let alarm = match Alarm::new() {
        Ok(alarm) => alarm,
        Err(why) => return failed(&recorders, format!("no timer: {why}")),
    };
    let start = Instant::now();
    for turn in (0..callers.len()).cycle() {
        let due = start + arrivals.next();
        arrivals.advance();
        if let Some(closed) = record.closed() {
            if due >= closed {
                break;
            }
            if !record.contains(due) {
                continue;
            }
            if closed.elapsed() > CATCH_UP {
                failed(&recorders, "due, but never made".to_owned());
                continue;
            }
        }
        if let Err(why) = alarm.wait(due).await {
            return failed(&recorders, format!("no timer: {why}"));
        }
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let caller = callers[turn].clone();
        let (recorders, record) = (Arc::clone(&recorders), Arc::clone(&record));
        tokio::spawn(async move {
            let outcome = caller.call().await;
            let latency = due.elapsed();
            let counts = record.contains(due);
            let mut recorder = lock(&recorders[turn]);
            match outcome {
                Ok(()) if counts => recorder.success(latency),
                Ok(()) => {}
                Err(why) => recorder.failure(counts, why),
            }
            drop(recorder);
            // Only now: who waits for all places finds all written.
            drop(recorders);
            drop(place);
        });
    }
    // The end is in the session's hands should a call never end.
    let _all = places.acquire_many(MOST_OUTSTANDING).await;
}

fn failed(recorders: &[Mutex<Recorder>], why: String) {
    if let Some(recorder) = recorders.first() {
        lock(recorder).failure(true, why);
    }
}

fn lock(recorder: &Mutex<Recorder>) -> std::sync::MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}
