//! A serializer that stops at the first thing it learns.

use serde::ser::{Impossible, Serialize, Serializer};

use super::{BOOLEAN, BYTES, ClassName, DOUBLE, INTEGER, LIST, LONG, MAP, STRING, is_java};
use crate::handover::{self, Parcel};

/// The class name of `value`; `None` for null and for objects without a Java name.
///
/// Structs, enums and newtypes have the name that serde's `rename` gives them, if it looks like
/// one of Java (it has a dot or begins with `[`). Other newtypes and newtype variants have that of
/// their content. Where Java sends a handle in place of a value, as for those of `java.time`, it is the
/// value's class. Otherwise it is the class that Java reads it as, for example `java.lang.Integer` for
/// an `i16` or `java.util.ArrayList` for a `Vec`.
pub fn of_value<T: Serialize + ?Sized>(value: &T) -> Option<ClassName> {
    match value.serialize(Probe) {
        Err(Answer(name)) => name,
        Ok(never) => match never {},
    }
}

/// The name, on the way out as an error.
#[derive(Debug)]
struct Answer(Option<ClassName>);

enum Never {}

struct Probe;

type Outcome = Result<Never, Answer>;
type Compound = Result<Impossible<Never, Answer>, Answer>;

fn answer<T>(name: &'static str) -> Result<T, Answer> {
    Err(Answer(Some(name.into())))
}

fn named<T>(name: &'static str) -> Result<T, Answer> {
    Err(Answer(is_java(name).then(|| ClassName::of_hessian(name))))
}

impl Serializer for Probe {
    type Ok = Never;
    type Error = Answer;
    type SerializeSeq = Impossible<Never, Answer>;
    type SerializeTuple = Impossible<Never, Answer>;
    type SerializeTupleStruct = Impossible<Never, Answer>;
    type SerializeTupleVariant = Impossible<Never, Answer>;
    type SerializeMap = Impossible<Never, Answer>;
    type SerializeStruct = Impossible<Never, Answer>;
    type SerializeStructVariant = Impossible<Never, Answer>;

    fn serialize_bool(self, _: bool) -> Outcome {
        answer(BOOLEAN)
    }

    fn serialize_i8(self, _: i8) -> Outcome {
        answer(INTEGER)
    }

    fn serialize_i16(self, _: i16) -> Outcome {
        answer(INTEGER)
    }

    fn serialize_i32(self, _: i32) -> Outcome {
        answer(INTEGER)
    }

    fn serialize_i64(self, _: i64) -> Outcome {
        answer(LONG)
    }

    fn serialize_i128(self, _: i128) -> Outcome {
        answer(LONG)
    }

    fn serialize_u8(self, _: u8) -> Outcome {
        answer(INTEGER)
    }

    fn serialize_u16(self, _: u16) -> Outcome {
        answer(INTEGER)
    }

    fn serialize_u32(self, _: u32) -> Outcome {
        answer(LONG)
    }

    fn serialize_u64(self, _: u64) -> Outcome {
        answer(LONG)
    }

    fn serialize_u128(self, _: u128) -> Outcome {
        answer(LONG)
    }

    fn serialize_f32(self, _: f32) -> Outcome {
        answer(DOUBLE)
    }

    fn serialize_f64(self, _: f64) -> Outcome {
        answer(DOUBLE)
    }

    fn serialize_char(self, _: char) -> Outcome {
        answer(STRING)
    }

    fn serialize_str(self, _: &str) -> Outcome {
        answer(STRING)
    }

    fn serialize_bytes(self, _: &[u8]) -> Outcome {
        answer(BYTES)
    }

    fn serialize_none(self) -> Outcome {
        Err(Answer(None))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(Probe)
    }

    fn serialize_unit(self) -> Outcome {
        Err(Answer(None))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Outcome {
        named(name)
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Outcome {
        named(if is_java(variant) { variant } else { name })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Outcome {
        match name {
            handover::VALUE => {
                handover::put(Parcel::Probe);
                value.serialize(Probe)
            }
            handover::DONE => Err(Answer(match handover::take() {
                Some(Parcel::Name(name)) => name,
                _ => None,
            })),
            _ if is_java(name) => named(name),
            _ => value.serialize(Probe),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Outcome {
        self.serialize_newtype_struct(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Compound {
        answer(LIST)
    }

    fn serialize_tuple(self, _: usize) -> Compound {
        answer(LIST)
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Compound {
        match is_java(name) {
            true => named(name),
            false => answer(LIST),
        }
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Compound {
        self.serialize_tuple_struct(variant, length)
    }

    fn serialize_map(self, _: Option<usize>) -> Compound {
        answer(MAP)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Compound {
        named(name)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Compound {
        named(variant)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a probe encodes nothing")
    }
}

impl std::error::Error for Answer {}

impl serde::ser::Error for Answer {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Answer(None)
    }
}
