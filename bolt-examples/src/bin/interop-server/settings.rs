//! The command line of the server.

use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Limits;
use bolt_examples::options::Options;
use bolt_remoting::rpc::RpcServerBuilder;
use bolt_remoting::tls::{Roots, ServerTls, ServerTlsConfig, TlsIdentity};
use bolt_remoting::{ConnectionConfig, HeartbeatConfig, RpcServer};

use crate::app::App;
use crate::handlers;

pub(crate) const USAGE: &str = "usage: interop-server --listen ADDR [--idle-timeout-ms N] \
    [--heartbeat-interval-ms N] [--max-frame-bytes N] [--max-connections N] [--drain-timeout-ms N] \
    [--tls-cert FILE --tls-key FILE [--tls-client-ca FILE]] [--stdin-lifeline]";

/// What the command line asks for.
pub(crate) struct Settings {
    pub(crate) listen: String,
    pub(crate) drain_timeout: Duration,
    /// End when standard input ends: whoever started the server holds the other end.
    pub(crate) stdin_lifeline: bool,
    config: ConnectionConfig,
    max_connections: Option<usize>,
    tls: Option<ServerTls>,
}

impl Settings {
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let names = [
            "listen",
            "idle-timeout-ms",
            "heartbeat-interval-ms",
            "max-frame-bytes",
            "max-connections",
            "drain-timeout-ms",
            "tls-cert",
            "tls-key",
            "tls-client-ca",
        ];
        let options = Options::parse(args, &names, &["stdin-lifeline"]);
        let options = options.map_err(|text| format!("{text}\n{USAGE}"))?;
        let (Some(listen), []) = (options.get("listen"), options.words()) else {
            return Err(USAGE.to_owned());
        };
        let millis = |name| Ok::<_, String>(options.number(name)?.map(Duration::from_millis));
        Ok(Self {
            listen: listen.to_owned(),
            drain_timeout: millis("drain-timeout-ms")?.unwrap_or(Duration::from_secs(10)),
            stdin_lifeline: options.has("stdin-lifeline"),
            config: config(
                millis("idle-timeout-ms")?,
                millis("heartbeat-interval-ms")?,
                options.number("max-frame-bytes")?,
            ),
            max_connections: options.number("max-connections")?,
            tls: tls(&options)?,
        })
    }

    /// A server that is ready to be bound.
    pub(crate) fn builder(&self, app: &Arc<App>) -> RpcServerBuilder {
        let mut builder = RpcServer::builder()
            .config(self.config.clone())
            .processors(handlers::all(app));
        if let Some(most) = self.max_connections {
            builder = builder.max_connections(most);
        }
        if let Some(tls) = &self.tls {
            builder = builder.tls(tls.clone());
        }
        builder
    }
}

fn tls(options: &Options) -> Result<Option<ServerTls>, String> {
    let files = ["tls-cert", "tls-key", "tls-client-ca"].map(|name| options.get(name));
    let (cert, key, client_ca) = match files {
        [None, None, None] => return Ok(None),
        [Some(cert), Some(key), client_ca] => (cert, key, client_ca),
        _ => return Err(format!("TLS wants --tls-cert and --tls-key\n{USAGE}")),
    };
    let made = || {
        let mut config = ServerTlsConfig::new(TlsIdentity::from_pem_files(cert, key)?);
        if let Some(file) = client_ca {
            config = config.client_roots(Roots::from_pem_files([file])?);
        }
        ServerTls::new(config)
    };
    made().map(Some).map_err(|error| error.to_string())
}

/// Zero turns idle closing and heartbeats off.
fn config(
    idle: Option<Duration>,
    heartbeat: Option<Duration>,
    max_frame: Option<usize>,
) -> ConnectionConfig {
    let mut config = ConnectionConfig::server();
    if let Some(idle) = idle {
        config.idle_timeout = (!idle.is_zero()).then_some(idle);
    }
    if let Some(interval) = heartbeat {
        config.heartbeat = (!interval.is_zero()).then(|| HeartbeatConfig::every(interval));
    }
    if let Some(max_frame) = max_frame {
        config.limits = Limits::with_max_frame(max_frame);
    }
    config
}
