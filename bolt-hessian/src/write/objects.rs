//! Objects and their class definitions.

use std::ops::Range;
use std::sync::Arc;

use super::shapes::{self, Shape};
use super::tables::Derived;
use super::{Writer, wire_length};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Dialect;

/// An object that was begun with [`Writer::begin_fields`].
#[derive(Debug)]
pub(crate) struct Fields {
    /// The place of its class in the tables.
    place: usize,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    /// The definition is there.
    Known { next: usize },
    /// The first object of its class, begun at `start`; its definition is put there at the end.
    First {
        start: usize,
        names: Vec<&'static str>,
    },
    /// Inside the first object of its class.
    Inner { names: Vec<&'static str> },
    /// One of these two that looks like the class did in an earlier stream, so far. The first has
    /// `written` its definition.
    Foretold {
        next: usize,
        written: Option<Range<usize>>,
    },
}

impl Writer {
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
        let Some(place) = self.tables.find_derived(class) else {
            return self.begin_first(class, count);
        };
        let class = self.tables.derived(place);
        let number = class.number;
        let progress = match (&class.shape, &class.foretold) {
            (Some(_), _) => Progress::Known { next: 0 },
            (None, Some(_)) => Progress::Foretold {
                next: 0,
                written: None,
            },
            (None, None) => Progress::Inner {
                names: Vec::with_capacity(count),
            },
        };
        self.begin_object(number)?;
        Ok(Fields { place, progress })
    }

    /// Begins the first object of `class`.
    fn begin_first(&mut self, class: &'static str, count: usize) -> Result<Fields> {
        let start = self.out.len();
        // The class gets its number now: those of inner objects come after this one.
        let place = self.tables.add_derived(class);
        let progress = match shapes::recall(class, self.dialect) {
            Some(shape) => {
                self.out.extend_from_slice(&shape.definition);
                let class = self.tables.derived(place);
                class.foretold = Some(shape);
                let number = class.number;
                self.begin_object(number)?;
                Progress::Foretold {
                    next: 0,
                    written: Some(start..self.out.len()),
                }
            }
            None => {
                self.enter()?;
                self.containers += 1;
                Progress::First {
                    start,
                    names: Vec::with_capacity(count),
                }
            }
        };
        Ok(Fields { place, progress })
    }

    #[inline]
    pub(crate) fn field(&mut self, fields: &mut Fields, name: &'static str) -> Result<()> {
        let class = self.tables.derived(fields.place);
        let (shape, next) = match &mut fields.progress {
            Progress::First { names, .. } | Progress::Inner { names } => {
                names.push(name);
                return Ok(());
            }
            Progress::Known { next } => (&class.shape, next),
            Progress::Foretold { next, .. } => (&class.foretold, next),
        };
        match shape.as_ref().and_then(|shape| shape.names.get(*next)) {
            Some(known) if std::ptr::eq(*known, name) || *known == name => {
                *next += 1;
                Ok(())
            }
            _ => {
                self.take_back(fields)?;
                self.field(fields, name)
            }
        }
    }

    pub(crate) fn end_fields(&mut self, mut fields: Fields) -> Result<()> {
        let class = self.tables.derived(fields.place);
        let (shape, next) = match &fields.progress {
            Progress::Known { next } => (&class.shape, Some(*next)),
            Progress::Foretold { next, .. } => (&class.foretold, Some(*next)),
            Progress::First { .. } | Progress::Inner { .. } => (&None, None),
        };
        let length = shape.as_ref().map(|shape| shape.names.len());
        if length != next {
            self.take_back(&mut fields)?;
        }
        let class = self.tables.derived(fields.place);
        match fields.progress {
            Progress::Known { .. } => {}
            Progress::Foretold { .. } => {
                let shape = class.foretold.clone();
                shape.map_or(Ok(()), |shape| class.settle(shape))?;
            }
            Progress::First { start, names } => {
                // Only now all names are known; the definition goes before the values.
                let (name, number) = (class.name, class.number);
                let from = self.out.len();
                self.define(name, names.iter().copied())?;
                let shape = Arc::new(Shape {
                    class: name,
                    dialect: self.dialect,
                    names,
                    definition: self.out[from..].to_vec(),
                });
                self.instance(number)?;
                self.move_back(from, start);
                shapes::remember(&shape);
                self.tables.derived(fields.place).settle(shape)?;
            }
            Progress::Inner { names } => {
                // The object around it brings the definition.
                class.settle(Arc::new(Shape {
                    class: class.name,
                    dialect: self.dialect,
                    names,
                    definition: Vec::new(),
                }))?;
            }
        }
        self.leave();
        Ok(())
    }

    /// Goes on without the earlier shape of a class, which turns out to be another now.
    #[cold]
    fn take_back(&mut self, fields: &mut Fields) -> Result<()> {
        let class = self.tables.derived(fields.place);
        let Progress::Foretold { next, written } = &fields.progress else {
            return Err(inconsistent(class.name));
        };
        let names = class.foretold.iter().flat_map(|shape| &shape.names);
        let names = names.take(*next).copied().collect();
        fields.progress = match written.clone() {
            Some(written) => {
                let start = written.start;
                self.out.drain(written);
                Progress::First { start, names }
            }
            None => Progress::Inner { names },
        };
        Ok(())
    }
}

impl Derived {
    /// Keeps the shape of the class, or checks that it is that of the objects before.
    fn settle(&mut self, shape: Arc<Shape>) -> Result<()> {
        match &self.shape {
            Some(known) if known.names != shape.names => Err(inconsistent(self.name)),
            _ => {
                self.shape = Some(shape);
                Ok(())
            }
        }
    }
}

#[cold]
fn inconsistent(class: &str) -> Error {
    Error::new(ErrorKind::InconsistentFields(class.to_owned()))
}
