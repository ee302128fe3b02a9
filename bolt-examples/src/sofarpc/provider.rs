use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bolt_codec::bolt::SerializerCode;
use bolt_hessian::{Deserializer, Options};
use bolt_remoting::rpc::{
    Body, DecodeBody, EncodeBody, Processors, RequestContext, SerializerError,
};

use super::envelope::{self, Prepared, REQUEST_CLASS, ReceivedHead};
use super::header::HeaderMap;
use super::service::{Run, Service, ServiceContext};

/// Services for a SOFABolt server.
///
/// A call of a service or a method that is not there is refused, a panic in a method becomes a
/// server error, and bytes that are no call are answered as such; the connection goes on.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use bolt_examples::sofarpc::{Provider, Service, ServiceName};
/// use bolt_remoting::RpcServer;
///
/// let name = ServiceName::new("com.example.HelloService").unique_id("eu");
/// let hello = Service::new(name)
///     .method("sayHello", |_cx, (name,): (String,)| async move { Ok(format!("hello {name}")) });
/// let provider = Provider::new().service(hello)?;
/// let server = RpcServer::builder()
///     .processors(provider.into_processors())
///     .bind("127.0.0.1:0")
///     .await?;
/// println!("bolt://{}", server.local_addr());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Provider {
    services: HashMap<String, Service>,
}

/// Two services have one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlreadyProvided(String);

impl fmt::Display for AlreadyProvided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service {} is provided already", self.0)
    }
}

impl std::error::Error for AlreadyProvided {}

impl Provider {
    /// No services yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service.
    ///
    /// # Errors
    ///
    /// [`AlreadyProvided`] if there is one of its name.
    pub fn service(mut self, service: Service) -> Result<Self, AlreadyProvided> {
        let name = service.name().to_string();
        if self.services.contains_key(&name) {
            return Err(AlreadyProvided(name));
        }
        self.services.insert(name, service);
        Ok(self)
    }

    /// The handler of all calls, for a server. Where it runs, and how many at once, is chosen with
    /// [`Processors::execution`].
    #[must_use]
    pub fn into_processors(self) -> Processors {
        let answer = |request: RequestContext, call: Incoming| async move {
            let header = call.header;
            Ok(match call.step {
                Step::Run(run) => run(ServiceContext { request, header }).await,
                Step::Refuse(code, text) => envelope::refused(code, &text),
            })
        };
        Processors::new().handle_with(REQUEST_CLASS, Arc::new(self), answer)
    }

    fn hessian(&self, header: &HeaderMap, body: &Body) -> Result<Step, SerializerError> {
        let mut stream = Deserializer::from_bytes(&body.content, Options::default());
        let head: ReceivedHead = stream.read()?;
        let service = head.target_service_unique_name.as_deref();
        let service = match service {
            Some(service) => service,
            None => service_in(header)?,
        };
        let types = head.method_arg_sigs.unwrap_or_default();
        let Some(found) = self.services.get(service) else {
            return Ok(no_service(SerializerCode::HESSIAN, service));
        };
        match found.prepare_hessian(&head.method_name, &types, stream) {
            Some(run) => Ok(Step::Run(run?)),
            None => {
                let method = format!("{}({})", head.method_name, types.join(","));
                Ok(no_method(SerializerCode::HESSIAN, &method, service))
            }
        }
    }

    fn protobuf(&self, header: &HeaderMap, body: Body) -> Result<Step, SerializerError> {
        let service = service_in(header)?;
        let Some(method) = header.get(envelope::METHOD) else {
            return Err(format!("the header has no {}", envelope::METHOD).into());
        };
        let Some(found) = self.services.get(service) else {
            return Ok(no_service(SerializerCode::PROTOBUF, service));
        };
        match found.prepare_protobuf(method, body.content) {
            Some(run) => Ok(Step::Run(run?)),
            None => Ok(no_method(SerializerCode::PROTOBUF, method, service)),
        }
    }
}

fn service_in(header: &HeaderMap) -> Result<&str, SerializerError> {
    let service = header.get(envelope::TARGET_SERVICE);
    let service = service.or_else(|| header.get(envelope::SERVICE));
    service.ok_or_else(|| format!("the header has no {}", envelope::SERVICE).into())
}

fn no_service(code: SerializerCode, service: &str) -> Step {
    Step::Refuse(code, format!("RPC-020100010: no such service: [{service}]"))
}

fn no_method(code: SerializerCode, method: &str, service: &str) -> Step {
    let text = format!("RPC-020100011: no such method: [{method}], service: [{service}]");
    Step::Refuse(code, text)
}

/// A call as it was read.
pub(super) struct Incoming {
    header: HeaderMap,
    step: Step,
}

enum Step {
    Run(Run),
    Refuse(SerializerCode, String),
}

impl DecodeBody<Incoming> for Provider {
    fn decode(&self, code: SerializerCode, body: Body) -> Result<Incoming, SerializerError> {
        let header = HeaderMap::decode(&body.header)?;
        // Java demands it even where the content says the same.
        service_in(&header)?;
        let step = match code {
            SerializerCode::HESSIAN => self.hessian(&header, &body)?,
            SerializerCode::PROTOBUF => self.protobuf(&header, body)?,
            _ => return Err(format!("serializer code {} is not served", code.0).into()),
        };
        Ok(Incoming { header, step })
    }
}

impl EncodeBody<Prepared> for Provider {
    /// Not used: answers have the code of their request.
    fn code(&self) -> SerializerCode {
        SerializerCode::HESSIAN
    }

    fn encode(&self, answer: &Prepared) -> Result<Body, SerializerError> {
        answer.body()
    }
}
