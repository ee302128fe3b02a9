//! Builds [`Value`] trees.

use std::collections::HashMap;

use super::{Head, ListHead, Reader, Text};
use crate::error::Result;
use crate::value::{List, Map, Object, Value};

/// Turns numbers of containers in the stream into numbers within the value that is built.
///
/// They differ by a constant until a reference leads out of the value. What it leads to is then
/// read again as part of the value, once, and numbers after that are looked up.
struct Numbers {
    /// The stream's number of the value's first container.
    first: u32,
    /// The stream's numbers from here on are in `moved`.
    until: Option<u32>,
    moved: HashMap<u32, u32>,
    /// The next number within the value.
    next: u32,
}

impl Numbers {
    /// Counts a container that begins; its number within the value if it is there already.
    fn open(&mut self, in_stream: u32) -> Option<u32> {
        let known = self.lookup(in_stream);
        if known.is_none() {
            if self.until.is_some() {
                self.moved.insert(in_stream, self.next);
            }
            self.next += 1;
        }
        known
    }

    fn lookup(&self, in_stream: u32) -> Option<u32> {
        let until = self.until.unwrap_or(self.first + self.next);
        match in_stream.checked_sub(self.first) {
            Some(direct) if in_stream < until => Some(direct),
            _ => self.moved.get(&in_stream).copied(),
        }
    }
}

impl Reader<'_> {
    /// The next value, complete in itself: its references count its own containers.
    pub(crate) fn value(&mut self) -> Result<Value> {
        let mut numbers = Numbers {
            first: self.next_container(),
            until: None,
            moved: HashMap::new(),
            next: 0,
        };
        self.value_in(&mut numbers)
    }

    fn value_in(&mut self, numbers: &mut Numbers) -> Result<Value> {
        let head = self.head()?;
        if let Head::List(_) | Head::Map(_) | Head::Object(_) = head
            && let Some(known) = numbers.open(self.next_container() - 1)
        {
            // We came here a second time, for a reference to what this is part of.
            self.skip_after(head)?;
            return Ok(Value::Ref(known));
        }
        Ok(match head {
            Head::Null => Value::Null,
            Head::Bool(value) => Value::Bool(value),
            Head::Int(value) => Value::Int(value),
            Head::Long(value) => Value::Long(value),
            Head::Double(value) => Value::Double(value),
            Head::Date(value) => Value::Date(value),
            Head::Text(piece) => match self.text(piece)? {
                Text::Str(text) => Value::String(text.into_owned()),
                Text::Units(units) => Value::Utf16(units.into()),
            },
            Head::Bytes(piece) => Value::Bytes(self.shared_bytes(piece)?),
            Head::List(list) => self.list_in(list, numbers)?,
            Head::Map(type_number) => self.map_in(type_number, numbers)?,
            Head::Object(class) => self.object_in(class, numbers)?,
            Head::Ref(number) => match numbers.lookup(number) {
                Some(number) => Value::Ref(number),
                None => {
                    numbers.until.get_or_insert(self.next_container());
                    let back = self.begin_reread(number)?;
                    let value = self.value_in(numbers)?;
                    self.end_reread(number, back)?;
                    value
                }
            },
        })
    }

    fn list_in(&mut self, list: ListHead, numbers: &mut Numbers) -> Result<Value> {
        self.enter()?;
        let type_name = list.type_number.map(|number| self.shared_type(number));
        let items = match list.length {
            Some(length) => {
                let mut items = Vec::with_capacity(self.reserve(length));
                for _ in 0..length {
                    items.push(self.value_in(numbers)?);
                }
                self.finish_list(list)?;
                items
            }
            None => {
                let mut items = Vec::new();
                while !self.take_end()? {
                    items.push(self.value_in(numbers)?);
                }
                items
            }
        };
        self.leave();
        Ok(Value::List(Box::new(List {
            type_name,
            items: tight(items),
            open_ended: list.length.is_none(),
        })))
    }

    fn map_in(&mut self, type_number: Option<u32>, numbers: &mut Numbers) -> Result<Value> {
        self.enter()?;
        let type_name = type_number.map(|number| self.shared_type(number));
        let mut entries = Vec::new();
        while !self.take_end()? {
            entries.push((self.value_in(numbers)?, self.value_in(numbers)?));
        }
        self.leave();
        Ok(Value::Map(Box::new(Map {
            type_name,
            entries: tight(entries),
        })))
    }

    fn object_in(&mut self, class: u32, numbers: &mut Numbers) -> Result<Value> {
        self.enter()?;
        let class = self.shared_class(class);
        let mut values = Vec::with_capacity(self.reserve(class.fields.len() as u32));
        for _ in 0..class.fields.len() {
            values.push(self.value_in(numbers)?);
        }
        self.leave();
        let object = Object::from_parts(class, tight(values));
        Ok(Value::Object(Box::new(object)))
    }
}

/// Gives back what doubling has reserved in vain, which many small lists would make a multiple of
/// the input.
fn tight<T>(mut items: Vec<T>) -> Vec<T> {
    items.shrink_to_fit();
    items
}
