//! Named checks of a server, and the report that a client makes of them: one line each.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use bolt_examples::check;
//! use bolt_examples::scenario::Scenarios;
//!
//! let mut all = Scenarios::default();
//! all.add("sum", |(a, b): (i32, i32)| async move {
//!     check::equal("sum", 4, a + b)?;
//!     Ok("1 sum".into())
//! });
//! // Prints `PASS sum (0 ms) 1 sum` and `1 passed, 0 failed`.
//! assert!(all.run(&(1, 3), "all").await);
//! # }
//! ```

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use crate::check::{Failure, Outcome};

/// A scenario that has not ended by then has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// One check of a server. `E` is what it is given: address, settings.
pub struct Scenario<E> {
    name: String,
    /// Whether `all` has it: not if it needs a server started for it, or much time.
    in_all: bool,
    extra_time: fn(&E) -> Duration,
    run: Box<Run<E>>,
}

type Run<E> = dyn Fn(E) -> BoxFuture<'static, Outcome> + Send + Sync;

impl<E> Scenario<E> {
    /// Leaves it out of `all`.
    pub fn not_in_all(&mut self) -> &mut Self {
        self.in_all = false;
        self
    }

    /// Lets it take so much more than the usual 30 s.
    pub fn extra_time(&mut self, extra_time: fn(&E) -> Duration) -> &mut Self {
        self.extra_time = extra_time;
        self
    }
}

impl<E> fmt::Debug for Scenario<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scenario").field(&self.name).finish()
    }
}

/// The list of scenarios.
#[derive(Debug)]
pub struct Scenarios<E>(Vec<Scenario<E>>);

impl<E> Default for Scenarios<E> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<E: Clone> Scenarios<E> {
    /// Adds a scenario, which ends with a detail for the reader or with what was wrong.
    pub fn add<Fut>(
        &mut self,
        name: impl Into<String>,
        run: impl Fn(E) -> Fut + Send + Sync + 'static,
    ) -> &mut Scenario<E>
    where
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        self.0.push(Scenario {
            name: name.into(),
            in_all: true,
            extra_time: |_| Duration::ZERO,
            run: Box::new(move |env| Box::pin(run(env))),
        });
        self.0.last_mut().expect("it was just pushed")
    }

    /// All names, in the order of adding.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|scenario| scenario.name.as_str())
    }

    /// Those of a name, of `all`, or of a group such as `matrix` or `matrix/v1`.
    fn chosen(&self, name: &str) -> Vec<&Scenario<E>> {
        let group = format!("{name}/");
        let is_chosen = |scenario: &&Scenario<E>| {
            let all = name == "all" && scenario.in_all;
            all || scenario.name == name || scenario.name.starts_with(&group)
        };
        self.0.iter().filter(is_chosen).collect()
    }

    /// Runs the scenarios of the names in `wanted`, which commas separate, one after the other.
    /// Prints a line for each and one for all; whether all passed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the scenario that is being run to itself.
    pub async fn run(&self, env: &E, wanted: &str) -> bool {
        let (mut passed, mut failed) = (0, 0);
        for name in wanted.split(',') {
            let chosen = self.chosen(name);
            if chosen.is_empty() {
                failed += 1;
                println!("FAIL {name} (0 ms) there is no such scenario");
            }
            for scenario in chosen {
                match report(scenario, env).await {
                    true => passed += 1,
                    false => failed += 1,
                }
            }
        }
        println!("{passed} passed, {failed} failed");
        failed == 0
    }
}

/// Runs one scenario and prints its line; whether it passed.
async fn report<E: Clone>(scenario: &Scenario<E>, env: &E) -> bool {
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
async fn bounded<E: Clone>(scenario: &Scenario<E>, env: &E) -> Outcome {
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
