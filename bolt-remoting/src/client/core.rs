//! What a client, its pools and their keepers share.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use bolt_codec::{Protocol, Role};
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::book::{Book, Opened};
use super::config::PoolConfig;
use super::dial::{Connector, Dialed, Fresh};
use super::pool::{Pool, Step};
use super::select::Select;
use crate::config::ConnectionConfig;
use crate::engine::handler::FrameHandler;
use crate::engine::shared::{Setup, Watch};
use crate::events::ConnectionEvent;
use crate::registry::Registry;
use crate::time::{after, deadline};
use crate::{Address, Connection, Error, ErrorKind, Result, net};

pub(crate) type ProtocolOf<P> = dyn Fn(&Address) -> Result<Arc<P>> + Send + Sync;
pub(crate) type Adjust = dyn Fn(&Address, &mut ConnectionConfig) + Send + Sync;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Prepare<P> =
    dyn Fn(Connection<P>) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync;

/// The part of an age that chance may take off.
const AGE_SPREAD: f64 = 0.2;
/// Calls that chose a connection just before it left its pool have this long to get onto it.
const FAREWELL: Duration = Duration::from_millis(100);
/// How long calls on it may go on, whatever their deadlines.
const LONGEST_FAREWELL: Duration = Duration::from_secs(3600);

pub(crate) struct Core<P: Protocol> {
    pub(crate) protocol_of: Box<ProtocolOf<P>>,
    pub(crate) handler: Arc<dyn FrameHandler<P>>,
    pub(crate) config: Arc<ConnectionConfig>,
    pub(crate) adjust: Option<Box<Adjust>>,
    pub(crate) settings: PoolConfig,
    pub(crate) select: Arc<dyn Select<P>>,
    pub(crate) connector: Connector,
    pub(crate) prepare: Option<Box<Prepare<P>>>,
    /// The client's own: connections live there, and calls from plain threads go on there.
    pub(crate) runtime: Option<Handle>,
    pub(crate) registry: Arc<Registry<P>>,
    pub(crate) book: Book<P>,
    /// Ends all keepers, and with them all dials.
    pub(crate) end: CancellationToken,
}

/// What the connections to one address are made with.
pub(crate) struct Recipe<P: Protocol> {
    pub(crate) protocol: Arc<P>,
    pub(crate) config: Arc<ConnectionConfig>,
    pub(crate) handler: Arc<dyn FrameHandler<P>>,
}

impl<P: Protocol> Clone for Recipe<P> {
    fn clone(&self) -> Self {
        Self {
            protocol: Arc::clone(&self.protocol),
            config: Arc::clone(&self.config),
            handler: Arc::clone(&self.handler),
        }
    }
}

impl<P: Protocol> Core<P> {
    fn recipe(&self, address: &Address) -> Result<Recipe<P>> {
        let config = match &self.adjust {
            None => Arc::clone(&self.config),
            Some(adjust) => {
                let mut config = (*self.config).clone();
                adjust(address, &mut config);
                Arc::new(config)
            }
        };
        Ok(Recipe {
            protocol: (self.protocol_of)(address)?,
            config,
            handler: Arc::clone(&self.handler),
        })
    }

    /// The pool of an address in words.
    pub(crate) fn pool(self: &Arc<Self>, text: &str) -> Result<Arc<Pool<P>>> {
        match self.book.known(text) {
            Some(pool) => Ok(pool),
            None => self.open(text, text.parse()?),
        }
    }

    fn open(self: &Arc<Self>, text: &str, address: Address) -> Result<Arc<Pool<P>>> {
        let recipe = self.recipe(&address)?;
        let select = self.select.for_address(&address);
        let select = select.unwrap_or_else(|| Arc::clone(&self.select));
        let make = |address| Pool::new(address, recipe, select, self);
        let Opened { pool, evicted } = self.book.open(text, address, make)?;
        if let Some(evicted) = evicted {
            tracing::debug!(address = %evicted.address, "let go: there are too many addresses");
            evicted.close(self.settings.drain_grace);
        }
        Ok(pool)
    }

