use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bolt_codec::bolt::{Bolt, BoltFrame, MAX_NAME_LEN, SerializerCode};
use bytes::Bytes;
use futures::FutureExt;
use rustc_hash::FxHashMap;
#[cfg(feature = "hessian")]
use serde::{Serialize, de::DeserializeOwned};

use super::body::{Body, DecodeBody, EncodeBody, Raw};
use super::connection::RpcConnection;
use super::context::RequestContext;
use super::failure::{Failure, HandlerError, HandlerResult};
use super::settings::Settings;
use crate::engine::handler::{FrameContext, FrameHandler, Reply};
use crate::{Error, ErrorKind, Result};

/// A handler as a type, for handlers with state. Java: `UserProcessor`.
///
/// ```
/// use bolt_remoting::rpc::{HandlerResult, Processor, RequestContext};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// struct Counter(AtomicU64);
///
/// impl Processor for Counter {
///     type Request = String;
///     type Response = i64;
///
///     async fn process(&self, _cx: RequestContext, _key: String) -> HandlerResult<i64> {
///         Ok(self.0.fetch_add(1, Ordering::Relaxed) as i64)
///     }
/// }
/// ```
pub trait Processor: Send + Sync + 'static {
    /// What it takes.
    type Request: Send + 'static;
    /// What it answers.
    type Response: Send + 'static;

    /// Answers one request. Runs on the connection's task until it first waits for something, then
    /// as a task of its own, which is cancelled when the connection ends; work that has to go on is
    /// spawned.
    fn process(
        &self,
        cx: RequestContext,
        request: Self::Request,
    ) -> impl Future<Output = HandlerResult<Self::Response>> + Send;
}

/// Handlers by request class, for a server or for the client end of a duplex connection.
///
/// ```
/// # #[cfg(feature = "hessian")] {
/// use bolt_remoting::rpc::Processors;
///
/// let processors = Processors::new()
///     .handle(|_cx, text: String| async move { Ok(text.len() as i32) })
///     .handle_class("com.example.Twice", |_cx, n: i32| async move { Ok(n * 2) });
/// # }
/// ```
#[derive(Default)]
pub struct Processors {
    entries: Vec<(Bytes, Make)>,
    /// The first thing that went wrong; told when the client or server is made.
    problem: Option<String>,
}

/// Makes a handler once the settings are known.
type Make = Box<dyn FnOnce(&Settings) -> Arc<dyn Start> + Send>;

impl Processors {
    /// No handlers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles requests of the Java class that serde knows `Req` by, with Hessian. The closure
    /// gives a future of `Result<Resp, HandlerError>`; `Option` and `()` are Java's null.
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn handle<F, Fut, Req, Resp>(mut self, handler: F) -> Self
    where
        F: Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<Resp>> + Send + 'static,
        Req: DeserializeOwned + Send + 'static,
        Resp: Serialize + Send + 'static,
    {
        match bolt_hessian::class_name::of_type::<Req>() {
            Some(class) => self.handle_class(class, handler),
            None => {
                let name = std::any::type_name::<Req>();
                self.problem
                    .get_or_insert(format!("{name} has no Java class name"));
                self
            }
        }
    }

    /// Handles requests of `class` with Hessian.
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn handle_class<F, Fut, Req, Resp>(mut self, class: impl Into<Bytes>, handler: F) -> Self
    where
        F: Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<Resp>> + Send + 'static,
        Req: DeserializeOwned + Send + 'static,
        Resp: Serialize + Send + 'static,
    {
        self.add(class, |settings: &Settings| {
            Arc::new(Typed::new(handler, Arc::clone(&settings.hessian)))
        });
        self
    }

    /// Handles what `processor` takes, with Hessian; otherwise like [`handle`](Self::handle).
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn processor<P>(self, processor: P) -> Self
    where
        P: Processor<Request: DeserializeOwned, Response: Serialize>,
    {
        let processor = Arc::new(processor);
        self.handle(move |cx, request| {
            let processor = Arc::clone(&processor);
            async move { processor.process(cx, request).await }
        })
    }

    /// Handles requests of `class` with a serializer of your own.
    #[must_use]
    pub fn handle_with<F, Fut, Req, Resp, S>(
        mut self,
        class: impl Into<Bytes>,
        serializer: Arc<S>,
        handler: F,
    ) -> Self
    where
        F: Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<Resp>> + Send + 'static,
        Req: Send + 'static,
        Resp: Send + 'static,
        S: DecodeBody<Req> + EncodeBody<Resp>,
    {
        self.add(class, |_: &Settings| {
            Arc::new(Typed::new(handler, serializer))
        });
        self
    }

    /// Handles requests of `class` as bytes; answers repeat the request's serializer code.
    #[must_use]
    pub fn handle_raw<F, Fut>(self, class: impl Into<Bytes>, handler: F) -> Self
    where
        F: Fn(RequestContext, Body) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<Body>> + Send + 'static,
    {
        self.handle_with(
            class,
            Arc::new(Raw {
                code: SerializerCode::HESSIAN,
            }),
            handler,
        )
    }

