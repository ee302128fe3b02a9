//! Protocols on the engine of SOFABolt, each a module to copy from: [`json`], [`resp`] (Redis), [`mail`]
//! (a server that speaks first) and [`seata`] (a coordinator of transactions that calls back);
//! [`bolt_remoting::tutorial`] says how to write one. Protocols that others have made on top of SOFABolt:
//! [`sofarpc`] and [`jraft`].
//!
//! And what the interoperability programs `interop-server` and `interop-client` share: the request
//! classes of the contract that all peers honour (`CONTRACT.md`), their custom serializers,
//! scenarios, and a command line parser.
//!
//! The Java peers in the folder `java` honour the same contract on the real SOFABolt, so each
//! client can be run against each server.
//!
//! ```sh
//! interop-server --listen 127.0.0.1:12200
//! interop-client '127.0.0.1:12200?_PROTOCOL=2&_VERSION=2' sync,duplex,matrix
//! interop-client 127.0.0.1:12200 list
//! ```
//!
//! `cargo test -p bolt-examples --test java_interop` runs each against its Java counterpart, and
//! `--test interop_programs` one against the other.
//!
//! ```
//! use bolt_examples::contract::SleepRequest;
//! use bolt_remoting::rpc::{EncodeBody, Hessian};
//!
//! let body = Hessian::default().encode(&SleepRequest { millis: 5, tag: None })?;
//! assert_eq!(body.class_name(), "peer.bolt.SleepRequest");
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```

#![forbid(unsafe_code)]

pub mod check;
pub mod contract;
pub mod custom;
pub mod jraft;
pub mod json;
pub mod mail;
pub mod options;
pub mod resp;
pub mod scenario;
pub mod seata;
pub mod sofarpc;

/// The code in README and SECURITY is compiled like any other.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../SECURITY.md")]
struct Readme;
