//! What the contract says of the SOFARPC programs: options, output, signals, exit status.

#![forbid(unsafe_code)]

#[path = "support/process.rs"]
mod process;

use std::process::Command;
use std::time::Duration;

use bolt_examples::contract::sofarpc::HELLO_SERVICE;
use bolt_examples::sofarpc::Consumer;
use bolt_remoting::RpcClient;

use self::process::Process;

const PATIENCE: Duration = Duration::from_secs(20);

/// In the order of the contract.
const SCENARIOS: [&str; 20] = [
    "hello",
    "add",
    "pojo",
    "list",
    "map",
    "void",
    "null",
    "business-exception",
    "runtime-exception",
    "big",
    "timeout",
    "no-service",
    "unique-id",
    "future",
    "callback",
    "oneway",
    "concurrent",
    "pb-hello",
    "pb-exception",
    "heartbeat",
];

fn server(options: &[&str]) -> (Process, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sofarpc-server"));
    command.args(["--listen", "127.0.0.1:0", "--stdin-lifeline"]);
    let mut process = Process::start(command.args(options)).expect("it starts");
    let line = process.line_with("listening on ", PATIENCE);
    let line = line.expect("it says where it listens");
    let address = line.trim_start_matches("listening on ").to_owned();
    (process, address)
}

fn signal(process: &Process, name: &str) {
    let pid = process.id().to_string();
    let status = Command::new("kill").args(["-s", name, &pid]).status();
    assert!(status.expect("a shell's kill").success());
}

/// What the client prints; it has to end with `status`.
fn run_client(arguments: &[&str], status: i32) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sofarpc-client"));
    let mut client = Process::start(command.args(arguments)).expect("it starts");
    let lines = client.lines_to_end(Duration::from_secs(60));
    let ended = client.status(PATIENCE);
    assert_eq!(ended, Ok(status), "{arguments:?}: {lines:?}");
    lines
}

#[test]
fn the_client_passes_against_the_server() {
    let (_server, address) = server(&[]);
    let names = run_client(&[&address, "names"], 0);
    assert_eq!(names, SCENARIOS);
    let lines = run_client(&[&address, "all"], 0);
    let expected = "20 passed, 0 failed".to_owned();
    assert_eq!(lines.last(), Some(&expected));
    let lines = run_client(&[&format!("bolt://{address}"), "hello,add"], 0);
    assert!(lines[0].starts_with("PASS hello ("), "{lines:?}");
    assert_eq!(lines[2], "2 passed, 0 failed");
}

#[test]
fn the_client_fails_where_it_should() {
    let lines = run_client(&["127.0.0.1:1", "add,no-such-scenario"], 1);
    assert!(lines[0].starts_with("FAIL add ("), "{lines:?}");
    assert!(lines[1].starts_with("FAIL no-such-scenario ("), "{lines:?}");
    assert_eq!(lines[2], "0 passed, 2 failed");
    run_client(&["127.0.0.1:1"], 2);
    run_client(&["nowhere", "add"], 2);
    run_client(&["127.0.0.1:1", "add", "--loud"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_calls_in_flight_end() {
    for (drain, millis, status) in [("10000", 300, 0), ("100", 15_000, 3)] {
        let (mut process, address) = server(&["--drain-timeout-ms", drain]);
        let hello = Consumer::new(&RpcClient::new(), &address, HELLO_SERVICE);
        let call = hello.invoke::<String>("slow", (millis,)).timeout(PATIENCE);
        let slow = call.future().await.expect("it is sent");
        // Requests of one connection begin in their order.
        hello.invoke::<()>("nothing", ()).await.expect("an answer");
        signal(&process, "TERM");
        assert_eq!(slow.await.is_ok(), status == 0);
        assert_eq!(process.status(PATIENCE), Ok(status));
    }
}

#[test]
fn a_wrong_command_line_is_explained() {
    for (options, text) in [
        (vec![], "usage: sofarpc-server --listen ADDR"),
        (vec!["--listen"], "--listen wants a value"),
        (
            vec!["--listen", "x", "--port", "1"],
            "unknown option --port",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sofarpc-server"));
        let output = command.args(&options).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(text), "{options:?}: {said}");
    }
}
