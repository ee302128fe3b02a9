//! Numbers, booleans and text, as widely taken as Java's reader takes them.

use std::borrow::Cow;

use serde::de::{self, Visitor};
use serde::forward_to_deserialize_any;

use super::Deserializer;
use crate::error::{Error, ErrorKind, Result};
use crate::read::Head;

enum Number {
    Whole(i64),
    Float(f64),
}

impl<'de> Deserializer<'de> {
    /// Any number; what `boolean` and `null` count as in Java.
    fn number(&mut self, head: Head) -> Result<Number> {
        Ok(match head {
            Head::Int(value) => Number::Whole(value.into()),
            Head::Long(value) => Number::Whole(value),
            Head::Double(value) => Number::Float(value),
            Head::Bool(value) => Number::Whole(value.into()),
            Head::Null => Number::Whole(0),
            Head::Object(class) => return self.number_in_handle(class),
            Head::Ref(number) => {
                return self.expand(number, |de| {
                    let head = de.reader.head()?;
                    de.number(head)
                });
            }
            found => return self.mismatch("a number", found),
        })
    }

    /// A `Byte`, `Short` or `Float` as `com.alipay.sofa:hessian` 4.x writes them: in a handle with
    /// one field.
    fn number_in_handle(&mut self, class: u32) -> Result<Number> {
        let handle = matches!(
            self.reader.class_name(class),
            "com.caucho.hessian.io.ByteHandle"
                | "com.caucho.hessian.io.ShortHandle"
                | "com.caucho.hessian.io.FloatHandle"
        );
        let mut fields = self.reader.field_names(class);
        let has_field = self.reader.next_field(&mut fields).is_some();
        if !handle || !has_field {
            return self.mismatch("a number", Head::Object(class));
        }
        let number = match self.reader.head()? {
            // Nothing inside a handle may lead further.
            found @ (Head::Object(_) | Head::Ref(_)) => self.mismatch("a number", found),
            head => self.number(head),
        }?;
        self.reader.skip_fields(&mut fields)?;
        Ok(number)
    }

    /// An integer that a `T` holds.
    #[inline]
    pub(super) fn read_integer<T: TryFrom<i64>, V: Visitor<'de>>(
        &mut self,
        visitor: V,
    ) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Int(value) if T::try_from(value.into()).is_ok() => visitor.visit_i32(value),
            Head::Long(value) if T::try_from(value).is_ok() => visitor.visit_i64(value),
            Head::Int(_) | Head::Long(_) => self.reader.fail(ErrorKind::OutOfRange),
            head => match self.number(head)? {
                Number::Whole(value) => visitor.visit_i64(value),
                // Only what nothing is lost of; -2^63 and 2^63 are exact as doubles.
                Number::Float(value)
                    if value.fract() == 0.0
                        && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0)
                            .contains(&value)
                        && T::try_from(value as i64).is_ok() =>
                {
                    visitor.visit_i64(value as i64)
                }
                Number::Float(_) => self.reader.fail(ErrorKind::OutOfRange),
            },
        }
    }

    pub(super) fn read_float<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Double(value) => visitor.visit_f64(value),
            head => match self.number(head)? {
                Number::Whole(value) => visitor.visit_f64(value as f64),
                Number::Float(value) => visitor.visit_f64(value),
            },
        }
    }

    pub(super) fn read_bool<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.reader.head()? {
            Head::Bool(value) => visitor.visit_bool(value),
            head => match self.number(head)? {
                Number::Whole(value) => visitor.visit_bool(value != 0),
                Number::Float(value) => visitor.visit_bool(value != 0.0),
            },
        }
    }

    #[inline]
    pub(super) fn read_text<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        if let Some(text) = self.reader.short_string() {
            return visitor.visit_borrowed_str(text);
        }
        match self.reader.head()? {
            Head::Text(piece) => match self.reader.string(piece)? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            Head::Int(value) => visitor.visit_string(value.to_string()),
            Head::Long(value) => visitor.visit_string(value.to_string()),
            Head::Bool(value) => visitor.visit_str(if value { "true" } else { "false" }),
            found => self.mismatch("a string", found),
        }
    }
}

/// The content of a newtype that stands for a date.
pub(super) struct LongDeserializer(pub(super) i64);

impl<'de> de::Deserializer<'de> for LongDeserializer {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_i64(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}