    /// A connection of `pool`, or of the one that has taken its place.
    pub(crate) async fn connect(
        self: &Arc<Self>,
        pool: &Arc<Pool<P>>,
        deadline: Instant,
    ) -> Result<Connection<P>> {
        let mut pool = Arc::clone(pool);
        loop {
            if let Some(connection) = pool.connect(self, deadline).await? {
                return Ok(connection);
            }
            let address = Arc::clone(&pool.address);
            pool = self.open(Address::as_ref(&address), (*address).clone())?;
        }
    }

    /// A connection that belongs to no pool.
    pub(crate) async fn standalone(self: &Arc<Self>, address: Address) -> Result<Connection<P>> {
        let recipe = self.recipe(&address)?;
        let address = Arc::new(address);
        let dialing = Arc::clone(self).dial(recipe, Arc::clone(&address), self.registry.watch());
        // It ends with this future.
        let mut dials = JoinSet::new();
        dials.spawn_on(dialing, &self.home());
        let outcome = dials.join_next().await.expect("there is one");
        Ok(self.outcome(&address, outcome)?.keep())
    }

    /// Where new connections live: on the client's own runtime, or, if it has none or that one has
    /// ended, on the caller's.
    fn home(&self) -> Handle {
        let lives = |runtime: &&Handle| {
            // One that has ended drops its tasks at once.
            let task = runtime.spawn(std::future::pending::<()>());
            let lives = !task.is_finished();
            task.abort();
            lives
        };
        let own = self.runtime.as_ref().filter(lives);
        own.cloned().unwrap_or_else(Handle::current)
    }

    /// Connects and makes the connection ready for callers, all of it within the connect timeout.
    async fn dial(
        self: Arc<Self>,
        recipe: Recipe<P>,
        address: Arc<Address>,
        watch: Option<Weak<dyn Watch>>,
    ) -> Result<Fresh<P>> {
        let limit = address.connect_timeout();
        let limit = limit.unwrap_or(self.settings.connect_timeout);
        let until = deadline(limit);
        let dialed = self.connector.dial(&address, limit).await?;
        let fresh = Fresh::new(self.start(dialed, recipe, Arc::clone(&address), watch));
        let failed = |why: String| {
            let text = format!("can't connect to {address}{why}");
            Error::new(ErrorKind::Connect, text)
        };
        match timeout_at(until, self.make_ready(&fresh)).await {
            Ok(Ok(())) => Ok(fresh),
            Ok(Err(why)) => Err(failed(format!(": {why}")).with_source(why)),
            Err(_) => Err(failed(format!(
                " within {limit:?}: it was still being prepared"
            ))),
        }
    }

    /// What comes between connecting and the first call.
    async fn make_ready(&self, fresh: &Fresh<P>) -> Result<(), BoxError> {
        fresh.connection().greeted().await?;
        match &self.prepare {
            Some(prepare) => prepare(fresh.connection().clone()).await,
            None => Ok(()),
        }
    }

    /// The one place where a stream becomes a connection.
    fn start(
        &self,
        dialed: Dialed,
        recipe: Recipe<P>,
        address: Arc<Address>,
        watch: Option<Weak<dyn Watch>>,
    ) -> Connection<P> {
        let (peer, local) = dialed.addresses();
        let setup = Setup {
            protocol: recipe.protocol,
            role: Role::Client,
            config: recipe.config,
            peer,
            local,
            certificates: dialed.certificates(),
            address: Some(address),
            watch,
            load: None,
            family: Some(self.registry.family()),
            began: Instant::now(),
        };
        let handler = recipe.handler;
        match dialed {
            Dialed::Network(net::Stream::Tcp(stream)) => {
                self.registry.spawn(stream, setup, handler)
            }
            #[cfg(feature = "tls")]
            Dialed::Network(net::Stream::Tls(stream)) => {
                self.registry.spawn(stream, setup, handler)
            }
            Dialed::Other(stream) => self.registry.spawn(stream.io, setup, handler),
        }
    }

    fn tell_failure(&self, address: &Arc<Address>, error: &Error) {
        tracing::debug!(protocol = P::NAME, %address, %error, "dialing failed");
        self.registry.tell(|| ConnectionEvent::ConnectFailed {
            address: Arc::clone(address),
            error: error.clone(),
        });
    }

    // ---- the keeper ----------------------------------------------------------------------------

