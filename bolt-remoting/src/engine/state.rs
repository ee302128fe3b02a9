//! The part of a connection that changes, and is locked for moments only.

use std::sync::Arc;
use std::task::Waker;

use bolt_codec::{Correlation, Protocol};
use tokio::time::Instant;

use super::handler::Answering;
use super::handling::{Ended, LARGEST_GROUP};
use super::inbound::{Gap, Inbound};
use super::outbox::{Outbox, Prepared};
use super::pending::Pending;
use super::relay::Relay;
use super::room::{Line, Room};
use crate::config::ConnectionConfig;
use crate::{CloseReason, Error};

pub(crate) struct State<P: Protocol> {
    pub(crate) pending: Pending<P::Frame>,
    pub(crate) outbox: Outbox<P::Encoder>,
    pub(crate) inbound: Inbound<Prepared<P::Frame>>,
    pub(crate) line: Line,
    /// Boxes of handlers that have ended as tasks, for the next ones.
    pub(crate) boxes: Vec<Answering<P::Frame>>,
    max_calls: usize,
    /// Requests that were cut off, once that is settled. Small, for the memory of idle connections.
    cut_off: Option<u32>,
    phase: Phase,
    sleeper: Sleeper,
}

/// How far a connection's life has come.
#[derive(Debug)]
pub(crate) enum Phase {
    Open,
    /// The peer wants no new requests: what is in flight goes on.
    GoingAway,
    /// This end shuts down: no new requests in either direction but those that others in flight
    /// cannot end without.
    Draining {
        until: Instant,
    },
    /// No answers any more. Set before the task has ended.
    Closed(Error),
}

/// The connection's task, as those see it who may have to wake it.
#[derive(Default)]
struct Sleeper {
    waker: Option<Waker>,
    /// It is asleep and nobody has woken it yet, but perhaps the transport. Otherwise it looks at
    /// everything before it sleeps.
    asleep: bool,
    /// The transport takes no bytes now, so that waking it for more of them is useless.
    write_blocked: bool,
    /// What it is to pass on when its next turn begins.
    relay: Option<Arc<Relay>>,
}

