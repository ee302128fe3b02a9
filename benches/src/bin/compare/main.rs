//! Runs the peers beside each other and writes what came of it: see `benches/README.md`. Started by
//! the script `benches/compare`, which builds them.

#![forbid(unsafe_code)]

mod cells;
mod peers;
mod picture;
mod report;
mod results;
mod run;
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use load::command_line::{self, Options};

use self::cells::Cell;
use self::peers::Programs;
use self::results::Results;
use self::run::Course;

const USAGE: &str = "usage: benches/compare [--quick] [--rounds N] [--seconds N] [--warmup N] \
    [--java-warmup N] [--cells NAME,...] [--peers NAME,...] [--out DIR] [--from FILE] [--list]";

fn main() -> ExitCode {
    command_line::help(USAGE);
    match compare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("compare: {why}");
            ExitCode::from(2)
        }
    }
}

fn compare() -> Result<(), String> {
    let values = [
        "rounds",
        "seconds",
        "warmup",
        "java-warmup",
        "cells",
        "peers",
        "out",
        "from",
        "programs",
        "foreign",
        "jar",
    ];
    let options = Options::parse(std::env::args().skip(1), &values, &["quick", "list"]);
    let options = options.map_err(|why| format!("{why}\n{USAGE}"))?;
    let cells = chosen(&options)?;
    if options.has("list") {
        for cell in &cells {
            println!(
                "{:18} {} ({})",
                cell.name,
                cell.title,
                cell.peers.join(", ")
            );
        }
        return Ok(());
    }
    let out = PathBuf::from(options.get("out").unwrap_or("target/compare"));
    fs::create_dir_all(&out).map_err(|why| format!("{}: {why}", out.display()))?;
    let results = match options.get("from") {
        Some(file) => Results::read(Path::new(file))?,
        None => course(&options, &out)?.run(&cells)?,
    };
    write(
        &out.join("comparison.md"),
        &report::markdown(&cells, &results),
    )?;
    write(&out.join("comparison.svg"), &picture::svg(&results))?;
    println!("{}", report::markdown(&cells, &results));
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|why| format!("{}: {why}", file.display()))
}

/// The cells asked for, each with the peers asked for.
fn chosen(options: &Options) -> Result<Vec<Cell>, String> {
    let mut cells = cells::all();
    let split = |name| {
        options
            .get(name)
            .map(|names: &str| names.split(',').collect())
    };
    if let Some(names) = split("cells") {
        let names: Vec<&str> = names;
        if let Some(unknown) = names
            .iter()
            .find(|&&name| !cells.iter().any(|cell| cell.goes_by(name)))
        {
            return Err(format!("no cell {unknown:?}; --list names them"));
        }
        cells.retain(|cell| names.iter().any(|name| cell.goes_by(name)));
    }
    if let Some(names) = split("peers") {
        let names: Vec<&str> = names;
        for cell in &mut cells {
            cell.peers.retain(|peer| names.contains(peer));
        }
    }
    Ok(cells)
}

fn course(options: &Options, out: &Path) -> Result<Course, String> {
    let quick = options.has("quick");
    let number = |name, long: f64, short: f64| {
        let given = options.number(name)?;
        Ok::<f64, String>(given.unwrap_or(if quick { short } else { long }))
    };
    let rounds = options.number("rounds")?;
    let folder = |name| options.get(name).map(PathBuf::from).ok_or(USAGE);
    Ok(Course {
        programs: Programs {
            ours: folder("programs")?,
            foreign: folder("foreign")?,
            jar: folder("jar")?,
        },
        rounds: rounds.unwrap_or(if quick { 1 } else { 5 }),
        seconds: number("seconds", 4.0, 1.5)?,
        warmup: number("warmup", 2.0, 0.5)?,
        java_warmup: number("java-warmup", 8.0, 4.0)?,
        log: out.join("comparison.jsonl"),
    })
}
