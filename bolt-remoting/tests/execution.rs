//! Where and when handlers run, and what becomes of requests that have to wait.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bolt_codec::bolt::{BoltFrame, BoltVersion, Head, ResponseStatus};
use bolt_remoting::ErrorKind;
use bolt_remoting::rpc::{
    Body, Execution, Expired, HandlerError, HandlerResult, Processors, RpcClient,
};
use support::bolt::{RAW, body, bolt, request, status};
use support::wire::{patient, server_with};
use support::{SEC, eventually, far, peer, within};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

const GATED: &str = "com.example.Gated";

/// Handlers of [`GATED`] begin, and end when the test opens the gate for them.
struct Gate {
    begun: AtomicUsize,
    ended: AtomicUsize,
    open: Semaphore,
    order: Mutex<Vec<Body>>,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            open: Semaphore::new(0),
            order: Mutex::default(),
        })
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }

    async fn pass(self: Arc<Self>, body: Body) -> HandlerResult<Body> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.order.lock().unwrap().push(body.clone());
        self.open.acquire().await?.forget();
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(body)
    }

    fn processors(self: &Arc<Self>, execution: Execution) -> Processors {
        let gate = Arc::clone(self);
        Processors::new()
            .handle_raw(GATED, move |_cx, body| Arc::clone(&gate).pass(body))
            .execution(execution)
    }
}

/// The outcome of a call that a task of its own waits for.
fn call(
    client: &RpcClient,
    address: &str,
    content: &'static str,
) -> JoinHandle<bolt_remoting::Result<Body>> {
    let call = client.invoke_raw(RAW, address, &body(GATED, content));
    tokio::spawn(call.into_future())
}

/// Where a handler ran.
fn thread_name() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

fn places(execution: Execution) -> Processors {
    Processors::new()
        .handle_raw("com.example.Where", |_cx, _body| async {
            Ok(Body::new("java.lang.String", thread_name()))
        })
        .execution(execution)
}

async fn place_of(execution: Execution, header: &'static str) -> String {
    let (_server, address) = server_with(places(execution)).await;
    let client = patient();
    let call = client.invoke_raw(RAW, &address, &body("com.example.Where", ""));
    let answer = within(call.header(header).into_future()).await.unwrap();
    String::from_utf8(answer.content.to_vec()).unwrap()
}

fn runtime(name: &str) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(name)
        .enable_all()
        .build()
        .unwrap()
}

#[tokio::test]
async fn handlers_run_where_their_execution_says() {
    let here = thread_name();
    let other = runtime("elsewhere");
    assert_eq!(place_of(Execution::in_place(), "").await, here);
    assert_eq!(place_of(Execution::spawned(), "").await, here);
    let on = Execution::on(other.handle().clone());
    assert_eq!(place_of(on, "").await, "elsewhere");
    assert_ne!(place_of(Execution::blocking(), "").await, here);
    other.shutdown_background();
}

/// Each blocks its thread until the other runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn spawned_handlers_run_side_by_side_from_their_first_line() {
    let both = Arc::new((Mutex::new(0), Condvar::new()));
    let processors = Processors::new()
        .handle_raw(GATED, move |_cx, body| {
            let both = Arc::clone(&both);
            async move {
                let (running, changed) = &*both;
                let mut running = running.lock().unwrap();
                *running += 1;
                changed.notify_all();
                let alone = |running: &mut i32| *running < 2;
                let waited = changed.wait_timeout_while(running, SEC * 10, alone);
                match waited.unwrap().1.timed_out() {
                    true => Err(HandlerError::new("Alone", "")),
                    false => Ok(body),
                }
            }
        })
        .execution(Execution::spawned());
    let (server, _address) = server_with(processors).await;
    let mut peer = peer::dial(bolt(), server.local_addr()).await;
    let frames = [1, 2].map(|id| request(BoltVersion::V1, id, GATED, ""));
    let bytes = frames.map(|frame| peer::bytes_of(&bolt(), frame)).concat();
    peer.send_bytes(&bytes).await;
    for _ in 0..2 {
        assert_eq!(status(&peer.recv().await), ResponseStatus::SUCCESS);
    }
}

