//! What is tried.

use std::time::Duration;

use bolt_examples::seata::{
    Branch, End, Error, GlobalStatus, Message, Packet, Registration, ResourceManager, Result,
    Seata, TransactionManager, connection_config,
};
use bolt_remoting::{Client, ErrorKind, HeartbeatConfig};
use bytes::Bytes;
use futures::future::{join_all, try_join_all};
use libtest_mimic::Trial;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::Instant;

use crate::{Outcome, count, trial};

const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) fn all() -> Vec<Trial> {
    vec![
        trial("begin-and-commit", begin_and_commit),
        trial("roll-back", roll_back),
        trial("unknown-transaction", unknown_transaction),
        trial("branch-is-committed", branch_is_committed),
        trial("branch-is-rolled-back", branch_is_rolled_back),
        trial("branch-is-asked-again", branch_is_asked_again),
        trial("many-at-once", many_at_once),
        trial("merged", merged),
        trial("unregistered", unregistered),
        trial("oneway-registration", oneway_registration),
        trial("head-map", head_map),
        trial("heartbeats", heartbeats),
        trial("longer-than-its-idle-time", longer_than_its_idle_time),
        trial("drain", drain),
    ]
}

fn is(what: bool, otherwise: &str) -> Outcome {
    match what {
        true => Ok(()),
        false => Err(otherwise.into()),
    }
}

fn me() -> Registration {
    Registration::new("rust-app", "rust_group")
}

/// What a resource manager was told to finish.
type Told = UnboundedReceiver<Branch>;

/// A connected manager of a resource; `done` says whether the n-th request to finish a branch
/// succeeds.
async fn resource_manager(
    address: &str,
    resource: &str,
    done: impl Fn(u64) -> bool + Send + Sync + 'static,
) -> Result<(ResourceManager, Told)> {
    let (tell, told) = mpsc::unbounded_channel();
    let asked = std::sync::atomic::AtomicU64::new(0);
    let manager = ResourceManager::new(address, me(), resource, move |branch| {
        let n = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        count(1);
        let (tell, done) = (tell.clone(), done(n));
        async move { tell.send(branch).is_ok() && done }
    });
    manager.connect().await?;
    Ok((manager, told))
}

async fn begin_and_commit(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    let xid = manager.begin("begin-and-commit", TIMEOUT).await?;
    let port = address.trim_start_matches("127.0.0.1");
    is(xid.contains(port), &format!("a strange id: {xid}"))?;
    let status = manager.status(&xid).await?;
    is(status == GlobalStatus::BEGUN, &format!("{status:?}"))?;
    let status = manager.commit(&xid).await?;
    is(status == GlobalStatus::COMMITTED, &format!("{status:?}"))?;
    count(manager.calls());
    Ok(())
}

async fn roll_back(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    let xid = manager.begin("roll-back", TIMEOUT).await?;
    let status = manager.roll_back(&xid).await?;
    is(status == GlobalStatus::ROLLED_BACK, &format!("{status:?}"))?;
    count(manager.calls());
    Ok(())
}

async fn unknown_transaction(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    let status = manager.status(&format!("{address}:42")).await?;
    is(status == GlobalStatus::FINISHED, &format!("{status:?}"))?;
    let (resources, _told) = resource_manager(address, "unknown", |_| true).await?;
    match resources.take_part(&format!("{address}:42"), "{}").await {
        Err(Error::Refused(why)) => is(why.contains("global transaction"), &why)?,
        other => return Err(format!("{other:?}").into()),
    }
    count(manager.calls() + resources.calls());
    Ok(())
}

