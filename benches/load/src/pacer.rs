//! When the calls of an open loop are due.

use std::io;
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// Due times at random intervals of a given mean, as many independent callers give them (a Poisson
/// process). The same seed gives the same times.
#[derive(Clone, Debug)]
pub(super) struct Arrivals {
    state: u64,
    mean: f64,
    /// Seconds from the start.
    next: f64,
}

impl Arrivals {
    pub(super) fn new(rate: f64, seed: u64) -> Self {
        let mut arrivals = Self {
            state: seed,
            mean: 1.0 / rate,
            next: 0.0,
        };
        arrivals.advance();
        arrivals
    }

    /// When the next call is due, from the start.
    pub(super) fn next(&self) -> Duration {
        Duration::from_secs_f64(self.next)
    }

    pub(super) fn advance(&mut self) {
        // Above 0, at most 1.
        let uniform = ((self.random() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        self.next -= uniform.ln() * self.mean;
    }

    /// `SplitMix64`.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A timer that is exact to some microseconds; tokio's own is to a millisecond.
#[derive(Debug)]
pub(super) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    /// Must be called within a tokio runtime.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe; an OwnedFd is all that it asks for"
        )]
        Ok(Self(AsyncFd::new(timer)?))
    }

    /// Waits until `due`.
    pub(super) async fn wait(&self, due: Instant) -> io::Result<()> {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let none = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let timer = Itimerspec {
            it_interval: none,
            it_value: Timespec::try_from(left).map_err(io::Error::other)?,
        };
        // Setting it takes back an expiry that nobody has read.
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &timer)?;
        loop {
            let mut ready = self.0.readable().await?;
            if Instant::now() >= due {
                return Ok(());
            }
            // Readiness from an earlier expiry.
            ready.clear_ready();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_keep_their_rate_in_the_long_run() {
        let mut arrivals = Arrivals::new(20_000.0, 7);
        let mut last = Duration::ZERO;
        for _ in 0..200_000 {
            assert!(arrivals.next() >= last);
            last = arrivals.next();
            arrivals.advance();
        }
        let seconds = last.as_secs_f64();
        assert!((9.8..10.2).contains(&seconds), "{seconds}");
    }

    #[test]
    fn arrivals_of_one_seed_are_the_same() {
        let (mut one, mut other) = (Arrivals::new(10.0, 3), Arrivals::new(10.0, 3));
        for _ in 0..10 {
            assert_eq!(one.next(), other.next());
            one.advance();
            other.advance();
        }
    }

    #[tokio::test]
    async fn an_alarm_is_never_early_and_can_be_set_again() {
        let alarm = Alarm::new().expect("a timer");
        for micros in [0, 300, 50, 2_000] {
            let due = Instant::now() + Duration::from_micros(micros);
            alarm.wait(due).await.expect("a timer");
            assert!(Instant::now() >= due);
        }
    }
}