#[tokio::test]
async fn a_selector_chooses_by_the_header_before_the_content_is_decoded() {
    let (one, two) = (runtime("one"), runtime("two"));
    let [first, second] = [&one, &two].map(|runtime| Execution::on(runtime.handle().clone()));
    let select = Execution::select(move |cx| {
        let chosen = if cx.header() == "one" {
            &first
        } else {
            &second
        };
        chosen.clone()
    });
    assert_eq!(place_of(select.clone(), "one").await, "one");
    assert_eq!(place_of(select, "other").await, "two");
    one.shutdown_background();
    two.shutdown_background();
}

#[tokio::test]
async fn what_is_said_of_a_selecting_execution_holds_for_those_chosen() {
    let gate = Gate::new();
    let select = Execution::select(|_cx| Execution::in_place()).limit(1, 0);
    let (_server, address) = server_with(gate.processors(select)).await;
    let client = patient();
    let first = call(&client, &address, "");
    eventually(|| gate.begun() == 1).await;
    let refused = within(call(&client, &address, "")).await.unwrap();
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Busy);
    gate.open.add_permits(1);
    within(first).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_selector_that_panics_fails_the_request_and_no_other() {
    let select = Execution::select(|cx| {
        assert_ne!(cx.header(), "panic", "as asked");
        Execution::in_place()
    });
    let (_server, address) = server_with(places(select)).await;
    let client = patient();
    let call = |header| {
        let call = client.invoke_raw(RAW, &address, &body("com.example.Where", ""));
        within(call.header(header).into_future())
    };
    let error = call("panic").await.unwrap_err();
    assert_eq!(error.status(), Some(ResponseStatus::SERVER_EXCEPTION));
    call("").await.unwrap();
}

#[tokio::test]
async fn requests_above_the_limit_are_busy_at_once_and_those_waiting_run_in_order() {
    let gate = Gate::new();
    let (_server, address) = server_with(gate.processors(Execution::in_place().limit(1, 2))).await;
    let client = patient();
    client.connect(&address).await.unwrap();
    let admitted = ["first", "second", "third"].map(|content| call(&client, &address, content));
    eventually(|| gate.begun() == 1).await;
    let refused = within(call(&client, &address, "fourth")).await.unwrap();
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Busy);
    gate.open.add_permits(3);
    for outcome in admitted {
        within(outcome).await.unwrap().unwrap();
    }
    let order = gate.order.lock().unwrap();
    let order: Vec<_> = order.iter().map(|body| body.content.clone()).collect();
    assert_eq!(order, ["first", "second", "third"]);
}

#[tokio::test]
async fn a_limit_is_shared_by_handlers_and_connections_and_is_free_again_afterwards() {
    let gate = Gate::new();
    let both = Processors::new()
        .handle_raw("com.example.Other", |_cx, body| async { Ok(body) })
        .merge(gate.processors(Execution::spawned().limit(1, 0)));
    let (_server, address) = server_with(both).await;
    let (one, other) = (patient(), patient());
    let first = call(&one, &address, "");
    eventually(|| gate.begun() == 1).await;
    let refused = within(call(&other, &address, "")).await.unwrap();
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Busy);
    let unlimited = body("com.example.Other", "");
    within(other.invoke_raw(RAW, &address, &unlimited).into_future())
        .await
        .unwrap();
    gate.open.add_permits(2);
    within(first).await.unwrap().unwrap();
    within(call(&other, &address, "")).await.unwrap().unwrap();
}

/// Runs of a request with a deadline of a millisecond that came in one read with another one whose
/// handler blocks for longer, and its answer.
async fn expired_behind_a_long_turn(execution: Execution) -> (usize, Vec<ResponseStatus>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let processors = Processors::new().handle_raw(GATED, move |_cx, body: Body| {
        count.fetch_add(1, Ordering::SeqCst);
        if body.content == "long" {
            std::thread::sleep(Duration::from_millis(5));
        }
        async { Ok(body) }
    });
    let (_server, address) = server_with(processors.execution(execution)).await;
    let mut peer = peer::dial(bolt(), address.parse().unwrap()).await;
    let mut late = request(BoltVersion::V1, 2, GATED, "");
    late.head = Head::Request {
        oneway: false,
        timeout: 1,
    };
    let frames = [
        request(BoltVersion::V1, 1, GATED, "long"),
        late,
        request(BoltVersion::V1, 3, GATED, ""),
    ];
    let bytes = frames.map(|frame| peer::bytes_of(&bolt(), frame));
    peer.send_bytes(&bytes.concat()).await;
    let mut answers = Vec::new();
    loop {
        let answer = peer.recv().await;
        match answer.id {
            2 => answers.push(status(&answer)),
            3 => return (runs.load(Ordering::SeqCst) - 2, answers),
            _ => {}
        }
    }
}

