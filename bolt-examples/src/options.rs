//! Command lines of examples and load programs: words, `--name value`, `--flag` and `--help`.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

/// What was on the command line.
#[derive(Clone, Debug, Default)]
pub struct Options {
    words: Vec<String>,
    values: HashMap<String, String>,
    flags: HashSet<String>,
}

impl Options {
    /// Takes `args` apart. `names` are the options with a value and `flags` those without, all
    /// without dashes; others are refused.
    ///
    /// # Errors
    ///
    /// A text for the user that names the wrong part.
    pub fn parse(
        args: impl IntoIterator<Item = String>,
        names: &[&str],
        flags: &[&str],
    ) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let Some(name) = arg.strip_prefix("--") else {
                options.words.push(arg);
                continue;
            };
            if flags.contains(&name) {
                options.flags.insert(name.to_owned());
                continue;
            }
            if !names.contains(&name) {
                return Err(format!("unknown option {arg}"));
            }
            let value = args.next().ok_or_else(|| format!("{arg} wants a value"))?;
            options.values.insert(name.to_owned(), value);
        }
        Ok(options)
    }

    /// What is no option.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether the flag `name` was given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.flags.contains(name)
    }

    /// The value of the option `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of the option `name` as a number.
    ///
    /// # Errors
    ///
    /// A text for the user if it is none.
    pub fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, String> {
        let parse = |value: &str| {
            let wrong = |_| format!("--{name} wants a number, not {value:?}");
            value.parse().map_err(wrong)
        };
        self.get(name).map(parse).transpose()
    }
}

/// Prints `usage` and ends the process with status 0, if its command line asks for that: `--help` or
/// `-h`.
pub fn help(usage: &str) {
    if std::env::args()
        .skip(1)
        .any(|arg| arg == "--help" || arg == "-h")
    {
        println!("{usage}");
        std::process::exit(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_values_and_flags_are_told_apart() {
        let args = ["127.0.0.1:12200", "sync", "--n", "7", "--loud"].map(String::from);
        let options = Options::parse(args, &["n"], &["loud"]).expect("well-formed");
        assert_eq!(options.words(), ["127.0.0.1:12200", "sync"]);
        assert_eq!(options.number("n"), Ok(Some(7)));
        assert!(options.has("loud"));
    }
}
