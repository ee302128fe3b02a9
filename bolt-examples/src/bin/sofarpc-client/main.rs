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
    bolt_examples::options::help(USAGE);
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

/// In the order of the contract.
fn scenarios() -> Scenarios {
    let mut all = Scenarios::default();
    all.add("hello", results::hello);
    all.add("add", results::add);
    all.add("pojo", results::pojo);
    all.add("list", results::list);
    all.add("map", results::map);
    all.add("void", results::void);
    all.add("null", results::null);
    all.add("business-exception", failures::business_exception);
    all.add("runtime-exception", failures::runtime_exception);
    all.add("big", results::big);
    all.add("timeout", failures::timeout);
    all.add("no-service", failures::no_service);
    all.add("unique-id", results::unique_id);
    all.add("future", styles::future);
    all.add("callback", styles::callback);
    all.add("oneway", styles::oneway);
    all.add("concurrent", styles::concurrent);
    all.add("pb-hello", styles::pb_hello);
    all.add("pb-exception", failures::pb_exception);
    all.add("heartbeat", styles::heartbeat);
    all
}
