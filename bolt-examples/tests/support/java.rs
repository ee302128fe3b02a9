//! Java peers: built when they are missing or older than their sources.

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use libtest_mimic::{Completion, Failed};

use crate::process::Process;

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

impl Missing {
    /// The outcome of a trial that needs the peers: ignored, but a failure where everything has to
    /// be there.
    pub(crate) fn outcome(&self) -> Result<Completion, Failed> {
        let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        match self {
            Self::Tool(reason) if !in_ci => Ok(Completion::ignored_with(reason)),
            Self::Tool(reason) | Self::Build(reason) => Err(reason.as_str().into()),
        }
    }
}

/// A Maven project of this crate that makes a runnable jar file.
pub(crate) struct Project {
    folder: &'static str,
    /// In the folder `target`.
    jar: &'static str,
    built: OnceLock<Result<PathBuf, Missing>>,
}

impl Project {
    pub(crate) const fn new(folder: &'static str, jar: &'static str) -> Self {
        Self {
            folder,
            jar,
            built: OnceLock::new(),
        }
    }

    /// The runnable jar file.
    pub(crate) fn jar(&self) -> Result<&Path, &Missing> {
        self.built.get_or_init(|| self.find_or_build()).as_deref()
    }

    fn find_or_build(&self) -> Result<PathBuf, Missing> {
        let jar = self.folder().join("target").join(self.jar);
        need("java", "-version")?;
        if !self.is_up_to_date(&jar) {
            need("mvn", "--version")?;
            self.build(&jar)?;
        }
        Ok(jar)
    }

    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder)
    }

    fn build(&self, jar: &Path) -> Result<(), Missing> {
        println!("building the Java peers in {} with Maven", self.folder);
        let mut command = Command::new("mvn");
        command.args(["-q", "-B", "package", "-DskipTests"]);
        command.current_dir(self.folder());
        let mut maven = Process::start(&mut command).map_err(Missing::Build)?;
        let lines = maven.lines_to_end(BUILD_PATIENCE);
        let end = maven.end();
        match self.is_up_to_date(jar) {
            true => Ok(()),
            false => Err(Missing::Build(format!("mvn: {end}\n{}", lines.join("\n")))),
        }
    }

    fn is_up_to_date(&self, jar: &Path) -> bool {
        let Ok(built) = modified(jar) else {
            return false;
        };
        let sources = [self.folder().join("pom.xml"), self.folder().join("src")];
        sources
            .iter()
            .all(|source| newest(source).is_ok_and(|changed| changed <= built))
    }
}

/// The peers on the real SOFABolt.
pub(crate) fn peer() -> Result<&'static Path, &'static Missing> {
    static PEER: Project = Project::new("java", "java-peer.jar");
    PEER.jar()
}

/// What key stores are made with, besides the JDK's own.
pub(crate) fn openssl() -> Result<(), &'static Missing> {
    static OPENSSL: OnceLock<Result<(), Missing>> = OnceLock::new();
    let needed = OPENSSL.get_or_init(|| need("openssl", "version"));
    needed.as_ref().copied()
}

/// Fails if a program is not there or fails when asked for its version.
pub(crate) fn need(tool: &str, probe: &str) -> Result<(), Missing> {
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
