//! A client of a SOFAJRaft group: finds the leader, adds, reads, hands the leadership over.
//!
//! With the nodes of the folder `java-jraft` running (its README says how),
//! `cargo run -p bolt-examples --example jraft_counter -- 127.0.0.1:8081,127.0.0.1:8082,127.0.0.1:8083`

use std::time::Duration;

use bolt_examples::contract::counter::{Add, GROUP, Read, Value};
use bolt_examples::jraft::{PeerId, RaftGroup};
use bolt_remoting::RpcClient;

const USAGE: &str = "usage: jraft_counter IP:PORT,IP:PORT,...";
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    bolt_examples::options::help(USAGE);
    let peers = std::env::args().nth(1).ok_or(USAGE)?;
    let group = RaftGroup::new(&RpcClient::new(), GROUP, PeerId::parse_all(&peers)?);
    let leader = group.leader(PATIENCE).await?;
    let members = group.members(PATIENCE).await?;
    println!("{} nodes, led by {leader}", members.len());

    for _ in 0..3 {
        let counter: Value = group.call(&Add { delta: 7 }, PATIENCE).await?;
        println!("added 7: {}", counter.value);
    }
    let read = Read {
        linearizable: Some(true),
    };
    for member in &members {
        let counter: Value = group.invoke(member, &read, PATIENCE).await?;
        println!("{member} reads {}", counter.value);
    }

    if let Some(other) = members.iter().find(|member| **member != leader) {
        group.transfer_leader(other, PATIENCE).await?;
        let counter: Value = group.call(&Add { delta: 1 }, PATIENCE).await?;
        println!("added 1 with another leader: {}", counter.value);
    }
    Ok(())
}
