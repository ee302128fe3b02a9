//! Sockets: how they are made and set up.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::{Address, Error, ErrorKind, Result};

/// Java: `bolt.tcp.so.backlog`.
const BACKLOG: i32 = 1024;
/// Silence after which the kernel asks whether the peer's machine is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Resolves the address and tries all answers in turn until one connects.
pub(crate) async fn connect(address: &Address) -> Result<TcpStream> {
    let failed = |why: io::Error| {
        Error::new(
            ErrorKind::Connect,
            format!("can't connect to {address}: {why}"),
        )
        .with_source(why)
    };
    let found = tokio::net::lookup_host((address.host(), address.port()))
        .await
        .map_err(failed)?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for candidate in found {
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                set_up(&stream);
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}

/// A listening socket as Java makes it: address reuse, a backlog of 1,024.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    // Elsewhere it would let two servers share the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// No delay and keepalive, as Java does. A socket that refuses them works all the same.
pub(crate) fn set_up(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    let result = stream
        .set_nodelay(true)
        .and(SockRef::from(stream).set_tcp_keepalive(&keepalive));
    if let Err(error) = result {
        tracing::debug!(%error, "a socket option was refused");
    }
}