impl<P: Protocol> State<P> {
    pub(crate) fn new(encoder: P::Encoder, config: &ConnectionConfig) -> Self {
        let in_order = P::CORRELATION == Correlation::InOrder;
        Self {
            pending: Pending::new(P::CORRELATION),
            outbox: Outbox::new(encoder, config.outbox_limit, in_order),
            inbound: Inbound::new(P::CORRELATION),
            line: Line::default(),
            boxes: Vec::new(),
            max_calls: config.most_in_flight().min(most_calls(P::CORRELATION)),
            cut_off: None,
            phase: Phase::Open,
            sleeper: Sleeper::default(),
        }
    }

    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether calls may begin: while this end drains, none but those that a request of the peer may
    /// need for its answer.
    pub(crate) fn takes_calls(&self) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Draining { .. } => self.inbound.running() > 0,
            Phase::GoingAway | Phase::Closed(_) => false,
        }
    }

    /// Whether requests of the peer may run: while this end drains, none but those that the peer may
    /// need to answer a call.
    pub(crate) fn takes_requests(&self) -> bool {
        match self.phase {
            Phase::Open | Phase::GoingAway => true,
            Phase::Draining { .. } => self.pending.waiting() > 0,
            Phase::Closed(_) => false,
        }
    }

    /// Enters a later phase, in which new calls may be impossible: whoever waits for room is told.
    /// Only [`Shared`](super::shared::Shared) does it, which keeps count.
    pub(super) fn enter(&mut self, phase: Phase, wakers: &mut Vec<Waker>) {
        self.phase = phase;
        self.line.dissolve(wakers);
    }

    // ---- room ----------------------------------------------------------------------------------

    /// Whether a frame may be queued now: by whom a turn was given to, or when nobody waits.
    pub(crate) fn admits(&mut self, needs: Room, turn: Option<u64>) -> bool {
        if turn.is_some_and(|number| self.line.come(number)) {
            return true;
        }
        self.line.first().is_none()
            && self.outbox.first_deferred().is_none()
            && self.has_place(needs)
            && self.has_bytes(needs.bytes)
    }

    /// Lets in whoever is first in the line, as many as there is room for: callers, who are told,
    /// and answers, which are encoded.
    pub(crate) fn make_room(&mut self, wakers: &mut Vec<Waker>) {
        loop {
            let caller = self.first_caller();
            match (caller, self.outbox.first_deferred()) {
                (Some((number, needs)), answer) if answer.is_none_or(|(n, _)| number < n) => {
                    if !self.has_bytes(needs.bytes) {
                        return;
                    }
                    wakers.extend(self.line.let_in(Instant::now()));
                }
                (_, Some((_, bytes))) if self.has_bytes(bytes) => {
                    report::<P>(self.outbox.encode_deferred());
                }
                _ => return,
            }
        }
    }

    /// The first in the line who waits for bytes. Those that wait for a place among the calls keep
    /// nobody from answering.
    fn first_caller(&self) -> Option<(u64, Room)> {
        self.line
            .first()
            .filter(|&(_, needs)| self.has_place(needs))
    }

    fn has_place(&self, needs: Room) -> bool {
        let taken = self.pending.unanswered() + self.line.set_aside().calls;
        needs.calls == 0 || taken < self.max_calls
    }

    fn has_bytes(&self, bytes: usize) -> bool {
        self.outbox.has_room(bytes, self.line.set_aside().bytes)
    }

    // ---- answers -------------------------------------------------------------------------------

    /// Queues an answer, or has it wait for room.
    pub(crate) fn answer(&mut self, answer: Prepared<P::Frame>) {
        let at_once = self.outbox.first_deferred().is_none()
            && self.first_caller().is_none()
            && self.has_bytes(answer.len());
        if at_once {
            report::<P>(self.outbox.encode_answer(answer));
        } else {
            let number = self.line.number();
            self.outbox.defer(number, answer);
        }
    }

    /// A request of the peer has ended: queues what can be sent now.
    pub(crate) fn finish(&mut self, request: Ended<P::Frame>, wakers: &mut Vec<Waker>) {
        let Ended {
            ticket,
            answer,
            spare,
        } = request;
        let closed = matches!(self.phase, Phase::Closed(_));
        if !closed && self.boxes.len() < LARGEST_GROUP {
            self.boxes.extend(spare);
        }
        // An answer that comes after its request was counted as cut off is none.
        let answer = answer.filter(|_| self.cut_off.is_none());
        let len = answer.as_ref().map_or(0, Prepared::len);
        match self.inbound.finish(ticket, answer, len) {
            Ok(mut ready) => {
                while let Some(answer) = ready {
                    self.answer(answer);
                    ready = self.inbound.next_in_turn();
                }
            }
            Err(Gap) => self.outbox.seal(),
        }
        if !self.is_open() && !self.takes_calls() {
            self.line.dissolve(wakers);
        }
    }

    /// Forgets whatever could not be sent: nothing is going to be.
    pub(crate) fn discard(&mut self) {
        self.outbox.discard();
        self.inbound.discard();
        self.pending.release();
        self.boxes = Vec::new();
    }

    /// The requests that run now are cut off: they have no answers any more.
    pub(crate) fn cut_off_running(&mut self) {
        self.cut_off.get_or_insert(self.inbound.running() as u32);
    }

    /// Nothing more is written: so are the answers of which some is among the last `left` bytes that
    /// were taken, or that were never taken.
    pub(crate) fn cut_off_unsent(&mut self, left: usize) {
        let unsent = self.inbound.held() + self.outbox.unsent_answers(left);
        *self.cut_off.get_or_insert(0) += unsent as u32;
    }

    /// Requests that were cut off.
    pub(crate) fn cut_off(&self) -> Option<usize> {
        self.cut_off.map(|requests| requests as usize)
    }

    /// Nothing is running for the peer and nothing is left to write.
    pub(crate) fn is_quiet(&self) -> bool {
        self.inbound.running() == 0 && self.outbox.is_drained()
    }

    /// Requests of the peer that are running or whose answers wait for room or for their turn.
    pub(crate) fn in_flight(&self) -> usize {
        self.inbound.running() + self.waiting_answers()
    }

    /// Answers that wait for room or for their turn.
    pub(crate) fn waiting_answers(&self) -> usize {
        self.inbound.held() + self.outbox.deferred()
    }

    /// About how many bytes they take.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.inbound.held_bytes() + self.outbox.deferred_bytes()
    }

    // ---- the task ------------------------------------------------------------------------------

    /// A turn of the task begins. What it is to pass on.
    pub(super) fn begin_turn(&mut self, waker: &Waker) -> Option<Arc<Relay>> {
        self.know(waker);
        self.sleeper.asleep = false;
        self.sleeper.relay.take()
    }

    /// The task ends. What it is to pass on.
    pub(super) fn end(&mut self) -> Option<Arc<Relay>> {
        self.sleeper.asleep = false;
        self.sleeper.waker = None;
        self.sleeper.relay.take()
    }

    /// The task runs: there is no need to wake it.
    pub(crate) fn awake(&mut self) {
        self.sleeper.asleep = false;
    }

    /// The task sleeps until it is woken; for bytes only if it can write.
    pub(crate) fn sleep(&mut self, waker: &Waker, write_blocked: bool) {
        self.sleeper.asleep = true;
        self.sleeper.write_blocked = write_blocked;
        self.know(waker);
    }

    fn know(&mut self, waker: &Waker) {
        match &mut self.sleeper.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// The sleeping task, if it is to look at what has changed.
    pub(crate) fn rouse(&mut self) -> Option<Waker> {
        if !std::mem::take(&mut self.sleeper.asleep) {
            return None;
        }
        self.sleeper.waker.clone()
    }

    /// The task, asleep or not, because there is something to read.
    pub(super) fn rouse_to_read(&self) -> Option<Waker> {
        self.sleeper.waker.clone()
    }

    /// Has the task pass `relay` on when its next turn begins, unless it is to pass one on already, or
    /// is awake, for who knows how long.
    pub(super) fn join(&mut self, relay: &Arc<Relay>) -> bool {
        let free = self.sleeper.asleep && self.sleeper.relay.is_none();
        if free {
            self.sleeper.relay = Some(Arc::clone(relay));
        }
        free
    }

    /// The sleeping task, if it can do something about newly queued bytes.
    pub(crate) fn rouse_to_write(&mut self) -> Option<Waker> {
        if self.sleeper.write_blocked && !self.outbox.is_sealed() {
            return None;
        }
        self.rouse()
    }
}

