use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bolt_codec::bolt::SerializerCode;
use bolt_hessian::Deserializer;
use bolt_remoting::rpc::{RequestContext, SerializerError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;

use super::arguments::FromArguments;
use super::envelope::{self, Prepared};
use super::exception::ServiceException;
use super::header::HeaderMap;
use super::name::ServiceName;

/// Methods under a name, for a [`Provider`](super::Provider). Java: a `ProviderConfig` with its
/// implementation.
///
/// Java's overloading works: methods of one name are told apart by the types of their parameters,
/// and the first that fits is run.
///
/// ```
/// use bolt_examples::sofarpc::{Service, ServiceException};
///
/// let service = Service::new("com.example.Calculator")
///     .method("divide", |_cx, (a, b): (i32, i32)| async move {
///         let zero = || ServiceException::new("java.lang.ArithmeticException", "/ by zero");
///         a.checked_div(b).ok_or_else(zero)
///     });
/// ```
pub struct Service {
    name: ServiceName,
    methods: Vec<Method>,
}

/// What is known of a call besides its arguments.
#[derive(Clone, Debug)]
pub struct ServiceContext {
    /// SOFABolt's view of the request: connection, deadline, caller.
    pub request: RequestContext,
    /// The frame's header: service and method, tracing data, whatever else the consumer sends.
    pub header: HeaderMap,
}

/// A method whose types are forgotten.
struct Method {
    name: String,
    kind: Kind,
}

enum Kind {
    Hessian {
        accept: fn(&[String]) -> bool,
        prepare: Box<PrepareHessian>,
    },
    Protobuf {
        prepare: Box<PrepareProtobuf>,
    },
}

type PrepareHessian =
    dyn Fn(&[String], &mut Deserializer<'_>) -> bolt_hessian::Result<Run> + Send + Sync;
type PrepareProtobuf = dyn Fn(Bytes) -> Result<Run, SerializerError> + Send + Sync;

/// The rest of a call whose arguments have been read.
pub(super) type Run = Box<dyn FnOnce(ServiceContext) -> BoxFuture<'static, Prepared> + Send>;

impl Service {
    /// A service without methods. An interface name stands for its version 1.0.
    #[must_use]
    pub fn new(name: impl Into<ServiceName>) -> Self {
        Self {
            name: name.into(),
            methods: Vec::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.name
    }

    /// Adds a method that is called over hessian2. Its parameters are a tuple, or
    /// [`Untyped`](super::Untyped); its result is anything with serde support, `()` for `void`.
    #[must_use]
    pub fn method<A, R, F, Fut>(mut self, name: impl Into<String>, method: F) -> Self
    where
        A: FromArguments + Send + 'static,
        R: Serialize,
        F: Fn(ServiceContext, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, ServiceException>> + Send + 'static,
    {
        let method = Arc::new(method);
        let prepare = move |types: &[String], stream: &mut Deserializer<'_>| {
            let args = A::read(types, stream)?;
            let method = Arc::clone(&method);
            let run = move |cx| {
                let outcome = method(cx, args);
                async move {
                    match outcome.await {
                        Ok(value) => envelope::result(&value),
                        Err(error) => envelope::thrown(SerializerCode::HESSIAN, &error),
                    }
                }
                .boxed()
            };
            Ok(Box::new(run) as Run)
        };
        self.methods.push(Method {
            name: name.into(),
            kind: Kind::Hessian {
                accept: A::accept,
                prepare: Box::new(prepare),
            },
        });
        self
    }

    /// Adds a method that is called over protobuf: one message in, one out. A Java consumer takes
    /// an answer of which all fields have their defaults, which is no byte at all, for an error.
    #[must_use]
    pub fn protobuf_method<A, R, F, Fut>(mut self, name: impl Into<String>, method: F) -> Self
    where
        A: prost::Message + Default + 'static,
        R: prost::Message,
        F: Fn(ServiceContext, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, ServiceException>> + Send + 'static,
    {
        let method = Arc::new(method);
        let prepare = move |content: Bytes| {
            let message = A::decode(content)?;
            let method = Arc::clone(&method);
            let run = move |cx| {
                let outcome = method(cx, message);
                async move {
                    match outcome.await {
                        Ok(message) => envelope::bytes(message.encode_to_vec()),
                        Err(error) => envelope::thrown(SerializerCode::PROTOBUF, &error),
                    }
                }
                .boxed()
            };
            Ok(Box::new(run) as Run)
        };
        self.methods.push(Method {
            name: name.into(),
            kind: Kind::Protobuf {
                prepare: Box::new(prepare),
            },
        });
        self
    }

    /// Reads the arguments of a hessian2 call to the end; `None` if there is no such method.
    pub(super) fn prepare_hessian(
        &self,
        name: &str,
        types: &[String],
        mut stream: Deserializer<'_>,
    ) -> Option<bolt_hessian::Result<Run>> {
        let prepare = self.methods.iter().find_map(|method| match &method.kind {
            Kind::Hessian { accept, prepare } => {
                (method.name == name && accept(types)).then_some(prepare)
            }
            Kind::Protobuf { .. } => None,
        })?;
        let run = prepare(types, &mut stream);
        Some(run.and_then(|run| stream.finish().map(|()| run)))
    }

    /// Reads the argument of a protobuf call; `None` if there is no such method.
    pub(super) fn prepare_protobuf(
        &self,
        name: &str,
        content: Bytes,
    ) -> Option<Result<Run, SerializerError>> {
        let prepare = self.methods.iter().find_map(|method| match &method.kind {
            Kind::Protobuf { prepare } => (method.name == name).then_some(prepare),
            Kind::Hessian { .. } => None,
        })?;
        Some(prepare(content))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.methods.iter().map(|method| &method.name).collect();
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("methods", &methods)
            .finish()
    }
}
