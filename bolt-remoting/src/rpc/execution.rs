use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{Either, select};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;

use super::context::RequestContext;

/// Where and when handlers run, how many of them at once, and what becomes of requests that waited
/// too long. Java: a processor's `getExecutor`, `processInIOThread`, `getExecutorSelector` and
/// `timeoutDiscard`.
///
/// [`Processors::execution`](super::Processors::execution) gives one to handlers. Clones, and the
/// handlers that share one, share its limit and its order.
///
/// ```
/// # #[cfg(feature = "hessian")] {
/// use bolt_remoting::rpc::{Execution, Processors};
///
/// // At most four reports are made at a time and sixteen wait; more are refused as busy.
/// let reports = Processors::new()
///     .handle(|_cx, name: String| async move { Ok(std::fs::read_to_string(name)?) })
///     .execution(Execution::blocking().limit(4, 16));
/// let all = Processors::new()
///     .handle(|_cx, n: i32| async move { Ok(n + 1) })
///     .merge(reports);
/// # }
/// ```
#[derive(Clone)]
pub struct Execution {
    place: Place,
    limit: Option<Arc<Limit>>,
    expired: Option<Expired>,
    detached: bool,
}

#[derive(Clone)]
enum Place {
    Connection,
    Task,
    InOrder(Order),
    Runtime(Handle),
    Blocking,
    Selected(Arc<dyn Fn(&RequestContext) -> Execution + Send + Sync>),
}

/// What becomes of a request whose caller has given up before its handler began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expired {
    /// It is neither run nor answered, as in Java: its caller waits no more.
    #[default]
    Discard,
    /// It is not run, and answered with status TIMEOUT.
    Answer,
    /// It is run all the same; [`RequestContext::has_expired`] tells. Java: `timeoutDiscard` false.
    Run,
}

impl Default for Execution {
    fn default() -> Self {
        Self::in_place()
    }
}

impl Execution {
    fn new(place: Place) -> Self {
        Self {
            place,
            limit: None,
            expired: None,
            detached: false,
        }
    }

    /// The default: a handler runs on the connection's own task until it first waits for something.
    /// Those that wait go on in another task, together with up to 127 that came at the same time;
    /// once they compute for more than 100 us in a turn those that are left have a task each.
    ///
    /// Nothing is cheaper for handlers that compute little. One that computes for long before it
    /// first waits delays the other requests of its connection and, on a thread that has had little to
    /// do, up to three other connections that had requests at the same time; afterwards, once, those
    /// that it shares its task with. One that blocks its thread until another has done something may
    /// block for ever, and all of those with it. Java: `processInIOThread`.
    ///
    /// Nothing queues here, so a request that has [expired](Self::expired) behind such handlers runs all
    /// the same, unless the execution says what is to become of it.
    #[must_use]
    pub fn in_place() -> Self {
        Self::new(Place::Connection)
    }

    /// Each request is a task of its own from the start, on the connection's runtime. For handlers
    /// that compute for longer than some ten microseconds.
    #[must_use]
    pub fn spawned() -> Self {
        Self::new(Place::Task)
    }

    /// One after the other on each connection, in the order in which the requests came; different
    /// connections go on side by side. Behind interceptors it is the order in which they let the
    /// requests pass.
    #[must_use]
    pub fn in_order() -> Self {
        Self::new(Place::InOrder(Order::new()))
    }

    /// As tasks of the given runtime, which must live as long as requests come: when it has been
    /// shut down they fail.
    #[must_use]
    pub fn on(runtime: Handle) -> Self {
        Self::new(Place::Runtime(runtime))
    }

    /// On the threads that tokio keeps for blocking work: for handlers that block or compute for
    /// long. Limit it: there are 512 such threads by default, and each request has one until it is
    /// answered. Like any other it is cancelled where it awaits, never where it blocks. Java: the
    /// default executor.
    #[must_use]
    pub fn blocking() -> Self {
        Self::new(Place::Blocking)
    }

