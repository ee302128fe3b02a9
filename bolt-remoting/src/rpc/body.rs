use std::error::Error as StdError;
use std::sync::Arc;

use bolt_codec::bolt::SerializerCode;
use bytes::Bytes;

use super::failure::ErrorBodies;

/// What a request or an answer carries: class, header and content.
///
/// An answer without a class and content is Java's null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Fully qualified Java class name, UTF-8. Picks the handler on the other side.
    pub class: Bytes,
    /// Bytes beside the content, at most 32,767; empty for most users.
    pub header: Bytes,
    /// The serialized object.
    ///
    /// Of a received body it is a part of the read buffer. Keeping it for long keeps that buffer
    /// (up to 256 KiB, more for a large body): copy what has to stay.
    pub content: Bytes,
}

impl Body {
    /// A body without header.
    #[must_use]
    pub fn new(class: impl Into<Bytes>, content: impl Into<Bytes>) -> Self {
        Self {
            class: class.into(),
            header: Bytes::new(),
            content: content.into(),
        }
    }

    /// The class as text. What is not UTF-8 in it is replaced.
    #[must_use]
    pub fn class_name(&self) -> String {
        String::from_utf8_lossy(&self.class).into_owned()
    }
}

/// Anything that went wrong in a serializer.
pub type SerializerError = Box<dyn StdError + Send + Sync>;

/// Turns values of `T` into bodies. One instance serves a whole client or server.
pub trait EncodeBody<T: ?Sized>: Send + Sync + 'static {
    /// What goes into the codec byte of the frame.
    fn code(&self) -> SerializerCode;

    /// Class, header and content for `value`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the value from being written. A client's call fails with
    /// [`ErrorKind::Serialize`](crate::ErrorKind::Serialize), a server answers
    /// `SERVER_SERIAL_EXCEPTION`.
    fn encode(&self, value: &T) -> Result<Body, SerializerError>;

    /// Whether it writes answers to requests that came in `code`; [`ByCode`](super::ByCode) asks. By
    /// default only its own [`code`](Self::code).
    fn writes(&self, code: SerializerCode) -> bool {
        code == self.code()
    }

    /// The same as [`encode`](Self::encode) for the answer to a request that came in `code`; answers say the code of their
    /// request. By default as [`encode`](Self::encode).
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    fn encode_as(&self, code: SerializerCode, value: &T) -> Result<Body, SerializerError> {
        let _ = code;
        self.encode(value)
    }

    /// The same as [`encode_as`](Self::encode_as) for a value that nobody else needs, from which a
    /// serializer may take what it can use as it is. By default as [`encode_as`](Self::encode_as).
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    fn encode_owned(&self, code: SerializerCode, value: T) -> Result<Body, SerializerError>
    where
        T: Sized,
    {
        self.encode_as(code, &value)
    }
}

/// Turns bodies into values of `T`.
pub trait DecodeBody<T>: Send + Sync + 'static {
    /// Whether bodies whose frame says `code` are its business; [`ByCode`](super::ByCode) asks. By
    /// default all are.
    fn reads(&self, code: SerializerCode) -> bool {
        let _ = code;
        true
    }

    /// The value in `body`, whose frame said `code`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the value from being read, an unexpected `code` among it. A client's call
    /// fails with [`ErrorKind::Deserialize`](crate::ErrorKind::Deserialize), a server answers
    /// `SERVER_DESERIAL_EXCEPTION`.
    fn decode(&self, code: SerializerCode, body: Body) -> Result<T, SerializerError>;
}

/// Who reads the answer of a call.
pub(super) struct Decoder<T> {
    pub(super) value: ValueDecoder<T>,
    pub(super) errors: ErrorBodies,
}

pub(super) enum ValueDecoder<T> {
    /// Nobody has to: all threads that call would count its references in one place.
    Plain(fn(Body) -> T),
    Shared(Arc<dyn DecodeBody<T>>),
}

impl<T: 'static> Decoder<T> {
    pub(super) fn decode(&self, code: SerializerCode, body: Body) -> Result<T, SerializerError> {
        match &self.value {
            ValueDecoder::Plain(value) => Ok(value(body)),
            ValueDecoder::Shared(decoder) => decoder.decode(code, body),
        }
    }
}

/// Bodies as they are, for callers and handlers that do their own serializing.
#[derive(Clone, Copy, Debug)]
pub struct Raw {
    /// The codec byte of what is sent. What is received is taken whatever its code.
    pub code: SerializerCode,
}

impl EncodeBody<Body> for Raw {
    fn code(&self) -> SerializerCode {
        self.code
    }

    fn encode(&self, value: &Body) -> Result<Body, SerializerError> {
        Ok(value.clone())
    }

    fn encode_owned(&self, _code: SerializerCode, value: Body) -> Result<Body, SerializerError> {
        Ok(value)
    }
}

impl DecodeBody<Body> for Raw {
    fn decode(&self, _code: SerializerCode, body: Body) -> Result<Body, SerializerError> {
        Ok(body)
    }
}

/// The Java class that serde knows `value` by, as every serializer of serde types names it.
#[cfg(any(feature = "hessian", feature = "json"))]
pub(super) fn class_of<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, SerializerError> {
    let class = bolt_hessian::class_name::of_value(value).ok_or_else(|| {
        let name = std::any::type_name::<T>();
        format!(
            "{name} has no Java class name: #[serde(rename = \"com.example.Name\")] gives it one"
        )
    })?;
    Ok(class.into_string())
}
