//! Transports other than plain sockets: any byte stream will do, also one that holds bytes back.

#![allow(clippy::unwrap_used)]

mod support;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bolt_codec::Role;
use bolt_remoting::{Connection, NoHandler};
use support::json::{Json, Message};
use support::{SEC, far, peer, untimed, within};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// Sends nothing before it is flushed, and takes two attempts for that, as TLS may.
struct Buffered {
    io: DuplexStream,
    held: Vec<u8>,
    asked: bool,
}

impl AsyncRead for Buffered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Buffered {
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
        this.asked = !this.asked;
        if this.asked {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        while !this.held.is_empty() {
            let n = ready!(Pin::new(&mut this.io).poll_write(cx, &this.held))?;
            this.held.drain(..n);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_flush_that_is_not_done_at_once_is_taken_up_again() {
    let (mut peer, io) = peer::in_memory(Json, 4096);
    let io = Buffered {
        io,
        held: Vec::new(),
        asked: false,
    };
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