impl Phase {
    /// Why no new calls are possible, if so.
    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        match self {
            Self::Open => None,
            Self::GoingAway => Some(CloseReason::GoAway),
            Self::Draining { .. } => Some(CloseReason::Local),
            Self::Closed(error) => error.close_reason().cloned(),
        }
    }
}

/// How many calls may have ids at a time, so that there is one for a heartbeat and always another one
/// to be found.
fn most_calls(correlation: Correlation) -> usize {
    match correlation {
        Correlation::ById { max } => {
            usize::try_from(max.saturating_sub(2).max(1)).unwrap_or(usize::MAX)
        }
        _ => usize::MAX,
    }
}

fn report<P: Protocol>(encoded: Result<(), bolt_codec::CodecError>) {
    if let Err(error) = encoded {
        tracing::warn!(protocol = P::NAME, %error, "an answer can't be sent");
    }
}

#[cfg(test)]
mod tests {
    use bolt_codec::bolt::Bolt;
    use bolt_codec::{Limits, Role};

    use super::*;

    #[test]
    fn a_task_passes_one_relay_on_with_each_turn_and_none_after_its_end() {
        let (_, encoder, _) = Bolt::default().open(Role::Server, &Limits::default());
        let mut state = State::<Bolt>::new(encoder, &ConnectionConfig::server());
        let (one, two) = (Arc::<Relay>::default(), Arc::default());
        state.sleep(Waker::noop(), false);
        assert!(state.join(&one));
        assert!(!state.join(&two), "it has one already");
        let passed = state.begin_turn(Waker::noop()).unwrap();
        assert!(Arc::ptr_eq(&passed, &one));
        assert!(!state.join(&two), "it is awake");
        state.sleep(Waker::noop(), false);
        assert!(state.join(&two));
        assert!(state.end().is_some());
        assert!(!state.join(&one));
        assert!(state.rouse_to_read().is_none());
    }

    #[test]
    fn however_few_ids_there_are_one_is_always_left_to_be_found() {
        assert_eq!(most_calls(Correlation::InOrder), usize::MAX);
        for max in [3, 4, 255] {
            let correlation = Correlation::ById { max };
            let mut pending = Pending::<()>::new(correlation);
            for _ in 0..most_calls(correlation) {
                let id = pending.next_id();
                pending.insert(id, Instant::now(), None);
            }
            // Twice around, so that ids start over; the heartbeat before stays unanswered.
            for _ in 0..2 * max {
                let id = pending.next_id();
                assert!((1..=max).contains(&id));
                pending.insert_heartbeat(id);
            }
        }
    }
}
