//! Who is measured, and how their programs are started.

use std::path::PathBuf;
use std::process::Command;

/// This library on both sides, its handler answers at once.
pub(crate) const OURS: &str = "ours";
/// This library on both sides, its handler waits once.
pub(crate) const AWAIT: &str = "ours, awaiting";
/// This library where tokio has one worker thread: what waking a second one costs, beside [`OURS`].
pub(crate) const ONE_WORKER: &str = "ours, one worker";
/// SOFABolt 1.6.12 with its defaults on both sides.
pub(crate) const JAVA: &str = "java";
/// SOFABolt 1.6.12 with the settings that make it fast.
pub(crate) const TUNED: &str = "java tuned";
/// tonic on both sides.
pub(crate) const TONIC: &str = "tonic";
/// tarpc on both sides.
pub(crate) const TARPC: &str = "tarpc";
/// Batches of bytes over tokio.
pub(crate) const PING_PONG: &str = "tokio ping-pong";
/// The least that calls cost whose callers are tasks of tokio, on the server of [`TOKIO`].
pub(crate) const CALLS: &str = "tokio calls";
/// The same with one worker thread.
pub(crate) const CALLS_ONE_WORKER: &str = "tokio calls, one worker";
/// Frames over tokio without a library: a server only.
pub(crate) const TOKIO: &str = "tokio echo";
/// Frames without a library or a runtime.
pub(crate) const EPOLL: &str = "epoll echo";

/// Where the programs are.
pub(crate) struct Programs {
    pub(crate) ours: PathBuf,
    pub(crate) foreign: PathBuf,
    pub(crate) jar: PathBuf,
}

/// One side of a peer.
struct Side {
    program: Program,
    args: &'static [&'static str],
}

enum Program {
    Ours(&'static str),
    Foreign(&'static str),
    Java,
}

impl Programs {
    /// The server of `peer`; wants `--listen`.
    pub(crate) fn server(&self, peer: &str) -> Command {
        let mut command = self.command(&match peer {
            AWAIT => ours("load-server", &["--handler", "await"]),
            JAVA | "ours on java" => java(&["server"]),
            TUNED => java(&["server", "--tuned"]),
            TONIC => foreign("tonic-peer", &["server"]),
            TARPC => foreign("tarpc-peer", &["server"]),
            PING_PONG => ours("floor-tokio", &["server"]),
            TOKIO | CALLS | CALLS_ONE_WORKER => ours("floor-tokio", &["frames"]),
            EPOLL => ours("floor-epoll", &["server"]),
            _ => ours("load-server", &[]),
        });
        settle_workers(&mut command, peer);
        command
    }

    /// The client of `peer`; wants the address and what `load-client` takes.
    pub(crate) fn client(&self, peer: &str) -> Command {
        let mut command = self.command(&match peer {
            JAVA | "java on ours" => java(&["client"]),
            TUNED => java(&["client", "--tuned"]),
            TONIC => foreign("tonic-peer", &["client"]),
            TARPC => foreign("tarpc-peer", &["client"]),
            PING_PONG => ours("floor-tokio", &["client"]),
            CALLS | CALLS_ONE_WORKER => ours("floor-tokio", &["calls"]),
            EPOLL => ours("floor-epoll", &["client"]),
            _ => ours("load-client", &[]),
        });
        settle_workers(&mut command, peer);
        command
    }

    /// Our client, for whoever serves.
    pub(crate) fn own_client(&self) -> Command {
        self.command(&ours("load-client", &[]))
    }

    fn command(&self, side: &Side) -> Command {
        let mut command = match side.program {
            Program::Ours(name) => Command::new(self.ours.join(name)),
            Program::Foreign(name) => Command::new(self.foreign.join(name)),
            Program::Java => {
                let mut command = Command::new("java");
                command.arg("-jar").arg(&self.jar);
                command
            }
        };
        command.args(side.args);
        command
    }
}

fn settle_workers(command: &mut Command, peer: &str) {
    if peer == ONE_WORKER || peer == CALLS_ONE_WORKER {
        command.env("TOKIO_WORKER_THREADS", "1");
    }
}

fn ours(name: &'static str, args: &'static [&'static str]) -> Side {
    let program = Program::Ours(name);
    Side { program, args }
}

fn foreign(name: &'static str, args: &'static [&'static str]) -> Side {
    let program = Program::Foreign(name);
    Side { program, args }
}

fn java(args: &'static [&'static str]) -> Side {
    let program = Program::Java;
    Side { program, args }
}

/// Whether a side of it has to be compiled while it runs.
pub(crate) fn warms_slowly(peer: &str) -> bool {
    peer.contains("java")
}
