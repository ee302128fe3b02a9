//! What is measured: one load each, put on several peers.

use crate::peers::{
    AWAIT, CALLS, CALLS_ONE_WORKER, EPOLL, JAVA, ONE_WORKER, OURS, PING_PONG, TARPC, TOKIO, TONIC,
    TUNED,
};

/// One load.
pub(crate) struct Cell {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Of the load client.
    pub(crate) args: String,
    pub(crate) peers: Vec<&'static str>,
}

impl Cell {
    /// Whether `name` means this cell: its name, or the part before the dash of a row of cells.
    pub(crate) fn goes_by(&self, name: &str) -> bool {
        let group = self
            .name
            .split_once('-')
            .map_or(self.name, |(group, _)| group);
        name == self.name || name == group
    }
}

/// The load clients of others make calls one after the other only, so all servers of a cell with a
/// rate, or with silent connections, are under the load of our client.
pub(crate) fn is_ours_alone(args: &str) -> bool {
    args.contains("--rate") || args.contains("--idle")
}

/// All cells, the most telling first.
pub(crate) fn all() -> Vec<Cell> {
    let mut cells = vec![
        cell(
            "1x256",
            "1 KiB, 1 connection, 256 outstanding",
            "--payload 1024 --connections 1 --concurrency 256",
            &[
                OURS,
                AWAIT,
                ONE_WORKER,
                JAVA,
                TUNED,
                TONIC,
                TARPC,
                CALLS,
                CALLS_ONE_WORKER,
                PING_PONG,
                EPOLL,
            ],
        ),
        cell(
            "1x64",
            "1 KiB, 1 connection, 64 outstanding",
            "--payload 1024 --connections 1 --concurrency 64",
            &[
                OURS, ONE_WORKER, JAVA, TUNED, TONIC, TARPC, PING_PONG, EPOLL,
            ],
        ),
        cell(
            "4x1024",
            "1 KiB, 4 connections, 1,024 outstanding",
            "--payload 1024 --connections 4 --concurrency 1024",
            &[OURS, JAVA, TUNED, TONIC, TARPC, CALLS, EPOLL],
        ),
        cell(
            "64B",
            "64 B, 1 connection, 256 outstanding",
            "--payload 64 --connections 1 --concurrency 256",
            &[
                OURS,
                ONE_WORKER,
                JAVA,
                TUNED,
                TONIC,
                TARPC,
                CALLS,
                CALLS_ONE_WORKER,
                EPOLL,
            ],
        ),
        cell(
            "16KiB",
            "16 KiB, 1 connection, 256 outstanding",
            "--payload 16384 --connections 1 --concurrency 256",
            &[OURS, JAVA, TUNED, TONIC, TARPC, EPOLL],
        ),
        cell(
            "1x1",
            "1 KiB, 1 connection, 1 outstanding",
            "--payload 1024 --connections 1 --concurrency 1",
            &[OURS, JAVA, TUNED, TONIC, TARPC, CALLS, PING_PONG, EPOLL],
        ),
        cell(
            "rate",
            "1 KiB, 20,000 calls/s over 16 connections, all from our client",
            "--payload 1024 --connections 16 --rate 20000",
            &[OURS, ONE_WORKER, JAVA, TUNED, TOKIO, EPOLL],
        ),
        cell(
            "hessian",
            "Hessian String of 1,024 characters, 1 connection, 256 outstanding",
            "--payload 1024 --connections 1 --concurrency 256 --mode hessian",
            &[OURS, JAVA, TUNED],
        ),
        cell(
            "mixed",
            "1 KiB, 1 connection, 256 outstanding, each client on the other's server",
            "--payload 1024 --connections 1 --concurrency 256",
            &[JAVA, "ours on java", "java on ours"],
        ),
        cell(
            "idle",
            "10,000 silent connections, all from our client",
            "--payload 64 --connections 10000 --idle",
            &[OURS, JAVA, EPOLL],
        ),
    ];
    for (name, outstanding) in [
        ("outstanding-64", 64),
        ("outstanding-256", 256),
        ("outstanding-1024", 1024),
        ("outstanding-4096", 4096),
    ] {
        let args = format!("--payload 1024 --connections 1 --concurrency {outstanding}");
        cells.push(Cell {
            name,
            title: "1 KiB, 1 connection, more and more outstanding",
            args,
            peers: vec![OURS, EPOLL],
        });
    }
    for (name, connections) in [
        ("connections-1", 1),
        ("connections-10", 10),
        ("connections-100", 100),
        ("connections-1000", 1000),
    ] {
        let args = format!("--payload 1024 --connections {connections} --rate 20000");
        cells.push(Cell {
            name,
            title: "1 KiB, 20,000 calls/s over more and more connections, all from our client",
            args,
            peers: vec![OURS, ONE_WORKER, TOKIO, EPOLL],
        });
    }
    cells
}

fn cell(name: &'static str, title: &'static str, args: &str, peers: &[&'static str]) -> Cell {
    Cell {
        name,
        title,
        args: args.to_owned(),
        peers: peers.to_vec(),
    }
}
