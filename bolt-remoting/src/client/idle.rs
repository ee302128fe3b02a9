//! Whether a pool is in use. No clock of its own: the time is passed in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bolt_codec::Protocol;
use tokio::time::Instant;

use crate::engine::handler::{FrameContext, FrameHandler, Reply};
use crate::time::after;

/// What has been done with a pool since somebody looked last.
#[derive(Debug, Default)]
pub(crate) struct Marks(AtomicU8);

/// Looked at by those who let idle pools go.
pub(crate) const USED: u8 = 1;
/// Looked at when there are too many pools.
pub(crate) const RECENT: u8 = 2;

impl Marks {
    /// A call uses the pool: a load, mostly.
    pub(crate) fn set(&self) {
        if self.0.load(Ordering::Relaxed) != USED | RECENT {
            self.0.store(USED | RECENT, Ordering::Relaxed);
        }
    }

    /// Whether the mark was set; it isn't any more.
    pub(crate) fn take(&self, mark: u8) -> bool {
        self.0.fetch_and(!mark, Ordering::Relaxed) & mark != 0
    }
}

/// The handler of a pool's connections: what a peer asks for is use of the pool too.
pub(crate) struct Marking<P: Protocol> {
    pub(crate) marks: Arc<Marks>,
    pub(crate) handler: Arc<dyn FrameHandler<P>>,
}

impl<P: Protocol> FrameHandler<P> for Marking<P> {
    fn handle(&self, cx: FrameContext<P>, frame: P::Frame, reply: &mut Reply<P>) {
        self.marks.set();
        self.handler.handle(cx, frame, reply);
    }

    fn catches_panics(&self) -> bool {
        self.handler.catches_panics()
    }
}

/// When a pool has gone unused for long enough. No clock.
#[derive(Debug)]
pub(crate) struct Idle {
    timeout: Option<Duration>,
    since: Instant,
    check_at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    LetGo,
    /// Nothing before this time, if ever.
    At(Option<Instant>),
}

impl Idle {
    pub(crate) fn new(timeout: Option<Duration>, now: Instant) -> Self {
        Self {
            timeout,
            since: now,
            check_at: now,
        }
    }

    pub(crate) fn check(&mut self, now: Instant, used: impl FnOnce() -> bool) -> Check {
        let Some(timeout) = self.timeout else {
            return Check::At(None);
        };
        if self.check_at <= now {
            if used() {
                self.since = now;
            } else if now.saturating_duration_since(self.since) >= timeout {
                return Check::LetGo;
            }
            self.check_at = after(now, (timeout / 4).max(Duration::from_millis(1)));
        }
        Check::At(Some(self.check_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: Duration = Duration::from_secs(1);

    #[test]
    fn an_unused_pool_is_let_go_after_its_time_and_at_most_a_quarter_more() {
        let start = Instant::now();
        let mut idle = Idle::new(Some(SEC * 8), start);
        for (second, used, expected) in [
            (0, true, Check::At(Some(start + SEC * 2))),
            (1, false, Check::At(Some(start + SEC * 2))),
            (3, true, Check::At(Some(start + SEC * 5))),
            (5, false, Check::At(Some(start + SEC * 7))),
            (10, false, Check::At(Some(start + SEC * 12))),
            (12, false, Check::LetGo),
        ] {
            assert_eq!(
                idle.check(start + SEC * second, || used),
                expected,
                "{second}"
            );
        }
    }

    #[test]
    fn without_a_limit_nothing_is_ever_idle() {
        let now = Instant::now();
        let mut idle = Idle::new(None, now);
        assert_eq!(idle.check(now + SEC * 1_000_000, || false), Check::At(None));
    }
}
