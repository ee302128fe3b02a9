//! SOFABolt's own RPC: typed calls and handlers in the four styles of Java's `RpcClient` and
//! `RpcServer`.
//!
//! [`from_java`](crate::from_java) says where Java's classes are found here.
//!
//! ```
//! # #[cfg(feature = "hessian")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> bolt_remoting::Result<()> {
//! use bolt_remoting::rpc::{RpcClient, RpcServer};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(rename = "com.example.Add")]
//! struct Add { a: i32, b: i32 }
//!
//! let server = RpcServer::builder()
//!     .handle(|_cx, add: Add| async move { Ok(add.a + add.b) })
//!     .bind("127.0.0.1:0")
//!     .await?;
//!
//! let address = server.local_addr().to_string();
//! let sum: i32 = RpcClient::new().invoke(&address, &Add { a: 2, b: 3 }).await?;
//! assert_eq!(sum, 5);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "hessian"))]
//! # fn main() {}
//! ```

mod answer;
mod answering;
mod body;
mod by_code;
mod call;
mod call_context;
mod callback;
mod client;
mod connection;
mod context;
mod dispatch;
mod execution;
mod failure;
#[cfg(feature = "hessian")]
mod hessian;
mod interceptor;
mod invocation;
#[cfg(feature = "json")]
mod json;
mod outgoing;
mod processor;
#[cfg(feature = "protobuf")]
mod protobuf;
mod responder;
mod server;
mod settings;
#[cfg(feature = "tower")]
mod tower;
mod trace;

pub use answer::Answer;
pub use body::{Body, DecodeBody, EncodeBody, Raw, SerializerError};
pub use by_code::ByCode;
pub use call::{Call, OnewayCall};
pub use call_context::CallContext;
pub use callback::Callback;
pub use client::{RpcClient, RpcClientBuilder};
pub use connection::RpcConnection;
pub use context::RequestContext;
pub use execution::{Execution, Expired};
pub use failure::{ErrorDetails, HandlerError, HandlerResult};
#[cfg(feature = "hessian")]
pub use hessian::Hessian;
pub use interceptor::{Interceptor, Next, Request, Response};
pub use invocation::Invocation;
#[cfg(feature = "json")]
pub use json::Json;
pub use processor::{ClassNames, Processor, Processors};
#[cfg(feature = "protobuf")]
pub use protobuf::{JavaClass, Protobuf};
pub use responder::{AlreadyAnswered, Responder};
pub use server::{RpcServer, RpcServerBuilder};
#[cfg(feature = "tower")]
pub use tower::{Calls, Exchange, Tower};
