#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod class_name;
pub mod de;
pub mod error;
mod exception;
mod handover;
pub mod java;
pub mod options;
mod read;
pub mod ser;
pub mod types;
pub mod value;
mod value_serde;
mod write;

use std::io::Write;

use bytes::{Buf, Bytes};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

pub use self::de::Deserializer;
pub use self::error::{Error, ErrorKind, Result};
pub use self::exception::{JavaException, StackFrame};
pub use self::options::{Dialect, Limits, Options};
pub use self::ser::Serializer;
pub use self::types::{ByteArray, Date};
pub use self::value::Value;

/// Reads Java's null as the default of a type that is no `Option`: an empty string or list, say.
///
/// ```
/// use bolt_hessian::{Value, from_slice, to_vec};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// #[serde(rename = "com.example.Order")]
/// struct Order {
///     #[serde(default, deserialize_with = "bolt_hessian::null_as_default")]
///     items: Vec<String>,
/// }
///
/// let sent = to_vec(&Value::object("com.example.Order", [("items", Value::Null)]))?;
/// assert!(from_slice::<Order>(&sent)?.items.is_empty());
/// # Ok::<(), bolt_hessian::Error>(())
/// ```
///
/// # Errors
///
/// Those of reading the value when it is not null.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads an enum constant inside of `#[serde(flatten)]` or an enum that is `untagged` or has a `tag`.
///
/// Serde keeps what is in there in a buffer until it knows the type, and out of that comes a map with
/// the constant's `name`, which `Deserialize` does not take for an enum; see [`de`].
///
/// ```
/// use bolt_hessian::{Value, from_slice, to_vec};
/// use serde::Deserialize;
///
/// #[derive(Debug, PartialEq, Deserialize)]
/// #[serde(rename_all = "UPPERCASE")]
/// enum Color {
///     Red,
///     Green,
/// }
///
/// #[derive(Debug, PartialEq, Deserialize)]
/// #[serde(untagged)]
/// enum Paint {
///     Plain {
///         #[serde(deserialize_with = "bolt_hessian::enum_by_name")]
///         color: Color,
///     },
///     Mixed { recipe: String },
/// }
///
/// let red = Value::object("com.example.Color", [("name", "RED".into())]);
/// let sent = to_vec(&Value::object("com.example.Paint", [("color", red)]))?;
/// assert_eq!(from_slice::<Paint>(&sent)?, Paint::Plain { color: Color::Red });
/// # Ok::<(), bolt_hessian::Error>(())
/// ```
///
/// # Errors
///
/// Those of reading the constant, and an unknown name.
pub fn enum_by_name<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    struct Constant {
        name: String,
    }
    let Constant { name } = Constant::deserialize(deserializer)?;
    T::deserialize(name.into_deserializer())
}

/// Writes `value` in the draft dialect.
///
/// # Errors
///
/// See [`Serializer::write`].
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    to_vec_with(value, Options::default())
}

/// Writes `value` as `options` say.
///
/// # Errors
///
/// See [`Serializer::write`].
pub fn to_vec_with<T: Serialize + ?Sized>(value: &T, options: Options) -> Result<Vec<u8>> {
    let mut serializer = Serializer::new(options);
    serializer.write(value)?;
    Ok(serializer.into_vec())
}

/// Writes `value` in the draft dialect to `writer`, in one call.
///
/// # Errors
///
/// See [`Serializer::write`]; [`Io`](ErrorKind::Io) if `writer` fails.
pub fn to_writer<T: Serialize + ?Sized>(writer: impl Write, value: &T) -> Result<()> {
    to_writer_with(writer, value, Options::default())
}

/// Writes `value` as `options` say to `writer`, in one call.
///
/// # Errors
///
/// See [`Serializer::write`]; [`Io`](ErrorKind::Io) if `writer` fails.
pub fn to_writer_with<T: Serialize + ?Sized>(
    mut writer: impl Write,
    value: &T,
    options: Options,
) -> Result<()> {
    let bytes = to_vec_with(value, options)?;
    let written = writer.write_all(&bytes);
    written.map_err(|error| Error::new(ErrorKind::Io(error.kind())))
}

/// Reads one value of the draft dialect that takes all of `input`.
///
/// # Errors
///
/// See [`ErrorKind`]; also if bytes are left.
pub fn from_slice<'de, T: Deserialize<'de>>(input: &'de [u8]) -> Result<T> {
    from_slice_with(input, Options::default())
}

/// Reads one value that takes all of `input`, as `options` say.
///
/// # Errors
///
/// See [`ErrorKind`]; also if bytes are left.
pub fn from_slice_with<'de, T: Deserialize<'de>>(input: &'de [u8], options: Options) -> Result<T> {
    whole(Deserializer::from_slice(input, options))
}

/// Reads one value of the draft dialect that takes all of `input`. Byte arrays are views of
/// `input` where they lie in one piece; see [`ByteArray`].
///
/// # Errors
///
/// See [`ErrorKind`]; also if bytes are left.
pub fn from_bytes<T: DeserializeOwned>(input: &Bytes) -> Result<T> {
    from_bytes_with(input, Options::default())
}

/// Reads one value that takes all of `input`, as `options` say; see [`from_bytes`].
///
/// # Errors
///
/// See [`ErrorKind`]; also if bytes are left.
pub fn from_bytes_with<T: DeserializeOwned>(input: &Bytes, options: Options) -> Result<T> {
    whole(Deserializer::from_bytes(input, options))
}

/// Reads one value of the draft dialect that takes all that is left in `input`, which need not lie
/// in one piece. Nothing is copied first if `input` is a `Bytes` or a `BytesMut`.
///
/// # Errors
///
/// See [`ErrorKind`]; also if bytes are left. `input` is used up in any case.
pub fn from_buf<T: DeserializeOwned>(input: impl Buf) -> Result<T> {
    from_buf_with(input, Options::default())
}

/// Reads one value that takes all that is left in `input`, as `options` say; see [`from_buf`].
///
/// # Errors
///
/// See [`ErrorKind`]; also if bytes are left. `input` is used up in any case.
pub fn from_buf_with<T: DeserializeOwned>(mut input: impl Buf, options: Options) -> Result<T> {
    let input = input.copy_to_bytes(input.remaining());
    from_bytes_with(&input, options)
}

fn whole<'de, T: Deserialize<'de>>(mut stream: Deserializer<'de>) -> Result<T> {
    let value = stream.read()?;
    stream.finish()?;
    Ok(value)
}
