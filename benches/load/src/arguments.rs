//! Command lines: one word, `--name value` and `--flag`.

use std::collections::HashMap;
use std::str::FromStr;

/// What was on a command line.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) words: Vec<String>,
    options: HashMap<String, String>,
}

impl Arguments {
    /// `values` are the options with a value and `flags` those without; others are refused.
    pub(super) fn parse(
        args: impl IntoIterator<Item = String>,
        values: &[&str],
        flags: &[&str],
    ) -> Result<Self, String> {
        let mut arguments = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let Some(name) = arg.strip_prefix("--") else {
                arguments.words.push(arg);
                continue;
            };
            let value = match (flags.contains(&name), values.contains(&name)) {
                (true, _) => String::new(),
                (_, true) => args.next().ok_or_else(|| format!("{arg} wants a value"))?,
                _ => return Err(format!("unknown option {arg}")),
            };
            arguments.options.insert(name.to_owned(), value);
        }
        Ok(arguments)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.options.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    pub(super) fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, String> {
        let parse = |value: &str| {
            let wrong = |_| format!("--{name} wants a number, not {value:?}");
            value.parse().map_err(wrong)
        };
        self.get(name).map(parse).transpose()
    }
}

/// The address of `--listen ADDR`, the only option of a server that has no others.
///
/// # Errors
///
/// A text for the user.
pub fn listen_address(args: impl IntoIterator<Item = String>) -> Result<String, String> {
    let arguments = Arguments::parse(args, &["listen"], &[])?;
    let address = arguments.get("listen").ok_or("--listen ADDR is wanted")?;
    Ok(address.to_owned())
}
