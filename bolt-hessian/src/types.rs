//! Java types that serde's data model has no word for.
//!
//! ```
//! use bolt_hessian::{ByteArray, Date, from_slice, to_vec};
//!
//! assert_eq!(to_vec(&Date(1_700_000_000_123))?[0], b'd');
//! let bytes: ByteArray = from_slice(&to_vec(&ByteArray::from(vec![1, 2, 3]))?)?;
//! assert_eq!(&bytes[..], [1, 2, 3]);
//! # Ok::<(), bolt_hessian::Error>(())
//! ```

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::handover::{self, Parcel};

/// `java.util.Date`: milliseconds since 1970-01-01 UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename = "java.util.Date")]
pub struct Date(pub i64);

/// `byte[]`.
///
/// A `Vec<u8>` alone would be a list of ints, which Java does not take for an array. Read from
/// [`from_bytes`](crate::from_bytes) it is a view of the input, without a copy, if the array came
/// in one piece (up to 32 KiB from Java). The `serde_bytes` crate works as well.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteArray(pub Bytes);

impl Deref for ByteArray {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for ByteArray {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ByteArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Bytes> for ByteArray {
    fn from(bytes: Bytes) -> Self {
        ByteArray(bytes)
    }
}

impl From<Vec<u8>> for ByteArray {
    fn from(bytes: Vec<u8>) -> Self {
        ByteArray(bytes.into())
    }
}

impl From<&[u8]> for ByteArray {
    fn from(bytes: &[u8]) -> Self {
        ByteArray(Bytes::copy_from_slice(bytes))
    }
}

impl Serialize for ByteArray {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for ByteArray {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(handover::BYTES, ByteArrayVisitor)
    }
}

struct ByteArrayVisitor;

impl<'de> Visitor<'de> for ByteArrayVisitor {
    type Value = ByteArray;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a byte array")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<ByteArray, D::Error> {
        d.deserialize_byte_buf(self)
    }

    fn visit_unit<E: Error>(self) -> Result<ByteArray, E> {
        match handover::take() {
            Some(Parcel::Bytes(bytes)) => Ok(ByteArray(bytes)),
            _ => Err(E::invalid_type(serde::de::Unexpected::Unit, &self)),
        }
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<ByteArray, E> {
        Ok(bytes.into())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<ByteArray, E> {
        Ok(bytes.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ByteArray, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}
