//! Every public async function is dropped at each point where it waits: nothing is left behind, and
//! whoever comes next finds everything in order.

#![allow(clippy::unwrap_used)]

mod support;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion};
use bolt_remoting::client::IfAbsent;
use bolt_remoting::rpc::{
    Body, Interceptor, Next, Processors, Request, Response, RpcClient, RpcServer,
};
use bolt_remoting::{Connection, NoHandler, Port, Result, handler_fn};
use futures::FutureExt;
use futures::future::BoxFuture;
use support::bolt::{NEVER, RAW, body, bolt, echo, oneway, processors, request};
use support::peer::Peer;
use support::wire::{patient, server_with};
use support::{SEC, eventually, far, pair, untimed, within};
use tokio::sync::Semaphore;

const V1: BoltVersion = BoltVersion::V1;

/// Polls `future` at most `polls` times, whenever it can go on, and drops it; `true` if it ended.
async fn drop_after(polls: usize, future: impl Future) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    within(poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    }))
    .await
}

/// Numbers of polls, from none; no function of ours waits as often as this.
fn polls() -> std::ops::Range<usize> {
    0..1000
}

/// Waits wherever it can: before and after the call.
struct Pausing;

impl Interceptor for Pausing {
    async fn intercept(&self, request: Request, next: Next) -> Result<Option<Response>> {
        tokio::task::yield_now().await;
        let outcome = next.run(request).await;
        tokio::task::yield_now().await;
        outcome
    }
}

/// A handler that waits before it answers.
fn pausing() -> Processors {
    let slow = Processors::new().handle_raw("com.example.Slow", |_cx, body| async {
        tokio::task::yield_now().await;
        Ok(body)
    });
    processors().merge(slow)
}

fn slow() -> Body {
    body("com.example.Slow", "x")
}

/// Neither calls nor dials are left, and a further call succeeds.
async fn is_in_order(client: &RpcClient, address: &str) {
    let answer = within(client.invoke_raw(RAW, address, &echo("next")).into_future()).await;
    assert_eq!(answer.unwrap(), echo("next"));
    for connection in client.engine().connections() {
        assert_eq!(connection.stats().calls_waiting, 0);
    }
}

/// Drops `make`'s future at each of its waiting points, on a client that has no connection yet and
/// on one that has.
async fn dropped_everywhere<F: Future>(intercepted: bool, make: impl Fn(RpcClient, String) -> F) {
    let (server, address) = server_with(pausing()).await;
    for warm in [false, true] {
        let mut ended = false;
        for polls in polls() {
            let mut builder = RpcClient::builder().timeout(SEC * 30);
            if intercepted {
                builder = builder.intercept(Pausing);
            }
            let client = builder.build().unwrap();
            if warm {
                client.connect(&address).await.unwrap();
            }
            ended = drop_after(polls, make(client.clone(), address.clone())).await;
            is_in_order(&client, &address).await;
            let connections = client.engine().connections().len();
            assert_eq!(connections, 1, "after {polls} polls");
            if ended {
                break;
            }
        }
        assert!(ended, "it never ends");
    }
    eventually(|| {
        let all = server.connections();
        all.iter()
            .all(|one| one.engine().stats().requests_in_flight == 0)
    })
    .await;
}

#[tokio::test]
async fn an_awaited_call() {
    for intercepted in [false, true] {
        dropped_everywhere(intercepted, |client, address| async move {
            client.invoke_raw(RAW, &address, &slow()).await.unwrap()
        })
        .await;
    }
}

#[tokio::test]
async fn a_call_that_is_queued_first_and_its_answer() {
    for intercepted in [false, true] {
        dropped_everywhere(intercepted, |client, address| async move {
            let answer = client.invoke_raw(RAW, &address, &slow()).future().await;
            answer.unwrap().await.unwrap()
        })
        .await;
    }
}

#[tokio::test]
async fn a_oneway_call() {
    for intercepted in [false, true] {
        dropped_everywhere(intercepted, |client, address| async move {
            client.oneway_with(&RAW, &address, &slow()).await.unwrap();
        })
        .await;
    }
}

