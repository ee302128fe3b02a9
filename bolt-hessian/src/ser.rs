//! Writes anything that implements `serde::Serialize`.
//!
//! | Rust | Java |
//! |---|---|
//! | `bool`; `i8` to `i32`, `u8`, `u16`; `u32` and wider | `boolean`; `int`; `long` |
//! | `f32`, `f64` | `double` |
//! | `char`, `str` | `String` |
//! | [`ByteArray`](crate::ByteArray), `serde_bytes` | `byte[]` |
//! | `None`, `()` | `null` |
//! | sequence, tuple | `ArrayList`, or what a newtype around it is renamed to (`java.util.LinkedList`, `[int`) |
//! | map | `HashMap`, or what a newtype around it is renamed to |
//! | struct | object of the class that it is renamed to |
//! | enum, unit variant | Java enum constant; the enum is renamed to the class |
//! | enum, variant that is renamed to a class | object, list or map of that class |
//! | [`Value`](crate::Value) | what it says |
//!
//! A newtype's or variant's name counts if it looks like one of Java: with a dot in it or `[` at its
//! beginning. Newtype and tuple variants that have none are refused, those of `Result` among them:
//! nothing in the bytes would tell which it was. Where the reader need not know, an enum that is
//! `#[serde(untagged)]` is written as what is in it. A struct variant has its class like a struct.
//!
//! A field left out by `skip_serializing_if` is written as `null`, because all objects of a class
//! share one definition; so the field must be an `Option` to be read back. `#[serde(flatten)]` makes
//! a struct a map and loses its class.
//!
//! ```
//! use bolt_hessian::{Serializer, to_vec};
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! #[serde(rename = "com.example.Order")]
//! struct Order {
//!     id: i64,
//!     #[serde(rename = "itemNames")]
//!     item_names: Vec<String>,
//! }
//!
//! let order = Order { id: 7, item_names: vec!["tea".into()] };
//! let one = to_vec(&order)?;
//!
//! // Several values in one stream: the second needs no class definition.
//! let mut stream = Serializer::default();
//! stream.write(&order)?;
//! stream.write(&order)?;
//! assert!(stream.into_vec().len() < 2 * one.len());
//! # Ok::<(), bolt_hessian::Error>(())
//! ```

mod compound;

use serde::ser::{self, Serialize};

use self::compound::{Items, MapEntries, ObjectFields};
use crate::class_name::{self, is_java};
use crate::error::{Error, ErrorKind, Result};
use crate::handover::{self, Parcel};
use crate::options::Options;
use crate::write::{Length, Writer};

/// Writes values one after the other into one stream, in which they share class definitions and
/// type names. SOFARPC reads a request and its arguments from such a stream.
#[derive(Debug)]
pub struct Serializer {
    writer: Writer,
    /// The Java name of the newtype around the next value.
    newtype: Option<&'static str>,
}

impl Default for Serializer {
    fn default() -> Self {
        Serializer::new(Options::default())
    }
}

impl Serializer {
    /// An empty stream.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Serializer::append_to(Vec::with_capacity(256), options)
    }

    /// A stream that begins at the end of `out` and keeps what is there.
    #[must_use]
    pub fn append_to(out: Vec<u8>, options: Options) -> Self {
        Serializer {
            writer: Writer::new(out, options),
            newtype: None,
        }
    }

    /// Writes `value` to the end of the stream.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ErrorKind::OutOfRange) for numbers that do not fit 64 bits with a sign,
    /// [`TooDeep`](ErrorKind::TooDeep), [`TooLong`](ErrorKind::TooLong),
    /// [`BadReference`](ErrorKind::BadReference) of a [`Value`](crate::Value),
    /// [`InconsistentFields`](ErrorKind::InconsistentFields),
    /// [`WrongItemCount`](ErrorKind::WrongItemCount) of a sequence that said another length, and
    /// [`Message`](ErrorKind::Message) for a newtype or tuple variant without a Java name and for
    /// what `value` itself says. The stream is of no use after an error.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    /// The bytes of the stream.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.writer.into_out()
    }

    fn integer<T: TryInto<i64>>(&mut self, value: T) -> Result<()> {
        let value = value
            .try_into()
            .map_err(|_| Error::new(ErrorKind::OutOfRange))?;
        self.writer.long(value);
        Ok(())
    }

    /// Begins a list of the type that the newtype around it names, or else `name`.
    fn begin_list(
        &mut self,
        name: Option<&'static str>,
        length: Option<usize>,
    ) -> Result<Items<'_>> {
        let type_name = self.newtype.take().or(name);
        let length = length.map_or(Length::Later, Length::Known);
        let start = self.writer.begin_list(type_name, length)?;
        Ok(Items::new(self, start, length))
    }

    fn begin_object(&mut self, name: &'static str, count: usize) -> Result<ObjectFields<'_>> {
        let class = self.newtype.take().unwrap_or(name);
        let fields = self.writer.begin_fields(class, count)?;
        Ok(ObjectFields::new(self, fields))
    }
}

