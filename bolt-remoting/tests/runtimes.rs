//! Clients that are called from several runtimes: which one their connections live on, and what
//! happens when it ends.

#![allow(clippy::unwrap_used)]

mod support;

use std::thread;

use bolt_remoting::rpc::{Body, RpcClient};
use bolt_remoting::{ErrorKind, Result};
use support::bolt::{NEVER, RAW, body, echo, processors};
use support::network::{Dial, Network};
use support::wire::{both, server_with};
use support::{SEC, eventually, within};
use tokio::runtime::{Builder, Runtime};

const ONE: &str = "peer:1";

fn of_many_threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// Does nothing while nobody is in its `block_on`.
fn of_one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn call(client: &RpcClient, address: &str) -> Result<Body> {
    within(client.invoke_raw(RAW, address, &echo("x")).into_future()).await
}

/// How a call ends whose answer never comes: by its deadline, if its connection has a runtime.
async fn unanswered(client: &RpcClient, address: &str) -> ErrorKind {
    let call = client.invoke_raw(RAW, address, &body(NEVER, ""));
    let outcome = within(call.timeout(SEC / 10).into_future()).await;
    outcome.unwrap_err().kind()
}

#[test]
fn connections_live_where_their_client_was_built_whoever_calls_first() {
    let home = of_many_threads();
    let (_server, address, client) = home.block_on(both());
    let elsewhere = of_one_thread();
    elsewhere.block_on(call(&client, &address)).unwrap();
    // Nobody drives that runtime now.
    let kind = home.block_on(unanswered(&client, &address));
    assert_eq!(kind, ErrorKind::Timeout);
    let before = client.engine().connections();
    drop(elsewhere);
    home.block_on(call(&client, &address)).unwrap();
    let after = client.engine().connections();
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_eq!(before[0].number(), after[0].number());
}

#[test]
fn those_outside_of_pools_live_there_too() {
    let home = of_many_threads();
    let (_server, address, client) = home.block_on(both());
    let elsewhere = of_one_thread();
    let alone = elsewhere.block_on(within(client.standalone(&address)));
    let alone = alone.unwrap();
    drop(elsewhere);
    let answer = alone.invoke_raw(RAW, &echo("x"));
    let answer = home.block_on(within(answer.into_future()));
    assert_eq!(answer.unwrap(), echo("x"));
}

#[test]
fn dials_find_the_runtime_of_their_connection_around_their_connector() {
    let home = of_many_threads();
    let network = Network::with_server_on(&home);
    let client = home.block_on(async { network.client().build().unwrap() });
    let elsewhere = of_one_thread();
    elsewhere.block_on(call(&client, ONE)).unwrap();
    drop(elsewhere);
    // The server's end, which the connector has spawned, lives on.
    home.block_on(call(&client, ONE)).unwrap();
    assert_eq!(network.dials(), 1);
}

#[test]
fn a_client_built_outside_of_runtimes_may_be_given_one() {
    let home = of_many_threads();
    let (_server, address) = home.block_on(server_with(processors()));
    let client = RpcClient::builder().runtime(home.handle().clone());
    let client = client.timeout(SEC * 30).build().unwrap();
    let elsewhere = of_one_thread();
    elsewhere.block_on(call(&client, &address)).unwrap();
    drop(elsewhere);
    let answer = client.invoke_raw(RAW, &address, &echo("x")).blocking();
    assert_eq!(answer.unwrap(), echo("x"));
    assert_eq!(client.engine().connections().len(), 1);
}

#[test]
fn without_one_of_the_client_s_own_the_first_caller_s_is_taken_and_then_the_next_one_s() {
    let servers = of_many_threads();
    let (_server, address) = servers.block_on(server_with(processors()));
    let client = support::wire::patient();
    for _ in 0..3 {
        let caller = of_one_thread();
        caller.block_on(call(&client, &address)).unwrap();
        assert_eq!(client.engine().connections().len(), 1);
        drop(caller);
        assert!(client.engine().connections().is_empty());
    }
}

#[test]
fn a_client_outlives_its_own_runtime() {
    let servers = of_many_threads();
    let (_server, address) = servers.block_on(server_with(processors()));
    for home in [of_one_thread(), of_many_threads()] {
        let client = home.block_on(async {
            let client = support::wire::patient();
            call(&client, &address).await.unwrap();
            client
        });
        drop(home);
        let caller = of_one_thread();
        caller.block_on(call(&client, &address)).unwrap();
        let alone = caller.block_on(within(client.standalone(&address)));
        assert!(alone.unwrap().engine().is_open());
    }
}

/// Like the workers of a web server, with a runtime each.
#[test]
fn workers_that_come_and_go_share_a_connection() {
    let home = of_one_thread();
    let network = Network::with_server_on(&home);
    let client = home.block_on(async { network.client().build().unwrap() });
    let worker = |client: RpcClient| {
        thread::spawn(move || {
            let runtime = of_one_thread();
            runtime.block_on(call(&client, ONE)).unwrap();
        })
    };
    home.block_on(async {
        for _ in 0..3 {
            let workers: Vec<_> = (0..4).map(|_| worker(client.clone())).collect();
            eventually(|| workers.iter().all(thread::JoinHandle::is_finished)).await;
            workers.into_iter().for_each(|it| it.join().unwrap());
        }
        call(&client, ONE).await.unwrap();
    });
    assert_eq!(network.dials(), 1);
}

#[test]
fn calls_that_wait_for_a_dial_dial_anew_when_its_runtime_ends() {
    let servers = of_many_threads();
    let network = Network::with_server_on(&servers);
    network.script([Dial::Hangs]);
    let client = network.client().connect_timeout(SEC * 3600);
    let client = client.build().unwrap();
    let first = of_many_threads();
    first.spawn({
        let client = client.clone();
        async move { call(&client, ONE).await }
    });
    let second = of_one_thread();
    second.block_on(async {
        eventually(|| network.dials() == 1).await;
        let (outcome, ()) = tokio::join!(call(&client, ONE), async {
            let waiting = || client.pools()[0].callers == 2;
            eventually(waiting).await;
            first.shutdown_background();
        });
        outcome.unwrap();
        assert_eq!(network.dials(), 2);
    });
}
