use bolt_codec::bolt::SerializerCode;
use bolt_hessian::{Dialect, Options};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body::{Body, DecodeBody, EncodeBody, SerializerError, class_of};

/// The serializer of Java SOFABolt: any type with serde support, its Java class bound by
/// `#[serde(rename = "com.example.Hello")]`.
///
/// ```
/// use bolt_remoting::rpc::{EncodeBody, Hessian};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// #[serde(rename = "com.example.Hello")]
/// struct Hello { name: String }
///
/// let body = Hessian::default().encode(&Hello { name: "you".into() })?;
/// assert_eq!(body.class_name(), "com.example.Hello");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Hessian {
    options: Options,
}

/// How Hessian writes null; in a body it is no content at all.
const NULL: &[u8] = b"N";

impl Hessian {
    /// With a dialect or limits other than the defaults.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.options.dialect
    }
}

impl<T: Serialize + ?Sized> EncodeBody<T> for Hessian {
    fn code(&self) -> SerializerCode {
        SerializerCode::HESSIAN
    }

    fn encode(&self, value: &T) -> Result<Body, SerializerError> {
        let content = bolt_hessian::to_vec_with(value, self.options)?;
        if content == NULL {
            return Ok(Body::default());
        }
        Ok(Body::new(class_of(value)?, content))
    }
}

impl<T: DeserializeOwned> DecodeBody<T> for Hessian {
    fn reads(&self, code: SerializerCode) -> bool {
        code == SerializerCode::HESSIAN
    }

    fn decode(&self, code: SerializerCode, body: Body) -> Result<T, SerializerError> {
        if code != SerializerCode::HESSIAN {
            return Err(format!("serializer code {} is not Hessian's", code.0).into());
        }
        let content = if body.content.is_empty() {
            Bytes::from_static(NULL)
        } else {
            body.content
        };
        Ok(bolt_hessian::from_bytes_with(&content, self.options)?)
    }
}
