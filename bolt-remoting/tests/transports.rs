//! Transports other than plain sockets: any byte stream will do, also one that holds bytes back.

#![allow(clippy::unwrap_used)]

mod support;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bolt_codec::Role;
use bolt_remoting::{Connection, NoHandler, Server, handler_fn};
use support::json::{Json, Message};
use support::peer::{self, Peer};
use support::{SEC, eventually, far, untimed, within};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Sends nothing before it is flushed, and then only what its gate lets through, as TLS may.
struct Holding {
    io: DuplexStream,
    held: Vec<u8>,
    gate: Gate,
}

enum Gate {
    /// Every second attempt gets through.
    Alternating { asked: bool },
    /// None before this is cancelled.
    Shut(CancellationToken),
}

impl Holding {
    fn new(io: DuplexStream, gate: Gate) -> Self {
        let held = Vec::new();
        Self { io, held, gate }
    }
}

impl Gate {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        match self {
            Self::Alternating { asked } => {
                *asked = !*asked;
                if !*asked {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
            }
            Self::Shut(open) if open.is_cancelled() => return Poll::Ready(()),
            Self::Shut(open) => {
                let (open, waker) = (open.clone(), cx.waker().clone());
                tokio::spawn(async move {
                    open.cancelled().await;
                    waker.wake();
                });
            }
        }
        Poll::Pending
    }
}

impl AsyncRead for Holding {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Holding {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.gate.poll(cx));
        while !this.held.is_empty() {
            let n = ready!(Pin::new(&mut this.io).poll_write(cx, &this.held))?;
            this.held.drain(..n);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_flush_that_is_not_done_at_once_is_taken_up_again() {
    let (mut peer, io) = peer::in_memory(Json, 4096);
    let io = Holding::new(io, Gate::Alternating { asked: false });
    let config = Arc::new(untimed());
    let client = Connection::over(
        io,
        Arc::new(Json),
        Role::Client,
        Arc::new(NoHandler),
        config,
    );
    for n in 0..3 {
        let call = client.start_call(Message::call(n), far()).await.unwrap();
        let request = peer.recv().await;
        peer.send(request.answer(n)).await;
        assert_eq!(within(call).await.unwrap().body, n);
    }
}

/// A server over a stream that is shut, which has answered a request.
async fn answered() -> (Server<Json>, Peer<Json, DuplexStream>, CancellationToken) {
    let (mut peer, io) = peer::in_memory(Json, 4096);
    let open = CancellationToken::new();
    let handler = handler_fn(|_cx, call: Message| async move { Some(call.answer("ok")) });
    let server = Server::builder(Json, handler).without_listener();
    let io = Holding::new(io, Gate::Shut(open.clone()));
    let connection = server.attach(io).unwrap();
    peer.send(Message::call("x").with_id(1)).await;
    eventually(|| connection.stats().bytes_written > 0).await;
    (server, peer, open)
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_what_the_transport_holds() {
    let (server, mut peer, open) = answered().await;
    let start = Instant::now();
    let (cut_off, ()) = tokio::join!(server.shutdown(SEC * 30), async {
        tokio::time::sleep(SEC * 20).await;
        open.cancel();
        assert_eq!(peer.recv().await.body, "ok");
        peer.expect_end().await;
        drop(peer);
    });
    assert_eq!((cut_off, start.elapsed().as_secs()), (0, 20));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_transport_never_lets_out_counts_as_cut_off() {
    let (server, _peer, _open) = answered().await;
    assert_eq!(within(server.shutdown(SEC * 5)).await, 1);
}

#[test]
fn a_runtime_that_ends_leaves_no_caller_waiting() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let (doomed, other) = (runtime(), runtime());
    let (_peer, io) = peer::in_memory(Json, 4096);
    let config = Arc::new(untimed());
    let client = doomed.block_on(async {
        Connection::over(
            io,
            Arc::new(Json),
            Role::Client,
            Arc::new(NoHandler),
            config,
        )
    });
    let call = other.block_on(client.start_call(Message::call("x"), far()));
    drop(doomed);
    let error = other.block_on(within(call.unwrap())).unwrap_err();
    assert_eq!(error.kind(), bolt_remoting::ErrorKind::Closed);
    other.block_on(within(client.closed()));
}

#[tokio::test]
async fn the_same_handle_serves_calls_until_the_stream_ends() {
    let (mut peer, io) = peer::in_memory(Json, 1);
    let config = Arc::new(untimed());
    let client = Connection::over(
        io,
        Arc::new(Json),
        Role::Client,
        Arc::new(NoHandler),
        config,
    );
    let clone = client.clone();
    let (answer, ()) = tokio::join!(within(clone.call(Message::call("x"), SEC * 30)), async {
        let request = peer.recv().await;
        peer.send(request.answer("y")).await;
    });
    assert_eq!(answer.unwrap().body, "y");
    drop(peer);
    within(client.closed()).await;
    client.call(Message::call("z"), SEC).await.unwrap_err();
}
