//! The client of RESP against a real Redis server, which the suite starts by itself: on free ports of
//! 127.0.0.1, with and without TLS, keeping nothing.
//!
//! Needs `redis-server`. Without it every trial is ignored, with the reason; with `CI=true` in the
//! environment it fails.

#![forbid(unsafe_code)]

#[path = "../support/java.rs"]
mod java;
#[path = "../support/process.rs"]
mod process;
mod server;
mod trials;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use bolt_examples::resp::Redis;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Runtime;

use self::java::Missing;
use self::server::RedisServer;

type Outcome<T = ()> = Result<T, Failed>;

/// The one server of all trials, which use keys of their own; ended by the last of them.
static SERVER: Mutex<Option<Arc<RedisServer>>> = Mutex::new(None);
static CALLS: AtomicU64 = AtomicU64::new(0);

fn tool() -> Result<(), &'static Missing> {
    static TOOL: OnceLock<Result<(), Missing>> = OnceLock::new();
    TOOL.get_or_init(|| java::need("redis-server", "--version"))
        .as_ref()
        .copied()
}

fn server() -> Outcome<Arc<RedisServer>> {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = &*server {
        return Ok(Arc::clone(server));
    }
    Ok(Arc::clone(server.insert(Arc::new(RedisServer::start()?))))
}

/// A trial with a client that has connections of its own.
fn trial<F>(name: &'static str, run: F) -> Trial
where
    F: AsyncFnOnce(Redis, Arc<RedisServer>) -> Outcome + Send + 'static,
{
    Trial::ignorable_test(name, move || {
        if let Err(missing) = tool() {
            return missing.outcome();
        }
        let server = server()?;
        let runtime = Runtime::new()?;
        runtime.block_on(async {
            let redis = Redis::builder(&server.address).build();
            let outcome = run(redis.clone(), server).await;
            CALLS.fetch_add(redis.calls(), Ordering::Relaxed);
            outcome
        })?;
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
        println!("rust-to-redis: {calls} calls in {seconds:.1} s");
    }
    conclusion.exit_code()
}
