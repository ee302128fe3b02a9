//! Starts servers and clients, one pair at a time, and keeps what they report.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::cells::{Cell, is_ours_alone};
use crate::peers::{Programs, warms_slowly};
use crate::results::{Results, Run};

/// For a server to listen, and for a client to end beyond the time it was given.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often and how long.
pub(crate) struct Course {
    pub(crate) programs: Programs,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) warmup: f64,
    pub(crate) java_warmup: f64,
    pub(crate) log: PathBuf,
}

/// Ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Course {
    /// All rounds of all cells. Peers of one cell run next to each other, in an order that moves on
    /// from round to round. A pair that fails is told and left out.
    pub(crate) fn run(&self, cells: &[Cell]) -> Result<Results, String> {
        let place = |why| format!("{}: {why}", self.log.display());
        let mut log = File::create(&self.log).map_err(place)?;
        let mut results = Results::default();
        for round in 0..self.rounds {
            for cell in cells {
                for turn in 0..cell.peers.len() {
                    let peer = cell.peers[(turn + round) % cell.peers.len()];
                    eprint!("[{}/{}] {} {peer}: ", round + 1, self.rounds, cell.name);
                    match self.pair(cell, peer, round) {
                        Ok(run) => {
                            eprintln!("{}", run.summary());
                            writeln!(log, "{}", run.to_json()?).map_err(place)?;
                            results.add(run);
                        }
                        Err(why) => eprintln!("FAILED: {why}"),
                    }
                }
            }
        }
        Ok(results)
    }

    fn pair(&self, cell: &Cell, peer: &str, round: usize) -> Result<Run, String> {
        let mut command = self.programs.server(peer);
        command.args(["--listen", "127.0.0.1:0"]);
        let (server, address) = listen(&mut command)?;
        let own_load = is_ours_alone(&cell.args);
        let mut client = match own_load {
            true => self.programs.own_client(),
            false => self.programs.client(peer),
        };
        let warmup = match (warms_slowly(peer), own_load) {
            // At a rate there are fewer calls to get warm by.
            (true, true) => self.java_warmup * 2.0,
            (true, false) => self.java_warmup,
            (false, _) => self.warmup,
        };
        client.arg(address).args(cell.args.split_whitespace());
        client.args(["--seconds", &self.seconds.to_string()]);
        client.args(["--warmup", &warmup.to_string()]);
        client.args(["--server-pid", &server.0.id().to_string()]);
        client.args(["--peer", peer, "--json"]);
        let longest = Duration::from_secs_f64(self.seconds + 4.0 * warmup) + PATIENCE;
        let line = report(&mut client, longest)?;
        Run::new(cell.name, round, warmup, &line)
    }
}

fn listen(command: &mut Command) -> Result<(Process, String), String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = child.stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|why| format!("{command:?}: {why}"))?;
    let output = child.stdout.take();
    let process = Process(child);
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let lines = output
            .into_iter()
            .flat_map(|output| BufReader::new(output).lines());
        // Other lines don't matter, and nobody may listen any more.
        for line in lines.map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    loop {
        let line = lines.recv_timeout(PATIENCE);
        let line = line.map_err(|_| format!("{command:?} does not listen"))?;
        if let Some(address) = line.strip_prefix("listening on ") {
            return Ok((process, address.trim().to_owned()));
        }
    }
}

/// The line of JSON that the client prints.
fn report(command: &mut Command, longest: Duration) -> Result<String, String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = child.stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|why| format!("{command:?}: {why}"))?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let _process = Process(child);
    let (sender, report) = mpsc::channel();
    let errors = thread::spawn(move || text(errors));
    thread::spawn(move || {
        // Nobody listens after the time is over.
        let _ = sender.send(text(output));
    });
    let output = report
        .recv_timeout(longest)
        .map_err(|_| format!("no end within {longest:?}"))?;
    let line = output.lines().find(|line| line.starts_with('{'));
    line.map(str::to_owned).ok_or_else(|| {
        let errors = errors.join().unwrap_or_default();
        errors.lines().last().unwrap_or("no report").to_owned()
    })
}

fn text(from: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // What could be read is better than nothing.
        let _ = from.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
