//! Lists and maps.

use super::{Writer, wire_length};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Dialect;

/// How the length of a list is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Known(usize),
    /// Put in when the list ends.
    Later,
    /// An end mark instead.
    OpenEnded,
}

/// A list that was begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListStart {
    start: usize,
    /// Where the length goes, if it is not known yet.
    length_at: Option<usize>,
    end_mark: bool,
}

impl Writer {
    pub(crate) fn begin_list(
        &mut self,
        type_name: Option<&str>,
        length: Length,
    ) -> Result<ListStart> {
        self.enter()?;
        self.containers += 1;
        let start = self.out.len();
        let end_mark = match self.dialect {
            Dialect::Draft => self.begin_draft_list(type_name, length)?,
            Dialect::Published => self.begin_published_list(type_name, length)?,
        };
        Ok(ListStart {
            start,
            length_at: (length == Length::Later).then_some(self.out.len()),
            end_mark,
        })
    }

    fn begin_draft_list(&mut self, type_name: Option<&str>, length: Length) -> Result<bool> {
        let known = type_name.map(|name| (name, self.tables.type_number(name)));
        let compact = match (known, length) {
            (Some((_, (number, true))), Length::Known(_) | Length::Later) => Some(number),
            _ => None,
        };
        if let Some(number) = compact {
            self.out.push(b'v');
            self.int(wire_length(number as usize)?);
        } else {
            self.out.push(b'V');
            self.draft_type(known)?;
        }
        if let Length::Known(length) = length {
            self.draft_length(length, compact.is_some())?;
        }
        Ok(compact.is_none())
    }

    fn draft_length(&mut self, length: usize, compact: bool) -> Result<()> {
        let length = wire_length(length)?;
        match u8::try_from(length) {
            _ if compact => self.int(length),
            Ok(length) => self.out.extend_from_slice(&[b'n', length]),
            Err(_) => self.tagged(b'l', length.to_be_bytes()),
        }
        Ok(())
    }

    fn draft_type(&mut self, known: Option<(&str, (u32, bool))>) -> Result<()> {
        match known {
            None => {}
            Some((_, (number, true))) => {
                self.out.push(b'u');
                self.int(wire_length(number as usize)?);
            }
            Some((name, (_, false))) => {
                let units = u16::try_from(super::text::utf16_length(name))
                    .map_err(|_| Error::new(ErrorKind::TooLong))?;
                self.tagged(b't', units.to_be_bytes());
                self.units_of(name);
            }
        }
        Ok(())
    }

    fn begin_published_list(&mut self, type_name: Option<&str>, length: Length) -> Result<bool> {
        let typed = type_name.is_some();
        let (tag, long) = match (length, typed) {
            (Length::OpenEnded, true) => (b'U', None),
            (Length::OpenEnded, false) => (b'W', None),
            (Length::Known(length @ 0..=7), true) => (0x70 + length as u8, None),
            (Length::Known(length @ 0..=7), false) => (0x78 + length as u8, None),
            (Length::Known(length), true) => (b'V', Some(length)),
            (Length::Known(length), false) => (b'X', Some(length)),
            (Length::Later, true) => (b'V', None),
            (Length::Later, false) => (b'X', None),
        };
        self.out.push(tag);
        self.published_type(type_name)?;
        if let Some(length) = long {
            self.int(wire_length(length)?);
        }
        Ok(length == Length::OpenEnded)
    }

    fn published_type(&mut self, type_name: Option<&str>) -> Result<()> {
        if let Some(name) = type_name {
            match self.tables.type_number(name) {
                (number, true) => self.int(wire_length(number as usize)?),
                (_, false) => self.published_name(name)?,
            }
        }
        Ok(())
    }

    /// A name as a string of one piece.
    pub(super) fn published_name(&mut self, name: &str) -> Result<()> {
        if super::text::utf16_length(name) > 0x8000 {
            return Err(Error::new(ErrorKind::TooLong));
        }
        self.string(name);
        Ok(())
    }

    /// Ends a list of so many items.
    pub(crate) fn end_list(&mut self, list: ListStart, length: usize) -> Result<()> {
        if let Some(at) = list.length_at {
            let from = self.out.len();
            match self.dialect {
                Dialect::Draft => self.draft_length(length, !list.end_mark)?,
                Dialect::Published if length <= 7 => {
                    // 0x70 and 0x78 have the length in the tag.
                    let short = if self.out[list.start] == b'V' {
                        0x70
                    } else {
                        0x78
                    };
                    self.out[list.start] = short + length as u8;
                }
                Dialect::Published => self.int(wire_length(length)?),
            }
            self.move_back(from, at);
        }
        if list.end_mark {
            self.end_mark();
        }
        self.leave();
        Ok(())
    }

    pub(crate) fn begin_map(&mut self, type_name: Option<&str>) -> Result<()> {
        self.enter()?;
        self.containers += 1;
        match self.dialect {
            Dialect::Draft => {
                self.out.push(b'M');
                let known = type_name.map(|name| (name, self.tables.type_number(name)));
                self.draft_type(known)
            }
            Dialect::Published => {
                let tag = if type_name.is_some() { b'M' } else { b'H' };
                self.out.push(tag);
                self.published_type(type_name)
            }
        }
    }

    /// Must be called after the first key of an untyped map, which was begun at `start`.
    ///
    /// In the draft dialect Java's reader takes a first key `true` for a type number; with a type
    /// before it, it does not.
    pub(crate) fn guard_first_key(&mut self, start: usize) -> Result<()> {
        if self.dialect == Dialect::Draft && self.out.get(start + 1) == Some(&b'T') {
            let from = self.out.len();
            let name = "java.util.HashMap";
            let known = (name, self.tables.type_number(name));
            self.draft_type(Some(known))?;
            self.move_back(from, start + 1);
        }
        Ok(())
    }

    pub(crate) fn end_map(&mut self) {
        self.end_mark();
        self.leave();
    }

    fn end_mark(&mut self) {
        let tag = self.tag(b'z', b'Z');
        self.out.push(tag);
    }
}
