//! Whatever goes wrong with a connection and its calls, every call has exactly one outcome, and
//! nothing of it is left.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
use bolt_codec::{Protocol, Role};
use bolt_remoting::{
    Connection, ConnectionConfig, Error, ErrorKind, FrameHandler, NoHandler, handler_fn,
};
use futures::FutureExt;
use proptest::collection::vec;
use proptest::prelude::*;
use support::bolt::{ECHO, bolt, request};
use support::faults::{Fault, Faulty, What};
use support::lines::{LINES, Line, ask, over};
use support::peer::in_memory;
use support::{eventually, untimed, within};
use tokio::time::{Instant, sleep};

/// What one caller does.
#[derive(Clone, Copy, Debug)]
struct Caller {
    /// When it calls, in milliseconds.
    at: u64,
    /// How long the handler takes, in milliseconds; `None` for a handler that answers in place.
    handling: Option<u64>,
    timeout: u64,
    /// When it gives up by itself.
    cancel: Option<u64>,
    size: usize,
}

/// What happens to the connection at large.
#[derive(Clone, Copy, Debug)]
enum Event {
    Nothing,
    ClientCloses(u64),
    ServerCloses(u64),
    ClientDrains(u64),
    ServerDrains(u64),
}

#[derive(Debug)]
struct Story {
    callers: Vec<Caller>,
    event: Event,
    client_hears: (Fault, usize),
    server_hears: (Fault, usize),
    /// Bytes that the stream holds in each direction.
    capacity: usize,
}

fn caller() -> impl Strategy<Value = Caller> {
    let handling = prop_oneof![Just(None), (0..60u64).prop_map(Some)];
    let cancel = prop_oneof![3 => Just(None), 1 => (0..60u64).prop_map(Some)];
    let size = prop_oneof![0..100usize, 3000..6000usize];
    (0..40u64, handling, 1..80u64, cancel, size).prop_map(
        |(at, handling, timeout, cancel, size)| Caller {
            at,
            handling,
            timeout,
            cancel,
            size,
        },
    )
}

fn fault() -> impl Strategy<Value = (Fault, usize)> {
    let what = prop_oneof![
        2 => Just(What::Nothing),
        1 => Just(What::Close),
        1 => Just(What::Reset),
        1 => Just(What::Stall),
        1 => Just(What::Corrupt),
    ];
    let step = prop_oneof![8..64usize, Just(100_000)];
    (what, 0..20_000usize, step).prop_map(|(what, after, step)| (Fault { after, what }, step))
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Nothing),
        1 => (0..60u64).prop_map(Event::ClientCloses),
        1 => (0..60u64).prop_map(Event::ServerCloses),
        1 => (0..60u64).prop_map(Event::ClientDrains),
        1 => (0..60u64).prop_map(Event::ServerDrains),
    ]
}

