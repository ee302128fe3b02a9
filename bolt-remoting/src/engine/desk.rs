//! What a connection's task needs while it dispatches what it has read, and not between reads.

use std::any::Any;
use std::cell::RefCell;

use bolt_codec::Protocol;

use super::handler::Reply;
use super::outbox::Prepared;

thread_local! {
    /// Those of this thread that nobody uses now: one of each protocol at most.
    static IDLE: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Lists and a box that all connections of a thread use in turn. Lists of its own would be cold for
/// a connection that is one of many, and memory that an idle one keeps. The box stays as large as the
/// future that it held last, the lists as long as a batch.
pub(super) struct Desk<P: Protocol> {
    pub(super) reply: Reply<P>,
    /// What has not been settled yet: answers to own calls, and those to the peer's requests.
    pub(super) received: Vec<P::Frame>,
    pub(super) answers: Vec<Prepared<P::Frame>>,
}

impl<P: Protocol> Desk<P> {
    fn new() -> Self {
        Self {
            reply: Reply::new(),
            received: Vec::new(),
            answers: Vec::new(),
        }
    }

    pub(super) fn take() -> Box<Self> {
        let idle = IDLE.try_with(|idle| {
            let mut idle = idle.borrow_mut();
            let place = idle.iter().position(|desk| desk.is::<Self>())?;
            idle.swap_remove(place).downcast().ok()
        });
        idle.ok().flatten().unwrap_or_else(|| Box::new(Self::new()))
    }

    /// For the next connection of this thread. Everything has been taken from it.
    pub(super) fn leave(self: Box<Self>) {
        debug_assert!(self.received.is_empty() && self.answers.is_empty());
        // Where a thread has none any more, or another one already, this one goes.
        let _ = IDLE.try_with(|idle| {
            let mut idle = idle.borrow_mut();
            if !idle.iter().any(|desk| desk.is::<Self>()) {
                idle.push(self);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use bolt_codec::bolt::Bolt;
    use bolt_codec::{Limits, Role};

    use super::*;

    struct Other;

    impl Protocol for Other {
        type Frame = <Bolt as Protocol>::Frame;
        type Decoder = <Bolt as Protocol>::Decoder;
        type Encoder = <Bolt as Protocol>::Encoder;
        type Session = <Bolt as Protocol>::Session;

        const NAME: &'static str = "other";

        fn open(
            &self,
            role: Role,
            limits: &Limits,
        ) -> (Self::Decoder, Self::Encoder, Self::Session) {
            Bolt::default().open(role, limits)
        }
    }

    fn kept() -> usize {
        IDLE.with_borrow(Vec::len)
    }

    #[test]
    fn a_thread_keeps_one_of_each_protocol() {
        let (one, two) = (Desk::<Bolt>::take(), Desk::<Bolt>::take());
        let other = Desk::<Other>::take();
        let address: *const Desk<Bolt> = &raw const *one;
        assert_eq!(kept(), 0);
        one.leave();
        two.leave();
        assert_eq!(kept(), 1);
        other.leave();
        assert_eq!(kept(), 2);
        let again = Desk::<Bolt>::take();
        assert!(std::ptr::eq(address, &raw const *again));
        assert_eq!(kept(), 1, "that of the other protocol");
    }
}
