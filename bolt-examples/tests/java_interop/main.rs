//! Rust and Java call each other: our client against a server on the real SOFABolt, and a client
//! on the real SOFABolt against our server. One trial per scenario.
//!
//! Needs `java`, `mvn` to build the peers in the folder `java` when they have changed, and `openssl`. Without
//! them every trial is ignored, with the reason; with `CI=true` in the environment it fails.

#![forbid(unsafe_code)]

mod cases;
mod group;
#[path = "../support/java.rs"]
mod java;
mod keystores;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/report.rs"]
mod report;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use self::group::Group;

fn main() -> ExitCode {
    let start = Instant::now();
    let groups: Vec<Arc<Group>> = cases::groups().into_iter().map(Arc::new).collect();
    let trials = groups.iter().flat_map(trials).collect();
    let mut arguments = Arguments::from_args();
    // Groups take turns on the machine: they are full of deadlines.
    arguments.test_threads = Some(1);
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list {
        return conclusion.exit_code();
    }
    for (direction, cases, time) in group::totals(&groups) {
        println!("{direction}: {cases} cases in {:.1} s", time.as_secs_f32());
    }
    println!("all in {:.1} s", start.elapsed().as_secs_f32());
    conclusion.exit_code()
}

fn trials(group: &Arc<Group>) -> Vec<Trial> {
    let trial = |case: &String| {
        let (group, case) = (Arc::clone(group), case.clone());
        let name = group.name_of(&case);
        Trial::ignorable_test(name, move || outcome(&group, &case))
    };
    group.cases.iter().map(trial).collect()
}

/// What the group's one run said about the case.
fn outcome(group: &Group, case: &str) -> Result<Completion, Failed> {
    match group.needs() {
        Ok(jar) => group.outcome(jar, case)?,
        Err(missing) => return missing.outcome(),
    }
    Ok(Completion::Completed)
}
