//! Lists, maps and objects that are being written.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::Serializer;
use crate::error::{Error, ErrorKind, Result};
use crate::write::{Fields, Length, ListStart};

#[derive(Debug)]
pub struct Items<'a> {
    serializer: &'a mut Serializer,
    start: ListStart,
    length: Length,
    count: usize,
}

impl<'a> Items<'a> {
    pub(super) fn new(serializer: &'a mut Serializer, start: ListStart, length: Length) -> Self {
        Items {
            serializer,
            start,
            length,
            count: 0,
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.count += 1;
        value.serialize(&mut *self.serializer)
    }

    fn finish(self) -> Result<()> {
        match self.length {
            Length::Known(length) if length != self.count => {
                Err(Error::new(ErrorKind::WrongItemCount))
            }
            _ => self.serializer.writer.end_list(self.start, self.count),
        }
    }
}

impl SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl SerializeTuple for Items<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl SerializeTupleStruct for Items<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl SerializeTupleVariant for Items<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

#[derive(Debug)]
pub struct MapEntries<'a> {
    serializer: &'a mut Serializer,
    /// Where an untyped map begins whose first key is still to come.
    guard: Option<usize>,
}

impl<'a> MapEntries<'a> {
    pub(super) fn new(serializer: &'a mut Serializer, guard: Option<usize>) -> Self {
        MapEntries { serializer, guard }
    }
}

impl SerializeMap for MapEntries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        key.serialize(&mut *self.serializer)?;
        match self.guard.take() {
            Some(start) => self.serializer.writer.guard_first_key(start),
            None => Ok(()),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut *self.serializer)
    }

    fn end(self) -> Result<()> {
        self.serializer.writer.end_map();
        Ok(())
    }
}

#[derive(Debug)]
pub struct ObjectFields<'a> {
    serializer: &'a mut Serializer,
    fields: Fields,
}

impl<'a> ObjectFields<'a> {
    pub(super) fn new(serializer: &'a mut Serializer, fields: Fields) -> Self {
        ObjectFields { serializer, fields }
    }

    #[inline]
    pub(super) fn field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        self.serializer.writer.field(&mut self.fields, name)?;
        value.serialize(&mut *self.serializer)
    }

    pub(super) fn finish(self) -> Result<()> {
        self.serializer.writer.end_fields(self.fields)
    }
}

impl SerializeStruct for ObjectFields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        self.field(name, value)
    }

    fn skip_field(&mut self, name: &'static str) -> Result<()> {
        self.field(name, &())
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl SerializeStructVariant for ObjectFields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        self.field(name, value)
    }

    fn skip_field(&mut self, name: &'static str) -> Result<()> {
        self.field(name, &())
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}
