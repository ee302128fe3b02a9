//! What is tried.

use std::time::{Duration, Instant};

use bolt_examples::contract::counter::{Add, Value};
use bolt_examples::jraft::{GetLeaderRequest, GetLeaderResponse, JRaftError, PeerId, RaftCode};
use bolt_remoting::ErrorKind;
use bolt_remoting::rpc::JavaClass;
use futures::future::try_join_all;
use libtest_mimic::Trial;

use crate::{Env, Outcome, PATIENCE, group, trial};

pub(crate) fn all() -> Vec<Trial> {
    vec![
        trial(
            "the_leader_is_found_through_every_node",
            the_leader_is_found,
        ),
        trial("every_node_answers_a_ping", every_node_answers_a_ping),
        trial("the_leader_names_the_members", the_leader_names_the_members),
        trial("adds_are_read_at_every_node", adds_are_read_at_every_node),
        trial("errors_have_their_codes", errors_have_their_codes),
        trial("the_leadership_moves_when_asked", the_leadership_moves),
        trial("a_killed_leader_is_followed_by_another", a_killed_leader),
        trial("without_a_majority_calls_end_in_time", without_a_majority),
    ]
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, actual: T) -> Outcome {
    if expected == actual {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?} but was {actual:?}").into())
}

async fn the_leader_is_found(env: Env<'_>) -> Outcome {
    let leader = env.leader().await?;
    let peers = env.peers();
    equal("a member leads", true, peers.contains(&leader))?;
    env.agreed_leader(&peers, None).await?;
    Ok(())
}

async fn every_node_answers_a_ping(env: Env<'_>) -> Outcome {
    for peer in env.peers() {
        env.group.ping(&peer, PATIENCE).await?;
    }
    let nobody: PeerId = "127.0.0.1:1".parse()?;
    match env.group.ping(&nobody, PATIENCE).await {
        Err(JRaftError::Call(error)) => equal("kind", ErrorKind::Connect, error.kind()),
        other => Err(format!("nobody answered: {other:?}").into()),
    }
}

async fn the_leader_names_the_members(env: Env<'_>) -> Outcome {
    let mut members = env.group.members(PATIENCE).await?;
    let mut peers = env.peers();
    members.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    peers.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    equal("members", peers, members)
}

async fn adds_are_read_at_every_node(env: Env<'_>) -> Outcome {
    let leader = env.leader().await?;
    let before = env.read_eventually(&leader).await?;
    for n in 1..=20 {
        equal("after an add", before + n, env.add(1).await?)?;
    }
    let at_once = (0..200).map(|_| env.add(10));
    let mut values = try_join_all(at_once).await?;
    values.sort_unstable();
    let expected: Vec<i64> = (1..=200).map(|n| before + 20 + n * 10).collect();
    equal("adds at once", expected, values)?;
    for peer in env.peers() {
        let value = env.read_eventually(&peer).await?;
        equal("a read at a node", before + 2020, value)?;
    }
    Ok(())
}

/// Something that no node has a processor for.
#[derive(Clone, PartialEq, prost::Message)]
struct Unknown {}

impl JavaClass for Unknown {
    const NAME: &'static str = "peer.jraft.Counter$Unknown";
}

async fn errors_have_their_codes(env: Env<'_>) -> Outcome {
    let leader = env.agreed_leader(&env.peers(), None).await?;
    let peers = env.peers();
    let follower = peers.iter().find(|peer| **peer != leader);
    let follower = follower.ok_or("a follower")?;

    // The answers are of another class than those to successful calls.
    let add = Add { delta: 1 };
    let refused = env.group.invoke::<_, Value>(follower, &add, PATIENCE).await;
    let code = refused.err().and_then(|error| error.code());
    equal("an add at a follower", Some(RaftCode::NOT_LEADER), code)?;

    let request = GetLeaderRequest {
        group_id: "nobody".into(),
        peer_id: None,
    };
    let unknown = env
        .group
        .invoke::<_, GetLeaderResponse>(&leader, &request, PATIENCE);
    let code = unknown.await.err().and_then(|error| error.code());
    equal("an unknown group", Some(RaftCode::NOT_FOUND), code)?;

    let stranger: PeerId = "127.0.0.1:1".parse()?;
    let refused = env.group.transfer_leader(&stranger, PATIENCE).await;
    let refused = refused.err().ok_or("led by a stranger")?;
    equal("a code", true, refused.code().is_some())?;

    match env
        .group
        .invoke::<_, Value>(&leader, &Unknown {}, PATIENCE)
        .await
    {
        Err(JRaftError::Call(error)) => {
            equal("kind", ErrorKind::ServerException, error.kind())?;
        }
        other => return Err(format!("an unknown class: {other:?}").into()),
    }
    Ok(())
}

async fn the_leadership_moves(env: Env<'_>) -> Outcome {
    let peers = env.peers();
    let before = env.add(1).await?;
    // Everybody leads once.
    for (n, to) in (1..).zip(&peers) {
        env.agreed_leader(&peers, None).await?;
        env.group.transfer_leader(to, PATIENCE).await?;
        env.agreed_leader(&peers, Some(to)).await?;
        // The group finds out by itself.
        equal("after an add", before + n, env.add(1).await?)?;
    }
    Ok(())
}

async fn a_killed_leader(env: Env<'_>) -> Outcome {
    let peers = env.peers();
    let killed = env.agreed_leader(&peers, None).await?;
    let before = env.add(1).await?;
    env.cluster.kill(&killed);
    let added = loop {
        match env.add(1).await {
            Ok(value) => break value,
            // The request was on its way when the leader died, or the new one was not sure of itself.
            Err(JRaftError::Call(error)) if error.kind() == ErrorKind::Closed => {}
            Err(error) if error.code() == Some(RaftCode::INTERNAL) => {}
            Err(error) => return Err(error.into()),
        }
    };
    let rest: Vec<PeerId> = peers
        .iter()
        .filter(|peer| **peer != killed)
        .cloned()
        .collect();
    let leader = env.agreed_leader(&rest, None).await?;
    equal("the killed node leads", false, leader == killed)?;
    equal("nothing is lost", true, added > before)?;

    env.cluster.restart(&killed)?;
    equal(
        "the restarted node reads",
        added,
        env.read_eventually(&killed).await?,
    )?;
    env.agreed_leader(&peers, None).await?;
    Ok(())
}

async fn without_a_majority(env: Env<'_>) -> Outcome {
    const LIMIT: Duration = Duration::from_secs(3);
    let peers = env.peers();
    let leader = env.agreed_leader(&peers, None).await?;
    let before = env.add(1).await?;
    let followers: Vec<PeerId> = peers
        .iter()
        .filter(|peer| **peer != leader)
        .cloned()
        .collect();
    for follower in &followers {
        env.cluster.kill(follower);
    }
    let start = Instant::now();
    let outcome = env.group.call::<_, Value>(&Add { delta: 100 }, LIMIT).await;
    equal("an answer", true, outcome.is_err())?;
    equal("in time", true, start.elapsed() < LIMIT * 2)?;

    for follower in &followers {
        env.cluster.restart(follower)?;
    }
    env.agreed_leader(&peers, None).await?;
    let after = env.add(1).await?;
    // What had no answer may have been added, once.
    equal("sums", true, [before + 1, before + 101].contains(&after))?;
    // A client that never heard of the old leader sees the same.
    let fresh = group(peers);
    let value: Value = fresh.call(&Add { delta: 1 }, PATIENCE).await?;
    equal("a fresh client", after + 1, value.value)
}
