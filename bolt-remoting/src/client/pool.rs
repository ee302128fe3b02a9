//! The connections of one address, as callers see them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bolt_codec::Protocol;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::core::{Core, Recipe};
use super::dial::Fresh;
use super::idle::{Check, Idle, Marking, Marks, USED};
use super::member::Member;
use super::plan::{Due, Standing};
use super::redial::Redial;
use super::select::Select;
use super::snapshot::PoolSnapshot;
use crate::engine::shared::Watch;
use crate::registry::Registry;
use crate::{Address, Connection, Error, ErrorKind, Result};

/// An address and its connections. Callers take connections from `shown`, without a lock; the
/// pool's keeper, a task that lives as long as the pool, is the only one who adds and removes any.
pub(crate) struct Pool<P: Protocol> {
    pub(crate) address: Arc<Address>,
    pub(crate) recipe: Recipe<P>,
    shown: ArcSwap<Vec<Connection<P>>>,
    select: Arc<dyn Select<P>>,
    pub(crate) marks: Arc<Marks>,
    state: Mutex<State<P>>,
    /// Wakes the keeper.
    pub(crate) wake: Notify,
    /// Ends the keeper.
    pub(crate) end: CancellationToken,
    registry: Arc<Registry<P>>,
}

pub(crate) struct State<P: Protocol> {
    pub(crate) members: Vec<Member<P>>,
    pub(crate) dialing: usize,
    /// Calls that wait for a connection.
    waiters: Vec<Waiter<P>>,
    /// Somebody wants connections, and will not wait for them.
    wanted_once: bool,
    /// Once it has had its first connections, or an attempt at all of them.
    opened: bool,
    pub(crate) redial: Redial,
    last_error: Option<Error>,
    idle: Idle,
    closed: bool,
    /// Cancelled when there is none any more.
    keeper: Option<CancellationToken>,
}

type Waiter<P> = oneshot::Sender<Result<Connection<P>>>;

/// What is to be done for a pool now.
pub(crate) enum Step {
    Dial(usize),
    /// Nothing before this time, if ever.
    Wait(Option<Instant>),
    /// Nobody has used it for long.
    LetGo,
    /// It has been closed.
    End,
}

