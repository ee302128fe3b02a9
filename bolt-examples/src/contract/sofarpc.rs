//! The services of the contract, in Java's package `peer.sofarpc`.

use bolt_hessian::Date;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Text;
use crate::sofarpc::JavaType;

/// The service over hessian2.
pub const HELLO_SERVICE: &str = "peer.sofarpc.HelloService";
/// The service over protobuf.
pub const PB_HELLO_SERVICE: &str = "peer.sofarpc.PbHelloService";
/// What `HelloService.fail` throws.
pub const HELLO_EXCEPTION: &str = "peer.sofarpc.HelloException";

/// `peer.sofarpc.Person`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename = "peer.sofarpc.Person", default)]
pub struct Person {
    /// `String`
    pub name: Text,
    /// `int`
    pub age: i32,
    /// `List<String>`
    pub tags: Option<Vec<Text>>,
    /// `Person`
    pub friend: Option<Box<Person>>,
    /// `java.util.Date`
    pub born: Option<Date>,
}

impl JavaType for Person {
    const NAME: &'static str = "peer.sofarpc.Person";
}

/// The request message of `PbHelloService`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloReq {
    /// Who is greeted.
    #[prost(string, tag = "1")]
    pub name: String,
    /// How many times.
    #[prost(int32, tag = "2")]
    pub times: i32,
    /// Comes back.
    #[prost(bytes = "bytes", tag = "3")]
    pub data: Bytes,
}

/// The answer message of `PbHelloService`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloRes {
    /// The greetings.
    #[prost(string, tag = "1")]
    pub text: String,
    /// Always 1234567890123.
    #[prost(int64, tag = "2")]
    pub at: i64,
    /// What came.
    #[prost(bytes = "bytes", tag = "3")]
    pub data: Bytes,
}
