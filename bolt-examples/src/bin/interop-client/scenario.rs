//! The list of scenarios.

use std::future::Future;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::check::Outcome;
use crate::env::Env;
use crate::{behaviours, calls, connections, errors, matrix, pending, special, tls, types};

/// One check of a server.
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// Whether `all` has it: not if it needs a server started for it, or much time.
    in_all: bool,
    pub(crate) extra_time: fn(&Env) -> Duration,
    pub(crate) run: Box<dyn Fn(Env) -> BoxFuture<'static, Outcome> + Send + Sync>,
}

#[derive(Default)]
pub(crate) struct Scenarios(Vec<Scenario>);

impl Scenarios {
    pub(crate) fn all() -> Self {
        let mut all = Self::default();
        calls::add_to(&mut all);
        types::add_to(&mut all);
        errors::add_to(&mut all);
        behaviours::add_to(&mut all);
        connections::add_to(&mut all);
        pending::add_to(&mut all);
        matrix::add_to(&mut all);
        special::add_to(&mut all);
        tls::add_to(&mut all);
        all
    }

    pub(crate) fn add<Fut>(
        &mut self,
        name: impl Into<String>,
        run: impl Fn(Env) -> Fut + Send + Sync + 'static,
    ) -> &mut Scenario
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

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|scenario| scenario.name.as_str())
    }

    /// Those of a name, of `all`, or of a group such as `matrix` or `matrix/v1`.
    pub(crate) fn chosen(&self, name: &str) -> Vec<&Scenario> {
        let group = format!("{name}/");
        let is_chosen = |scenario: &&Scenario| {
            let all = name == "all" && scenario.in_all;
            all || scenario.name == name || scenario.name.starts_with(&group)
        };
        self.0.iter().filter(is_chosen).collect()
    }
}

impl Scenario {
    pub(crate) fn not_in_all(&mut self) -> &mut Self {
        self.in_all = false;
        self
    }
}
