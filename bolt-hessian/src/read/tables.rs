//! The tables of a stream: opened containers, type names, class definitions.
//!
//! They only grow, in stream order. A [`Cursor`] says how much of each was known at a place, so
//! that a container can be read again for a reference: what is met a second time is already there
//! under the same number.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Reader;
use crate::error::{ErrorKind, Result};
use crate::value::Class;

/// A place in the stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    pub(super) pos: usize,
    containers: u32,
    types: u32,
    classes: u32,
}

/// Where a container begins; its number is its index.
#[derive(Debug, Clone, Copy)]
struct Opened {
    pos: usize,
    types: u32,
    classes: u32,
}

/// What an object with a few inner ones needs lies on the stack.
#[derive(Debug, Default)]
pub(super) struct Tables<'de> {
    containers: SmallVec<[Opened; 4]>,
    types: Vec<TypeName<'de>>,
    classes: SmallVec<[Definition<'de>; 2]>,
    /// The fields of all classes.
    fields: SmallVec<[Field<'de>; 12]>,
}

#[derive(Debug)]
struct TypeName<'de> {
    name: Cow<'de, str>,
    shared: Option<Arc<str>>,
}

#[derive(Debug)]
struct Definition<'de> {
    name: Cow<'de, str>,
    fields: Range<u32>,
    shared: Option<Arc<Class>>,
}

#[derive(Debug)]
struct Field<'de> {
    name: Cow<'de, str>,
    /// Whether a later field of the class has the same name, and so its value counts.
    shadowed: bool,
}

/// The fields of one class that are still to be read.
#[derive(Debug, Clone)]
pub(crate) struct FieldNames(Range<u32>);

impl<'de> Reader<'de> {
    /// Gives the next number to the container that begins at `start`.
    #[inline]
    pub(super) fn open(&mut self, start: Cursor) {
        let number = self.at.containers;
        self.at.containers += 1;
        if number as usize == self.tables.containers.len() {
            self.tables.containers.push(Opened {
                pos: start.pos,
                types: start.types,
                classes: start.classes,
            });
        }
    }

    pub(super) fn new_type(&mut self, units: u32) -> Result<u32> {
        let name = self.name(units)?;
        let number = self.at.types;
        self.at.types += 1;
        if number as usize == self.tables.types.len() {
            self.tables.types.push(TypeName { name, shared: None });
        }
        Ok(number)
    }

    /// Reads a class definition whose name has so many units.
    pub(super) fn new_class(
        &mut self,
        units: u32,
        field_count: impl FnOnce(&mut Self) -> Result<u32>,
    ) -> Result<()> {
        let name = self.name(units)?;
        let count = field_count(self)?;
        let number = self.at.classes;
        self.at.classes += 1;
        if (number as usize) < self.tables.classes.len() {
            for _ in 0..count {
                self.field_name()?;
            }
            return Ok(());
        }
        let first = self.tables.fields.len();
        self.tables.fields.reserve(count as usize);
        // Bits of the names seen: cheap, and nearly always proof that all names differ.
        let (mut seen, mut repeated) = (0_u64, false);
        let mut plain = self.plain_names(count);
        for _ in 0..count {
            let name = match &mut plain {
                Some(names) => Cow::Borrowed(names.cut()),
                None => self.field_name()?,
            };
            let bit = 1 << (fingerprint(name.as_bytes()) & 63);
            repeated |= seen & bit != 0;
            seen |= bit;
            self.tables.fields.push(Field {
                name,
                shadowed: false,
            });
        }
        if repeated {
            mark_shadowed(&mut self.tables.fields[first..]);
        }
        self.tables.classes.push(Definition {
            name,
            fields: first as u32..self.tables.fields.len() as u32,
            shared: None,
        });
        Ok(())
    }

    pub(super) fn known_type(&self, number: i32) -> Result<u32> {
        match u32::try_from(number) {
            Ok(known) if known < self.at.types => Ok(known),
            _ => self.fail(ErrorKind::BadType(number.into())),
        }
    }

    #[inline]
    pub(super) fn known_class(&self, number: i32) -> Result<u32> {
        match u32::try_from(number) {
            Ok(known) if known < self.at.classes => Ok(known),
            _ => self.fail(ErrorKind::BadClass(number.into())),
        }
    }

