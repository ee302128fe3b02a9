//! Received frames to whom they are for.

use std::sync::Arc;
use std::task::Context;

use bolt_codec::{CodecError, Correlation, Frame, FrameKind, Protocol, Refusal};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::desk::Desk;
use super::handler::{Answering, FrameContext, FrameHandler, Outcome, Panicked};
use super::handling::{Ended, Group, Handling, LARGEST_GROUP, prepare};
use super::inbound::Ticket;
use super::load::Load;
use super::outbox::Prepared;
use super::pending::Answered;
use super::shared::Shared;
use super::stats::add;
use super::wakers::Wakers;
use crate::Connection;
use crate::error::CloseReason;

/// Frames that are settled together: so many answers at most are made before anybody looks whether
/// the peer takes them, and callers wait for the lock no longer than this takes.
const BATCH: usize = 32;
/// After a request of more bytes than this that has to wait it is looked at once whether others may run.
const LARGE: usize = 64 * 1024;

/// Gives requests to the handler and answers to their calls, [`BATCH`] frames of a read at a time.
pub(crate) struct Dispatch<P: Protocol> {
    shared: Arc<Shared<P>>,
    handler: Arc<dyn FrameHandler<P>>,
    /// Boxes of handlers that have ended later, for the next ones.
    spares: Vec<Answering<P::Frame>>,
    /// Handlers that did not finish at once; some may have ended since.
    tasks: Vec<AbortHandle>,
    gone_away: bool,
    /// Handlers that did not finish at once, and those among them that are settled: a read's become
    /// one task, if they are not too many.
    unfinished: Vec<Handling<P>>,
    waiting: Vec<Handling<P>>,
    /// Callers, and whoever else is to be woken once the lock is released.
    pub(super) wakers: Wakers,
    /// Whether callers may wait until the turn's reads are over, and be woken in parts.
    in_turn: bool,
    admission: Admission,
    piling_up: bool,
    /// What the protocol has against the peer's greeting.
    unwelcome: Option<CodecError>,
}

/// Whether requests may run until the next look at the shared state.
enum Admission {
    /// That look is due.
    Unknown,
    /// So many more. Small, for the memory of idle connections.
    Room(u32),
    Refuse(Refusal),
}

impl<P: Protocol> Dispatch<P> {
    pub(crate) fn new(shared: Arc<Shared<P>>, handler: Arc<dyn FrameHandler<P>>) -> Self {
        Self {
            wakers: Wakers::new(&shared.runtime),
            shared,
            handler,
            spares: Vec::new(),
            tasks: Vec::new(),
            gone_away: false,
            unfinished: Vec::new(),
            waiting: Vec::new(),
            in_turn: false,
            admission: Admission::Unknown,
            piling_up: false,
            unwelcome: None,
        }
    }

    /// Gives what [`end_batch`](Self::end_batch) takes.
    pub(crate) fn begin_batch(&mut self) -> Box<Desk<P>> {
        let mut desk = Desk::take();
        desk.reply.swap_spares(&mut self.spares);
        self.in_turn = true;
        // As long as there was room it can only have grown since: what takes it begins here.
        if !matches!(self.admission, Admission::Room(1..)) || !self.shared.is_open() {
            self.admission = Admission::Unknown;
        }
        desk
    }

    /// A frame has come, which took so many bytes.
    pub(crate) fn on_frame(
        &mut self,
        desk: &mut Desk<P>,
        frame: P::Frame,
        bytes: usize,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        match frame.kind() {
            FrameKind::Response | FrameKind::HeartbeatAck => {
                desk.received.push(frame);
            }
            FrameKind::Request | FrameKind::Oneway => self.on_request(desk, frame, bytes, cx, now),
            FrameKind::Heartbeat => {
                add(&self.shared.counters.heartbeats_received, 1);
                if let Some(ack) = self.shared.protocol.heartbeat_ack(&frame) {
                    self.answer(desk, prepare(Ok(Some(ack)), None));
                }
            }
            FrameKind::GoAway => self.gone_away = true,
            FrameKind::Greeting => self.unwelcome = self.shared.hear_greeting(frame).err(),
            _ => add(&self.shared.counters.unknown_frames, 1),
        }
        if desk.received.len() + desk.answers.len() + self.unfinished.len() >= BATCH {
            self.settle(desk);
        }
    }

    fn on_request(
        &mut self,
        desk: &mut Desk<P>,
        frame: P::Frame,
        bytes: usize,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        // Its handler may take long.
        if std::mem::take(&mut self.in_turn) {
            self.wakers.wake_all_callers();
        }
        let wants_answer = frame.kind() == FrameKind::Request;
        if matches!(self.admission, Admission::Unknown) {
            self.settle(desk);
        }
        let refusal = match self.admission {
            Admission::Room(0) | Admission::Unknown => Some(Refusal::Busy),
            Admission::Room(_) if self.shared.load.as_ref().is_some_and(|load| load.is_full()) => {
                Some(Refusal::Busy)
            }
            Admission::Room(_) => None,
            Admission::Refuse(why) => Some(why),
        };
        if let Some(why) = refusal {
            add(&self.shared.counters.requests_refused, 1);
            if wants_answer {
                let refusal = self.shared.protocol.refuse(&frame, why);
                self.answer(desk, prepare(Ok(refusal), None));
            }
            return;
        }
        let on_panic = if wants_answer && !self.handler.catches_panics() {
            self.shared.protocol.refuse(&frame, Refusal::HandlerFailed)
        } else {
            None
        };
        let context = FrameContext::new(Connection::new(Arc::clone(&self.shared)), now);
        self.shared.set_handling(self.unfinished.len() + 1);
        let outcome = desk.reply.run(&*self.handler, context, frame, cx);
        let unfinished = matches!(outcome, Outcome::Later(_));
        self.shared
            .set_handling(self.unfinished.len() + usize::from(unfinished));
        match outcome {
            Outcome::Now(answer) if wants_answer => {
                self.answer(desk, prepare(Ok(answer), on_panic));
            }
            Outcome::Panicked if wants_answer => {
                self.answer(desk, prepare(Err(Panicked), on_panic));
            }
            Outcome::Now(_) | Outcome::Panicked => {}
            Outcome::Later(answering) => {
                match &mut self.admission {
                    Admission::Room(room) if bytes <= LARGE => *room -= 1,
                    admission => *admission = Admission::Unknown,
                }
                self.unfinished.push(Handling {
                    answering: Some(answering),
                    on_panic: on_panic.map(Box::new),
                    wants_answer,
                    ticket: Ticket::of(bytes),
                    running: self.shared.load.as_ref().map(Load::begin),
                });
            }
        }
    }

