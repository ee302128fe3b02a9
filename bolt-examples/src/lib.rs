//! What the interoperability programs `interop-server` and `interop-client` share: the request
//! classes of the contract that all peers honour, their custom serializers, and a command line
//! parser.
//!
//! The Java peers in the folder `java` honour the same contract on the real SOFABolt, so each
//! client can be run against each server.
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

pub mod contract;
pub mod custom;
pub mod options;
