//! Which Java class name a value or a type has, as the class field of a frame says it.
//!
//! Nothing is encoded to find out: the value or type is asked through serde.
//!
//! ```
//! use bolt_hessian::class_name;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(rename = "com.example.Hello")]
//! struct Hello {
//!     name: String,
//! }
//!
//! assert_eq!(class_name::of_type::<Hello>(), Some("com.example.Hello"));
//! assert_eq!(class_name::of_type::<Option<i64>>(), Some("java.lang.Long"));
//! let name = class_name::of_value(&vec![1, 2]);
//! assert_eq!(name.as_deref(), Some("java.util.ArrayList"));
//! assert_eq!(class_name::of_value(&()), None);
//! ```

mod of_type;
mod of_value;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

pub use self::of_type::of_type;
pub use self::of_value::of_value;
use crate::read::Head;
use crate::value::Value;

/// A Java class name as `Class.getName()` gives it, for example `java.lang.String` or `[I`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClassName(Cow<'static, str>);

impl ClassName {
    /// The name that Java has for what Hessian calls `name`: arrays and handles differ.
    pub(crate) fn of_hessian(name: &str) -> Self {
        match of_known_array(name).or_else(|| of_handle(name)) {
            Some(known) => known.into(),
            None => ClassName(of_array(name).into()),
        }
    }

    pub(crate) fn of_tree(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null | Value::Ref(_) => return None,
            Value::Bool(_) => BOOLEAN.into(),
            Value::Int(_) => INTEGER.into(),
            Value::Long(_) => LONG.into(),
            Value::Double(_) => DOUBLE.into(),
            Value::Date(_) => DATE.into(),
            Value::String(_) | Value::Utf16(_) => STRING.into(),
            Value::Bytes(_) => BYTES.into(),
            Value::List(list) => match &list.type_name {
                Some(name) => ClassName::of_hessian(name),
                None => LIST.into(),
            },
            Value::Map(map) => match &map.type_name {
                Some(name) => ClassName::of_hessian(name),
                None => MAP.into(),
            },
            Value::Object(object) => match of_handle(&object.class().name) {
                Some(known) => known.into(),
                None => ClassName(object.class().name.clone().into()),
            },
        })
    }

    /// The name as text of its own.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl From<&'static str> for ClassName {
    fn from(name: &'static str) -> Self {
        ClassName(Cow::Borrowed(name))
    }
}

impl AsRef<str> for ClassName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Deref for ClassName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const BOOLEAN: &str = "java.lang.Boolean";
const INTEGER: &str = "java.lang.Integer";
const LONG: &str = "java.lang.Long";
const DOUBLE: &str = "java.lang.Double";
const STRING: &str = "java.lang.String";
pub(crate) const DATE: &str = "java.util.Date";
const BYTES: &str = "[B";
const LIST: &str = "java.util.ArrayList";
const MAP: &str = "java.util.HashMap";

/// The class of a scalar; `None` for null and containers.
pub(crate) fn of_scalar(head: Head) -> Option<&'static str> {
    Some(match head {
        Head::Bool(_) => BOOLEAN,
        Head::Int(_) => INTEGER,
        Head::Long(_) => LONG,
        Head::Double(_) => DOUBLE,
        Head::Date(_) => DATE,
        Head::Text(_) => STRING,
        Head::Bytes(_) => BYTES,
        Head::Null | Head::List(_) | Head::Map(_) | Head::Object(_) | Head::Ref(_) => return None,
    })
}

/// Whether `name`, from serde, is a Java class or Hessian array type and not just a Rust name.
pub(crate) fn is_java(name: &str) -> bool {
    name.starts_with('[') || name.contains('.')
}

/// Hessian writes arrays as `[` and the name of the item's class, with short names for some.
fn of_known_array(name: &str) -> Option<&'static str> {
    Some(match name {
        "[boolean" => "[Z",
        "[byte" => "[B",
        "[char" => "[C",
        "[short" => "[S",
        "[int" => "[I",
        "[long" => "[J",
        "[float" => "[F",
        "[double" => "[D",
        "[string" | "[java.lang.String" => "[Ljava.lang.String;",
        "[object" | "[java.lang.Object" => "[Ljava.lang.Object;",
        "[date" | "[java.util.Date" => "[Ljava.util.Date;",
        "[java.lang.Boolean" => "[Ljava.lang.Boolean;",
        "[java.lang.Integer" => "[Ljava.lang.Integer;",
        "[java.lang.Long" => "[Ljava.lang.Long;",
        "[java.lang.Double" => "[Ljava.lang.Double;",
        _ => return None,
    })
}

/// The class of what travels as the handle `name`. A frame names that, the bytes name the handle.
fn of_handle(name: &str) -> Option<&'static str> {
    let handle = name.strip_prefix("com.caucho.hessian.io.")?;
    Some(match handle.strip_suffix("Handle")? {
        "Byte" => "java.lang.Byte",
        "Short" => "java.lang.Short",
        "Float" => "java.lang.Float",
        "Locale" => "java.util.Locale",
        "Calendar" => "java.util.GregorianCalendar",
        "java8.LocalDate" => "java.time.LocalDate",
        "java8.LocalTime" => "java.time.LocalTime",
        "java8.LocalDateTime" => "java.time.LocalDateTime",
        "java8.Instant" => "java.time.Instant",
        "java8.Duration" => "java.time.Duration",
        "java8.Period" => "java.time.Period",
        "java8.Year" => "java.time.Year",
        "java8.YearMonth" => "java.time.YearMonth",
        "java8.MonthDay" => "java.time.MonthDay",
        // Java's private class for `ZoneId.of("Asia/Shanghai")`.
        "java8.ZoneId" => "java.time.ZoneRegion",
        "java8.ZoneOffset" => "java.time.ZoneOffset",
        "java8.OffsetTime" => "java.time.OffsetTime",
        "java8.OffsetDateTime" => "java.time.OffsetDateTime",
        "java8.ZonedDateTime" => "java.time.ZonedDateTime",
        _ => return None,
    })
}

fn of_array(name: &str) -> String {
    match name.strip_prefix('[') {
        None => name.to_owned(),
        Some(item) if item.starts_with('[') => format!("[{}", &*ClassName::of_hessian(item)),
        Some(item) => format!("[L{item};"),
    }
}