    /// Sends an answer that is ready, or does without. Where answers go in order it still has to
    /// wait its turn, and a missing one ends the connection.
    fn answer(&mut self, desk: &mut Desk<P>, answer: Option<Prepared<P::Frame>>) {
        if P::CORRELATION == Correlation::InOrder {
            if !self.unfinished.is_empty() {
                // Their turn comes first.
                self.settle(desk);
            }
            let mut ticket = Ticket::of(0);
            self.shared.lock().inbound.begin(&mut ticket, true);
            self.shared.finish([Ended {
                ticket,
                answer,
                spare: None,
            }]);
        } else {
            desk.answers.extend(answer);
        }
    }

    /// A reason to close when the peer sends more than it takes, or is none to go on with.
    pub(crate) fn end_batch(&mut self, mut desk: Box<Desk<P>>) -> Option<CloseReason> {
        self.settle(&mut desk);
        desk.reply.swap_spares(&mut self.spares);
        desk.leave();
        self.spawn_group();
        let unwelcome = self.unwelcome.take().map(CloseReason::Codec);
        unwelcome.or(self.piling_up.then_some(CloseReason::WriteStalled))
    }

    /// Passes on what the batch brought, under one lock, and sees what may come next.
    fn settle(&mut self, desk: &mut Desk<P>) {
        let shared = &self.shared;
        let mut state = shared.lock();
        state.awake();
        // Dropped without the lock.
        let mut unwanted = Vec::new();
        for frame in desk.received.drain(..) {
            let is_ack = frame.kind() == FrameKind::HeartbeatAck;
            match state.pending.answer(frame.id(), is_ack) {
                Answered::Call(place) => {
                    if let Some(caller) = state.pending.complete(place, Ok(frame)) {
                        self.wakers.add_caller(caller);
                    }
                }
                Answered::Heartbeat => {
                    add(&shared.counters.heartbeats_acked, 1);
                    unwanted.push(frame);
                }
                Answered::Nobody => {
                    add(&shared.counters.late_answers, 1);
                    unwanted.push(frame);
                }
            }
        }
        for answer in desk.answers.drain(..) {
            state.answer(answer);
        }
        if std::mem::take(&mut self.gone_away) {
            shared.go_away(&mut state, self.wakers.list());
        }
        for handling in &mut self.unfinished {
            let wants_answer = handling.wants_answer;
            state.inbound.begin(&mut handling.ticket, wants_answer);
        }
        shared.set_handling(0);
        desk.reply.take_spares(&mut state.boxes);
        state.make_room(self.wakers.list());
        let config = &shared.config;
        let most = config.most_in_flight();
        self.admission = if !state.takes_requests() {
            Admission::Refuse(Refusal::ShuttingDown)
        } else if state.waiting_bytes() >= config.answer_backlog
            || state.inbound.bytes() >= config.request_backlog.max(1)
        {
            Admission::Refuse(Refusal::Busy)
        } else {
            let room = most.saturating_sub(state.in_flight());
            Admission::Room(u32::try_from(room).unwrap_or(u32::MAX))
        };
        // Refusals wait for room too: whoever provokes so many and takes none is cut off.
        self.piling_up = state.waiting_answers() > most.saturating_mul(2);
        drop(state);
        self.wakers.wake();
        if !self.in_turn {
            self.wakers.wake_all_callers();
        }
        self.waiting.append(&mut self.unfinished);
        if self.waiting.len() > LARGEST_GROUP - BATCH {
            self.spawn_group();
        }
    }

    fn spawn_group(&mut self) {
        if !self.waiting.is_empty() {
            let task = tokio::spawn(Group::new(&self.shared, self.waiting.drain(..)));
            keep(&mut self.tasks, task.abort_handle());
        }
    }

    /// Cancels what still runs.
    pub(crate) fn abort(&mut self) {
        self.shared.lock().cut_off_running();
        self.tasks.drain(..).for_each(|task| task.abort());
    }

    /// Gives back memory while nothing happens.
    pub(crate) fn release(&mut self) {
        self.tasks.retain(|task| !task.is_finished());
        self.tasks.shrink_to_fit();
        self.spares = Vec::new();
        self.unfinished = Vec::new();
        self.waiting = Vec::new();
        self.wakers.release();
    }
}

impl<P: Protocol> Drop for Dispatch<P> {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        // Not empty when the connection's task has panicked.
        drop(Group::new(&self.shared, self.waiting.drain(..)));
    }
}

/// Remembers a task, and forgets those that have ended whenever there is no room for more: so
/// seldom that it costs a task next to nothing.
fn keep(tasks: &mut Vec<AbortHandle>, task: AbortHandle) {
    const FEW: usize = 16;
    if tasks.len() == tasks.capacity() {
        tasks.retain(|task| !task.is_finished());
        tasks.reserve(tasks.len().max(FEW));
    }
    tasks.push(task);
}
