//! A value of which nothing is lost: types, class names, field order, references.
//!
//! ```
//! use bolt_hessian::{Value, from_slice, to_vec};
//!
//! let point = Value::object("fx.Pt", [("x", Value::Int(1)), ("y", Value::Int(300))]);
//! let bytes = to_vec(&point)?;
//! let back: Value = from_slice(&bytes)?;
//! assert_eq!(back, point);
//! assert_eq!(back.field("y"), Some(&Value::Int(300)));
//! # Ok::<(), bolt_hessian::Error>(())
//! ```

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;

/// Any value that Hessian can say.
///
/// Its `Serialize` and `Deserialize` keep everything when used with this crate; with other
/// formats they give the plain shape (lists, maps, objects as maps).
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `boolean`.
    Bool(bool),
    /// `int`; in the draft dialect also `byte` and `short`.
    Int(i32),
    /// `long`.
    Long(i64),
    /// `double`; in the draft dialect also `float`. Compared by its bits.
    Double(f64),
    /// `java.util.Date`: milliseconds since 1970-01-01 UTC.
    Date(i64),
    /// `String` or `char[]`.
    String(String),
    /// A `String` with half a surrogate pair in it, as UTF-16; never used for other text.
    Utf16(Box<[u16]>),
    /// `byte[]`.
    Bytes(Bytes),
    /// A collection or an array.
    List(Box<List>),
    /// A `java.util.Map`.
    Map(Box<Map>),
    /// An object of any other class, enums included.
    Object(Box<Object>),
    /// The list, map or object that was opened as number `n`, from 0, within this very `Value`:
    /// shared or cyclic data.
    Ref(u32),
}

/// A list: what Java has as collection or array.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct List {
    /// The type as Hessian names it, for example `java.util.LinkedList`, `[int`, `[string` or
    /// `[com.example.Order`; `None` is `java.util.ArrayList`.
    pub type_name: Option<Arc<str>>,
    /// The items.
    pub items: Vec<Value>,
    /// Whether the list ends with a mark instead of saying its length before, as Java's
    /// iterators are written. Java cannot read such arrays.
    pub open_ended: bool,
}

/// A map, with keys of any kind in the order of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Map {
    /// The class, for example `java.util.TreeMap`; `None` is `java.util.HashMap`.
    pub type_name: Option<Arc<str>>,
    /// The keys with their values.
    pub entries: Vec<(Value, Value)>,
}

/// The name and the fields of a class; objects of one class share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Class {
    /// The Java class name.
    pub name: String,
    /// The names of the fields, in the order of the wire.
    pub fields: Vec<String>,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    class: Arc<Class>,
    values: Vec<Value>,
}

impl Object {
    /// An object of `class` with one value per field; `None` if their numbers differ.
    #[must_use]
    pub fn new(class: Arc<Class>, values: Vec<Value>) -> Option<Self> {
        (class.fields.len() == values.len()).then_some(Object { class, values })
    }

    /// For a reader, which has made one value per field.
    pub(crate) fn from_parts(class: Arc<Class>, values: Vec<Value>) -> Self {
        Object { class, values }
    }

    /// The class.
    #[must_use]
    pub fn class(&self) -> &Arc<Class> {
        &self.class
    }

    /// The values of the fields, in the order of [`Class::fields`].
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of the field `name`. Of several with that name (a class and its superclass may
    /// both have one) the last, as in Java.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        let place = self.class.fields.iter().rposition(|field| field == name)?;
        self.values.get(place)
    }
}

