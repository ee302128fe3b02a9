use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::SerializerCode;
use bolt_hessian::Value;
use bolt_remoting::RpcClient;
use bolt_remoting::rpc::{
    Answer, Body, Call, CallContext, DecodeBody, EncodeBody, Invocation, OnewayCall,
    SerializerError,
};
use futures::FutureExt;
use futures::future::Map;
use serde::de::DeserializeOwned;

use super::arguments::Arguments;
use super::envelope::{self, Prepared, REQUEST_CLASS, ReceivedAnswer};
use super::error::SofaError;
use super::exception::ServiceException;
use super::header::HeaderMap;
use super::name::ServiceName;

/// Calls one service at one address. Cheap to clone. Java: a `ConsumerConfig` with a direct URL.
///
/// The connections are those of the [`RpcClient`], which consumers share; so are its default
/// timeout, heartbeats, limits and TLS. SOFARPC speaks version 1 of SOFABolt, the default of
/// addresses.
///
/// ```no_run
/// # async fn f() -> Result<(), bolt_examples::sofarpc::SofaError> {
/// use bolt_examples::sofarpc::{Consumer, SofaError};
/// use bolt_remoting::RpcClient;
///
/// let client = RpcClient::new();
/// let hello = Consumer::new(&client, "127.0.0.1:12200", "com.example.HelloService");
/// let text: String = hello.invoke("sayHello", ("you",)).await?;
/// match hello.invoke::<i32>("divide", (1, 0)).await {
///     Ok(result) => println!("{text}: {result}"),
///     Err(SofaError::Thrown(exception)) => println!("it threw {}", exception.class()),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Consumer {
    client: RpcClient,
    address: Arc<str>,
    service: Arc<str>,
    app: Option<Arc<str>>,
    hessian: Arc<OverHessian>,
    protobuf: Arc<OverProtobuf>,
}

impl Consumer {
    /// A consumer of `service` (an interface name stands for its version 1.0) at `address`, with or
    /// without `bolt://` before it. Nothing is connected yet.
    #[must_use]
    pub fn new(client: &RpcClient, address: &str, service: impl Into<ServiceName>) -> Self {
        Self {
            client: client.clone(),
            address: address.strip_prefix("bolt://").unwrap_or(address).into(),
            service: service.into().to_string().into(),
            app: None,
            hessian: Arc::default(),
            protobuf: Arc::default(),
        }
    }

    /// The name of the application that is called. Default none.
    #[must_use]
    pub fn target_app(mut self, name: &str) -> Self {
        self.app = Some(name.into());
        self
    }

    /// A two-way call over hessian2. The types of `args` choose among methods of one name; see
    /// [`JavaType`](super::JavaType). A `void` method gives `()`, and what may be null an `Option`.
    pub fn invoke<R>(&self, method: &str, args: impl Arguments) -> SofaCall<R>
    where
        R: DeserializeOwned + Send + 'static,
    {
        let request = self.hessian_request(method, "sync", &args);
        self.call(&self.hessian, &request)
    }

    /// A call over hessian2 whose answer nobody waits for; there is none.
    pub fn oneway(&self, method: &str, args: impl Arguments) -> OnewayCall {
        let request = self.hessian_request(method, "oneway", &args);
        self.client
            .oneway_with(&OverHessian, &self.address, &request)
    }

    /// A two-way call over protobuf: one message there, one back. A Java provider refuses a message
    /// of which all fields have their defaults, which is no byte at all.
    pub fn invoke_protobuf<R>(&self, method: &str, message: &impl prost::Message) -> SofaCall<R>
    where
        R: prost::Message + Default + 'static,
    {
        let request = self.request(method, "sync", message.encode_to_vec());
        self.call(&self.protobuf, &request)
    }

    /// A call over protobuf whose answer nobody waits for.
    pub fn oneway_protobuf(&self, method: &str, message: &impl prost::Message) -> OnewayCall {
        let request = self.request(method, "oneway", message.encode_to_vec());
        self.client
            .oneway_with(&OverProtobuf, &self.address, &request)
    }

    fn call<R, S>(&self, serializer: &Arc<S>, request: &Prepared) -> SofaCall<R>
    where
        R: Send + 'static,
        S: EncodeBody<Prepared> + DecodeBody<Outcome<R>>,
    {
        let call = self.client.invoke_with(serializer, &self.address, request);
        SofaCall(call)
    }

    fn hessian_request(&self, method: &str, style: &str, args: &impl Arguments) -> Prepared {
        let content = envelope::request(self.app.as_deref(), &self.service, method, args);
        match content {
            Ok(content) => self.request(method, style, content),
            Err(error) => Prepared(Err(error.to_string())),
        }
    }

    fn request(&self, method: &str, style: &str, content: Vec<u8>) -> Prepared {
        let mut header = HeaderMap::default();
        header.insert(envelope::SERVICE, &*self.service);
        header.insert(envelope::TARGET_SERVICE, &*self.service);
        header.insert(envelope::METHOD, method);
        if let Some(app) = &self.app {
            header.insert(envelope::TARGET_APP, &**app);
        }
        header.insert("protocol", "bolt");
        header.insert("type", style);
        let mut body = Body::new(REQUEST_CLASS, content);
        body.header = header.encode();
        Prepared(Ok(body))
    }
}

/// What the service made of the call, if it was reached.
type Outcome<R> = Result<R, SofaError>;

