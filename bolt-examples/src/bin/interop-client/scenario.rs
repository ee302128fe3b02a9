//! The list of scenarios.

use crate::env::Env;
use crate::{behaviours, calls, connections, errors, matrix, pending, special, tls, types};

pub(crate) type Scenarios = bolt_examples::scenario::Scenarios<Env>;

pub(crate) fn all() -> Scenarios {
    let mut all = Scenarios::default();
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
