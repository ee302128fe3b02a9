//! TLS: what the command line says of it, and scenarios for a server that speaks it.

use bolt_examples::contract::DuplexRequest;
use bolt_examples::options::Options;
use bolt_remoting::tls::{ClientTls, ClientTlsConfig, Roots, TlsIdentity};
use bolt_remoting::{Error, ErrorKind};

use crate::caller::Style;
use crate::check::{self, Outcome};
use crate::env::Env;
use crate::samples::{self, TEXT, text};
use crate::scenario::Scenarios;

pub(crate) const OPTIONS: [&str; 5] = [
    "tls-ca",
    "tls-pin",
    "tls-cert",
    "tls-key",
    "tls-server-name",
];

/// `None` for a plain client.
pub(crate) fn settings(options: &Options) -> Result<Option<ClientTls>, String> {
    let said = |error: Error| error.to_string();
    let mut config = match (options.get("tls-ca"), options.get("tls-pin")) {
        (Some(file), None) => {
            ClientTlsConfig::trusting(Roots::from_pem_files([file]).map_err(said)?)
        }
        (None, Some(pin)) => ClientTlsConfig::pinning([pin.parse().map_err(said)?]),
        (None, None) if OPTIONS.iter().all(|name| options.get(name).is_none()) => return Ok(None),
        _ => return Err("TLS wants either --tls-ca or --tls-pin".to_owned()),
    };
    match (options.get("tls-cert"), options.get("tls-key")) {
        (None, None) => {}
        (Some(cert), Some(key)) => {
            let identity = TlsIdentity::from_pem_files(cert, key).map_err(said)?;
            config = config.identity(identity);
        }
        _ => return Err("--tls-cert and --tls-key want each other".to_owned()),
    }
    if let Some(name) = options.get("tls-server-name") {
        config = config.server_name(name);
    }
    ClientTls::new(config).map(Some).map_err(said)
}

pub(crate) fn add_to(all: &mut Scenarios) {
    all.add("tls", tls).not_in_all();
    all.add("tls-plain-client", plain_client).not_in_all();
}

async fn tls(env: Env) -> Outcome {
    check::that(env.is_secured(), "needs --tls-ca or --tls-pin")?;
    let caller = env.open()?;
    let port = caller.port().await?;
    for style in Style::ALL {
        caller.exchange(style, &TEXT.to_owned()).await?;
        caller.exchange(style, &samples::bytes(1 << 20)).await?;
    }
    let request = DuplexRequest {
        mode: text("sync"),
        msg: text("d"),
        times: 2,
    };
    let answer: String = caller.invoke(&request).await?;
    check::equal("duplex", "cb0:d;cb1:d;", answer)?;
    caller.still_fine(port).await?;
    Ok("all styles, 1 MiB, duplex".to_owned())
}

/// A client without TLS gets a clear error instead of an answer or a timeout.
async fn plain_client(env: Env) -> Outcome {
    let caller = env.open_plain()?;
    let mut seen = String::new();
    for style in Style::ALL {
        let refused = caller.call::<_, String>(style, "x").await;
        seen = check::fails(ErrorKind::Closed, refused)?.to_string();
    }
    Ok(seen)
}
