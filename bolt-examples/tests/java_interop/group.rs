//! One run of a client against a server, and what it said about each case.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::java::{self, Missing};
use crate::keystores::{KeyStores, Security};
use crate::process::Process;
use crate::report::Report;

/// Most that one group may take; each scenario has its own, lower limit.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    RustToJava,
    JavaToRust,
}

impl Direction {
    pub(crate) const ALL: [Self; 2] = [Self::RustToJava, Self::JavaToRust];
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RustToJava => "rust-to-java",
            Self::JavaToRust => "java-to-rust",
        })
    }
}

pub(crate) struct Group {
    pub(crate) direction: Direction,
    pub(crate) cases: Vec<String>,
    server_options: &'static [&'static str],
    version: Option<&'static Version>,
    security: Option<Security>,
    run: OnceLock<Result<Run, String>>,
}

/// A version of the protocol that the address asks for.
pub(crate) struct Version {
    pub(crate) name: &'static str,
    pub(crate) query: &'static str,
}

/// What the client said.
struct Run {
    report: Report,
    time: Duration,
}

impl Group {
    pub(crate) fn new<S: Into<String>>(
        direction: Direction,
        cases: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            direction,
            cases: cases.into_iter().map(Into::into).collect(),
            server_options: &[],
            version: None,
            security: None,
            run: OnceLock::new(),
        }
    }

    pub(crate) fn server_options(mut self, options: &'static [&'static str]) -> Self {
        self.server_options = options;
        self
    }

    pub(crate) fn version(mut self, version: &'static Version) -> Self {
        self.version = Some(version);
        self
    }

    pub(crate) fn security(mut self, security: Security) -> Self {
        self.security = Some(security);
        self
    }

    /// What the case is called in the output of the test.
    pub(crate) fn name_of(&self, case: &str) -> String {
        let version = self.version.map(|version| version.name);
        let variant = version.or(self.security.map(Security::name));
        match variant {
            Some(variant) => format!("{}/{variant}/{case}", self.direction),
            None => format!("{}/{case}", self.direction),
        }
    }

    /// The Java peers, if everything else is there too.
    pub(crate) fn needs(&self) -> Result<&'static Path, &'static Missing> {
        if self.security.is_some() {
            java::openssl()?;
        }
        java::peer()
    }

    /// Runs the group if nobody has yet.
    pub(crate) fn outcome(&self, jar: &Path, case: &str) -> Result<(), String> {
        let run = self.run.get_or_init(|| self.run(jar)).as_ref()?;
        run.report.outcome(case)
    }

    fn run(&self, jar: &Path) -> Result<Run, String> {
        let secured = self.security.map(KeyStores::made).transpose()?;
        let start = Instant::now();
        let mut server = Process::start(&mut self.server(jar, secured))?;
        let listening = server.line_with("listening on ", PATIENCE)?;
        let mut address = listening.trim_start_matches("listening on ").to_owned();
        if let Some(version) = self.version {
            address = format!("{address}?{}", version.query);
        }
        if secured.is_some() {
            // A Java server's first handshake is slow, on a busy machine more than the usual second.
            address = format!("{address}?_CONNECTTIMEOUT=10000");
        }
        let mut client = self.client(jar, &address, secured);
        Ok(Run {
            report: Report::of(&mut client, PATIENCE.saturating_sub(start.elapsed()))?,
            time: start.elapsed(),
        })
    }

    fn server(&self, jar: &Path, secured: Option<&KeyStores>) -> Command {
        let mut command = match self.direction {
            Direction::RustToJava => java_command(jar, "server"),
            Direction::JavaToRust => {
                let mut rust = Command::new(env!("CARGO_BIN_EXE_interop-server"));
                rust.args(["--listen", "127.0.0.1:0"]);
                rust
            }
        };
        command.args(self.server_options).arg("--stdin-lifeline");
        if let Some(stores) = secured {
            command.args(stores.server_options(self.direction));
        }
        command
    }

    fn client(&self, jar: &Path, address: &str, secured: Option<&KeyStores>) -> Command {
        let mut command = match self.direction {
            Direction::RustToJava => Command::new(env!("CARGO_BIN_EXE_interop-client")),
            Direction::JavaToRust => java_command(jar, "client"),
        };
        command.args([address, &self.cases.join(",")]);
        if let Some(stores) = secured {
            command.args(stores.client_options(self.direction));
        }
        command
    }
}

fn java_command(jar: &Path, role: &str) -> Command {
    let mut command = Command::new("java");
    command.arg("-jar").arg(jar).arg(role);
    command
}

/// How many cases ran in each direction, and how long they took.
pub(crate) fn totals(
    groups: &[impl AsRef<Group>],
) -> impl Iterator<Item = (Direction, usize, Duration)> {
    Direction::ALL.into_iter().map(|direction| {
        let groups = groups.iter().map(AsRef::as_ref);
        let runs = groups
            .filter(|group| group.direction == direction)
            .filter_map(|group| group.run.get()?.as_ref().ok());
        let (mut cases, mut time) = (0, Duration::ZERO);
        for run in runs {
            cases += run.report.cases();
            time += run.time;
        }
        (direction, cases, time)
    })
}
