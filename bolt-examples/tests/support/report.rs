//! What a client says of its scenarios, line by line.

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use crate::process::Process;

pub(crate) struct Report {
    /// By case, the detail of those that passed and the reason of those that failed.
    said: HashMap<String, Result<String, String>>,
    end: String,
}

impl Report {
    /// Runs the client to its end.
    pub(crate) fn of(client: &mut Command, patience: Duration) -> Result<Self, String> {
        let mut client = Process::start(client)?;
        let lines = client.lines_to_end(patience);
        Ok(Self {
            said: lines.iter().filter_map(|line| verdict(line)).collect(),
            end: client.end(),
        })
    }

    pub(crate) fn cases(&self) -> usize {
        self.said.len()
    }

    pub(crate) fn outcome(&self, case: &str) -> Result<(), String> {
        match self.said.get(case) {
            Some(Ok(_)) => Ok(()),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(format!("the client said nothing of it; {}", self.end)),
        }
    }

    /// The sum of what the details say: `N calls, ...`.
    pub(crate) fn calls(&self) -> usize {
        let details = self.said.values().flatten();
        details
            .filter_map(|detail| {
                detail
                    .split_once(" calls")?
                    .0
                    .rsplit(' ')
                    .next()?
                    .parse::<usize>()
                    .ok()
            })
            .sum()
    }
}

/// `PASS name (N ms) detail` or `FAIL name (N ms) reason`.
fn verdict(line: &str) -> Option<(String, Result<String, String>)> {
    let (word, rest) = line.split_once(' ')?;
    let (name, text) = rest.split_once(' ')?;
    let text = text.to_owned();
    match word {
        "PASS" => Some((name.to_owned(), Ok(text))),
        "FAIL" => Some((name.to_owned(), Err(text))),
        _ => None,
    }
}
