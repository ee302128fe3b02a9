//! The client of SOFAJRaft groups against a group on the real SOFAJRaft: three nodes of the Java
//! program in the folder `java-jraft`, which count. Leaders are asked, moved and killed.
//!
//! Needs `java`, and `mvn` to build the nodes when they have changed. Without them every trial is
//! ignored, with the reason; with `CI=true` in the environment it fails.

#![forbid(unsafe_code)]

mod cluster;
#[path = "../support/java.rs"]
mod java;
#[path = "../support/process.rs"]
mod process;
mod trials;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bolt_examples::contract::counter::{Add, GROUP, Read, Value};
use bolt_examples::jraft::{JRaftError, PeerId, RaftGroup};
use bolt_remoting::RpcClient;
use bolt_remoting::rpc::{Interceptor, Next, Request, Response};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Runtime;

use self::cluster::Cluster;
use self::java::Project;

/// For whatever has to happen at some time: an election takes a second and more.
const PATIENCE: Duration = Duration::from_secs(40);

static NODES: Project = Project::new("java-jraft", "java-jraft.jar");
/// The one cluster, which trials leave as they found it.
static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// What a trial is given.
struct Env<'a> {
    cluster: &'a mut Cluster,
    group: RaftGroup,
}

type Outcome<T = ()> = Result<T, Failed>;

impl Env<'_> {
    fn peers(&self) -> Vec<PeerId> {
        self.cluster.peers.clone()
    }

    async fn leader(&self) -> Outcome<PeerId> {
        Ok(self.group.leader(PATIENCE).await?)
    }

    async fn add(&self, delta: i64) -> Result<i64, JRaftError> {
        let value: Value = self.group.call(&Add { delta }, PATIENCE).await?;
        Ok(value.value)
    }

    /// What a node answers who has to know of everything that was added.
    async fn read(&self, peer: &PeerId) -> Result<i64, JRaftError> {
        let read = Read {
            linearizable: Some(true),
        };
        let value: Value = self.group.invoke(peer, &read, PATIENCE).await?;
        Ok(value.value)
    }

    /// The same, repeated while the node can't say: it has just started, or there is no leader.
    async fn read_eventually(&self, peer: &PeerId) -> Outcome<i64> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.read(peer).await {
                Ok(value) => return Ok(value),
                Err(error) if Instant::now() > deadline => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Waits until every node in `peers` takes the same one for the leader, and `wanted` if it is given.
    async fn agreed_leader(&self, peers: &[PeerId], wanted: Option<&PeerId>) -> Outcome<PeerId> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut named = Vec::new();
            for peer in peers {
                // Only this node is asked.
                let alone = group([peer.clone()]);
                named.extend(alone.leader(Duration::from_secs(2)).await.ok());
            }
            let leader = wanted.or(named.first()).cloned();
            if let Some(leader) = leader
                && named.len() == peers.len()
                && named.iter().all(|name| *name == leader)
            {
                return Ok(leader);
            }
            if Instant::now() > deadline {
                return Err(format!("no agreement on a leader: {named:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The group, with a client of its own that counts its calls.
fn group(peers: impl Into<Arc<[PeerId]>>) -> RaftGroup {
    let client = RpcClient::builder().intercept(Counting).build();
    RaftGroup::new(&client.expect("valid"), GROUP, peers)
}

struct Counting;

impl Interceptor for Counting {
    async fn intercept(
        &self,
        request: Request,
        next: Next,
    ) -> bolt_remoting::Result<Option<Response>> {
        CALLS.fetch_add(1, Ordering::Relaxed);
        next.run(request).await
    }
}

/// The trials stand in the order of their running.
fn trial<F>(name: &'static str, run: F) -> Trial
where
    F: AsyncFnOnce(Env<'_>) -> Outcome + Send + 'static,
{
    Trial::ignorable_test(name, move || {
        let jar = match NODES.jar() {
            Ok(jar) => jar,
            Err(missing) => return missing.outcome(),
        };
        let mut cluster = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = match &mut *cluster {
            Some(cluster) => cluster,
            none => none.insert(Cluster::start(jar)?),
        };
        let runtime = Runtime::new()?;
        runtime.block_on(async {
            let group = group(cluster.peers.clone());
            run(Env { cluster, group }).await
        })?;
        Ok(Completion::Completed)
    })
}

fn main() -> ExitCode {
    let start = Instant::now();
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let conclusion = libtest_mimic::run(&arguments, trials::all());
    // Statics are not dropped.
    drop(
        CLUSTER
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(),
    );
    let calls = CALLS.load(Ordering::Relaxed);
    if calls > 0 {
        let seconds = start.elapsed().as_secs_f32();
        println!("rust-to-jraft: {calls} calls in {seconds:.1} s");
    }
    conclusion.exit_code()
}
