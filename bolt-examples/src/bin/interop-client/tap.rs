//! A look at the frames of a connection, from between client and server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bolt_codec::bolt::{BoltDecoder, BoltFrame, BoltVersion};
use bolt_codec::{Frame, FrameDecoder, FrameKind, Limits};
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::check::{self, Outcome};

/// A port that passes everything on to a server and counts the frames. Dropping it cuts the
/// connections through it.
pub(crate) struct Tap {
    port: u16,
    seen: Seen,
    task: AbortHandle,
}

/// Numbers of frames by direction, form and kind, such as `out v2.2+crc request`.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<String, usize>>>);

impl Tap {
    pub(crate) async fn before(host: &str, port: u16) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (own_port, seen) = (listener.local_addr()?.port(), Seen::default());
        let passing = pass_on(listener, host.to_owned(), port, seen.clone());
        Ok(Self {
            port: own_port,
            seen,
            task: tokio::spawn(passing).abort_handle(),
        })
    }

    /// Where to connect, with parameters.
    pub(crate) fn address_with(&self, query: &str) -> String {
        let separator = if query.is_empty() { "" } else { "?" };
        format!("127.0.0.1:{}{separator}{query}", self.port)
    }

    /// Frames of one direction, form and kind.
    pub(crate) fn get(&self, key: &str) -> usize {
        self.seen.lock().get(key).copied().unwrap_or(0)
    }

    /// Frames of one direction and kind in any form.
    pub(crate) fn sum(&self, direction: &str, kind: &str) -> usize {
        let seen = self.seen.lock();
        let matching = seen.iter().filter(|(key, _)| {
            key.split(' ').next() == Some(direction) && key.rsplit(' ').next() == Some(kind)
        });
        matching.map(|(_, count)| count).sum()
    }

    /// All calls of the client had the form, and so had their answers.
    pub(crate) fn all_in_form(&self, form: &str, oneways: usize) -> Outcome<()> {
        let requests = self.get(&format!("out {form} request"));
        check::that(requests > 0, format!("no request of form {form}: {self}"))?;
        for (what, count) in [
            ("all requests", self.sum("out", "request")),
            ("answers", self.get(&format!("in {form} response"))),
            ("all answers", self.sum("in", "response")),
        ] {
            check::equal(&format!("{what} in {self}"), requests, count)?;
        }
        let seen = self.get(&format!("out {form} oneway"));
        check::equal(&format!("oneways in {self}"), oneways, seen)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Display for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.seen.lock().iter()).finish()
    }
}

impl Seen {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, direction: &str, frame: &BoltFrame) {
        let form = match (frame.version, frame.has_crc()) {
            (BoltVersion::V1, _) => "v1",
            (BoltVersion::V2_1, _) => "v2.1",
            (BoltVersion::V2_2, false) => "v2.2",
            (BoltVersion::V2_2, true) => "v2.2+crc",
        };
        let kind = match frame.kind() {
            FrameKind::Request => "request",
            FrameKind::Oneway => "oneway",
            FrameKind::Response => "response",
            FrameKind::Heartbeat => "heartbeat",
            FrameKind::HeartbeatAck => "ack",
            _ => "other",
        };
        let key = format!("{direction} {form} {kind}");
        *self.lock().entry(key).or_default() += 1;
    }
}

async fn pass_on(listener: TcpListener, host: String, port: u16, seen: Seen) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect((host.as_str(), port)).await else {
            continue;
        };
        // Frames in two pieces would wait for each other's acknowledgement otherwise.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let seen = seen.clone();
        connections.spawn(async move {
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::join!(
                pump(from_client, to_server, "out", &seen),
                pump(from_server, to_client, "in", &seen),
            );
        });
    }
}

/// Passes bytes on until either end is gone; frames are counted before they go.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    direction: &str,
    seen: &Seen,
) {
    let mut decoder = BoltDecoder::new(Limits::default());
    let (mut chunk, mut frames) = (BytesMut::new(), BytesMut::new());
    while from
        .read_buf(&mut chunk)
        .await
        .is_ok_and(|length| length > 0)
    {
        frames.extend_from_slice(&chunk);
        while let Ok(Some(frame)) = decoder.decode(&mut frames) {
            seen.count(direction, &frame);
        }
        if to.write_all_buf(&mut chunk).await.is_err() {
            return;
        }
    }
    // The other direction may go on.
    let _ = to.shutdown().await;
}
