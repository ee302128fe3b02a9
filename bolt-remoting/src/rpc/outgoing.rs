//! A request on its way out.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bolt_codec::bolt::{
    Bolt, BoltFrame, BoltVersion, CRC_SWITCH, CommandCode, Head, SerializerCode,
};
use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::answer::Source;
use super::body::Body;
use super::call_context::CallContext;
use super::interceptor::{Chain, Outcome, Request, Response};
use super::trace::Trace;
use crate::client::Pool;
use crate::engine::shared::Rejected;
use crate::time::deadline;
use crate::{Client, CloseReason, Connection, Error, ErrorKind, ResponseFuture, Result};

/// Where a call goes.
#[derive(Clone)]
pub(super) enum Target {
    Address(Client<Bolt>, Arc<Pool<Bolt>>),
    /// `None` once it has gone to the answer, or a panic has cut that short.
    Connection(Option<Connection<Bolt>>),
}

impl Target {
    /// Where a call to it goes on when it is made on a plain thread.
    pub(super) fn runtime(&self) -> Option<Handle> {
        match self {
            Self::Address(client, _) => client.runtime().cloned(),
            Self::Connection(connection) => Some(connection.as_ref()?.runtime().clone()),
        }
    }

    async fn connect(&self, deadline: Instant) -> Result<Connection<Bolt>> {
        match self {
            Self::Address(client, pool) => client.connect(pool, deadline).await,
            Self::Connection(connection) => {
                let connection = connection.clone();
                connection.ok_or_else(|| Error::closed(CloseReason::Local))
            }
        }
    }
}

/// How many connections a call tries that close before they take it.
const ATTEMPTS: usize = 3;

/// What has become of a call that does not wait.
pub(super) enum Attempt {
    Started(Source),
    /// It would have to wait.
    NotYet,
    Failed(Error),
}

/// A call with its options, before it is made.
pub(super) struct Outgoing {
    pub(super) target: Target,
    pub(super) draft: Draft,
}

/// A request that has no connection yet.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) interceptors: Chain,
    pub(super) body: Body,
    pub(super) code: SerializerCode,
    pub(super) timeout: Duration,
    pub(super) crc: bool,
    /// Whether it waits while the connection has no room.
    pub(super) waits: bool,
    pub(super) context: Option<CallContext>,
    /// Of a call through interceptors.
    pub(super) trace: Option<Arc<Trace>>,
}

impl Draft {
    /// The frame that carries `body`, in the version that `connection` speaks.
    fn frame(&self, body: Body, connection: &Connection<Bolt>, oneway: bool) -> BoltFrame {
        let timeout = if oneway {
            -1
        } else {
            wire_millis(self.timeout)
        };
        let version = connection.session().version();
        let crc = self.crc && version != BoltVersion::V1;
        BoltFrame {
            version,
            head: Head::Request { oneway, timeout },
            command: CommandCode::REQUEST,
            ver2: 1,
            id: 0,
            codec: self.code,
            switch: if crc { CRC_SWITCH } else { 0 },
            class: body.class,
            header: body.header,
            content: body.content,
        }
    }

    pub(super) fn begin(&self) {
        if let Some(context) = &self.context {
            context.begin();
        }
    }

    fn connected(&self, connection: &Connection<Bolt>) {
        if let Some(trace) = &self.trace {
            trace.connected(connection.peer_addr());
        }
        if let Some(context) = &self.context {
            context.connected(connection);
        }
    }

    fn queued(&self, request_id: Option<u64>) {
        if let Some(trace) = &self.trace {
            trace.note_queued(request_id);
        }
        if let Some(context) = &self.context {
            context.queued(request_id);
        }
    }
}

impl Outgoing {
    /// # Errors
    ///
    /// A call without any time fails before anything else happens.
    pub(super) fn deadline(&self) -> Result<Instant> {
        if self.draft.timeout.is_zero() {
            return Err(Error::timeout());
        }
        Ok(deadline(self.draft.timeout))
    }

    pub(super) fn is_intercepted(&self) -> bool {
        !self.draft.interceptors.is_empty()
    }

    /// Queues a two-way request without waiting, if there is a connection with room. `caller` is woken
    /// by the outcome without having asked for it.
    ///
    /// In place: what a call consists of is much, and each move of it is felt.
    pub(super) fn try_start(&mut self, deadline: Instant, caller: Option<&Waker>) -> Attempt {
        if self.is_intercepted() {
            return Attempt::NotYet;
        }
        // No handle is cloned but of need: all threads that call count them in one place.
        let connection = match &mut self.target {
            Target::Address(_, pool) => pool.ready(),
            Target::Connection(connection) => connection.take(),
        };
        let Some(connection) = connection else {
            return Attempt::NotYet;
        };
        self.draft.begin();
        self.draft.connected(&connection);
        let body = std::mem::take(&mut self.draft.body);
        let frame = self.draft.frame(body, &connection, false);
        let frame = match connection.try_start(frame, deadline, caller) {
            Ok(queued) => {
                self.draft.queued(Some(queued.id));
                let response = connection.answer_to(queued);
                let context = self.draft.context.take();
                return Attempt::Started(Source::Connection(response, context));
            }
            Err(Rejected::Failed(error)) => return Attempt::Failed(error),
            Err(Rejected::Closed(_, error)) if !self.can_redial() => return Attempt::Failed(error),
            Err(Rejected::Full(frame) | Rejected::Closed(frame, _)) => frame.frame,
        };
        self.draft.body = Body {
            class: frame.class,
            header: frame.header,
            content: frame.content,
        };
        if let Target::Connection(place) = &mut self.target {
            *place = Some(connection);
        }
        Attempt::NotYet
    }