impl<P: Protocol> Pool<P> {
    pub(crate) fn new(
        address: Arc<Address>,
        mut recipe: Recipe<P>,
        select: Arc<dyn Select<P>>,
        core: &Core<P>,
    ) -> Arc<Self> {
        let settings = &core.settings;
        let marks = Arc::<Marks>::default();
        recipe.handler = Arc::new(Marking {
            marks: Arc::clone(&marks),
            handler: recipe.handler,
        });
        let wanted = address.connection_num();
        let redial = Redial::new(wanted, settings.first_backoff, settings.max_backoff);
        Arc::new(Self {
            address,
            recipe,
            shown: ArcSwap::default(),
            select,
            marks,
            state: Mutex::new(State {
                members: Vec::new(),
                dialing: 0,
                waiters: Vec::new(),
                wanted_once: false,
                opened: false,
                redial,
                last_error: None,
                idle: Idle::new(settings.idle_timeout, Instant::now()),
                closed: false,
                keeper: None,
            }),
            wake: Notify::new(),
            end: core.end.child_token(),
            registry: Arc::clone(&core.registry),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- for callers ---------------------------------------------------------------------------

    /// A connection that takes calls, if there is one. The way of every call: no lock.
    pub(crate) fn ready(&self) -> Option<Connection<P>> {
        let shown = self.shown.load();
        match &shown[..] {
            [] => None,
            [one] => one.is_open().then(|| one.clone()),
            many => self.pick(many),
        }
    }

    fn pick(&self, many: &[Connection<P>]) -> Option<Connection<P>> {
        let chosen = self.select.select(many) % many.len();
        let (before, from) = many.split_at(chosen);
        let mut turns = from.iter().chain(before);
        turns.find(|connection| connection.is_open()).cloned()
    }

    /// Waits for a connection; `None` when the pool was closed meanwhile.
    pub(crate) async fn connect(
        self: &Arc<Self>,
        core: &Arc<Core<P>>,
        deadline: Instant,
    ) -> Result<Option<Connection<P>>> {
        loop {
            if let Some(connection) = self.ready() {
                return Ok(Some(connection));
            }
            let (outcome, keeper) = {
                let mut state = self.lock();
                if state.closed {
                    return Ok(None);
                }
                let (tell, outcome) = oneshot::channel();
                // While somebody waits already, the keeper has a reason to wake.
                if state.wait(tell) {
                    self.wake.notify_one();
                }
                (outcome, self.have_kept(&mut state, core))
            };
            match timeout_at(deadline, keeper.run_until_cancelled(outcome)).await {
                Ok(Some(Ok(outcome))) => return outcome.map(Some),
                // The pool was closed, or the keeper has ended with its runtime.
                Ok(_) => {}
                Err(_) => return Err(self.too_late()),
            }
        }
    }

    /// Has connections made, for nobody in particular.
    pub(crate) fn want(self: &Arc<Self>, core: &Arc<Core<P>>) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.wanted_once = true;
        self.wake.notify_one();
        self.have_kept(&mut state, core);
    }

    /// The keeper, made if there is none; must be called within a runtime.
    fn have_kept(self: &Arc<Self>, state: &mut State<P>, core: &Arc<Core<P>>) -> CancellationToken {
        if let Some(keeper) = state.keeper.as_ref().filter(|it| !it.is_cancelled()) {
            return keeper.clone();
        }
        state.dialing = 0;
        let keeper = core.keep(self);
        state.keeper = Some(keeper.clone());
        keeper
    }

    fn too_late(&self) -> Error {
        let last = self.lock().last_error.clone();
        let text = format!("no connection to {} within the deadline", self.address);
        match last {
            Some(last) => {
                let text = format!("{text}; the last attempt failed: {last}");
                Error::new(ErrorKind::Timeout, text).with_source(last)
            }
            None => Error::new(ErrorKind::Timeout, text),
        }
    }

    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        let now = Instant::now();
        let mut state = self.lock();
        state.prune_waiters();
        let open = |member: &&Member<P>| member.connection.is_open();
        let members = || state.members.iter().filter(open);
        let waits = state.redial.at(now, false).saturating_duration_since(now);
        PoolSnapshot {
            address: Arc::clone(&self.address),
            wanted: self.address.connection_num() as usize,
            live: members().count(),
            dialing: state.dialing,
            callers: state.waiters.len(),
            calls_waiting: members()
                .map(|member| member.connection.calls_waiting())
                .sum(),
            backing_off: Some(waits).filter(|waits| !waits.is_zero()),
            last_error: state.last_error.clone(),
        }
    }

    // ---- for the keeper ------------------------------------------------------------------------

    /// Looks at everything; the dials that it asks for are counted as begun.
    pub(crate) fn step(&self, core: &Core<P>, now: Instant) -> Step {
        let mut state = self.lock();
        if state.closed {
            return Step::End;
        }
        state.prune_waiters();
        state.prune_members(now);
        let retired = state.retire(self.wanted());
        let check_at = match self.check_idle(&mut state, now) {
            Check::LetGo => return Step::LetGo,
            Check::At(at) => at,
        };
        let next_aged = state.members.iter().filter_map(|member| member.until).min();
        let warm_up = self.address.warmup();
        let standing = Standing {
            wanted: self.wanted(),
            live: state.members.len(),
            dialing: state.dialing,
            awaited: state.wanted_once || !state.waiters.is_empty(),
            keep: state.opened && (core.settings.reconnect || warm_up),
            warm_up: warm_up && !state.opened,
            aged: next_aged.is_some_and(|until| until <= now),
        };
        let due = standing.due(&mut state.redial, now);
        if let Due::Dial(dials) = due {
            state.dialing += dials;
        }
        let served = self.show(&mut state);
        drop(state);
        self.serve(served);
        core.retire(retired);
        match due {
            Due::Dial(dials) => Step::Dial(dials),
            Due::At(at) => Step::Wait(earliest([Some(at), check_at])),
            Due::Nothing => {
                let aged = next_aged.filter(|_| !standing.aged);
                Step::Wait(earliest([aged, check_at]))
            }
        }
    }

    fn check_idle(&self, state: &mut State<P>, now: Instant) -> Check {
        let State {
            idle,
            members,
            waiters,
            ..
        } = state;
        idle.check(now, || {
            let busy = !waiters.is_empty() || members.iter().any(Member::is_busy);
            self.used_since_look(members, USED) || busy
        })
    }

    /// Whether the pool was used since it was asked last with this mark.
    pub(crate) fn was_used(&self, mark: u8) -> bool {
        self.used_since_look(&mut self.lock().members, mark)
    }

    fn used_since_look(&self, members: &mut [Member<P>], mark: u8) -> bool {
        for member in members {
            if member.has_new_calls() {
                // For those who look for the other mark too.
                self.marks.set();
            }
        }
        self.marks.take(mark)
    }

    /// A dial has ended.
    pub(crate) fn dialed(&self, outcome: Result<Fresh<P>>, until: Option<Instant>) {
        let now = Instant::now();
        let mut state = self.lock();
        state.dialing = state.dialing.saturating_sub(1);
        state.wanted_once = false;
        match outcome {
            Ok(fresh) if !state.closed => {
                let connection = fresh.keep();
                state.redial.connected();
                state.last_error = None;
                state.members.push(Member::new(connection, until));
            }
            Ok(fresh) => drop(fresh),
            Err(error) => {
                state.redial.failed(now, fastrand::f64());
                state.last_error = Some(error);
            }
        }
    }

    /// Shows the connections to callers; returns the calls that wait if there is something for them.
    fn show(&self, state: &mut State<P>) -> Vec<Waiter<P>> {
        // Whoever wants all connections first waits until each has been tried.
        let complete = state.members.len() >= self.wanted() || state.dialing == 0;
        if !state.members.is_empty() && (complete || !self.address.warmup()) {
            state.opened = true;
        }
        let members = state.members.iter().filter(|_| state.opened);
        let numbers = members.clone().map(|member| member.connection.number());
        let shown = self.shown.load();
        if !numbers.eq(shown.iter().map(Connection::number)) {
            let connections = members.map(|member| member.connection.clone());
            self.shown.store(Arc::new(connections.collect()));
        }
        if state.opened && !state.members.is_empty() {
            std::mem::take(&mut state.waiters)
        } else {
            Vec::new()
        }
    }

    /// Without the lock, since the choice is the user's code.
    fn serve(&self, waiters: Vec<Waiter<P>>) {
        for waiter in waiters {
            match self.ready() {
                Some(connection) => drop(waiter.send(Ok(connection))),
                // All of them were lost in this moment, which wakes the keeper again.
                None => self.lock().wait_again(waiter),
            }
        }
    }

    /// The calls that wait share the last attempt's failure, unless another one is under way.
    pub(crate) fn disappoint(&self) {
        let mut state = self.lock();
        if state.dialing > 0 || !state.members.is_empty() {
            return;
        }
        if let Some(error) = state.last_error.clone() {
            // It has been tried: from now on it is kept if it is to be kept.
            state.opened = true;
            for waiter in std::mem::take(&mut state.waiters) {
                let _ = waiter.send(Err(error.clone()));
            }
        }
    }

    fn wanted(&self) -> usize {
        self.address.connection_num() as usize
    }

    /// No more calls, no more dials; those in flight may end within `grace`. Calls that wait here
    /// look for another pool.
    pub(crate) fn close(&self, grace: Duration) {
        let members = {
            let mut state = self.lock();
            state.closed = true;
            state.waiters.clear();
            std::mem::take(&mut state.members)
        };
        self.shown.store(Arc::default());
        self.end.cancel();
        for member in members {
            member.connection.drain(grace);
        }
    }
}

impl<P: Protocol> State<P> {
    /// Whether it is the first one to wait.
    fn wait(&mut self, waiter: Waiter<P>) -> bool {
        if self.waiters.len() == self.waiters.capacity() {
            self.prune_waiters();
        }
        self.waiters.push(waiter);
        self.waiters.len() == 1
    }

