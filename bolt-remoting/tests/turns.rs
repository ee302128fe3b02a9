//! How often the task of a connection has a turn: not for what it has done itself in its turn.

#![allow(clippy::unwrap_used)]

mod support;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bolt_codec::Role;
use bolt_remoting::{Connection, FrameContext, handler_fn};
use support::lines::{LINES, Line, Lines};
use support::peer::in_memory;
use support::{untimed, within};
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream, ReadBuf, ReadHalf};

const REQUESTS: usize = 100;

/// Counts the looks that find nothing more to read: each turn ends with one.
struct Counting {
    io: ReadHalf<DuplexStream>,
    turns: Arc<AtomicUsize>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if read.is_pending() {
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
        read
    }
}

/// The turns of a server that gets one request after the other, tells its peer something about each,
/// and answers at once.
async fn turns() -> usize {
    let (mut peer, io) = in_memory(LINES, 4096);
    let turns = Arc::default();
    let (io, write) = tokio::io::split(io);
    let read = Counting {
        io,
        turns: Arc::clone(&turns),
    };
    let io = tokio::io::join(read, write);
    let handler = handler_fn(|cx: FrameContext<Lines>, _line: Line| async move {
        cx.connection().try_send(Line::tell("a")).unwrap();
        Some(Line::answer("b"))
    });
    let config = Arc::new(untimed());
    let _server = Connection::over(io, Arc::new(LINES), Role::Server, Arc::new(handler), config);
    for _ in 0..REQUESTS {
        peer.send_bytes(b"?c\n").await;
        let mut told = [0; 6];
        within(peer.io.read_exact(&mut told)).await.unwrap();
        assert_eq!(&told, b"!a\n=b\n");
        // For a turn that should not be.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }
    turns.load(Ordering::Relaxed)
}

/// One for each request, and few of other reasons: less than two for each.
const FEW: usize = REQUESTS * 3 / 2;

#[tokio::test]
async fn what_a_handler_queues_at_once_costs_no_other_turn_on_one_thread() {
    assert!(turns().await <= FEW);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nor_does_it_on_a_runtime_of_many() {
    assert!(turns().await <= FEW);
}
