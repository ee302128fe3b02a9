//! Calls that wait for their answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bolt_codec::Correlation;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use crate::{Error, Result};

/// A number that its owner sets, behind some lock, and anybody reads without one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, value: usize) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// The calls of one connection, each with its deadline and a place for its outcome.
///
/// The outcome is kept in the table until the caller takes it, so that a call needs no allocation
/// of its own. Whoever removes the entry completes the call: exactly one outcome.
#[derive(Debug)]
pub(crate) struct Pending<F> {
    calls: FxHashMap<u64, Call<F>>,
    /// Ids in the order of their requests, with those of calls given up; empty with `ById`.
    order: VecDeque<u64>,
    correlation: Correlation,
    last_id: u64,
    waiting: Gauge,
    /// All calls there ever were.
    started: u64,
    /// The heartbeat that has no answer yet; there is one at most.
    heartbeat: Option<u64>,
    /// No deadline is before this.
    earliest: Option<Instant>,
}

#[derive(Debug)]
struct Call<F> {
    deadline: Instant,
    state: State<F>,
}

#[derive(Debug)]
enum State<F> {
    Waiting(Option<Waker>),
    Heartbeat,
    Done(Result<F>),
}

/// Whom an answer was for.
#[derive(Debug)]
pub(crate) enum Answered {
    /// A call; its task wants to be woken if it has asked already.
    Call(Option<Waker>),
    Heartbeat,
    /// Nobody: late, repeated or never asked for.
    Nobody,
}

impl<F> Pending<F> {
    pub(crate) fn new(correlation: Correlation) -> Self {
        Self {
            calls: FxHashMap::default(),
            order: VecDeque::new(),
            correlation,
            last_id: 0,
            waiting: Gauge::default(),
            started: 0,
            heartbeat: None,
            earliest: None,
        }
    }

