//! When an address may be dialed, and how often. No I/O, no clock, no dice: all of it is passed in.

use std::time::Duration;

use tokio::time::Instant;

use crate::time::after;

/// Attempts beyond the pool's size that may be made in one go.
const SPARE: u32 = 4;
/// The time in which the budget of a pool of one allows one attempt more.
const EARNED_EVERY: Duration = Duration::from_secs(1);

/// Connections that lived shorter than this are not worth making again at once.
const LASTING: Duration = Duration::from_secs(10);

/// The attempts of one pool: back-off after failures, and a budget that bounds all attempts since
/// the last connection that was of use, also those that calls ask for and those that succeed only
/// for a moment.
#[derive(Debug)]
pub(crate) struct Redial {
    first: Duration,
    most: Duration,
    failures: u32,
    /// Connections one after the other that did not last.
    short_lived: u32,
    /// When the last of them was lost.
    shortly_lost: Option<Instant>,
    /// Before this time nothing is dialed unless a call needs it.
    not_before: Option<Instant>,
    /// When the budget will be as large as it gets.
    full_at: Option<Instant>,
    earned_every: Duration,
    burst: u32,
}

impl Redial {
    /// For a pool of `wanted` connections; delays grow from `first` to `most`.
    pub(crate) fn new(wanted: u32, first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            failures: 0,
            short_lived: 0,
            shortly_lost: None,
            not_before: None,
            full_at: None,
            earned_every: EARNED_EVERY / wanted,
            burst: wanted + SPARE,
        }
    }

    /// When the next attempt may begin. A call that waits for it doesn't care for back-off.
    pub(crate) fn at(&self, now: Instant, for_call: bool) -> Instant {
        let not_before = self.not_before.filter(|_| !for_call).unwrap_or(now);
        let spent = self
            .full_at
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let allowed = self.earned_every * (self.burst - 1);
        let earned = now + spent.saturating_sub(allowed);
        not_before.max(earned).max(now)
    }

    /// An attempt begins.
    pub(crate) fn begin(&mut self, now: Instant) {
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        self.full_at = Some(full_at + self.earned_every);
    }

    pub(crate) fn connected(&mut self) {
        self.failures = 0;
        self.not_before = None;
    }

    /// An attempt has failed. `dice` is from 0 to 1.
    pub(crate) fn failed(&mut self, now: Instant, dice: f64) {
        self.failures = self.failures.saturating_add(1);
        self.back_off(now, dice);
    }

    /// A connection that was made at `since` is lost: others have lost theirs to this peer too, so
    /// not even the first attempt is made without back-off, and the delay doubles as long as none
    /// lasts. One that was of use gives the whole budget back: it bounds attempts that lead nowhere.
    pub(crate) fn lost(&mut self, now: Instant, since: Instant, of_use: bool, dice: f64) {
        if of_use {
            self.full_at = None;
        }
        if now.saturating_duration_since(since) >= LASTING {
            self.short_lived = 0;
        } else if self.shortly_lost.is_none_or(|at| at <= since) {
            // Those that were made before were lost together with the last one.
            self.short_lived = self.short_lived.saturating_add(1);
            self.shortly_lost = Some(now);
        }
        self.back_off(now, dice);
    }

    fn back_off(&mut self, now: Instant, dice: f64) {
        let doublings = self.failures.max(self.short_lived);
        let doublings = doublings.saturating_sub(1).min(31);
        let most = self.first.saturating_mul(1 << doublings).min(self.most);
        self.not_before = Some(after(now, most.mul_f64(dice)));
    }

    /// Whether the last attempt failed: then one at a time is enough.
    pub(crate) fn is_failing(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: Duration = Duration::from_secs(1);
    const MILLI: Duration = Duration::from_millis(1);

    fn redial(wanted: u32) -> (Redial, Instant) {
        (Redial::new(wanted, MILLI * 100, SEC * 30), Instant::now())
    }

    #[test]
    fn delays_double_up_to_the_most_and_are_spread_from_zero() {
        let (mut redial, now) = redial(1);
        let mut longest = Vec::new();
        for _ in 0..12 {
            redial.failed(now, 1.0);
            longest.push((redial.at(now, false) - now).as_millis());
            redial.not_before = None;
        }
        let expected = [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000];
        assert_eq!(longest[..10], expected);
        assert_eq!(longest[11], 30000);
        redial.failed(now, 0.0);
        assert_eq!(redial.at(now, false), now);
        redial.failed(now, 0.5);
        assert_eq!(redial.at(now, false), now + SEC * 15);
    }

    #[test]
    fn a_lost_connection_is_not_redialed_at_the_same_moment_by_everybody() {
        let (mut redial, now) = redial(1);
        redial.connected();
        redial.lost(now, now - SEC * 60, true, 0.7);
        assert_eq!(redial.at(now, false), now + MILLI * 70);
        assert_eq!(redial.at(now, true), now, "but at once for a call");
    }

    #[test]
    fn success_ends_the_back_off() {
        let (mut redial, now) = redial(1);
        for _ in 0..9 {
            redial.failed(now, 1.0);
        }
        assert!(redial.is_failing());
        redial.connected();
        assert_eq!((redial.at(now, false), redial.is_failing()), (now, false));
        redial.failed(now, 1.0);
        assert_eq!(redial.at(now, false), now + MILLI * 100);
    }

    #[test]
    fn calls_get_a_few_attempts_at_once_and_then_one_a_second() {
        let (mut redial, start) = redial(1);
        let mut attempts = Vec::new();
        let mut now = start;
        while attempts.len() < 8 {
            now = redial.at(now, true);
            redial.begin(now);
            redial.failed(now, 1.0);
            attempts.push((now - start).as_millis());
        }
        assert_eq!(attempts, [0, 0, 0, 0, 0, 1000, 2000, 3000]);
    }

    #[test]
    fn the_budget_bounds_successes_that_do_not_last_too() {
        let (mut redial, start) = redial(1);
        let (mut attempts, mut now) = (0, start);
        loop {
            now = redial.at(now, false);
            if now > start + SEC * 60 {
                break;
            }
            redial.begin(now);
            redial.connected();
            redial.lost(now, now, false, 0.0);
            attempts += 1;
        }
        assert_eq!(attempts, 65);
    }

    #[test]
    fn delays_double_too_while_connections_do_not_last_and_start_over_after_one_that_did() {
        let (mut redial, mut now) = redial(1);
        let mut delays = Vec::new();
        for lasted in [0, 1, 9, 0, 10, 0, 0] {
            redial.begin(now);
            redial.connected();
            let since = now;
            now += SEC * lasted;
            redial.lost(now, since, true, 1.0);
            let next = redial.at(now, false);
            delays.push((next - now).as_millis());
            now = next;
        }
        assert_eq!(delays, [100, 200, 400, 800, 100, 100, 200]);
    }

    #[test]
    fn connections_that_are_lost_together_count_once() {
        let (mut redial, start) = redial(8);
        let now = start + SEC;
        for _ in 0..8 {
            redial.lost(now, start, true, 1.0);
        }
        assert_eq!(redial.at(now, false), now + MILLI * 100);
    }

    #[test]
    fn a_connection_of_use_gives_the_budget_back() {
        let (mut redial, now) = redial(1);
        for _ in 0..5 {
            redial.begin(now);
        }
        assert!(redial.at(now, true) > now);
        redial.connected();
        redial.lost(now, now, true, 0.0);
        assert_eq!(redial.at(now, true), now);
    }

    #[test]
    fn the_budget_grows_with_the_pool_and_is_earned_back() {
        let (mut redial, now) = redial(8);
        for _ in 0..12 {
            assert_eq!(redial.at(now, true), now);
            redial.begin(now);
        }
        assert_eq!(redial.at(now, true), now + SEC / 8);
        let later = now + SEC * 60;
        for _ in 0..12 {
            assert_eq!(redial.at(later, true), later);
            redial.begin(later);
        }
        assert!(redial.at(later, true) > later);
    }
}
