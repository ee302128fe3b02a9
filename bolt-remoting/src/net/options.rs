//! What can be set on a socket.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// Options of the sockets of one client or server. The defaults are Java SOFABolt's.
///
/// | option | default | Java |
/// |---|---|---|
/// | [`nodelay`](Self::nodelay) | on | `bolt.tcp.nodelay`, on |
/// | [`keepalive`](Self::keepalive) | after 60 s, then as the system does | `bolt.tcp.so.keepalive`, on, times of the system |
/// | [`user_timeout`](Self::user_timeout) | the system's | – |
/// | [`send_buffer`](Self::send_buffer), [`receive_buffer`](Self::receive_buffer) | the system's | `bolt.tcp.so.sndbuf`, `.rcvbuf`, the system's |
/// | [`reuse_address`](Self::reuse_address) | on (not on Windows) | `bolt.tcp.so.reuseaddr`, on |
/// | [`reuse_port`](Self::reuse_port) | off | – |
/// | [`backlog`](Self::backlog) | 1,024 | `bolt.tcp.so.backlog`, 1,024 |
/// | [`dual_stack`](Self::dual_stack) | on | on |
///
/// An option that the system refuses is an error where a server binds; on a connection it is
/// logged at debug level and the connection does without.
///
/// ```
/// use bolt_remoting::{Keepalive, SocketOptions};
/// use std::time::Duration;
///
/// let mut socket = SocketOptions::default();
/// socket.keepalive = Some(Keepalive::after(Duration::from_secs(20)));
/// socket.receive_buffer = Some(256 * 1024);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketOptions {
    /// Sends small frames at once (`TCP_NODELAY`).
    pub nodelay: bool,
    /// When the kernel asks whether the peer's machine is still there; `None` for never.
    pub keepalive: Option<Keepalive>,
    /// How long sent bytes may stay unacknowledged before the kernel gives the connection up
    /// (`TCP_USER_TIMEOUT`). Linux only, elsewhere without effect.
    pub user_timeout: Option<Duration>,
    /// Size of the kernel's send buffer in bytes. Setting it turns its automatic growth off.
    pub send_buffer: Option<usize>,
    /// Size of the kernel's receive buffer in bytes. Setting it turns its automatic growth off.
    pub receive_buffer: Option<usize>,
    /// Listeners: the port may be taken while old connections of it linger (`SO_REUSEADDR`). Without
    /// effect on Windows, where it would let two servers share the port.
    pub reuse_address: bool,
    /// Listeners: several processes may listen on the port, and the kernel spreads connections over
    /// them (`SO_REUSEPORT`). Unix only, elsewhere without effect.
    pub reuse_port: bool,
    /// Listeners: connections that may wait to be accepted. The system has a limit of its own.
    pub backlog: u32,
    /// Listeners: `[::]` accepts IPv4 too.
    pub dual_stack: bool,
}

/// When the kernel asks whether the peer's machine is still there. Unlike heartbeats it says
/// nothing about the peer's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keepalive {
    /// Silence before the first question.
    pub after: Duration,
    /// Time from one question to the next; `None` for the system's.
    pub interval: Option<Duration>,
    /// Unanswered questions that end the connection; `None` for the system's.
    pub retries: Option<u32>,
}

impl Keepalive {
    /// The first question after this silence, the rest as the system does it.
    #[must_use]
    pub fn after(after: Duration) -> Self {
        Self {
            after,
            interval: None,
            retries: None,
        }
    }
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            nodelay: true,
            keepalive: Some(Keepalive::after(Duration::from_secs(60))),
            user_timeout: None,
            send_buffer: None,
            receive_buffer: None,
            reuse_address: true,
            reuse_port: false,
            backlog: 1024,
            dual_stack: true,
        }
    }
}

