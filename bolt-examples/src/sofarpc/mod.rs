//! SOFARPC over SOFABolt: calls of Java services by their direct URL, and services for Java
//! consumers, over hessian2 and protobuf.
//!
//! | Java | here |
//! |---|---|
//! | `ConsumerConfig` with `directUrl` | [`Consumer`] |
//! | invoke types `sync`, `oneway`, `future`, `callback` | [`Consumer::invoke`] awaited, [`Consumer::oneway`], [`SofaCall::future`], [`SofaCall::callback`] |
//! | `ProviderConfig` with `ref` | [`Service`] in a [`Provider`] |
//! | `interfaceId`, `version`, `uniqueId` | [`ServiceName`] |
//! | a checked or runtime exception of a method | [`ServiceException`], by [`SofaError::Thrown`] |
//! | `SofaRpcException` of the provider | [`SofaError::Refused`] |
//! | `SofaTimeOutException` and others of the framework | [`SofaError::Call`] |
//! | `GenericService` | [`Untyped`] arguments of [`Consumer::invoke`] |
//! | serialization `hessian2`, `protobuf` | `invoke` and `method`, `invoke_protobuf` and `protobuf_method` |
//!
//! Registries, routing, tracing and baggage are not here: a consumer calls one address, and a
//! service sees what came in its header.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bolt_examples::sofarpc::{Consumer, Provider, Service};
//! use bolt_remoting::{RpcClient, RpcServer};
//!
//! let hello = Service::new("com.example.HelloService")
//!     .method("sayHello", |_cx, (name,): (String,)| async move { Ok(format!("hello {name}")) });
//! let server = RpcServer::builder()
//!     .processors(Provider::new().service(hello)?.into_processors())
//!     .bind("127.0.0.1:0")
//!     .await?;
//!
//! let address = server.local_addr().to_string();
//! let hello = Consumer::new(&RpcClient::new(), &address, "com.example.HelloService");
//! let text: String = hello.invoke("sayHello", ("you",)).await?;
//! assert_eq!(text, "hello you");
//! # Ok(())
//! # }
//! ```

mod arguments;
mod consumer;
mod envelope;
mod error;
mod exception;
mod header;
mod name;
mod provider;
mod service;

pub use arguments::{Arguments, FromArguments, JavaType, Untyped};
pub use consumer::{Consumer, SofaAnswer, SofaCall, SofaInvocation};
pub use envelope::{REQUEST_CLASS, RESPONSE_CLASS};
pub use error::SofaError;
pub use exception::ServiceException;
pub use header::{BadHeader, HeaderMap};
pub use name::ServiceName;
pub use provider::{AlreadyProvided, Provider};
pub use service::{Service, ServiceContext};
