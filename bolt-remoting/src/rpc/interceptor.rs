use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::{BoltFrame, Head, ResponseStatus, SerializerCode};
use futures::future::BoxFuture;

use super::body::Body;
use super::call_context::CallContext;
use super::context::RequestContext;
use crate::Result;

/// Stands around every call that a client makes, or around every request that a server handles: for
/// metrics, tracing, authentication.
///
/// What comes before [`Next::run`] happens before the call, what comes after it afterwards; without
/// it the call doesn't happen. Interceptors run in the order in which they were added, the first
/// outermost.
///
/// - [`RpcClientBuilder::intercept`](super::RpcClientBuilder::intercept): calls of a client;
/// - [`Processors::intercept`](super::Processors::intercept) and
///   [`RpcServerBuilder::intercept`](super::RpcServerBuilder::intercept): requests before they find
///   their handler, on the connection's task until they first wait; refused and expired ones are
///   seen too, those refused because the connection has too many in flight are not;
/// - [`RpcServerBuilder::intercept_calls`](super::RpcServerBuilder::intercept_calls): calls that a
///   server makes of its clients.
///
/// ```
/// # #[cfg(feature = "hessian")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bolt_remoting::Result<()> {
/// use bolt_remoting::Result;
/// use bolt_remoting::rpc::{
///     HandlerError, Interceptor, Next, Request, Response, RpcClient, RpcServer,
/// };
///
/// /// The client's end of a simple authentication: every request carries a token.
/// struct Token(&'static str);
///
/// impl Interceptor for Token {
///     async fn intercept(&self, mut request: Request, next: Next) -> Result<Option<Response>> {
///         request.body.header = self.0.into();
///         next.run(request).await
///     }
/// }
///
/// /// The server's end: requests without it don't get through.
/// struct Gate(&'static str);
///
/// impl Interceptor for Gate {
///     async fn intercept(&self, request: Request, next: Next) -> Result<Option<Response>> {
///         if request.body.header != self.0 {
///             return Err(HandlerError::new("java.lang.SecurityException", "who are you?").into());
///         }
///         next.run(request).await
///     }
/// }
///
/// let server = RpcServer::builder()
///     .handle(|_cx, n: i32| async move { Ok(n + 1) })
///     .intercept(Gate("secret"))
///     .bind("127.0.0.1:0")
///     .await?;
/// let address = server.local_addr().to_string();
/// let friend = RpcClient::builder().intercept(Token("secret")).build()?;
/// assert_eq!(friend.invoke::<_, i32>(&address, &1).await?, 2);
/// let stranger = RpcClient::new();
/// assert!(stranger.invoke::<_, i32>(&address, &1).await.is_err());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "hessian"))]
/// # fn main() {}
/// ```
pub trait Interceptor: Send + Sync + 'static {
    /// Makes, changes, replaces or refuses the call.
    ///
    /// `Ok(None)` is a call without an answer: a oneway one, one whose handler gave none, or one
    /// that expired unhandled.
    ///
    /// # Errors
    ///
    /// On a client the call ends with the error. On a server it becomes an error answer: busy for
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy), otherwise an exception; a
    /// [`HandlerError`](super::HandlerError) turned into an [`Error`](crate::Error) names its class.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped wherever it waits when the caller gives up or the connection closes.
    fn intercept(
        &self,
        request: Request,
        next: Next,
    ) -> impl Future<Output = Result<Option<Response>>> + Send;
}

/// A request on its way, before its content is decoded or after it was encoded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Class, header and content.
    pub body: Body,
    /// The serializer that the content is in.
    pub code: SerializerCode,
    side: Side,
    oneway: bool,
    timeout: Option<Duration>,
}

#[derive(Clone, Debug)]
enum Side {
    Calling(CallContext),
    Handling(RequestContext),
}

impl Request {
    pub(super) fn calling(
        body: Body,
        code: SerializerCode,
        context: CallContext,
        timeout: Duration,
        oneway: bool,
    ) -> Self {
        Self {
            body,
            code,
            side: Side::Calling(context),
            oneway,
            timeout: Some(timeout),
        }
    }

    pub(super) fn handling(body: Body, code: SerializerCode, context: RequestContext) -> Self {
        Self {
            body,
            code,
            oneway: context.is_oneway(),
            timeout: context.client_timeout(),
            side: Side::Handling(context),
        }
    }

    /// What is known of a call that this end makes; `None` while handling a request.
    #[must_use]
    pub fn call_context(&self) -> Option<&CallContext> {
        match &self.side {
            Side::Calling(context) => Some(context),
            Side::Handling(_) => None,
        }
    }

