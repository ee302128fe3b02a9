//! A client of SOFAJRaft groups over SOFABolt: finds the leader and follows it, asks after the
//! members, hands leadership over, and sends it the requests of a state machine of yours.
//!
//! JRaft's requests are protocol buffers under the names of their Java classes, with serializer
//! code 1 although it isn't Hessian, and any of them may be answered by an error of another class
//! than the answer would have. [`RaftMessages`] knows both.
//!
//! | Java | here |
//! |---|---|
//! | `RouteTable`, `CliClientService` | [`RaftGroup`] |
//! | `CliService.getLeader`, `getPeers`, `transferLeader` | [`RaftGroup::leader`], [`RaftGroup::members`], [`RaftGroup::transfer_leader`] |
//! | `CliClientService.invokeSync` of requests of your own | [`RaftGroup::call`], [`RaftGroup::invoke`] |
//! | `PeerId` | [`PeerId`] |
//! | `RaftError`, `Status` | [`RaftCode`], [`RaftError`] |
//!
//! ```no_run
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use bolt_examples::jraft::{PeerId, RaftGroup};
//! use bolt_remoting::RpcClient;
//! use bolt_remoting::rpc::JavaClass;
//!
//! #[derive(Clone, PartialEq, prost::Message)]
//! struct Add {
//!     #[prost(int64, required, tag = "1")]
//!     delta: i64,
//! }
//!
//! impl JavaClass for Add {
//!     const NAME: &'static str = "com.example.Counter$Add";
//! }
//! # #[derive(Clone, PartialEq, prost::Message)]
//! # struct Value { #[prost(int64, required, tag = "1")] value: i64 }
//! # impl JavaClass for Value { const NAME: &'static str = "com.example.Counter$Value"; }
//!
//! let peers: Vec<PeerId> = PeerId::parse_all("10.0.0.1:8081,10.0.0.2:8081,10.0.0.3:8081")?;
//! let group = RaftGroup::new(&RpcClient::new(), "counter", peers);
//! let patience = Duration::from_secs(5);
//! println!("led by {}", group.leader(patience).await?);
//! let value: Value = group.call(&Add { delta: 1 }, patience).await?;
//! # Ok(())
//! # }
//! ```

mod error;
mod group;
mod messages;
mod peer_id;
mod serializer;

pub use error::{JRaftError, RaftCode, RaftError};
pub use group::RaftGroup;
pub use messages::{
    ErrorResponse, GetLeaderRequest, GetLeaderResponse, GetPeersRequest, GetPeersResponse,
    PingRequest, TransferLeaderRequest,
};
pub use peer_id::{BadPeerId, PeerId};
pub use serializer::RaftMessages;
