//! What tokio costs without a library.
//!
//! `floor-tokio server --listen ADDR` echoes bytes. `floor-tokio client ADDR`, with the options of
//! `load-client` (closed loop), writes the bytes of all its outstanding calls at once on each
//! connection and waits until as many have come back: a plain ping-pong, without frames.
//!
//! `floor-tokio frames --listen ADDR` is a server too, for any SOFABolt client: it echoes frames.
//! `floor-tokio calls ADDR`, with the same options, is a client of any SOFABolt server: a task for each
//! outstanding call, and nothing that calls could do without.

#![forbid(unsafe_code)]

mod calls;
#[path = "../floor-epoll/frames.rs"]
#[allow(dead_code, reason = "more of a frame is wanted there")]
mod frames;
mod frames_echo;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use load::{LoadOptions, Record, Recorder, Report, measure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// What a request with class `perf.RawBody` carries besides its content.
const HEAD: usize = 34;
const BUFFER: usize = 256 * 1024;
/// As much fits into the kernel's buffers, so a batch may be written before anything is read.
const AT_ONCE: usize = 64 * 1024;

fn main() -> ExitCode {
    let pair = load::usage_of_pair("floor-tokio");
    let usage = format!(
        "{pair}\n       floor-tokio frames --listen ADDR\n       floor-tokio calls ADDR [as client]"
    );
    load::command_line::help(&usage);
    let mut args = std::env::args().skip(1);
    let done = match args.next().as_deref() {
        Some("server") => serve(args, &usage, echo),
        Some("frames") => serve(args, &usage, frames_echo::serve),
        Some("client") => run(args, &usage),
        Some("calls") => calls::run(args, &usage),
        _ => Err(usage),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("floor-tokio: {why}");
            ExitCode::from(2)
        }
    }
}

fn runtime() -> Result<Runtime, String> {
    Runtime::new().map_err(|why| why.to_string())
}

fn serve<F>(
    args: impl Iterator<Item = String>,
    usage: &str,
    connection: fn(TcpStream) -> F,
) -> Result<(), String>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let address = load::listen_address(args, usage)?;
    let served: std::io::Result<()> = runtime()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("listening on {}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // A connection that breaks is its client's matter.
            tokio::spawn(connection(stream));
        }
    });
    served.map_err(|why| why.to_string())
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let came = stream.read(&mut buffer).await?;
        if came == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..came]).await?;
    }
}

fn run(args: impl Iterator<Item = String>, usage: &str) -> Result<(), String> {
    let options = LoadOptions::parse(args, usage, "floor-tokio")?;
    if options.rate.is_some() || options.idle {
        return Err("only the closed loop is built".to_owned());
    }
    let runtime = runtime()?;
    let record = Arc::new(Record::default());
    for connection in 0..options.connections {
        let more = usize::from(connection < options.concurrency % options.connections);
        let calls = options.concurrency / options.connections + more;
        if calls == 0 {
            continue;
        }
        let stream = runtime.block_on(TcpStream::connect(&options.address));
        let stream = stream.map_err(|why| why.to_string())?;
        let batches = batches(stream, calls, options.payload + HEAD, record.recorder());
        // Its failures are in the record.
        drop(runtime.spawn(batches));
    }
    let window = measure(&options, &record);
    drop(runtime);
    Report::new(&options, &record, window).print(options.json);
    Ok(())
}

async fn batches(mut stream: TcpStream, calls: usize, size: usize, mut recorder: Recorder) {
    let sent = vec![b'x'; calls * size];
    let mut buffer = vec![0; BUFFER];
    if let Err(why) = stream.set_nodelay(true) {
        return recorder.failure(true, why.to_string());
    }
    while !recorder.record().is_over() {
        let began = Instant::now();
        let done = batch(&mut stream, &sent, &mut buffer).await;
        let counts = recorder.record().in_window();
        if let Err(why) = done {
            return recorder.failure(true, why.to_string());
        }
        let latency = began.elapsed();
        if counts {
            (0..calls).for_each(|_| recorder.success(latency));
        }
    }
}

async fn batch(stream: &mut TcpStream, sent: &[u8], buffer: &mut [u8]) -> std::io::Result<()> {
    if sent.len() <= AT_ONCE {
        stream.write_all(sent).await?;
        return take(stream, sent.len(), buffer).await;
    }
    let (mut read, mut write) = stream.split();
    tokio::try_join!(write.write_all(sent), take(&mut read, sent.len(), buffer))?;
    Ok(())
}

async fn take(
    stream: &mut (impl AsyncReadExt + Unpin),
    mut wanted: usize,
    buffer: &mut [u8],
) -> std::io::Result<()> {
    while wanted > 0 {
        match stream.read(buffer).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            came => wanted = wanted.saturating_sub(came),
        }
    }
    Ok(())
}