#[tokio::test]
async fn connecting() {
    dropped_everywhere(false, |client, address| async move {
        client.connect(&address).await.unwrap()
    })
    .await;
    dropped_everywhere(false, |client, address| async move {
        let engine = client.engine().clone();
        engine.connection(&address, far()).await.unwrap()
    })
    .await;
    dropped_everywhere(false, |client, address| async move {
        assert!(client.check(&address, IfAbsent::Connect).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn connecting_outside_of_the_pool() {
    let (server, address) = server_with(pausing()).await;
    let client = patient();
    let mut ended = false;
    for polls in polls() {
        let standalone = async {
            let connection = client.standalone(&address).await.unwrap();
            connection.engine().close();
            connection.engine().closed().await;
        };
        ended = drop_after(polls, standalone).await;
        // Whoever is dropped between having a connection and closing it leaves it open.
        for connection in client.engine().connections() {
            connection.close();
        }
        eventually(|| server.connections().is_empty()).await;
        if ended {
            break;
        }
    }
    assert!(ended, "it never ends");
}

#[tokio::test]
async fn a_port_that_is_closed_while_nobody_waits_for_it() {
    let mut ended = false;
    for polls in polls() {
        let port = Port::builder().bind("127.0.0.1:0").await.unwrap();
        let address = port.local_addr();
        let server = RpcServer::builder().processors(pausing());
        let _server = server.serve_on(&port).unwrap();
        port.open();
        ended = drop_after(polls, port.close()).await;
        if polls > 0 {
            eventually(|| std::net::TcpListener::bind(address).is_ok()).await;
        }
        if ended {
            break;
        }
    }
    assert!(ended, "it never ends");
}

/// A connection with room for one call, which is taken until the returned future is dropped, and
/// its peer.
async fn full() -> (Connection<Bolt>, Connection<Bolt>, impl Future) {
    let mut config = untimed();
    config.max_in_flight = 1;
    let silent = handler_fn(|_cx, frame: BoltFrame| async move {
        if frame.class == NEVER {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
        Some(frame.respond(frame.class.clone(), ""))
    });
    let (client, server) = pair(bolt, NoHandler, silent, config);
    let taken = client.start_call(request(V1, 0, NEVER, ""), far()).await;
    (client, server, taken.unwrap())
}

#[tokio::test]
async fn waiting_for_room_on_a_connection() {
    type Try = fn(Connection<Bolt>) -> BoxFuture<'static, ()>;
    let tries: [Try; 2] = [
        |connection| {
            Box::pin(async move {
                let call = connection.call(request(V1, 0, "x", ""), SEC * 30);
                call.await.unwrap();
            })
        },
        |connection| {
            Box::pin(async move {
                let call = connection.start_call(request(V1, 0, "x", ""), far());
                call.await.unwrap().await.unwrap();
            })
        },
    ];
    for attempt in tries {
        let mut ended = false;
        for polls in polls() {
            let (client, _server, taken) = full().await;
            // Another one waits behind the one that is dropped.
            let mut first = attempt(client.clone());
            assert_eq!((&mut first).now_or_never(), None);
            let behind = tokio::spawn(attempt(client.clone()));
            tokio::task::yield_now().await;
            drop(taken);
            ended = drop_after(polls, first).await;
            within(behind).await.unwrap();
            if ended {
                break;
            }
        }
        assert!(ended, "it never ends");
    }
}

#[tokio::test]
async fn sending_to_a_peer_that_reads_slowly() {
    let mut ended = false;
    for polls in polls() {
        let (near, far_end) = tokio::io::duplex(64);
        let mut config = untimed();
        config.outbox_limit = 256;
        let client = Connection::over(
            near,
            Arc::new(bolt()),
            Role::Client,
            Arc::new(NoHandler),
            Arc::new(config),
        );
        let mut peer = Peer::new(bolt(), far_end);
        let frame = |id| oneway(V1, id, "com.example.Oneway");
        // Fills the outbox.
        while client.try_send(frame(0)).is_ok() {}
        let mut send = Box::pin(client.send(frame(0), far()));
        assert!((&mut send).now_or_never().is_none());
        let reading = tokio::spawn(async move {
            let mut frames = 0;
            while peer.recv().await.class != "end" {
                frames += 1;
            }
            frames
        });
        ended = drop_after(polls, send).await;
        let last = oneway(V1, 0, "end");
        within(client.send(last, far())).await.unwrap();
        // Whole frames only, or the peer would not understand the last one.
        within(reading).await.unwrap();
        if ended {
            break;
        }
    }
    assert!(ended, "it never ends");
}

#[tokio::test]
async fn waiting_for_the_end_of_a_connection() {
    let (client, server) = pair(bolt, NoHandler, NoHandler, untimed());
    assert!(!drop_after(1, client.closed()).await);
    client.close();
    within(client.closed()).await;
    within(server.closed()).await;
    within(client.closed()).await;
}

#[tokio::test]
async fn a_shutdown_of_a_client_goes_on_without_whoever_waited_for_it() {
    let mut ended = false;
    for polls in polls() {
        let (server, address) = server_with(pausing()).await;
        let client = patient();
        let answer = client.invoke_raw(RAW, &address, &slow()).future().await;
        ended = drop_after(polls, client.shutdown(SEC * 30)).await;
        if polls > 0 {
            // What was in flight ends in order.
            assert_eq!(within(answer.unwrap()).await.unwrap(), slow());
            eventually(|| server.connections().is_empty()).await;
            within(client.invoke_raw(RAW, &address, &slow()).into_future())
                .await
                .unwrap_err();
        }
        if ended {
            break;
        }
    }
    assert!(ended, "it never ends");
}

#[tokio::test]
async fn a_shutdown_of_a_server_goes_on_without_whoever_waited_for_it() {
    let mut ended = false;
    for polls in polls() {
        let gate = Arc::new(Semaphore::new(0));
        let opened = Arc::clone(&gate);
        let gated = Processors::new().handle_raw("com.example.Gated", move |_cx, body| {
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await?.forget();
                Ok(body)
            }
        });
        let (server, address) = server_with(gated).await;
        let client = patient();
        let gated = body("com.example.Gated", "");
        let answer = client.invoke_raw(RAW, &address, &gated).future().await;
        let in_flight = || {
            let all = server.connections();
            all.iter()
                .any(|one| one.engine().stats().requests_in_flight == 1)
        };
        eventually(in_flight).await;
        let shutdown = async {
            opened.add_permits(1);
            server.shutdown(SEC * 30).await
        };
        ended = drop_after(polls, shutdown).await;
        if polls > 0 {
            // What was accepted is answered.
            assert_eq!(within(answer.unwrap()).await.unwrap(), gated);
            eventually(|| server.connections().is_empty()).await;
            // The port is free.
            eventually(|| std::net::TcpListener::bind(&address).is_ok()).await;
        }
        if ended {
            break;
        }
    }
    assert!(ended, "it never ends");
}

#[tokio::test]
async fn serving_until_a_signal_and_binding() {
    let mut ended = false;
    for polls in polls() {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let bind = async {
            let server = RpcServer::builder().processors(pausing());
            let server = server.bind("127.0.0.1:0").await.unwrap();
            stop.send(()).unwrap();
            server.run_until(stopped, SEC * 30).await
        };
        ended = drop_after(polls, bind).await;
        if ended {
            break;
        }
    }
    assert!(ended, "it never ends");
    // Dropped while it serves: the port is closed at once.
    let (server, address) = server_with(pausing()).await;
    let client = patient();
    is_in_order(&client, &address).await;
    let never = std::future::pending::<()>();
    assert!(!drop_after(1, server.run_until(never, SEC * 30)).await);
    eventually(|| std::net::TcpListener::bind(&address).is_ok()).await;
    eventually(|| client.engine().connections().is_empty()).await;
}
