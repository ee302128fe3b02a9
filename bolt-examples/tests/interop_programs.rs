//! What the contract, `CONTRACT.md`, says of the programs themselves: options, output, signals, exit status.

#![forbid(unsafe_code)]

#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;

use std::process::Command;
use std::time::Duration;

use bolt_remoting::{ConnectionConfig, ErrorKind, RpcClient};

use self::process::Process;
use self::server::{PATIENCE, Server, address_in, begun, server_command};

async fn echo(client: &RpcClient, address: &str) -> bolt_remoting::Result<String> {
    client.invoke(address, "x").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_an_idle_server_with_status_0() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&[]);
        let client = RpcClient::new();
        assert_eq!(
            echo(&client, &server.address).await.expect("an answer"),
            "echo:x"
        );
        server.signal(signal);
        assert_eq!(server.status(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_are_answered_before_it_ends() {
    let mut server = Server::start(&[]);
    let client = RpcClient::new();
    let call = server.sleep(&client, 700).await;
    let answer = call.future().await.expect("it is sent");
    begun(&server, &client, 1).await;
    server.signal("TERM");
    assert_eq!(answer.await.expect("an answer"), "slept:x");
    assert_eq!(server.status(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_take_too_long_are_cut_off_with_status_3() {
    let mut server = Server::start(&["--drain-timeout-ms", "100"]);
    let client = RpcClient::new();
    let call = server.sleep(&client, 15_000).await;
    let answer = call.future().await.expect("it is sent");
    begun(&server, &client, 1).await;
    server.signal("TERM");
    assert_eq!(answer.await.expect_err("cut off").kind(), ErrorKind::Closed);
    assert_eq!(server.status(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_requests_sleep_at_the_same_time() {
    let server = Server::start(&[]);
    let client = RpcClient::new();
    let start = std::time::Instant::now();
    let mut answers = Vec::new();
    for _ in 0..64 {
        let call = server.sleep(&client, 500).await;
        answers.push(call.future().await.expect("it is sent"));
    }
    for answer in answers {
        assert_eq!(answer.await.expect("an answer"), "slept:x");
    }
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "not one after the other"
    );
    assert_eq!(server.stats(&client, "slept").await, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_too_many_is_closed_at_once() {
    let server = Server::start(&["--max-connections", "1"]);
    let (first, second) = (RpcClient::new(), RpcClient::new());
    echo(&first, &server.address).await.expect("room for one");
    let refused = echo(&second, &server.address).await;
    assert_eq!(refused.expect_err("no room").kind(), ErrorKind::Closed);
    echo(&first, &server.address).await.expect("unharmed");
    assert_eq!(server.stats(&first, "@conns").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_over_the_limit_closes_its_connection_only() {
    let server = Server::start(&["--max-frame-bytes", "10000"]);
    let (modest, greedy) = (RpcClient::new(), RpcClient::new());
    let port = server.stats(&modest, "@port").await;
    let refused = greedy
        .invoke::<_, String>(&server.address, &"x".repeat(20_000))
        .await;
    assert_eq!(refused.expect_err("too large").kind(), ErrorKind::Closed);
    assert_eq!(server.stats(&modest, "@port").await, port);
    echo(&greedy, &server.address)
        .await
        .expect("a new connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_closed_unless_told_otherwise() {
    for (idle_timeout, closes) in [("300", true), ("0", false)] {
        let server = Server::start(&["--idle-timeout-ms", idle_timeout]);
        let mut config = ConnectionConfig::client();
        config.heartbeat = None;
        let client = RpcClient::builder().config(config).build().expect("valid");
        echo(&client, &server.address).await.expect("an answer");
        let connection = client.connect(&server.address).await.expect("connected");
        let long_enough = Duration::from_millis(1500);
        let closed = tokio::time::timeout(long_enough, connection.engine().closed()).await;
        assert_eq!(closed.is_ok(), closes, "--idle-timeout-ms {idle_timeout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_beats_when_told_to() {
    let server = Server::start(&["--heartbeat-interval-ms", "50"]);
    run_client(&[&server.address, "server-heartbeat"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn control_restarts_on_the_same_port_and_exits() {
    let mut server = Server::start(&[]);
    server.control(&RpcClient::new(), "restart", 50).await;
    assert_eq!(address_in(&mut server.process), server.address);
    server.control(&RpcClient::new(), "exit", 0).await;
    assert_eq!(server.status(), 0);
}

#[test]
fn help_is_an_answer_and_no_error() {
    for (program, usage) in [
        (
            env!("CARGO_BIN_EXE_interop-server"),
            "usage: interop-server ",
        ),
        (
            env!("CARGO_BIN_EXE_interop-client"),
            "usage: interop-client ",
        ),
        (
            env!("CARGO_BIN_EXE_sofarpc-server"),
            "usage: sofarpc-server ",
        ),
        (
            env!("CARGO_BIN_EXE_sofarpc-client"),
            "usage: sofarpc-client ",
        ),
    ] {
        for option in ["--help", "-h"] {
            let output = Command::new(program).arg(option).output().expect("it runs");
            assert_eq!(output.status.code(), Some(0), "{program}");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.starts_with(usage), "{said}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_explained() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("an address").to_string();
    for (options, status, text) in [
        (vec![], 2, "usage: interop-server --listen ADDR"),
        (vec!["--listen"], 2, "--listen wants a value"),
        (
            vec!["--listen", "x", "--port", "1"],
            2,
            "unknown option --port",
        ),
        (
            vec!["--listen", "x", "--max-connections", "many"],
            2,
            "--max-connections wants a number",
        ),
        (
            vec!["--listen", "x", "--tls-cert", "y"],
            2,
            "TLS wants --tls-cert and --tls-key",
        ),
        (
            vec!["--listen", "x", "--tls-cert", "/nowhere", "--tls-key", "y"],
            2,
            "/nowhere: ",
        ),
    ] {
        let output = server_command().args(&options).output().expect("it runs");
        assert_eq!(output.status.code(), Some(status), "{options:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(text), "{options:?}: {said}");
    }
    let output = server_command().args(["--listen", &taken]).output();
    assert!(
        !output.expect("it runs").status.success(),
        "the port is taken"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_passes_against_the_server() {
    // What a handler can't do yet: refuse as busy, and send an error later.
    let all = run_client(&["127.0.0.1:1", "list"], 0);
    let special = [
        "idle-with-heartbeat",
        "server-idle",
        "server-heartbeat",
        "soak",
        "tls",
        "tls-plain-client",
    ];
    let usual = |name: &&String| !special.contains(&name.as_str());
    let wanted: Vec<&str> = all.iter().filter(usual).map(String::as_str).collect();
    assert!(wanted.len() > 120, "{wanted:?}");
    let server = Server::start(&[]);
    let lines = run_client(&[&server.address, &wanted.join(",")], 0);
    let expected = format!("{} passed, 0 failed", wanted.len());
    assert_eq!(lines.last(), Some(&expected));
}

#[test]
fn the_client_fails_where_it_should() {
    let nobody = "127.0.0.1:1";
    let lines = run_client(&[nobody, "sync,no-such-scenario"], 1);
    assert!(lines[0].starts_with("FAIL sync ("), "{lines:?}");
    assert!(
        lines[1].starts_with("FAIL no-such-scenario (0 ms) "),
        "{lines:?}"
    );
    assert_eq!(lines[2], "0 passed, 2 failed");
    run_client(&[nobody], 2);
    run_client(&["nowhere", "sync"], 2);
    run_client(&[nobody, "sync", "--crc", "maybe"], 2);
    run_client(&[nobody, "sync", "--tls-ca", "/nowhere"], 2);
    run_client(&[nobody, "sync", "--tls-pin", "x"], 2);
    run_client(&[nobody, "sync", "--tls-server-name", "x"], 2);
}

/// What the client prints; it has to end with `status`.
fn run_client(arguments: &[&str], status: i32) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interop-client"));
    let mut client = Process::start(command.args(arguments)).expect("it starts");
    let lines = client.lines_to_end(Duration::from_secs(90));
    let ended = client.status(PATIENCE);
    assert_eq!(ended, Ok(status), "{arguments:?}: {lines:?}");
    lines
}
