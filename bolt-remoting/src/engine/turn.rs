//! Waiting for room.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bolt_codec::Protocol;
use tokio::time::Instant;

use super::room::Room;
use super::shared::Shared;

/// A caller's place in the line for room, from its first poll on. Ready when it has been let in, when
/// its deadline has passed, which the connection's task sees to, or when the connection takes no calls
/// any more.
///
/// Dropping it gives the place up, and room that was set aside goes to those behind.
pub(crate) struct Turn<'a, P: Protocol> {
    shared: &'a Shared<P>,
    needs: Room,
    deadline: Instant,
    number: Option<u64>,
}

impl<'a, P: Protocol> Turn<'a, P> {
    pub(crate) fn new(shared: &'a Shared<P>, needs: Room, deadline: Instant) -> Self {
        Self {
            shared,
            needs,
            deadline,
            number: None,
        }
    }

    /// The place in the line, once there is one.
    pub(crate) fn number(&self) -> Option<u64> {
        self.number
    }
}

impl<P: Protocol> Future for Turn<'_, P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let shared = self.shared;
        // Cloned before there is a lock, and dropped after it: wakers are somebody else's code.
        let mut caller = Some(cx.waker().clone());
        let mut wakers = Vec::new();
        let mut state = shared.lock();
        if self.deadline <= Instant::now() || shared.closed(&state).is_some() {
            return Poll::Ready(());
        }
        let place = self.number;
        let in_line = place.filter(|&n| state.line.is_let_in(n) || state.line.wake(n, &mut caller));
        let number = in_line.unwrap_or_else(|| {
            // New, or it was let in and came too late.
            let known = state.line.earliest();
            let (needs, deadline) = (self.needs, self.deadline);
            let number = state.line.join(place, needs, deadline, caller.take());
            state.make_room(&mut wakers);
            if state.line.earliest() != known {
                wakers.extend(state.rouse());
            }
            number
        });
        self.number = Some(number);
        let let_in = state.line.is_let_in(number);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        if let_in {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl<P: Protocol> Drop for Turn<'_, P> {
    fn drop(&mut self) {
        let Some(number) = self.number else {
            return;
        };
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        let caller = state.line.give_up(number);
        state.make_room(&mut wakers);
        if !wakers.is_empty() {
            // It sees to it that those who were let in come.
            wakers.extend(state.rouse());
        } else if state.outbox.len() > 0 {
            // Answers may have been next in line.
            wakers.extend(state.rouse_to_write());
        }
        drop(state);
        drop(caller);
        wakers.into_iter().for_each(Waker::wake);
    }
}