    fn add(
        &mut self,
        class: impl Into<Bytes>,
        make: impl FnOnce(&Settings) -> Arc<dyn Start> + Send + 'static,
    ) {
        let class = class.into();
        let problem = match std::str::from_utf8(&class) {
            Ok("") => Some("the class name of a handler is empty".to_owned()),
            Ok(name) if self.entries.iter().any(|(known, _)| *known == class) => {
                Some(format!("{name} has two handlers"))
            }
            Ok(_) => None,
            Err(_) => Some("the class name of a handler is not UTF-8".to_owned()),
        };
        self.problem = self.problem.take().or(problem);
        self.entries.push((class, Box::new(make)));
    }

    pub(super) fn into_handler(self, settings: &Arc<Settings>) -> Result<RpcHandler> {
        if let Some(problem) = self.problem {
            return Err(Error::new(ErrorKind::InvalidArgument, problem));
        }
        let made = self
            .entries
            .into_iter()
            .map(|(class, make)| (class, make(settings)));
        Ok(RpcHandler {
            by_class: made.collect(),
            settings: Arc::clone(settings),
        })
    }
}

impl fmt::Debug for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = self.entries.iter().map(|(class, _)| class);
        f.debug_set().entries(classes).finish()
    }
}

/// Gives each SOFABolt request to the handler of its class.
pub(super) struct RpcHandler {
    by_class: FxHashMap<Bytes, Arc<dyn Start>>,
    settings: Arc<Settings>,
}

impl FrameHandler<Bolt> for RpcHandler {
    fn handle(&self, cx: FrameContext<Bolt>, frame: BoltFrame, reply: &mut Reply<Bolt>) {
        let connection = cx.connection().clone();
        let answering = Answering {
            answer: frame.respond(Bytes::new(), Bytes::new()),
            error_details: self.settings.error_details,
            max_frame: connection.config().limits.max_frame,
        };
        let Some(processor) = self.by_class.get(&frame.class) else {
            let class = match String::from_utf8_lossy(&frame.class) {
                class if class.is_empty() => "null".into(),
                class => class,
            };
            reply.now(Some(answering.failed(Failure::no_processor(&class))));
            return;
        };
        let connection = RpcConnection::new(connection, Arc::clone(&self.settings));
        let context = RequestContext::new(connection, cx.arrived(), &frame);
        let body = Body {
            class: frame.class,
            header: frame.header,
            content: frame.content,
        };
        let incoming = Incoming {
            code: frame.codec,
            body,
            answering,
        };
        Arc::clone(processor).start(context, incoming, reply);
    }
}

/// A handler whose types are forgotten.
trait Start: Send + Sync {
    fn start(self: Arc<Self>, cx: RequestContext, incoming: Incoming, reply: &mut Reply<Bolt>);
}

/// A request on its way to its handler.
struct Incoming {
    code: SerializerCode,
    body: Body,
    answering: Answering,
}

/// Makes the answer of one request.
struct Answering {
    /// The successful answer without a body.
    answer: BoltFrame,
    error_details: bool,
    max_frame: usize,
}

impl Answering {
    fn ok(mut self, body: Body) -> BoltFrame {
        self.answer.class = body.class;
        self.answer.header = body.header;
        self.answer.content = body.content;
        match self.excess() {
            Some(why) => {
                let failure = Failure::serialize(&why, self.answer.id);
                self.failed(failure)
            }
            None => self.answer,
        }
    }

    /// What keeps the answer from being a frame.
    fn excess(&self) -> Option<String> {
        let answer = &self.answer;
        let sizes = [
            ("class name", answer.class.len(), MAX_NAME_LEN),
            ("header", answer.header.len(), MAX_NAME_LEN),
            ("frame", answer.encoded_len(), self.max_frame),
        ];
        let (what, len, most) = sizes.into_iter().find(|&(_, len, most)| len > most)?;
        Some(format!("its {what} takes {len} bytes, {most} are allowed"))
    }

    fn failed(self, failure: Failure) -> BoltFrame {
        let answer = self.answer.respond_status(failure.status);
        let mut answer = failure.into_frame(answer, self.error_details);
        if answer.encoded_len() > self.max_frame {
            // Better a status alone than silence.
            answer.class = Bytes::new();
            answer.content = Bytes::new();
        }
        answer
    }
}

struct Typed<F, S, Req, Resp> {
    handler: F,
    serializer: Arc<S>,
    types: PhantomData<fn(Req) -> Resp>,
}

impl<F, S, Req, Resp> Typed<F, S, Req, Resp> {
    fn new(handler: F, serializer: Arc<S>) -> Self {
        Self {
            handler,
            serializer,
            types: PhantomData,
        }
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
        let Incoming {
            code,
            body,
            answering,
        } = incoming;
        reply.later(async move {
            let id = answering.answer.id;
            // Serializers and the closure itself may panic too, so all of it is inside.
            let handling = async {
                let request = self.serializer.decode(code, body);
                let request = request.map_err(|why| Failure::deserialize(&why, id))?;
                let handled = (self.handler)(cx, request).await;
                let response = handled.map_err(|error| Failure::of_handler(&error, id))?;
                let body = self.serializer.encode(&response);
                body.map_err(|why| Failure::serialize(&why, id))
            };
            let result = match AssertUnwindSafe(handling).catch_unwind().await {
                Ok(result) => result,
                Err(panic) => Err(Failure::of_handler(&HandlerError::panicked(&*panic), id)),
            };
            Some(match result {
                Ok(body) => answering.ok(body),
                Err(failure) => answering.failed(failure),
            })
        });
    }
}
