//! The client of the interoperability contract: runs scenarios against a server, one line each.
//!
//! `interop-client 127.0.0.1:12200 all` ends with status 0 only if every scenario passed.

#![forbid(unsafe_code)]

mod behaviours;
mod caller;
mod calls;
mod check;
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
use std::time::{Duration, Instant};

use bolt_examples::options::Options;

use self::check::{Failure, Outcome};
use self::env::Env;
use self::scenario::{Scenario, Scenarios};

const USAGE: &str = "usage: interop-client ADDRESS SCENARIO[,SCENARIO...]|all|list [--crc on|off] \
    [--heartbeat-interval-ms N] [--n N] [--big BYTES] [--seconds N] [--tls-ca FILE|--tls-pin SHA256] \
    [--tls-cert FILE --tls-key FILE] [--tls-server-name NAME]";
/// A scenario that has not ended by then has failed.
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
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
    let scenarios = Scenarios::all();
    if options.words().iter().any(|word| word == "list") {
        scenarios.names().for_each(|name| println!("{name}"));
        return Ok(true);
    }
    let [address, wanted] = options.words() else {
        return Err(USAGE.to_owned());
    };
    let env = Env::new(address, &options)?;
    let (mut passed, mut failed) = (0, 0);
    for name in wanted.split(',') {
        let chosen = scenarios.chosen(name);
        if chosen.is_empty() {
            failed += 1;
            println!("FAIL {name} (0 ms) there is no such scenario");
        }
        for scenario in chosen {
            match report(scenario, &env).await {
                true => passed += 1,
                false => failed += 1,
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

/// Runs one scenario and prints its line; whether it passed.
async fn report(scenario: &Scenario, env: &Env) -> bool {
    let start = Instant::now();
    let outcome = bounded(scenario, env).await;
    let millis = start.elapsed().as_millis();
    let (word, text) = match &outcome {
        Ok(detail) => ("PASS", detail.clone()),
        Err(failure) => ("FAIL", failure.to_string()),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    println!("{word} {} ({millis} ms) {text}", scenario.name);
    outcome.is_ok()
}

/// On a task of its own, so that a panic is a failure like any other.
async fn bounded(scenario: &Scenario, env: &Env) -> Outcome {
    let deadline = DEADLINE + (scenario.extra_time)(env);
    let mut task = tokio::spawn((scenario.run)(env.clone()));
    match tokio::time::timeout(deadline, &mut task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(Failure::new(error.to_string())),
        Err(_) => {
            task.abort();
            Err(Failure::new(format!("no end after {deadline:?}")))
        }
    }
}
