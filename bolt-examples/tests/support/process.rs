//! Child processes that don't outlive the test, and whose output is waited for with a limit.

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    /// Ends with this process, however it ends; servers end with it.
    _lifeline: Option<ChildStdin>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self, String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let spawned = piped.stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{program}: {error}"))?;
        let (sender, lines) = mpsc::channel();
        let output = child.stdout.take().ok_or("no standard output")?;
        thread::spawn(move || {
            let read = BufReader::new(output).lines().map_while(Result::ok);
            // Nobody listens any more once the test is done with the process.
            read.take_while(|line| sender.send(line.clone()).is_ok())
                .for_each(drop);
        });
        let mut errors = child.stderr.take().ok_or("no standard error")?;
        let errors = thread::spawn(move || {
            let mut bytes = Vec::new();
            // What could be read is better than nothing.
            let _ = errors.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Ok(Self {
            lines,
            errors: Some(errors),
            _lifeline: child.stdin.take(),
            child,
        })
    }

    /// Waits for a line that begins so.
    pub(crate) fn line_with(&mut self, start: &str, patience: Duration) -> Result<String, String> {
        self.line_that(|line| line.starts_with(start), patience)
            .map_err(|why| format!("no line with `{start}`; {why}"))
    }

    /// Waits for a line that fits.
    pub(crate) fn line_that(
        &mut self,
        fits: impl Fn(&str) -> bool,
        patience: Duration,
    ) -> Result<String, String> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if fits(&line) => return Ok(line),
                Ok(_) => {}
                Err(_) => return Err(self.end()),
            }
        }
    }

    /// All lines until the output ends, or as many as came in time.
    pub(crate) fn lines_to_end(&mut self, patience: Duration) -> Vec<String> {
        let deadline = Instant::now() + patience;
        let mut lines = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return lines;
                }
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, once the process has ended by itself.
    pub(crate) fn status(&mut self, patience: Duration) -> Result<i32, String> {
        self.lines_to_end(patience);
        match self.child.try_wait() {
            // Its output has ended, so it is about to end itself.
            Ok(None) if self.output_ended() => {}
            Ok(Some(_)) => {}
            other => return Err(format!("no end: {other:?}; {}", self.end())),
        }
        let status = self.child.wait().map_err(|error| error.to_string())?;
        status.code().ok_or_else(|| format!("ended with {status}"))
    }

    fn output_ended(&self) -> bool {
        self.lines.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Ends the process if it still runs, and tells how it ended and what it complained of.
    pub(crate) fn end(&mut self) -> String {
        let state = match self.child.try_wait() {
            Ok(Some(status)) => format!("ended with {status}"),
            _ => "had not ended".to_owned(),
        };
        self.kill();
        let errors = self.errors.take().and_then(|errors| errors.join().ok());
        let errors = errors.unwrap_or_default();
        let last: Vec<&str> = errors.lines().rev().take(20).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        format!("the process {state}\n{}", last.join("\n"))
    }

    fn kill(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
