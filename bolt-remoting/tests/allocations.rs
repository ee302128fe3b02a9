//! What calls cost in allocations, once everything has its size: nothing.

#![allow(clippy::unwrap_used)]

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
use bolt_remoting::rpc::{Body, RpcClient, RpcServer};
use bolt_remoting::{Connection, FrameContext, FrameHandler, NoHandler, Reply, handler_fn};
use support::bolt::{ECHO, RAW, bolt, echo, request};
use support::{SEC, untimed};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

const CALLERS: usize = 64;
const CALLS: u64 = 20_000;

/// Two ends on a loopback socket.
async fn ends(handler: impl FrameHandler<Bolt>) -> (Connection<Bolt>, Connection<Bolt>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await;
    let (far, _) = listener.accept().await.unwrap();
    let config = Arc::new(untimed());
    let end = |io: TcpStream, role, handler| {
        io.set_nodelay(true).unwrap();
        Connection::over(io, Arc::new(bolt()), role, handler, Arc::clone(&config))
    };
    let client = end(near.unwrap(), Role::Client, Arc::new(NoHandler));
    (client, end(far, Role::Server, Arc::new(handler)))
}

/// What `CALLS` calls of `CALLERS` tasks allocate, after as many to warm up. Both ends run on this
/// thread.
fn cost<C, F>(make: impl AsyncFnOnce() -> C) -> AllocationInfo
where
    C: Fn() -> F + Clone + 'static,
    F: Future<Output = ()>,
{
    let runtime: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let tasks = LocalSet::new();
    let done = Rc::new(Cell::new(0));
    let call = tasks.block_on(&runtime, async {
        let call = make().await;
        // On a slow machine handlers would count as slow ones, which have tasks of their own.
        tokio::time::pause();
        call
    });
    for _ in 0..CALLERS {
        let (call, done) = (call.clone(), Rc::clone(&done));
        tasks.spawn_local(async move {
            loop {
                call().await;
                done.set(done.get() + 1);
            }
        });
    }
    let until = |calls: u64| {
        tasks.block_on(&runtime, async {
            for _ in 0..100 * CALLS {
                if done.get() >= calls {
                    return;
                }
                tokio::task::yield_now().await;
            }
            panic!("only {} calls", done.get());
        });
    };
    until(CALLS);
    measure(|| until(2 * CALLS))
}

fn raw_calls(handler: impl FrameHandler<Bolt>) -> AllocationInfo {
    cost(async || {
        let (client, server) = ends(handler).await;
        let content = bytes::Bytes::from(vec![7; 1024]);
        move || {
            // Kept for as long as calls are made.
            let (client, _server) = (client.clone(), server.clone());
            let frame = request(BoltVersion::V1, 0, ECHO, content.clone());
            async move {
                let answer = client.call(frame, SEC * 60).await.unwrap();
                assert_eq!(answer.content.len(), 1024);
            }
        }
    })
}

#[track_caller]
fn assert_nothing(cost: &AllocationInfo) {
    // A buffer that grows now and then is no cost of a call.
    assert!(cost.count_total <= CALLS / 200, "{cost:?} in {CALLS} calls");
}

struct AtOnce;

impl FrameHandler<Bolt> for AtOnce {
    fn handle(&self, _cx: FrameContext<Bolt>, frame: BoltFrame, reply: &mut Reply<Bolt>) {
        reply.now(Some(frame.respond(ECHO, frame.content.clone())));
    }
}

#[test]
fn calls_with_an_answer_at_once_allocate_nothing() {
    assert_nothing(&raw_calls(AtOnce));
}

#[test]
fn calls_with_a_future_that_ends_at_once_allocate_nothing() {
    assert_nothing(&raw_calls(handler_fn(|_cx, frame: BoltFrame| async move {
        Some(frame.respond(ECHO, frame.content.clone()))
    })));
}

/// Tasks that run the handlers of many calls: a few allocations each.
const TASKS: u64 = CALLS / 3;

/// Its place among those of its task, and the refusal that would be sent should it panic.
#[test]
fn calls_whose_handler_waits_allocate_twice() {
    let cost = raw_calls(handler_fn(|_cx, frame: BoltFrame| async move {
        tokio::task::yield_now().await;
        Some(frame.respond(ECHO, frame.content.clone()))
    }));
    assert!(cost.count_total <= CALLS * 2 + TASKS, "{cost:?}");
}

fn rpc_calls<F>(handler: impl Fn(Body) -> F + Send + Sync + 'static) -> AllocationInfo
where
    F: Future<Output = Body> + Send + 'static,
{
    cost(async || {
        let builder = RpcServer::builder().handle_raw(ECHO, move |_cx, body| {
            let answer = handler(body);
            async move { Ok(answer.await) }
        });
        let server = builder.bind("127.0.0.1:0").await.unwrap();
        let client = RpcClient::new();
        let connection = client
            .connect(server.local_addr().to_string())
            .await
            .unwrap();
        let body = echo(vec![7; 1024]);
        let kept = Rc::new((server, client));
        move || {
            let call = connection.invoke_raw(RAW, &body);
            let _kept = Rc::clone(&kept);
            async move {
                call.await.unwrap();
            }
        }
    })
}

#[test]
fn rpc_calls_of_raw_bytes_allocate_nothing() {
    assert_nothing(&rpc_calls(|body| async move { body }));
}

#[test]
fn rpc_calls_of_raw_bytes_whose_handler_waits_allocate_once() {
    let cost = rpc_calls(|body| async move {
        tokio::task::yield_now().await;
        body
    });
    assert!(cost.count_total <= CALLS + TASKS, "{cost:?}");
}
