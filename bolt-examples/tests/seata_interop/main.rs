//! The client of Seata against a real Seata server, which the suite starts by itself: the Java program
//! in the folder `java-seata`, on free ports of 127.0.0.1.
//!
//! Needs `java`, and `mvn` to build the server when it has changed. Without them every trial is
//! ignored, with the reason; with `CI=true` in the environment it fails.

#![forbid(unsafe_code)]

#[path = "../support/java.rs"]
mod java;
#[path = "../support/process.rs"]
mod process;
mod server;
mod trials;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Runtime;

use self::java::Project;
use self::server::SeataServer;

type Outcome<T = ()> = Result<T, Failed>;

/// For whatever has to happen at some time.
const PATIENCE: Duration = Duration::from_secs(60);

static PROJECT: Project = Project::new("java-seata", "java-seata.jar");
/// The one server of all trials, which have transactions of their own.
static SERVER: Mutex<Option<Arc<SeataServer>>> = Mutex::new(None);
static CALLS: AtomicU64 = AtomicU64::new(0);

fn count(calls: u64) {
    CALLS.fetch_add(calls, Ordering::Relaxed);
}

fn server() -> Outcome<Arc<SeataServer>> {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = &*server {
        return Ok(Arc::clone(server));
    }
    let jar = PROJECT.jar().map_err(|missing| format!("{missing:?}"))?;
    Ok(Arc::clone(
        server.insert(Arc::new(SeataServer::start(jar)?)),
    ))
}

fn trial<F>(name: &'static str, run: F) -> Trial
where
    F: AsyncFnOnce(&str) -> Outcome + Send + 'static,
{
    Trial::ignorable_test(name, move || {
        if let Err(missing) = PROJECT.jar() {
            return missing.outcome();
        }
        let server = server()?;
        let trial = async { tokio::time::timeout(PATIENCE, run(&server.address)).await };
        let outcome = Runtime::new()?.block_on(trial);
        outcome.map_err(|_| "it takes too long")??;
        Ok(Completion::Completed)
    })
}

fn main() -> ExitCode {
    let start = Instant::now();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials::all());
    // Statics are not dropped.
    drop(SERVER.lock().unwrap_or_else(PoisonError::into_inner).take());
    let calls = CALLS.load(Ordering::Relaxed);
    if calls > 0 {
        let seconds = start.elapsed().as_secs_f32();
        println!(
            "rust-to-seata: {calls} calls, those of the server to us among them, in {seconds:.1} s"
        );
    }
    conclusion.exit_code()
}
