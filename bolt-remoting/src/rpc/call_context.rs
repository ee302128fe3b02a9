use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bolt_codec::bolt::{Bolt, BoltFrame};
use bytes::Bytes;
use tokio::time::Instant;

use super::context::kept;
use crate::{Connection, Extensions};

/// What a caller gets to know about a call beside its outcome, and what it tells interceptors. Java:
/// `InvokeContext`.
///
/// Give one to a call with [`Call::context`](super::Call::context) and look at it when the call has
/// ended, or before. Clones are the same context. Each call that is given one begins anew; only
/// what was [`insert`](Self::insert)ed stays.
///
/// ```
/// # #[cfg(feature = "hessian")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bolt_remoting::Result<()> {
/// # use bolt_remoting::rpc::{RpcClient, RpcServer};
/// # let server = RpcServer::builder()
/// #     .handle(|_cx, n: i32| async move { Ok(n + 1) })
/// #     .bind("127.0.0.1:0").await?;
/// # let client = RpcClient::new();
/// use bolt_remoting::rpc::CallContext;
///
/// let context = CallContext::new();
/// let call = client.invoke::<_, i32>(server.local_addr().to_string(), &1);
/// assert_eq!(call.context(&context).await?, 2);
/// assert_eq!(context.peer_addr(), Some(server.local_addr()));
/// assert!(context.connected_after() <= context.answered_after());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "hessian"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallContext(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    call: Progress,
    extensions: Extensions,
}

/// How far the call has come.
#[derive(Clone, Debug, Default)]
struct Progress {
    begun: Option<Instant>,
    connection: Option<Connection<Bolt>>,
    request_id: Option<u64>,
    connected: Option<Instant>,
    queued: Option<Instant>,
    answered: Option<Instant>,
    response_class: Bytes,
    response_header: Bytes,
}

impl CallContext {
    /// An empty context.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        self.lock().call = Progress {
            begun: Some(Instant::now()),
            ..Progress::default()
        };
    }

    pub(super) fn connected(&self, connection: &Connection<Bolt>) {
        let mut state = self.lock();
        state.call.connected = Some(Instant::now());
        state.call.connection = Some(connection.clone());
    }

    pub(super) fn queued(&self, request_id: Option<u64>) {
        let mut state = self.lock();
        state.call.queued = Some(Instant::now());
        state.call.request_id = request_id;
    }

    pub(super) fn answered(&self, answer: &BoltFrame) {
        let mut state = self.lock();
        state.call.answered = Some(Instant::now());
        state.call.response_class = kept(&answer.class, answer);
        state.call.response_header = kept(&answer.header, answer);
    }

    fn after(&self, phase: impl Fn(&Progress) -> Option<Instant>) -> Option<Duration> {
        let state = self.lock();
        let reached = phase(&state.call)?;
        Some(reached.saturating_duration_since(state.call.begun?))
    }

    /// The connection that the call went to. Java: `CLIENT_REMOTE_IP` and its like.
    #[must_use]
    pub fn connection(&self) -> Option<Connection<Bolt>> {
        self.lock().call.connection.clone()
    }

    /// The address of the server, once there is a connection (and where it has addresses).
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.connection()?.peer_addr()
    }

    /// The own address of the connection, where it has addresses. Java: `CLIENT_LOCAL_IP`,
    /// `CLIENT_LOCAL_PORT`.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.connection()?.local_addr()
    }

    /// The id that the request got on its connection; none for oneway calls. Java:
    /// `BOLT_INVOKE_REQUEST_ID`.
    #[must_use]
    pub fn request_id(&self) -> Option<u64> {
        self.lock().call.request_id
    }

    /// Time from the beginning of the call until there was a connection. Java:
    /// `CLIENT_CONN_CREATETIME`.
    #[must_use]
    pub fn connected_after(&self) -> Option<Duration> {
        self.after(|call| call.connected)
    }

    /// Time from the beginning of the call until the request was queued to be written. Java:
    /// `BOLT_PROCESS_CLIENT_AFTER_SEND`.
    #[must_use]
    pub fn queued_after(&self) -> Option<Duration> {
        self.after(|call| call.queued)
    }

    /// Time from the beginning of the call until its answer was taken. Java:
    /// `BOLT_PROCESS_CLIENT_RECEIVED`.
    #[must_use]
    pub fn answered_after(&self) -> Option<Duration> {
        self.after(|call| call.answered)
    }

    /// The class name in the answer, as bytes of UTF-8; empty without an answer and for null.
    #[must_use]
    pub fn response_class(&self) -> Bytes {
        self.lock().call.response_class.clone()
    }

    /// The header bytes of the answer; empty without an answer.
    #[must_use]
    pub fn response_header(&self) -> Bytes {
        self.lock().call.response_header.clone()
    }

    /// Keeps `value` for interceptors, or for whoever asks afterwards, and returns the one of the same
    /// type that was kept before. Java: `InvokeContext.put`.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        self.lock().extensions.insert(value)
    }

    /// What was [`insert`](Self::insert)ed. Java: `InvokeContext.get`.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.lock().extensions.get_shared()
    }

    /// Forgets everything. Java: `InvokeContext.clear`.
    pub fn clear(&self) {
        let old = std::mem::take(&mut *self.lock());
        drop(old);
    }
}
