//! The real Java library reads what we write, and we read what it writes.
//!
//! Needs Java and Maven. Where they are missing the cases are reported as ignored, with the reason
//! in brackets; with `CI=true` they fail instead.

#![allow(clippy::unwrap_used)]

#[path = "../../examples/wire/hex.rs"]
mod hex;

mod corpus;
mod judge;
mod objects;
mod text;
mod types;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use bolt_hessian::{Deserializer, Dialect, Options, Serializer, Value};
use libtest_mimic::{Arguments, Failed, Trial};

use self::corpus::Corpus;
use self::judge::Mode;

/// Fewer would mean that the corpus is not what it should be.
const AT_LEAST: usize = 300;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = judge::missing();
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut trials = Vec::new();
    if let (Some(reason), true) = (&missing, required) {
        let reason = reason.clone();
        trials.push(Trial::test("java_is_there", || Err(reason.into())));
    }
    for mode in Mode::ALL {
        trials.extend(read_by_java(mode));
        trials.push(Trial::test(
            format!("{mode:?}: what Java writes"),
            move || written_by_java(mode),
        ));
    }
    if let Some(reason) = missing {
        trials = trials
            .into_iter()
            .map(|trial| match trial.name() {
                "java_is_there" => trial,
                _ => trial.with_kind(reason.clone()).with_ignored_flag(true),
            })
            .collect();
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial for each value of the corpus. One JVM reads them all, when the first trial asks.
fn read_by_java(mode: Mode) -> Vec<Trial> {
    let cases = Corpus::new().cases;
    assert!(cases.len() >= AT_LEAST, "only {} values", cases.len());
    let cases: Vec<_> = cases
        .into_iter()
        .filter(|case| mode != Mode::Draft || !case.opened_only)
        .collect();
    let lines: Vec<String> = cases
        .iter()
        .map(|case| match mode {
            Mode::Draft | Mode::DraftOpened => hex::encode(&case.draft),
            Mode::PublishedOpened => hex::encode(&case.published),
        })
        .collect();
    let answers = Arc::new(OnceLock::new());
    let lines = Arc::new(lines);
    let trials = cases.into_iter().enumerate().map(|(at, case)| {
        let (answers, lines) = (Arc::clone(&answers), Arc::clone(&lines));
        Trial::test(format!("{mode:?}: {}", case.name), move || {
            let answers: &Result<Vec<String>, String> =
                answers.get_or_init(|| built()?.run(mode, "read", &lines));
            let answer = answers
                .as_ref()?
                .get(at)
                .ok_or("the judge said too little")?;
            let read = match case.expected.strip_suffix('*') {
                Some(class) => answer.starts_with(class),
                None => *answer == case.expected,
            };
            match read {
                true => Ok(()),
                false => Err(format!("Java read {answer}\n  and not {}", case.expected).into()),
            }
        })
    });
    trials.collect()
}

/// Proof that the judge was built.
struct Built;

impl Built {
    fn run(&self, mode: Mode, command: &str, lines: &[String]) -> Result<Vec<String>, String> {
        mode.run(command, lines)
    }
}

fn built() -> Result<Built, String> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    BUILT.get_or_init(judge::build).clone().map(|()| Built)
}

/// All values of a stream.
fn read_all(bytes: &[u8], options: Options) -> bolt_hessian::Result<Vec<Value>> {
    let mut stream = Deserializer::from_slice(bytes, options);
    let mut values = Vec::new();
    while !stream.is_at_end() {
        values.push(stream.read()?);
    }
    stream.finish()?;
    Ok(values)
}

/// Reads what Java writes, writes it again, and has Java compare the two.
fn written_by_java(mode: Mode) -> Result<(), Failed> {
    let options = Options::new().dialect(match mode {
        Mode::Draft | Mode::DraftOpened => Dialect::Draft,
        Mode::PublishedOpened => Dialect::Published,
    });
    let samples = built()?.run(mode, "write", &[])?;
    if samples.len() < AT_LEAST {
        return Err(format!("Java wrote only {} values", samples.len()).into());
    }
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for sample in &samples {
        let [name, meant, written] = sample.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("not a sample: {sample}").into());
        };
        let bytes =
            hex::decode(written).ok_or_else(|| format!("Java wrote {name} as {written}"))?;
        let values = read_all(&bytes, options);
        let values = values.map_err(|error| format!("{name} cannot be read: {error}"))?;
        let read: Vec<String> = values.iter().map(text::of).collect();
        // These have fields whose Java types are narrower than what the wire says.
        let narrow =
            ["all set", "all unset", "wide"].contains(&name) || name.starts_with("trouble");
        if !narrow && read.join(";") != meant {
            return Err(format!("{name} is read as {read:?}").into());
        }
        let mut stream = Serializer::new(options);
        for value in &values {
            let written = stream.write(value);
            written.map_err(|error| format!("{name} cannot be written: {error}"))?;
        }
        let again = stream.into_vec();
        // How Java cuts long arrays in the published dialect depends on its buffer.
        let cut = mode == Mode::PublishedOpened && name.starts_with("bytes ");
        // What an earlier value of a stream has is shared by Java and repeated by us.
        let shared = name.starts_with("stream with");
        if again != bytes && !cut && !shared {
            return Err(format!("{name} is written with other bytes").into());
        }
        theirs.push(written.to_owned());
        ours.push(hex::encode(&again));
    }
    let theirs = built()?.run(mode, "read", &theirs)?;
    let ours = built()?.run(mode, "read", &ours)?;
    match theirs
        .iter()
        .zip(&ours)
        .find(|(theirs, ours)| theirs != ours)
    {
        Some((theirs, ours)) => {
            Err(format!("Java reads {theirs} of its own as {ours} of ours").into())
        }
        None => Ok(()),
    }
}
