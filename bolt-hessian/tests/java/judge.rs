//! Builds and runs the Java program that reads and writes with the real library.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One version of the library in one kind of JVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `com.alipay.sofa:hessian:3.5.5`, JVM without options.
    Draft,
    /// The same with the packages opened that the library reaches into.
    DraftOpened,
    /// `com.alipay.sofa:hessian:4.0.4`, opened: without that it does not even start on JDK 17.
    PublishedOpened,
}

const OPENED: [&str; 4] = ["java.lang", "java.util", "java.math", "java.time"];

impl Mode {
    pub(crate) const ALL: [Mode; 3] = [Mode::Draft, Mode::DraftOpened, Mode::PublishedOpened];

    fn dialect(self) -> &'static str {
        match self {
            Mode::Draft | Mode::DraftOpened => "draft",
            Mode::PublishedOpened => "published",
        }
    }

    /// Runs the judge and returns its lines.
    pub(crate) fn run(self, command: &str, lines: &[String]) -> Result<Vec<String>, String> {
        let built = target().join(self.dialect());
        let mut java = Command::new("java");
        if self != Mode::Draft {
            for package in OPENED {
                java.arg(format!("--add-opens=java.base/{package}=ALL-UNNAMED"));
            }
        }
        let libraries = built.join("lib").join("*");
        let class_path = std::env::join_paths([built.join("classes"), libraries]);
        let process = java
            .arg("-Xss16m")
            .arg("-cp")
            .arg(class_path.map_err(|error| error.to_string())?)
            .args(["judge.Judge", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = process.map_err(|error| error.to_string())?;
        let mut input = process.stdin.take().ok_or("no standard input")?;
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        // Both ends at once, or a full pipe stops us.
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = process
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        writer
            .join()
            .map_err(|_| "the writer panicked")?
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("the judge ended with {}", output.status));
        }
        let text = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

/// Why the judge cannot run here; `None` if it can.
pub(crate) fn missing() -> Option<String> {
    let missing = |program: &str| {
        let run = Command::new(program).arg("-version").output();
        run.is_err().then(|| format!("no {program}"))
    };
    missing("java").or_else(|| missing("mvn"))
}

/// Compiles the judge for both versions of the library.
pub(crate) fn build() -> Result<(), String> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("java/pom.xml");
    for profile in [None, Some("-Ppublished")] {
        let output = Command::new("mvn")
            .args(["-q", "-B", "-f"])
            .arg(&project)
            .arg(format!("-Djudge.target={}", target().display()))
            .args(profile)
            .arg("process-classes")
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stdout).into_owned());
        }
    }
    Ok(())
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("judge")
}
