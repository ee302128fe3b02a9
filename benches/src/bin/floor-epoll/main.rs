//! What the kernel and SOFABolt's frames cost without a library: one thread a process, epoll, one
//! read and one write per wake-up, no allocation per frame, no call API, no deadlines.
//!
//! `floor-epoll server --listen ADDR`, and `floor-epoll client ADDR` with the options of
//! `load-client` (raw mode, version 1, closed loop). Both work with any other SOFABolt peer.

#![forbid(unsafe_code)]

mod client;
mod frames;
mod link;
mod server;

use std::process::ExitCode;

fn main() -> ExitCode {
    let usage = load::usage_of_pair("floor-epoll");
    load::command_line::help(&usage);
    let mut args = std::env::args().skip(1);
    let done = match args.next().as_deref() {
        Some("server") => serve(args, &usage),
        Some("client") => client::run(args, &usage),
        _ => Err(usage),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("floor-epoll: {why}");
            ExitCode::from(2)
        }
    }
}

fn serve(args: impl Iterator<Item = String>, usage: &str) -> Result<(), String> {
    let address = load::listen_address(args, usage)?;
    let address = address.parse().map_err(|why| format!("{address}: {why}"))?;
    server::serve(address).map_err(|why| why.to_string())
}
