//! Handlers that did not finish at once, as tasks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bolt_codec::{Frame, Protocol};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::bells::{self, Bells};
use super::handler::{Answering, Panicked, guarded};
use super::inbound::Ticket;
use super::load::Running;
use super::outbox::Prepared;
use super::shared::Shared;

/// The most handlers of one group, whose answers may all be encoded under one lock.
pub(crate) const LARGEST_GROUP: usize = bells::MOST;
/// A group whose handlers take longer than this in one turn is no group any more.
const LONG_TURN: Duration = Duration::from_micros(100);

/// A request whose handler did not finish at once.
pub(crate) struct Handling<P: Protocol> {
    /// `None` once it has ended.
    pub(crate) answering: Option<Answering<P::Frame>>,
    pub(crate) on_panic: Option<Box<P::Frame>>,
    pub(crate) wants_answer: bool,
    pub(crate) ticket: Ticket,
    pub(crate) running: Option<Running>,
}

/// A request that is over, with its answer if there is to be one.
pub(crate) struct Ended<F> {
    pub(crate) ticket: Ticket,
    pub(crate) answer: Option<Prepared<F>>,
    /// The box that its future was in, for another.
    pub(crate) spare: Option<Answering<F>>,
}

/// What is sent for `answer`: `on_panic` where its handler has panicked, or the frame does when it is
/// measured.
pub(crate) fn prepare<F: Frame>(
    answer: Result<Option<F>, Panicked>,
    on_panic: Option<F>,
) -> Option<Prepared<F>> {
    let measured = |frame: Option<F>| guarded(|| frame.map(Prepared::new));
    let answer = answer.and_then(measured);
    answer.unwrap_or_else(|Panicked| measured(on_panic).ok().flatten())
}

impl<P: Protocol> Handling<P> {
    /// Drops the future, whose own parts may panic.
    fn cancel(&mut self) {
        let _ = guarded(|| self.answering = None);
    }
}

/// Nothing in it is pinned but what has its own box.
impl<P: Protocol> Unpin for Handling<P> {}

impl<P: Protocol> Future for Handling<P> {
    type Output = Ended<P::Frame>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let polled = guarded(|| match &mut this.answering {
            Some(answering) => answering.poll(cx),
            None => Poll::Ready(None),
        });
        let answer = match polled {
            Ok(polled) => Ok(ready!(polled).filter(|_| this.wants_answer)),
            Err(panicked) => {
                this.cancel();
                Err(panicked)
            }
        };
        let answer = prepare(answer, this.on_panic.take().map(|refusal| *refusal));
        // First, so that who has the answer finds the room.
        this.running = None;
        Poll::Ready(Ended {
            ticket: this.ticket,
            answer,
            spare: this.answering.take(),
        })
    }
}

/// The handlers of a read that go on after it, as one task: so they cost much less than a task each,
/// and those that end together are answered together.
///
/// That holds while they are quick. Once they compute for long in a turn those that are left become
/// tasks of their own, which other threads may take over.
///
/// When it is dropped those that have not ended are cancelled: they have no answers then.
pub(crate) struct Group<P: Protocol> {
    shared: Arc<Shared<P>>,
    /// `None` for those that have ended or parted.
    members: Vec<Option<Handling<P>>>,
    left: usize,
    /// A single member does without: what wakes the task wakes it.
    bells: Option<Bells>,
    ended: Vec<Ended<P::Frame>>,
    parted: Option<JoinSet<()>>,
}

impl<P: Protocol> Group<P> {
    /// A group of so many at most: [`LARGEST_GROUP`].
    pub(crate) fn new(
        shared: &Arc<Shared<P>>,
        members: impl ExactSizeIterator<Item = Handling<P>>,
    ) -> Self {
        let left = members.len();
        debug_assert!(left <= LARGEST_GROUP);
        Self {
            shared: Arc::clone(shared),
            members: members.map(Some).collect(),
            left,
            bells: (left > 1).then(|| Bells::new(left)),
            ended: Vec::with_capacity(left),
            parted: None,
        }
    }

    /// Polls the members that were woken, until they have taken too long. Whether they have.
    fn poll_members(&mut self, cx: &mut Context<'_>) -> bool {
        let mut poll = |member: &mut Option<Handling<P>>, cx: &mut Context<'_>| {
            let polled = member.as_mut().map(|member| Pin::new(member).poll(cx));
            if let Some(Poll::Ready(ended)) = polled {
                *member = None;
                self.left -= 1;
                self.ended.push(ended);
            }
        };
        let Some(bells) = &self.bells else {
            self.members.iter_mut().for_each(|member| poll(member, cx));
            return false;
        };
        let began = Instant::now();
        bells.answer(cx.waker()).any(|place| {
            let mut cx = Context::from_waker(bells.waker(place));
            poll(&mut self.members[place], &mut cx);
            began.elapsed() > LONG_TURN
        })
    }

    /// Makes a task of each member that is left.
    fn part(&mut self) {
        self.left = 0;
        let parted = self.parted.get_or_insert_default();
        for member in self.members.iter_mut().filter_map(Option::take) {
            parted.spawn(Self::new(&self.shared, std::iter::once(member)));
        }
    }
}

/// Nor is anything in a group.
impl<P: Protocol> Unpin for Group<P> {}

impl<P: Protocol> Future for Group<P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let long = this.poll_members(cx);
        if !this.ended.is_empty() {
            this.shared.finish(this.ended.drain(..));
        }
        if long {
            this.part();
        }
        if let Some(parted) = &mut this.parted {
            while let Some(_over) = ready!(parted.poll_join_next(cx)) {}
        }
        match this.left {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }
}

impl<P: Protocol> Drop for Group<P> {
    fn drop(&mut self) {
        for mut member in self.members.drain(..).flatten() {
            member.cancel();
            self.ended.push(Ended {
                ticket: member.ticket,
                answer: None,
                spare: None,
            });
        }
        if !self.ended.is_empty() {
            self.shared.finish(self.ended.drain(..));
        }
    }
}