impl Value {
    /// An untyped list (`java.util.ArrayList`).
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Value::List(Box::new(List {
            items: items.into_iter().collect(),
            ..List::default()
        }))
    }

    /// A list of the type that Hessian calls `type_name`.
    pub fn typed_list(type_name: &str, items: impl IntoIterator<Item = Value>) -> Self {
        Value::List(Box::new(List {
            type_name: Some(type_name.into()),
            items: items.into_iter().collect(),
            open_ended: false,
        }))
    }

    /// An untyped map (`java.util.HashMap`).
    pub fn map(entries: impl IntoIterator<Item = (Value, Value)>) -> Self {
        Value::Map(Box::new(Map {
            type_name: None,
            entries: entries.into_iter().collect(),
        }))
    }

    /// A map of the class `type_name`.
    pub fn typed_map(type_name: &str, entries: impl IntoIterator<Item = (Value, Value)>) -> Self {
        Value::Map(Box::new(Map {
            type_name: Some(type_name.into()),
            entries: entries.into_iter().collect(),
        }))
    }

    /// An object of the class `name`.
    pub fn object<'a>(name: &str, fields: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let (fields, values) = fields
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value))
            .unzip();
        let class = Arc::new(Class {
            name: name.to_owned(),
            fields,
        });
        Value::Object(Box::new(Object { class, values }))
    }

    /// The text of a [`Value::String`].
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a [`Value::Int`] or [`Value::Long`].
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(i64::from(*number)),
            Value::Long(number) => Some(*number),
            _ => None,
        }
    }

    /// A [`Value::Bool`].
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number of a [`Value::Double`].
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The bytes of a [`Value::Bytes`].
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The list of a [`Value::List`].
    #[must_use]
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The map of a [`Value::Map`].
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The object of a [`Value::Object`].
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The value of an object's field; see [`Object::field`].
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(object) => object.field(name),
            _ => None,
        }
    }

    /// What it is, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an int",
            Value::Long(_) => "a long",
            Value::Double(_) => "a double",
            Value::Date(_) => "a date",
            Value::String(_) | Value::Utf16(_) => "a string",
            Value::Bytes(_) => "a byte array",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Object(_) => "an object",
            Value::Ref(_) => "a reference",
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Long(a), Value::Long(b)) | (Value::Date(a), Value::Date(b)) => a == b,
            (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Utf16(a), Value::Utf16(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::List(a), Value::List(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => a == b,
            (Value::Ref(a), Value::Ref(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Bool(value) => value.hash(state),
            Value::Int(value) => value.hash(state),
            Value::Long(value) | Value::Date(value) => value.hash(state),
            Value::Double(value) => value.to_bits().hash(state),
            Value::String(value) => value.hash(state),
            Value::Utf16(value) => value.hash(state),
            Value::Bytes(value) => value.hash(state),
            Value::List(value) => value.hash(state),
            Value::Map(value) => value.hash(state),
            Value::Object(value) => value.hash(state),
            Value::Ref(value) => value.hash(state),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Int(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Long(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Double(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::String(value)
    }
}

impl From<Bytes> for Value {
    fn from(value: Bytes) -> Self {
        Value::Bytes(value)
    }
}

impl From<List> for Value {
    fn from(value: List) -> Self {
        Value::List(Box::new(value))
    }
}

impl From<Map> for Value {
    fn from(value: Map) -> Self {
        Value::Map(Box::new(value))
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Self {
        Value::Object(Box::new(value))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_was_made_of_is_found_in_it() {
        let list = List {
            items: vec![Value::Null],
            ..List::default()
        };
        let map = Map {
            entries: vec![(true.into(), 0.5.into())],
            ..Map::default()
        };
        assert_eq!(Value::from(list.clone()).as_list(), Some(&list));
        assert_eq!(Value::from(map.clone()).as_map(), Some(&map));
        let (key, value) = &map.entries[0];
        assert_eq!((key.as_bool(), value.as_f64()), (Some(true), Some(0.5)));
        let bytes = Bytes::from_static(b"x");
        assert_eq!(Value::from(bytes.clone()).as_bytes(), Some(&bytes));
        let value = Value::object("fx.E", []);
        let object = value.as_object().cloned();
        assert_eq!(object.map(Value::from), Some(value));
        assert_eq!(Value::Int(1).as_f64(), None);
    }

    #[test]
    fn equal_values_have_one_hash_and_doubles_go_by_their_bits() {
        let values = std::collections::HashSet::from([
            Value::Double(0.0),
            Value::Double(-0.0),
            Value::Double(f64::NAN),
            Value::Double(f64::NAN),
            Value::Int(1),
            Value::Long(1),
            Value::list([Value::object("fx.E", [])]),
            Value::list([Value::object("fx.E", [])]),
        ]);
        assert_eq!(values.len(), 6);
    }
}
