//! Lists, maps, objects.

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
    fn published_name(&mut self, name: &str) -> Result<()> {
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

    /// Begins an object of the class `number`, which was defined.
    pub(super) fn begin_object(&mut self, number: u32) -> Result<()> {
        self.enter()?;
        self.containers += 1;
        self.instance(number)
    }

    fn instance(&mut self, number: u32) -> Result<()> {
        match (self.dialect, number) {
            (Dialect::Published, 0..=15) => self.out.push(0x60 + number as u8),
            (Dialect::Published, _) => {
                self.out.push(b'O');
                self.int(wire_length(number as usize)?);
            }
            (Dialect::Draft, _) => {
                self.out.push(b'o');
                self.int(wire_length(number as usize)?);
            }
        }
        Ok(())
    }

    pub(crate) fn end_object(&mut self) {
        self.leave();
    }

    pub(super) fn define<'a>(
        &mut self,
        name: &str,
        fields: impl ExactSizeIterator<Item = &'a str> + Clone,
    ) -> Result<()> {
        match self.dialect {
            Dialect::Draft => {
                self.out.push(b'O');
                self.counted_name(name)?;
            }
            Dialect::Published => {
                self.out.push(b'C');
                self.published_name(name)?;
            }
        }
        self.int(wire_length(fields.len())?);
        self.names(fields);
        Ok(())
    }

    /// Begins an object whose fields come one by one: [`field`](Self::field) before the value of
    /// each and [`end_fields`](Self::end_fields) after the last. `count` is only an estimate.
    #[inline]
    pub(crate) fn begin_fields(&mut self, class: &'static str, count: usize) -> Result<Fields> {
        let start = self.out.len();
        let Some(place) = self.tables.find_derived(class) else {
            self.enter()?;
            self.containers += 1;
            return Ok(Fields {
                // The class gets its number now: those of inner objects come after this one.
                place: self.tables.add_derived(class),
                progress: Progress::New {
                    start,
                    names: Vec::with_capacity(count),
                },
            });
        };
        let class = self.tables.derived(place);
        let number = class.number;
        let progress = match class.fields {
            Some(_) => Progress::Known { next: 0 },
            None => Progress::Inner {
                names: Vec::with_capacity(count),
            },
        };
        self.begin_object(number)?;
        Ok(Fields { place, progress })
    }

    #[inline]
    pub(crate) fn field(&mut self, fields: &mut Fields, name: &'static str) -> Result<()> {
        match &mut fields.progress {
            Progress::New { names, .. } | Progress::Inner { names } => names.push(name),
            Progress::Known { next } => {
                let class = self.tables.derived(fields.place);
                match class.fields.as_ref().and_then(|known| known.get(*next)) {
                    Some(known) if std::ptr::eq(*known, name) || *known == name => *next += 1,
                    _ => return Err(inconsistent(class.name)),
                }
            }
        }
        Ok(())
    }

    pub(crate) fn end_fields(&mut self, fields: Fields) -> Result<()> {
        let class = self.tables.derived(fields.place);
        let (name, number) = (class.name, class.number);
        match fields.progress {
            Progress::New { start, names } => {
                // Only now all names are known; the definition goes before the values.
                let from = self.out.len();
                self.define(name, names.iter().copied())?;
                self.instance(number)?;
                self.move_back(from, start);
                self.settle(fields.place, names)?;
            }
            Progress::Inner { names } => self.settle(fields.place, names)?,
            Progress::Known { next } => {
                if class
                    .fields
                    .as_ref()
                    .is_none_or(|known| known.len() != next)
                {
                    return Err(inconsistent(name));
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Keeps the names of a class, or checks that they are those that an inner object had.
    fn settle(&mut self, place: usize, names: Vec<&'static str>) -> Result<()> {
        let class = self.tables.derived(place);
        match &class.fields {
            Some(known) if *known != names => return Err(inconsistent(class.name)),
            Some(_) => {}
            None => class.fields = Some(names),
        }
        Ok(())
    }
}

/// An object that was begun with [`Writer::begin_fields`].
#[derive(Debug)]
pub(crate) struct Fields {
    place: usize,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    /// The first object of its class, begun at `start`.
    New {
        start: usize,
        names: Vec<&'static str>,
    },
    /// Inside the first object of the same class.
    Inner {
        names: Vec<&'static str>,
    },
    Known {
        next: usize,
    },
}

#[cold]
fn inconsistent(class: &str) -> Error {
    Error::new(ErrorKind::InconsistentFields(class.to_owned()))
}
