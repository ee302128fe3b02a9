//! Strings and byte arrays, which come in one or more pieces.
//!
//! Lengths of strings count UTF-16 units, and each unit is encoded on its own, so that a character
//! outside the BMP takes two times three bytes. Most strings have none of those: then the bytes
//! are UTF-8 and are borrowed from the input.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Head, Reader};
use crate::error::{ErrorKind, Result};
use crate::options::Dialect;

/// A piece of a string (in UTF-16 units) or of a byte array.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    length: u16,
    last: bool,
}

impl Piece {
    #[inline]
    pub(super) fn last(length: u16) -> Self {
        Piece { length, last: true }
    }

    #[inline]
    pub(super) fn more(length: u16) -> Self {
        Piece {
            length,
            last: false,
        }
    }
}

/// A whole string.
pub(crate) enum Text<'de> {
    Str(Cow<'de, str>),
    /// Has half a surrogate pair.
    Units(Vec<u16>),
}

/// Names one after the other, each with its length, a control character, before it.
pub(super) struct PlainNames<'de>(&'de str);

impl<'de> PlainNames<'de> {
    /// Cuts the first name off; there must be one.
    #[inline]
    pub(super) fn cut(&mut self) -> &'de str {
        let length = usize::from(self.0.as_bytes()[0]);
        let (name, rest) = self.0[1..].split_at(length);
        self.0 = rest;
        name
    }
}

