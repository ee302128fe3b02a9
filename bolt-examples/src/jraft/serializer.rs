use bolt_codec::bolt::SerializerCode;
use bolt_remoting::rpc::{Body, DecodeBody, EncodeBody, JavaClass, SerializerError};
use prost::Message;

use super::error::RaftError;
use super::messages::ErrorResponse;

/// Protocol buffers as JRaft has them in frames: with serializer code 1, and with answers whose
/// class tells whether they are one. An answer is read as `Result<R, RaftError>`.
///
/// ```
/// use bolt_examples::jraft::{GetLeaderResponse, RaftError, RaftMessages};
/// use bolt_remoting::rpc::{Body, DecodeBody};
/// use bolt_codec::bolt::SerializerCode;
///
/// let class = "com.alipay.sofa.jraft.rpc.RpcRequests$ErrorResponse";
/// let answer = Body::new(class, b"\x08\xea\x07\x12\x0eUnknown leader".as_slice());
/// let read: Result<GetLeaderResponse, RaftError> =
///     RaftMessages.decode(SerializerCode::HESSIAN, answer)?;
/// assert_eq!(read.unwrap_err().to_string(), "try again: Unknown leader");
/// # Ok::<(), bolt_remoting::rpc::SerializerError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RaftMessages;

impl<T: Message + JavaClass> EncodeBody<T> for RaftMessages {
    fn code(&self) -> SerializerCode {
        SerializerCode::HESSIAN
    }

    fn encode(&self, message: &T) -> Result<Body, SerializerError> {
        Ok(Body::new(T::NAME, message.encode_to_vec()))
    }
}

impl<R: Message + JavaClass + Default> DecodeBody<Result<R, RaftError>> for RaftMessages {
    fn decode(
        &self,
        _code: SerializerCode,
        body: Body,
    ) -> Result<Result<R, RaftError>, SerializerError> {
        if body.class == ErrorResponse::NAME {
            let error = ErrorResponse::decode(body.content.clone())?;
            if error.error_code != 0 {
                return Ok(Err(error.into()));
            }
        }
        if body.class != R::NAME {
            let class = body.class_name();
            return Err(format!("the answer is a {class}, not a {}", R::NAME).into());
        }
        Ok(Ok(R::decode(body.content)?))
    }
}