    /// Chosen per request by what is known before its content is decoded: class, header, timeout,
    /// connection. Java: `ExecutorSelector`.
    ///
    /// Make the executions beforehand and return clones of them, so that limits and order are
    /// shared. What is said of this execution itself ([`limit`](Self::limit) and so on) holds for
    /// those chosen that say nothing of it. A selector that panics fails the request.
    #[must_use]
    pub fn select(selector: impl Fn(&RequestContext) -> Execution + Send + Sync + 'static) -> Self {
        Self::new(Place::Selected(Arc::new(selector)))
    }

    /// Runs at most `running` requests at a time (at least one), on all connections together, lets
    /// at most `waiting` more wait in their order, and refuses any further at once with
    /// SERVER_THREADPOOL_BUSY. A request runs until it is answered, also where a
    /// [`Responder`](super::Responder) does that. Java: a `ThreadPoolExecutor` with a bounded queue.
    ///
    /// Default: no limit but the connection's own.
    #[must_use]
    pub fn limit(mut self, running: usize, waiting: usize) -> Self {
        let running = running.clamp(1, Semaphore::MAX_PERMITS);
        self.limit = Some(Arc::new(Limit {
            turns: Arc::new(Semaphore::new(running)),
            admitted: AtomicUsize::new(0),
            most: running.saturating_add(waiting),
        }));
        self
    }

    /// What becomes of requests whose deadline passed while they waited for their turn. Default
    /// [`Expired::Discard`]; [`Expired::Run`] for those that run [in place](Self::in_place) without a
    /// limit, where looking at the clock may cost more than the handler. Oneway requests and those
    /// without a deadline never expire. Java: `timeoutDiscard`.
    #[must_use]
    pub fn expired(mut self, expired: Expired) -> Self {
        self.expired = Some(expired);
        self
    }

    /// Lets a request that has begun go on when its connection closes. By default it is cancelled
    /// at the next point where it waits.
    ///
    /// A shutdown waits for such a request as long as its connection lives, and no longer.
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.detached = true;
        self
    }

    /// Whether it is nothing but a call of the handler.
    pub(super) fn is_direct(&self) -> bool {
        !self.queues() && self.of_expired() == Expired::Run && !self.detached
    }

    /// Whether requests may wait for a thread or for their turn.
    fn queues(&self) -> bool {
        !matches!(self.place, Place::Connection) || self.limit.is_some()
    }

    pub(super) fn of_expired(&self) -> Expired {
        let by_default = if self.queues() {
            Expired::Discard
        } else {
            Expired::Run
        };
        self.expired.unwrap_or(by_default)
    }

    /// What a selector says, if there is one.
    pub(super) fn resolve(&self, cx: &RequestContext) -> Self {
        let mut found = self.clone();
        // A selector that answers with selectors without end is nobody's intention.
        for _ in 0..8 {
            match &found.place {
                Place::Selected(select) => {
                    let chosen = select(cx);
                    found = Self {
                        limit: chosen.limit.or(found.limit),
                        expired: chosen.expired.or(found.expired),
                        detached: chosen.detached || found.detached,
                        place: chosen.place,
                    };
                }
                _ => break,
            }
        }
        found
    }

    /// Runs `job` in its place, when it is its turn. `Err` tells why it can't be run. Whether there
    /// is room for it is decided when the future is first polled.
    pub(super) async fn run<R, Fut>(
        self,
        cx: RequestContext,
        job: impl FnOnce(RequestContext) -> Fut + Send + 'static,
    ) -> Result<R, NotRun>
    where
        R: Send + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        let admitted = match &self.limit {
            Some(limit) => Some(limit.admit().ok_or(NotRun::Busy)?),
            None => None,
        };
        let in_order = match &self.place {
            Place::InOrder(order) => order.turn(&cx).await,
            _ => None,
        };
        let turn = match admitted {
            Some(admitted) => admitted.turn().await,
            None => None,
        };
        let work = async move {
            let _held = (in_order, turn);
            job(cx).await
        };
        let (task, detached) = match self.place {
            Place::Connection | Place::InOrder(_) | Place::Selected(_) if !self.detached => {
                return Ok(work.await);
            }
            Place::Task => (tokio::spawn(work), self.detached),
            Place::Runtime(runtime) => (runtime.spawn(work), self.detached),
            Place::Blocking => return blocking(work, self.detached).await,
            _ => (tokio::spawn(work), true),
        };
        Task { task, detached }.end().await
    }
}

