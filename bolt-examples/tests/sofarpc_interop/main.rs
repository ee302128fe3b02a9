//! SOFARPC from Rust to Java and back: our consumer against a provider on the real SOFARPC, and a
//! consumer on the real SOFARPC against our provider. One trial per scenario.
//!
//! Needs `java`, and `mvn` to build the peers in the folder `java-sofarpc` when they have changed.
//! Without them every trial is ignored, with the reason; with `CI=true` in the environment it fails.

#![forbid(unsafe_code)]

#[path = "../support/java.rs"]
mod java;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/report.rs"]
mod report;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use self::java::Project;
use self::process::Process;
use self::report::Report;

/// What both consumers try. The lists stand here, and are not asked of the consumers, so that a
/// scenario that gets lost is a failure.
const BOTH: [&str; 20] = [
    "hello",
    "add",
    "pojo",
    "list",
    "map",
    "void",
    "null",
    "big",
    "unique-id",
    "business-exception",
    "runtime-exception",
    "timeout",
    "no-service",
    "future",
    "callback",
    "oneway",
    "concurrent",
    "pb-hello",
    "pb-exception",
    "heartbeat",
];
/// What ours has in other scenarios, calls without the classes, and what Java's consumer makes of an
/// empty message.
const JAVA_CONSUMER_ONLY: [&str; 4] = ["self-ref", "no-method", "generic", "pb-empty"];

/// Most that one direction may take; each scenario has its own, lower limit.
const PATIENCE: Duration = Duration::from_secs(60);

static PEERS: Project = Project::new("java-sofarpc", "java-sofarpc.jar");
static RUST_TO_JAVA: Direction = Direction::new("rust-to-java");
static JAVA_TO_RUST: Direction = Direction::new("java-to-rust");

struct Direction {
    name: &'static str,
    run: OnceLock<Result<Report, String>>,
}

impl Direction {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            run: OnceLock::new(),
        }
    }

    fn cases(&self) -> Vec<&'static str> {
        let more: &[&str] = match self.name {
            "java-to-rust" => &JAVA_CONSUMER_ONLY,
            _ => &[],
        };
        BOTH.iter().chain(more).copied().collect()
    }

    fn trial(&'static self, case: &'static str) -> Trial {
        let name = format!("{}/{case}", self.name);
        Trial::ignorable_test(name, move || self.outcome(case))
    }

    /// What the consumer's one run said about the case.
    fn outcome(&self, case: &str) -> Result<Completion, Failed> {
        match PEERS.jar() {
            Ok(jar) => {
                let run = self.run.get_or_init(|| self.run(jar));
                run.as_ref().map_err(Clone::clone)?.outcome(case)?;
                Ok(Completion::Completed)
            }
            Err(missing) => missing.outcome(),
        }
    }

    fn run(&self, jar: &Path) -> Result<Report, String> {
        let java = |role| {
            let mut command = Command::new("java");
            // Of the tracer; otherwise it leaves a folder among the temporary ones.
            command.arg(concat!("-Dlogging.path=", env!("CARGO_TARGET_TMPDIR")));
            command.arg("-jar").arg(jar).arg(role);
            command
        };
        let (mut server, mut client) = match self.name {
            "rust-to-java" => {
                let client = Command::new(env!("CARGO_BIN_EXE_sofarpc-client"));
                (java("server"), client)
            }
            _ => {
                let mut server = Command::new(env!("CARGO_BIN_EXE_sofarpc-server"));
                server.args(["--listen", "127.0.0.1:0"]);
                (server, java("client"))
            }
        };
        let mut server = Process::start(server.arg("--stdin-lifeline"))?;
        let listening = server.line_with("listening on ", PATIENCE)?;
        let address = listening.trim_start_matches("listening on ");
        Report::of(client.args([address, &self.cases().join(",")]), PATIENCE)
    }
}

fn main() -> ExitCode {
    let start = Instant::now();
    let directions = [&RUST_TO_JAVA, &JAVA_TO_RUST];
    let trials = directions.into_iter().flat_map(|direction| {
        let cases = direction.cases().into_iter();
        cases.map(|case| direction.trial(case))
    });
    let mut arguments = Arguments::from_args();
    // The directions take turns on the machine.
    arguments.test_threads = Some(1);
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    for direction in directions {
        if let Some(Ok(report)) = direction.run.get() {
            let (calls, cases) = (report.calls(), report.cases());
            println!("{}: {calls} calls in {cases} cases", direction.name);
        }
    }
    if !arguments.list {
        println!("all in {:.1} s", start.elapsed().as_secs_f32());
    }
    conclusion.exit_code()
}
