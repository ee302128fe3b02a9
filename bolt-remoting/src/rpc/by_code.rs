use bolt_codec::bolt::SerializerCode;

use super::body::{Body, DecodeBody, EncodeBody, SerializerError};

/// Two serializers, of which the serializer code of a frame chooses one: for handlers whose callers
/// speak different ones. What starts here is written with the first. Nest it for more than two.
/// Java: `SerializerManager.addSerializer`, here per handler and call.
///
/// ```
/// # #[cfg(all(feature = "hessian", feature = "json"))] {
/// use std::sync::Arc;
///
/// use bolt_remoting::rpc::{ByCode, Hessian, Json, Processors};
///
/// let both = Arc::new(ByCode(Hessian::default(), Json));
/// let processors = Processors::new()
///     .handle_with("java.lang.Integer", both, |_cx, n: i32| async move { Ok(n + 1) });
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ByCode<A, B>(
    /// Writes what starts here, and reads what it can.
    pub A,
    /// Reads everything else, and writes the answers to it.
    pub B,
);

impl<T, A, B> EncodeBody<T> for ByCode<A, B>
where
    T: ?Sized,
    A: EncodeBody<T>,
    B: EncodeBody<T>,
{
    fn code(&self) -> SerializerCode {
        self.0.code()
    }

    fn encode(&self, value: &T) -> Result<Body, SerializerError> {
        self.0.encode(value)
    }

    fn writes(&self, code: SerializerCode) -> bool {
        self.0.writes(code) || self.1.writes(code)
    }

    fn encode_as(&self, code: SerializerCode, value: &T) -> Result<Body, SerializerError> {
        if self.0.writes(code) {
            self.0.encode_as(code, value)
        } else {
            self.1.encode_as(code, value)
        }
    }

    fn encode_owned(&self, code: SerializerCode, value: T) -> Result<Body, SerializerError>
    where
        T: Sized,
    {
        if self.0.writes(code) {
            self.0.encode_owned(code, value)
        } else {
            self.1.encode_owned(code, value)
        }
    }
}

impl<T, A, B> DecodeBody<T> for ByCode<A, B>
where
    A: DecodeBody<T>,
    B: DecodeBody<T>,
{
    fn reads(&self, code: SerializerCode) -> bool {
        self.0.reads(code) || self.1.reads(code)
    }

    fn decode(&self, code: SerializerCode, body: Body) -> Result<T, SerializerError> {
        if self.0.reads(code) {
            self.0.decode(code, body)
        } else {
            self.1.decode(code, body)
        }
    }
}
