//! `Serialize` and `Deserialize` of [`Value`].

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};

use crate::class_name::ClassName;
use crate::handover::{self, Parcel};
use crate::value::{Object, Value};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(handover::VALUE, &Announced(self))
    }
}

struct Announced<'a>(&'a Value);

impl Serialize for Announced<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match handover::take() {
            Some(Parcel::Writer(mut writer)) => {
                let result = writer.value(self.0);
                handover::put(Parcel::Written(writer, result));
                serializer.serialize_newtype_struct(handover::DONE, &())
            }
            Some(Parcel::Probe) => {
                handover::put(Parcel::Name(ClassName::of_tree(self.0)));
                serializer.serialize_newtype_struct(handover::DONE, &())
            }
            _ => Plain(self.0).serialize(serializer),
        }
    }
}

/// The shape that any format can have.
struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i32(*value),
            Value::Long(value) | Value::Date(value) => serializer.serialize_i64(*value),
            Value::Double(value) => serializer.serialize_f64(*value),
            Value::String(value) => serializer.serialize_str(value),
            Value::Utf16(value) => serializer.serialize_str(&String::from_utf16_lossy(value)),
            Value::Bytes(value) => serializer.serialize_bytes(value),
            Value::List(list) => serializer.collect_seq(list.items.iter().map(Plain)),
            Value::Map(map) => {
                serializer.collect_map(map.entries.iter().map(|(k, v)| (Plain(k), Plain(v))))
            }
            Value::Object(object) => plain_object(object, serializer),
            Value::Ref(_) => Err(S::Error::custom("only Hessian can say a reference")),
        }
    }
}

fn plain_object<S: Serializer>(object: &Object, serializer: S) -> Result<S::Ok, S::Error> {
    let names = &object.class().fields;
    let mut map = serializer.serialize_map(Some(names.len()))?;
    for (name, value) in names.iter().zip(object.values()) {
        map.serialize_entry(name, &Plain(value))?;
    }
    map.end()
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(handover::VALUE, ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(match handover::take() {
            Some(Parcel::Value(value)) => value,
            _ => Value::Null,
        })
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i32<E>(self, value: i32) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Long(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Long).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(value.to_vec().into()))
    }

    fn visit_byte_buf<E>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::map(entries))
    }
}
