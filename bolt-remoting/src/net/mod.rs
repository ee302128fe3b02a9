//! Sockets: how they are made and set up.

mod options;
mod race;

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

pub use self::options::{Keepalive, SocketOptions};
use crate::{Address, Error, ErrorKind, Result};

/// How a client reaches servers.
#[derive(Debug, Default)]
pub(crate) struct Transport {
    pub(crate) socket: SocketOptions,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::ClientTls>,
}

/// A new connection. The engine runs on each kind as it is, without a box or a branch per read.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for a moment, and never many"
)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::client::TlsStream<TcpStream>),
}

impl Transport {
    /// Connects to the address, and does the TLS handshake if there is one to do.
    pub(crate) async fn connect(&self, address: &Address) -> Result<Stream> {
        let failed = |text: String, why: io::Error| {
            let text = format!("can't connect to {address}: {text}");
            Error::new(ErrorKind::Connect, text).with_source(why)
        };
        let stream = self
            .dial(address)
            .await
            .map_err(|why| failed(why.to_string(), why))?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let peer = stream.peer_addr().ok();
            let secured = tls.connect(address.host(), stream).await;
            return secured.map(Stream::Tls).map_err(|why| {
                let text = crate::tls::handshake_failure(&why);
                failed(text, why).with_call(peer, None, false)
            });
        }
        Ok(Stream::Tcp(stream))
    }

    /// Resolves the name, each time anew, and connects to whichever answer takes us first.
    async fn dial(&self, address: &Address) -> io::Result<TcpStream> {
        let found = tokio::net::lookup_host((address.host(), address.port())).await?;
        race::first_of(race::in_turns(found), |candidate| self.dial_one(candidate)).await
    }

    async fn dial_one(&self, candidate: SocketAddr) -> io::Result<TcpStream> {
        let socket = match candidate {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        self.socket.set_up(SockRef::from(&socket));
        not_itself(socket.connect(candidate).await?)
    }
}

impl Stream {
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Tcp(stream) => stream,
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// Where nobody listens at a local port, the system may choose the same one for this end: TCP then
/// connects the socket to itself.
fn not_itself(stream: TcpStream) -> io::Result<TcpStream> {
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

/// A listening socket.
pub(crate) fn listen(address: SocketAddr, options: &SocketOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    options.set_up_listener(&socket, address.is_ipv6())?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_socket_that_reaches_itself_is_refused() -> io::Result<()> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let own = socket.local_addr()?;
        let refused = not_itself(socket.connect(own).await?);
        let kind = refused.map_err(|error| error.kind()).err();
        assert_eq!(kind, Some(io::ErrorKind::ConnectionRefused));
        Ok(())
    }
}
