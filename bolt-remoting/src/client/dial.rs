//! From an address to a byte stream, and to a connection that somebody takes or nobody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Protocol;
use bytes::Bytes;
use tokio::time::timeout;

use super::connect::{Connect, Stream};
use crate::net::{self, Transport};
use crate::{Address, Connection, Error, ErrorKind, Result};

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

/// A connection that nobody has yet: closed unless it is kept, whatever becomes of who made it.
pub(crate) struct Fresh<P: Protocol>(Option<Connection<P>>);

impl<P: Protocol> Fresh<P> {
    pub(crate) fn new(connection: Connection<P>) -> Self {
        Self(Some(connection))
    }

    pub(crate) fn connection(&self) -> &Connection<P> {
        self.0.as_ref().expect("there until it is kept")
    }

    pub(crate) fn keep(mut self) -> Connection<P> {
        self.0.take().expect("kept once")
    }
}

impl<P: Protocol> Drop for Fresh<P> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            connection.close();
        }
    }
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

    /// What the server showed in the TLS handshake.
    pub(crate) fn certificates(&self) -> Box<[Bytes]> {
        match self {
            #[cfg(feature = "tls")]
            Self::Network(net::Stream::Tls(stream)) => crate::tls::shown(stream.get_ref().1),
            _ => Box::default(),
        }
    }
}
