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
        let mut wakers = Vec::new();
        let mut state = shared.lock();
        if self.deadline <= Instant::now() || shared.closed(&state).is_some() {
            return Poll::Ready(());
        }
        let place = self.number;
        let let_in = match place.and_then(|number| state.line.ask(number, cx.waker())) {
            Some(let_in) => let_in,
            // New, or it was let in and came too late.
            None => {
                let (needs, deadline) = (self.needs, self.deadline);
                let known = state.line.earliest();
                let number = state.line.join(place, needs, deadline, cx.waker().clone());
                self.number = Some(number);
                state.make_room(&mut wakers);
                if state.line.earliest() != known {
                    wakers.extend(state.rouse());
                }
                state.line.ask(number, cx.waker()) == Some(true)
            }
        };
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
        state.line.leave(number);
        state.make_room(&mut wakers);
        if !wakers.is_empty() {
            // It sees to it that those who were let in come.
            wakers.extend(state.rouse());
        } else if state.outbox.len() > 0 {
            // Answers may have been next in line.
            wakers.extend(state.rouse_to_write());
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}
