//! When to beat and when to give up a silent peer. No I/O and no clock: the time is passed in.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::HeartbeatConfig;
use crate::time::after;

/// Heartbeats come no faster, and their answers have at least as long.
const SHORTEST: Duration = Duration::from_millis(10);

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Beat,
    /// Heartbeats stayed unanswered.
    Dead,
    /// Nothing received for the idle time.
    Idle,
    /// Nothing before this time.
    Wait(Option<Instant>),
}

/// Any received byte is a sign of life; at most one heartbeat is outstanding. It is time for one
/// when either direction has been silent: the peer may count what it receives too, and a client that
/// is only told things would look dead to it.
#[derive(Debug)]
pub(crate) struct Liveness {
    heartbeat: Option<HeartbeatConfig>,
    idle: Option<Duration>,
    last_read: Instant,
    last_write: Instant,
    last_beat: Option<Instant>,
    /// When to beat if nothing was ever written.
    greet_at: Option<Instant>,
    outstanding: bool,
    misses: u32,
}

impl Liveness {
    pub(crate) fn new(
        heartbeat: Option<HeartbeatConfig>,
        idle: Option<Duration>,
        now: Instant,
    ) -> Self {
        let heartbeat = heartbeat.map(|config| {
            let interval = config.interval.max(SHORTEST);
            HeartbeatConfig {
                interval,
                ack_timeout: config.ack_timeout.clamp(SHORTEST, interval),
                ..config
            }
        });
        Self {
            heartbeat,
            idle,
            last_read: now,
            last_write: now,
            last_beat: None,
            greet_at: None,
            outstanding: false,
            misses: 0,
        }
    }

    /// Has the first heartbeat come at `at`, if nothing is written before.
    pub(crate) fn greet(&mut self, at: Instant) {
        self.greet_at = Some(at);
    }

    pub(crate) fn on_read(&mut self, now: Instant) {
        self.last_read = now;
        self.outstanding = false;
        self.misses = 0;
    }

    pub(crate) fn on_written(&mut self, now: Instant) {
        self.last_write = now;
        self.greet_at = None;
    }

