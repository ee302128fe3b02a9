//! Key stores for TLS, made by `keytool` as Java users make them, and the PEM files that
//! `openssl` makes of them, with the commands that the documentation of `bolt_remoting::tls` names.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::group::Direction;

const PASSWORD: &str = "secret-of-this-test";

/// Who shows a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Security {
    /// The server. A root has signed it for the server's address.
    ServerOnly,
    /// Both. Each has signed its own, and it has no names: Rust clients know it by its fingerprint.
    Mutual,
}

impl Security {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ServerOnly => "tls",
            Self::Mutual => "mutual-tls",
        }
    }
}

/// In each key store is what one side shows, and whom it trusts.
pub(crate) struct KeyStores {
    security: Security,
    folder: PathBuf,
    /// SHA-256 of the server's certificate.
    fingerprint: String,
}

impl KeyStores {
    /// Made once per test run.
    pub(crate) fn made(security: Security) -> Result<&'static Self, String> {
        static SERVER_ONLY: OnceLock<Result<KeyStores, String>> = OnceLock::new();
        static MUTUAL: OnceLock<Result<KeyStores, String>> = OnceLock::new();
        let stores = match security {
            Security::ServerOnly => &SERVER_ONLY,
            Security::Mutual => &MUTUAL,
        };
        let made = stores.get_or_init(|| Self::make(security));
        made.as_ref().map_err(Clone::clone)
    }

    fn make(security: Security) -> Result<Self, String> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(security.name());
        // There may be those of an earlier run.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut stores = Self {
            security,
            folder,
            fingerprint: String::new(),
        };
        stores.generate("server", "")?;
        stores.generate("client", "")?;
        match security {
            Security::ServerOnly => stores.sign_server()?,
            Security::Mutual => {
                stores.export("client")?;
                stores.import("server", "client", "client.crt")?;
            }
        }
        stores.export("server")?;
        stores.import("client", "server", "server.crt")?;
        for name in ["server", "client"] {
            stores.openssl(name, "-nokeys -clcerts", "cert")?;
            stores.openssl(name, "-nocerts -nodes", "key")?;
            stores.openssl(name, "-nokeys -cacerts", "ca")?;
        }
        stores.fingerprint = stores.fingerprint_of("server")?;
        Ok(stores)
    }

    /// A server certificate with an address and an issuer, in place of the self-signed one.
    fn sign_server(&self) -> Result<(), String> {
        self.generate("root", "-ext bc:c")?;
        self.export("root")?;
        self.keytool("-certreq -alias server -keystore server.p12 -file server.csr")?;
        self.keytool(
            "-gencert -alias root -keystore root.p12 -ext san=ip:127.0.0.1 -validity 2 \
             -infile server.csr -outfile server.signed -rfc",
        )?;
        self.import("server", "root", "root.crt")?;
        self.import("server", "server", "server.signed")
    }

    fn generate(&self, name: &str, more: &str) -> Result<(), String> {
        self.keytool(&format!(
            "-genkeypair -alias {name} -keyalg RSA -keysize 2048 -validity 2 -dname CN={name} \
             -storetype PKCS12 -keystore {name}.p12 {more}"
        ))
    }

    fn export(&self, name: &str) -> Result<(), String> {
        let what = format!("-exportcert -rfc -alias {name} -keystore {name}.p12 -file {name}.crt");
        self.keytool(&what)
    }

    fn import(&self, into: &str, alias: &str, file: &str) -> Result<(), String> {
        self.keytool(&format!(
            "-importcert -noprompt -alias {alias} -keystore {into}.p12 -file {file}"
        ))
    }

    fn keytool(&self, arguments: &str) -> Result<(), String> {
        let mut command = Command::new("keytool");
        command.args(arguments.split_whitespace());
        command.args(["-storepass", PASSWORD]);
        self.run(&mut command).map(drop)
    }

    fn openssl(&self, name: &str, what: &str, to: &str) -> Result<(), String> {
        let mut command = Command::new("openssl");
        command.args(["pkcs12", "-in", &format!("{name}.p12")]);
        command.args(what.split_whitespace());
        command.args(["-passin", &format!("pass:{PASSWORD}")]);
        command.args(["-out", &format!("{name}-{to}.pem")]);
        self.run(&mut command).map(drop)
    }

    fn fingerprint_of(&self, name: &str) -> Result<String, String> {
        let mut command = Command::new("keytool");
        let arguments = format!("-list -v -keystore {name}.p12 -alias {name}");
        command.args(arguments.split_whitespace());
        command.args(["-storepass", PASSWORD]);
        let said = self.run(&mut command)?;
        let line = said
            .lines()
            .find_map(|line| line.trim().strip_prefix("SHA256: "));
        line.map(str::to_owned)
            .ok_or_else(|| format!("no fingerprint in: {said}"))
    }

    fn run(&self, command: &mut Command) -> Result<String, String> {
        // The texts that are looked at shall not depend on the machine's language.
        command.env("LC_ALL", "C").env("JAVA_TOOL_OPTIONS", "");
        let command = command.current_dir(&self.folder).stdin(Stdio::null());
        let output = command
            .output()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?}: {}\n{said}{errors}", output.status))
    }

    pub(crate) fn server_options(&self, direction: Direction) -> Vec<OsString> {
        let mutual = matches!(self.security, Security::Mutual);
        match direction {
            Direction::RustToJava => {
                let mut options = self.java_options("server");
                options.extend(mutual.then(|| "--tls-client-auth".into()));
                options
            }
            Direction::JavaToRust => {
                let mut options = self.rust_identity("server");
                if mutual {
                    options.extend(["--tls-client-ca".into(), self.file("server-ca.pem")]);
                }
                options
            }
        }
    }

    pub(crate) fn client_options(&self, direction: Direction) -> Vec<OsString> {
        match (direction, self.security) {
            (Direction::JavaToRust, _) => self.java_options("client"),
            (Direction::RustToJava, Security::ServerOnly) => {
                vec!["--tls-ca".into(), self.file("root.crt")]
            }
            (Direction::RustToJava, Security::Mutual) => {
                let mut options = self.rust_identity("client");
                options.extend(["--tls-pin".into(), (&self.fingerprint).into()]);
                options
            }
        }
    }

    fn java_options(&self, name: &str) -> Vec<OsString> {
        let store = self.file(&format!("{name}.p12"));
        vec![
            "--tls-keystore".into(),
            store,
            "--tls-password".into(),
            PASSWORD.into(),
        ]
    }

    fn rust_identity(&self, name: &str) -> Vec<OsString> {
        let file = |part| self.file(&format!("{name}-{part}.pem"));
        vec![
            "--tls-cert".into(),
            file("cert"),
            "--tls-key".into(),
            file("key"),
        ]
    }

    fn file(&self, name: &str) -> OsString {
        self.folder.join(name).into()
    }
}
