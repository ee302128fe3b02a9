//! The server under load: echoes bytes of class `perf.RawBody` and strings in Hessian.
//!
//! `load-server --listen 127.0.0.1:0` prints `listening on 127.0.0.1:PORT` when it is ready and ends
//! on SIGTERM or SIGINT. `--handler await` waits once before it answers, so that it goes on
//! in another task; `inline`, the default, answers at once. Everything else is the library's default.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use bolt_remoting::RpcServer;
use bolt_remoting::rpc::Body;
use load::command_line::{self, Options};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::yield_now;

const GRACE: Duration = Duration::from_secs(2);
const USAGE: &str = "usage: load-server --listen ADDR [--handler inline|await]";

#[tokio::main]
async fn main() -> ExitCode {
    command_line::help(USAGE);
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("load-server: {why}");
            ExitCode::from(2)
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse(std::env::args().skip(1), &["listen", "handler"], &[])
        .map_err(|why| format!("{why}\n{USAGE}"))?;
    let address = options.get("listen").ok_or(USAGE)?;
    let awaits = match options.get("handler") {
        None | Some("inline") => false,
        Some("await") => true,
        Some(other) => return Err(format!("--handler can't be {other:?}; {USAGE}").into()),
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = builder(awaits).bind(address).await?;
    println!("listening on {}", server.local_addr());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.shutdown(GRACE).await;
    Ok(())
}

fn builder(awaits: bool) -> bolt_remoting::rpc::RpcServerBuilder {
    let builder = RpcServer::builder();
    if awaits {
        return builder
            .handle_raw("perf.RawBody", |_cx, body: Body| async move {
                yield_now().await;
                Ok(body)
            })
            .handle(|_cx, text: String| async move {
                yield_now().await;
                Ok(text)
            });
    }
    builder
        .handle_raw("perf.RawBody", |_cx, body: Body| async move { Ok(body) })
        .handle(|_cx, text: String| async move { Ok(text) })
}
