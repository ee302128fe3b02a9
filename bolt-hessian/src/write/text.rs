//! Strings and byte arrays, in pieces where they are long.

use super::{Writer, wire_length};
use crate::error::Result;
use crate::options::Dialect;

/// The most that Java's writer puts into one piece: UTF-16 units of a string, bytes of an array.
const PIECE: usize = 0x8000;

/// From here on a byte begins a character of four bytes, which is two UTF-16 units.
const FOUR_BYTES: u8 = 0xf0;

impl Writer {
    #[inline]
    pub(crate) fn string(&mut self, text: &str) {
        match text.len() {
            length @ 0..=31 if text.is_ascii() => {
                self.out.reserve(length + 1);
                self.out.push(length as u8);
                self.out.extend_from_slice(text.as_bytes());
            }
            length @ 0..=PIECE if text.is_ascii() => {
                self.text_head(length);
                self.out.extend_from_slice(text.as_bytes());
            }
            _ => self.long_string(text),
        }
    }

    fn long_string(&mut self, text: &str) {
        self.out.reserve(text.len() + 3);
        let mut rest = text;
        loop {
            let (units, end) = piece_of(rest);
            if end == rest.len() {
                self.text_head(units);
                return self.units_of(rest);
            }
            self.text_more(units);
            let (piece, tail) = rest.split_at(end);
            self.units_of(piece);
            rest = tail;
        }
    }

    /// Text that is not valid: UTF-16 with half a surrogate pair.
    pub(crate) fn utf16(&mut self, text: &[u16]) {
        let mut rest = text;
        while rest.len() > PIECE {
            // A pair stays together.
            let cut = match rest[PIECE - 1] {
                0xd800..=0xdbff => PIECE - 1,
                _ => PIECE,
            };
            self.text_more(cut);
            let (piece, tail) = rest.split_at(cut);
            piece.iter().for_each(|unit| self.unit(*unit));
            rest = tail;
        }
        self.text_head(rest.len());
        rest.iter().for_each(|unit| self.unit(*unit));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.out
            .reserve(bytes.len() + 3 * (1 + bytes.len() / PIECE));
        let mut rest = bytes;
        while rest.len() > PIECE {
            let (piece, tail) = rest.split_at(PIECE);
            let tag = self.tag(b'b', b'A');
            self.tagged(tag, (PIECE as u16).to_be_bytes());
            self.out.extend_from_slice(piece);
            rest = tail;
        }
        let length = rest.len() as u16;
        match (length, self.dialect) {
            (0..=15, _) => self.out.push(0x20 + length as u8),
            (16..=1023, Dialect::Published) => {
                self.tagged(0x34 + (length >> 8) as u8, [length as u8]);
            }
            _ => self.tagged(b'B', length.to_be_bytes()),
        }
        self.out.extend_from_slice(rest);
    }

    /// The raw units of a name, without a tag.
    pub(super) fn units_of(&mut self, text: &str) {
        // Up to U+FFFF the units are UTF-8; what is above becomes two units.
        let highest = text.bytes().fold(0, u8::max);
        if highest < FOUR_BYTES {
            return self.out.extend_from_slice(text.as_bytes());
        }
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte >= FOUR_BYTES) {
            let (plain, tail) = rest.split_at(at);
            self.out.extend_from_slice(plain.as_bytes());
            let mut characters = tail.chars();
            if let Some(character) = characters.next() {
                let mut pair = [0; 2];
                for unit in character.encode_utf16(&mut pair) {
                    self.unit(*unit);
                }
            }
            rest = characters.as_str();
        }
        self.out.extend_from_slice(rest.as_bytes());
    }

    /// Strings that are short and ASCII nearly always: then one check does for all.
    pub(super) fn names<'a>(&mut self, names: impl Iterator<Item = &'a str> + Clone) {
        let start = self.out.len();
        for name in names.clone() {
            // Cut to a byte; whatever is too long has it above 31.
            self.out.push(name.len().min(0xff) as u8);
            self.out.extend_from_slice(name.as_bytes());
        }
        if !self.out[start..].is_ascii() || names.clone().any(|name| name.len() > 31) {
            self.out.truncate(start);
            names.for_each(|name| self.string(name));
        }
    }

    /// A name with its length as an int before it.
    pub(super) fn counted_name(&mut self, name: &str) -> Result<()> {
        self.int(wire_length(utf16_length(name))?);
        self.units_of(name);
        Ok(())
    }

    fn unit(&mut self, unit: u16) {
        match unit {
            0..=0x7f => self.out.push(unit as u8),
            0x80..=0x7ff => self
                .out
                .extend_from_slice(&[0xc0 | (unit >> 6) as u8, 0x80 | (unit & 0x3f) as u8]),
            _ => self.out.extend_from_slice(&[
                0xe0 | (unit >> 12) as u8,
                0x80 | (unit >> 6 & 0x3f) as u8,
                0x80 | (unit & 0x3f) as u8,
            ]),
        }
    }

    fn text_head(&mut self, units: usize) {
        let length = units as u16;
        match (length, self.dialect) {
            (0..=31, _) => self.out.push(length as u8),
            (32..=1023, Dialect::Published) => {
                self.tagged(0x30 + (length >> 8) as u8, [length as u8]);
            }
            _ => self.tagged(b'S', length.to_be_bytes()),
        }
    }

    fn text_more(&mut self, units: usize) {
        let tag = self.tag(b's', b'R');
        self.tagged(tag, (units as u16).to_be_bytes());
    }
}

/// How many UTF-16 units `text` has.
pub(super) fn utf16_length(text: &str) -> usize {
    units(text.as_bytes())
}

/// The same for bytes that may end inside a character, which then counts whole.
fn units(text: &[u8]) -> usize {
    // Each character begins with one byte that continues none; those of four bytes count twice.
    // Sums that fit a byte let the compiler take many at once.
    let sum = |block: &[u8]| -> u8 {
        let counts = block
            .iter()
            .map(|byte| u8::from((*byte).cast_signed() >= -0x40) + u8::from(*byte >= FOUR_BYTES));
        counts.sum()
    };
    text.chunks(127).map(|block| usize::from(sum(block))).sum()
}

/// How many units and bytes of `text` the next piece takes.
fn piece_of(text: &str) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut count, mut end) = (0, 0);
    // So many bytes have no more units than that; one less, as the last may count twice.
    while PIECE - count > 64 && end < bytes.len() {
        let block = bytes.len().min(end + PIECE - count - 1);
        count += units(&bytes[end..block]);
        end = block;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    for character in text[end..].chars() {
        // A character that does not fit goes whole into the next piece.
        if count + character.len_utf16() > PIECE {
            break;
        }
        count += character.len_utf16();
        end += character.len_utf8();
    }
    (count, end)
}