    /// Heartbeats in a row that stayed unanswered.
    pub(crate) fn misses(&self) -> u32 {
        self.misses
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Action {
        let idle_at = self.idle.map(|idle| after(self.last_read, idle));
        if idle_at.is_some_and(|at| at <= now) {
            return Action::Idle;
        }
        let Some(config) = self.heartbeat else {
            return Action::Wait(idle_at);
        };
        if let (Some(beat), true) = (self.last_beat, self.outstanding) {
            let answer_by = after(beat, config.ack_timeout);
            if answer_by > now {
                return Action::Wait(earlier(idle_at, answer_by));
            }
            self.outstanding = false;
            self.misses += 1;
            if self.misses >= config.max_misses {
                return Action::Dead;
            }
        }
        let due = self.beat_at(config.interval);
        if due <= now {
            self.last_beat = Some(now);
            self.greet_at = None;
            self.outstanding = true;
            return Action::Beat;
        }
        Action::Wait(earlier(idle_at, due))
    }

    fn beat_at(&self, interval: Duration) -> Instant {
        let silent_since = self.last_read.min(self.last_write);
        let since = self
            .last_beat
            .map_or(silent_since, |beat| beat.max(silent_since));
        let due = after(since, interval);
        self.greet_at.map_or(due, |at| at.min(due))
    }
}

fn earlier(a: Option<Instant>, b: Instant) -> Option<Instant> {
    Some(a.map_or(b, |a| a.min(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConnectionConfig;

    const SEC: Duration = Duration::from_secs(1);

    /// Runs until something other than waiting or beating is due; returns beats and the end, in
    /// seconds. `reads` are the times at which the peer says something.
    fn run(
        config: &ConnectionConfig,
        reads: &[u64],
        until: u64,
    ) -> (Vec<u64>, Option<(Action, u64)>) {
        run_both(config, reads, &[], until)
    }

    /// The same, while this end says something at `writes`.
    fn run_both(
        config: &ConnectionConfig,
        reads: &[u64],
        writes: &[u64],
        until: u64,
    ) -> (Vec<u64>, Option<(Action, u64)>) {
        let start = Instant::now();
        let mut liveness = Liveness::new(config.heartbeat, config.idle_timeout, start);
        let mut beats = Vec::new();
        for second in 0..=until {
            let now = start + SEC * second as u32;
            if reads.contains(&second) {
                liveness.on_read(now);
            }
            if writes.contains(&second) {
                liveness.on_written(now);
            }
            match liveness.poll(now) {
                Action::Beat => {
                    beats.push(second);
                    liveness.on_written(now);
                    assert!(matches!(liveness.poll(now), Action::Wait(Some(_))));
                }
                Action::Wait(_) => {}
                end => return (beats, Some((end, second))),
            }
        }
        (beats, None)
    }

    #[test]
    fn a_silent_peer_is_dead_after_three_intervals_and_one_ack_timeout() {
        let (beats, end) = run(&ConnectionConfig::client(), &[], 1000);
        assert_eq!((beats, end), (vec![15, 30, 45], Some((Action::Dead, 46))));
    }

    #[test]
    fn any_byte_is_life() {
        let (beats, end) = run(&ConnectionConfig::client(), &[31, 62], 100);
        assert_eq!((beats.len(), end), (6, None));
    }

    #[test]
    fn a_late_answer_clears_the_misses() {
        let (beats, end) = run(&ConnectionConfig::client(), &[17, 40], 75);
        assert_eq!((beats, end), (vec![15, 30, 45, 60, 75], None));
    }

    #[test]
    fn whoever_is_talked_to_and_says_nothing_beats_all_the_same() {
        let reads: Vec<u64> = (0..=100).collect();
        let (beats, end) = run(&ConnectionConfig::client(), &reads, 100);
        assert_eq!((beats, end), (vec![15, 30, 45, 60, 75, 90], None));
    }

    #[test]
    fn whoever_talks_and_hears_nothing_finds_out() {
        let writes: Vec<u64> = (0..=100).collect();
        let (beats, end) = run_both(&ConnectionConfig::client(), &[], &writes, 100);
        assert_eq!((beats, end), (vec![15, 30, 45], Some((Action::Dead, 46))));
    }

    #[test]
    fn a_conversation_needs_no_heartbeats() {
        let both: Vec<u64> = (0..=100).step_by(14).collect();
        let (beats, end) = run_both(&ConnectionConfig::client(), &both, &both, 100);
        assert_eq!((beats, end), (vec![], None));
    }

    #[test]
    fn a_greeting_is_the_first_heartbeat() {
        let start = Instant::now();
        let config = ConnectionConfig::client();
        let mut liveness = Liveness::new(config.heartbeat, None, start);
        liveness.greet(start + SEC * 5);
        assert_eq!(liveness.poll(start), Action::Wait(Some(start + SEC * 5)));
        assert_eq!(liveness.poll(start + SEC * 5), Action::Beat);
        liveness.on_written(start + SEC * 5);
        liveness.on_read(start + SEC * 5);
        let next = Action::Wait(Some(start + SEC * 20));
        assert_eq!(liveness.poll(start + SEC * 5), next);
    }

    #[test]
    fn a_server_closes_after_ninety_silent_seconds_without_beating() {
        let (beats, end) = run(&ConnectionConfig::server(), &[30], 1000);
        assert_eq!((beats, end), (vec![], Some((Action::Idle, 120))));
    }

    #[test]
    fn heartbeats_without_pause_come_every_ten_milliseconds() {
        let start = Instant::now();
        let config = HeartbeatConfig {
            max_misses: u32::MAX,
            ..HeartbeatConfig::every(Duration::ZERO)
        };
        let mut liveness = Liveness::new(Some(config), None, start);
        for n in 1..=5 {
            let due = start + SHORTEST * n;
            assert_eq!(liveness.poll(due - SHORTEST / 2), Action::Wait(Some(due)));
            assert_eq!(liveness.poll(due), Action::Beat);
            assert_eq!(liveness.poll(due), Action::Wait(Some(due + SHORTEST)));
        }
        assert_eq!(liveness.misses(), 4);
    }

    #[test]
    fn an_ack_timeout_above_the_interval_counts_as_the_interval() {
        let mut config = ConnectionConfig::client();
        let heartbeat = HeartbeatConfig {
            ack_timeout: SEC * 60,
            ..HeartbeatConfig::every(SEC * 2)
        };
        config.heartbeat = Some(heartbeat);
        let (beats, end) = run(&config, &[], 100);
        assert_eq!((beats, end), (vec![2, 4, 6], Some((Action::Dead, 8))));
    }
}
