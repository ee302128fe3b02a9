//! A Redis server of the suite's own.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::process::Process;

const PATIENCE: Duration = Duration::from_secs(30);
/// Somebody else may take a port between the look for a free one and its use.
const ATTEMPTS: usize = 3;

pub(crate) struct RedisServer {
    pub(crate) address: String,
    pub(crate) tls_address: String,
    /// What clients trust.
    pub(crate) certificate: String,
    /// Shared by trials, none of which looks at it.
    _process: Mutex<Process>,
    folder: PathBuf,
}

impl RedisServer {
    pub(crate) fn start() -> Result<Self, String> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            match Self::try_start() {
                Ok(server) => return Ok(server),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    fn try_start() -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("redis-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = generate_simple_self_signed(names).map_err(|why| why.to_string())?;
        let CertifiedKey { cert, signing_key } = made;
        let (cert_file, key_file) = (folder.join("cert.pem"), folder.join("key.pem"));
        let written = fs::write(&cert_file, cert.pem())
            .and_then(|()| fs::write(&key_file, signing_key.serialize_pem()));
        written.map_err(|why| why.to_string())?;
        let [port, tls_port] = free_ports().map_err(|why| why.to_string())?;
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--port", &port.to_string()]);
        command.args([
            "--tls-port",
            &tls_port.to_string(),
            "--tls-auth-clients",
            "no",
        ]);
        command.arg("--tls-cert-file").arg(&cert_file);
        command.arg("--tls-key-file").arg(&key_file);
        command.arg("--tls-ca-cert-file").arg(&cert_file);
        command.arg("--dir").arg(&folder);
        let mut process = Process::start(&mut command)?;
        process
            .line_that(
                |line| line.contains("Ready to accept connections"),
                PATIENCE,
            )
            .map_err(|why| format!("Redis is not ready: {why}"))?;
        Ok(Self {
            address: format!("127.0.0.1:{port}"),
            tls_address: format!("127.0.0.1:{tls_port}"),
            certificate: cert.pem(),
            _process: Mutex::new(process),
            folder,
        })
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // What is left is under the target directory.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Ports that were free a moment ago.
fn free_ports() -> std::io::Result<[u16; 2]> {
    let any = || TcpListener::bind("127.0.0.1:0");
    let listeners = [any()?, any()?];
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    Ok([port(&listeners[0])?, port(&listeners[1])?])
}
