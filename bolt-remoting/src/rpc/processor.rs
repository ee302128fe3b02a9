use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bolt_codec::bolt::SerializerCode;
use bytes::Bytes;
use futures::future::BoxFuture;
#[cfg(feature = "hessian")]
use serde::{Serialize, de::DeserializeOwned};

use super::body::{Body, DecodeBody, EncodeBody, Raw};
use super::context::RequestContext;
use super::dispatch::{RpcHandler, Start, Typed};
use super::failure::{HandlerError, HandlerResult};
use super::responder::Responder;
use super::settings::Settings;
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

    /// Handles requests of the Java class that serde knows `Req` by, with Hessian, and answers them
    /// through a [`Responder`]: now or later, from anywhere. The closure runs on the connection's
    /// task; an error it returns answers the request.
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn handle_later<F, Req, Resp>(self, handler: F) -> Self
    where
        F: Fn(RequestContext, Req, Responder<Resp>) -> HandlerResult<()> + Send + Sync + 'static,
        Req: DeserializeOwned + Send + 'static,
        Resp: Serialize + Send + 'static,
    {
        self.handle(answered_later(handler))
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

    /// Handles requests of `class` with a serializer of your own, and answers them through a
    /// [`Responder`]; the closure runs on the
    /// connection's task; an error it returns answers the request.
    #[must_use]
    pub fn handle_later_with<F, Req, Resp, S>(
        self,
        class: impl Into<Bytes>,
        serializer: Arc<S>,
        handler: F,
    ) -> Self
    where
        F: Fn(RequestContext, Req, Responder<Resp>) -> HandlerResult<()> + Send + Sync + 'static,
        Req: Send + 'static,
        Resp: Send + 'static,
        S: DecodeBody<Req> + EncodeBody<Resp>,
    {
        self.handle_with(class, serializer, answered_later(handler))
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

/// A handler whose future waits for what its responder is given.
fn answered_later<F, Req, Resp>(
    handler: F,
) -> impl Fn(RequestContext, Req) -> BoxFuture<'static, HandlerResult<Resp>>
where
    F: Fn(RequestContext, Req, Responder<Resp>) -> HandlerResult<()>,
    Resp: Send + 'static,
{
    move |cx, request| {
        let (responder, answer) = Responder::new();
        let begun = handler(cx, request, responder);
        Box::pin(async move {
            begun?;
            answer
                .await
                .unwrap_or_else(|_| Err(HandlerError::no_answer()))
        })
    }
}

impl fmt::Debug for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = self.entries.iter().map(|(class, _)| class);
        f.debug_set().entries(classes).finish()
    }
}
