//! Passes what serde's data model has no word for between a type of ours and our own serializer or
//! deserializer.
//!
//! Both sides call each other through serde in one thread, one right after the other. A newtype
//! struct with one of the names below announces it; the thing itself waits here for the
//! moment in between. With another format nothing waits here and the type falls back to the plain
//! shape.

use std::cell::RefCell;

use bytes::Bytes;

use crate::class_name::ClassName;
use crate::error::Result;
use crate::value::Value;
use crate::write::Writer;

/// The newtype name that announces a [`Value`].
pub(crate) const VALUE: &str = "$bolt_hessian::Value";
/// The newtype name that says that a [`Value`] has done what it was to do.
pub(crate) const DONE: &str = "$bolt_hessian::Done";
/// The newtype name that announces a byte array.
pub(crate) const BYTES: &str = "$bolt_hessian::ByteArray";

pub(crate) enum Parcel {
    /// From the serializer: where the value is to write itself.
    Writer(Box<Writer>),
    /// The answer to it.
    Written(Box<Writer>, Result<()>),
    /// From a probe: the value is to say its class name.
    Probe,
    /// The answer to it.
    Name(Option<ClassName>),
    /// From the deserializer.
    Value(Value),
    /// From the deserializer.
    Bytes(Bytes),
}

thread_local! {
    static PARCEL: RefCell<Option<Parcel>> = const { RefCell::new(None) };
}

pub(crate) fn put(parcel: Parcel) {
    PARCEL.set(Some(parcel));
}

pub(crate) fn take() -> Option<Parcel> {
    PARCEL.take()
}
