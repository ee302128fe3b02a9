//! Reads anything that implements `serde::Deserialize`.
//!
//! | Java | Rust |
//! |---|---|
//! | any number, `boolean` (1 or 0), `null` (0) | any integer or float that holds it exactly (floats: nearly) |
//! | `boolean`, any number, `null` (`false`) | `bool` |
//! | `String`, `char`; integers and booleans as text | `String`, `&str`, `Cow<str>`, `char` |
//! | `byte[]` | [`ByteArray`](crate::ByteArray), `serde_bytes` |
//! | `java.util.Date` | [`Date`](crate::Date) |
//! | `null` | `None`, `()` |
//! | any list or array but `byte[]` and `char[]` | sequence, tuple |
//! | any map, any object | map, struct |
//! | enum constant, also as a map with its `name` | enum, unit variant |
//! | object, or any value whose class the variant is renamed to | enum, newtype or struct variant |
//! | a value of any class that no variant is renamed to | enum, variant that is `#[serde(other)]` |
//! | anything | [`Value`](crate::Value) |
//!
//! The class that a peer names chooses nothing but, in an enum of the caller's, the variant: a
//! struct is read from the fields of whatever object or map comes, as in Java unknown fields are
//! passed over, and `#[serde(default)]` fills missing ones. References are expanded, within
//! [`Limits::expansion`](field@crate::Limits::expansion); cyclic data ends in
//! [`TooDeep`](ErrorKind::TooDeep) unless the target is a [`Value`](crate::Value).
//!
//! Inside of `#[serde(flatten)]` and of enums that are `untagged` or have a `tag`, serde keeps values
//! in a buffer until it knows the type. What comes out of it has lost what only Hessian says: an
//! object is a map, so an enum constant needs [`enum_by_name`](crate::enum_by_name) and no class
//! chooses a variant; a date is a number, which [`Date`](crate::Date) still takes; and a
//! [`Value`](crate::Value) has neither classes nor types nor dates, with references expanded.
//!
//! ```
//! use bolt_hessian::{Deserializer, Options, Value, from_slice, to_vec};
//! use serde::Deserialize;
//!
//! #[derive(Debug, PartialEq, Deserialize)]
//! #[serde(rename = "fx.Pt")]
//! struct Point {
//!     x: i32,
//!     #[serde(default)]
//!     z: i32,
//! }
//!
//! let bytes = to_vec(&Value::object("fx.Pt", [("x", 1.into()), ("y", 2.into())]))?;
//! assert_eq!(from_slice::<Point>(&bytes)?, Point { x: 1, z: 0 });
//!
//! // Several values in one stream.
//! let mut stream = Deserializer::from_slice(&[0x91, 0x92], Options::default());
//! assert_eq!((stream.read::<i32>()?, stream.read::<i32>()?), (1, 2));
//! stream.finish()?;
//! # Ok::<(), bolt_hessian::Error>(())
//! ```

mod compound;
mod enumeration;
mod scalar;

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::{self, Deserialize, DeserializeSeed, Visitor};

use self::compound::{Entries, Items, ObjectFields};
use self::scalar::LongDeserializer;
use crate::class_name;
use crate::error::{Error, ErrorKind, Result};
use crate::handover::{self, Parcel};
use crate::options::Options;
use crate::read::{Head, ListHead, Reader};

/// Reads values one after the other from one stream, in which they share class definitions, type
/// names and references.
#[derive(Debug)]
pub struct Deserializer<'de> {
    reader: Reader<'de>,
}

impl<'de> Deserializer<'de> {
    /// A stream over `input`.
    #[must_use]
    pub fn from_slice(input: &'de [u8], options: Options) -> Self {
        Deserializer {
            reader: Reader::new(input, None, options),
        }
    }

    /// The same over shared bytes, from which byte arrays are cut without a copy where they lie
    /// in one piece ([`ByteArray`](crate::ByteArray), [`Value`](crate::Value)).
    #[must_use]
    pub fn from_bytes(input: &'de Bytes, options: Options) -> Self {
        Deserializer {
            reader: Reader::new(input, Some(input), options),
        }
    }

