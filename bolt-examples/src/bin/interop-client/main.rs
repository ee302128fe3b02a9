//! The client of the interoperability contract, `CONTRACT.md`: runs scenarios against a server, one line each.
//!
//! `interop-client 127.0.0.1:12200 all` ends with status 0 only if every scenario passed.

#![forbid(unsafe_code)]

mod behaviours;
mod caller;
mod calls;
mod connections;
mod env;
mod errors;
mod matrix;
mod pending;
mod samples;
mod scenario;
mod special;
mod tap;
mod tls;
mod types;

use std::process::ExitCode;

use bolt_examples::check;
use bolt_examples::options::Options;

use self::env::Env;

const USAGE: &str = "usage: interop-client ADDRESS SCENARIO[,SCENARIO...]|all|list [--crc on|off] \
    [--heartbeat-interval-ms N] [--n N] [--big BYTES] [--seconds N] [--tls-ca FILE|--tls-pin SHA256] \
    [--tls-cert FILE --tls-key FILE] [--tls-server-name NAME]";

#[tokio::main]
async fn main() -> ExitCode {
    bolt_examples::options::help(USAGE);
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("interop-client: {text}");
            ExitCode::from(2)
        }
    }
}

/// Whether all scenarios passed.
async fn run() -> Result<bool, String> {
    let names = ["crc", "heartbeat-interval-ms", "n", "big", "seconds"];
    let names = [&names[..], &tls::OPTIONS].concat();
    let options = Options::parse(std::env::args().skip(1), &names, &[])
        .map_err(|text| format!("{text}\n{USAGE}"))?;
    let scenarios = scenario::all();
    if options.words().iter().any(|word| word == "list") {
        scenarios.names().for_each(|name| println!("{name}"));
        return Ok(true);
    }
    let [address, wanted] = options.words() else {
        return Err(USAGE.to_owned());
    };
    let env = Env::new(address, &options)?;
    Ok(scenarios.run(&env, wanted).await)
}
