//! Peers that send garbage, halves of frames, and announcements of too much.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::{CodecError, EncodeBuf, FrameDecoder, FrameEncoder, Limits, Protocol, Role};
use bolt_remoting::{CloseReason, Connection, ConnectionConfig, NoHandler, Server};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cases::Case;
use crate::{PATIENCE, far};

impl<P: Protocol> Case<P>
where
    P::Frame: Debug,
{
    /// Whatever comes ends the connection and nothing else.
    pub(crate) async fn survives(&self) {
        let (_, gate) = self.gate(1000);
        let mut config = ConnectionConfig::server();
        config.frame_timeout = Some(Duration::from_millis(100));
        let server = Server::builder((self.protocol)(), gate).config(config);
        let server = server.bind("127.0.0.1:0").await.unwrap();
        let client = self.client().build();
        let address = server.local_addr().to_string();
        let connection = client.connection(&address, far()).await.unwrap();

        let frame = self.bytes_of(Role::Client, (self.call)());
        let half = &frame[..frame.len() - 1];
        let garbage: &[u8] = b"\xff\xfe\xfd\xfc garbage \r\n\r\n\0\0\0\0\0\0\0\0";
        for (bytes, finish) in [(half, false), (half, true), (self.too_much, false)] {
            ends(&address, bytes, finish).await;
        }
        // Some protocols understand anything that is a line.
        ends(&address, garbage, true).await;
        let hello = (self.hello)().map(|hello| self.bytes_of(Role::Client, hello));
        ends(
            &address,
            &[hello.unwrap_or_default(), half.to_vec()].concat(),
            false,
        )
        .await;

        connection.call((self.call)(), PATIENCE).await.unwrap();
        assert!(connection.is_open());
    }

    /// A server that announces too much, or sends garbage, ends its connection and its calls.
    pub(crate) async fn survives_servers(&self, greeting: &[u8], garbage: &[u8]) {
        let (near, mut server) = tokio::io::duplex(1024 * 1024);
        let config = Arc::new(ConnectionConfig::client());
        let nobody = Arc::new(NoHandler);
        let protocol = Arc::new((self.protocol)());
        let client = Connection::over(near, protocol, Role::Client, nobody, config);
        server.write_all(greeting).await.unwrap();
        client.greeted().await.unwrap();
        let call = client.start_call((self.call)(), far()).await.unwrap();
        server.write_all(garbage).await.unwrap();
        let error = timeout(PATIENCE, call).await.unwrap().unwrap_err();
        let reason = error.close_reason().cloned();
        assert!(matches!(reason, Some(CloseReason::Codec(_))), "{reason:?}");
    }

    fn bytes_of(&self, role: Role, frame: P::Frame) -> Vec<u8> {
        let (_, mut encoder, _) = (self.protocol)().open(role, &Limits::default());
        let mut out = EncodeBuf::new();
        encoder.encode(frame, &mut out).unwrap();
        encoder.write_gathered(&mut out).unwrap();
        out.into_bytes().into()
    }

    /// Frames of both directions, and which end reads them.
    fn streams(&self) -> [(Role, Vec<u8>); 2] {
        let call = (self.call)();
        let answer = (self.answer)(&call);
        let calls = self.bytes_of(Role::Client, call).repeat(3);
        [
            (Role::Server, calls),
            (Role::Client, self.bytes_of(Role::Server, answer).repeat(3)),
        ]
    }

    /// The frames that a decoder gives for bytes that arrive in pieces, and how it ends.
    fn decode<'a>(
        &self,
        role: Role,
        limits: Limits,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> (Vec<String>, Result<(), CodecError>) {
        let (mut decoder, _, _) = (self.protocol)().open(role, &limits);
        let (mut buf, mut frames) = (BytesMut::new(), Vec::new());
        let mut bytes = 0;
        for piece in pieces {
            buf.extend_from_slice(piece);
            bytes += piece.len();
            loop {
                match decoder.decode(&mut buf) {
                    Ok(Some(frame)) => frames.push(format!("{frame:?}")),
                    Ok(None) => break,
                    Err(error) => return (frames, Err(error)),
                }
                assert!(frames.len() <= bytes, "more frames than bytes");
            }
        }
        let end = decoder.decode_eof(&mut buf);
        (frames, end.map(|last| assert!(last.is_none())))
    }

    pub(crate) fn understands_pieces(&self, cuts: &[usize]) {
        for (role, stream) in self.streams() {
            let limits = Limits::default();
            let whole = self.decode(role, limits, std::iter::once(&stream[..]));
            assert_eq!((whole.0.len(), &whole.1), (3, &Ok(())), "{role:?}");
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]]);
            assert_eq!(self.decode(role, limits, pieces), whole);
        }
    }

    /// A stream that ends inside of a frame says so.
    pub(crate) fn notices_halves(&self) {
        for (role, stream) in self.streams() {
            let frame = stream.len() / 3;
            for end in 1..stream.len() {
                let (frames, outcome) =
                    self.decode(role, Limits::default(), std::iter::once(&stream[..end]));
                if end % frame == 0 {
                    assert_eq!((frames.len(), outcome), (end / frame, Ok(())));
                } else {
                    let truncated = matches!(outcome, Err(CodecError::Truncated { .. }));
                    assert!(truncated, "{role:?}: {outcome:?} at {end} of {frame}");
                }
            }
        }
    }

    /// What is above the limit is neither read nor written.
    pub(crate) fn keeps_to_limits(&self) {
        for (role, stream) in self.streams() {
            let limits = Limits::with_max_frame(stream.len() / 3 - 3);
            let (frames, outcome) = self.decode(role, limits, std::iter::once(&stream[..]));
            let too_large = matches!(outcome, Err(CodecError::FrameTooLarge { .. }));
            assert!(too_large, "{role:?}: {frames:?} {outcome:?}");
        }
        let (_, outcome) = self.decode(
            Role::Server,
            Limits::default(),
            std::iter::once(self.too_much),
        );
        assert!(
            !matches!(outcome, Ok(()) | Err(CodecError::Truncated { .. })),
            "{outcome:?}"
        );
    }

    /// Nothing panics, whatever the bytes are.
    pub(crate) fn survives_bytes(&self, noise: &[u8], at: usize, piece: usize) {
        for (role, mut stream) in self.streams() {
            let _ = self.decode(role, Limits::default(), noise.chunks(piece));
            let at = at % stream.len();
            let end = (at + noise.len()).min(stream.len());
            stream[at..end].copy_from_slice(&noise[..end - at]);
            let _ = self.decode(role, Limits::default(), stream.chunks(piece));
        }
    }
}

/// Sends bytes, and perhaps the end of the stream; the server closes.
async fn ends(address: &str, bytes: &[u8], finish: bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may have been closed before all was written.
    let _ = stream.write_all(bytes).await;
    if finish {
        let _ = stream.shutdown().await;
    }
    let mut said = Vec::new();
    // An RST is an end too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut said))
        .await
        .unwrap();
}
