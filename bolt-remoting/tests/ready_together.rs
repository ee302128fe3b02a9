//! Connections of a server that are ready at the same time: on a thread that has little to do one comes
//! after the other. What must not keep the others then.

#![allow(clippy::unwrap_used)]

mod support;

use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use bolt_codec::Role;
use bolt_remoting::{Connection, FrameContext, handler_fn};
use support::lines::{LINES, Line, Lines, ask, over};
use support::peer::{Peer, in_memory};
use support::{SEC, eventually, untimed, within};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);

struct Served {
    peer: Peer<Lines, DuplexStream>,
    server: Connection<Lines>,
}

impl Served {
    /// Calls `on` with each request before it is answered.
    fn new(on: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let on = Arc::new(on);
        let handler = handler_fn(move |_cx: FrameContext<Lines>, line: Line| {
            on(line.text());
            async move { Some(Line::answer(line.text())) }
        });
        let (peer, io) = in_memory(LINES, 64 * 1024);
        let server = over(io, Role::Server, handler, untimed());
        Self { peer, server }
    }

    async fn ask(&mut self, text: &str) {
        self.peer.send_bytes(format!("?{text}\n").as_bytes()).await;
    }

    async fn answered(&mut self, text: &str) {
        let mut answer = vec![0; text.len() + 2];
        within(self.peer.io.read_exact(&mut answer)).await.unwrap();
        assert_eq!(answer, format!("={text}\n").as_bytes());
    }

    /// Leaves the thread with leisure, and past the time after which the connection looks by itself.
    async fn rest(&mut self) {
        for _ in 0..4 {
            tokio::time::sleep(SEC / 100).await;
            self.ask("before").await;
            self.answered("before").await;
        }
        tokio::time::sleep(SEC * 6 / 5).await;
    }
}

/// Two of which the first one, asked to wait, calls `wait` with what comes once the second one is asked
/// to go.
fn one_waits_for_the_other(
    wait: impl Fn(&mpsc::Receiver<()>) + Send + Sync + 'static,
) -> [Served; 2] {
    let (tell, told) = mpsc::channel();
    let told = Mutex::new(told);
    let waits = Served::new(move |text| {
        if text == "wait" {
            wait(&told.lock().unwrap());
        }
    });
    let goes = Served::new(move |text| {
        if text == "go" {
            tell.send(()).unwrap();
        }
    });
    [waits, goes]
}

/// On a worker, so that connections become ready there; there is another one.
fn on_a_worker(test: impl Future<Output = ()> + Send + 'static) {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(runtime.spawn(test)).unwrap();
}

#[test]
fn a_handler_that_blocks_in_place_keeps_no_other_connection() {
    on_a_worker(async {
        let [mut a, mut b] = one_waits_for_the_other(|told| {
            tokio::task::block_in_place(|| told.recv_timeout(LONG).unwrap());
        });
        a.rest().await;
        b.rest().await;
        a.ask("wait").await;
        b.ask("go").await;
        b.answered("go").await;
        a.answered("wait").await;
    });
}

#[test]
fn a_turn_on_another_thread_keeps_no_connection() {
    on_a_worker(async {
        let (begin, begun) = mpsc::channel();
        let [mut a, mut b] = one_waits_for_the_other(move |told| {
            begin.send(()).unwrap();
            told.recv_timeout(LONG).unwrap();
        });
        let mut behind = Served::new(|_| {});
        a.rest().await;
        behind.rest().await;
        b.rest().await;
        a.ask("wait").await;
        behind.ask("behind").await;
        // This thread is occupied, so the other one takes what is to be done.
        tokio::spawn(async {});
        begun.recv_timeout(LONG).unwrap();
        b.ask("go").await;
        b.answered("go").await;
        a.answered("wait").await;
        behind.answered("behind").await;
    });
}

#[test]
fn a_runtime_that_nobody_drives_keeps_no_other_one_of_its_thread() {
    let current = || Builder::new_current_thread().enable_all().build().unwrap();
    let served = |runtime: &Runtime| {
        let _within = runtime.enter();
        Served::new(|_| {})
    };
    let (one, two) = (current(), current());
    let (mut a, mut b) = (served(&one), served(&two));
    one.block_on(a.rest());
    two.block_on(b.rest());
    // A connection is woken, but nothing polls it.
    one.block_on(a.ask("a"));
    two.block_on(async {
        b.ask("b").await;
        b.answered("b").await;
    });
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("as asked");
    }
}

#[tokio::test]
async fn a_caller_whose_waker_panics_keeps_its_connection_from_nothing() {
    let mut a = Served::new(|_| {});
    let call = ask(&a.server, "unanswered").await;
    let mut call = pin!(call);
    let waker = Waker::from(Arc::new(Panics));
    assert!(matches!(
        call.as_mut().poll(&mut Context::from_waker(&waker)),
        Poll::Pending
    ));
    eventually(|| a.server.stats().bytes_written > 0).await;
    let server = a.server.clone();
    thread::spawn(move || server.close()).join().unwrap_err();
    // It looks at what has happened when there is something to read.
    a.ask("anything").await;
    within(a.server.closed()).await;
}
