//! JRaft's own messages, as far as a client needs them. Java: `CliRequests`, `RpcRequests`.

use bolt_remoting::rpc::JavaClass;

/// Is this node alive? Answered by an [`ErrorResponse`] with code 0.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PingRequest {
    /// Milliseconds since 1970.
    #[prost(int64, required, tag = "1")]
    pub send_timestamp: i64,
}

/// That something failed, or with code 0 that it did not. May be the answer to any request.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ErrorResponse {
    /// See [`RaftCode`](super::RaftCode).
    #[prost(int32, required, tag = "1")]
    pub error_code: i32,
    /// For the reader.
    #[prost(string, optional, tag = "2")]
    pub error_msg: Option<String>,
}

/// Who leads the group?
#[derive(Clone, PartialEq, prost::Message)]
pub struct GetLeaderRequest {
    /// The group.
    #[prost(string, required, tag = "1")]
    pub group_id: String,
    /// The node that is asked: necessary where a process has several.
    #[prost(string, optional, tag = "2")]
    pub peer_id: Option<String>,
}

/// The answer to a [`GetLeaderRequest`].
#[derive(Clone, PartialEq, prost::Message)]
pub struct GetLeaderResponse {
    /// A peer id.
    #[prost(string, required, tag = "1")]
    pub leader_id: String,
}

/// Who belongs to the group? For its leader.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GetPeersRequest {
    /// The group.
    #[prost(string, required, tag = "1")]
    pub group_id: String,
    /// The node that is asked.
    #[prost(string, optional, tag = "2")]
    pub leader_id: Option<String>,
    /// Leave out those that the leader does not hear of.
    #[prost(bool, optional, tag = "3")]
    pub only_alive: Option<bool>,
}

/// The answer to a [`GetPeersRequest`].
#[derive(Clone, PartialEq, prost::Message)]
pub struct GetPeersResponse {
    /// Peer ids of those that vote.
    #[prost(string, repeated, tag = "1")]
    pub peers: Vec<String>,
    /// Peer ids of those that don't.
    #[prost(string, repeated, tag = "2")]
    pub learners: Vec<String>,
}

/// Hand the leadership over. For the leader; answered by an [`ErrorResponse`].
#[derive(Clone, PartialEq, prost::Message)]
pub struct TransferLeaderRequest {
    /// The group.
    #[prost(string, required, tag = "1")]
    pub group_id: String,
    /// The node that is asked.
    #[prost(string, required, tag = "2")]
    pub leader_id: String,
    /// Who is to lead; the leader chooses if it is not said.
    #[prost(string, optional, tag = "3")]
    pub peer_id: Option<String>,
}

impl JavaClass for PingRequest {
    const NAME: &'static str = "com.alipay.sofa.jraft.rpc.RpcRequests$PingRequest";
}

impl JavaClass for ErrorResponse {
    const NAME: &'static str = "com.alipay.sofa.jraft.rpc.RpcRequests$ErrorResponse";
}

impl JavaClass for GetLeaderRequest {
    const NAME: &'static str = "com.alipay.sofa.jraft.rpc.CliRequests$GetLeaderRequest";
}

impl JavaClass for GetLeaderResponse {
    const NAME: &'static str = "com.alipay.sofa.jraft.rpc.CliRequests$GetLeaderResponse";
}

impl JavaClass for GetPeersRequest {
    const NAME: &'static str = "com.alipay.sofa.jraft.rpc.CliRequests$GetPeersRequest";
}

impl JavaClass for GetPeersResponse {
    const NAME: &'static str = "com.alipay.sofa.jraft.rpc.CliRequests$GetPeersResponse";
}

impl JavaClass for TransferLeaderRequest {
    const NAME: &'static str = "com.alipay.sofa.jraft.rpc.CliRequests$TransferLeaderRequest";
}
