//! Requests that come together and whose handlers wait go on together, and still do each other no
//! harm.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};
use std::time::Duration;

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion, ResponseStatus};
use bolt_remoting::rpc::{Body, HandlerResult, Processors, RpcServer};
use bolt_remoting::{Connection, handler_fn};
use support::bolt::{bolt, oneway, request, status};
use support::json::{Json, Message, call_for};
use support::peer::{self, Peer, bytes_of};
use support::wire::in_flight;
use support::{SEC, eventually, untimed, within};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

const V: BoltVersion = BoltVersion::V1;
const WAITS: &str = "com.example.Waits";
const PANICS: &str = "com.example.Panics";
const COMPUTES: &str = "com.example.Computes";
const ENDS_NEVER: &str = "com.example.EndsNever";
/// Content that asks those that compute to wait once more.
const AGAIN: &str = "again";
const TOGETHER: usize = 24;

/// Handlers that wait for the gate, and what they do then.
#[derive(Default)]
struct Gated {
    gate: Gate,
    /// Where each ran that has computed.
    threads: Mutex<Vec<ThreadId>>,
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Gate {
    async fn pass(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

impl Gated {
    /// Longer than handlers of a group may take together.
    fn compute(&self) {
        thread::sleep(Duration::from_millis(2));
        self.threads.lock().unwrap().push(thread::current().id());
    }

    async fn handle(self: Arc<Self>, body: Body) -> HandlerResult<Body> {
        self.gate.pass().await;
        assert_ne!(body.class, PANICS, "as asked");
        if body.class == COMPUTES || body.class == ENDS_NEVER {
            self.compute();
        }
        if body.content == AGAIN {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if body.class == ENDS_NEVER {
            std::future::pending::<()>().await;
        }
        Ok(body)
    }

    fn processors(self: &Arc<Self>) -> Processors {
        let mut processors = Processors::new();
        for class in [WAITS, PANICS, COMPUTES, ENDS_NEVER] {
            let gated = Arc::clone(self);
            let handler = move |_cx, body| Arc::clone(&gated).handle(body);
            processors = processors.handle_raw(class, handler);
        }
        processors
    }

    async fn server(self: &Arc<Self>) -> (RpcServer, Peer<Bolt, TcpStream>) {
        let server = RpcServer::builder().processors(self.processors());
        let server = server.bind("127.0.0.1:0").await.unwrap();
        let peer = peer::dial(bolt(), server.local_addr()).await;
        (server, peer)
    }
}

/// Sends frames that are read at once.
async fn send_together(
    peer: &mut Peer<Bolt, TcpStream>,
    frames: impl IntoIterator<Item = BoltFrame>,
) {
    let bytes = frames.into_iter().map(|frame| bytes_of(&bolt(), frame));
    let bytes = bytes.collect::<Vec<_>>().concat();
    assert!(bytes.len() < 4096, "more than a first read");
    peer.send_bytes(&bytes).await;
}

fn requests(class: &'static str) -> impl Iterator<Item = BoltFrame> {
    (1..=TOGETHER).map(move |id| request(V, id as u32, class, ""))
}

#[tokio::test]
async fn each_is_answered_when_it_has_ended() {
    let gated = Arc::<Gated>::default();
    let (server, mut peer) = gated.server().await;
    send_together(&mut peer, requests(WAITS)).await;
    eventually(|| in_flight(&server) == TOGETHER).await;
    let mut answered = HashSet::new();
    for left in (0..TOGETHER).rev() {
        gated.gate.0.add_permits(1);
        let answer = peer.recv().await;
        assert_eq!(status(&answer), ResponseStatus::SUCCESS);
        answered.insert(answer.id);
        eventually(|| in_flight(&server) == left).await;
    }
    assert_eq!(answered.len(), TOGETHER);
}

#[tokio::test]
async fn one_that_panics_is_an_exception_and_the_others_are_answered() {
    let gated = Arc::<Gated>::default();
    let (server, mut peer) = gated.server().await;
    let mut frames: Vec<_> = requests(WAITS).collect();
    frames[5] = request(V, 6, PANICS, "");
    send_together(&mut peer, frames).await;
    eventually(|| in_flight(&server) == TOGETHER).await;
    gated.gate.0.add_permits(TOGETHER);
    let mut answered = HashSet::new();
    for _ in 0..TOGETHER {
        let answer = peer.recv().await;
        let expected = match answer.id {
            6 => ResponseStatus::SERVER_EXCEPTION,
            _ => ResponseStatus::SUCCESS,
        };
        assert_eq!(status(&answer), expected, "{answer:?}");
        answered.insert(answer.id);
    }
    assert_eq!(answered.len(), TOGETHER);
    assert_eq!(in_flight(&server), 0);
}

#[tokio::test]
async fn a_oneway_request_among_them_is_not_answered() {
    let gated = Arc::<Gated>::default();
    let (server, mut peer) = gated.server().await;
    let frames = [
        request(V, 1, WAITS, ""),
        oneway(V, 2, WAITS),
        request(V, 3, WAITS, ""),
    ];
    send_together(&mut peer, frames).await;
    eventually(|| in_flight(&server) == 3).await;
    gated.gate.0.add_permits(3);
    eventually(|| in_flight(&server) == 0).await;
    peer.finish().await;
    let ids = [peer.recv().await.id, peer.recv().await.id];
    assert_eq!(ids.iter().sum::<u32>(), 4);
    peer.expect_end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_that_compute_for_long_are_left_to_several_threads() {
    for content in ["", AGAIN] {
        let gated = Arc::<Gated>::default();
        let (server, mut peer) = gated.server().await;
        let requests = (1..=TOGETHER).map(|id| request(V, id as u32, COMPUTES, content));
        send_together(&mut peer, requests).await;
        eventually(|| in_flight(&server) == TOGETHER).await;
        gated.gate.0.add_permits(TOGETHER);
        for _ in 0..TOGETHER {
            assert_eq!(status(&peer.recv().await), ResponseStatus::SUCCESS);
        }
        let threads: HashSet<_> = gated.threads.lock().unwrap().drain(..).collect();
        assert!(threads.len() > 1, "all on one thread");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_are_cancelled_with_their_connection_wherever_they_run() {
    for (class, computing, left) in [
        (WAITS, 0, TOGETHER / 2),
        (ENDS_NEVER, TOGETHER / 2, TOGETHER),
    ] {
        let gated = Arc::<Gated>::default();
        let (server, mut peer) = gated.server().await;
        let holders = Arc::strong_count(&gated);
        send_together(&mut peer, requests(class)).await;
        eventually(|| Arc::strong_count(&gated) == holders + TOGETHER).await;
        // Those that compute have tasks of their own after it, and so have the others.
        gated.gate.0.add_permits(TOGETHER / 2);
        eventually(|| gated.threads.lock().unwrap().len() == computing).await;
        eventually(|| Arc::strong_count(&gated) == holders + left).await;
        peer.reset();
        eventually(|| Arc::strong_count(&gated) == holders).await;
        eventually(|| in_flight(&server) == 0).await;
        within(server.shutdown(SEC)).await;
    }
}

#[tokio::test]
async fn an_answer_on_which_the_protocol_panics_is_lost_and_no_other() {
    // Before it can be queued there is still time for a refusal.
    for (bad, waits, answered) in [
        ("unspeakable", true, &[1, 3][..]),
        ("unspeakable", false, &[1, 3]),
        ("immeasurable", true, &[1, 2, 3]),
        ("immeasurable", false, &[1, 2, 3]),
    ] {
        let (mut peer, io) = peer::in_memory(Json, 4096);
        let gate = Arc::<Gate>::default();
        let gated = Arc::clone(&gate);
        let handler = handler_fn(move |_cx, call: Message| {
            let gate = Arc::clone(&gated);
            async move {
                if waits {
                    gate.pass().await;
                }
                Some(call.answer(call.body.clone()))
            }
        });
        let (protocol, config) = (Arc::new(Json), Arc::new(untimed()));
        let server = Connection::over(io, protocol, Role::Server, Arc::new(handler), config);
        let [first, last] = [1, 3].map(|id| peer::bytes_of(&Json, Message::call("x").with_id(id)));
        peer.send_bytes(&[first, call_for(bad, 2), last].concat())
            .await;
        if waits {
            eventually(|| server.stats().requests_in_flight == 3).await;
            gate.0.add_permits(3);
        }
        let mut ids = Vec::new();
        for _ in answered {
            ids.push(peer.recv().await.id);
        }
        ids.sort_unstable();
        assert_eq!(ids, answered);
        eventually(|| server.stats().requests_in_flight == 0).await;
        drop(peer);
        within(server.closed()).await;
    }
}

/// Owns something besides what it runs, and keeps it to its own end.
struct Owner<F>(Pin<Box<F>>, #[expect(dead_code)] Arc<()>);

impl<F: Future> Future for Owner<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().poll(cx)
    }
}

#[tokio::test]
async fn what_a_handler_owns_is_dropped_when_it_ends() {
    for waits in [false, true] {
        let (mut peer, io) = peer::in_memory(Json, 4096);
        let owned = Arc::new(());
        let owner = Arc::clone(&owned);
        let handler = handler_fn(move |_cx, call: Message| {
            let run = async move {
                if waits {
                    tokio::task::yield_now().await;
                }
                Some(call.answer("ok"))
            };
            Owner(Box::pin(run), Arc::clone(&owner))
        });
        let (protocol, config) = (Arc::new(Json), Arc::new(untimed()));
        let server = Connection::over(io, protocol, Role::Server, Arc::new(handler), config);
        let calls = [1, 2, 3].map(|id| peer::bytes_of(&Json, Message::call("x").with_id(id)));
        peer.send_bytes(&calls.concat()).await;
        for _ in 0..3 {
            peer.recv().await;
        }
        assert_eq!(Arc::strong_count(&owned), 2);
        drop(server);
    }
}