/// Runs `work` on a thread of its own. Such threads can't be aborted: they look themselves whether
/// anybody still waits.
async fn blocking<R: Send + 'static>(
    work: impl Future<Output = R> + Send + 'static,
    detached: bool,
) -> Result<R, NotRun> {
    let (waiting, gone) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let task = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            match select(gone, pin!(work)).await {
                Either::Left((_, work)) if detached => Some(work.await),
                Either::Left(_) => None,
                Either::Right((done, _)) => Some(done),
            }
        })
    });
    let done = Task { task, detached }.end().await;
    drop(waiting);
    done?.ok_or(NotRun::NoRuntime)
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Connection => "in place",
            Place::Task => "spawned",
            Place::InOrder(_) => "in order",
            Place::Runtime(_) => "on a runtime",
            Place::Blocking => "blocking",
            Place::Selected(_) => "selected",
        };
        f.debug_struct("Execution")
            .field("place", &place)
            .field("limit", &self.limit.as_ref().map(|limit| limit.most))
            .field("expired", &self.expired)
            .field("detached", &self.detached)
            .finish()
    }
}

/// Why a request was not run.
pub(super) enum NotRun {
    Busy,
    /// The runtime that it should have run on is gone.
    NoRuntime,
}

/// A job elsewhere, which is cancelled with whoever waits for it unless it is detached.
struct Task<R> {
    task: JoinHandle<R>,
    detached: bool,
}

impl<R> Task<R> {
    async fn end(mut self) -> Result<R, NotRun> {
        match (&mut self.task).await {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(NotRun::NoRuntime),
        }
    }
}

impl<R> Drop for Task<R> {
    fn drop(&mut self) {
        if !self.detached {
            self.task.abort();
        }
    }
}

/// So many at once, and so many that wait.
struct Limit {
    turns: Arc<Semaphore>,
    /// Those that run and those that wait.
    admitted: AtomicUsize,
    most: usize,
}

impl Limit {
    fn admit(self: &Arc<Self>) -> Option<Admitted> {
        let before = self.admitted.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted(Arc::clone(self));
        (before < self.most).then_some(admitted)
    }
}

struct Admitted(Arc<Limit>);

impl Admitted {
    /// Waits for its turn. The semaphore is never closed.
    async fn turn(self) -> Option<(Self, OwnedSemaphorePermit)> {
        let turn = Arc::clone(&self.0.turns).acquire_owned().await.ok()?;
        Some((self, turn))
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.admitted.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Stands for one order of requests on every connection.
#[derive(Clone)]
struct Order(u64);

static ORDERS: AtomicU64 = AtomicU64::new(0);

/// The orders of one connection: whose turn it is in each.
#[derive(Default)]
struct Orders(Mutex<HashMap<u64, Arc<Semaphore>>>);

impl Order {
    fn new() -> Self {
        Self(ORDERS.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits for its turn on its connection. Semaphores are fair, so turns come in the order of
    /// asking.
    async fn turn(&self, cx: &RequestContext) -> Option<OwnedSemaphorePermit> {
        let orders = cx.connection().engine().attribute_or_default::<Orders>();
        let turns = {
            let mut orders = orders.0.lock().unwrap_or_else(PoisonError::into_inner);
            let turns = orders
                .entry(self.0)
                .or_insert_with(|| Arc::new(Semaphore::new(1)));
            Arc::clone(turns)
        };
        turns.acquire_owned().await.ok()
    }
}
