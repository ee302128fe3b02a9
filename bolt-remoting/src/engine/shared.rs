//! What the connection's task and its many callers share, behind one short lock.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Wake, Waker};

use bolt_codec::{CodecError, Frame, FrameKind, Protocol, Role};
use bytes::Bytes;
use futures::task::ArcWake;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::handling::Ended;
use super::load::Load;
use super::outbox::Prepared;
use super::pending::Gauge;
use super::relay::{self, Relay, Runner};
use super::room::Room;
use super::state::{Phase, State};
use super::stats::Counters;
use crate::config::ConnectionConfig;
use crate::{Address, CloseReason, Error, ErrorKind, Extensions};

/// What a new connection is made of besides its bytes.
pub(crate) struct Setup<P: Protocol> {
    pub(crate) protocol: Arc<P>,
    pub(crate) role: Role,
    pub(crate) config: Arc<ConnectionConfig>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
    /// What the peer showed in a TLS handshake, as DER.
    pub(crate) certificates: Box<[Bytes]>,
    /// When it was accepted or dialed: a handshake may lie between then and now.
    pub(crate) began: Instant,
    /// What was dialed, on a client.
    pub(crate) address: Option<Arc<Address>>,
    pub(crate) watch: Option<Weak<dyn Watch>>,
    /// What it shares with the other connections of its server.
    pub(crate) load: Option<Arc<Load>>,
    pub(crate) family: Option<Weak<dyn Family<P>>>,
}

impl<P: Protocol> Setup<P> {
    /// Of a connection that belongs to no client or server.
    pub(crate) fn alone(protocol: Arc<P>, role: Role, config: Arc<ConnectionConfig>) -> Self {
        Self {
            protocol,
            role,
            config,
            peer: None,
            local: None,
            certificates: Box::default(),
            began: Instant::now(),
            address: None,
            watch: None,
            load: None,
            family: None,
        }
    }
}

/// Who is told when a connection takes no new calls any more.
pub(crate) trait Watch: Send + Sync {
    /// The connection of this number has left [`Phase::Open`], perhaps because the peer asked for
    /// it. Told once, without locks held.
    fn left(&self, number: u64, goaway: bool);
}

/// Whom a connection belongs to: a client or server with its other connections.
pub(crate) trait Family<P: Protocol>: Send + Sync {
    fn member(&self, peer: SocketAddr) -> Option<Arc<Shared<P>>>;

    fn members(&self) -> Vec<Arc<Shared<P>>>;
}

/// Tells the watch when the lock has been released, like all who are to be woken.
struct Left {
    watch: Weak<dyn Watch>,
    number: u64,
    goaway: bool,
}

impl Wake for Left {
    fn wake(self: Arc<Self>) {
        if let Some(watch) = self.watch.upgrade() {
            watch.left(self.number, self.goaway);
        }
    }
}

/// One connection, as seen from everywhere but its own task.
///
/// Aligned so that the count of its handles, which changes with every call, is on no cache line that
/// others want to read.
#[repr(align(64))]
pub(crate) struct Shared<P: Protocol> {
    pub(crate) protocol: Arc<P>,
    pub(crate) session: P::Session,
    pub(crate) role: Role,
    pub(crate) config: Arc<ConnectionConfig>,
    pub(crate) number: u64,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) certificates: Box<[Bytes]>,
    pub(crate) address: Option<Arc<Address>>,
    pub(crate) load: Option<Arc<Load>>,
    watch: Option<Weak<dyn Watch>>,
    pub(crate) family: Option<Weak<dyn Family<P>>>,
    /// The one that the connection's task runs on.
    pub(crate) runtime: Handle,
    /// Locked for moments only, never across I/O or user code other than the protocol's encoder.
    state: Mutex<State<P>>,
    /// Whether the state's phase is the first one, for those who don't need the lock otherwise.
    open: AtomicBool,
    /// Requests that the connection's task has begun to handle and that are not counted as in flight
    /// yet: a batch at most.
    handling: AtomicU32,
    /// Own calls without an outcome, for those without the lock.
    pub(crate) waiting: Gauge,
    /// Cancelled once the connection's task has ended.
    pub(crate) ended: CancellationToken,
    /// Where this end waits for the peer's greeting: cancelled once that has come, or can't come
    /// any more.
    pub(crate) greeted: Option<CancellationToken>,
    pub(crate) counters: Counters,
    /// What users keep with the connection.
    pub(crate) attributes: Mutex<Extensions>,
}

/// A frame that was not queued, and why.
pub(crate) enum Rejected<F> {
    /// No room now.
    Full(Prepared<F>),
    /// No calls are taken any more.
    Closed(Prepared<F>, Error),
    Failed(Error),
}