    /// Starts the task that keeps a pool's connections until the pool is closed. What it returns is
    /// cancelled once that task is no more, be it that its runtime has ended.
    pub(crate) fn keep(self: &Arc<Self>, pool: &Arc<Pool<P>>) -> CancellationToken {
        let keeper = pool.end.child_token();
        let (core, pool, end) = (Arc::clone(self), Arc::clone(pool), keeper.clone());
        let ended = keeper.clone().drop_guard();
        let home = self.home();
        let _at_home = home.enter();
        self.registry.track(async move {
            let _ended = ended;
            // Given by reference it is held once, not twice.
            let run = pin!(core.run(&pool));
            end.run_until_cancelled(run).await;
        });
        keeper
    }

    async fn run(self: &Arc<Self>, pool: &Arc<Pool<P>>) {
        let mut dials = JoinSet::new();
        loop {
            let wait = match pool.step(self, Instant::now()) {
                Step::Dial(count) => {
                    for _ in 0..count {
                        dials.spawn(self.dial_for(pool));
                    }
                    continue;
                }
                Step::Wait(until) => until,
                Step::LetGo => {
                    tracing::debug!(address = %pool.address, "let go: nobody has used it");
                    self.let_go(pool);
                    return;
                }
                Step::End => return,
            };
            let mut woken = pin!(pool.wake.notified());
            let mut alarm = pin!(wait.map(tokio::time::sleep_until));
            let next = poll_fn(|cx| {
                if let Poll::Ready(Some(outcome)) = dials.poll_join_next(cx) {
                    return Poll::Ready(Some(outcome));
                }
                let alarm = alarm.as_mut().as_pin_mut();
                let rings = alarm.is_some_and(|alarm| alarm.poll(cx).is_ready());
                if rings || woken.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                Poll::Pending
            });
            if let Some(outcome) = next.await {
                self.dialed(pool, outcome);
            }
        }
    }

    fn dial_for(
        self: &Arc<Self>,
        pool: &Arc<Pool<P>>,
    ) -> impl Future<Output = Result<Fresh<P>>> + Send + use<P> {
        let recipe = pool.recipe.clone();
        let watch = Arc::downgrade(pool) as Weak<dyn Watch>;
        let (core, address) = (Arc::clone(self), Arc::clone(&pool.address));
        core.dial(recipe, address, Some(watch))
    }

    /// What has become of the task of a dial, told to those who listen if it failed.
    fn outcome(
        &self,
        address: &Arc<Address>,
        outcome: Result<Result<Fresh<P>>, JoinError>,
    ) -> Result<Fresh<P>> {
        let outcome = outcome.unwrap_or_else(|lost| {
            let why = if lost.is_panic() {
                "connecting panicked"
            } else {
                "the runtime has ended"
            };
            let text = format!("can't connect to {address}: {why}");
            Err(Error::new(ErrorKind::Connect, text).with_source(lost))
        });
        outcome.inspect_err(|error| self.tell_failure(address, error))
    }

    fn dialed(&self, pool: &Arc<Pool<P>>, outcome: Result<Result<Fresh<P>>, JoinError>) {
        let outcome = self.outcome(&pool.address, outcome);
        let failed = outcome.is_err();
        let until = self.settings.max_connection_age.map(|age| {
            let age = age.mul_f64(1.0 - AGE_SPREAD * fastrand::f64());
            after(Instant::now(), age)
        });
        pool.dialed(outcome, until);
        if failed {
            pool.disappoint();
        }
    }

    fn let_go(&self, pool: &Arc<Pool<P>>) {
        self.book.remove(pool);
        pool.close(self.settings.drain_grace);
    }

    /// No pools any more, and no dials.
    pub(crate) fn shut(&self, grace: Duration) {
        // Whoever waits for a connection finds its pool closed, and no other.
        for pool in self.book.shut() {
            pool.close(grace);
        }
        self.end.cancel();
    }

    /// Drains connections that others have taken the place of: nothing urges their calls.
    pub(crate) fn retire(&self, connections: Vec<Connection<P>>) {
        let grace = self.settings.drain_grace;
        if !connections.is_empty() {
            self.registry.track(async move {
                tokio::time::sleep(FAREWELL).await;
                connections
                    .iter()
                    .for_each(|connection| connection.retire(grace, LONGEST_FAREWELL));
            });
        }
    }
}