impl<'a> ser::Serializer for &'a mut Serializer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = MapEntries<'a>;
    type SerializeStruct = ObjectFields<'a>;
    type SerializeStructVariant = ObjectFields<'a>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.writer.bool(value);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<()> {
        self.serialize_i32(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<()> {
        self.serialize_i32(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<()> {
        self.writer.int(value);
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<()> {
        match self.newtype {
            Some(class_name::DATE) => self.writer.date(value),
            _ => self.writer.long(value),
        }
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<()> {
        self.integer(value)
    }

    fn serialize_u8(self, value: u8) -> Result<()> {
        self.serialize_i32(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<()> {
        self.serialize_i32(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<()> {
        self.writer.long(value.into());
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<()> {
        self.integer(value)
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        self.integer(value)
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        // Java writes every NaN with these bits; a calculation may give others.
        let value = match value.is_nan() {
            true => f64::from_bits(0x7ff8_0000_0000_0000),
            false => value,
        };
        self.writer.double(value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        self.writer.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.writer.bytes(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.writer.null();
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<()> {
        match is_java(name) {
            true => self.begin_object(name, 0)?.finish(),
            false => self.serialize_unit(),
        }
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<()> {
        if is_java(variant) {
            return self.serialize_unit_struct(variant);
        }
        let mut constant = self.begin_object(name, 1)?;
        constant.field("name", variant)?;
        constant.finish()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        match name {
            handover::VALUE => {
                let writer = std::mem::take(&mut self.writer);
                handover::put(Parcel::Writer(Box::new(writer)));
                return value.serialize(self);
            }
            handover::DONE => {
                return match handover::take() {
                    Some(Parcel::Written(writer, result)) => {
                        self.writer = *writer;
                        result
                    }
                    _ => Ok(()),
                };
            }
            _ => {}
        }
        if !is_java(name) {
            return value.serialize(self);
        }
        // The outermost name holds: it is the most specific. Only a date is told by its name alone.
        match name {
            class_name::DATE => self.newtype = Some(name),
            _ => _ = self.newtype.get_or_insert(name),
        }
        let result = value.serialize(&mut *self);
        self.newtype = None;
        result
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        check_variant(name, variant)?;
        self.serialize_newtype_struct(variant, value)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items<'a>> {
        self.begin_list(None, length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Items<'a>> {
        self.begin_list(None, Some(length))
    }

    fn serialize_tuple_struct(self, name: &'static str, length: usize) -> Result<Items<'a>> {
        self.begin_list(is_java(name).then_some(name), Some(length))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Items<'a>> {
        check_variant(name, variant)?;
        self.serialize_tuple_struct(variant, length)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MapEntries<'a>> {
        let type_name = self.newtype.take();
        let start = self.writer.out().len();
        self.writer.begin_map(type_name)?;
        Ok(MapEntries::new(self, type_name.is_none().then_some(start)))
    }

    fn serialize_struct(self, name: &'static str, count: usize) -> Result<ObjectFields<'a>> {
        self.begin_object(name, count)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        count: usize,
    ) -> Result<ObjectFields<'a>> {
        self.begin_object(variant, count)
    }
}

/// Whether the bytes will tell that it was `variant`.
fn check_variant(name: &'static str, variant: &'static str) -> Result<()> {
    match is_java(variant) {
        true => Ok(()),
        false => Err(ser::Error::custom(format!(
            "variant {variant} of enum {name} has no Java class name: \
             #[serde(rename = \"com.example.Name\")] gives it one, \
             #[serde(untagged)] on the enum does without"
        ))),
    }
}