#[tokio::test]
async fn in_place_too_a_request_may_expire_if_it_is_said_what_is_to_become_of_it() {
    let place = Execution::in_place;
    let told = |status| vec![status];
    let discarded = expired_behind_a_long_turn(place().expired(Expired::Discard)).await;
    assert_eq!(discarded, (0, vec![]));
    let answered = expired_behind_a_long_turn(place().expired(Expired::Answer)).await;
    assert_eq!(answered, (0, told(ResponseStatus::TIMEOUT)));
    let unlooked = [place(), place().detached(), place().expired(Expired::Run)];
    for runs in unlooked {
        let run = expired_behind_a_long_turn(runs).await;
        assert_eq!(run, (1, told(ResponseStatus::SUCCESS)));
    }
}

#[tokio::test]
async fn in_order_one_request_of_a_connection_runs_after_the_other() {
    let gate = Gate::new();
    let (_server, address) = server_with(gate.processors(Execution::in_order())).await;
    let (one, other) = (patient(), patient());
    one.connect(&address).await.unwrap();
    let calls = ["1", "2", "3"].map(|content| call(&one, &address, content));
    eventually(|| gate.begun() == 1).await;
    let elsewhere = call(&other, &address, "x");
    eventually(|| gate.begun() == 2).await;
    gate.open.add_permits(4);
    for outcome in calls.into_iter().chain([elsewhere]) {
        within(outcome).await.unwrap().unwrap();
    }
    let order = gate.order.lock().unwrap();
    let order: Vec<_> = order.iter().map(|body| body.content.clone()).collect();
    assert_eq!(order, ["1", "x", "2", "3"]);
}

/// What becomes of a request with a deadline of a millisecond that waits behind another one for
/// longer; `None` for no answer.
async fn expired_behind_another(expired: Expired) -> (usize, Option<Head>) {
    let gate = Gate::new();
    let execution = Execution::in_place().limit(1, 10).expired(expired);
    let (server, address) = server_with(gate.processors(execution)).await;
    let client = patient();
    let connection = client.connect(&address).await.unwrap().engine().clone();
    let mut frame = BoltFrame::request(BoltVersion::V1, GATED, "");
    let first = call(&client, &address, "first");
    eventually(|| gate.begun() == 1).await;
    // Its caller waits longer than the request says.
    frame.head = Head::Request {
        oneway: false,
        timeout: 1,
    };
    let mut second = connection.start_call(frame, far()).await.unwrap();
    let last = call(&client, &address, "last");
    let in_flight = || server.connections()[0].engine().stats().requests_in_flight;
    eventually(|| in_flight() == 3).await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    gate.open.add_permits(3);
    for outcome in [first, last] {
        within(outcome).await.unwrap().unwrap();
    }
    // What is answered was answered before the last one.
    let answer = futures::FutureExt::now_or_never(&mut second);
    (gate.begun() - 2, answer.map(|answer| answer.unwrap().head))
}

#[tokio::test]
async fn a_request_whose_deadline_passed_while_it_waited_is_neither_run_nor_answered() {
    assert_eq!(expired_behind_another(Expired::Discard).await, (0, None));
}

#[tokio::test]
async fn by_option_an_expired_request_is_answered_or_run() {
    let told = |status| Some(Head::Response { status });
    let answered = expired_behind_another(Expired::Answer).await;
    assert_eq!(answered, (0, told(ResponseStatus::TIMEOUT)));
    let run = expired_behind_another(Expired::Run).await;
    assert_eq!(run, (1, told(ResponseStatus::SUCCESS)));
}

