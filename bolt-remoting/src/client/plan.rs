//! How many dials a pool needs now. No I/O and no clock.

use tokio::time::Instant;

use super::redial::Redial;

/// Dials of one pool at the same time.
const AT_ONCE: usize = 16;

/// How a pool stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) wanted: usize,
    pub(crate) live: usize,
    pub(crate) dialing: usize,
    /// Calls wait for a connection.
    pub(crate) awaited: bool,
    /// Empty or not, it is to be kept full.
    pub(crate) keep: bool,
    /// All connections are to be there before the first call goes out.
    pub(crate) warm_up: bool,
    /// A connection is due to be replaced.
    pub(crate) aged: bool,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// So many dials, now. They have been taken off the budget.
    Dial(usize),
    At(Instant),
    Nothing,
}

impl Standing {
    pub(crate) fn due(&self, redial: &mut Redial, now: Instant) -> Due {
        let target = self.wanted + usize::from(self.aged);
        let missing = target.saturating_sub(self.live + self.dialing);
        // An empty pool that nobody keeps waits for the next call.
        let needed = self.awaited || self.keep || self.live > 0;
        if missing == 0 || !needed {
            return Due::Nothing;
        }
        // The first one finds out whether anybody is there.
        let probing = redial.is_failing() || (self.live == 0 && !self.warm_up);
        let at_once = if probing { 1 } else { AT_ONCE };
        let room = at_once.saturating_sub(self.dialing);
        if room == 0 {
            return Due::Nothing;
        }
        let for_call = self.awaited && self.live == 0;
        let mut dials = 0;
        while dials < missing.min(room) && redial.at(now, for_call) <= now {
            redial.begin(now);
            dials += 1;
        }
        match dials {
            0 => Due::At(redial.at(now, for_call)),
            _ => Due::Dial(dials),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SEC: Duration = Duration::from_secs(1);

    fn due(standing: Standing) -> Due {
        let mut redial = Redial::new(standing.wanted as u32, SEC, SEC * 30);
        standing.due(&mut redial, Instant::now())
    }

    const EIGHT: Standing = Standing {
        wanted: 8,
        live: 0,
        dialing: 0,
        awaited: false,
        keep: false,
        warm_up: false,
        aged: false,
    };

    #[test]
    fn an_empty_pool_waits_for_a_call() {
        assert_eq!(due(EIGHT), Due::Nothing);
        let keep = true;
        assert_eq!(due(Standing { keep, ..EIGHT }), Due::Dial(1));
    }

    #[test]
    fn a_call_gets_one_dial_and_the_rest_follows_once_somebody_is_there() {
        let awaited = true;
        assert_eq!(due(Standing { awaited, ..EIGHT }), Due::Dial(1));
        let dialing = Standing {
            dialing: 1,
            awaited,
            ..EIGHT
        };
        assert_eq!(due(dialing), Due::Nothing);
        assert_eq!(due(Standing { live: 1, ..EIGHT }), Due::Dial(7));
        assert_eq!(due(Standing { live: 8, ..EIGHT }), Due::Nothing);
    }

    #[test]
    fn warm_up_dials_all_at_once_within_reason() {
        let warm = Standing {
            awaited: true,
            warm_up: true,
            ..EIGHT
        };
        assert_eq!(due(warm), Due::Dial(8));
        let hundred = Standing {
            wanted: 100,
            ..warm
        };
        assert_eq!(due(hundred), Due::Dial(16));
    }

    #[test]
    fn an_aged_connection_is_replaced_before_it_goes() {
        let aged = Standing {
            live: 8,
            aged: true,
            ..EIGHT
        };
        assert_eq!(due(aged), Due::Dial(1));
        assert_eq!(due(Standing { dialing: 1, ..aged }), Due::Nothing);
    }

    #[test]
    fn a_failing_address_is_dialed_once_at_a_time_and_after_the_back_off_only() {
        let now = Instant::now();
        let mut redial = Redial::new(8, SEC, SEC * 30);
        redial.failed(now, 0.5);
        let warm = Standing {
            keep: true,
            warm_up: true,
            ..EIGHT
        };
        let later = now + SEC / 2;
        assert_eq!(warm.due(&mut redial, now), Due::At(later));
        assert_eq!(warm.due(&mut redial, later), Due::Dial(1));
        let dialing = Standing { dialing: 1, ..warm };
        assert_eq!(dialing.due(&mut redial, later), Due::Nothing);
    }
}
