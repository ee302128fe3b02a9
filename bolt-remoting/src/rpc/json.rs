use bolt_codec::bolt::SerializerCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body::{Body, DecodeBody, EncodeBody, SerializerError, class_of};

/// JSON of any type with serde support, as serializer code 12 (SOFARPC's number for it). The Java
/// class is bound by `#[serde(rename = "com.example.Hello")]`, as with Hessian; null is no content.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bolt_remoting::Result<()> {
/// use std::sync::Arc;
///
/// use bolt_remoting::rpc::{Json, Processors, RpcClient, RpcServer};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename = "com.example.Add")]
/// struct Add { a: i32, b: i32 }
///
/// let json = Arc::new(Json);
/// let add = |_cx, add: Add| async move { Ok(add.a + add.b) };
/// let server = RpcServer::builder()
///     .processors(Processors::new().handle_with("com.example.Add", Arc::clone(&json), add))
///     .bind("127.0.0.1:0")
///     .await?;
/// let address = server.local_addr().to_string();
/// let client = RpcClient::new();
/// let sum: i32 = client.invoke_with(&json, address, &Add { a: 2, b: 3 }).await?;
/// assert_eq!(sum, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

const NULL: &[u8] = b"null";

impl<T: Serialize + ?Sized> EncodeBody<T> for Json {
    fn code(&self) -> SerializerCode {
        SerializerCode::JSON
    }

    fn encode(&self, value: &T) -> Result<Body, SerializerError> {
        let content = serde_json::to_vec(value)?;
        if content == NULL {
            return Ok(Body::default());
        }
        Ok(Body::new(class_of(value)?, content))
    }
}

impl<T: DeserializeOwned> DecodeBody<T> for Json {
    fn reads(&self, code: SerializerCode) -> bool {
        code == SerializerCode::JSON
    }

    fn decode(&self, code: SerializerCode, body: Body) -> Result<T, SerializerError> {
        if code != SerializerCode::JSON {
            return Err(format!("serializer code {} is not JSON's", code.0).into());
        }
        let content = if body.content.is_empty() {
            NULL
        } else {
            &body.content
        };
        Ok(serde_json::from_slice(content)?)
    }
}
