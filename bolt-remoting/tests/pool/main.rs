//! The connections of an address: how many, which one a call takes, and what happens to those that
//! are lost, old or unused. Most of it on a paused clock, over a network in memory.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod by_hand;
mod choice;
mod dialing;
mod end;
mod size;
mod upkeep;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bolt_codec::bolt::Bolt;
use bolt_remoting::client::{IfAbsent, PoolConfig, PoolSnapshot, Random, RoundRobin, Select};
use bolt_remoting::rpc::{Body, RpcClient};
use bolt_remoting::{CloseReason, Connection, ErrorKind, Result};
use support::bolt::{NEVER, RAW, body, echo, processors};
use support::network::{Dial, Network};
use support::{SEC, eventually, within};

const ONE: &str = "peer:1";
const FOUR: &str = "peer:1?_CONNECTIONNUM=4";
const FOUR_WARM: &str = "peer:1?_CONNECTIONNUM=4&_CONNECTIONWARMUP=true";

fn pools(change: impl FnOnce(&mut PoolConfig)) -> PoolConfig {
    let mut config = PoolConfig::default();
    change(&mut config);
    config
}

async fn call(client: &RpcClient, address: &str) -> Result<Body> {
    within(client.invoke_raw(RAW, address, &echo("x")).into_future()).await
}

/// The connection that a call to `address` takes now.
async fn taken(client: &RpcClient, address: &str) -> Connection<Bolt> {
    within(client.connect(address))
        .await
        .unwrap()
        .engine()
        .clone()
}

/// A call that stays in flight on the connection that it takes.
async fn occupy(client: &RpcClient, address: &str) -> impl Sized {
    let call = client.invoke_raw(RAW, address, &body(NEVER, ""));
    within(call.timeout(SEC * 7200).future()).await.unwrap()
}

fn only(client: &RpcClient) -> PoolSnapshot {
    let mut pools = client.pools();
    assert_eq!(pools.len(), 1, "{pools:?}");
    pools.remove(0)
}

fn live(client: &RpcClient) -> usize {
    client.pools().iter().map(|pool| pool.live).sum()
}

async fn advance(seconds: u32) {
    tokio::time::sleep(SEC * seconds).await;
}
