//! Lists, maps and objects that are being read.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::Deserializer;
use crate::error::{Error, ErrorKind, Result};
use crate::read::{FieldNames, ListHead};

pub(super) struct Items<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    list: ListHead,
    /// Items still to come; `None` until the end mark.
    left: Option<u32>,
    /// How many items memory may be reserved for.
    reserved: usize,
    /// Whether the end of an open-ended list has been seen.
    ended: bool,
}

impl<'a, 'de> Items<'a, 'de> {
    pub(super) fn new(de: &'a mut Deserializer<'de>, list: ListHead) -> Self {
        Items {
            reserved: de.reader.reserve(list.length.unwrap_or(0)),
            de,
            list,
            left: list.length,
            ended: false,
        }
    }

    /// Whether another item comes.
    fn advance(&mut self) -> Result<bool> {
        match &mut self.left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None => {
                self.ended = self.ended || self.de.reader.take_end()?;
                Ok(!self.ended)
            }
        }
    }

    pub(super) fn finish(mut self) -> Result<()> {
        if self.advance()? {
            return self.de.reader.fail(ErrorKind::WrongItemCount);
        }
        match self.list.length {
            Some(_) => self.de.reader.finish_list(self.list),
            None => Ok(()),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        match self.advance()? {
            true => seed.deserialize(&mut *self.de).map(Some),
            false => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.left.map(|left| self.reserved.min(left as usize))
    }
}

pub(super) struct Entries<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    /// Whether they are read as fields, none of which is named by anything but text.
    as_fields: bool,
    ended: bool,
}

impl<'a, 'de> Entries<'a, 'de> {
    pub(super) fn new(de: &'a mut Deserializer<'de>, as_fields: bool) -> Self {
        Entries {
            de,
            as_fields,
            ended: false,
        }
    }

    /// Passes over the entries that the visitor left.
    pub(super) fn finish(mut self) -> Result<()> {
        while self.advance()? {
            self.de.reader.skip()?;
            self.de.reader.skip()?;
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<bool> {
        self.ended = self.ended || self.de.reader.take_end()?;
        Ok(!self.ended)
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        while self.advance()? {
            if !self.as_fields {
                return seed.deserialize(&mut *self.de).map(Some);
            }
            if let Some(name) = self.de.reader.text_or_skip()? {
                return key(seed, &name).map(Some);
            }
            self.de.reader.skip()?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.de)
    }
}

pub(super) struct ObjectFields<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    names: FieldNames,
    names_are_kept: bool,
}

impl<'a, 'de> ObjectFields<'a, 'de> {
    pub(super) fn new(de: &'a mut Deserializer<'de>, class: u32, names_are_kept: bool) -> Self {
        ObjectFields {
            names: de.reader.field_names(class),
            de,
            names_are_kept,
        }
    }

    /// Passes over the fields that the visitor left.
    pub(super) fn finish(mut self) -> Result<()> {
        while self.de.reader.next_field(&mut self.names).is_some() {
            self.de.reader.skip()?;
        }
        Ok(())
    }
}

/// The key that is the name of a field.
#[inline]
fn key<'de, K: DeserializeSeed<'de>>(seed: K, name: &Cow<'de, str>) -> Result<K::Value> {
    match name {
        Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
        Cow::Owned(name) => seed.deserialize(StrDeserializer::new(name)),
    }
}

impl<'de> MapAccess<'de> for &mut ObjectFields<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        loop {
            let reader = &mut self.de.reader;
            let Some((name, shadowed)) = reader.next_field(&mut self.names) else {
                return Ok(None);
            };
            if shadowed {
                reader.skip()?;
                continue;
            }
            if !self.names_are_kept {
                return key(seed, name).map(Some);
            }
            let name = name.clone();
            // The name stands in the input once and is copied for each object.
            reader.charge(name.len())?;
            return key(seed, &name).map(Some);
        }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.de)
    }
}
