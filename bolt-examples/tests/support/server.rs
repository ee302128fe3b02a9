//! Our server as a process.

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::process::Command;
use std::time::Duration;

use bolt_examples::contract::{ControlRequest, SleepRequest, StatsRequest};
use bolt_remoting::RpcClient;
use bolt_remoting::rpc::Call;

use crate::process::Process;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", options)
    }

    pub(crate) fn start_at(address: &str, options: &[&str]) -> Self {
        let mut command = server_command();
        command.args(["--listen", address, "--stdin-lifeline"]);
        let mut process = Process::start(command.args(options)).expect("it starts");
        let address = address_in(&mut process);
        Self { process, address }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.expect("a shell's kill").success());
    }

    pub(crate) fn status(&mut self) -> i32 {
        self.process.status(PATIENCE).expect("it ends")
    }

    pub(crate) async fn stats(&self, client: &RpcClient, key: &str) -> i32 {
        let key = Some(key.to_owned());
        let count = client.invoke(&self.address, &StatsRequest { key }).await;
        count.expect("a count")
    }

    /// A call that its handler has begun with.
    pub(crate) async fn sleep(&self, client: &RpcClient, millis: i32) -> Call<String> {
        let tag = Some("x".to_owned());
        let call = client.invoke(&self.address, &SleepRequest { millis, tag });
        call.timeout(PATIENCE)
    }

    pub(crate) async fn control(&self, client: &RpcClient, cmd: &str, arg: i32) {
        let cmd = Some(cmd.to_owned());
        let request = ControlRequest { cmd, arg };
        let answer: String = client.invoke(&self.address, &request).await.expect("ok");
        assert_eq!(answer, "ok");
    }
}

pub(crate) fn server_command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_interop-server"))
}

pub(crate) fn address_in(process: &mut Process) -> String {
    let line = process.line_with("listening on ", PATIENCE);
    let line = line.expect("it says where it listens");
    line.trim_start_matches("listening on ").to_owned()
}

/// Waits until the server has begun with so many sleeping requests.
pub(crate) async fn begun(server: &Server, client: &RpcClient, count: i32) {
    let begun = async {
        while server.stats(client, "slept").await < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("begun");
}
