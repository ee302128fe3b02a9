//! What signals do to a server under load, and how soon its clients notice. Whole processes; the
//! Java client's part needs a JDK, and is left out without one unless `CI=true`.

#![forbid(unsafe_code)]

#[path = "support/java.rs"]
mod java;
#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bolt_examples::contract::SleepRequest;
use bolt_remoting::events::ConnectionEvent;
use bolt_remoting::{CloseReason, ConnectionConfig, Error, ErrorKind, HeartbeatConfig, RpcClient};
use tokio::time::timeout;

use self::process::Process;
use self::server::{PATIENCE, Server, begun};

/// Requests that the handler has begun with before the server is told to stop.
const LOAD: i32 = 500;

/// Signals the server, waits for its end, and tells how many requests its handler had begun with.
fn terminate(server: &mut Server) -> usize {
    server.signal("TERM");
    assert_eq!(server.status(), 0, "nothing is cut off");
    let said = server.process.end();
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("sleeps begun: "));
    let (begun, cut_off) = line.and_then(|line| line.split_once(',')).expect(&said);
    assert_eq!(cut_off, " requests cut off: 0");
    begun.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_answers_all_it_has_begun_with() {
    let mut server = Server::start(&[]);
    let client = RpcClient::builder()
        .timeout(PATIENCE)
        .build()
        .expect("valid");
    let address: Arc<str> = format!("{}?_CONNECTIONNUM=4", server.address).into();
    let callers: Vec<_> = (0..64)
        .map(|_| tokio::spawn(call_until_it_is_gone(client.clone(), Arc::clone(&address))))
        .collect();
    begun(&server, &RpcClient::new(), LOAD).await;
    let begun = tokio::task::spawn_blocking(move || terminate(&mut server));
    let begun = begun.await.expect("no panic");
    let mut answered = 0;
    for caller in callers {
        let outcome = timeout(PATIENCE, caller).await.expect("it ends");
        answered += outcome.expect("no panic");
    }
    assert!(answered >= LOAD as usize);
    assert_eq!(answered, begun, "answers that arrived, handlers that began");
}

/// How many calls were answered.
async fn call_until_it_is_gone(client: RpcClient, address: Arc<str>) -> usize {
    let mut answered = 0;
    loop {
        let tag = Some("x".to_owned());
        let call = client.invoke(&*address, &SleepRequest { millis: 20, tag });
        let outcome: Result<String, Error> = call.await;
        match outcome {
            Ok(answer) => {
                assert_eq!(answer, "slept:x");
                answered += 1;
            }
            Err(error) => match error.kind() {
                ErrorKind::Busy => {}
                ErrorKind::Closed | ErrorKind::Connect => return answered,
                _ => panic!("{error:?}"),
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_java_client_too_is_answered_all_that_was_begun_with() {
    let jar = match java::peer() {
        Ok(jar) => jar,
        Err(java::Missing::Tool(why)) if std::env::var("CI").is_err() => {
            return eprintln!("left out: {why}");
        }
        Err(java::Missing::Tool(why) | java::Missing::Build(why)) => panic!("{why}"),
    };
    let mut server = Server::start(&[]);
    let mut command = Command::new("java");
    command
        .arg("-jar")
        .arg(jar)
        .args(["client", &server.address, "drain"]);
    let mut client = Process::start(&mut command).expect("it starts");
    begun(&server, &RpcClient::new(), LOAD).await;
    let told = Instant::now();
    let begun = terminate(&mut server);
    let took = told.elapsed();
    let line = client.line_with("", PATIENCE).expect("it says what it saw");
    let line = format!("{line}; {begun} begun, and the server took {took:?} to end");
    let answered = line
        .split_once("answered: ")
        .and_then(|(_, rest)| rest.split_once(','));
    let (answered, _) = answered.unwrap_or_else(|| panic!("{line}"));
    assert!(line.starts_with("PASS drain "), "{line}");
    assert_eq!(answered, begun.to_string(), "{line}");
}

/// Stops the server, and waits until none of its threads runs any more: one that is in the midst of
/// something on another core stops a little later.
fn stop(server: &Server) {
    server.signal("STOP");
    let tasks = format!("/proc/{}/task", server.process.id());
    let stopped = || {
        let mut tasks = std::fs::read_dir(&tasks).expect("it is there");
        tasks.all(|task| {
            let stat = task.expect("listed").path().join("stat");
            let stat = std::fs::read_to_string(stat).expect("its state");
            // After the name, which is in parentheses.
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
            state.is_some_and(|rest| rest.starts_with('T'))
        })
    };
    let end = Instant::now() + PATIENCE;
    while !stopped() {
        assert!(Instant::now() < end, "it goes on");
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_noticed_within_three_heartbeats_and_an_ack_timeout() {
    let server = Server::start(&[]);
    let mut config = ConnectionConfig::client();
    let interval = Duration::from_millis(300);
    let heartbeat = HeartbeatConfig::every(interval);
    config.heartbeat = Some(heartbeat);
    let client = RpcClient::builder().config(config).build().expect("valid");
    let connection = client.connect(&server.address).await.expect("connected");
    server.sleep(&client, 0).await.await.expect("an answer");
    let call = server.sleep(&client, 0).await;
    let start = Instant::now();
    stop(&server);
    let call = call.future().await.expect("it is sent");
    let noticed = timeout(PATIENCE, connection.engine().closed()).await;
    let elapsed = start.elapsed();
    server.signal("CONT");
    noticed.expect("noticed");
    let reason = connection.engine().close_reason();
    assert_eq!(reason, Some(CloseReason::HeartbeatTimeout));
    let error = call.await.expect_err("no answer");
    assert_eq!(error.close_reason(), Some(&CloseReason::HeartbeatTimeout));
    let promised = interval * heartbeat.max_misses + heartbeat.ack_timeout;
    // The rest is for a busy machine, and for saying goodbye to a peer that doesn't answer.
    assert!(
        elapsed < promised + Duration::from_millis(1800),
        "{elapsed:?}"
    );
}

/// Dials that an address may get in one go: each client has that many, so that none has to wait.
const BURST: usize = 5;
const KILLS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_and_comes_back_is_found_again_with_one_dial_each_time() {
    let mut server = Server::start(&[]);
    for _ in 0..KILLS / BURST {
        let dials = Arc::new(Dials::default());
        let client = dials.counting_client();
        for _ in 0..BURST {
            let connection = client.connect(&server.address).await.expect("connected");
            server.sleep(&client, 0).await.await.expect("an answer");
            server.signal("KILL");
            let closed = timeout(PATIENCE, connection.engine().closed()).await;
            closed.expect("the connection ends with its peer");
            // Its port is free once it is gone.
            server.process.end();
            server = Server::start_at(&server.address.clone(), &[]);
        }
        client.shutdown(Duration::from_secs(1)).await;
        assert_eq!(dials.made.load(Ordering::Relaxed), BURST);
        assert_eq!(dials.failed.load(Ordering::Relaxed), 0);
    }
}

#[derive(Default)]
struct Dials {
    made: AtomicUsize,
    failed: AtomicUsize,
}

impl Dials {
    fn counting_client(self: &Arc<Self>) -> RpcClient {
        let dials = Arc::clone(self);
        let count = |counter: &AtomicUsize| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        let client = RpcClient::builder().timeout(PATIENCE);
        let client = client.on_connection_event(move |event| match event {
            ConnectionEvent::Connected(_) => count(&dials.made),
            ConnectionEvent::ConnectFailed { .. } => count(&dials.failed),
            _ => {}
        });
        client.build().expect("valid")
    }
}
