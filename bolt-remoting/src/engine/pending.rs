//! Calls that wait for their answers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use bolt_codec::Correlation;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::places::{KEEP, Place, Places};
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

/// The calls of one connection that wait for an answer, each with its deadline and the place that its
/// outcome goes to.
///
/// Whoever removes an entry completes the call: exactly one outcome. A place belongs to the caller, who
/// may come for the outcome long after the id is another call's.
#[derive(Debug)]
pub(crate) struct Pending<F> {
    calls: FxHashMap<u64, Call>,
    /// Ids in the order of their requests, with those of calls given up; empty with `ById`.
    order: VecDeque<u64>,
    correlation: Correlation,
    last_id: u64,
    /// Whether ids are being given for a second time.
    started_over: bool,
    waiting: Gauge,
    /// All calls there ever were.
    started: u64,
    /// The heartbeat that has no answer yet; there is one at most.
    heartbeat: Option<u64>,
    /// No deadline is before this.
    earliest: Option<Instant>,
    places: Places<F>,
}

#[derive(Debug)]
struct Call {
    deadline: Instant,
    place: usize,
}

/// Whom an answer was for.
#[derive(Debug)]
pub(crate) enum Answered {
    /// A call, which is to be [completed](Pending::complete) now.
    Call(usize),
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
            started_over: false,
            waiting: Gauge::default(),
            started: 0,
            heartbeat: None,
            earliest: None,
            places: Places::default(),
        }
    }

    /// Calls without an outcome.
    pub(crate) fn waiting(&self) -> usize {
        self.calls.len()
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
        self.calls.values().map(|call| call.deadline).max()
    }

    /// Calls that were ever registered.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    /// Registers a call by its [`next_id`](Self::next_id). The place of its outcome, which the caller has
    /// to [`take`](Self::take) or to [`forget`](Self::forget), and whether it is the first to expire now.
    pub(crate) fn insert(
        &mut self,
        id: u64,
        deadline: Instant,
        caller: Option<Waker>,
    ) -> (usize, bool) {
        let place = self.places.enter(caller);
        self.calls.insert(id, Call { deadline, place });
        self.queue(id);
        self.started += 1;
        self.waiting.set(self.waiting());
        let first = self.waiting() == 1 || self.earliest.is_none_or(|earliest| deadline < earliest);
        if first {
            self.earliest = Some(deadline);
        }
        (place, first)
    }

    /// Registers a heartbeat in place of the one before; misses are counted elsewhere.
    pub(crate) fn insert_heartbeat(&mut self, id: u64) {
        self.heartbeat = Some(id);
        self.queue(id);
    }

    fn queue(&mut self, id: u64) {
        if self.correlation == Correlation::InOrder {
            self.order.push_back(id);
        }
    }

    /// An id that no call has now, nor a heartbeat.
    pub(crate) fn next_id(&mut self) -> u64 {
        let max = match self.correlation {
            Correlation::ById { max } => max,
            _ => u64::MAX,
        };
        // Calls and a heartbeat leave one id at least, so this ends.
        loop {
            if self.last_id >= max {
                self.last_id = 0;
                self.started_over = true;
            }
            self.last_id += 1;
            let id = self.last_id;
            let taken = || self.heartbeat == Some(id) || self.calls.contains_key(&id);
            if !self.started_over || !taken() {
                return id;
            }
        }
    }

    /// An answer has come; `id` is what the frame says. An acknowledgement is for heartbeats only, any
    /// other answer for calls only, unless answers go in order.
    pub(crate) fn answer(&mut self, id: u64, is_ack: bool) -> Answered {
        let in_order = self.correlation == Correlation::InOrder;
        let id = if in_order {
            match self.order.pop_front() {
                Some(first) => first,
                None => return Answered::Nobody,
            }
        } else {
            id
        };
        if (in_order || is_ack) && self.heartbeat == Some(id) {
            // Its id may be a call's by the time of the next heartbeat.
            self.heartbeat = None;
            return Answered::Heartbeat;
        }
        if !in_order && is_ack {
            return Answered::Nobody;
        }
        self.remove(id).map_or(Answered::Nobody, Answered::Call)
    }

    fn remove(&mut self, id: u64) -> Option<usize> {
        let call = self.calls.remove(&id)?;
        self.waiting.set(self.waiting());
        self.shrink();
        Some(call.place)
    }

    /// Leaves the outcome of a call that was [answered](Self::answer). The caller's task, if it is known.
    pub(crate) fn complete(&mut self, place: usize, outcome: Result<F>) -> Option<Waker> {
        self.places.complete(place, outcome)
    }

    /// The outcome of a call, once it is there. With that the place is another caller's.
    pub(crate) fn take(&mut self, place: usize) -> Poll<Result<F>> {
        self.places.take(place)
    }

    /// Whether it is this task that the outcome will wake.
    pub(crate) fn will_wake(&self, place: usize, caller: &Waker) -> bool {
        self.places.will_wake(place, caller)
    }

    /// Has the outcome wake another task. The one before is given back, to be dropped without the lock.
    pub(crate) fn wake(&mut self, place: usize, caller: Waker) -> Option<Waker> {
        self.places.wake(place, caller)
    }

    /// The caller of the request `id` has gone; a later answer finds nobody. What was in the place, to be
    /// dropped without the lock, and whether nothing had come.
    pub(crate) fn forget(&mut self, id: u64, place: usize) -> (Place<F>, bool) {
        let left = self.places.leave(place);
        // Otherwise the id may be another call's by now.
        let waited = left.outcome.is_pending();
        if waited {
            self.remove(id);
        }
        (left, waited)
    }

    /// Ends the calls whose deadline has passed.
    pub(crate) fn expire(
        &mut self,
        now: Instant,
        peer: Option<SocketAddr>,
        wakers: &mut Vec<Waker>,
    ) {
        if self.earliest().is_none_or(|earliest| now < earliest) {
            return;
        }
        let mut earliest = None;
        let places = &mut self.places;
        self.calls.retain(|&id, call| {
            if call.deadline <= now {
                let error = Error::timeout().with_call(peer, Some(id), true);
                wakers.extend(places.complete(call.place, Err(error)));
                return false;
            }
            if earliest.is_none_or(|earliest| call.deadline < earliest) {
                earliest = Some(call.deadline);
            }
            true
        });
        self.waiting.set(self.waiting());
        self.earliest = earliest;
        self.shrink();
    }

    /// Ends all calls with the same error.
    pub(crate) fn fail_all(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        self.order.clear();
        for (id, call) in self.calls.drain() {
            let error = error.clone().with_call(None, Some(id), true);
            wakers.extend(self.places.complete(call.place, Err(error)));
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
        self.places.give_back(0);
    }

    /// Gives memory back that a burst has left behind.
    fn shrink(&mut self) {
        if self.calls.capacity() > KEEP && self.calls.len() * 8 < self.calls.capacity() {
            let least = KEEP.max(self.calls.len() * 2);
            self.calls.shrink_to(least);
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

    /// The id and the place of a call.
    type Caller = (u64, usize);

    fn later(secs: u64) -> Instant {
        Instant::now() + Duration::from_secs(secs)
    }

    fn insert<F>(pending: &mut Pending<F>, deadline: Instant) -> Caller {
        let id = pending.next_id();
        (id, pending.insert(id, deadline, None).0)
    }

    fn beat<F>(pending: &mut Pending<F>) -> u64 {
        let id = pending.next_id();
        pending.insert_heartbeat(id);
        id
    }

    /// Completes the call that an answer is for; whether there is one.
    fn answer<F>(pending: &mut Pending<F>, id: u64, is_ack: bool, frame: F) -> bool {
        match pending.answer(id, is_ack) {
            Answered::Call(place) => {
                pending.complete(place, Ok(frame));
                true
            }
            Answered::Heartbeat | Answered::Nobody => false,
        }
    }

    #[test]
    fn ids_wrap_and_skip_those_in_flight() {
        let mut pending = Pending::<()>::new(BY_ID);
        let (first, _) = insert(&mut pending, later(1));
        assert_eq!(beat(&mut pending), 2);
        pending.last_id = u64::from(u32::MAX) - 1;
        assert_eq!(insert(&mut pending, later(1)).0, u64::from(u32::MAX));
        assert_eq!((first, insert(&mut pending, later(1)).0), (1, 3));
    }

    #[test]
    fn a_heartbeat_does_not_take_the_place_of_a_call_that_has_its_predecessor_s_id() {
        let mut pending = Pending::new(BY_ID);
        let first_beat = beat(&mut pending);
        assert!(matches!(
            pending.answer(first_beat, true),
            Answered::Heartbeat
        ));
        pending.last_id = u64::from(u32::MAX);
        let call = insert(&mut pending, later(1));
        assert_eq!(call.0, first_beat);
        beat(&mut pending);
        assert!(answer(&mut pending, call.0, false, 'a'));
        assert!(matches!(pending.take(call.1), Poll::Ready(Ok('a'))));
    }

    #[test]
    fn an_answer_reaches_its_call_once() {
        let mut pending = Pending::new(BY_ID);
        let (a, b) = (
            insert(&mut pending, later(1)),
            insert(&mut pending, later(1)),
        );
        assert!(answer(&mut pending, b.0, false, 'b'));
        assert!(!answer(&mut pending, b.0, false, 'x'));
        assert!(!answer(&mut pending, 99, false, 'x'));
        assert!(pending.take(a.1).is_pending());
        assert!(matches!(pending.take(b.1), Poll::Ready(Ok('b'))));
        assert_eq!(pending.waiting(), 1);
    }

    #[test]
    fn an_acknowledgement_ends_no_call_and_an_answer_no_heartbeat() {
        let mut pending = Pending::<()>::new(BY_ID);
        let (call, beat) = (insert(&mut pending, later(1)), beat(&mut pending));
        assert!(matches!(pending.answer(call.0, true), Answered::Nobody));
        assert!(matches!(pending.answer(beat, false), Answered::Nobody));
        assert!(pending.take(call.1).is_pending());
        assert!(matches!(pending.answer(beat, true), Answered::Heartbeat));
        assert!(matches!(pending.answer(call.0, false), Answered::Call(_)));
    }

    #[test]
    fn in_order_answers_skip_calls_that_were_given_up() {
        let mut pending = Pending::new(Correlation::InOrder);
        let calls: Vec<_> = (0..3).map(|_| insert(&mut pending, later(1))).collect();
        pending.forget(calls[1].0, calls[1].1);
        assert!(answer(&mut pending, 0, false, 'a'));
        assert!(!answer(&mut pending, 0, false, 'b'));
        assert!(answer(&mut pending, 0, false, 'c'));
        assert!(matches!(pending.take(calls[2].1), Poll::Ready(Ok('c'))));
    }

    #[test]
    fn giving_a_call_up_late_does_not_touch_a_later_one_of_the_same_id() {
        let mut pending = Pending::new(Correlation::ById { max: 2 });
        let early = insert(&mut pending, later(1));
        assert!(answer(&mut pending, early.0, false, 'a'));
        insert(&mut pending, later(1));
        let late = insert(&mut pending, later(1));
        assert_eq!(late.0, early.0);
        pending.forget(early.0, early.1);
        assert!(answer(&mut pending, late.0, false, 'b'));
        assert!(matches!(pending.take(late.1), Poll::Ready(Ok('b'))));
    }

    #[test]
    fn only_calls_past_their_deadline_expire() {
        let mut pending = Pending::<()>::new(BY_ID);
        let (soon, late) = (
            insert(&mut pending, later(1)),
            insert(&mut pending, later(60)),
        );
        pending.wake(soon.1, Waker::noop().clone());
        let mut wakers = Vec::new();
        pending.expire(Instant::now(), None, &mut wakers);
        assert!(pending.take(soon.1).is_pending());
        pending.expire(later(2), None, &mut wakers);
        assert_eq!(wakers.len(), 1);
        let Poll::Ready(Err(error)) = pending.take(soon.1) else {
            panic!("not expired")
        };
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::Timeout, Some(soon.0))
        );
        assert!(pending.take(late.1).is_pending());
        assert!(pending.earliest().is_some_and(|at| at > later(50)));
    }

    #[test]
    fn memory_of_a_burst_is_given_back() {
        let mut pending = Pending::<()>::new(BY_ID);
        let calls: Vec<_> = (0..100_000)
            .map(|_| insert(&mut pending, later(1)))
            .collect();
        for (id, place) in calls {
            pending.forget(id, place);
        }
        let (calls, places) = (pending.calls.capacity(), pending.places.capacity());
        assert!(calls <= 2048 && places <= 2048, "{calls} {places}");
    }
}
