//! Three nodes as processes, on free ports of 127.0.0.1.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use bolt_examples::jraft::PeerId;

use crate::PATIENCE;
use crate::process::Process;

pub(crate) struct Cluster {
    jar: PathBuf,
    folder: PathBuf,
    pub(crate) peers: Vec<PeerId>,
    /// In the order of the peers; `None` where it has been killed.
    nodes: Vec<Option<Process>>,
}

impl Cluster {
    pub(crate) fn start(jar: &Path) -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("jraft-{}", std::process::id()));
        let peers = free_ports().map_err(|error| error.to_string())?;
        let peers = peers.iter().map(|port| format!("127.0.0.1:{port}"));
        let peers = PeerId::parse_all(&peers.collect::<Vec<_>>().join(","));
        let mut cluster = Self {
            jar: jar.into(),
            folder,
            peers: peers.map_err(|error| error.to_string())?,
            nodes: vec![None, None, None],
        };
        for place in 0..cluster.peers.len() {
            cluster.spawn(place)?;
        }
        for place in 0..cluster.peers.len() {
            cluster.is_listening(place)?;
        }
        Ok(cluster)
    }

    /// Starts a node that was killed, with what it has on its disk.
    pub(crate) fn restart(&mut self, peer: &PeerId) -> Result<(), String> {
        let place = self.place(peer);
        self.spawn(place)?;
        self.is_listening(place)
    }

    /// Ends a node as a crash would.
    pub(crate) fn kill(&mut self, peer: &PeerId) {
        let place = self.place(peer);
        self.nodes[place] = None;
    }

    fn place(&self, peer: &PeerId) -> usize {
        let place = self.peers.iter().position(|known| known == peer);
        place.expect("a node of the cluster")
    }

    fn spawn(&mut self, place: usize) -> Result<(), String> {
        let folder = self.folder.join(place.to_string());
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let all: Vec<&str> = self.peers.iter().map(PeerId::as_str).collect();
        let mut java = Command::new("java");
        java.arg("-jar").arg(&self.jar);
        java.args([self.peers[place].as_str(), &all.join(",")]);
        java.arg(folder).arg("--stdin-lifeline");
        self.nodes[place] = Some(Process::start(&mut java)?);
        Ok(())
    }

    fn is_listening(&mut self, place: usize) -> Result<(), String> {
        match &mut self.nodes[place] {
            Some(node) => node.line_with("listening on ", PATIENCE).map(drop),
            None => Err("the node was killed".into()),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.clear();
        // What is left is under the target directory.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Ports that were free a moment ago: nodes must know each other's before they start.
fn free_ports() -> io::Result<Vec<u16>> {
    let any = || TcpListener::bind("127.0.0.1:0");
    let listeners = [any()?, any()?, any()?];
    let ports = listeners.iter().map(|listener| listener.local_addr());
    ports.map(|address| Ok(address?.port())).collect()
}
