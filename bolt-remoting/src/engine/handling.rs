//! Handlers that did not finish at once, as tasks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bolt_codec::Protocol;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::handler::{Answering, Panicked, guarded};
use super::inbound::Ticket;
use super::load::Running;
use super::outbox::Prepared;
use super::shared::Shared;

/// The most handlers of one group.
pub(crate) const LARGEST_GROUP: usize = 128;
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
        let polled = guarded(|| match &mut self.answering {
            Some(answering) => answering.poll(cx),
            None => Poll::Ready(None),
        });
        let answer = match polled {
            Ok(polled) => ready!(polled),
            Err(Panicked) => {
                self.cancel();
                self.on_panic.take().map(|answer| *answer)
            }
        };
        // First, so that who has the answer finds the room.
        self.running = None;
        let answer = answer.filter(|_| self.wants_answer);
        Poll::Ready(Ended {
            ticket: self.ticket,
            answer: answer.map(Prepared::new),
            spare: self.answering.take(),
        })
    }
}

/// The handlers of a batch that go on after it, as one task: so they cost much less than a task each,
/// and those that end together are answered together.
///
/// That holds while they are quick. Once some of them compute for long those that are left become
/// tasks of their own, which other threads may take over.
///
/// When it is dropped those that have not ended are cancelled: they have no answers then.
pub(crate) struct Group<P: Protocol> {
    shared: Arc<Shared<P>>,
    members: Members<P>,
    ended: Vec<Ended<P::Frame>>,
    /// Former members.
    parted: Option<JoinSet<()>>,
}

enum Members<P: Protocol> {
    One(Option<Handling<P>>),
    Many(FuturesUnordered<Handling<P>>),
}

impl<P: Protocol> Group<P> {
    pub(crate) fn new(
        shared: &Arc<Shared<P>>,
        mut members: impl ExactSizeIterator<Item = Handling<P>>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            ended: Vec::with_capacity(members.len()),
            members: match members.len() {
                1 => Members::One(members.next()),
                _ => Members::Many(members.collect()),
            },
            parted: None,
        }
    }

    /// Makes a task of each member that is left.
    fn part(&mut self) {
        let parted = self.parted.get_or_insert_default();
        for member in self.members.take() {
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
        let began = Instant::now();
        let is_long = || began.elapsed() > LONG_TURN;
        while let Poll::Ready(Some(ended)) = this.members.poll_next(cx) {
            this.ended.push(ended);
            if is_long() {
                break;
            }
        }
        if !this.ended.is_empty() {
            this.shared.finish(this.ended.drain(..));
        }
        if matches!(this.members, Members::Many(_)) && is_long() {
            this.part();
        }
        if let Some(parted) = &mut this.parted {
            while let Some(_over) = ready!(parted.poll_join_next(cx)) {}
        }
        match this.members.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl<P: Protocol> Drop for Group<P> {
    fn drop(&mut self) {
        for mut member in self.members.take() {
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

impl<P: Protocol> Members<P> {
    fn is_empty(&self) -> bool {
        match self {
            Self::One(member) => member.is_none(),
            Self::Many(members) => members.is_empty(),
        }
    }

    /// The next one that has ended; none when there are no more members.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ended<P::Frame>>> {
        match self {
            Self::One(None) => Poll::Ready(None),
            Self::One(Some(member)) => {
                let ended = ready!(Pin::new(member).poll(cx));
                *self = Self::One(None);
                Poll::Ready(Some(ended))
            }
            Self::Many(members) => members.poll_next_unpin(cx),
        }
    }

    fn take(&mut self) -> Vec<Handling<P>> {
        match self {
            Self::One(member) => member.take().into_iter().collect(),
            Self::Many(members) => std::mem::take(members).into_iter().collect(),
        }
    }
}
