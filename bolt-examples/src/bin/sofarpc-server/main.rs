//! The SOFARPC services of the contract, for foreign consumers to be run against.
//!
//! `sofarpc-server --listen 127.0.0.1:0` prints `listening on 127.0.0.1:PORT`, drains on SIGTERM or
//! SIGINT, and ends with status 0 if everything in flight was answered in time, 3 if not.

#![forbid(unsafe_code)]

mod services;

use std::process::ExitCode;
use std::time::Duration;

use bolt_examples::options::Options;
use bolt_remoting::RpcServer;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: sofarpc-server --listen ADDR [--drain-timeout-ms N] [--stdin-lifeline]";

/// What the command line asks for.
struct Settings {
    listen: String,
    drain_timeout: Duration,
    /// End when standard input ends: whoever started the server holds the other end.
    stdin_lifeline: bool,
}

impl Settings {
    fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let options = Options::parse(args, &["listen", "drain-timeout-ms"], &["stdin-lifeline"]);
        let options = options.map_err(|text| format!("{text}\n{USAGE}"))?;
        let (Some(listen), []) = (options.get("listen"), options.words()) else {
            return Err(USAGE.to_owned());
        };
        Ok(Self {
            listen: listen.to_owned(),
            drain_timeout: Duration::from_millis(
                options.number("drain-timeout-ms")?.unwrap_or(10_000),
            ),
            stdin_lifeline: options.has("stdin-lifeline"),
        })
    }
}

fn main() -> ExitCode {
    bolt_examples::options::help(USAGE);
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let settings = match Settings::parse(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(text) => {
            eprintln!("sofarpc-server: {text}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sofarpc-server: {error}");
            return ExitCode::FAILURE;
        }
    };
    let status = runtime.block_on(run(settings)).unwrap_or_else(|error| {
        eprintln!("sofarpc-server: {error}");
        ExitCode::FAILURE
    });
    // A read of standard input can't be cancelled.
    runtime.shutdown_background();
    status
}

async fn run(settings: Settings) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = RpcServer::builder()
        .processors(services::provider()?.into_processors())
        .bind(&settings.listen)
        .await?;
    println!("listening on {}", server.local_addr());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stdin_ended(), if settings.stdin_lifeline => return Ok(ExitCode::SUCCESS),
    }
    let cut_off = server.shutdown(settings.drain_timeout).await;
    Ok(ExitCode::from(if cut_off == 0 { 0 } else { 3 }))
}

async fn stdin_ended() {
    let mut bytes = Vec::new();
    // An error is an end as well.
    let _ = tokio::io::stdin().read_to_end(&mut bytes).await;
}