#[tokio::test]
async fn a_request_of_a_peer_that_has_gone_is_cancelled_unless_it_is_detached() {
    for (execution, detached) in [
        (Execution::in_place(), false),
        (Execution::spawned(), false),
        (Execution::in_place().limit(1, 0), false),
        (Execution::blocking(), false),
        (Execution::blocking().limit(1, 0), false),
        (Execution::blocking().detached(), true),
        (Execution::in_place().detached(), true),
        (Execution::in_order().detached(), true),
    ] {
        let gate = Gate::new();
        let (server, address) = server_with(gate.processors(execution.clone())).await;
        let client = patient();
        let outcome = call(&client, &address, "");
        eventually(|| gate.begun() == 1).await;
        for connection in server.connections() {
            connection.engine().close();
        }
        within(outcome).await.unwrap().unwrap_err();
        within(server.shutdown(SEC)).await;
        gate.open.add_permits(1);
        if detached {
            eventually(|| gate.ended() == 1).await;
        } else {
            // Cancelled, it takes no permit: it is there for somebody else.
            eventually(|| gate.open.available_permits() == 1).await;
            assert_eq!(gate.ended(), 0, "{execution:?}");
        }
    }
}

#[tokio::test]
async fn a_runtime_that_is_gone_fails_the_request() {
    let gone = runtime("gone");
    let execution = Execution::on(gone.handle().clone());
    gone.shutdown_background();
    let (_server, address) = server_with(places(execution)).await;
    let client = patient();
    let call = client.invoke_raw(RAW, &address, &body("com.example.Where", ""));
    let error = within(call.into_future()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerException);
}

#[tokio::test]
async fn the_context_tells_how_long_a_request_waited() {
    let gate = Gate::new();
    let waits = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let (gate, waits) = (Arc::clone(&gate), Arc::clone(&waits));
        move |cx: bolt_remoting::rpc::RequestContext, body| {
            waits.lock().unwrap().push(cx.waited());
            Arc::clone(&gate).pass(body)
        }
    };
    let processors = Processors::new().handle_raw(GATED, handler);
    let (_server, address) =
        server_with(processors.execution(Execution::in_place().limit(1, 1))).await;
    let client = patient();
    let calls = ["1", "2"].map(|content| call(&client, &address, content));
    eventually(|| gate.begun() == 1).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    gate.open.add_permits(2);
    for outcome in calls {
        within(outcome).await.unwrap().unwrap();
    }
    let waits = waits.lock().unwrap();
    assert!(
        waits[0] < waits[1] && waits[1] >= Duration::from_millis(20),
        "{waits:?}"
    );
}

#[tokio::test]
async fn one_handler_takes_several_classes() {
    let processors = Processors::new().handle_raw(["A", "B"], |cx, _body| async move {
        Ok(Body::new(cx.class().clone(), ""))
    });
    let (_server, address) = server_with(processors).await;
    let client = patient();
    for class in ["A", "B"] {
        let answer = client.invoke_raw(RAW, &address, &body(class, ""));
        assert_eq!(answer.await.unwrap().class, class);
    }
}

#[test]
fn a_class_has_one_handler_and_a_handler_has_a_class() {
    let echo = |_cx, body| async { Ok(body) };
    let none: [&'static str; 0] = [];
    for (processors, problem) in [
        (
            Processors::new()
                .handle_raw("A", echo)
                .handle_raw("A", echo),
            "A has two handlers",
        ),
        (
            Processors::new().handle_raw(["B", "B"], echo),
            "B has two handlers",
        ),
        (
            Processors::new()
                .handle_raw("C", echo)
                .merge(Processors::new().handle_raw(["D", "C"], echo)),
            "C has two handlers",
        ),
        (
            Processors::new().handle_raw(none, echo),
            "a handler has no class",
        ),
        (
            Processors::new().handle_raw("", echo),
            "the class name of a handler is empty",
        ),
    ] {
        let error = RpcClient::builder()
            .processors(processors)
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.to_string(), problem);
    }
}

#[tokio::test]
async fn handlers_of_a_client_follow_their_execution_too() {
    let gate = Gate::new();
    let handlers = gate.processors(Execution::in_place().limit(1, 0));
    let (server, address) = server_with(Processors::new()).await;
    let client = RpcClient::builder().processors(handlers).build().unwrap();
    client.connect(&address).await.unwrap();
    eventually(|| !server.connections().is_empty()).await;
    let back = &server.connections()[0];
    let call = || back.invoke_raw(RAW, &body(GATED, "")).timeout(SEC * 30);
    let first = call().future().await.unwrap();
    eventually(|| gate.begun() == 1).await;
    let refused = within(call().into_future()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Busy);
    gate.open.add_permits(1);
    within(first).await.unwrap();
}
