//! From a received request to its handler and back to an answer.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bolt_codec::bolt::{Bolt, BoltFrame, SerializerCode};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use rustc_hash::FxHashMap;

use super::answering::Answering;
use super::body::{Body, DecodeBody, EncodeBody};
use super::connection::RpcConnection;
use super::context::RequestContext;
use super::execution::{Execution, Expired, NotRun};
use super::failure::{Failure, HandlerError, HandlerResult, is_no_answer};
use super::interceptor::{Chain, Outcome, Request, Response};
use super::settings::Settings;
use crate::engine::handler::{FrameContext, FrameHandler, Reply};

/// Gives each SOFABolt request to the handler of its class.
pub(super) struct RpcHandler {
    pub(super) routes: Arc<Routes>,
    pub(super) interceptors: Chain,
    pub(super) settings: Arc<Settings>,
}

/// Handlers by class. A request's context has its class from here: of a static name nobody counts the
/// owners.
pub(super) struct Routes(pub(super) FxHashMap<Bytes, Route>);

#[derive(Clone)]
pub(super) struct Route {
    pub(super) processor: Arc<dyn Start>,
    pub(super) execution: Execution,
}

/// A request on its way to its handler.
pub(super) struct Incoming {
    pub(super) code: SerializerCode,
    pub(super) body: Body,
    pub(super) answering: Answering,
}

/// A handler whose types are forgotten.
pub(super) trait Start: Send + Sync {
    /// Begins in place, at the least cost.
    fn start(self: Arc<Self>, cx: RequestContext, incoming: Incoming, reply: &mut Reply<Bolt>);

    /// The same as a future, for any place.
    fn run(self: Arc<Self>, cx: RequestContext, incoming: Incoming) -> Answered;
}

/// What a request is answered, if anything.
type Answered = BoxFuture<'static, Option<BoltFrame>>;

impl FrameHandler<Bolt> for RpcHandler {
    fn handle(&self, cx: FrameContext<Bolt>, frame: BoltFrame, reply: &mut Reply<Bolt>) {
        let arrived = cx.arrived();
        let connection = cx.into_connection();
        let answering = Answering::new(&frame, &self.settings, &connection);
        let connection = RpcConnection::new(connection, Arc::clone(&self.settings));
        let route = self.routes.0.get_key_value(&frame.class);
        let known = route.map(|(class, _)| class);
        let context = RequestContext::new(connection, arrived, &frame, known);
        let incoming = Incoming {
            code: frame.codec,
            body: Body {
                class: frame.class,
                header: frame.header,
                content: frame.content,
            },
            answering,
        };
        if !self.interceptors.is_empty() {
            reply.later(self.intercepted(context, incoming));
            return;
        }
        match route {
            None => reply.now(Some(incoming.no_processor())),
            Some((_, route)) if route.execution.is_direct() => {
                Arc::clone(&route.processor).start(context, incoming, reply);
            }
            Some((_, route)) => {
                let answering = incoming.answering;
                let running = AssertUnwindSafe(route.clone().run(context, incoming));
                reply.later(running.catch_unwind().map(move |outcome| {
                    outcome.unwrap_or_else(|panic| {
                        answering.handler_failed(&HandlerError::panicked(&*panic))
                    })
                }));
            }
        }
    }

    fn catches_panics(&self) -> bool {
        true
    }
}

impl RpcHandler {
    /// The interceptors, with everything else as their last step.
    fn intercepted(
        &self,
        context: RequestContext,
        incoming: Incoming,
    ) -> impl Future<Output = Option<BoltFrame>> + Send + use<> {
        let Incoming {
            code,
            body,
            answering,
        } = incoming;
        let request = Request::handling(body, code, context);
        let interceptors = self.interceptors.clone();
        let routes = Arc::clone(&self.routes);
        let last = move |request: Request| -> BoxFuture<'static, Outcome> {
            let routes = Arc::clone(&routes);
            Box::pin(async move {
                let Some((context, body, code)) = request.into_request_context() else {
                    return Ok(None);
                };
                let incoming = Incoming {
                    code,
                    body,
                    answering,
                };
                let answer = match routes.0.get(&incoming.body.class) {
                    None => Some(incoming.no_processor()),
                    Some(route) => route.clone().run(context, incoming).await,
                };
                Ok(answer.map(Response::of_frame))
            })
        };
        async move {
            let outcome = async move { interceptors.run(request, last).await };
            match AssertUnwindSafe(outcome).catch_unwind().await {
                Ok(Ok(response)) => response.map(|response| answering.response(response)),
                Ok(Err(error)) if is_no_answer(&error) => None,
                Ok(Err(error)) => Some(answering.failed(Failure::of_error(&error))),
                Err(panic) => answering.handler_failed(&HandlerError::panicked(&*panic)),
            }
        }
    }
}

