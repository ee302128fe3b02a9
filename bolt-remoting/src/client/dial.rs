//! From an address to a byte stream.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::connect::{Connect, Stream};
use crate::net::{self, Transport};
use crate::{Address, Error, ErrorKind, Result};

/// Where streams come from.
#[derive(Clone)]
pub(crate) enum Connector {
    Network(Arc<Transport>),
    Other(Arc<dyn Connect>),
}

/// A stream that may become a connection. Those of the network have forms of their own, so that
/// they need no boxing.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for a moment, and never many"
)]
pub(crate) enum Dialed {
    Network(net::Stream),
    Other(Stream),
}

impl Connector {
    /// Dials once, within `limit`: the one way from an address to a stream.
    pub(crate) async fn dial(&self, address: &Address, limit: Duration) -> Result<Dialed> {
        let failed = |why: String| {
            let text = format!("can't connect to {address}{why}");
            Error::new(ErrorKind::Connect, text)
        };
        let dialing = async {
            match self {
                Self::Network(network) => network.connect(address).await.map(Dialed::Network),
                Self::Other(connector) => match connector.connect(address).await {
                    Ok(stream) => Ok(Dialed::Other(stream)),
                    Err(why) => Err(failed(format!(": {why}")).with_source(why)),
                },
            }
        };
        let late = |_| Err(failed(format!(" within {limit:?}")));
        timeout(limit, dialing).await.unwrap_or_else(late)
    }
}

impl Dialed {
    /// The peer's and the local one.
    pub(crate) fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        match self {
            Self::Network(stream) => {
                let tcp = stream.tcp();
                (tcp.peer_addr().ok(), tcp.local_addr().ok())
            }
            Self::Other(stream) => (stream.peer, stream.local),
        }
    }
}