/// A two-way call that has not been made yet. `.await` it for its result, or take another style, as
/// with SOFABolt's own [`Call`].
///
/// # Cancel safety
///
/// Dropping the awaited call gives it up; the connection stays in step.
#[must_use = "a call does nothing until it is awaited, or made a future or a callback"]
pub struct SofaCall<R>(Call<Outcome<R>>);

/// An awaited [`SofaCall`].
///
/// # Cancel safety
///
/// Dropping it gives the call up; the connection stays in step.
pub type SofaInvocation<R> = Map<Invocation<Outcome<R>>, Flatten<R>>;

/// The result of a call that is under way.
///
/// # Cancel safety
///
/// Dropping it gives the call up; the connection stays in step.
pub type SofaAnswer<R> = Map<Answer<Outcome<R>>, Flatten<R>>;

type Flatten<R> = fn(bolt_remoting::Result<Outcome<R>>) -> Outcome<R>;

fn flatten<R>(outcome: bolt_remoting::Result<Outcome<R>>) -> Outcome<R> {
    outcome?
}

impl<R: Send + 'static> SofaCall<R> {
    /// How long the whole call may take; the service is told. Default that of the client, 3 s.
    /// Java: `setTimeout`.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// Where to write down how the call went.
    pub fn context(self, context: &CallContext) -> Self {
        Self(self.0.context(context))
    }

    /// Queues the request and returns the future of its result. Java: invoke type `future`.
    ///
    /// # Errors
    ///
    /// [`SofaError::Call`]: no connection, no room, deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it returns means that nothing is sent.
    pub async fn future(self) -> Result<SofaAnswer<R>, SofaError> {
        let answer = self.0.future().await?;
        Ok(answer.map(flatten as Flatten<R>))
    }

    /// Gives the outcome to `callback`, once, on a task of its own. Java: invoke type `callback`.
    pub fn callback(self, callback: impl FnOnce(Result<R, SofaError>) + Send + 'static) {
        self.0
            .callback(move |outcome: bolt_remoting::Result<Outcome<R>>| callback(flatten(outcome)));
    }

    /// Makes the call and blocks the thread: for plain threads beside a multi-threaded runtime.
    ///
    /// # Errors
    ///
    /// As the awaited call; see [`Call::blocking`].
    pub fn blocking(self) -> Result<R, SofaError> {
        flatten(self.0.blocking())
    }
}

impl<R: Send + 'static> IntoFuture for SofaCall<R> {
    type Output = Result<R, SofaError>;
    type IntoFuture = SofaInvocation<R>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.into_future().map(flatten as Flatten<R>)
    }
}

impl<R> fmt::Debug for SofaCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SofaCall").finish_non_exhaustive()
    }
}

/// Sends requests and reads answers over hessian2.
#[derive(Debug, Default)]
struct OverHessian;

impl EncodeBody<Prepared> for OverHessian {
    fn code(&self) -> SerializerCode {
        SerializerCode::HESSIAN
    }

    fn encode(&self, request: &Prepared) -> Result<Body, SerializerError> {
        request.body()
    }
}

impl<R: DeserializeOwned> DecodeBody<Outcome<R>> for OverHessian {
    fn decode(&self, code: SerializerCode, body: Body) -> Result<Outcome<R>, SerializerError> {
        expect(SerializerCode::HESSIAN, code)?;
        let mut problem = None;
        if !envelope::says_failure(&body.header)? {
            match bolt_hessian::from_bytes::<ReceivedAnswer<R>>(&body.content) {
                Ok(answer) if !answer.is_error => return Ok(Ok(answer.app_response)),
                Ok(_) => {}
                Err(error) => problem = Some(error),
            }
        }
        let answer: ReceivedAnswer<Value> = bolt_hessian::from_bytes(&body.content)?;
        if answer.is_error {
            let text = answer.error_msg.unwrap_or_else(|| "no reason given".into());
            return Ok(Err(SofaError::Refused(text)));
        }
        // Java goes by the class of the result, whatever the header says.
        let exception = ServiceException::from_value(answer.app_response);
        match (exception, problem) {
            (Some(exception), _) if exception.throwable().is_some() => {
                Ok(Err(SofaError::Thrown(exception)))
            }
            (_, Some(problem)) => Err(problem.into()),
            (_, None) => Err("the answer is a failure without a reason".into()),
        }
    }
}

/// Sends requests and reads answers over protobuf.
#[derive(Debug, Default)]
struct OverProtobuf;

impl EncodeBody<Prepared> for OverProtobuf {
    fn code(&self) -> SerializerCode {
        SerializerCode::PROTOBUF
    }

    fn encode(&self, request: &Prepared) -> Result<Body, SerializerError> {
        request.body()
    }
}

impl<R: prost::Message + Default> DecodeBody<Outcome<R>> for OverProtobuf {
    fn decode(&self, code: SerializerCode, body: Body) -> Result<Outcome<R>, SerializerError> {
        expect(SerializerCode::PROTOBUF, code)?;
        if envelope::says_failure(&body.header)? {
            let text = String::from_utf8_lossy(&body.content);
            return Ok(Err(SofaError::Refused(text.into_owned())));
        }
        Ok(Ok(R::decode(body.content)?))
    }
}

fn expect(wanted: SerializerCode, code: SerializerCode) -> Result<(), SerializerError> {
    if code == wanted {
        return Ok(());
    }
    Err(format!(
        "the answer has serializer code {}, not {}",
        code.0, wanted.0
    )
    .into())
}
