//! For those who come from Java SOFABolt: where each class, option and property is found here, and
//! what behaves otherwise.
//!
//! ```
//! # #[cfg(feature = "hessian")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> bolt_remoting::Result<()> {
//! use bolt_remoting::{RpcClient, RpcServer};
//!
//! // new RpcServer(port), registerUserProcessor(new SyncUserProcessor<String>() { … }), startup()
//! let server = RpcServer::builder()
//!     .handle(|_cx, name: String| async move { Ok(format!("hello {name}")) })
//!     .bind("127.0.0.1:0")
//!     .await?;
//!
//! // new RpcClient(), startup(), invokeSync(address, "you", 3000)
//! let client = RpcClient::new();
//! let greeting: String = client.invoke(server.local_addr().to_string(), "you").await?;
//! assert_eq!(greeting, "hello you");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "hessian"))]
//! # fn main() {}
//! ```
//!
//! # Calls
//!
//! | Java | here |
//! |---|---|
//! | `RpcClient.invokeSync` | [`RpcClient::invoke`], awaited |
//! | the same on a plain thread | [`Call::blocking`] |
//! | `RpcClient.oneway` | [`RpcClient::oneway`], awaited |
//! | `invokeWithFuture`, `RpcResponseFuture` | [`Call::future`], [`Answer`] |
//! | `RpcResponseFuture.get(ms)` | `tokio::time::timeout` around `&mut` [`Answer`] |
//! | `invokeWithCallback`, `InvokeCallback`, its `getExecutor` | [`Call::callback`], [`Callback`], [`Call::callback_on`] |
//! | `InvokeContext` | [`CallContext`]; its switches are [`Call::crc`], [`Call::header`] and `invoke_with` another serializer |
//! | calls with a `Connection` or a `Url` | [`RpcConnection`], [`Address`] |
//! | `RpcServer.invokeSync(Connection, …)` | [`RpcConnection::invoke`] on [`RequestContext::connection`] |
//! | `RpcServer.invokeSync(address, …)` | the same on [`RpcServer::connection`] or, in a handler, [`RpcConnection::sibling`]; servers know their connections always |
//! | `RemotingException` and its children | [`Error`], told apart by [`ErrorKind`]; [`Error::java_exception`] names Java's |
//! | `RpcServerException` in an answer | [`Error::remote`] |
//!
//! # Handlers
//!
//! | Java | here |
//! |---|---|
//! | `SyncUserProcessor` | a closure for [`RpcServerBuilder::handle`], or a [`Processor`] |
//! | `AsyncUserProcessor`, `AsyncContext` | every handler may await; [`Responder`] to answer from elsewhere |
//! | `MultiInterestUserProcessor` | several [`ClassNames`], or [`Processor::classes`] |
//! | `RpcClient.registerUserProcessor` | [`RpcClientBuilder::processors`] |
//! | `BizContext`, `preHandleRequest` | [`RequestContext`]; what interceptors [`insert`](RequestContext::insert) |
//! | `processInIOThread` | [`Execution::in_place`], the default |
//! | `getExecutor`, the default executor | [`Execution::on`], [`Execution::blocking`], with [`Execution::limit`] |
//! | `ExecutorSelector` | [`Execution::select`] |
//! | `timeoutDiscard` | [`Execution::expired`] |
//! | FIFO by `dispatch-msg-list-in-default-executor=false` | [`Execution::in_order`] |
//! | `RejectedExecutionException` | [`HandlerError::busy`] |
//! | an exception thrown by a handler | [`HandlerError`], which names its Java class |
//! | `ExtendedNettyChannelHandler`, subclasses for tracing | [`Interceptor`] |
//! | `CustomSerializer`, `CustomSerializerManager` | [`EncodeBody`] and [`DecodeBody`], per call and per handler |
//! | `SerializerManager.addSerializer` | [`ByCode`] |
//! | a `Protocol` of one's own | [`bolt_codec::Protocol`] with [`Client`] and [`Server`] |
//!
//! # Connections
//!
//! | Java | here |
//! |---|---|
//! | `Url`, `RpcAddressParser` | [`Address`], the same texts |
//! | `getConnection`, `createStandaloneConnection` | [`RpcClient::connect`], [`RpcClient::standalone`] |
//! | `checkConnection` | [`RpcClient::check`] |
//! | `closeConnection` | [`RpcClient::close`]; a later call opens the address again |
//! | `getAllManagedConnections` | [`RpcClient::pools`], [`Client::connections`] |
//! | `ConnectionSelectStrategy` | [`Select`](crate::client::Select) |
//! | `ConnectionEventProcessor` | [`RpcClientBuilder::on_connection_event`], [`RpcServerBuilder::on_connection_event`] |
//! | `Connection.setAttribute` | [`Connection::set_attribute`] |
//! | `ScheduledDisconnectStrategy`, `bolt.conn.monitor` | [`PoolConfig::max_connection_age`] |
//! | `ReconnectManager`, `bolt.conn.reconnect` | [`PoolConfig::reconnect`] |
//! | `enableConnHeartbeat`, `disableConnHeartbeat` | [`RpcClientBuilder::adjust_config`], per address |
//! | `RpcServer.shutdown` | [`RpcServer::shutdown`], which drains |
//!
//! # Properties and options
//!
//! Nothing is global: every client and server has its own settings.
//!
//! | Java | here |
//! |---|---|
//! | `bolt.tcp.nodelay`, `.so.keepalive`, `.so.reuseaddr`, `.so.backlog`, `.so.sndbuf`, `.so.rcvbuf` | [`SocketOptions`] |
//! | `bolt.tcp.heartbeat.switch`, `.interval`, `.maxtimes` | [`ConnectionConfig::heartbeat`] |
//! | `bolt.tcp.server.idle.interval` | [`ConnectionConfig::idle_timeout`] |
//! | `bolt.netty.buffer.low.watermark`, `.high.watermark` | [`ConnectionConfig::outbox_limit`] |
//! | `bolt.netty.flush_consolidation` | always: frames that are queued together are written together |
//! | `bolt.netty.buffer.pooled`, `.epoll.switch`, `.epoll.lt`, `.io_uring.switch`, `.io.ratio` | not needed |
//! | `bolt.tp.min`, `.max`, `.queue`, `.keepalive` | no pool by default; [`Execution::limit`] where one is wanted |
//! | `bolt.conn.create.tp.*` | not needed: dialing takes no threads |
//! | `bolt.conn.threshold`, `bolt.conn.monitor.*` | [`PoolConfig::max_connection_age`] |
//! | `bolt.serializer` | the serializer of each call and handler |
//! | hessian 4.x on the class path instead of 3.x | [`Dialect::Published`](bolt_hessian::Dialect::Published), by `hessian` of [`RpcClientBuilder`] and [`RpcServerBuilder`] |
//! | `bolt.server.manage.connection`, `bolt.server.sync.stop` | always on |
//! | `bolt.server.ssl.*`, `bolt.client.ssl.*` | `tls`, with the feature of that name |
//! | `serialize.blacklist.enable` | not needed: nothing but the handler's own types is ever made of received bytes |
//! | `bolt.log.space` and its like | the `tracing` crate |
//!
//! # What behaves otherwise
//!
//! - A handler runs on its connection's own task until it first awaits; in Java on a thread of a
//!   pool. One that blocks (JDBC, files, locks) stalls everything on its connection, up to three others
//!   that were ready with it, and a thread of the runtime: give it [`Execution::blocking`] with a
//!   [`limit`](Execution::limit).
//! - Without a timeout a call gets 3 s; in Java the argument is mandatory.
//! - A call that finds the connection's buffer full waits for room within its deadline; in Java it
//!   fails. [`Call::fail_when_full`] has it fail here too.
//! - An answer has the version of its request; in Java that of the connection's first frame.
//! - A callback is called exactly once, whatever happens: also for an answer that can't be read.
//! - A frame has a largest size, a connection a largest number of requests in flight; what is above
//!   is refused. See [`config`](crate::config).
//! - A connection with no whole frame within 20 s is closed by a server, and so is one that doesn't
//!   complete a frame within 30 s.
//! - Two addresses with different parameters have different connections; in Java the first one
//!   decides for all.
//! - A handler whose caller's connection closes is cancelled unless its execution is
//!   [`detached`](Execution::detached).
//! - A call ends as soon as its connection does. In Java (1.6.12) calls by address may be left to
//!   their timeouts when the peer closes their connection just as another caller has chosen it.
//! - A shutdown answers what is in flight.

#[cfg(doc)]
use crate::client::PoolConfig;
#[cfg(doc)]
use crate::rpc::{
    Answer, ByCode, Call, CallContext, Callback, ClassNames, DecodeBody, EncodeBody, Execution,
    HandlerError, Interceptor, Processor, RequestContext, Responder, RpcClientBuilder,
    RpcConnection, RpcServerBuilder,
};
#[cfg(doc)]
use crate::{
    Address, Client, Connection, ConnectionConfig, Error, ErrorKind, RpcClient, RpcServer, Server,
    SocketOptions,
};
