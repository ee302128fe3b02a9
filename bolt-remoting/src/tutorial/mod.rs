//! How to write a protocol of your own, from its first byte to its second version. Nothing to
//! import: a text with code that is compiled and run.
//!
//! You bring frames: what they look like in bytes and what they are for. The engine brings
//! connections, pools, ids and answers, deadlines, heartbeats, back pressure, TLS and shutdown.
//!
//! The example is JSON behind a length:
//!
//! ```text
//! 00 00 00 28 {"kind":"Call","id":7,"body":"any JSON"}
//! ```
//!
//! ```toml
//! [dependencies]
//! bolt-codec = { git = "…" }   # or path = "…"; not published yet
//! bolt-remoting = { git = "…", default-features = false }   # the default adds Hessian, for Java peers
//! bytes = "1"
//! serde = { version = "1", features = ["derive"] }
//! serde_json = "1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread", "time"] }
//! ```
//!
//! # 1. A message
//!
//! The type that travels, for both directions. The engine asks it three things: what it is for, its
//! id, and to take an id. Whoever sends a call leaves the id at 0; the engine gives it one.
//!
//! ```
#![doc = include_str!("message.rs")]
//! # fn main() {}
//! ```
//!
//! A protocol without oneway messages and heartbeats has only the kinds `Request` and `Response`. A
//! failure is an answer like any other: the engine matches it with its call and looks no further.
//!
//! # 2. Bytes
//!
//! A decoder takes one message from the front of the bytes that have arrived, or leaves them as they
//! are and says `None` until there are more. It checks lengths before it waits for what they announce:
//! that is all it takes to be safe from garbage. An error closes the connection. [`Limits`] is about
//! whole frames; a limit on a field is yours to check.
//!
//! [`Limits`]: bolt_codec::Limits
//!
//! An encoder appends one message. Its error fails that call only.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
#![doc = include_str!("codec.rs")]
//! # fn main() {}
//! ```
//!
//! Each connection has a decoder and an encoder of its own, so they may have state.
//!
//! # 3. The protocol
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
#![doc = include_str!("protocol.rs")]
//! # fn main() {}
//! ```
//!
//! # 4. A server and a client
//!
//! That was all. It runs:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/protocol.rs"));
//! use bolt_remoting::{Address, Client, Server, handler_fn};
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use std::time::Duration;
//! use tokio::time::Instant;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let guests = Arc::new(AtomicU64::new(0)); // the state of the handler
//! let handler = handler_fn(move |_cx, call: Message| {
//!     let guests = guests.clone(); // a share of it for each call
//!     async move {
//!         let name = call.body.as_str().unwrap_or("nobody");
//!         let guest = guests.fetch_add(1, Ordering::Relaxed) + 1;
//!         let body = format!("hello {name}, guest {guest}").into();
//!         Some(Message { kind: Kind::Answer, id: call.id, body })
//!     }
//! });
//! let server = Server::builder(Json, handler).bind("127.0.0.1:0").await?;
//!
//! let client = Client::builder(Json).build();
//! let deadline = Instant::now() + Duration::from_secs(3);
//! let address = Address::from(server.local_addr()); // or text: "127.0.0.1:12200"
//! let connection = client.connection(&address, deadline).await?;
//!
//! let call = Message { kind: Kind::Call, id: 0, body: "you".into() };
//! let answer = connection.call(call, Duration::from_secs(3)).await?;
//! assert_eq!(answer.body, "hello you, guest 1");
//! # client.shutdown(Duration::from_secs(1)).await;
//! # server.shutdown(Duration::from_secs(1)).await;
//! # Ok(())
//! # }
//! ```
//!
//! Ask the client for a connection before each call, or each batch of calls: it gives one of its
//! pool, and makes it again when it was lost. What else there is:
//!
//! | to | use |
//! |---|---|
//! | call and wait | [`Connection::call`](crate::Connection::call) |
//! | send now, wait later | [`Connection::start_call`](crate::Connection::start_call): its future may be kept, or awaited in a task that calls you back |
//! | send and expect nothing | [`Connection::send`](crate::Connection::send) with a message of kind `Oneway` |
//! | call from a thread without a runtime | [`Handle::block_on`](tokio::runtime::Handle::block_on) of the same |
//! | fail instead of waiting for room | [`try_call`](crate::Connection::try_call), [`try_send`](crate::Connection::try_send) |
//! | call from the server to the client | [`FrameContext::connection`](crate::FrameContext::connection) in a handler; the client takes a handler with [`ClientBuilder::handler`](crate::ClientBuilder::handler) |
//! | have four connections, all made before the first call | `Address::builder(host, port).connections(4).warm_up(true).build()?`; more in [`client`](crate::client) |
//! | stay connected to a server that only tells you things | [`PoolConfig::reconnect`](crate::client::PoolConfig::reconnect)` = true`, or warm-up: otherwise nothing connects again until you ask for a connection. What you registered for, register for again in [`ClientBuilder::prepare`](crate::ClientBuilder::prepare) |
//! | tell other peers of the same server | [`Connection::siblings`](crate::Connection::siblings); more below |
//! | give up connecting sooner or later than after 1 s | [`AddressBuilder::connect_timeout`](crate::address::AddressBuilder::connect_timeout); it beats [`ClientBuilder::connect_timeout`](crate::ClientBuilder::connect_timeout), which beats [`PoolConfig::connect_timeout`](crate::client::PoolConfig::connect_timeout) |
//! | limits and timeouts | [`ConnectionConfig`](crate::ConnectionConfig), given to either builder |
//! | TLS | `tls` of either builder, with the feature `tls` |
//! | end in order | [`Server::shutdown`](crate::Server::shutdown), [`Client::shutdown`](crate::Client::shutdown) |
//! | test without sockets | [`Connection::over`](crate::Connection::over) on [`tokio::io::duplex`]; whole servers and clients with [`ServerBuilder::without_listener`](crate::ServerBuilder::without_listener), [`Server::attach`](crate::Server::attach) and [`ClientBuilder::connector`](crate::ClientBuilder::connector) |
//! | test minutes in milliseconds | the same with `#[tokio::test(start_paused = true)]` (tokio's feature `test-util`): all times here are tokio's. Not with sockets, which a paused clock outruns |
//! | see why connections end | a subscriber for the crate `tracing`: silent peers and failed dials are told at `debug`, bad frames and refused connections at `warn`, panics at `error`; [`Connection::close_reason`](crate::Connection::close_reason) knows too |
//!
//! A handler that has something to tell other peers finds them among the siblings of its connection: all
//! that the server has, this one included. They are connections, not clients: a client with a pool of
//! four is there four times. So each connection says who it is in `prepare`, the server's handler keeps
//! the name with [`set_attribute`](crate::Connection::set_attribute), and whoever tells picks one connection
//! of each name, and `try_send`, so that a slow one holds up nobody. On a [shared port](#7-from-an-old-protocol-to-a-new-one) each server
//! has siblings of its own.
//!
//! # 5. Heartbeats, refusals
//!
//! Two more questions to the protocol. With a heartbeat to send, clients find out about a dead peer
//! within 46 s by default ([`HeartbeatConfig`](crate::HeartbeatConfig)), and servers don't take a
//! quiet client for a dead one: it beats when it has received nothing for 15 s, or sent nothing. Without
//! one, say how long a client of yours may be quiet: a server's
//! [`first_frame_timeout`](crate::ConnectionConfig::first_frame_timeout) is 20 s, its
//! [`idle_timeout`](crate::ConnectionConfig::idle_timeout) 90 s. With a way to refuse, a caller hears of overload, of a shutdown or of a
//! handler that panicked; without one it is left to its timeout.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
//! # use bolt_codec::{Protocol, Role};
//! use bolt_codec::Refusal;
//! use serde_json::json;
//! # struct Json;
//!
//! impl Protocol for Json {
//!     // As before, and:
//! #   type Frame = Message;
//! #   type Decoder = Codec;
//! #   type Encoder = Codec;
//! #   type Session = ();
//! #   const NAME: &'static str = "json";
//! #   fn open(&self, _role: Role, limits: &Limits) -> (Codec, Codec, ()) {
//! #       (Codec { limits: *limits }, Codec { limits: *limits }, ())
//! #   }
//!     fn heartbeat(&self, _session: &()) -> Option<Message> {
//!         Some(Message { kind: Kind::Ping, id: 0, body: Value::Null })
//!     }
//!
//!     fn heartbeat_ack(&self, ping: &Message) -> Option<Message> {
//!         Some(Message { kind: Kind::Pong, id: ping.id, body: Value::Null })
//!     }
//!
//!     fn refuse(&self, call: &Message, why: Refusal) -> Option<Message> {
//!         let body = json!({ "refused": format!("{why:?}") });
//!         Some(Message { kind: Kind::Failure, id: call.id, body })
//!     }
//! }
//! # use bolt_remoting::{Connection, ConnectionConfig, NoHandler};
//! # use std::sync::Arc;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (near, far) = tokio::io::duplex(4096);
//! # let end = |io, role| Connection::over(
//! #     io, Arc::new(Json), role, Arc::new(NoHandler), Arc::new(ConnectionConfig::client()),
//! # );
//! # let (client, _server) = (end(near, Role::Client), end(far, Role::Server));
//! # let call = Message { kind: Kind::Call, id: 0, body: "anybody?".into() };
//! # let answer = client.call(call, std::time::Duration::from_secs(3)).await?;
//! # assert_eq!(answer.body, json!({ "refused": "NoHandler" }));
//! # Ok(())
//! # }
//! ```
//!
//! A failure or a refusal comes out of a call as `Ok(frame)`. What makes it an error is the type that
//! you wrap the [`Client`] in, so that users of your protocol have functions in place of frames. One
//! deadline covers connecting, waiting for room and waiting for the answer:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/protocol.rs"));
//! # use bolt_remoting::{Server, handler_fn};
//! use bolt_remoting::{Address, Client};
//! use std::time::Duration;
//! use tokio::time::Instant;
//!
//! #[derive(Clone)]
//! struct Greeter {
//!     client: Client<Json>,
//!     address: Address,
//!     patience: Duration,
//! }
//!
//! type Error = Box<dyn std::error::Error + Send + Sync>; // better an enum of your own
//!
//! impl Greeter {
//!     async fn greet(&self, name: &str) -> Result<String, Error> {
//!         let call = Message { kind: Kind::Call, id: 0, body: name.into() };
//!         let deadline = Instant::now() + self.patience;
//!         let connection = self.client.connection(&self.address, deadline).await?;
//!         let answer = connection.start_call(call, deadline).await?.await?;
//!         match answer.kind {
//!             Kind::Answer => Ok(serde_json::from_value(answer.body)?),
//!             _ => Err(format!("the server says no: {}", answer.body).into()),
//!         }
//!     }
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let handler = handler_fn(|_cx, call: Message| async move {
//! #     let kind = if call.body == "you" { Kind::Answer } else { Kind::Failure };
//! #     Some(Message { kind, ..call })
//! # });
//! # let server = Server::builder(Json, handler).bind("127.0.0.1:0").await?;
//! # let port = server.local_addr().port();
//! # let address = Address::builder("127.0.0.1", port).connections(4).warm_up(true).build()?;
//! # let client = Client::builder(Json).build();
//! # let greeter = Greeter { client, address, patience: Duration::from_secs(3) };
//! # assert_eq!(greeter.greet("you").await?, "you");
//! # assert_eq!(server.connections().len(), 4);
//! # let error = greeter.greet("me").await.unwrap_err();
//! # assert_eq!(error.to_string(), "the server says no: \"me\"");
//! # Ok(())
//! # }
//! ```
//!
//! The errors of the engine itself are few: no connection, no answer in time, closed, no room, not to be
//! encoded ([`ErrorKind`](crate::ErrorKind) says which kinds; `Busy`, `ServerException` and the like
//! are those of the RPC layer alone). Where [`Error::was_sent`](crate::Error::was_sent) is false the
//! peer has seen nothing, and the call may be made again.
//!
//! A peer whose bytes make no sense is cut off without a word. To give it one, let the decoder make a last
//! frame of what is wrong and swallow the rest, and the handler answer it and
//! [`drain`](crate::Connection::drain) the connection:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
//! # use bolt_codec::{Protocol, Role};
//! # use bolt_remoting::{Connection, ConnectionConfig, FrameContext, handler_fn};
//! # use serde_json::json;
//! # use std::{sync::Arc, time::Duration};
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! struct Polite {
//!     codec: Codec,
//!     lost: bool,
//! }
//!
//! impl FrameDecoder for Polite {
//!     type Frame = Message;
//!
//!     fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
//!         if self.lost {
//!             src.clear();
//!             return Ok(None);
//!         }
//!         self.codec.decode(src).or_else(|why| {
//!             self.lost = true;
//!             src.clear();
//!             let body = json!({ "bad": why.to_string() });
//!             Ok(Some(Message { kind: Kind::Call, id: 0, body })) // with its id, if that is known
//!         })
//!     }
//! }
//! # struct Json;
//! # impl Protocol for Json {
//! #   type Frame = Message;
//! #   type Decoder = Polite;
//! #   type Encoder = Codec;
//! #   type Session = ();
//! #   const NAME: &'static str = "json";
//! #   fn open(&self, _role: Role, limits: &Limits) -> (Polite, Codec, ()) {
//! #       let codec = || Codec { limits: *limits };
//! #       (Polite { codec: codec(), lost: false }, codec(), ())
//! #   }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let handler = handler_fn(|cx: FrameContext<Json>, call: Message| async move {
//!     if call.body.get("bad").is_some() {
//!         cx.connection().drain(Duration::from_secs(1));
//!         return Some(Message { kind: Kind::Failure, ..call });
//!     }
//!     Some(Message { kind: Kind::Answer, ..call })
//! });
//! # let (mut peer, far) = tokio::io::duplex(4096);
//! # let config = Arc::new(ConnectionConfig::server());
//! # let server = Connection::over(far, Arc::new(Json), Role::Server, Arc::new(handler), config);
//! # peer.write_all(&[0xff; 1000]).await?;
//! # let mut last = String::new();
//! # peer.read_to_string(&mut last).await?;
//! # assert!(last.contains("Failure") && last.contains("above the limit"), "{last}");
//! # drop(peer);
//! # server.closed().await;
//! # Ok(())
//! # }
//! ```
//!
//! What is easily missed:
//!
//! - A oneway frame that there is no room for is dropped, and counted in
//!   [`ConnectionStats::requests_refused`](crate::ConnectionStats::requests_refused).
//! - The kind has to fit the call. `send` and `try_send` of a `Request` bring an answer that nobody waits for;
//!   `call` with a `Oneway` waits for its timeout.
//! - Without [`Frame::encoded_len`](bolt_codec::Frame::encoded_len) a frame is admitted to a queue that
//!   has any room at all, however large it is.
//! - [`Frame::timeout`](bolt_codec::Frame::timeout) is for your handlers: the engine drops no request
//!   because its sender has given up.
//!
//! # 6. Versions
//!
//! | versions differ in | so |
//! |---|---|
//! | the frame, and each frame says which (a version byte) | the decoder keeps it in a session that it shares with the encoder; if one peer mixes them, in the frame, and the answer copies it |
//! | what messages mean, agreed once per connection | a hello in `prepare`, as below |
//! | their first bytes, and much after them | two servers on one port, as in [the next part](#7-from-an-old-protocol-to-a-new-one) |
//!
//! What is known of the peer belongs to the connection: its session, made in `open` beside decoder and
//! encoder. Here all three share the version:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
//! # use bolt_codec::{Protocol, Role};
//! # use std::sync::{Arc, atomic::{AtomicU8, Ordering}};
//! # struct Json;
//! struct Versioned {
//!     codec: Codec,
//!     version: Arc<AtomicU8>,
//! }
//!
//! impl FrameDecoder for Versioned {
//! #   type Frame = Message;
//!     // The version, then a frame as before.
//!     fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
//!         let Some(&version @ (1 | 2)) = src.first() else {
//!             return if src.is_empty() { Ok(None) } else { Err(CodecError::malformed("version")) };
//!         };
//!         let mut rest = src.split_off(1);
//!         let message = self.codec.decode(&mut rest)?;
//!         if message.is_some() {
//!             src.clear();
//!             self.version.store(version, Ordering::Relaxed);
//!         }
//!         src.unsplit(rest);
//!         Ok(message)
//!     }
//! }
//! # impl FrameEncoder for Versioned {
//! #   type Frame = Message;
//! #   fn encode(&mut self, message: Message, dst: &mut EncodeBuf) -> Result<(), CodecError> {
//! #       dst.put_slice(&[self.version.load(Ordering::Relaxed)]);
//! #       self.codec.encode(message, dst)
//! #   }
//! # }
//!
//! impl Protocol for Json {
//! #   type Frame = Message;
//! #   type Decoder = Versioned;
//! #   type Encoder = Versioned;
//! #   const NAME: &'static str = "json";
//!     type Session = Arc<AtomicU8>;
//!
//!     fn open(&self, _role: Role, limits: &Limits) -> (Versioned, Versioned, Arc<AtomicU8>) {
//!         // What this end speaks first: a server too, if it sends before it was sent anything.
//!         let version = Arc::new(AtomicU8::new(1));
//!         let half = || Versioned { codec: Codec { limits: *limits }, version: version.clone() };
//!         (half(), half(), version)
//!     }
//! }
//! # fn main() {
//! #     let (mut decoder, _, version) = Json.open(Role::Server, &Limits::default());
//! #     let text = br#"{"kind":"Call","id":7,"body":"any JSON"}"#;
//! #     let whole = [&[2, 0, 0, 0, 40], &text[..], &[1]].concat();
//! #     for end in 0..whole.len() - 1 {
//! #         let mut part = BytesMut::from(&whole[..end]);
//! #         assert!(decoder.decode(&mut part).unwrap().is_none());
//! #         assert_eq!(part, whole[..end]);
//! #     }
//! #     let mut all = BytesMut::from(&whole[..]);
//! #     assert_eq!(decoder.decode(&mut all).unwrap().unwrap().id, 7);
//! #     assert_eq!((version.load(Ordering::Relaxed), &all[..]), (2, &[1][..]));
//! # }
//! ```
//!
//! Where a version is agreed upon, a client asks before anybody else may call, in
//! [`ClientBuilder::prepare`](crate::ClientBuilder::prepare); where the server has the first word
//! instead, see [`Protocol::greeting`](bolt_codec::Protocol::greeting).
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
//! # use bolt_codec::{Protocol, Role};
//! # use bolt_remoting::{Client, FrameContext, Server, handler_fn};
//! # use serde_json::json;
//! # use std::time::Duration;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! # struct Json;
//! impl Protocol for Json {
//! #   type Frame = Message;
//! #   type Decoder = Codec;
//! #   type Encoder = Codec;
//! #   const NAME: &'static str = "json";
//!     // As before, but:
//!     type Session = AtomicU64; // the version; the codec needs no share of it here
//!
//!     fn open(&self, _role: Role, limits: &Limits) -> (Codec, Codec, AtomicU64) {
//!         (Codec { limits: *limits }, Codec { limits: *limits }, AtomicU64::new(1))
//!     }
//! }
//!
//! const NEWEST: u64 = 2;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The server, among its other calls. One of version 1 answers something else.
//! let handler = handler_fn(|cx: FrameContext<Json>, call: Message| async move {
//!     let session = cx.connection().session();
//!     let body = match call.body["versions_up_to"].as_u64() {
//!         Some(theirs) => {
//!             let version = theirs.min(NEWEST);
//!             session.store(version, Ordering::Relaxed);
//!             json!({ "version": version })
//!         }
//!         None => json!({ "in version": session.load(Ordering::Relaxed) }),
//!     };
//!     Some(Message { kind: Kind::Answer, id: call.id, body })
//! });
//! let server = Server::builder(Json, handler).bind("127.0.0.1:0").await?;
//!
//! let client = Client::builder(Json)
//!     .prepare(|connection| async move {
//!         let body = json!({ "versions_up_to": NEWEST });
//!         let hello = Message { kind: Kind::Call, id: 0, body };
//!         let answer = connection.call(hello, Duration::from_secs(1)).await?;
//!         let version = answer.body["version"].as_u64().unwrap_or(1);
//!         connection.session().store(version, Ordering::Relaxed);
//!         Ok(()) // an error would be that of the attempt to connect
//!     })
//!     .build();
//! # let deadline = tokio::time::Instant::now() + Duration::from_secs(3);
//! # let connection = client.connection(server.local_addr().to_string(), deadline).await?;
//! # assert_eq!(connection.session().load(Ordering::Relaxed), 2);
//! # let call = Message { kind: Kind::Call, id: 0, body: "x".into() };
//! # let answer = connection.call(call, Duration::from_secs(3)).await?;
//! # assert_eq!(answer.body, json!({ "in version": 2 }));
//! # Ok(())
//! # }
//! ```
//!
//! Decode what you don't know as [`FrameKind::Unknown`](bolt_codec::FrameKind::Unknown), which is
//! counted and dropped, rather than as an error: the next version can then add kinds of messages.
//!
//! # 7. From an old protocol to a new one
//!
//! While old nodes still run, both protocols share the port. The new one says by which bytes it is
//! known; each server has its own handler, and both handlers call the same function.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
//! # use bolt_codec::{Protocol, Role};
//! use bolt_codec::Recognition;
//! use bolt_codec::bolt::{Bolt, BoltFrame, ResponseStatus};
//! # use bolt_codec::bolt::BoltVersion;
//! # use bolt_remoting::Client;
//! use bolt_remoting::{Port, Server, handler_fn};
//! # use std::time::Duration;
//! # struct Json;
//!
//! impl Protocol for Json {
//! #   type Frame = Message;
//! #   type Decoder = Codec;
//! #   type Encoder = Codec;
//! #   type Session = ();
//! #   const NAME: &'static str = "json";
//! #   fn open(&self, _role: Role, limits: &Limits) -> (Codec, Codec, ()) {
//! #       (Codec { limits: *limits }, Codec { limits: *limits }, ())
//! #   }
//!     // As before, and: a length below 16 MiB, then the brace. SOFABolt begins with 1 or 2.
//!     fn recognize(&self, first_bytes: &[u8]) -> Recognition {
//!         match first_bytes {
//!             [0, _, _, _, b'{', ..] => Recognition::Yes,
//!             [0, ..] if first_bytes.len() < 5 => Recognition::Unsure,
//!             _ => Recognition::No,
//!         }
//!     }
//! }
//!
//! fn greet(name: &str) -> String {
//!     format!("hello {name}")
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let old = handler_fn(|_cx, call: BoltFrame| async move {
//!     let mut answer = BoltFrame::response(call.version, call.id, ResponseStatus::SUCCESS);
//!     answer.content = greet(&String::from_utf8_lossy(&call.content)).into();
//!     Some(answer)
//! });
//! let new = handler_fn(|_cx, call: Message| async move {
//!     let body = greet(call.body.as_str().unwrap_or_default()).into();
//!     Some(Message { kind: Kind::Answer, id: call.id, body })
//! });
//! let port = Port::builder().bind("127.0.0.1:0").await?;
//! let old_server = Server::builder(Bolt::default(), old).serve_on(&port)?;
//! let new_server = Server::builder(Json, new).serve_on(&port)?;
//! port.open();
//! # let address = port.local_addr().to_string();
//! # let deadline = tokio::time::Instant::now() + Duration::from_secs(3);
//! # let bolt = Client::builder(Bolt::default()).build();
//! # let call = BoltFrame::request(BoltVersion::V1, "Greet", &b"old"[..]);
//! # let answer = bolt.connection(&address, deadline).await?.call(call, Duration::from_secs(3)).await?;
//! # assert_eq!(answer.content, "hello old");
//! # let json = Client::builder(Json).build();
//! # let call = Message { kind: Kind::Call, id: 0, body: "new".into() };
//! # let answer = json.connection(&address, deadline).await?.call(call, Duration::from_secs(3)).await?;
//! # assert_eq!(answer.body, "hello new");
//! # Ok(())
//! # }
//! ```
//!
//! 1. All servers get the new protocol beside the old one, as above.
//! 2. Clients change over, one after the other.
//! 3. When `old_server.connections()` has been empty for long enough on all servers,
//!    `old_server.shutdown(…)`: the port and `new_server` go on.
//!
//! Two versions of one protocol that differ in their first bytes can do the same.
//!
//! # 8. Protocols of other shapes
//!
//! | the protocol | what to do |
//! |---|---|
//! | has no ids; answers come in order (Redis, SMTP) | [`CORRELATION`](bolt_codec::Protocol::CORRELATION)` = Correlation::InOrder`; `id` and `set_id` are not asked. Which lines are requests depends on the [`Role`](bolt_codec::Role) given to `open` |
//! | has ids of 32 bits, or fewer | `CORRELATION = Correlation::ById { max: u32::MAX as u64 }` |
//! | has ids that are texts | write the engine's number as text; the peer sends it back as it is. Requests of the peer with other ids need a place for them in your frame |
//! | has a pong without an id | kind `HeartbeatAck` all the same: whatever arrives is a sign of life |
//! | has a server that speaks first (SMTP, MySQL) | [`greeting`](bolt_codec::Protocol::greeting), [`awaits_greeting`](bolt_codec::Protocol::awaits_greeting), [`greeted`](bolt_codec::Protocol::greeted) |
//! | wants a login or a registration first | [`ClientBuilder::prepare`](crate::ClientBuilder::prepare); on the server, [`Connection::set_attribute`](crate::Connection::set_attribute) or the session |
//! | answers several calls in one frame | the decoder gives them one after the other before it looks at new bytes |
//! | puts several calls into one frame | the encoder gathers: [`gathered`](bolt_codec::FrameEncoder::gathered), [`write_gathered`](bolt_codec::FrameEncoder::write_gathered) |
//! | sends answers that nobody waits for | nothing: they are counted in [`ConnectionStats::late_answers`](crate::ConnectionStats) and dropped |
//! | asks clients to go elsewhere | a frame of kind `GoAway`, and [`go_away`](bolt_codec::Protocol::go_away) to send it |
//! | has a last message without an end | [`FrameDecoder::decode_eof`](bolt_codec::FrameDecoder::decode_eof) |
//!
//! The crate `bolt-examples` of the repository has four whole protocols to copy from:
//! [`json`](../../bolt_examples/json/index.html) (this one, with all that is optional),
//! [`resp`](../../bolt_examples/resp/index.html) (Redis: no ids),
//! [`mail`](../../bolt_examples/mail/index.html) (a server that speaks first) and
//! [`seata`](../../bolt_examples/seata/index.html) (a transaction coordinator that calls back). The links
//! work where the docs of the whole workspace were built; the sources are in `bolt-examples/src`.
//!
//! # 9. Before it meets the world
//!
//! Feed your decoder garbage: any bytes, in pieces of any size, must end in frames or in an error,
//! never in a panic, and a length must be refused before its bytes are waited for. Then halves of
//! frames, with the end of the stream after them.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/message.rs"));
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tutorial/codec.rs"));
//! # fn main() {
//! let codec = || Codec { limits: Limits::with_max_frame(1024) };
//! let too_much = codec().decode(&mut BytesMut::from(&[0xff; 4][..]));
//! assert!(matches!(too_much, Err(CodecError::FrameTooLarge { .. })));
//!
//! let mut half = BytesMut::from(&b"\0\0\0\x28{\"kind\":"[..]);
//! assert!(codec().decode(&mut half).unwrap().is_none());
//! assert!(matches!(codec().decode_eof(&mut half), Err(CodecError::Truncated { .. })));
//! # }
//! ```
//!
//! A property test over random bytes takes ten lines more, and so does a fuzz target: see
//! `fuzz/fuzz_targets/protocols.rs` in the repository.
//!
//! [`Client`]: crate::Client