    /// For one that there was nothing for. In a closed pool it is dropped, and looks for another.
    fn wait_again(&mut self, waiter: Waiter<P>) {
        if !self.closed {
            self.waiters.push(waiter);
        }
    }

    /// Forgets the calls that have given up.
    fn prune_waiters(&mut self) {
        self.waiters.retain(|waiter| !waiter.is_closed());
    }

    /// Takes out connections that take no calls any more.
    fn prune_members(&mut self, now: Instant) {
        let lost = |member: &mut Member<P>| !member.connection.is_open();
        for member in self.members.extract_if(.., lost) {
            let dice = fastrand::f64();
            self.redial
                .lost(now, member.since, member.was_of_use(), dice);
        }
    }

    /// Takes out the oldest connections of which there are too many.
    fn retire(&mut self, wanted: usize) -> Vec<Connection<P>> {
        let mut retired = Vec::new();
        while self.members.len() > wanted {
            let ages = self.members.iter().enumerate();
            let Some((oldest, _)) = ages.min_by_key(|(_, member)| member.until) else {
                break;
            };
            retired.push(self.members.remove(oldest).connection);
        }
        retired
    }
}

impl<P: Protocol> Watch for Pool<P> {
    fn left(&self, number: u64, goaway: bool) {
        self.wake.notify_one();
        self.registry.left(number, goaway);
    }
}

fn earliest(times: [Option<Instant>; 2]) -> Option<Instant> {
    times.into_iter().flatten().min()
}
