//! Command lines: words and `--name value`.

use std::collections::HashMap;
use std::str::FromStr;

/// What was on the command line.
///
/// ```
/// use bolt_examples::options::Options;
///
/// let args = ["127.0.0.1:12200", "sync", "--n", "7"].map(String::from);
/// let options = Options::parse(args, &["n"])?;
/// assert_eq!(options.words(), ["127.0.0.1:12200", "sync"]);
/// assert_eq!(options.number("n")?, Some(7));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    words: Vec<String>,
    values: HashMap<String, String>,
}

impl Options {
    /// Takes `args` apart; options other than `names` (without dashes) are refused.
    ///
    /// # Errors
    ///
    /// A text for the user that names the wrong part.
    pub fn parse(args: impl IntoIterator<Item = String>, names: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let Some(name) = arg.strip_prefix("--") else {
                options.words.push(arg);
                continue;
            };
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

    /// Fails if any of `names` was given: options that this version does not have yet.
    ///
    /// # Errors
    ///
    /// A text for the user.
    pub fn refuse(&self, names: &[&str], what: &str) -> Result<(), String> {
        match names.iter().find(|name| self.get(name).is_some()) {
            Some(name) => Err(format!("--{name}: {what} is not supported yet")),
            None => Ok(()),
        }
    }
}
