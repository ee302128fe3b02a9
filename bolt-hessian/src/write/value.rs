//! Writes [`Value`] trees.

use super::{Length, Writer, wire_length};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Dialect;
use crate::value::Value;

impl Writer {
    /// Writes `value` with its references counting from the first container of its own.
    pub(crate) fn value(&mut self, value: &Value) -> Result<()> {
        let first = self.containers;
        self.value_from(value, first)
    }

    fn value_from(&mut self, value: &Value, first: u32) -> Result<()> {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(*value),
            Value::Int(value) => self.int(*value),
            Value::Long(value) => self.long(*value),
            Value::Double(value) => self.double(*value),
            Value::Date(value) => self.date(*value),
            Value::String(value) => self.string(value),
            Value::Utf16(value) => self.utf16(value),
            Value::Bytes(value) => self.bytes(value),
            Value::List(list) => {
                let length = match list.open_ended {
                    true => Length::OpenEnded,
                    false => Length::Known(list.items.len()),
                };
                let start = self.begin_list(list.type_name.as_deref(), length)?;
                for item in &list.items {
                    self.value_from(item, first)?;
                }
                self.end_list(start, list.items.len())?;
            }
            Value::Map(map) => {
                self.begin_map(map.type_name.as_deref())?;
                for (key, value) in &map.entries {
                    self.value_from(key, first)?;
                    self.value_from(value, first)?;
                }
                self.end_map();
            }
            Value::Object(object) => {
                let class = object.class();
                let number = match self.tables.find_shared(class) {
                    Some(number) => number,
                    None => {
                        self.define(&class.name, class.fields.iter().map(String::as_str))?;
                        self.tables.add_shared(class)
                    }
                };
                self.begin_object(number)?;
                for value in object.values() {
                    self.value_from(value, first)?;
                }
                self.end_object();
            }
            Value::Ref(number) => match first.checked_add(*number) {
                Some(target) if target < self.containers => self.reference(target)?,
                _ => return Err(Error::new(ErrorKind::BadReference((*number).into()))),
            },
        }
        Ok(())
    }

    fn reference(&mut self, number: u32) -> Result<()> {
        let wide = wire_length(number as usize)?;
        match (self.dialect, number) {
            (Dialect::Published, _) => {
                self.out.push(b'Q');
                self.int(wide);
            }
            (Dialect::Draft, 0..=0xff) => self.tagged(b'J', [number as u8]),
            (Dialect::Draft, 0x100..=0xffff) => self.tagged(b'K', (number as u16).to_be_bytes()),
            (Dialect::Draft, _) => self.tagged(b'R', wide.to_be_bytes()),
        }
        Ok(())
    }
}
