//! Shows Hessian bytes as a neutral tree, and makes bytes of such a tree.
//!
//! ```text
//! echo 4f9566782e507492017801796f909192 | cargo run -p bolt-hessian --example wire -- decode
//! ["object","fx.Pt",[["x",["int",1]],["y",["int",2]]]]
//! ```
//!
//! One line out for each line in; what cannot be read or written is `ERR` and the reason.

mod hex;
mod tree;

use std::io::{self, BufRead, BufWriter, Write};
use std::process::ExitCode;

use bolt_hessian::{Dialect, Options, Value, from_slice_with, to_vec_with};

const USAGE: &str = "usage: wire decode|encode [--dialect draft|published] < lines";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((convert, options)) = parse(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(convert, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wire: {error}");
            ExitCode::FAILURE
        }
    }
}

type Convert = fn(&str, Options) -> Result<String, String>;

fn parse(arguments: &[String]) -> Option<(Convert, Options)> {
    let (command, flags) = arguments.split_first()?;
    let convert: Convert = match command.as_str() {
        "decode" => decode,
        "encode" => encode,
        _ => return None,
    };
    let dialect = match flags {
        [] => Dialect::Draft,
        [flag, name] if flag == "--dialect" => match name.as_str() {
            "draft" => Dialect::Draft,
            "published" => Dialect::Published,
            _ => return None,
        },
        _ => return None,
    };
    Some((convert, Options::new().dialect(dialect)))
}

fn run(convert: Convert, options: Options) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        match convert(text.trim(), options) {
            Ok(answer) => writeln!(output, "{answer}")?,
            // A reason may quote the input.
            Err(reason) => writeln!(output, "ERR {}", reason.replace(['\r', '\n'], " "))?,
        }
        // Whoever sends line by line waits for the answer.
        output.flush()?;
        line.clear();
    }
    Ok(())
}

fn decode(line: &str, options: Options) -> Result<String, String> {
    let bytes = hex::decode(line).ok_or("not hexadecimal")?;
    let value: Value = from_slice_with(&bytes, options).map_err(|error| error.to_string())?;
    Ok(tree::to_json(&value))
}

fn encode(line: &str, options: Options) -> Result<String, String> {
    let value = tree::from_json(line)?;
    let bytes = to_vec_with(&value, options).map_err(|error| error.to_string())?;
    Ok(hex::encode(&bytes))
}