async fn branch_is_committed(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    let (resources, mut told) = resource_manager(address, "committed", |_| true).await?;
    let xid = manager.begin("branch-is-committed", TIMEOUT).await?;
    let id = resources.take_part(&xid, r#"{"amount":5}"#).await?;
    let status = manager.commit(&xid).await?;
    is(status == GlobalStatus::COMMITTED, &format!("{status:?}"))?;
    let branch = told.recv().await.ok_or("not called back")?;
    is(
        branch.end == End::Commit && branch.id == id,
        "another branch",
    )?;
    is(
        branch.xid == xid && branch.data == r#"{"amount":5}"#,
        "another transaction",
    )?;
    count(manager.calls() + resources.calls());
    Ok(())
}

async fn branch_is_rolled_back(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    let (resources, mut told) = resource_manager(address, "rolled-back", |_| true).await?;
    let xid = manager.begin("branch-is-rolled-back", TIMEOUT).await?;
    let ids = [
        resources.take_part(&xid, "a").await?,
        resources.take_part(&xid, "b").await?,
    ];
    let status = manager.roll_back(&xid).await?;
    is(status == GlobalStatus::ROLLED_BACK, &format!("{status:?}"))?;
    let mut ended = Vec::new();
    for _ in 0..2 {
        let branch = told.recv().await.ok_or("not called back")?;
        is(branch.end == End::Rollback, "ended the other way")?;
        ended.push((branch.id, branch.data));
    }
    ended.sort();
    let expected = [(ids[0], "a".to_owned()), (ids[1], "b".to_owned())];
    is(ended == expected, &format!("{ended:?}"))?;
    count(manager.calls() + resources.calls());
    Ok(())
}

async fn branch_is_asked_again(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    let (resources, mut told) = resource_manager(address, "again", |n| n > 0).await?;
    let xid = manager.begin("branch-is-asked-again", TIMEOUT).await?;
    let id = resources.take_part(&xid, "{}").await?;
    manager.commit(&xid).await?;
    for _ in 0..2 {
        let branch = told.recv().await.ok_or("not called back")?;
        is(branch.id == id, "another branch")?;
    }
    count(manager.calls() + resources.calls());
    Ok(())
}

/// Ids of both directions are in use at the same time on the connection of the resource manager.
async fn many_at_once(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    let (resources, mut told) = resource_manager(address, "many", |_| true).await?;
    let transactions = (0..100).map(async |n: i32| -> Outcome {
        let xid = manager.begin("many-at-once", TIMEOUT).await?;
        resources.take_part(&xid, &n.to_string()).await?;
        let (end, expected) = match n % 2 {
            0 => (manager.commit(&xid).await?, GlobalStatus::COMMITTED),
            _ => (manager.roll_back(&xid).await?, GlobalStatus::ROLLED_BACK),
        };
        is(end == expected, &format!("{end:?}"))
    });
    try_join_all(transactions).await?;
    for _ in 0..100 {
        let branch = told.recv().await.ok_or("not called back")?;
        let even = branch.data.parse::<u32>()? % 2 == 0;
        is(even == (branch.end == End::Commit), "ended the other way")?;
    }
    count(manager.calls() + resources.calls());
    Ok(())
}

/// Requests that wait together travel in one frame, and one frame answers them.
async fn merged(address: &str) -> Outcome {
    let merging = TransactionManager::with(Seata::merging(), address, me(), |client| client);
    merging.status("the connection is there").await?;
    let connection = merging
        .client()
        .connections()
        .pop()
        .ok_or("no connection")?;
    let before = connection.stats().bytes_written;
    let xids = try_join_all((0..50).map(|_| merging.begin("merged", TIMEOUT))).await?;
    let written = connection.stats().bytes_written - before;
    // Each alone would have had a head of 16 bytes and 14 of its own.
    is(
        written < 50 * 24 + 24,
        &format!("{written} bytes: they did not travel together"),
    )?;
    let ends = xids.iter().enumerate().map(async |(n, xid)| match n % 2 {
        0 => merging.commit(xid).await,
        _ => merging.roll_back(xid).await,
    });
    for (n, end) in join_all(ends).await.into_iter().enumerate() {
        let expected = [GlobalStatus::COMMITTED, GlobalStatus::ROLLED_BACK][n % 2];
        is(end? == expected, "another's answer")?;
    }
    is(connection.stats().calls_waiting == 0, "calls are left")?;
    is(connection.stats().late_answers == 0, "answers were dropped")?;
    count(merging.calls());
    Ok(())
}

/// The server closes the connection of who has not said who it is.
async fn unregistered(address: &str) -> Outcome {
    let client = Client::builder(Seata::default()).build();
    let connection = client.connection(address, far()).await?;
    let (timeout_ms, name) = (1000, "unregistered".to_owned());
    let begin = Packet::request(Message::GlobalBegin { timeout_ms, name });
    count(1);
    match connection.call(begin, TIMEOUT).await {
        Err(error) => is(error.kind() == ErrorKind::Closed, &error.to_string()),
        Ok(answer) => Err(format!("{answer:?}").into()),
    }
}

fn far() -> Instant {
    Instant::now() + TIMEOUT
}

/// As Java registers: it wants no answer, gets one, and nothing comes of it.
async fn oneway_registration(address: &str) -> Outcome {
    let client = Client::builder(Seata::default()).build();
    let connection = client.connection(address, far()).await?;
    let hello = Message::RegisterRm(me(), "oneway".to_owned());
    connection.send(Packet::oneway(hello), far()).await?;
    count(1);
    while connection.stats().late_answers == 0 {
        is(connection.is_open(), "the connection has ended")?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let state = Message::GlobalState {
        xid: format!("{address}:1"),
        extra: String::new(),
    };
    let answer = connection.call(Packet::request(state), TIMEOUT).await?;
    count(1);
    is(answer.message().is_some(), "no answer")
}

async fn head_map(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    manager.status("the connection is there").await?;
    let connection = manager
        .client()
        .connections()
        .pop()
        .ok_or("no connection")?;
    let state = Message::GlobalState {
        xid: format!("{address}:1"),
        extra: String::new(),
    };
    let packet = Packet {
        head: Bytes::from_static(b"\0\x01a\0\x01b\0\x01e\0\0"),
        ..Packet::request(state)
    };
    let answer = connection.call(packet, TIMEOUT).await?;
    count(manager.calls() + 1);
    is(answer.message().is_some(), "no answer")
}

async fn heartbeats(address: &str) -> Outcome {
    let mut config = connection_config();
    config.heartbeat = Some(HeartbeatConfig::every(Duration::from_millis(50)));
    let manager = TransactionManager::with(Seata::default(), address, me(), |client| {
        client.config(config)
    });
    manager.status("the connection is there").await?;
    let connection = manager
        .client()
        .connections()
        .pop()
        .ok_or("no connection")?;
    while connection.stats().heartbeats_acked < 5 {
        is(connection.is_open(), "the connection has ended")?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    count(manager.calls());
    Ok(())
}

/// The server closes connections that are silent for 15 s.
async fn longer_than_its_idle_time(address: &str) -> Outcome {
    let (resources, _told) = resource_manager(address, "idle", |_| true).await?;
    let connection = resources
        .client()
        .connections()
        .pop()
        .ok_or("no connection")?;
    let ended = tokio::time::timeout(Duration::from_secs(18), connection.closed()).await;
    is(ended.is_err(), "the connection has ended")?;
    is(
        connection.stats().heartbeats_acked >= 3,
        "heartbeats are missing",
    )
}

/// A branch that is being committed is answered before a shutdown ends.
async fn drain(address: &str) -> Outcome {
    let manager = TransactionManager::new(address, me());
    let (begun, mut has_begun) = mpsc::unbounded_channel();
    let resources = ResourceManager::new(address, me(), "drain", move |branch| {
        count(1);
        let begun = begun.clone();
        async move {
            let sent = begun.send(branch).is_ok();
            tokio::time::sleep(Duration::from_millis(300)).await;
            sent
        }
    });
    resources.connect().await?;
    let xid = manager.begin("drain", TIMEOUT).await?;
    resources.take_part(&xid, "{}").await?;
    let committing = manager.commit(&xid);
    let shutting = async {
        has_begun.recv().await;
        resources.client().shutdown(Duration::from_secs(10)).await
    };
    let (committed, cut_off) = tokio::join!(committing, shutting);
    is(committed? == GlobalStatus::COMMITTED, "not committed")?;
    count(manager.calls() + resources.calls());
    is(cut_off == 0, "cut off")
}
