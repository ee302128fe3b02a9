//! SOFABolt clients and servers on tokio: connections, heartbeats, correlation and the four
//! invocation styles, interoperable with Java's `com.alipay.sofa:bolt`.
//!
//! ```
//! # #[cfg(feature = "hessian")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> bolt_remoting::Result<()> {
//! use bolt_remoting::{RpcClient, RpcServer};
//!
//! let server = RpcServer::builder()
//!     .handle(|_cx, name: String| async move { Ok(format!("hello {name}")) })
//!     .bind("127.0.0.1:0")
//!     .await?;
//!
//! let client = RpcClient::new();
//! let greeting: String = client.invoke(server.local_addr().to_string(), "you").await?;
//! assert_eq!(greeting, "hello you");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "hessian"))]
//! # fn main() {}
//! ```
//!
//! Two layers:
//!
//! - [`rpc`]: SOFABolt itself, typed calls and handlers;
//! - [`Client`], [`Server`] and [`Connection`]: the same engine for any
//!   [`Protocol`](bolt_codec::Protocol), SOFABolt's being one of them. The [`tutorial`] writes another.
//!
//! A call's request is queued when its future is first awaited, or right away with
//! [`future`](rpc::Call::future) and [`callback`](rpc::Call::callback). Its one deadline covers
//! connecting, queueing and waiting. Dropping a future gives the call up and never harms the
//! connection.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `hessian` | yes | calls and handlers of serde types in the serializer that Java peers speak; exceptions in error answers |
//! | `json` | no | JSON as serializer code 12 |
//! | `protobuf` | no | protocol buffers by prost as serializer code 11 |
//! | `tower` | no | tower layers as interceptors |
//! | `tls` | no | TLS and mutual TLS with rustls, in the module `tls`; needs a C compiler to build |
//!
//! Types of [`bolt_codec`] (frames, codes, limits) and of [`bolt_hessian`] (`ByteArray`, `Options`,
//! `Dialect`) stand in this crate's signatures; both are re-exported here, so that an application
//! depends on this crate alone.
//!
//! Without `hessian` requests and answers are bytes, or whatever your own
//! [`EncodeBody`](rpc::EncodeBody) makes of them, and errors carry a status only.

#![forbid(unsafe_code)]

pub mod address;
pub mod client;
pub mod config;
mod engine;
pub mod error;
pub mod events;
pub mod extensions;
pub mod from_java;
mod net;
mod registry;
pub mod rpc;
pub mod server;
mod time;
#[cfg(feature = "tls")]
pub mod tls;
pub mod tutorial;

/// Frames, and the [`Protocol`](bolt_codec::Protocol) trait.
pub use bolt_codec;
/// The serializer that Java peers speak.
#[cfg(feature = "hessian")]
pub use bolt_hessian;

pub use address::Address;
pub use client::{Client, ClientBuilder};
pub use config::{ConnectionConfig, HeartbeatConfig};
pub use engine::connection::Connection;
pub use engine::handler::{FrameContext, FrameHandler, NoHandler, Reply, handler_fn};
pub use engine::response::ResponseFuture;
pub use engine::stats::ConnectionStats;
pub use error::{CloseReason, Error, ErrorKind, RemoteException, Result};
pub use extensions::Extensions;
pub use net::{Keepalive, SocketOptions};
pub use rpc::{RpcClient, RpcServer};
pub use server::{Port, PortBuilder, Server, ServerBuilder};
