//! The SOFARPC consumer of the contract: runs scenarios against a provider, one line each.
//!
//! `sofarpc-client 127.0.0.1:12200 all` ends with status 0 only if every scenario passed.

#![forbid(unsafe_code)]

mod env;
mod failures;
mod results;
mod styles;

use std::process::ExitCode;

use bolt_examples::options::Options;

use self::env::Env;

type Scenarios = bolt_examples::scenario::Scenarios<Env>;

const USAGE: &str = "usage: sofarpc-client ADDRESS SCENARIO[,SCENARIO...]|all|names";

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("sofarpc-client: {text}");
            ExitCode::from(2)
        }
    }
}

/// Whether all scenarios passed.
async fn run() -> Result<bool, String> {
    let options = Options::parse(std::env::args().skip(1), &[], &[])
        .map_err(|text| format!("{text}\n{USAGE}"))?;
    let scenarios = scenarios();
    if options.words().iter().any(|word| word == "names") {
        scenarios.names().for_each(|name| println!("{name}"));
        return Ok(true);
    }
    let [address, wanted] = options.words() else {
        return Err(USAGE.to_owned());
    };
    let env = Env::new(address)?;
    Ok(scenarios.run(&env, wanted).await)
}

/// In the order of the contract, and then those that it doesn't have.
fn scenarios() -> Scenarios {
    let mut all = Scenarios::default();
    results::add_to(&mut all);
    failures::add_to(&mut all);
    styles::add_to(&mut all);
    all
}
