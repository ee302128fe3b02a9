//! The times of one connection: liveness, frame deadlines, write stalls. No I/O and no clock of
//! its own: the time is passed in.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::liveness::{Action, Liveness};
use crate::config::ConnectionConfig;
use crate::error::CloseReason;
use crate::time::after;

/// How long after the last byte received a connection gives back the memory of its buffers.
const REST: Duration = Duration::from_secs(1);

/// How soon a client that has nothing to say shows that it speaks the protocol: servers close those
/// who don't.
const GREETING: Duration = Duration::from_secs(5);

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Beat,
    /// Nothing has happened for a while: time to give back memory.
    Rest,
    Close(CloseReason),
    /// Nothing before this time, if ever.
    At(Option<Instant>),
}

#[derive(Debug)]
pub(crate) struct Clock {
    config: Arc<ConnectionConfig>,
    liveness: Liveness,
    first_frame_by: Option<Instant>,
    frame_by: Option<Instant>,
    write_by: Option<Instant>,
    rest_at: Option<Instant>,
    /// Nothing is due before this; not known when there is none. Looking at everything costs more
    /// than looking again when what was due then has been put off.
    nothing_before: Option<Instant>,
}

impl Clock {
    /// The first frame is due some time after `began`; all else starts now.
    pub(crate) fn new(
        config: Arc<ConnectionConfig>,
        can_beat: bool,
        began: Instant,
        now: Instant,
    ) -> Self {
        Self {
            liveness: Liveness::new(
                config.heartbeat.filter(|_| can_beat),
                config.idle_timeout,
                now,
            ),
            first_frame_by: config
                .first_frame_timeout
                .map(|timeout| after(began, timeout)),
            frame_by: None,
            write_by: None,
            rest_at: None,
            nothing_before: None,
            config,
        }
    }

    /// For the end that made the connection: if it sends heartbeats, and nothing else in the first
    /// few seconds, it sends one then.
    pub(crate) fn greeting(mut self, now: Instant) -> Self {
        self.liveness.greet(now + GREETING);
        self
    }

    /// Bytes were received.
    pub(crate) fn on_read(&mut self, now: Instant) {
        self.liveness.on_read(now);
        let rest_at = now + REST;
        self.rest_at = Some(rest_at);
        self.sooner(Some(rest_at));
    }

    /// Received bytes gave so many frames, and maybe the beginning of another.
    pub(crate) fn on_frames(&mut self, frames: usize, mid_frame: bool, now: Instant) {
        if frames > 0 {
            self.first_frame_by = None;
            self.frame_by = None;
        }
        self.frame_by = match (mid_frame, self.frame_by) {
            (false, _) => None,
            (true, None) => self.config.frame_timeout.map(|timeout| after(now, timeout)),
            (true, begun) => begun,
        };
        self.sooner(self.frame_by);
    }

    /// The peer took some bytes.
    pub(crate) fn on_written(&mut self, now: Instant) {
        self.write_by = None;
        self.liveness.on_written(now);
    }

    /// The peer takes no bytes for now.
    pub(crate) fn on_write_blocked(&mut self, now: Instant) {
        if self.write_by.is_none() {
            let timeout = self.config.write_stall_timeout;
            self.write_by = timeout.map(|timeout| after(now, timeout));
            self.sooner(self.write_by);
        }
    }

    /// Something is due at `at` that was due later or not at all.
    fn sooner(&mut self, at: Option<Instant>) {
        if self.nothing_before.is_some() {
            self.nothing_before = earlier(self.nothing_before, at);
        }
    }

