//! The load programs as processes: what they print, count and survive.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../../bolt-examples/tests/support/process.rs"]
mod process;

use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Duration;

use load::{IdleReport, Report};
use process::Process;

const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    process: Process,
    address: String,
}

fn server(args: &[&str]) -> Server {
    server_of(env!("CARGO_BIN_EXE_load-server"), args)
}

fn server_of(program: &str, args: &[&str]) -> Server {
    let mut command = Command::new(program);
    command.args(args).args(["--listen", "127.0.0.1:0"]);
    let mut process = Process::start(&mut command).unwrap();
    let line = process.line_with("listening on ", PATIENCE).unwrap();
    let address = line.trim_start_matches("listening on ").to_owned();
    Server { process, address }
}

impl Server {
    fn pid(&self) -> String {
        self.process.id().to_string()
    }
}

/// The one line of output of a short run.
fn client(address: &str, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_load-client"));
    command.args([address, "--json", "--seconds", "0.5", "--warmup", "0.1"]);
    let mut process = Process::start(command.args(args)).unwrap();
    let lines = process.lines_to_end(PATIENCE);
    assert_eq!(process.status(PATIENCE), Ok(0));
    let [line] = lines.as_slice() else {
        panic!("one line of output is wanted: {lines:?}");
    };
    line.clone()
}

fn report(address: &str, args: &[&str]) -> Report {
    serde_json::from_str(&client(address, args)).unwrap()
}

fn assert_sane(report: &Report) {
    assert_eq!(report.errors, 0);
    assert!(report.requests > 0);
    assert!((0.4..10.0).contains(&report.seconds), "{report:?}");
    let rps = report.requests as f64 / report.seconds;
    assert!((rps / report.rps - 1.0).abs() < 0.05, "{report:?}");
    assert!(report.p50_us > 0.0, "{report:?}");
    assert!(report.p50_us <= report.p99_us && report.p99_us <= report.p999_us);
}

#[test]
fn the_json_line_has_the_documented_fields() {
    let server = server(&[]);
    let line = client(&server.address, &["--peer", "me", "--payload", "17"]);
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    let start: Vec<&str> = line.split('"').collect();
    assert_eq!(start[1..4], ["peer", ":", "me"], "{line}");
    for field in [
        "peer",
        "payload",
        "connections",
        "concurrency",
        "seconds",
        "requests",
        "rps",
        "p50_us",
        "p99_us",
        "p999_us",
        "client_cpu_s",
        "server_cpu_s",
        "server_peak_rss_kb",
        "errors",
    ] {
        assert!(value.get(field).is_some(), "{field}: {line}");
    }
    assert_eq!(value["payload"], 17);
    assert!(value["server_cpu_s"].is_null(), "no process was named");
    assert!(value["server_peak_rss_kb"].is_null());
}

#[test]
fn bytes_and_strings_come_back_in_both_versions_and_with_both_handlers() {
    for handler in ["inline", "await"] {
        let server = server(&["--handler", handler]);
        for mode in ["raw", "hessian"] {
            for protocol in ["v1", "v2"] {
                let args = ["--mode", mode, "--protocol", protocol, "--concurrency", "8"];
                assert_sane(&report(&server.address, &args));
            }
        }
    }
}

#[test]
fn the_floors_that_echo_frames_answer_our_client() {
    for (program, mode) in [
        (env!("CARGO_BIN_EXE_floor-epoll"), "server"),
        (env!("CARGO_BIN_EXE_floor-tokio"), "frames"),
    ] {
        let server = server_of(program, &[mode]);
        // More than a read brings, so that frames come in pieces.
        let args = ["--payload", "100000", "--connections", "2"];
        let report = report(&server.address, &args);
        assert_sane(&report);
    }
}

#[test]
fn the_floor_that_calls_is_answered_by_our_server_and_counts_what_fails() {
    let server = server(&[]);
    let floor = |address: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_floor-tokio"));
        command.args([
            "calls",
            address,
            "--payload",
            "100000",
            "--connections",
            "2",
        ]);
        command.args(["--seconds", "0.5", "--warmup", "0.1", "--json"]);
        let mut process = Process::start(&mut command).unwrap();
        let lines = process.lines_to_end(PATIENCE);
        serde_json::from_str::<Report>(&lines[0]).unwrap()
    };
    assert_sane(&floor(&server.address));
    let report = floor(&closing());
    assert!(report.errors > 0 && report.requests == 0, "{report:?}");
}

