//! Passes over a value that nobody wants, checking it and filling the tables all the same.

use super::{Head, Reader};
use crate::error::Result;

impl Reader<'_> {
    pub(crate) fn skip(&mut self) -> Result<()> {
        let head = self.head()?;
        self.skip_after(head)
    }

    /// Passes over the rest of the value that begins with `head`.
    pub(super) fn skip_after(&mut self, head: Head) -> Result<()> {
        match head {
            Head::Text(piece) => self.skip_text(piece),
            Head::Bytes(piece) => self.skip_bytes(piece),
            Head::List(list) => {
                self.enter()?;
                match list.length {
                    Some(length) => {
                        for _ in 0..length {
                            self.skip()?;
                        }
                        self.finish_list(list)?;
                    }
                    None => {
                        while !self.take_end()? {
                            self.skip()?;
                        }
                    }
                }
                self.leave();
                Ok(())
            }
            Head::Map(_) => {
                self.enter()?;
                while !self.take_end()? {
                    self.skip()?;
                    self.skip()?;
                }
                self.leave();
                Ok(())
            }
            Head::Object(class) => self.skip_object(class),
            Head::Null
            | Head::Bool(_)
            | Head::Int(_)
            | Head::Long(_)
            | Head::Double(_)
            | Head::Date(_)
            | Head::Ref(_) => Ok(()),
        }
    }

    /// Passes over an object of which the head was read.
    pub(crate) fn skip_object(&mut self, class: u32) -> Result<()> {
        let mut fields = self.field_names(class);
        self.skip_fields(&mut fields)
    }

    /// Passes over the values of the fields that are left.
    pub(crate) fn skip_fields(&mut self, fields: &mut super::FieldNames) -> Result<()> {
        self.enter()?;
        while self.next_field(fields).is_some() {
            self.skip()?;
        }
        self.leave();
        Ok(())
    }
}
