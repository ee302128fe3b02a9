use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bolt_codec::bolt::SerializerCode;
use bytes::Bytes;
use futures::future::BoxFuture;
use rustc_hash::FxHashMap;
#[cfg(feature = "hessian")]
use serde::{Serialize, de::DeserializeOwned};

use super::body::{Body, DecodeBody, EncodeBody, Raw};
use super::context::RequestContext;
use super::dispatch::{Route, Routes, RpcHandler, Start, Typed};
use super::execution::Execution;
use super::failure::{HandlerError, HandlerResult};
use super::interceptor::{Chain, Interceptor};
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

    /// The Java classes that it handles; none for the one that serde knows
    /// [`Request`](Self::Request) by, which is the default. Java: `interest` and `multiInterest`.
    fn classes(&self) -> Vec<Bytes> {
        Vec::new()
    }

    /// Answers one request, where and when its [`Execution`] says.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped where it waits when the connection ends, unless the execution is
    /// detached.
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
    entries: Vec<Entry>,
    interceptors: Chain,
    /// The first thing that went wrong; told when the client or server is made.
    problem: Option<String>,
}

/// The handler of one or more classes.
struct Entry {
    classes: Vec<Bytes>,
    make: Box<Make>,
    execution: Option<Execution>,
}

/// Makes a handler once the settings are known.
type Make = dyn FnOnce(&Settings) -> Arc<dyn Start> + Send;

/// One class name or several, for handlers that take more than one.
///
/// A name is a string or [`Bytes`], several are an array or a [`Vec`] of them.
pub trait ClassNames {
    /// The names, UTF-8.
    fn into_names(self) -> Vec<Bytes>;
}

impl ClassNames for &'static str {
    fn into_names(self) -> Vec<Bytes> {
        vec![self.into()]
    }
}

impl ClassNames for String {
    fn into_names(self) -> Vec<Bytes> {
        vec![self.into()]
    }
}

impl ClassNames for Bytes {
    fn into_names(self) -> Vec<Bytes> {
        vec![self]
    }
}

impl<T: Into<Bytes>, const N: usize> ClassNames for [T; N] {
    fn into_names(self) -> Vec<Bytes> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T: Into<Bytes>> ClassNames for Vec<T> {
    fn into_names(self) -> Vec<Bytes> {
        self.into_iter().map(Into::into).collect()
    }
}

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

    /// Handles requests of `class`, or of several classes, with Hessian;
    /// [`RequestContext::class`] tells which it is.
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn handle_class<F, Fut, Req, Resp>(mut self, class: impl ClassNames, handler: F) -> Self
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
        let classes = processor.classes();
        let processor = Arc::new(processor);
        let handler = move |cx, request| {
            let processor = Arc::clone(&processor);
            async move { processor.process(cx, request).await }
        };
        if classes.is_empty() {
            self.handle(handler)
        } else {
            self.handle_class(classes, handler)
        }
    }

    /// Handles requests of the Java class that serde knows `Req` by, with Hessian, and answers them
    /// through a [`Responder`]: now or later, from anywhere. An error that the closure returns
    /// answers the request.
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

    /// Handles requests of `class`, or of several classes, with a serializer of your own.
    #[must_use]
    pub fn handle_with<F, Fut, Req, Resp, S>(
        mut self,
        class: impl ClassNames,
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
    /// [`Responder`]; an error that the closure returns answers the request.
    #[must_use]
    pub fn handle_later_with<F, Req, Resp, S>(
        self,
        class: impl ClassNames,
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

    /// Handles requests of `class`, or of several classes, as bytes; answers repeat the request's serializer code.
    #[must_use]
    pub fn handle_raw<F, Fut>(self, class: impl ClassNames, handler: F) -> Self
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

    /// Lets the handlers given so far that have no execution yet run as `execution` says. Default:
    /// [`Execution::in_place`].
    #[must_use]
    pub fn execution(mut self, execution: Execution) -> Self {
        for entry in &mut self.entries {
            entry.execution.get_or_insert_with(|| execution.clone());
        }
        self
    }

    /// Stands around all requests that these processors get, those without a handler included; see
    /// [`Interceptor`].
    #[must_use]
    pub fn intercept(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptors.add(interceptor);
        self
    }

    /// Adds the handlers of `other`, and its interceptors after the own ones: they stand around all
    /// requests.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.problem = self.problem.or(other.problem);
        for entry in other.entries {
            self.push(entry);
        }
        self.interceptors.append(other.interceptors);
        self
    }

    fn add(
        &mut self,
        classes: impl ClassNames,
        make: impl FnOnce(&Settings) -> Arc<dyn Start> + Send + 'static,
    ) {
        self.push(Entry {
            classes: classes.into_names(),
            make: Box::new(make),
            execution: None,
        });
    }

    fn push(&mut self, entry: Entry) {
        let known = |class: &Bytes| {
            self.entries
                .iter()
                .any(|entry| entry.classes.contains(class))
        };
        let problem = |(place, class): (usize, &Bytes)| match std::str::from_utf8(class) {
            Ok("") => Some("the class name of a handler is empty".to_owned()),
            Ok(name) if known(class) || entry.classes[..place].contains(class) => {
                Some(format!("{name} has two handlers"))
            }
            Ok(_) => None,
            Err(_) => Some("the class name of a handler is not UTF-8".to_owned()),
        };
        let mut problem = entry.classes.iter().enumerate().find_map(problem);
        if entry.classes.is_empty() {
            problem = Some("a handler has no class".to_owned());
        }
        self.problem = self.problem.take().or(problem);
        self.entries.push(entry);
    }

    pub(super) fn into_handler(self, settings: &Arc<Settings>) -> Result<RpcHandler> {
        if let Some(problem) = self.problem {
            return Err(Error::new(ErrorKind::InvalidArgument, problem));
        }
        let mut routes = FxHashMap::default();
        for entry in self.entries {
            let route = Route {
                processor: (entry.make)(settings),
                execution: entry.execution.unwrap_or_default(),
            };
            routes.extend(
                entry
                    .classes
                    .into_iter()
                    .map(|class| (class, route.clone())),
            );
        }
        Ok(RpcHandler {
            routes: Arc::new(Routes(routes)),
            interceptors: self.interceptors,
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
        let classes = self.entries.iter().flat_map(|entry| &entry.classes);
        f.debug_set().entries(classes).finish()
    }
}
