use std::fmt;
use std::future::{Future, poll_fn};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

use super::body::SerializerError as AnyError;
use super::interceptor::{Interceptor, Next, Outcome, Request, Response};
use crate::{Error, RemoteException, Result};

/// A [tower](https://docs.rs/tower) layer as an [`Interceptor`]: limits, timeouts, tracing and
/// whatever else exists for tower.
///
/// The layered service is made once, so that its state is shared by all calls. Its errors end the
/// call: an [`Error`] as it is, any other one with kind
/// [`ServerException`](crate::ErrorKind::ServerException) and its text.
///
/// ```
/// # #[cfg(feature = "hessian")] {
/// use bolt_remoting::rpc::{RpcServer, Tower};
/// use tower::limit::GlobalConcurrencyLimitLayer;
///
/// let server = RpcServer::builder()
///     .handle(|_cx, n: i32| async move { Ok(n + 1) })
///     .intercept(Tower::new(GlobalConcurrencyLimitLayer::new(64)));
/// # }
/// ```
pub struct Tower<S>(S);

/// What a layer sees as its request: the [`Request`], and what comes after it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request.
    pub request: Request,
    next: Next,
}

/// The service below all layers: makes the call.
#[derive(Clone, Copy, Debug)]
pub struct Calls(());

impl Service<Exchange> for Calls {
    type Response = Option<Response>;
    type Error = Error;
    type Future = BoxFuture<'static, Outcome>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, exchange: Exchange) -> Self::Future {
        exchange.next.run(exchange.request).boxed()
    }
}

impl<S> Tower<S> {
    /// Puts `layer` around all calls.
    pub fn new<L: Layer<Calls, Service = S>>(layer: L) -> Self {
        Self(layer.layer(Calls(())))
    }
}

impl<S> Interceptor for Tower<S>
where
    S: Service<Exchange, Response = Option<Response>> + Clone + Send + Sync + 'static,
    S::Error: Into<AnyError> + Send,
    S::Future: Send,
{
    fn intercept(&self, request: Request, next: Next) -> impl Future<Output = Outcome> + Send {
        let mut service = self.0.clone();
        async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(error)?;
            service
                .call(Exchange { request, next })
                .await
                .map_err(error)
        }
    }
}

fn error(error: impl Into<AnyError>) -> Error {
    match error.into().downcast::<Error>() {
        Ok(own) => *own,
        Err(other) => Error::of_exception(RemoteException {
            class: "java.lang.RuntimeException".into(),
            message: Some(other.to_string()),
            ..RemoteException::default()
        })
        .with_source(other),
    }
}

impl<S> fmt::Debug for Tower<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tower").finish()
    }
}
