//! A client and a server in a simulated network that fails: each call ends in time and with the
//! truth, and once the network works again, so do calls.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bolt_remoting::client::{PoolConfig, Stream};
use bolt_remoting::rpc::{RpcClient, RpcServer};
use bolt_remoting::{Address, ConnectionConfig, ErrorKind, HeartbeatConfig};
use support::SEC;
use support::bolt::{RAW, echo, processors};
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};

const PORT: u16 = 12200;
/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Three heartbeats a second apart, and the time for the last answer.
const DETECTION: Duration = Duration::from_secs(4);

/// One call: when it began and ended, and how.
#[derive(Clone, Copy, Debug)]
struct Record {
    from: Duration,
    to: Duration,
    outcome: Result<(), (ErrorKind, bool)>,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Record>>>);

impl Log {
    fn between(&self, from: u64, to: u64) -> Vec<Record> {
        let all = self.0.lock().unwrap();
        let (from, to) = (Duration::from_secs(from), Duration::from_secs(to));
        let inside = |record: &&Record| record.from >= from && record.from < to;
        all.iter().filter(inside).copied().collect()
    }

    #[track_caller]
    fn all_succeed(&self, from: u64, to: u64) {
        let records = self.between(from, to);
        assert!(!records.is_empty());
        for record in records {
            assert!(record.outcome.is_ok(), "{record:?}");
        }
    }

    #[track_caller]
    fn all_fail(&self, from: u64, to: u64) {
        let records = self.between(from, to);
        assert!(!records.is_empty());
        for record in records {
            assert!(record.outcome.is_err(), "{record:?}");
        }
    }

    /// Whatever happens, a call ends in time and in one of a few ways.
    fn is_sane(&self) {
        for record in self.between(0, 1_000_000) {
            assert!(
                record.to - record.from <= PATIENCE + SEC / 100,
                "{record:?}"
            );
            if let Err((kind, sent)) = record.outcome {
                match kind {
                    ErrorKind::Connect => assert!(!sent, "{record:?}"),
                    ErrorKind::Timeout | ErrorKind::Closed => {}
                    _ => panic!("{record:?}"),
                }
            }
        }
    }
}

async fn serve() -> turmoil::Result {
    let server = RpcServer::builder()
        .processors(processors())
        .without_listener()?;
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, peer) = listener.accept().await?;
        let local = stream.local_addr()?;
        server.attach(Stream::new(stream).between(local, peer));
    }
}

fn client() -> RpcClient {
    let mut config = ConnectionConfig::client();
    config.heartbeat = Some(HeartbeatConfig::every(SEC));
    let mut pools = PoolConfig::default();
    pools.reconnect = true;
    let client = RpcClient::builder()
        .timeout(PATIENCE)
        .config(config)
        .pools(pools)
        .connector(|address: Address| async move {
            TcpStream::connect((address.host(), address.port())).await
        });
    client.build().unwrap()
}

/// Calls the server five times a second until `end`.
async fn keep_calling(log: Log, address: String, end: Duration) -> turmoil::Result {
    let client = client();
    while turmoil::elapsed() < end {
        let from = turmoil::elapsed();
        let answer = client.invoke_raw(RAW, &address, &echo("x")).await;
        let outcome = match answer {
            Ok(answer) => {
                assert_eq!(answer, echo("x"));
                Ok(())
            }
            Err(error) => Err((error.kind(), error.was_sent())),
        };
        let to = turmoil::elapsed();
        log.0.lock().unwrap().push(Record { from, to, outcome });
        tokio::time::sleep(SEC / 5).await;
    }
    client.shutdown(SEC).await;
    Ok(())
}

/// What goes wrong, or right again.
type Fault = fn(&mut Sim<'_>);

/// Runs a client against a server for `seconds`; `faults` happen at their seconds.
fn simulate(seconds: u64, parameters: &str, faults: &[(u64, Fault)]) -> Log {
    let log = Log::default();
    for seed in 1..=3 {
        let mut sim = Builder::new()
            .rng_seed(seed)
            .simulation_duration(Duration::from_secs(seconds + 60))
            .tick_duration(Duration::from_millis(5))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(20))
            .build();
        sim.host("server", serve);
        let address = format!("server:{PORT}{parameters}");
        let end = Duration::from_secs(seconds);
        sim.client("client", keep_calling(log.clone(), address, end));
        let mut faults = faults.iter();
        let mut next = faults.next();
        while !sim.step().unwrap() {
            if let Some((_, fault)) = next.filter(|(at, _)| sim.elapsed().as_secs() >= *at) {
                fault(&mut sim);
                next = faults.next();
            }
        }
    }
    log.is_sane();
    log
}

#[test]
fn a_network_that_works_loses_no_call() {
    let log = simulate(20, "?_CONNECTIONNUM=4&_CONNECTIONWARMUP=true", &[]);
    log.all_succeed(0, 20);
}

#[test]
fn a_partition_is_noticed_and_healed() {
    let log = simulate(
        40,
        "",
        &[
            (10, |sim| sim.partition("client", "server")),
            (25, |sim| sim.repair("client", "server")),
        ],
    );
    log.all_succeed(0, 9);
    log.all_fail(11, 24);
    // Those on the lost connection time out; once it is known to be dead, connecting fails.
    let detected = 10 + DETECTION.as_secs() + 2;
    for record in log.between(detected, 24) {
        assert!(
            matches!(record.outcome, Err((_, false))),
            "not sent: {record:?}"
        );
    }
    log.all_succeed(28, 40);
}

#[test]
fn a_half_open_connection_is_given_up() {
    let log = simulate(
        40,
        "",
        &[
            (10, |sim| sim.partition_oneway("server", "client")),
            (25, |sim| sim.repair_oneway("server", "client")),
        ],
    );
    log.all_succeed(0, 9);
    for record in log.between(11, 12) {
        assert_eq!(
            record.outcome,
            Err((ErrorKind::Timeout, true)),
            "it may have arrived"
        );
    }
    log.all_fail(11, 24);
    log.all_succeed(28, 40);
}

#[test]
fn a_crashed_server_is_found_again() {
    let log = simulate(
        40,
        "",
        &[
            (10, |sim| sim.crash("server")),
            (20, |sim| sim.bounce("server")),
        ],
    );
    log.all_succeed(0, 9);
    log.all_fail(11, 19);
    log.all_succeed(23, 40);
}

#[test]
fn a_server_that_restarts_again_and_again_is_found_each_time() {
    let restart: Fault = |sim| sim.bounce("server");
    let restarts: Vec<_> = (1..=20).map(|n| (n * 5, restart)).collect();
    let log = simulate(110, "?_CONNECTIONNUM=3", &restarts);
    for n in 0..=20 {
        log.all_succeed(n * 5 + 3, n * 5 + 4);
    }
}

#[test]
fn a_slow_link_only_takes_time() {
    let log = simulate(
        40,
        "?_CONNECTTIMEOUT=5000",
        &[(10, |sim| {
            sim.set_link_latency("client", "server", Duration::from_millis(700));
        })],
    );
    log.all_succeed(0, 40);
    let slow = log.between(12, 40);
    assert!(slow.iter().all(|record| record.to - record.from > SEC));
}

#[test]
fn what_a_network_holds_back_for_long_is_late_and_harms_nothing() {
    let log = simulate(
        40,
        "",
        &[
            (10, |sim| sim.hold("client", "server")),
            (20, |sim| sim.release("client", "server")),
        ],
    );
    log.all_succeed(0, 9);
    log.all_fail(11, 17);
    log.all_succeed(24, 40);
}