    /// Reads the next value.
    ///
    /// # Errors
    ///
    /// Whatever [`ErrorKind`] says about reading. The stream is of no use after an error.
    pub fn read<T: Deserialize<'de>>(&mut self) -> Result<T> {
        self.read_seed(std::marker::PhantomData)
    }

    /// Reads the next value with a seed.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let result = seed.deserialize(&mut *self);
        result.map_err(|error| error.or_at(self.reader.position()))
    }

    /// Whether all bytes have been read.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.reader.is_at_end()
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.reader.position()
    }

    /// Ends the stream.
    ///
    /// # Errors
    ///
    /// [`TrailingBytes`](ErrorKind::TrailingBytes) if not all bytes have been read.
    pub fn finish(self) -> Result<()> {
        match self.is_at_end() {
            true => Ok(()),
            false => self.reader.fail(ErrorKind::TrailingBytes),
        }
    }

    #[cold]
    fn mismatch<T>(&self, expected: &'static str, found: Head) -> Result<T> {
        let found = found.kind();
        self.reader.fail(ErrorKind::Mismatch { expected, found })
    }

    fn expand<T>(&mut self, number: u32, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let back = self.reader.begin_reread(number)?;
        let result = read(self)?;
        self.reader.end_reread(number, back)?;
        Ok(result)
    }

    fn list<V: Visitor<'de>>(&mut self, list: ListHead, visitor: V) -> Result<V::Value> {
        self.reader.enter()?;
        let mut items = Items::new(self, list);
        let value = visitor.visit_seq(&mut items)?;
        items.finish()?;
        self.reader.leave();
        Ok(value)
    }

    fn map<V: Visitor<'de>>(&mut self, as_fields: bool, visitor: V) -> Result<V::Value> {
        self.reader.enter()?;
        let mut entries = Entries::new(self, as_fields);
        let value = visitor.visit_map(&mut entries)?;
        entries.finish()?;
        self.reader.leave();
        Ok(value)
    }

    /// `names_are_kept` tells a map, which stores the names, from a struct, which knows them.
    fn object<V: Visitor<'de>>(
        &mut self,
        class: u32,
        names_are_kept: bool,
        visitor: V,
    ) -> Result<V::Value> {
        self.reader.enter()?;
        let mut fields = ObjectFields::new(self, class, names_are_kept);
        let value = visitor.visit_map(&mut fields)?;
        fields.finish()?;
        self.reader.leave();
        Ok(value)
    }
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Null => visitor.visit_unit(),
            Head::Bool(value) => visitor.visit_bool(value),
            Head::Int(value) => visitor.visit_i32(value),
            Head::Long(value) | Head::Date(value) => visitor.visit_i64(value),
            Head::Double(value) => visitor.visit_f64(value),
            Head::Text(piece) => match self.reader.string(piece)? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            Head::Bytes(piece) => match self.reader.bytes(piece)? {
                Cow::Borrowed(bytes) => visitor.visit_borrowed_bytes(bytes),
                Cow::Owned(bytes) => visitor.visit_byte_buf(bytes),
            },
            Head::List(list) => self.list(list, visitor),
            Head::Map(_) => self.map(false, visitor),
            Head::Object(class) => self.object(class, true, visitor),
            Head::Ref(number) => self.expand(number, |de| de.deserialize_any(visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_bool(visitor)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<i8, V>(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<i16, V>(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<i32, V>(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<i64, V>(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<i128, V>(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<u8, V>(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<u16, V>(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<u32, V>(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<u64, V>(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_integer::<u128, V>(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_float(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_float(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_text(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Bytes(piece) => match self.reader.bytes(piece)? {
                Cow::Borrowed(bytes) => visitor.visit_borrowed_bytes(bytes),
                Cow::Owned(bytes) => visitor.visit_byte_buf(bytes),
            },
            found => self.mismatch("a byte array", found),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.take_null()? {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Null => visitor.visit_unit(),
            found => self.mismatch("null", found),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Null => visitor.visit_unit(),
            Head::Object(class) => {
                self.reader.skip_object(class)?;
                visitor.visit_unit()
            }
            Head::Ref(_) => visitor.visit_unit(),
            found => self.mismatch("an object or null", found),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        match name {
            handover::VALUE => {
                handover::put(Parcel::Value(self.reader.value()?));
                visitor.visit_unit()
            }
            handover::BYTES => match self.reader.head()? {
                Head::Bytes(piece) => {
                    handover::put(Parcel::Bytes(self.reader.shared_bytes(piece)?));
                    visitor.visit_unit()
                }
                found => self.mismatch("a byte array", found),
            },
            class_name::DATE => match self.reader.head()? {
                Head::Date(date) => visitor.visit_newtype_struct(LongDeserializer(date)),
                found => self.mismatch("a date", found),
            },
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.head()? {
            Head::List(list) => self.list(list, visitor),
            Head::Ref(number) => self.expand(number, |de| de.deserialize_seq(visitor)),
            found => self.mismatch("a list", found),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Map(_) => self.map(false, visitor),
            Head::Object(class) => self.object(class, true, visitor),
            Head::Ref(number) => self.expand(number, |de| de.deserialize_map(visitor)),
            found => self.mismatch("a map or an object", found),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Object(class) => self.object(class, false, visitor),
            Head::Map(_) => self.map(true, visitor),
            Head::Ref(number) => {
                self.expand(number, |de| de.deserialize_struct(name, fields, visitor))
            }
            found => self.mismatch("an object or a map", found),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.read_enum(variants, visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.read_text(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.reader.skip()?;
        visitor.visit_unit()
    }
}
