//! The tags that mean something else, or nothing, in the draft dialect.

use super::text::Piece;
use super::{Cursor, Head, ListHead, Reader};
use crate::error::{ErrorKind, Result};

/// The head that `tag`, read at `start`, begins; `None` for a class definition.
pub(super) fn head(r: &mut Reader<'_>, tag: u8, start: Cursor) -> Result<Option<Head>> {
    Ok(Some(match tag {
        0x30..=0x33 => Head::Text(Piece::last(medium_length(r, tag - 0x30)?)),
        0x34..=0x37 => Head::Bytes(Piece::last(medium_length(r, tag - 0x34)?)),
        b'R' => Head::Text(Piece::more(r.u16()?)),
        b'A' => Head::Bytes(Piece::more(r.u16()?)),
        0x5b => Head::Double(0.0),
        0x5c => Head::Double(1.0),
        0x5d => Head::Double(f64::from(i8::from_be_bytes(r.array()?))),
        0x5e => Head::Double(f64::from(i16::from_be_bytes(r.array()?))),
        // Java multiplies; a division would give other bits.
        0x5f => Head::Double(0.001 * f64::from(r.i32()?)),
        b'Y' => Head::Long(r.i32()?.into()),
        b'J' => Head::Date(r.i64()?),
        b'K' => Head::Date(i64::from(r.i32()?) * 60_000),
        b'U' | b'W' => list(r, start, tag == b'U', None)?,
        b'V' | b'X' => list(r, start, tag == b'V', Some(None))?,
        0x70..=0x77 => list(r, start, true, Some(Some(tag - 0x70)))?,
        0x78..=0x7f => list(r, start, false, Some(Some(tag - 0x78)))?,
        b'H' => {
            r.open(start);
            Head::Map(None)
        }
        b'M' => {
            r.open(start);
            Head::Map(Some(type_name(r)?))
        }
        b'O' => {
            r.open(start);
            let number = r.int()?;
            Head::Object(r.known_class(number)?)
        }
        0x60..=0x6f => {
            r.open(start);
            Head::Object(r.known_class((tag - 0x60).into())?)
        }
        b'Q' => {
            let number = r.int()?;
            Head::Ref(r.known_ref(number)?)
        }
        b'C' => {
            definition(r)?;
            return Ok(None);
        }
        _ => {
            r.at = start;
            return r.fail(ErrorKind::UnknownTag(tag));
        }
    }))
}

fn medium_length(r: &mut Reader<'_>, high: u8) -> Result<u16> {
    Ok(u16::from_be_bytes([high, r.byte()?]))
}

/// `length` is `None` for a list that ends with a mark, `Some(None)` for one whose length
/// follows the type.
fn list(
    r: &mut Reader<'_>,
    start: Cursor,
    typed: bool,
    length: Option<Option<u8>>,
) -> Result<Head> {
    r.open(start);
    let type_number = match typed {
        true => Some(type_name(r)?),
        false => None,
    };
    let length = match length {
        None => None,
        Some(Some(length)) => Some(r.count(length.into())?),
        Some(None) => {
            let length = r.int()?;
            Some(r.count(length)?)
        }
    };
    Ok(Head::List(ListHead {
        type_number,
        length,
        end_mark: length.is_none(),
    }))
}

/// A type name, or the number of an earlier one.
fn type_name(r: &mut Reader<'_>) -> Result<u32> {
    match r.peek()? {
        0x80..=0xd7 | b'I' => {
            let number = r.int()?;
            r.known_type(number)
        }
        _ => {
            let units = r.plain_text_length()?;
            r.new_type(units)
        }
    }
}

/// A class definition of which the tag was read.
pub(super) fn definition(r: &mut Reader<'_>) -> Result<()> {
    let units = r.plain_text_length()?;
    r.new_class(units, |r| {
        let fields = r.int()?;
        r.count(fields)
    })
}
