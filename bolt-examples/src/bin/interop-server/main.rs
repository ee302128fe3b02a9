//! The server of the interoperability contract, `CONTRACT.md`, for foreign clients to be run against.
//!
//! `interop-server --listen 127.0.0.1:0` prints `listening on 127.0.0.1:PORT`, drains on SIGTERM or
//! SIGINT, and ends with status 0 if everything in flight was answered in time, 3 if not.

#![forbid(unsafe_code)]

mod app;
mod duplex;
mod executor;
mod handlers;
mod later;
mod settings;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bolt_remoting::{ErrorKind, RpcServer};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use self::app::{App, Order};
use self::settings::Settings;

/// After a restart the old listener may hold the port for a moment.
const REBIND_ATTEMPTS: usize = 50;

#[tokio::main]
async fn main() -> ExitCode {
    bolt_examples::options::help(settings::USAGE);
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let settings = match Settings::parse(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(text) => {
            eprintln!("interop-server: {text}");
            return ExitCode::from(2);
        }
    };
    match run(settings).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("interop-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (orders_in, mut orders) = mpsc::unbounded_channel();
    let app = App::new(orders_in);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut address = settings.listen.clone();
    let mut attempts = 1;
    if settings.stdin_lifeline {
        exit_with_stdin(Arc::clone(&app));
    }
    loop {
        let server = listen(&settings, &app, &address, attempts).await?;
        attempts = REBIND_ATTEMPTS;
        address = server.local_addr().to_string();
        println!("listening on {address}");
        let order = tokio::select! {
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
            order = orders.recv() => order,
        };
        match order {
            None => {
                let cut_off = server.shutdown(settings.drain_timeout).await;
                let begun = app.counted_so_far("slept");
                eprintln!("sleeps begun: {begun}, requests cut off: {cut_off}");
                return Ok(ExitCode::from(if cut_off == 0 { 0 } else { 3 }));
            }
            Some(Order::Exit) => return Ok(ExitCode::SUCCESS),
            Some(Order::Restart { pause }) => {
                // Dropping it cuts all connections at once.
                drop(server);
                tokio::time::sleep(pause).await;
            }
        }
    }
}

async fn listen(
    settings: &Settings,
    app: &Arc<App>,
    address: &str,
    attempts: usize,
) -> bolt_remoting::Result<RpcServer> {
    for _ in 1..attempts {
        match settings.builder(app).bind(address).await {
            Err(error) if error.kind() == ErrorKind::Bind => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            outcome => return outcome,
        }
    }
    settings.builder(app).bind(address).await
}

/// A plain thread: a read of standard input can't be cancelled and would hold up the runtime's end.
fn exit_with_stdin(app: Arc<App>) {
    std::thread::spawn(move || {
        // An error is an end as well.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        app.order(Order::Exit);
    });
}