    /// Queues a two-way request, or begins the call through the interceptors. Where the answer comes
    /// from.
    pub(super) async fn start(self, deadline: Instant) -> Result<Source> {
        if self.is_intercepted() {
            let (outcome, trace) = self.intercepted_until_queued(deadline).await;
            return Ok(Source::Interceptors(outcome, trace));
        }
        self.draft.begin();
        let response = self.queue(deadline).await?;
        Ok(Source::Connection(response, self.draft.context))
    }

    /// Queues a two-way request, on another connection if one closes before it has.
    async fn queue(&self, deadline: Instant) -> Result<ResponseFuture<Bolt>> {
        let mut attempts = ATTEMPTS;
        loop {
            let (connection, frame) = self.connect(deadline, false).await?;
            let started = if self.draft.waits {
                connection.start(frame, deadline).await
            } else {
                connection.try_call(frame, deadline)
            };
            match started {
                Err(error) if self.may_redial(&error, &mut attempts) => {}
                outcome => {
                    let response = outcome?;
                    self.draft.queued(response.request_id());
                    return Ok(response);
                }
            }
        }
    }

    /// Queues a oneway request.
    pub(super) async fn send(&self, deadline: Instant) -> Result<()> {
        let mut attempts = ATTEMPTS;
        loop {
            let (connection, frame) = self.connect(deadline, true).await?;
            let sent = if self.draft.waits {
                connection.send(frame, deadline).await
            } else {
                connection.try_send(frame)
            };
            match sent {
                Err(error) if self.may_redial(&error, &mut attempts) => {}
                outcome => {
                    outcome?;
                    self.draft.queued(None);
                    return Ok(());
                }
            }
        }
    }

    /// A connection, and the frame for it.
    async fn connect(
        &self,
        deadline: Instant,
        oneway: bool,
    ) -> Result<(Connection<Bolt>, BoltFrame)> {
        let connection = self.target.connect(deadline).await?;
        self.draft.connected(&connection);
        let frame = self
            .draft
            .frame(self.draft.body.clone(), &connection, oneway);
        Ok((connection, frame))
    }

    /// A connection that closes before it has sent the request leaves it to another one.
    fn may_redial(&self, error: &Error, attempts: &mut usize) -> bool {
        *attempts -= 1;
        let unsent = error.kind() == ErrorKind::Closed && !error.was_sent();
        unsent && *attempts > 0 && self.can_redial()
    }

    /// Whether there may be another connection for it.
    fn can_redial(&self) -> bool {
        matches!(self.target, Target::Address(..))
    }

    /// The call through the interceptors, and how far it has come.
    pub(super) fn intercepted(
        self,
        deadline: Instant,
        oneway: bool,
    ) -> (BoxFuture<'static, Outcome>, Arc<Trace>) {
        let trace = Arc::<Trace>::default();
        let Self { target, mut draft } = self;
        let context = draft.context.get_or_insert_default().clone();
        context.begin();
        draft.trace = Some(Arc::clone(&trace));
        let interceptors = draft.interceptors.clone();
        let body = std::mem::take(&mut draft.body);
        let request = Request::calling(body, draft.code, context, draft.timeout, oneway);
        let last = move |request: Request| {
            let draft = Draft {
                body: request.body,
                code: request.code,
                ..draft.clone()
            };
            let target = target.clone();
            Self { target, draft }.transmit(deadline, oneway).boxed()
        };
        let chain = interceptors.run(request, last);
        let sent = Arc::clone(&trace);
        let outcome = async move {
            let in_time = timeout_at(deadline, chain).await;
            let outcome = in_time.unwrap_or_else(|_| Err(Error::timeout()));
            outcome.map_err(|error| sent.complete(error))
        };
        (outcome.boxed(), trace)
    }

    /// Begins the call through the interceptors; returns the rest of it once its request is queued, or
    /// it has ended without getting so far.
    async fn intercepted_until_queued(
        self,
        deadline: Instant,
    ) -> (BoxFuture<'static, Outcome>, Arc<Trace>) {
        let (outcome, trace) = self.intercepted(deadline, false);
        let told = Arc::clone(&trace);
        let told = async move { told.queued().await }.boxed();
        let outcome = match select(outcome, told).await {
            Either::Left((outcome, _)) => std::future::ready(outcome).boxed(),
            Either::Right(((), outcome)) => outcome,
        };
        (outcome, trace)
    }

    /// Makes the call on the wire.
    async fn transmit(self, deadline: Instant, oneway: bool) -> Outcome {
        if oneway {
            self.send(deadline).await?;
            return Ok(None);
        }
        let answer = self.queue(deadline).await?.await?;
        if let Some(context) = &self.draft.context {
            context.answered(&answer);
        }
        Ok(Some(Response::of_frame(answer)))
    }
}

/// Whole milliseconds, rounded up so that a short timeout does not become "none".
fn wire_millis(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}
