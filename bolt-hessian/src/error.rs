//! What can go wrong, as data that can be compared.
//!
//! ```
//! use bolt_hessian::{ErrorKind, from_slice};
//!
//! let error = from_slice::<String>(&[0x05, b'a']).unwrap_err();
//! assert_eq!(error.kind(), &ErrorKind::Truncated);
//! assert_eq!(error.offset(), Some(2));
//! ```

use std::fmt;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a value could not be read or written, and where in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    offset: Option<usize>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends inside a value.
    Truncated,
    /// Bytes are left after the last value.
    TrailingBytes,
    /// This byte begins nothing that may stand here in the chosen dialect.
    UnknownTag(u8),
    /// A count or length is negative, or larger than the bytes that are left could fill.
    BadLength(i64),
    /// A list does not have the number of items that it declares, or that the type takes.
    WrongItemCount,
    /// A reference to a container that was not opened before.
    BadReference(i64),
    /// A type number that no earlier type name has.
    BadType(i64),
    /// A class number that no earlier class definition has.
    BadClass(i64),
    /// A byte that begins no UTF-16 unit in Hessian's encoding; 4-byte UTF-8 is not allowed.
    BadText(u8),
    /// Text with half a surrogate pair, which a Rust string cannot hold.
    LoneSurrogate,
    /// The value is of a kind that the Rust type does not take.
    Mismatch {
        /// What the Rust type takes.
        expected: &'static str,
        /// What stands in the input.
        found: &'static str,
    },
    /// A number that the target, a Rust type or Hessian's 64-bit integer, cannot hold exactly.
    OutOfRange,
    /// More containers inside one another than [`Limits::depth`](field@crate::Limits::depth).
    TooDeep,
    /// More values than [`Limits::values`](field@crate::Limits::values).
    TooManyValues,
    /// References, or names of fields that are copied, expand to more than [`Limits::expansion`](field@crate::Limits::expansion) or
    /// [`Limits::expansion_bytes`](field@crate::Limits::expansion_bytes) allows.
    ExpansionTooLarge,
    /// Something to write is longer than the wire can say: a list, the fields or the name of a class
    /// with 2^31 or more, the name of a type with 65,536 or more UTF-16 units (in the published
    /// dialect any name with more than 32,768). Never of strings and byte arrays, which go in pieces.
    TooLong,
    /// A `Serialize` implementation gave other fields than for the object of that class before.
    InconsistentFields(String),
    /// What a `Serialize` or `Deserialize` implementation said, or that serde's data has no form in
    /// Hessian.
    Message(String),
    /// [`to_writer`](crate::to_writer) could not write.
    Io(std::io::ErrorKind),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Error(Box::new(Inner { kind, offset: None }))
    }

    #[cold]
    pub(crate) fn at(kind: ErrorKind, offset: usize) -> Self {
        Error(Box::new(Inner {
            kind,
            offset: Some(offset),
        }))
    }

    /// The same error at `offset`, unless a place is known already.
    pub(crate) fn or_at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// How many bytes of the input had been read when it went wrong; `None` when writing.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ErrorKind::Truncated => f.write_str("input ends inside a value"),
            ErrorKind::TrailingBytes => f.write_str("bytes are left after the value"),
            ErrorKind::UnknownTag(tag) => write!(f, "unknown tag 0x{tag:02x}"),
            ErrorKind::BadLength(n) => write!(f, "impossible length {n}"),
            ErrorKind::WrongItemCount => f.write_str("list has another number of items"),
            ErrorKind::BadReference(n) => write!(f, "no container has the number {n}"),
            ErrorKind::BadType(n) => write!(f, "no type has the number {n}"),
            ErrorKind::BadClass(n) => write!(f, "no class has the number {n}"),
            ErrorKind::BadText(byte) => write!(f, "byte 0x{byte:02x} begins no character"),
            ErrorKind::LoneSurrogate => f.write_str("text has half a surrogate pair"),
            ErrorKind::Mismatch { expected, found } => {
                write!(f, "expected {expected}, found {found}")
            }
            ErrorKind::OutOfRange => f.write_str("number does not fit the type"),
            ErrorKind::TooDeep => f.write_str("values are nested too deep"),
            ErrorKind::TooManyValues => f.write_str("too many values"),
            ErrorKind::ExpansionTooLarge => f.write_str("references expand to too much"),
            ErrorKind::TooLong => f.write_str("longer than a Hessian length can say"),
            ErrorKind::InconsistentFields(class) => {
                write!(f, "objects of class {class} have different fields")
            }
            ErrorKind::Message(text) => f.write_str(text),
            ErrorKind::Io(kind) => write!(f, "cannot write: {kind}"),
        }?;
        match self.0.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::new(ErrorKind::Message(message.to_string()))
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::new(ErrorKind::Message(message.to_string()))
    }
}
