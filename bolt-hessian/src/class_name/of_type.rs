//! A deserializer that answers with the first thing it is asked for.

use serde::de::{Deserialize, Deserializer, Visitor};

use super::{
    BOOLEAN, BYTES, DOUBLE, INTEGER, LIST, LONG, MAP, STRING, is_java, of_handle, of_known_array,
};
use crate::handover;

/// The class name of `T`; the rules are those of [`of_value`](fn@super::of_value).
///
/// `None` for the unit type, for types that take any value, for enums whose variants are
/// classes, and for arrays of classes of your own (whose name Hessian and Java spell differently).
pub fn of_type<'de, T: Deserialize<'de>>() -> Option<&'static str> {
    match T::deserialize(Probe) {
        Err(Answer(name)) => name,
        // Made from nothing.
        Ok(_) => None,
    }
}

/// The name, on the way out as an error.
#[derive(Debug)]
struct Answer(Option<&'static str>);

struct Probe;

fn named(name: &'static str) -> Answer {
    Answer(match name.starts_with('[') {
        true => of_known_array(name),
        false => of_handle(name).or(is_java(name).then_some(name)),
    })
}

/// Methods that answer with a name whatever the visitor would do.
macro_rules! answer {
    ($($method:ident => $name:expr,)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Answer> {
            Err(Answer($name))
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Answer;

    answer! {
        deserialize_any => None,
        deserialize_bool => Some(BOOLEAN),
        deserialize_i8 => Some(INTEGER),
        deserialize_i16 => Some(INTEGER),
        deserialize_i32 => Some(INTEGER),
        deserialize_i64 => Some(LONG),
        deserialize_i128 => Some(LONG),
        deserialize_u8 => Some(INTEGER),
        deserialize_u16 => Some(INTEGER),
        deserialize_u32 => Some(LONG),
        deserialize_u64 => Some(LONG),
        deserialize_u128 => Some(LONG),
        deserialize_f32 => Some(DOUBLE),
        deserialize_f64 => Some(DOUBLE),
        deserialize_char => Some(STRING),
        deserialize_str => Some(STRING),
        deserialize_string => Some(STRING),
        deserialize_bytes => Some(BYTES),
        deserialize_byte_buf => Some(BYTES),
        deserialize_unit => None,
        deserialize_seq => Some(LIST),
        deserialize_map => Some(MAP),
        deserialize_identifier => None,
        deserialize_ignored_any => None,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Answer> {
        visitor.visit_some(Probe)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: V,
    ) -> Result<V::Value, Answer> {
        Err(named(name))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Answer> {
        match name {
            handover::VALUE => Err(Answer(None)),
            handover::BYTES => Err(Answer(Some(BYTES))),
            _ if is_java(name) => Err(named(name)),
            _ => visitor.visit_newtype_struct(Probe),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Answer> {
        Err(Answer(Some(LIST)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Answer> {
        Err(match is_java(name) {
            true => named(name),
            false => Answer(Some(LIST)),
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Answer> {
        Err(named(name))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Answer> {
        Err(named(name))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a probe decodes nothing")
    }
}

impl std::error::Error for Answer {}

impl serde::de::Error for Answer {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Answer(None)
    }
}
