//! One end of a stream that speaks by hand: any bytes, any frames, at any time.

use std::net::SocketAddr;

use bolt_codec::{EncodeBuf, FrameDecoder, FrameEncoder, Limits, Protocol, Role};
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};

use super::within;

/// The bytes of a frame.
pub(crate) fn bytes_of<P: Protocol>(protocol: &P, frame: P::Frame) -> Vec<u8> {
    let (_, mut encoder, _) = protocol.open(Role::Client, &Limits::default());
    let mut out = EncodeBuf::new();
    encoder.encode(frame, &mut out).expect("encodable");
    out.into_bytes().to_vec()
}

/// The hand-made side of one connection.
pub(crate) struct Peer<P: Protocol, T> {
    pub(crate) io: T,
    protocol: P,
    decoder: P::Decoder,
    received: BytesMut,
}

/// In memory, so that a paused clock works; a small `capacity` blocks the other side's writes.
pub(crate) fn in_memory<P: Protocol>(
    protocol: P,
    capacity: usize,
) -> (Peer<P, DuplexStream>, DuplexStream) {
    let (near, far) = tokio::io::duplex(capacity);
    (Peer::new(protocol, near), far)
}

/// Connects to a server.
pub(crate) async fn dial<P: Protocol>(protocol: P, address: SocketAddr) -> Peer<P, TcpStream> {
    let stream = within(TcpStream::connect(address)).await.expect("dial");
    stream.set_nodelay(true).expect("a socket option");
    Peer::new(protocol, stream)
}

/// A place to be dialed at.
pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("bound").to_string();
    (listener, address)
}

/// An address that refuses all who dial, and what keeps it so.
pub(crate) fn nobody() -> (socket2::Socket, String) {
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    socket.set_nonblocking(true).expect("a socket option");
    socket.bind(&any.into()).expect("bind");
    let bound = socket.local_addr().expect("bound");
    let address = bound.as_socket().expect("an IP address").to_string();
    (socket, address)
}

/// The next one who dials.
pub(crate) async fn accept<P: Protocol>(protocol: P, listener: &TcpListener) -> Peer<P, TcpStream> {
    let (stream, _) = within(listener.accept()).await.expect("accept");
    stream.set_nodelay(true).expect("a socket option");
    Peer::new(protocol, stream)
}

impl<P: Protocol, T: AsyncRead + AsyncWrite + Unpin> Peer<P, T> {
    pub(crate) fn new(protocol: P, io: T) -> Self {
        let (decoder, _, _) = protocol.open(Role::Server, &Limits::default());
        Self {
            io,
            protocol,
            decoder,
            received: BytesMut::new(),
        }
    }

    pub(crate) async fn send(&mut self, frame: P::Frame) {
        let bytes = bytes_of(&self.protocol, frame);
        self.send_bytes(&bytes).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        within(self.io.write_all(bytes)).await.expect("write");
        within(self.io.flush()).await.expect("flush");
    }

    /// The next frame, `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<P::Frame> {
        loop {
            if let Some(frame) = self.decoder.decode(&mut self.received).expect("a frame") {
                return Some(frame);
            }
            match within(self.io.read_buf(&mut self.received)).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next frame, which has to come.
    #[track_caller]
    pub(crate) fn recv(&mut self) -> impl Future<Output = P::Frame> {
        let caller = std::panic::Location::caller();
        async move {
            let next = self.next().await;
            next.unwrap_or_else(|| panic!("the stream ended at {caller}"))
        }
    }

    /// The other side closes, without another frame.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) -> impl Future<Output = ()>
    where
        P::Frame: std::fmt::Debug,
    {
        let caller = std::panic::Location::caller();
        async move {
            if let Some(frame) = self.next().await {
                panic!("instead of the end at {caller}: {frame:?}");
            }
        }
    }

    /// Sends the FIN; the other direction stays open.
    pub(crate) async fn finish(&mut self) {
        self.io.shutdown().await.expect("shutdown");
    }
}

impl<P: Protocol> Peer<P, TcpStream> {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.io.local_addr().expect("connected")
    }

    /// Ends the connection with an RST.
    pub(crate) fn reset(self) {
        self.io.set_zero_linger().expect("a socket option");
    }
}