#[test]
fn the_server_is_measured_through_its_process() {
    let server = server(&[]);
    let report = report(&server.address, &["--server-pid", &server.pid()]);
    assert_sane(&report);
    assert!(report.server_cpu_s.unwrap() > 0.0, "{report:?}");
    assert!(report.client_cpu_s.unwrap() > 0.0, "{report:?}");
    assert!(report.server_peak_rss_kb.unwrap() > 500, "{report:?}");
    assert!(report.cpu_us_per_call().unwrap() > 0.0);
}

#[test]
fn an_open_loop_keeps_its_rate() {
    let server = server(&[]);
    let args = ["--rate", "500", "--connections", "3"];
    let report = report(&server.address, &args);
    assert_sane(&report);
    assert_eq!(report.rate, Some(500.0));
    assert!((350.0..650.0).contains(&report.rps), "{report:?}");
}

#[test]
fn an_open_loop_beyond_what_is_possible_shows_it_in_errors_or_latencies() {
    let server = server(&[]);
    let args = ["--rate", "2000000", "--payload", "65536"];
    let report = report(&server.address, &args);
    let waited = report.p99_us > 10_000.0;
    assert!(report.errors > 0 || waited, "{report:?}");
}

/// The address of somebody who takes connections and closes them; ends with the process.
fn closing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().for_each(drop));
    address
}

#[test]
fn calls_that_fail_are_counted() {
    let report = report(&closing(), &[]);
    assert!(report.errors > 0, "{report:?}");
    assert_eq!(report.requests, 0);
}

#[test]
fn silent_connections_are_weighed() {
    let server = server(&[]);
    let pid = server.pid();
    let args = ["--idle", "--connections", "50", "--payload", "64"];
    let line = client(
        &server.address,
        &[&args[..], &["--server-pid", &pid]].concat(),
    );
    let report: IdleReport = serde_json::from_str(&line).unwrap();
    assert_eq!((report.connections, report.errors), (50, 0));
    assert!(report.server_bytes_per_connection.unwrap() < 1024 * 1024);
}

#[test]
fn the_table_is_for_people() {
    let server = server(&[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_load-client"));
    command.args([&server.address, "--seconds", "0.2", "--warmup", "0"]);
    let mut process = Process::start(&mut command).unwrap();
    let lines = process.lines_to_end(PATIENCE);
    assert_eq!(lines[0], "sofabolt-rust");
    assert!(
        lines.iter().any(|line| line.contains("calls/s")),
        "{lines:?}"
    );
}

#[test]
fn the_server_ends_on_sigterm() {
    let mut server = server(&[]);
    let kill = Command::new("kill").args(["-TERM", &server.pid()]).status();
    assert!(kill.unwrap().success());
    assert_eq!(server.process.status(PATIENCE), Ok(0));
}

#[test]
fn help_is_an_answer_and_no_error() {
    for (program, command) in [
        (env!("CARGO_BIN_EXE_load-client"), "load-client ADDR"),
        (
            env!("CARGO_BIN_EXE_load-server"),
            "load-server --listen ADDR",
        ),
        (env!("CARGO_BIN_EXE_floor-epoll"), "floor-epoll client ADDR"),
        (env!("CARGO_BIN_EXE_floor-tokio"), "floor-tokio client ADDR"),
        (env!("CARGO_BIN_EXE_compare"), "benches/compare"),
    ] {
        for option in ["--help", "-h"] {
            let output = Command::new(program).arg(option).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{program}");
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(
                said.starts_with("usage: ") && said.contains(command),
                "{said}"
            );
        }
    }
}

#[test]
fn a_program_explains_its_own_options_and_no_other_s() {
    let client = Command::new(env!("CARGO_BIN_EXE_floor-epoll"))
        .arg("client")
        .output();
    let said = String::from_utf8(client.unwrap().stderr).unwrap();
    assert!(said.contains("floor-epoll client ADDR"), "{said}");
    assert!(!said.contains("load-client"), "{said}");
}

#[test]
fn wrong_options_are_explained() {
    for (program, args) in [
        (env!("CARGO_BIN_EXE_load-client"), &["--what"][..]),
        (env!("CARGO_BIN_EXE_load-client"), &["127.0.0.1:1"][..]),
        (env!("CARGO_BIN_EXE_load-server"), &[][..]),
        (
            env!("CARGO_BIN_EXE_load-server"),
            &["--listen", "127.0.0.1:0", "--handler", "x"][..],
        ),
    ] {
        let mut process = Process::start(Command::new(program).args(args)).unwrap();
        assert_eq!(process.status(PATIENCE), Ok(2), "{args:?}");
    }
}
