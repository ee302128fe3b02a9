//! A Seata server of the suite's own.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use crate::process::Process;

/// It is a large program on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// Somebody else may take a port between the look for a free one and its use.
const ATTEMPTS: usize = 3;

pub(crate) struct SeataServer {
    pub(crate) address: String,
    /// Shared by trials, none of which looks at it.
    _process: Mutex<Process>,
    folder: PathBuf,
}

impl SeataServer {
    pub(crate) fn start(jar: &Path) -> Result<Self, String> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            match Self::try_start(jar) {
                Ok(server) => return Ok(server),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    fn try_start(jar: &Path) -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("seata-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        let port = free_port().map_err(|why| why.to_string())?;
        let mut java = Command::new("java");
        java.arg("-jar").arg(jar).arg(port.to_string());
        java.arg(&folder).arg("--stdin-lifeline");
        let mut process = Process::start(&mut java)?;
        process.line_with("listening on ", PATIENCE)?;
        Ok(Self {
            address: format!("127.0.0.1:{port}"),
            _process: Mutex::new(process),
            folder,
        })
    }
}

impl Drop for SeataServer {
    fn drop(&mut self) {
        // What is left is under the target directory.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A port that was free a moment ago, and the one a thousand below it too: that is the console's.
fn free_port() -> std::io::Result<u16> {
    loop {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        if port > 2024 && TcpListener::bind(("127.0.0.1", port - 1000)).is_ok() {
            return Ok(port);
        }
    }
}
