//! The tags that mean something else, or nothing, in the published dialect.

use super::text::Piece;
use super::{Cursor, Head, ListHead, Reader};
use crate::error::{ErrorKind, Result};

/// The head that `tag`, read at `start`, begins; `None` for a class definition.
pub(super) fn head(r: &mut Reader<'_>, tag: u8, start: Cursor) -> Result<Option<Head>> {
    Ok(Some(match tag {
        b's' => Head::Text(Piece::more(r.u16()?)),
        b'b' => Head::Bytes(Piece::more(r.u16()?)),
        0x67 => Head::Double(0.0),
        0x68 => Head::Double(1.0),
        0x69 => Head::Double(f64::from(i8::from_be_bytes(r.array()?))),
        0x6a => Head::Double(f64::from(i16::from_be_bytes(r.array()?))),
        0x6b => Head::Double(f64::from(f32::from_bits(u32::from_be_bytes(r.array()?)))),
        b'w' => Head::Long(r.i32()?.into()),
        b'd' => Head::Date(r.i64()?),
        b'V' => {
            r.open(start);
            let type_number = type_name(r)?;
            let length = length(r)?;
            Head::List(ListHead {
                type_number,
                length,
                end_mark: true,
            })
        }
        b'v' => {
            r.open(start);
            let number = r.int()?;
            let type_number = Some(r.known_type(number)?);
            let length = r.int()?;
            Head::List(ListHead {
                type_number,
                length: Some(r.count(length)?),
                end_mark: false,
            })
        }
        b'M' => {
            r.open(start);
            Head::Map(type_name(r)?)
        }
        b'o' => {
            r.open(start);
            let number = r.int()?;
            Head::Object(r.known_class(number)?)
        }
        b'J' => {
            let number = r.byte()?;
            Head::Ref(r.known_ref(number.into())?)
        }
        b'K' => {
            let number = r.u16()?;
            Head::Ref(r.known_ref(number.into())?)
        }
        b'R' => {
            let number = r.i32()?;
            Head::Ref(r.known_ref(number)?)
        }
        b'O' => {
            definition(r)?;
            return Ok(None);
        }
        _ => {
            r.at = start;
            return r.fail(ErrorKind::UnknownTag(tag));
        }
    }))
}

/// The type of a list or map, if one stands here.
///
/// Java also takes `T` and an int for a type number, and so cannot read what its own writer
/// makes of a map whose first key is `true`. Here `T` is always the value.
fn type_name(r: &mut Reader<'_>) -> Result<Option<u32>> {
    match r.peek()? {
        b't' => {
            r.at.pos += 1;
            let units = r.u16()?;
            r.new_type(units.into()).map(Some)
        }
        b'u' => {
            r.at.pos += 1;
            let number = r.int()?;
            r.known_type(number).map(Some)
        }
        _ => Ok(None),
    }
}

fn length(r: &mut Reader<'_>) -> Result<Option<u32>> {
    let length = match r.peek()? {
        b'n' => {
            r.at.pos += 1;
            r.byte()?.into()
        }
        b'l' => {
            r.at.pos += 1;
            r.i32()?
        }
        _ => return Ok(None),
    };
    // Java takes a negative length for an unknown one.
    if length < 0 {
        return Ok(None);
    }
    r.count(length).map(Some)
}

/// A class definition of which the tag was read.
pub(super) fn definition(r: &mut Reader<'_>) -> Result<()> {
    let units = r.int()?;
    let units = r.count(units)?;
    r.new_class(units, |r| {
        // The real reader fails on a negative count, the fixtures take it for none.
        let fields = r.int()?.max(0);
        r.count(fields)
    })
}
