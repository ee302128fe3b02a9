//! Reads heads of values from bytes and keeps the tables of a stream.
//!
//! A head is what a tag says: a scalar, or what kind of container begins. Everything above
//! (values, serde, skipping) works on heads and knows no dialect.

mod draft;
mod published;
mod skip;
mod tables;
mod text;
mod value;

use bytes::Bytes;

use self::tables::Tables;
pub(crate) use self::tables::{Cursor, FieldNames};
pub(crate) use self::text::{Piece, Text};
use crate::error::{Error, ErrorKind, Result};
use crate::options::{Dialect, Options};

/// Bytes that references may make us read again however short the input is.
const FREE_EXPANSION: u64 = 64 * 1024;

/// What begins at the place that was read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Head {
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    Double(f64),
    Date(i64),
    Text(Piece),
    Bytes(Piece),
    List(ListHead),
    /// A map with the number of its type.
    Map(Option<u32>),
    /// An object with the number of its class.
    Object(u32),
    Ref(u32),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct ListHead {
    pub(crate) type_number: Option<u32>,
    /// How many items; `None` means until the end mark.
    pub(crate) length: Option<u32>,
    /// Whether an end mark follows the items.
    pub(crate) end_mark: bool,
}

impl Head {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Head::Null => "null",
            Head::Bool(_) => "a boolean",
            Head::Int(_) => "an int",
            Head::Long(_) => "a long",
            Head::Double(_) => "a double",
            Head::Date(_) => "a date",
            Head::Text(_) => "a string",
            Head::Bytes(_) => "a byte array",
            Head::List(_) => "a list",
            Head::Map(_) => "a map",
            Head::Object(_) => "an object",
            Head::Ref(_) => "a reference",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Reader<'de> {
    input: &'de [u8],
    /// What `input` is a view of, if byte arrays may be cut from it without a copy.
    source: Option<&'de Bytes>,
    at: Cursor,
    tables: Tables<'de>,
    dialect: Dialect,
    depth_left: u32,
    values_left: u32,
    expansion_left: u64,
    reserve_left: usize,
}

impl<'de> Reader<'de> {
    pub(crate) fn new(input: &'de [u8], source: Option<&'de Bytes>, options: Options) -> Self {
        let limits = options.limits;
        Reader {
            input,
            source,
            at: Cursor::default(),
            tables: Tables::default(),
            dialect: options.dialect,
            depth_left: limits.depth,
            values_left: limits.values,
            reserve_left: input.len(),
            expansion_left: FREE_EXPANSION
                .max((input.len() as u64).saturating_mul(u64::from(limits.expansion)))
                .min(limits.expansion_bytes),
        }
    }

    pub(crate) fn position(&self) -> usize {
        self.at.pos
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at.pos == self.input.len()
    }

    /// Reads the head of the next value, and the class definitions before it.
    #[inline]
    pub(crate) fn head(&mut self) -> Result<Head> {
        match self.values_left.checked_sub(1) {
            Some(left) => self.values_left = left,
            None => return self.fail(ErrorKind::TooManyValues),
        }
        loop {
            let start = self.at;
            let tag = self.byte()?;
            return Ok(match tag {
                0x00..=0x1f => Head::Text(Piece::last(tag.into())),
                0x20..=0x2f => Head::Bytes(Piece::last(u16::from(tag - 0x20))),
                0x80..=0xd7 | b'I' => Head::Int(self.int_after(tag)?),
                0xd8..=0xff | 0x38..=0x3f | b'L' => Head::Long(self.long_after(tag)?),
                b'N' => Head::Null,
                b'T' => Head::Bool(true),
                b'F' => Head::Bool(false),
                b'D' => Head::Double(f64::from_bits(u64::from_be_bytes(self.array()?))),
                b'S' => Head::Text(Piece::last(self.u16()?)),
                b'B' => Head::Bytes(Piece::last(self.u16()?)),
                _ => {
                    let head = match self.dialect {
                        Dialect::Draft => draft::head(self, tag, start)?,
                        Dialect::Published => published::head(self, tag, start)?,
                    };
                    match head {
                        Some(head) => head,
                        // A class definition; the value comes after it. A loop, so that a peer
                        // cannot make us recurse.
                        None => continue,
                    }
                }
            });
        }
    }

    /// The next byte without taking it.
    #[inline]
    pub(crate) fn peek(&self) -> Result<u8> {
        match self.input.get(self.at.pos) {
            Some(byte) => Ok(*byte),
            None => self.fail(ErrorKind::Truncated),
        }
    }