fn story() -> impl Strategy<Value = Story> {
    (
        vec(caller(), 1..20),
        event(),
        fault(),
        fault(),
        prop_oneof![1..100usize, 1000..30_000usize],
    )
        .prop_map(
            |(callers, event, client_hears, server_hears, capacity)| Story {
                callers,
                event,
                client_hears,
                server_hears,
                capacity,
            },
        )
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A protocol whose requests the story can make, and whose answers it can judge.
trait Told: Protocol {
    fn make() -> Self;
    /// A request that says who asks and how long its handler takes, `size` bytes long.
    fn request(number: usize, handling: Option<u64>, size: usize) -> Self::Frame;
    /// The same text as the request's.
    fn answer(request: &Self::Frame) -> Self::Frame;
    fn text(frame: &Self::Frame) -> String;
}

fn text(number: usize, handling: Option<u64>, size: usize) -> String {
    let handling = handling.map_or("at once".into(), |millis| millis.to_string());
    format!("{number},{handling},{}", "x".repeat(size))
}

impl Told for Bolt {
    fn make() -> Self {
        bolt()
    }
    fn request(number: usize, handling: Option<u64>, size: usize) -> BoltFrame {
        // With a checksum, so that a corrupt byte is noticed wherever it is.
        request(BoltVersion::V2_2, 0, ECHO, text(number, handling, size))
    }
    fn answer(request: &BoltFrame) -> BoltFrame {
        request.respond(ECHO, request.content.clone())
    }
    fn text(frame: &BoltFrame) -> String {
        String::from_utf8_lossy(&frame.content).into_owned()
    }
}

impl Told for support::lines::Lines {
    fn make() -> Self {
        LINES
    }
    fn request(number: usize, handling: Option<u64>, size: usize) -> Line {
        Line::ask(text(number, handling, size))
    }
    fn answer(request: &Line) -> Line {
        Line::answer(request.text())
    }
    fn text(frame: &Line) -> String {
        frame.text().into()
    }
}

fn handler<P: Told>() -> impl FrameHandler<P> {
    handler_fn(|_cx, request: P::Frame| async move {
        let text = P::text(&request);
        if let Some(Ok(pause)) = text.split(',').nth(1).map(str::parse) {
            sleep(millis(pause)).await;
        }
        Some(P::answer(&request))
    })
}

/// `None` for a call that its caller has given up.
async fn outcome<P: Told>(
    connection: &Connection<P>,
    number: usize,
    caller: Caller,
) -> Option<Result<P::Frame, Error>> {
    sleep(millis(caller.at)).await;
    let frame = P::request(number, caller.handling, caller.size);
    let call = connection.call(frame, millis(caller.timeout));
    match caller.cancel {
        None => Some(call.await),
        Some(cancel) => tokio::select! {
            outcome = call => Some(outcome),
            () = sleep(millis(cancel)) => None,
        },
    }
}

async fn tell<P: Told>(story: Story) {
    let (near, far) = tokio::io::duplex(story.capacity);
    let mut config = ConnectionConfig::client();
    config.max_in_flight = 20;
    config.outbox_limit = 8 * 1024;
    let config = Arc::new(config);
    let over = |io, (fault, step), role| {
        let io = Faulty::new(io, fault, step);
        let handler = Arc::new(handler());
        Connection::<P>::over(io, Arc::new(P::make()), role, handler, Arc::clone(&config))
    };
    let client = over(near, story.client_hears, Role::Client);
    let server = over(far, story.server_hears, Role::Server);
    let corrupt = [story.client_hears, story.server_hears]
        .iter()
        .any(|(fault, _)| fault.what == What::Corrupt);

    let start = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for (number, caller) in story.callers.iter().copied().enumerate() {
        let client = client.clone();
        calls.spawn(async move { (number, outcome(&client, number, caller).await) });
    }
    match story.event {
        Event::Nothing => {}
        Event::ClientCloses(at) => {
            sleep(millis(at)).await;
            client.close();
        }
        Event::ServerCloses(at) => {
            sleep(millis(at)).await;
            server.close();
        }
        Event::ClientDrains(at) => {
            sleep(millis(at)).await;
            client.drain(millis(30));
        }
        Event::ServerDrains(at) => {
            sleep(millis(at)).await;
            server.drain(millis(30));
        }
    }
    while let Some(ended) = within(calls.join_next()).await {
        let (number, outcome) = ended.unwrap();
        let caller = story.callers[number];
        match outcome {
            // A byte of a line may become another one without notice.
            Some(Ok(_)) if corrupt && P::NAME == "lines" => {}
            Some(Ok(answer)) => {
                let (asked, answer) =
                    (text(number, caller.handling, caller.size), P::text(&answer));
                let refused = answer.is_empty() || answer.starts_with("no: ");
                // Not in one piece: texts are long.
                assert!(refused || answer == asked, "call {number} got {answer:.30}");
            }
            Some(Err(error)) => assert!(
                matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Closed),
                "{error:?}"
            ),
            None => assert!(caller.cancel.is_some()),
        }
    }
    // Nobody waited past the last deadline (and the time that a timer may be late).
    assert!(
        start.elapsed() <= millis(40 + 80 + 20),
        "{:?}",
        start.elapsed()
    );
    for connection in [&client, &server] {
        assert_eq!(connection.stats().calls_waiting, 0);
    }
    client.close();
    server.close();
    within(async { tokio::join!(client.closed(), server.closed()) }).await;
    for connection in [&client, &server] {
        assert_eq!(connection.stats().calls_waiting, 0);
        // Cancelled handlers are dropped a moment later.
        eventually(|| connection.stats().requests_in_flight == 0).await;
    }
}

fn run(story: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(story);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None,
        max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_call_has_exactly_one_outcome_by_id(story in story()) {
        run(tell::<Bolt>(story));
    }

    #[test]
    fn every_call_has_exactly_one_outcome_in_order(story in story()) {
        run(tell::<support::lines::Lines>(story));
    }
}

/// Otherwise it would be given the same one for its next call.
#[tokio::test]
async fn who_finds_that_a_call_has_ended_finds_its_connection_closed() {
    let (_peer, io) = in_memory(LINES, 64);
    let client = over(io, Role::Client, NoHandler, untimed());
    // Many, so that ending them takes a while.
    let mut calls = Vec::new();
    for _ in 0..5000 {
        calls.push(ask(&client, "unanswered").await);
    }
    let looks = client.clone();
    let (began, begins) = mpsc::channel();
    let first = thread::spawn(move || {
        let give_up = std::time::Instant::now() + Duration::from_secs(20);
        let mut cx = Context::from_waker(Waker::noop());
        while std::time::Instant::now() < give_up {
            let mut ended = calls.iter_mut().map(|call| call.poll_unpin(&mut cx));
            if ended.any(|call| call.is_ready()) {
                return Some(looks.is_open());
            }
            let _ = began.send(());
        }
        None
    });
    begins.recv().unwrap();
    client.close();
    assert_eq!(first.join().unwrap(), Some(false));
}