/// A call that is under way.
pub(crate) struct Queued {
    pub(crate) id: u64,
    /// Where its outcome will be.
    pub(crate) place: usize,
}

impl<P: Protocol> Shared<P> {
    pub(crate) fn new(
        setup: Setup<P>,
        session: P::Session,
        encoder: P::Encoder,
        number: u64,
    ) -> Self {
        let state = State::new(encoder, &setup.config);
        let awaits_greeting = setup.protocol.awaits_greeting(setup.role);
        Self {
            protocol: setup.protocol,
            session,
            role: setup.role,
            waiting: state.pending.gauge(),
            state: Mutex::new(state),
            config: setup.config,
            number,
            peer: setup.peer,
            local: setup.local,
            certificates: setup.certificates,
            address: setup.address,
            watch: setup.watch,
            load: setup.load,
            family: setup.family,
            runtime: Handle::current(),
            open: AtomicBool::new(true),
            handling: AtomicU32::new(0),
            ended: CancellationToken::new(),
            greeted: awaits_greeting.then(CancellationToken::new),
            counters: Counters::default(),
            attributes: Mutex::default(),
        }
    }

    /// Queues this end's greeting, before anybody else can queue anything.
    pub(crate) fn greet(&self) {
        let Some(greeting) = self.protocol.greeting(self.role, &self.session) else {
            return;
        };
        let queued = self.lock().outbox.push(Prepared::new(greeting));
        if let Err(error) = queued {
            self.close(Error::closed(CloseReason::Codec(error)));
        }
    }

    /// The peer's greeting has come.
    pub(crate) fn hear_greeting(&self, greeting: P::Frame) -> Result<(), CodecError> {
        self.protocol.greeted(greeting, &self.session)?;
        if let Some(greeted) = &self.greeted {
            greeted.cancel();
        }
        Ok(())
    }

    /// Encoders are the only foreign code under the lock, and a frame that one leaves half way is
    /// rolled back, so a poisoned lock is as good as any.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether new calls are possible for anybody.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// What a call or a frame without answer takes.
    pub(crate) fn needs(frame: &Prepared<P::Frame>, calls: usize) -> Room {
        Room {
            bytes: frame.len(),
            calls,
        }
    }

    /// Registers a call and queues its frame, both or neither. `caller` is woken by the outcome without
    /// having asked for it.
    pub(crate) fn queue_call(
        &self,
        mut frame: Prepared<P::Frame>,
        deadline: Instant,
        turn: Option<u64>,
        caller: Option<Waker>,
    ) -> Result<Queued, Rejected<P::Frame>> {
        let mut state = self.lock();
        if let Some(error) = self.closed(&state) {
            return Err(Rejected::Closed(frame, error));
        }
        if !state.admits(Self::needs(&frame, 1), turn) {
            return Err(Rejected::Full(frame));
        }
        let id = state.pending.next_id();
        frame.frame.set_id(id);
        self.push(&mut state, frame)?;
        // Not before: an encoder may panic.
        let (place, first_to_expire) = state.pending.insert(id, deadline, caller);
        let waker = if first_to_expire {
            state.rouse()
        } else {
            state.rouse_to_write()
        };
        drop(state);
        wake(waker);
        Ok(Queued { id, place })
    }

    /// Queues a frame that gets no answer.
    pub(crate) fn queue_oneway(
        &self,
        mut frame: Prepared<P::Frame>,
        turn: Option<u64>,
    ) -> Result<(), Rejected<P::Frame>> {
        let mut state = self.lock();
        if let Some(error) = self.closed(&state) {
            return Err(Rejected::Closed(frame, error));
        }
        if !state.admits(Self::needs(&frame, 0), turn) {
            return Err(Rejected::Full(frame));
        }
        if frame.frame.kind() == FrameKind::Oneway {
            frame.frame.set_id(state.pending.next_id());
        }
        self.push(&mut state, frame)?;
        let waker = state.rouse_to_write();
        drop(state);
        wake(waker);
        Ok(())
    }

    fn push(
        &self,
        state: &mut State<P>,
        frame: Prepared<P::Frame>,
    ) -> Result<(), Rejected<P::Frame>> {
        state.outbox.push(frame).map_err(|error| {
            let failed = Error::new(ErrorKind::Send, error.to_string()).with_source(error);
            Rejected::Failed(failed.with_call(self.peer, None, false))
        })
    }

    /// Why there may be no new calls.
    pub(crate) fn closed(&self, state: &State<P>) -> Option<Error> {
        let error = match state.phase() {
            _ if state.takes_calls() => return None,
            Phase::Draining { .. } if self.is_handling() => return None,
            Phase::Open | Phase::Draining { .. } => Error::closed(CloseReason::Local),
            Phase::GoingAway => Error::closed(CloseReason::GoAway),
            Phase::Closed(error) => error.clone(),
        };
        Some(error.with_call(self.peer, None, false))
    }

