//! When to beat and when to give up a silent peer. No I/O and no clock: the time is passed in.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::HeartbeatConfig;
use crate::time::after;

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

/// Any received byte is a sign of life; at most one heartbeat is outstanding.
#[derive(Debug)]
pub(crate) struct Liveness {
    heartbeat: Option<HeartbeatConfig>,
    idle: Option<Duration>,
    last_read: Instant,
    /// When the last beat since `last_read` was sent.
    beat: Option<Instant>,
    outstanding: bool,
    misses: u32,
}

impl Liveness {
    pub(crate) fn new(
        heartbeat: Option<HeartbeatConfig>,
        idle: Option<Duration>,
        now: Instant,
    ) -> Self {
        Self {
            heartbeat,
            idle,
            last_read: now,
            beat: None,
            outstanding: false,
            misses: 0,
        }
    }

    /// Whether it asks for heartbeats at all.
    pub(crate) fn beats(&self) -> bool {
        self.heartbeat.is_some()
    }

    pub(crate) fn on_read(&mut self, now: Instant) {
        self.last_read = now;
        self.beat = None;
        self.outstanding = false;
        self.misses = 0;
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
        let ack_timeout = config.ack_timeout.min(config.interval);
        if let (Some(beat), true) = (self.beat, self.outstanding) {
            let answer_by = after(beat, ack_timeout);
            if answer_by > now {
                return Action::Wait(earlier(idle_at, answer_by));
            }
            self.outstanding = false;
            self.misses += 1;
            if self.misses >= config.max_misses {
                return Action::Dead;
            }
        }
        let due = after(self.beat.unwrap_or(self.last_read), config.interval);
        if due <= now {
            self.beat = Some(now);
            self.outstanding = true;
            return Action::Beat;
        }
        Action::Wait(earlier(idle_at, due))
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
        let start = Instant::now();
        let mut liveness = Liveness::new(config.heartbeat, config.idle_timeout, start);
        let mut beats = Vec::new();
        for second in 0..=until {
            let now = start + SEC * second as u32;
            if reads.contains(&second) {
                liveness.on_read(now);
            }
            match liveness.poll(now) {
                Action::Beat => {
                    beats.push(second);
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
        let (beats, end) = run(&ConnectionConfig::client(), &[10, 45, 46], 62);
        assert_eq!((beats, end), (vec![25, 40, 61], None));
    }

    #[test]
    fn a_late_answer_clears_the_misses() {
        let (beats, end) = run(&ConnectionConfig::client(), &[17, 40], 60);
        assert_eq!((beats, end), (vec![15, 32, 55], None));
    }

    #[test]
    fn a_server_closes_after_ninety_silent_seconds_without_beating() {
        let (beats, end) = run(&ConnectionConfig::server(), &[30], 1000);
        assert_eq!((beats, end), (vec![], Some((Action::Idle, 120))));
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