impl SocketOptions {
    /// Sets what concerns a connection. A socket that refuses something works all the same.
    pub(crate) fn set_up<'s>(&self, socket: impl Into<SockRef<'s>>) {
        let socket = socket.into();
        if let Err(error) = self.set_buffers(&socket).and(self.set_times(&socket)) {
            tracing::debug!(%error, "a socket option was refused");
        }
    }

    /// Sets what has to be set before connections come.
    pub(crate) fn set_up_listener(&self, socket: &socket2::Socket, is_v6: bool) -> io::Result<()> {
        #[cfg(unix)]
        socket.set_reuse_address(self.reuse_address)?;
        #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
        socket.set_reuse_port(self.reuse_port)?;
        if is_v6 {
            socket.set_only_v6(!self.dual_stack)?;
        }
        // Connections inherit them, and the handshake already depends on them.
        self.set_buffers(&SockRef::from(socket))
    }

    fn set_buffers(&self, socket: &SockRef<'_>) -> io::Result<()> {
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        Ok(())
    }

    fn set_times(&self, socket: &SockRef<'_>) -> io::Result<()> {
        socket.set_tcp_nodelay(self.nodelay)?;
        if let Some(keepalive) = self.keepalive {
            socket.set_tcp_keepalive(&keepalive.to_system())?;
        }
        #[cfg(target_os = "linux")]
        if self.user_timeout.is_some() {
            socket.set_tcp_user_timeout(self.user_timeout)?;
        }
        Ok(())
    }
}

impl Keepalive {
    fn to_system(self) -> TcpKeepalive {
        let mut system = TcpKeepalive::new().with_time(self.after);
        if let Some(interval) = self.interval {
            system = system.with_interval(interval);
        }
        // Windows can't, before its newest versions.
        #[cfg(unix)]
        if let Some(retries) = self.retries {
            system = system.with_retries(retries);
        }
        system
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Socket, Type};

    fn socket() -> Socket {
        Socket::new(Domain::IPV4, Type::STREAM, None).unwrap()
    }

    #[test]
    fn by_default_connections_are_prompt_and_kept_alive_as_in_java() {
        let socket = socket();
        let system = socket.recv_buffer_size().unwrap();
        SocketOptions::default().set_up(&socket);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.recv_buffer_size().unwrap(), system);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn every_option_of_a_connection_reaches_the_system() {
        let socket = socket();
        let secs = Duration::from_secs;
        let mut keepalive = Keepalive::after(secs(20));
        keepalive.interval = Some(secs(5));
        keepalive.retries = Some(4);
        let options = SocketOptions {
            nodelay: false,
            keepalive: Some(keepalive),
            user_timeout: Some(secs(7)),
            send_buffer: Some(30_000),
            receive_buffer: Some(20_000),
            ..SocketOptions::default()
        };
        options.set_up(&socket);
        assert!(!socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), secs(20));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), secs(5));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 4);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(secs(7)));
        // Linux doubles them, for its own use.
        assert_eq!(socket.send_buffer_size().unwrap(), 60_000);
        assert_eq!(socket.recv_buffer_size().unwrap(), 40_000);
    }

    #[test]
    fn what_the_system_refuses_is_done_without() {
        let options = SocketOptions {
            keepalive: Some(Keepalive::after(Duration::ZERO)),
            ..SocketOptions::default()
        };
        let socket = socket();
        options.set_up(&socket);
        assert!(socket.tcp_nodelay().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_listener_has_the_options_of_listeners_and_hands_its_buffers_down() {
        let socket = Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
        let mut options = SocketOptions {
            reuse_port: true,
            dual_stack: false,
            receive_buffer: Some(20_000),
            ..SocketOptions::default()
        };
        options.set_up_listener(&socket, true).unwrap();
        assert!(socket.reuse_address().unwrap() && socket.reuse_port().unwrap());
        assert!(socket.only_v6().unwrap());
        assert!(socket.recv_buffer_size().unwrap() >= 20_000);
        (options.reuse_address, options.dual_stack) = (false, true);
        options.set_up_listener(&socket, true).unwrap();
        assert!(!socket.reuse_address().unwrap() && !socket.only_v6().unwrap());
    }
}
