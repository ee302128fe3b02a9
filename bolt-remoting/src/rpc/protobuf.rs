use bolt_codec::bolt::SerializerCode;
use prost::Message;

use super::body::{Body, DecodeBody, EncodeBody, SerializerError};

/// The Java class that a message is known by, in the class field of its frame.
pub trait JavaClass {
    /// Fully qualified, with `$` before the names of inner classes.
    const NAME: &'static str;
}

/// Protocol buffers by [`prost`], as serializer code 11 (SOFARPC's number for it).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bolt_remoting::Result<()> {
/// use std::sync::Arc;
///
/// use bolt_remoting::rpc::{JavaClass, Processors, Protobuf, RpcClient, RpcServer};
///
/// #[derive(Clone, PartialEq, prost::Message)]
/// struct Ping {
///     #[prost(int64, tag = "1")]
///     at: i64,
/// }
///
/// impl JavaClass for Ping {
///     const NAME: &'static str = "com.example.Messages$Ping";
/// }
///
/// let protobuf = Arc::new(Protobuf::default());
/// let echo = |_cx, ping: Ping| async move { Ok(ping) };
/// let server = RpcServer::builder()
///     .processors(Processors::new().handle_with(Ping::NAME, Arc::clone(&protobuf), echo))
///     .bind("127.0.0.1:0")
///     .await?;
/// let address = server.local_addr().to_string();
/// let client = RpcClient::new();
/// let pong: Ping = client.invoke_with(&protobuf, address, &Ping { at: 7 }).await?;
/// assert_eq!(pong.at, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Protobuf {
    code: SerializerCode,
}

impl Protobuf {
    /// With another serializer code, for peers that have numbered their serializers themselves.
    #[must_use]
    pub fn with_code(code: SerializerCode) -> Self {
        Self { code }
    }
}

impl Default for Protobuf {
    fn default() -> Self {
        Self::with_code(SerializerCode::PROTOBUF)
    }
}

impl<T: Message + JavaClass> EncodeBody<T> for Protobuf {
    fn code(&self) -> SerializerCode {
        self.code
    }

    fn encode(&self, value: &T) -> Result<Body, SerializerError> {
        Ok(Body::new(T::NAME, value.encode_to_vec()))
    }
}

impl<T: Message + Default> DecodeBody<T> for Protobuf {
    fn reads(&self, code: SerializerCode) -> bool {
        code == self.code
    }

    fn decode(&self, code: SerializerCode, body: Body) -> Result<T, SerializerError> {
        if code != self.code {
            return Err(format!("serializer code {} is not protobuf's", code.0).into());
        }
        Ok(T::decode(body.content)?)
    }
}