impl<'de> Reader<'de> {
    /// The next value if it is a short string without special characters, as most are.
    #[inline]
    pub(crate) fn short_string(&mut self) -> Option<&'de str> {
        let (length @ 0..=0x1f, rest) = self.input[self.at.pos..].split_first()? else {
            return None;
        };
        let text = rest
            .get(..usize::from(*length))
            .filter(|text| text.is_ascii())?;
        let text = std::str::from_utf8(text).ok()?;
        self.values_left = self.values_left.checked_sub(1)?;
        self.at.pos += 1 + text.len();
        Some(text)
    }

    /// The string that begins with `first`.
    #[inline]
    pub(crate) fn text(&mut self, first: Piece) -> Result<Text<'de>> {
        if first.last {
            let start = self.at.pos;
            if let Some(text) = self.utf8(first.length.into()) {
                return Ok(Text::Str(Cow::Borrowed(text)));
            }
            self.at.pos = start;
        }
        self.text_in_pieces(first)
    }

    /// The string that begins with `first`, which must be one that Rust can hold.
    #[inline]
    pub(crate) fn string(&mut self, first: Piece) -> Result<Cow<'de, str>> {
        match self.text(first)? {
            Text::Str(text) => Ok(text),
            Text::Units(_) => self.fail(ErrorKind::LoneSurrogate),
        }
    }

    /// The next value if it is text that Rust can hold; passes over anything else.
    pub(crate) fn text_or_skip(&mut self) -> Result<Option<Cow<'de, str>>> {
        if let Some(text) = self.short_string() {
            return Ok(Some(Cow::Borrowed(text)));
        }
        match self.head()? {
            Head::Text(piece) => Ok(match self.text(piece)? {
                Text::Str(text) => Some(text),
                Text::Units(_) => None,
            }),
            other => {
                self.skip_after(other)?;
                Ok(None)
            }
        }
    }

    #[cold]
    fn text_in_pieces(&mut self, first: Piece) -> Result<Text<'de>> {
        let start = self.at.pos;
        let mut text = String::new();
        let mut piece = first;
        while let Some(part) = self.utf8(piece.length.into()) {
            text.push_str(part);
            if piece.last {
                return Ok(Text::Str(Cow::Owned(text)));
            }
            piece = self.next_text_piece()?;
        }
        self.at.pos = start;
        let mut units = Vec::new();
        piece = first;
        loop {
            self.units(piece.length.into(), &mut units)?;
            if piece.last {
                break;
            }
            piece = self.next_text_piece()?;
        }
        Ok(match String::from_utf16(&units) {
            Ok(text) => Text::Str(Cow::Owned(text)),
            Err(_) => Text::Units(units),
        })
    }

    /// The next `units` units if they are UTF-8; may move on if they are not.
    #[inline]
    fn utf8(&mut self, units: usize) -> Option<&'de str> {
        let rest = &self.input[self.at.pos..];
        let length = match rest.get(..units) {
            Some(part) if part.is_ascii() => units,
            _ => utf8_length(rest, units)?,
        };
        let text = std::str::from_utf8(&rest[..length]).ok()?;
        self.at.pos += length;
        Some(text)
    }

    /// Decodes as Java does: only the first byte of a unit is looked at, the others are masked.
    fn units(&mut self, count: usize, units: &mut Vec<u16>) -> Result<()> {
        units.reserve(count.min(self.input.len() - self.at.pos));
        for _ in 0..count {
            let first = self.byte()?;
            let tail = |byte: u8| u16::from(byte & 0x3f);
            units.push(match first {
                0x00..=0x7f => first.into(),
                0xc0..=0xdf => (u16::from(first & 0x1f) << 6) | tail(self.byte()?),
                0xe0..=0xef => {
                    let [second, third] = self.array()?;
                    (u16::from(first & 0x0f) << 12) | (tail(second) << 6) | tail(third)
                }
                _ => {
                    self.at.pos -= 1;
                    return self.fail(ErrorKind::BadText(first));
                }
            });
        }
        Ok(())
    }

    /// A name of so many units that has no tag of its own.
    pub(super) fn name(&mut self, units: u32) -> Result<Cow<'de, str>> {
        let start = self.at.pos;
        if let Some(text) = self.utf8(units as usize) {
            return Ok(Cow::Borrowed(text));
        }
        self.at.pos = start;
        let mut decoded = Vec::new();
        self.units(units as usize, &mut decoded)?;
        match String::from_utf16(&decoded) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => self.fail(ErrorKind::LoneSurrogate),
        }
    }

    /// A name where nothing else may stand, not even a class definition.
    pub(super) fn field_name(&mut self) -> Result<Cow<'de, str>> {
        let piece = self.next_text_piece()?;
        self.string(piece)
    }

    /// The next `count` names if they are short and ASCII, as they nearly always are: then one
    /// check does for all.
    pub(super) fn plain_names(&mut self, count: u32) -> Option<PlainNames<'de>> {
        let rest = &self.input[self.at.pos..];
        let mut end = 0;
        for _ in 0..count {
            match rest.get(end) {
                Some(length @ 0..=0x1f) => end += 1 + usize::from(*length),
                _ => return None,
            }
        }
        let names = rest.get(..end).filter(|names| names.is_ascii())?;
        let names = std::str::from_utf8(names).ok()?;
        self.at.pos += end;
        Some(PlainNames(names))
    }

    /// The length of a name that is written as a string of one piece.
    pub(super) fn plain_text_length(&mut self) -> Result<u32> {
        match self.next_text_piece()? {
            Piece { length, last: true } => Ok(length.into()),
            Piece { length, .. } => self.fail(ErrorKind::BadLength(length.into())),
        }
    }

    fn next_text_piece(&mut self) -> Result<Piece> {
        let tag = self.byte()?;
        match (tag, self.dialect) {
            (0x00..=0x1f, _) => Ok(Piece::last(tag.into())),
            (b'S', _) => Ok(Piece::last(self.u16()?)),
            (b's', Dialect::Draft) | (b'R', Dialect::Published) => Ok(Piece::more(self.u16()?)),
            (0x30..=0x33, Dialect::Published) => {
                Ok(Piece::last(u16::from_be_bytes([tag - 0x30, self.byte()?])))
            }
            _ => self.fail(ErrorKind::UnknownTag(tag)),
        }
    }

    fn next_bytes_piece(&mut self) -> Result<Piece> {
        let tag = self.byte()?;
        match (tag, self.dialect) {
            (0x20..=0x2f, _) => Ok(Piece::last(u16::from(tag - 0x20))),
            (b'B', _) => Ok(Piece::last(self.u16()?)),
            (b'b', Dialect::Draft) | (b'A', Dialect::Published) => Ok(Piece::more(self.u16()?)),
            (0x34..=0x37, Dialect::Published) => {
                Ok(Piece::last(u16::from_be_bytes([tag - 0x34, self.byte()?])))
            }
            _ => self.fail(ErrorKind::UnknownTag(tag)),
        }
    }

    /// The byte array that begins with `first`.
    pub(crate) fn bytes(&mut self, first: Piece) -> Result<Cow<'de, [u8]>> {
        let part = self.take(first.length.into())?;
        if first.last {
            return Ok(Cow::Borrowed(part));
        }
        let mut bytes = part.to_vec();
        loop {
            let piece = self.next_bytes_piece()?;
            bytes.extend_from_slice(self.take(piece.length.into())?);
            if piece.last {
                return Ok(Cow::Owned(bytes));
            }
        }
    }

    /// The same, cut from the source without a copy where there is one.
    pub(crate) fn shared_bytes(&mut self, first: Piece) -> Result<Bytes> {
        Ok(match (self.bytes(first)?, self.source) {
            (Cow::Owned(bytes), _) => bytes.into(),
            (Cow::Borrowed(part), Some(source)) => source.slice_ref(part),
            (Cow::Borrowed(part), None) => Bytes::copy_from_slice(part),
        })
    }

    pub(super) fn skip_text(&mut self, first: Piece) -> Result<()> {
        let mut piece = first;
        loop {
            for _ in 0..piece.length {
                let tag = self.byte()?;
                let tail = match tag {
                    0x00..=0x7f => 0,
                    0xc0..=0xdf => 1,
                    0xe0..=0xef => 2,
                    _ => {
                        self.at.pos -= 1;
                        return self.fail(ErrorKind::BadText(tag));
                    }
                };
                self.take(tail)?;
            }
            if piece.last {
                return Ok(());
            }
            piece = self.next_text_piece()?;
        }
    }

    pub(super) fn skip_bytes(&mut self, first: Piece) -> Result<()> {
        let mut piece = first;
        loop {
            self.take(piece.length.into())?;
            if piece.last {
                return Ok(());
            }
            piece = self.next_bytes_piece()?;
        }
    }
}

/// How many bytes the first `units` units of `bytes` take, if they look like UTF-8 without
/// characters outside the BMP. If they are not UTF-8 the answer means nothing.
fn utf8_length(bytes: &[u8], units: usize) -> Option<usize> {
    let (mut length, mut left) = (0, units);
    // So many bytes have no more units than that. In blocks the compiler takes many bytes at once.
    while left > 64 {
        let block = bytes.get(length..length + left.min(127))?;
        if block.iter().copied().fold(0, u8::max) >= 0xf0 {
            return None;
        }
        let begins = block
            .iter()
            .map(|byte| u8::from((*byte).cast_signed() >= -0x40));
        left -= usize::from(begins.sum::<u8>());
        length += block.len();
    }
    // The last block may have cut a character: back to where it begins.
    let continues = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    if length > 0 && continues(length) {
        while continues(length) {
            length = length.checked_sub(1)?;
        }
        left += 1;
    }
    for _ in 0..left {
        length += match bytes.get(length)? {
            0x00..=0x7f => 1,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => return None,
        };
    }
    (length <= bytes.len()).then_some(length)
}