    /// Heartbeats in a row that stayed unanswered.
    pub(crate) fn misses(&self) -> u32 {
        self.liveness.misses()
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Due {
        if self.nothing_before.is_some_and(|before| now < before) {
            return Due::At(self.nothing_before);
        }
        let due = self.look(now);
        self.nothing_before = match due {
            Due::At(at) => at,
            _ => None,
        };
        due
    }

    fn look(&mut self, now: Instant) -> Due {
        let deadlines = [
            (self.first_frame_by, CloseReason::FirstFrameTimeout),
            (self.frame_by, CloseReason::FrameTimeout),
            (self.write_by, CloseReason::WriteStalled),
        ];
        let mut next = match self.liveness.poll(now) {
            Action::Beat => return Due::Beat,
            Action::Dead => return Due::Close(CloseReason::HeartbeatTimeout),
            Action::Idle => return Due::Close(CloseReason::Idle),
            Action::Wait(next) => next,
        };
        for (by, reason) in deadlines {
            if by.is_some_and(|by| by <= now) {
                return Due::Close(reason);
            }
            next = earlier(next, by);
        }
        if self.rest_at.is_some_and(|at| at <= now) {
            self.rest_at = None;
            return Due::Rest;
        }
        Due::At(earlier(next, self.rest_at))
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: Duration = Duration::from_secs(1);

    fn server() -> (Clock, Instant) {
        let now = Instant::now();
        (
            Clock::new(ConnectionConfig::server().into(), false, now, now),
            now,
        )
    }

    #[test]
    fn a_connection_without_a_first_frame_is_closed_after_twenty_seconds() {
        let (mut clock, start) = server();
        clock.on_read(start + SEC * 5);
        clock.on_frames(0, true, start + SEC * 5);
        assert_eq!(clock.poll(start + SEC * 19), Due::Rest);
        assert_eq!(
            clock.poll(start + SEC * 19),
            Due::At(Some(start + SEC * 20))
        );
        assert_eq!(
            clock.poll(start + SEC * 20),
            Due::Close(CloseReason::FirstFrameTimeout)
        );
    }

    #[test]
    fn the_time_of_a_handshake_counts_towards_the_first_frame() {
        let began = Instant::now();
        let now = began + SEC * 9;
        let mut clock = Clock::new(ConnectionConfig::server().into(), false, began, now);
        assert_eq!(clock.poll(now), Due::At(Some(began + SEC * 20)));
    }

    #[test]
    fn a_client_that_says_nothing_beats_once_before_its_server_loses_patience() {
        let start = Instant::now();
        let client =
            || Clock::new(ConnectionConfig::client().into(), true, start, start).greeting(start);
        let mut silent = client();
        assert_eq!(silent.poll(start), Due::At(Some(start + SEC * 5)));
        assert_eq!(silent.poll(start + SEC * 5), Due::Beat);
        silent.on_written(start + SEC * 5);
        silent.on_read(start + SEC * 5);
        silent.poll(start + SEC * 6);
        let next = start + SEC * 20;
        assert_eq!(silent.poll(start + SEC * 6), Due::At(Some(next)));
        let mut busy = client();
        busy.on_written(start);
        assert_eq!(busy.poll(start + SEC * 6), Due::At(Some(start + SEC * 15)));
        let mut mute =
            Clock::new(ConnectionConfig::client().into(), false, start, start).greeting(start);
        assert_eq!(mute.poll(start), Due::At(None));
    }

    #[test]
    fn a_dribbled_frame_is_cut_thirty_seconds_after_its_first_byte() {
        let (mut clock, start) = server();
        clock.on_frames(1, true, start);
        for second in 1..30 {
            let now = start + SEC * second;
            clock.on_read(now);
            clock.on_frames(0, true, now);
            assert!(matches!(clock.poll(now), Due::At(_)), "{second}");
        }
        assert_eq!(
            clock.poll(start + SEC * 30),
            Due::Close(CloseReason::FrameTimeout)
        );
    }

    #[test]
    fn every_whole_frame_gives_the_next_one_its_full_time() {
        let (mut clock, start) = server();
        clock.on_frames(1, true, start);
        clock.on_frames(1, true, start + SEC * 20);
        assert!(matches!(clock.poll(start + SEC * 40), Due::At(_)));
    }

    #[test]
    fn a_peer_that_takes_nothing_is_closed_after_thirty_seconds() {
        let (mut clock, start) = server();
        clock.on_frames(1, false, start);
        clock.on_write_blocked(start);
        clock.on_written(start);
        clock.on_write_blocked(start + SEC * 20);
        clock.on_write_blocked(start + SEC * 40);
        assert!(matches!(clock.poll(start + SEC * 49), Due::At(_)));
        assert_eq!(
            clock.poll(start + SEC * 50),
            Due::Close(CloseReason::WriteStalled)
        );
    }

    #[test]
    fn nothing_comes_later_for_not_being_looked_at() {
        let mut random = 1_u32;
        let mut next = move |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % below
        };
        let mut done = [0; 3];
        for _ in 0..500 {
            let mut now = Instant::now();
            let mut config = ConnectionConfig::client();
            config.idle_timeout = Some(SEC * 90);
            config.frame_timeout = Some(SEC / 2);
            config.write_stall_timeout = Some(SEC * 8);
            let clock = || Clock::new(config.clone().into(), true, now, now).greeting(now);
            let (mut lazy, mut eager) = (clock(), clock());
            'life: for _ in 0..200 {
                now += SEC / 4 * next(40);
                let (event, frames, mid_frame) = (next(8), next(2) as usize, next(4) == 0);
                for clock in [&mut lazy, &mut eager] {
                    match event {
                        0 => {
                            clock.on_read(now);
                            clock.on_frames(frames, mid_frame, now);
                        }
                        1 => clock.on_written(now),
                        2 => clock.on_write_blocked(now),
                        _ => {}
                    }
                }
                loop {
                    eager.nothing_before = None;
                    match (lazy.poll(now), eager.poll(now)) {
                        (Due::At(Some(early)), Due::At(Some(exact))) => {
                            assert!(now < early && early <= exact);
                            break;
                        }
                        (lazy, eager) => {
                            assert_eq!(lazy, eager);
                            match eager {
                                Due::Beat => done[0] += 1,
                                Due::Rest => done[1] += 1,
                                Due::Close(_) => done[2] += 1,
                                Due::At(_) => unreachable!("there is always a heartbeat"),
                            }
                            if matches!(eager, Due::Close(_)) {
                                break 'life;
                            }
                        }
                    }
                }
            }
        }
        assert!(done.iter().all(|&count| count > 100), "{done:?}");
    }
}