    pub(super) fn known_ref(&self, number: i32) -> Result<u32> {
        match u32::try_from(number) {
            Ok(known) if known < self.at.containers => Ok(known),
            _ => self.fail(ErrorKind::BadReference(number.into())),
        }
    }

    pub(crate) fn type_name(&self, number: u32) -> &str {
        &self.tables.types[number as usize].name
    }

    pub(crate) fn class_name(&self, number: u32) -> &str {
        &self.tables.classes[number as usize].name
    }

    #[inline]
    pub(crate) fn field_names(&self, class: u32) -> FieldNames {
        FieldNames(self.tables.classes[class as usize].fields.clone())
    }

    /// The next field's name, and whether a later field hides it.
    #[inline]
    pub(crate) fn next_field(&self, fields: &mut FieldNames) -> Option<(&Cow<'de, str>, bool)> {
        let field = &self.tables.fields[fields.0.next()? as usize];
        Some((&field.name, field.shadowed))
    }

    pub(super) fn shared_type(&mut self, number: u32) -> Arc<str> {
        let entry = &mut self.tables.types[number as usize];
        let name = &entry.name;
        Arc::clone(entry.shared.get_or_insert_with(|| Arc::from(&**name)))
    }

    pub(super) fn shared_class(&mut self, number: u32) -> Arc<Class> {
        let Tables {
            classes, fields, ..
        } = &mut self.tables;
        let class = &mut classes[number as usize];
        let (name, range) = (&class.name, &class.fields);
        Arc::clone(class.shared.get_or_insert_with(|| {
            let fields = &fields[range.start as usize..range.end as usize];
            Arc::new(Class {
                name: name.to_string(),
                fields: fields.iter().map(|field| field.name.to_string()).collect(),
            })
        }))
    }

    /// The place of the reader, to come back to with [`rewind`](Self::rewind).
    pub(crate) fn cursor(&self) -> Cursor {
        self.at
    }

    pub(crate) fn rewind(&mut self, to: Cursor) {
        self.at = to;
    }

    /// The number that the next container will get.
    pub(super) fn next_container(&self) -> u32 {
        self.at.containers
    }

    /// Goes to the container `number` to read it once more. Returns the place to come back to.
    pub(crate) fn begin_reread(&mut self, number: u32) -> Result<Cursor> {
        // A reference to an open container leads back here without end; the depth bounds it.
        self.enter()?;
        let opened = self.tables.containers[number as usize];
        let again = Cursor {
            pos: opened.pos,
            containers: number,
            types: opened.types,
            classes: opened.classes,
        };
        Ok(std::mem::replace(&mut self.at, again))
    }

    /// Comes back from the container `number`.
    pub(crate) fn end_reread(&mut self, number: u32, back: Cursor) -> Result<()> {
        let opened = self.tables.containers[number as usize];
        self.charge(self.at.pos - opened.pos)?;
        self.at = back;
        self.leave();
        Ok(())
    }

    /// Counts `bytes` of input that are used again.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<()> {
        match self.expansion_left.checked_sub(bytes as u64) {
            Some(left) => self.expansion_left = left,
            None => return self.fail(ErrorKind::ExpansionTooLarge),
        }
        Ok(())
    }
}

fn fingerprint(name: &[u8]) -> usize {
    let (first, last) = match name {
        [first, .., last] => (*first, *last),
        [only] => (*only, 0),
        [] => (0, 0),
    };
    usize::from(first) ^ (usize::from(last) << 2) ^ name.len()
}

/// So few names are compared with one another faster than hashed.
const FEW: usize = 16;

fn mark_shadowed(fields: &mut [Field<'_>]) {
    if fields.len() <= FEW {
        for place in 1..fields.len() {
            let (earlier, later) = fields.split_at_mut(place);
            for field in earlier {
                field.shadowed |= field.name == later[0].name;
            }
        }
        return;
    }
    let mut later = std::collections::HashSet::with_capacity(fields.len());
    for field in fields.iter_mut().rev() {
        field.shadowed = !later.insert(&*field.name);
    }
}
