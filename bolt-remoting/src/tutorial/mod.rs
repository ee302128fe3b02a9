//! How to write a protocol of your own, from its first byte to its second version. Nothing to
//! import: a text with code that is compiled and run.
//!
//! You bring frames: what they look like in bytes and what they are for. The engine brings
//! connections, pools, ids and answers, deadlines, heartbeats, back pressure, TLS and shutdown.
//!
//! The example is JSON behind a length:
//!
//! ```text
//! 00 00 00 27 {"kind":"Call","id":7,"body":"any JSON"}
//! ```
//!
//! ```toml
//! [dependencies]
//! bolt-codec = { git = "…" }    # or path = "…"; not published yet
//! bolt-remoting = { git = "…" }
//! bytes = "1"
//! serde = { version = "1", features = ["derive"] }
//! serde_json = "1"
//! tokio = { version = "1", features = ["full"] }
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
//! A protocol without oneway messages and heartbeats has only the kinds `Request` and `Response`.
//!
//! # 2. Bytes
//!
//! A decoder takes one message from the front of the bytes that have arrived, or leaves them as they
//! are and says `None` until there are more. It checks lengths before it waits for what they announce:
//! that is all it takes to be safe from garbage. An error closes the connection.
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
//! use bolt_remoting::{Client, Server, handler_fn};
//! use std::time::Duration;
//! use tokio::time::Instant;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let handler = handler_fn(|_cx, call: Message| async move {
//!     let body = format!("hello {}", call.body.as_str().unwrap_or("nobody"));
//!     Some(Message { kind: Kind::Answer, id: call.id, body: body.into() })
//! });
//! let server = Server::builder(Json, handler).bind("127.0.0.1:0").await?;
//!
//! let client = Client::builder(Json).build();
//! let deadline = Instant::now() + Duration::from_secs(3);
//! let connection = client.connection(server.local_addr().to_string(), deadline).await?;
//!
//! let call = Message { kind: Kind::Call, id: 0, body: "you".into() };
//! let answer = connection.call(call, Duration::from_secs(3)).await?;
//! assert_eq!(answer.body, "hello you");
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
//! | several connections per address, warm-up, reconnecting | [`client`](crate::client) |
//! | limits and timeouts | [`ConnectionConfig`](crate::ConnectionConfig), given to either builder |
//! | TLS | `tls` of either builder, with the feature `tls` |
//! | end in order | [`Server::shutdown`](crate::Server::shutdown), [`Client::shutdown`](crate::Client::shutdown) |
//! | test without sockets | [`Connection::over`](crate::Connection::over) on [`tokio::io::duplex`] |
//!
//! Users of your protocol will want functions with types in place of frames: wrap the [`Client`]
//! in a type of your own.
//!
//! # 5. Heartbeats, refusals
//!
//! Two more questions to the protocol. With a heartbeat to send, clients find out about a dead peer
//! within 46 s by default ([`HeartbeatConfig`](crate::HeartbeatConfig)), and servers don't take a
//! quiet client for a dead one. With a way to refuse, a caller hears of overload, of a shutdown or of a
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
//!         Some(Message { kind: Kind::Answer, id: call.id, body })
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
//! Two more that pay: [`Frame::encoded_len`](bolt_codec::Frame::encoded_len), without which a frame
//! is admitted to a queue that has any room at all, and
//! [`Frame::timeout`](bolt_codec::Frame::timeout) if your messages say how long their sender waits.
//!
//! # 6. Versions
//!
//! What was agreed upon belongs to the connection: its session, made in `open` beside decoder and
//! encoder, which may have a share in it. A client asks before anybody else may call, in
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
//!     type Session = AtomicU64; // the version; an `Arc` of it if the codec needs it too
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
//! The crate `bolt-examples` has four whole protocols to copy from: `json` (this one), `resp` (Redis),
//! `mail` (a server that speaks first) and `seata` (a transaction coordinator that calls back).
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
//! let mut half = BytesMut::from(&b"\0\0\0\x27{\"kind\":"[..]);
//! assert!(codec().decode(&mut half).unwrap().is_none());
//! assert!(matches!(codec().decode_eof(&mut half), Err(CodecError::Truncated { .. })));
//! # }
//! ```
//!
//! A property test over random bytes takes ten lines more, and so does a fuzz target: see
//! `fuzz/fuzz_targets/protocols.rs` in the repository.
//!
//! [`Client`]: crate::Client