    /// Calls without an outcome.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.get()
    }

    /// Shows the same number to those who don't hold the lock.
    pub(crate) fn gauge(&self) -> Gauge {
        self.waiting.clone()
    }

    /// Calls that the peer may still answer. Where answers go in order those that were given up
    /// are among them: their answers have to be counted off.
    pub(crate) fn unanswered(&self) -> usize {
        self.waiting().max(self.order.len())
    }

    /// A time before which no call expires, if there are calls at all.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.earliest.filter(|_| self.waiting() > 0)
    }

    /// When the last of the calls that wait now expires. Walks the table.
    pub(crate) fn latest(&self) -> Option<Instant> {
        let waiting = |call: &&Call<F>| matches!(call.state, State::Waiting(_));
        let calls = self.calls.values().filter(waiting);
        calls.map(|call| call.deadline).max()
    }

    /// Calls that were ever registered.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    /// Registers a call by its [`next_id`](Self::next_id); whether it is the first to expire now.
    pub(crate) fn insert(&mut self, id: u64, deadline: Instant) -> bool {
        self.waiting.set(self.waiting() + 1);
        self.started += 1;
        self.add(
            id,
            Call {
                deadline,
                state: State::Waiting(None),
            },
        );
        let first = self.waiting() == 1 || self.earliest.is_none_or(|earliest| deadline < earliest);
        if first {
            self.earliest = Some(deadline);
        }
        first
    }

    /// Registers a heartbeat in place of the one before; misses are counted elsewhere.
    pub(crate) fn insert_heartbeat(&mut self, id: u64, now: Instant) {
        if let Some(unanswered) = self.heartbeat.take() {
            self.calls.remove(&unanswered);
        }
        self.add(
            id,
            Call {
                deadline: now,
                state: State::Heartbeat,
            },
        );
        self.heartbeat = Some(id);
    }

    fn add(&mut self, id: u64, call: Call<F>) {
        self.calls.insert(id, call);
        if self.correlation == Correlation::InOrder {
            self.order.push_back(id);
        }
    }

    /// An id that no call has now.
    pub(crate) fn next_id(&mut self) -> u64 {
        let max = match self.correlation {
            Correlation::ById { max } => max,
            _ => u64::MAX,
        };
        // More ids than calls, so this ends.
        loop {
            self.last_id = if self.last_id >= max {
                1
            } else {
                self.last_id + 1
            };
            if !self.calls.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }

    /// An answer has come; `id` is what the frame says. An acknowledgement is for heartbeats only, any
    /// other answer for calls only, unless answers go in order.
    pub(crate) fn answer(&mut self, id: u64, is_ack: bool, frame: F) -> Answered {
        let id = match self.correlation {
            Correlation::InOrder => match self.order.pop_front() {
                Some(first) => first,
                None => return Answered::Nobody,
            },
            _ => id,
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return Answered::Nobody;
        };
        let by_id = self.correlation != Correlation::InOrder;
        if by_id && is_ack != matches!(call.state, State::Heartbeat) {
            return Answered::Nobody;
        }
        match &mut call.state {
            State::Waiting(waker) => {
                let waker = waker.take();
                call.state = State::Done(Ok(frame));
                self.waiting.set(self.waiting.get() - 1);
                Answered::Call(waker)
            }
            State::Heartbeat => {
                self.calls.remove(&id);
                // Its id may be a call's by the time of the next heartbeat.
                self.heartbeat = None;
                Answered::Heartbeat
            }
            State::Done(_) => Answered::Nobody,
        }
    }

    /// The outcome, once it is there. Asking again after that is a bug of the caller.
    pub(crate) fn poll(&mut self, id: u64, cx: &Context<'_>) -> Poll<Result<F>> {
        match self.calls.get_mut(&id) {
            Some(Call {
                state: State::Waiting(waker),
                ..
            }) => {
                match waker {
                    Some(old) => old.clone_from(cx.waker()),
                    None => *waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            _ => match self.calls.remove(&id) {
                Some(Call {
                    state: State::Done(outcome),
                    ..
                }) => {
                    self.shrink();
                    Poll::Ready(outcome)
                }
                _ => panic!("call {id} polled after it was completed"),
            },
        }
    }

    /// The caller has gone. A later answer finds nobody.
    pub(crate) fn forget(&mut self, id: u64) {
        if let Some(Call {
            state: State::Waiting(_),
            ..
        }) = self.calls.remove(&id)
        {
            self.waiting.set(self.waiting.get() - 1);
        }
        self.shrink();
    }

    /// Ends the calls whose deadline has passed.
    pub(crate) fn expire(&mut self, now: Instant, wakers: &mut Vec<Waker>) {
        if self.earliest().is_none_or(|earliest| now < earliest) {
            return;
        }
        let mut earliest = None;
        for (&id, call) in &mut self.calls {
            let State::Waiting(waker) = &mut call.state else {
                continue;
            };
            if call.deadline <= now {
                wakers.extend(waker.take());
                call.state = State::Done(Err(Error::timeout().with_call(None, Some(id), true)));
                self.waiting.set(self.waiting.get() - 1);
            } else if earliest.is_none_or(|earliest| call.deadline < earliest) {
                earliest = Some(call.deadline);
            }
        }
        self.earliest = earliest;
    }

    /// Ends all calls with the same error.
    pub(crate) fn fail_all(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        self.order.clear();
        self.calls
            .retain(|_, call| !matches!(call.state, State::Heartbeat));
        for (&id, call) in &mut self.calls {
            if let State::Waiting(waker) = &mut call.state {
                wakers.extend(waker.take());
                call.state = State::Done(Err(error.clone().with_call(None, Some(id), true)));
            }
        }
        self.waiting.set(0);
        self.earliest = None;
    }

    /// Gives back the memory of empty tables.
    pub(crate) fn release(&mut self) {
        if self.calls.is_empty() {
            self.calls = FxHashMap::default();
        }
        if self.order.is_empty() {
            self.order = VecDeque::new();
        }
    }

    /// Gives memory back that a burst has left behind.
    fn shrink(&mut self) {
        const KEEP: usize = 1024;
        if self.calls.capacity() > KEEP && self.calls.len() * 8 < self.calls.capacity() {
            self.calls.shrink_to(KEEP.max(self.calls.len() * 2));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ErrorKind;

    const BY_ID: Correlation = Correlation::ById {
        max: u32::MAX as u64,
    };

    fn outcome<F>(pending: &mut Pending<F>, id: u64) -> Poll<Result<F>> {
        pending.poll(id, &Context::from_waker(Waker::noop()))
    }

    fn later(secs: u64) -> Instant {
        Instant::now() + Duration::from_secs(secs)
    }

    fn insert<F>(pending: &mut Pending<F>, deadline: Instant) -> u64 {
        let id = pending.next_id();
        pending.insert(id, deadline);
        id
    }

    fn beat<F>(pending: &mut Pending<F>) -> u64 {
        let id = pending.next_id();
        pending.insert_heartbeat(id, Instant::now());
        id
    }

    #[test]
    fn ids_wrap_and_skip_those_in_flight() {
        let mut pending = Pending::<()>::new(BY_ID);
        let first = insert(&mut pending, later(1));
        pending.last_id = u64::from(u32::MAX) - 1;
        assert_eq!(insert(&mut pending, later(1)), u64::from(u32::MAX));
        assert_eq!((first, insert(&mut pending, later(1))), (1, 2));
    }

    #[test]
    fn a_heartbeat_does_not_take_the_place_of_a_call_that_has_its_predecessor_s_id() {
        let mut pending = Pending::new(BY_ID);
        let first_beat = beat(&mut pending);
        assert!(matches!(
            pending.answer(first_beat, true, 'b'),
            Answered::Heartbeat
        ));
        pending.last_id = u64::from(u32::MAX);
        let call = insert(&mut pending, later(1));
        assert_eq!(call, first_beat);
        beat(&mut pending);
        assert!(outcome(&mut pending, call).is_pending());
    }

    #[test]
    fn an_answer_reaches_its_call_once() {
        let mut pending = Pending::new(BY_ID);
        let (a, b) = (
            insert(&mut pending, later(1)),
            insert(&mut pending, later(1)),
        );
        assert!(matches!(
            pending.answer(b, false, 'b'),
            Answered::Call(None)
        ));
        assert!(matches!(pending.answer(b, false, 'x'), Answered::Nobody));
        assert!(matches!(pending.answer(99, false, 'x'), Answered::Nobody));
        assert!(outcome(&mut pending, a).is_pending());
        assert!(matches!(outcome(&mut pending, b), Poll::Ready(Ok('b'))));
        assert_eq!(pending.waiting(), 1);
    }

    #[test]
    fn an_acknowledgement_ends_no_call_and_an_answer_no_heartbeat() {
        let mut pending = Pending::new(BY_ID);
        let (call, beat) = (insert(&mut pending, later(1)), beat(&mut pending));
        assert!(matches!(pending.answer(call, true, 'a'), Answered::Nobody));
        assert!(matches!(pending.answer(beat, false, 'b'), Answered::Nobody));
        assert!(outcome(&mut pending, call).is_pending());
        assert!(matches!(
            pending.answer(beat, true, 'b'),
            Answered::Heartbeat
        ));
        assert!(matches!(
            pending.answer(call, false, 'a'),
            Answered::Call(_)
        ));
    }

    #[test]
    fn in_order_answers_skip_calls_that_were_given_up() {
        let mut pending = Pending::new(Correlation::InOrder);
        let ids: Vec<u64> = (0..3).map(|_| insert(&mut pending, later(1))).collect();
        pending.forget(ids[1]);
        assert!(matches!(pending.answer(0, false, 'a'), Answered::Call(_)));
        assert!(matches!(pending.answer(0, false, 'b'), Answered::Nobody));
        assert!(matches!(pending.answer(0, false, 'c'), Answered::Call(_)));
        assert!(matches!(
            outcome(&mut pending, ids[2]),
            Poll::Ready(Ok('c'))
        ));
    }

    #[test]
    fn only_calls_past_their_deadline_expire() {
        let mut pending = Pending::<()>::new(BY_ID);
        let (soon, late) = (
            insert(&mut pending, later(1)),
            insert(&mut pending, later(60)),
        );
        let mut wakers = Vec::new();
        pending.expire(Instant::now(), &mut wakers);
        assert!(outcome(&mut pending, soon).is_pending());
        pending.expire(later(2), &mut wakers);
        assert_eq!(wakers.len(), 1);
        let Poll::Ready(Err(error)) = outcome(&mut pending, soon) else {
            panic!("not expired")
        };
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::Timeout, Some(soon))
        );
        assert!(outcome(&mut pending, late).is_pending());
        assert!(pending.earliest().is_some_and(|at| at > later(50)));
    }

    #[test]
    fn memory_of_a_burst_is_given_back() {
        let mut pending = Pending::<()>::new(BY_ID);
        let ids: Vec<u64> = (0..100_000)
            .map(|_| insert(&mut pending, later(1)))
            .collect();
        ids.into_iter().for_each(|id| pending.forget(id));
        assert!(
            pending.calls.capacity() <= 2048,
            "{}",
            pending.calls.capacity()
        );
    }
}
