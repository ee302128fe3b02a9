//! The Java peers: built when they are missing or older than their sources.

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use crate::process::Process;

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/java");
/// The first build loads its plugins and SOFABolt.
const BUILD_PATIENCE: Duration = Duration::from_secs(600);

/// Why there are no Java peers.
#[derive(Debug)]
pub(crate) enum Missing {
    /// Something isn't installed.
    Tool(String),
    /// It is, but fails.
    Build(String),
}

/// The runnable jar file.
pub(crate) fn peer() -> Result<&'static Path, &'static Missing> {
    static PEER: OnceLock<Result<PathBuf, Missing>> = OnceLock::new();
    PEER.get_or_init(find_or_build).as_deref()
}

fn find_or_build() -> Result<PathBuf, Missing> {
    let jar = jar();
    need("java", "-version")?;
    if !is_up_to_date(&jar) {
        need("mvn", "--version")?;
        build()?;
    }
    Ok(jar)
}

/// What key stores are made with, besides the JDK's own.
pub(crate) fn openssl() -> Result<(), &'static Missing> {
    static OPENSSL: OnceLock<Result<(), Missing>> = OnceLock::new();
    let needed = OPENSSL.get_or_init(|| need("openssl", "version"));
    needed.as_ref().copied()
}

fn need(tool: &str, probe: &str) -> Result<(), Missing> {
    let mut command = Command::new(tool);
    command.arg(probe);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    match quiet.stderr(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Missing::Tool(format!(
            "`{tool} {probe}` ends with {status}"
        ))),
        Err(error) => Err(Missing::Tool(format!("`{tool}` can't be run: {error}"))),
    }
}

fn build() -> Result<(), Missing> {
    println!("building the Java peers with Maven");
    let mut command = Command::new("mvn");
    command.args(["-q", "-B", "package", "-DskipTests"]);
    command.current_dir(PROJECT);
    let mut maven = Process::start(&mut command).map_err(Missing::Build)?;
    let lines = maven.lines_to_end(BUILD_PATIENCE);
    let end = maven.end();
    match is_up_to_date(&jar()) {
        true => Ok(()),
        false => Err(Missing::Build(format!("mvn: {end}\n{}", lines.join("\n")))),
    }
}

fn jar() -> PathBuf {
    Path::new(PROJECT).join("target/java-peer.jar")
}

fn is_up_to_date(jar: &Path) -> bool {
    let Ok(built) = modified(jar) else {
        return false;
    };
    let project = Path::new(PROJECT);
    let sources = [project.join("pom.xml"), project.join("src")];
    sources
        .iter()
        .all(|source| newest(source).is_ok_and(|changed| changed <= built))
}

fn modified(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

/// When the file, or anything in the folder, was changed last.
fn newest(path: &Path) -> io::Result<SystemTime> {
    let mut newest = modified(path)?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            newest = newest.max(self::newest(&entry?.path())?);
        }
    }
    Ok(newest)
}