    /// Requests of the peer that were cut off, or would be if everything ended now.
    pub(crate) fn cut_off(&self) -> usize {
        let state = self.lock();
        let running = || state.inbound.running() + self.handling.load(Ordering::Relaxed) as usize;
        state.cut_off().unwrap_or_else(running)
    }

    /// Only the connection's task does this.
    pub(crate) fn set_handling(&self, requests: usize) {
        self.handling.store(requests as u32, Ordering::Relaxed);
    }

    fn is_handling(&self) -> bool {
        self.handling.load(Ordering::Relaxed) > 0
    }

    /// Requests of the peer have ended.
    pub(crate) fn finish(&self, requests: impl IntoIterator<Item = Ended<P::Frame>>) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        for request in requests {
            state.finish(request, &mut wakers);
        }
        let waker = match state.phase() {
            // The end may wait for it, however little can be written.
            Phase::Closed(_) => state.rouse(),
            _ => state.rouse_to_write(),
        };
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        wake(waker);
    }

    fn enter(&self, state: &mut State<P>, phase: Phase, wakers: &mut Vec<Waker>) {
        let goaway = matches!(phase, Phase::GoingAway);
        state.enter(phase, wakers);
        let was_open = self.open.swap(false, Ordering::AcqRel);
        if let Some(watch) = self.watch.as_ref().filter(|_| was_open) {
            wakers.push(Waker::from(Arc::new(Left {
                watch: Weak::clone(watch),
                number: self.number,
                goaway,
            })));
        }
    }

    /// The peer wants no new calls.
    pub(crate) fn go_away(&self, state: &mut State<P>, wakers: &mut Vec<Waker>) {
        if state.is_open() {
            self.enter(state, Phase::GoingAway, wakers);
        }
    }

    /// No new calls in either direction; those in flight, and those that they need, may go on until
    /// `until`. Another drain can only bring that forward.
    pub(crate) fn drain(&self, until: Instant) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        if matches!(state.phase(), Phase::Open | Phase::GoingAway) && self.config.send_goaway {
            self.send_go_away(&mut state);
        }
        let until = match state.phase() {
            Phase::Draining { until: earlier } => until.min(*earlier),
            _ => until,
        };
        if !matches!(state.phase(), Phase::Closed(_)) {
            self.enter(&mut state, Phase::Draining { until }, &mut wakers);
        }
        wakers.extend(state.rouse());
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Asks the peer for no new requests.
    fn send_go_away(&self, state: &mut State<P>) {
        let Some(mut frame) = self.protocol.go_away(&self.session) else {
            return;
        };
        frame.set_id(state.pending.next_id());
        if let Err(error) = state.outbox.push(Prepared::new(frame)) {
            tracing::warn!(protocol = P::NAME, %error, "a GOAWAY can't be sent");
        }
    }

    /// Ends all calls with `error`, now; the first reason given stays.
    pub(crate) fn close(&self, error: Error) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        if !matches!(state.phase(), Phase::Closed(_)) {
            let error = error.with_call(self.peer, None, false);
            // First, so that whoever finds that its call has ended is given another connection.
            self.enter(&mut state, Phase::Closed(error.clone()), &mut wakers);
            state.pending.fail_all(&error, &mut wakers);
        }
        wakers.extend(state.rouse());
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        if let Some(greeted) = &self.greeted {
            greeted.cancel();
        }
    }

    #[cfg(test)]
    pub(super) fn is_locked(&self) -> bool {
        self.state.try_lock().is_err()
    }
}

impl<P: Protocol> Runner for Shared<P> {
    fn run(&self, relay: Option<&Arc<Relay>>) -> bool {
        let mut state = self.lock();
        let passes_on = relay.is_some_and(|relay| state.join(relay));
        let waker = state.rouse_to_read();
        drop(state);
        wake(waker);
        passes_on
    }
}

/// Wakes a server's connection for what there is to read. Transports may keep the waker for longer
/// than the connection lives.
pub(super) struct Reader<P: Protocol>(Weak<Shared<P>>);

impl<P: Protocol> Reader<P> {
    /// Of a server's connection. With one thread there is none to be roused, and its task is woken as
    /// any other.
    pub(super) fn of(shared: &Arc<Shared<P>>) -> Option<Arc<Self>> {
        let threads = shared.runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
        (shared.role == Role::Server && threads).then(|| Arc::new(Self(Arc::downgrade(shared))))
    }
}

impl<P: Protocol> ArcWake for Reader<P> {
    fn wake_by_ref(reader: &Arc<Self>) {
        if let Some(shared) = reader.0.upgrade() {
            relay::start(shared);
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
