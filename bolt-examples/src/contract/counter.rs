//! The messages of the counter that [`jraft`](crate::jraft) is tried on, in Java's package
//! `peer.jraft`. Its nodes are the Java program in the folder `java-jraft`.

use bolt_remoting::rpc::JavaClass;

/// The name of its group.
pub const GROUP: &str = "counter";

/// Adds to the counter.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Add {
    /// How much.
    #[prost(int64, required, tag = "1")]
    pub delta: i64,
}

/// Reads the counter.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Read {
    /// Whether the answer has to know of everything that was added before. Otherwise it is what the
    /// node knows.
    #[prost(bool, optional, tag = "1")]
    pub linearizable: Option<bool>,
}

/// The counter.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Value {
    /// After the [`Add`] that it answers, or as it was read.
    #[prost(int64, required, tag = "1")]
    pub value: i64,
}

impl JavaClass for Add {
    const NAME: &'static str = "peer.jraft.Counter$Add";
}

impl JavaClass for Read {
    const NAME: &'static str = "peer.jraft.Counter$Read";
}

impl JavaClass for Value {
    const NAME: &'static str = "peer.jraft.Counter$Value";
}
