//! Connections of a server that are ready at the same time, on a thread that has little to do: they
//! take turns, and none waits for more than a turn of another one.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};

use bolt_codec::Role;
use bolt_remoting::{Connection, FrameContext, handler_fn};
use support::lines::{LINES, Line, Lines, over};
use support::peer::{Peer, in_memory};
use support::{SEC, untimed, within};
use tokio::io::{AsyncReadExt, DuplexStream};

/// What was done, in its order.
type Log = Arc<Mutex<Vec<String>>>;

/// Connections of one server, on a thread that has leisure. Their requests are noted in the log and
/// answered, but for one that asks for `"nothing"`.
struct Connections {
    log: Log,
    peers: Vec<Peer<Lines, DuplexStream>>,
    servers: Vec<Connection<Lines>>,
}

impl Connections {
    async fn new(count: usize) -> Self {
        let log = Log::default();
        let (mut peers, mut servers) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let log = Arc::clone(&log);
            let handler = handler_fn(move |_cx: FrameContext<Lines>, line: Line| {
                log.lock().unwrap().push(line.text().to_owned());
                async move {
                    if line.text() == "nothing" {
                        std::future::pending::<()>().await;
                    }
                    Some(Line::answer(line.text()))
                }
            });
            let (peer, io) = in_memory(LINES, 64 * 1024);
            servers.push(over(io, Role::Server, handler, untimed()));
            peers.push(peer);
        }
        let mut all = Self {
            log,
            peers,
            servers,
        };
        // The clock is paused: turns take no time, and so much passes between them.
        for _ in 0..2 {
            tokio::time::advance(SEC).await;
            all.ask(0, "again").await;
            all.answered(0, "again").await;
        }
        all.log.lock().unwrap().clear();
        all
    }

    async fn ask(&mut self, peer: usize, text: &str) {
        let line = format!("?{text}\n");
        self.peers[peer].send_bytes(line.as_bytes()).await;
    }

    async fn answered(&mut self, peer: usize, text: &str) {
        let mut answer = vec![0; text.len() + 2];
        let read = self.peers[peer].io.read_exact(&mut answer);
        within(read).await.unwrap();
        assert_eq!(answer, format!("={text}\n").as_bytes());
    }

    /// Has something else done by the same thread, after what is to be done already.
    fn other_work(&self) {
        let log = Arc::clone(&self.log);
        tokio::spawn(async move { log.lock().unwrap().push("other".into()) });
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_one_has_its_turn_after_the_first_one() {
    let mut all = Connections::new(2).await;
    all.ask(0, "a").await;
    all.ask(1, "b").await;
    all.other_work();
    all.answered(1, "b").await;
    all.answered(0, "a").await;
    assert_eq!(all.log(), ["a", "other", "b"]);
}

#[tokio::test(start_paused = true)]
async fn of_many_those_that_would_wait_for_long_have_their_turn_at_once() {
    let mut all = Connections::new(6).await;
    for (peer, text) in ["a", "b", "c", "d", "e", "f"].iter().enumerate() {
        all.ask(peer, text).await;
    }
    all.other_work();
    for (peer, text) in ["a", "b", "c", "d", "e", "f"].iter().enumerate() {
        all.answered(peer, text).await;
    }
    assert_eq!(all.log(), ["a", "e", "f", "other", "b", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_waits_keeps_no_other_connection() {
    let mut all = Connections::new(2).await;
    all.ask(0, "nothing").await;
    all.ask(1, "b").await;
    all.answered(1, "b").await;
    assert_eq!(all.log(), ["nothing", "b"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_connection_keeps_no_other_one() {
    let mut all = Connections::new(3).await;
    all.peers[0].send_bytes(b"no mark\n").await;
    all.ask(1, "b").await;
    all.ask(2, "c").await;
    all.servers[1].close();
    all.answered(2, "c").await;
    within(all.servers[0].closed()).await;
    within(all.servers[1].closed()).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_has_another_reason_to_run_does_not_wait_for_its_turn() {
    let mut all = Connections::new(2).await;
    all.ask(0, "a").await;
    all.ask(1, "b").await;
    all.servers[1].try_send(Line::tell("news")).unwrap();
    all.other_work();
    all.answered(0, "a").await;
    assert_eq!(all.log(), ["a", "b", "other"]);
}
