//! Calls that wait for their answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use bolt_codec::Correlation;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::slot::Slot;
use crate::Error;

/// So many places are kept after a burst.
const KEEP: usize = 1024;

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

/// The calls of one connection that wait for an answer, each with its deadline and the slot that its
/// outcome goes to.
///
/// Whoever removes an entry completes the call: exactly one outcome. Slots are used again, so that a
/// call needs no allocation of its own.
#[derive(Debug)]
pub(crate) struct Pending<F> {
    calls: FxHashMap<u64, Call<F>>,
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
    /// Slots of calls that have ended, the oldest first: those that callers have let go of, most likely.
    spare: VecDeque<Arc<Slot<F>>>,
}

#[derive(Debug)]
struct Call<F> {
    deadline: Instant,
    slot: Arc<Slot<F>>,
}

/// Whom an answer was for.
#[derive(Debug)]
pub(crate) enum Answered<F> {
    /// A call, which is to be completed now.
    Call(Arc<Slot<F>>),
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
            spare: VecDeque::new(),
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

    /// Registers a call by its [`next_id`](Self::next_id). Where its outcome will be, and whether it
    /// is the first to expire now.
    pub(crate) fn insert(
        &mut self,
        id: u64,
        deadline: Instant,
        caller: Option<Waker>,
    ) -> (Arc<Slot<F>>, bool) {
        let slot = self.slot(caller);
        let call = Call {
            deadline,
            slot: Arc::clone(&slot),
        };
        self.calls.insert(id, call);
        self.queue(id);
        self.started += 1;
        self.waiting.set(self.waiting());
        let first = self.waiting() == 1 || self.earliest.is_none_or(|earliest| deadline < earliest);
        if first {
            self.earliest = Some(deadline);
        }
        (slot, first)
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
    pub(crate) fn answer(&mut self, id: u64, is_ack: bool) -> Answered<F> {
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

    fn remove(&mut self, id: u64) -> Option<Arc<Slot<F>>> {
        let call = self.calls.remove(&id)?;
        self.waiting.set(self.waiting());
        self.shrink();
        Some(call.slot)
    }

    /// The caller has gone. A later answer finds nobody. By now the id may be that of another call.
    pub(crate) fn forget(&mut self, id: u64, slot: &Arc<Slot<F>>) {
        let call = self.calls.get(&id);
        if call.is_some_and(|call| Arc::ptr_eq(&call.slot, slot)) {
            let slot = self.remove(id);
            self.recycle(slot);
        }
    }

    /// Ends the calls whose deadline has passed.
    pub(crate) fn expire(&mut self, now: Instant, wakers: &mut Vec<Waker>) {
        if self.earliest().is_none_or(|earliest| now < earliest) {
            return;
        }
        let mut earliest = None;
        self.calls.retain(|&id, call| {
            if call.deadline <= now {
                let error = Error::timeout().with_call(None, Some(id), true);
                wakers.extend(call.slot.complete(Err(error)));
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
            wakers.extend(call.slot.complete(Err(error)));
        }
        self.waiting.set(0);
        self.earliest = None;
    }

    // ---- slots ---------------------------------------------------------------------------------

    /// A slot that nobody else has.
    fn slot(&mut self, caller: Option<Waker>) -> Arc<Slot<F>> {
        if let Some(mut slot) = self.spare.pop_front() {
            if let Some(free) = Arc::get_mut(&mut slot) {
                free.reset(caller);
                return slot;
            }
            // Its caller has been slow to take the outcome.
            self.spare.push_back(slot);
        }
        Arc::new(Slot::new(caller))
    }

    /// Keeps the slots of completed calls for others.
    pub(crate) fn recycle(&mut self, slots: impl IntoIterator<Item = Arc<Slot<F>>>) {
        let most = KEEP.max(self.calls.len() * 2);
        let room = most.saturating_sub(self.spare.len());
        self.spare.extend(slots.into_iter().take(room));
    }

    /// Gives back the memory of empty tables.
    pub(crate) fn release(&mut self) {
        if self.calls.is_empty() {
            self.calls = FxHashMap::default();
        }
        if self.order.is_empty() {
            self.order = VecDeque::new();
        }
        self.spare = VecDeque::new();
    }

    /// Gives memory back that a burst has left behind.
    fn shrink(&mut self) {
        if self.calls.capacity() > KEEP && self.calls.len() * 8 < self.calls.capacity() {
            let least = KEEP.max(self.calls.len() * 2);
            self.calls.shrink_to(least);
            self.spare.truncate(least);
            self.spare.shrink_to(least);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};
    use std::time::Duration;

    use super::super::bells::tests::Task;
    use super::*;
    use crate::{ErrorKind, Result};

    const BY_ID: Correlation = Correlation::ById {
        max: u32::MAX as u64,
    };

    type Caller<F> = (u64, Arc<Slot<F>>);

    fn outcome<F>(caller: &Caller<F>) -> Poll<Result<F>> {
        caller.1.poll(&Context::from_waker(Waker::noop()))
    }

    fn later(secs: u64) -> Instant {
        Instant::now() + Duration::from_secs(secs)
    }

    fn insert<F>(pending: &mut Pending<F>, deadline: Instant) -> Caller<F> {
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
            Answered::Call(slot) => {
                slot.complete(Ok(frame));
                pending.recycle([slot]);
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
        assert!(matches!(outcome(&call), Poll::Ready(Ok('a'))));
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
        assert!(outcome(&a).is_pending());
        assert!(matches!(outcome(&b), Poll::Ready(Ok('b'))));
        assert_eq!(pending.waiting(), 1);
    }

    #[test]
    fn an_acknowledgement_ends_no_call_and_an_answer_no_heartbeat() {
        let mut pending = Pending::<()>::new(BY_ID);
        let (call, beat) = (insert(&mut pending, later(1)), beat(&mut pending));
        assert!(matches!(pending.answer(call.0, true), Answered::Nobody));
        assert!(matches!(pending.answer(beat, false), Answered::Nobody));
        assert!(outcome(&call).is_pending());
        assert!(matches!(pending.answer(beat, true), Answered::Heartbeat));
        assert!(matches!(pending.answer(call.0, false), Answered::Call(_)));
    }

    #[test]
    fn in_order_answers_skip_calls_that_were_given_up() {
        let mut pending = Pending::new(Correlation::InOrder);
        let calls: Vec<_> = (0..3).map(|_| insert(&mut pending, later(1))).collect();
        pending.forget(calls[1].0, &calls[1].1);
        assert!(answer(&mut pending, 0, false, 'a'));
        assert!(!answer(&mut pending, 0, false, 'b'));
        assert!(answer(&mut pending, 0, false, 'c'));
        assert!(matches!(outcome(&calls[2]), Poll::Ready(Ok('c'))));
    }

    #[test]
    fn giving_a_call_up_late_does_not_touch_a_later_one_of_the_same_id() {
        let mut pending = Pending::new(Correlation::ById { max: 2 });
        let early = insert(&mut pending, later(1));
        assert!(answer(&mut pending, early.0, false, 'a'));
        insert(&mut pending, later(1));
        let late = insert(&mut pending, later(1));
        assert_eq!(late.0, early.0);
        pending.forget(early.0, &early.1);
        assert!(answer(&mut pending, late.0, false, 'b'));
        assert!(matches!(outcome(&late), Poll::Ready(Ok('b'))));
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
        assert!(outcome(&soon).is_pending());
        pending.expire(later(2), &mut wakers);
        assert_eq!(wakers.len(), 1);
        let Poll::Ready(Err(error)) = outcome(&soon) else {
            panic!("not expired")
        };
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::Timeout, Some(soon.0))
        );
        assert!(outcome(&late).is_pending());
        assert!(pending.earliest().is_some_and(|at| at > later(50)));
    }

    #[test]
    fn a_slot_is_used_again_once_its_caller_has_let_go_of_it() {
        let mut pending = Pending::new(BY_ID);
        let slow = insert(&mut pending, later(1));
        answer(&mut pending, slow.0, false, 's');
        let second = insert(&mut pending, later(1));
        assert!(!Arc::ptr_eq(&slow.1, &second.1));
        assert!(matches!(outcome(&slow), Poll::Ready(Ok('s'))));
        let slot = Arc::as_ptr(&slow.1);
        drop(slow);
        let third = insert(&mut pending, later(1));
        assert_eq!(Arc::as_ptr(&third.1), slot);
        assert!(outcome(&third).is_pending());
    }

    #[test]
    fn a_slot_wakes_the_caller_that_it_was_given_with_new_or_used_again() {
        let mut pending = Pending::<()>::new(BY_ID);
        let task = Waker::from(Arc::<Task>::default());
        for _ in 0..2 {
            let id = pending.next_id();
            let (slot, _) = pending.insert(id, later(1), Some(task.clone()));
            let Answered::Call(answered) = pending.answer(id, false) else {
                panic!("not a call")
            };
            let woken = answered.complete(Ok(())).expect("a caller");
            assert!(woken.will_wake(&task));
            drop(slot);
            pending.recycle([answered]);
        }
        assert_eq!(pending.spare.len(), 1);
    }

    #[test]
    fn memory_of_a_burst_is_given_back() {
        let mut pending = Pending::<()>::new(BY_ID);
        let calls: Vec<_> = (0..100_000)
            .map(|_| insert(&mut pending, later(1)))
            .collect();
        calls
            .iter()
            .for_each(|(id, slot)| pending.forget(*id, slot));
        let (calls, spare) = (pending.calls.capacity(), pending.spare.capacity());
        assert!(calls <= 2048 && spare <= 2048, "{calls} {spare}");
    }
}