impl Route {
    /// Runs the handler where and when its execution says.
    async fn run(self, context: RequestContext, incoming: Incoming) -> Option<BoltFrame> {
        let execution = self.execution.resolve(&context);
        let answering = incoming.answering;
        let (processor, expired) = (self.processor, execution.of_expired());
        let job = move |mut context: RequestContext| {
            context.start();
            let wanted = expired == Expired::Run || !context.has_expired();
            let running = wanted.then(|| processor.run(context, incoming));
            async move {
                match running {
                    Some(running) => Some(running.await),
                    None => None,
                }
            }
        };
        match execution.run(context, job).await {
            Ok(Some(answer)) => answer,
            Ok(None) if expired == Expired::Answer => Some(answering.failed(Failure::expired())),
            Ok(None) => None,
            Err(NotRun::Busy) => answering.handler_failed(&HandlerError::busy()),
            Err(NotRun::NoRuntime) => Some(answering.failed(Failure::no_runtime())),
        }
    }
}

impl Incoming {
    fn no_processor(self) -> BoltFrame {
        let class = match String::from_utf8_lossy(&self.body.class) {
            class if class.is_empty() => "null".into(),
            class => class,
        };
        self.answering.failed(Failure::no_processor(&class))
    }
}

pub(super) struct Typed<F, S, Req, Resp> {
    handler: F,
    serializer: Arc<S>,
    types: PhantomData<fn(Req) -> Resp>,
}

impl<F, S, Req, Resp> Typed<F, S, Req, Resp> {
    pub(super) fn new(handler: F, serializer: Arc<S>) -> Self {
        Self {
            handler,
            serializer,
            types: PhantomData,
        }
    }
}

impl<F, Fut, S, Req, Resp> Typed<F, S, Req, Resp>
where
    F: Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = HandlerResult<Resp>> + Send + 'static,
    Req: Send + 'static,
    Resp: Send + 'static,
    S: DecodeBody<Req> + EncodeBody<Resp>,
{
    /// One future that holds everything once: nothing is moved from one into the next.
    fn respond(
        self: Arc<Self>,
        cx: RequestContext,
        incoming: Incoming,
    ) -> impl Future<Output = Option<BoltFrame>> + Send {
        let Incoming {
            code,
            body,
            answering,
        } = incoming;
        // Serializers and the closure itself may panic too, so all of it is inside.
        let handling = AssertUnwindSafe(async move {
            let id = cx.request_id();
            let request = self.serializer.decode(code, body);
            let request = request.map_err(|why| Some(Failure::deserialize(&why, id)))?;
            let handled = (self.handler)(cx, request).await;
            let response = handled.map_err(|error| Failure::of_handler(&error, id))?;
            let body = self.serializer.encode_owned(code, response);
            body.map_err(|why| Some(Failure::serialize(&why, id)))
        });
        handling.catch_unwind().map(move |outcome| match outcome {
            Ok(Ok(body)) => Some(answering.ok(body)),
            Ok(Err(failure)) => failure.map(|failure| answering.failed(failure)),
            Err(panic) => answering.handler_failed(&HandlerError::panicked(&*panic)),
        })
    }
}

impl<F, Fut, S, Req, Resp> Start for Typed<F, S, Req, Resp>
where
    F: Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = HandlerResult<Resp>> + Send + 'static,
    Req: Send + 'static,
    Resp: Send + 'static,
    S: DecodeBody<Req> + EncodeBody<Resp>,
{
    fn start(self: Arc<Self>, cx: RequestContext, incoming: Incoming, reply: &mut Reply<Bolt>) {
        reply.later(self.respond(cx, incoming));
    }

    fn run(self: Arc<Self>, cx: RequestContext, incoming: Incoming) -> Answered {
        Box::pin(self.respond(cx, incoming))
    }
}