    /// What is known of a request that this end handles; `None` while making a call.
    #[must_use]
    pub fn request_context(&self) -> Option<&RequestContext> {
        match &self.side {
            Side::Calling(_) => None,
            Side::Handling(context) => Some(context),
        }
    }

    pub(super) fn into_request_context(self) -> Option<(RequestContext, Body, SerializerCode)> {
        match self.side {
            Side::Calling(_) => None,
            Side::Handling(mut context) => {
                context.carries(&self.body.class, &self.body.header);
                Some((context, self.body, self.code))
            }
        }
    }

    /// Whether no answer is wanted.
    #[must_use]
    pub fn is_oneway(&self) -> bool {
        self.oneway
    }

    /// How long the caller waits in all, as the request says; `None` for no deadline.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The other end's address, once there is a connection (and where it has addresses).
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        match &self.side {
            Side::Calling(context) => context.peer_addr(),
            Side::Handling(context) => context.remote_addr(),
        }
    }

    /// Keeps `value` with the request, for those that come after: further interceptors, the
    /// handler (by [`RequestContext::get`]), or the caller (by [`CallContext::get`]). Returns the one of
    /// the same type that was kept before.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<Arc<T>> {
        match &mut self.side {
            Side::Calling(context) => context.insert(value),
            Side::Handling(context) => context.insert(value),
        }
    }

    /// What was [`insert`](Self::insert)ed before.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        match &self.side {
            Side::Calling(context) => context.get(),
            Side::Handling(context) => context.get(),
        }
    }
}

/// An answer on its way, before its content is decoded or after it was encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// Success, or what went wrong.
    pub status: ResponseStatus,
    /// Class, header and content; of an error the serialized exception, if any.
    pub body: Body,
    /// The serializer that the content is in.
    pub code: SerializerCode,
}

impl Response {
    /// A successful answer.
    #[must_use]
    pub fn new(body: Body, code: SerializerCode) -> Self {
        Self {
            status: ResponseStatus::SUCCESS,
            body,
            code,
        }
    }

    pub(super) fn of_frame(frame: BoltFrame) -> Self {
        let status = match frame.head {
            Head::Response { status } => status,
            // The engine gives no other frames here.
            Head::Request { .. } => ResponseStatus::UNKNOWN,
        };
        Self {
            status,
            code: frame.codec,
            body: Body {
                class: frame.class,
                header: frame.header,
                content: frame.content,
            },
        }
    }

    /// Whether the call succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == ResponseStatus::SUCCESS
    }
}

/// What comes after an interceptor: others, and at last the call itself. Clones make the call again.
#[derive(Clone)]
pub struct Next {
    chain: Chain,
    done: usize,
    last: Arc<Last>,
}

pub(super) type Outcome = Result<Option<Response>>;
type Last = dyn Fn(Request) -> BoxFuture<'static, Outcome> + Send + Sync;

impl Next {
    /// Goes on with the call.
    ///
    /// # Errors
    ///
    /// Whatever keeps the call from getting an answer; an error answer is an `Ok`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up.
    pub async fn run(mut self, request: Request) -> Outcome {
        let interceptor = self
            .chain
            .0
            .as_ref()
            .and_then(|all| all.get(self.done).cloned());
        self.done += 1;
        match interceptor {
            Some(interceptor) => interceptor.boxed(request, self).await,
            None => (self.last)(request).await,
        }
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// Interceptors in their order; costs nothing while there are none.
#[derive(Clone, Default)]
pub(super) struct Chain(Option<Arc<Vec<Arc<dyn Boxed>>>>);

impl Chain {
    pub(super) fn add(&mut self, interceptor: impl Interceptor) {
        let all = self.0.get_or_insert_default();
        Arc::make_mut(all).push(Arc::new(interceptor));
    }

    /// Those of `other` come after these.
    pub(super) fn append(&mut self, other: Self) {
        for interceptor in other.0.iter().flat_map(|all| all.iter()) {
            let all = self.0.get_or_insert_default();
            Arc::make_mut(all).push(Arc::clone(interceptor));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Runs `request` through all of them and at last through `last`.
    pub(super) fn run(
        &self,
        request: Request,
        last: impl Fn(Request) -> BoxFuture<'static, Outcome> + Send + Sync + 'static,
    ) -> BoxFuture<'static, Outcome> {
        let next = Next {
            chain: self.clone(),
            done: 0,
            last: Arc::new(last),
        };
        Box::pin(next.run(request))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} interceptors",
            self.0.as_ref().map_or(0, |all| all.len())
        )
    }
}

/// An interceptor whose type is forgotten.
trait Boxed: Send + Sync {
    fn boxed(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Outcome>;
}

impl<I: Interceptor> Boxed for I {
    fn boxed(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { self.intercept(request, next).await })
    }
}