    /// Whether `null` is next; takes it if so, and the class definitions before it.
    #[inline]
    pub(crate) fn take_null(&mut self) -> Result<bool> {
        let mut next = self.peek()?;
        if matches!(next, b'O' | b'C') {
            self.take_definitions()?;
            next = self.peek()?;
        }
        let null = next == b'N';
        self.at.pos += usize::from(null);
        Ok(null)
    }

    #[cold]
    fn take_definitions(&mut self) -> Result<()> {
        let (tag, definition): (_, fn(&mut Self) -> _) = match self.dialect {
            Dialect::Draft => (b'O', draft::definition),
            Dialect::Published => (b'C', published::definition),
        };
        while self.peek()? == tag {
            self.at.pos += 1;
            definition(self)?;
        }
        Ok(())
    }

    /// Whether the mark is next that ends lists and maps; takes it if so.
    #[inline]
    pub(crate) fn take_end(&mut self) -> Result<bool> {
        let mark = match self.dialect {
            Dialect::Draft => b'z',
            Dialect::Published => b'Z',
        };
        let end = self.peek()? == mark;
        self.at.pos += usize::from(end);
        Ok(end)
    }

    /// Takes the end of a list of which all declared items were read.
    pub(crate) fn finish_list(&mut self, list: ListHead) -> Result<()> {
        if list.end_mark && !self.take_end()? {
            return self.fail(ErrorKind::WrongItemCount);
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn enter(&mut self) -> Result<()> {
        match self.depth_left.checked_sub(1) {
            Some(left) => self.depth_left = left,
            None => return self.fail(ErrorKind::TooDeep),
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth_left += 1;
    }

    /// How many items to reserve memory for when a peer declares `length`.
    ///
    /// Each value takes a byte at least, so all reservations together need not exceed the input.
    pub(crate) fn reserve(&mut self, length: u32) -> usize {
        let items = (length as usize).min(self.reserve_left);
        self.reserve_left -= items;
        items
    }

    #[cold]
    pub(crate) fn fail<T>(&self, kind: ErrorKind) -> Result<T> {
        Err(Error::at(kind, self.at.pos))
    }

    #[inline]
    fn byte(&mut self) -> Result<u8> {
        let byte = self.peek()?;
        self.at.pos += 1;
        Ok(byte)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.input[self.at.pos..].first_chunk() {
            Some(bytes) => {
                self.at.pos += N;
                Ok(*bytes)
            }
            None => self.fail(ErrorKind::Truncated),
        }
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'de [u8]> {
        match self.input[self.at.pos..].get(..length) {
            Some(bytes) => {
                self.at.pos += length;
                Ok(bytes)
            }
            None => self.fail(ErrorKind::Truncated),
        }
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// An int where only an int may stand: counts and table numbers.
    fn int(&mut self) -> Result<i32> {
        let tag = self.byte()?;
        match tag {
            0x80..=0xd7 | b'I' => self.int_after(tag),
            _ => {
                self.at.pos -= 1;
                self.fail(ErrorKind::UnknownTag(tag))
            }
        }
    }

    #[inline]
    fn int_after(&mut self, tag: u8) -> Result<i32> {
        Ok(match tag {
            0x80..=0xbf => i32::from(tag) - 0x90,
            0xc0..=0xcf => ((i32::from(tag) - 0xc8) << 8) + i32::from(self.byte()?),
            0xd0..=0xd7 => ((i32::from(tag) - 0xd4) << 16) + i32::from(self.u16()?),
            _ => self.i32()?,
        })
    }

    #[inline]
    fn long_after(&mut self, tag: u8) -> Result<i64> {
        Ok(match tag {
            0xd8..=0xef => i64::from(tag) - 0xe0,
            0xf0..=0xff => ((i64::from(tag) - 0xf8) << 8) + i64::from(self.byte()?),
            0x38..=0x3f => ((i64::from(tag) - 0x3c) << 16) + i64::from(self.u16()?),
            _ => self.i64()?,
        })
    }

    /// A count of things that take a byte each at least.
    fn count(&mut self, count: i32) -> Result<u32> {
        match u32::try_from(count) {
            Ok(count) if count as usize <= self.input.len() - self.at.pos => Ok(count),
            _ => self.fail(ErrorKind::BadLength(count.into())),
        }
    }
}
