//! Writes tags, lengths and tables of either dialect into a buffer.

mod containers;
mod objects;
mod shapes;
mod tables;
mod text;
mod value;

pub(crate) use self::containers::{Length, ListStart};
pub(crate) use self::objects::Fields;
use self::tables::Tables;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{Dialect, Options};

#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
    tables: Tables,
    /// Lists, maps and objects begun so far.
    containers: u32,
    dialect: Dialect,
    depth_left: u32,
}

impl Writer {
    /// A writer that appends to `out`.
    pub(crate) fn new(out: Vec<u8>, options: Options) -> Self {
        Writer {
            out,
            dialect: options.dialect,
            depth_left: options.limits.depth,
            ..Writer::default()
        }
    }

    pub(crate) fn into_out(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn out(&self) -> &[u8] {
        &self.out
    }

    pub(crate) fn null(&mut self) {
        self.out.push(b'N');
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.out.push(if value { b'T' } else { b'F' });
    }

    #[inline]
    pub(crate) fn int(&mut self, value: i32) {
        // The casts keep the low byte, which is what the forms hold.
        match value {
            -16..=47 => self.out.push((value + 0x90) as u8),
            -2048..=2047 => self
                .out
                .extend_from_slice(&[((value >> 8) + 0xc8) as u8, value as u8]),
            -262_144..=262_143 => self.out.extend_from_slice(&[
                ((value >> 16) + 0xd4) as u8,
                (value >> 8) as u8,
                value as u8,
            ]),
            _ => self.tagged(b'I', value.to_be_bytes()),
        }
    }

    #[inline]
    pub(crate) fn long(&mut self, value: i64) {
        match value {
            -8..=15 => self.out.push((value + 0xe0) as u8),
            -2048..=2047 => self
                .out
                .extend_from_slice(&[((value >> 8) + 0xf8) as u8, value as u8]),
            -262_144..=262_143 => self.out.extend_from_slice(&[
                ((value >> 16) + 0x3c) as u8,
                (value >> 8) as u8,
                value as u8,
            ]),
            _ => match i32::try_from(value) {
                Ok(value) => {
                    let tag = self.tag(b'w', b'Y');
                    self.tagged(tag, value.to_be_bytes());
                }
                Err(_) => self.tagged(b'L', value.to_be_bytes()),
            },
        }
    }

    pub(crate) fn double(&mut self, value: f64) {
        // Unlike Java we keep the sign of -0.0, which the short form has no room for.
        let whole = value as i32;
        if f64::from(whole).to_bits() == value.to_bits() {
            match whole {
                0 => return self.out.push(self.tag(0x67, 0x5b)),
                1 => return self.out.push(self.tag(0x68, 0x5c)),
                -128..=127 => {
                    let tag = self.tag(0x69, 0x5d);
                    return self.out.extend_from_slice(&[tag, whole as u8]);
                }
                -32768..=32767 => {
                    let tag = self.tag(0x6a, 0x5e);
                    return self.tagged(tag, (whole as i16).to_be_bytes());
                }
                _ => {}
            }
        }
        match self.dialect {
            Dialect::Draft => {
                let narrow = value as f32;
                if f64::from(narrow) == value {
                    return self.tagged(0x6b, narrow.to_bits().to_be_bytes());
                }
            }
            Dialect::Published => {
                let thousandths = (value * 1000.0) as i32;
                if (0.001 * f64::from(thousandths)).to_bits() == value.to_bits() {
                    return self.tagged(0x5f, thousandths.to_be_bytes());
                }
            }
        }
        self.tagged(b'D', value.to_bits().to_be_bytes());
    }

    /// A date in milliseconds since 1970.
    pub(crate) fn date(&mut self, milliseconds: i64) {
        if self.dialect == Dialect::Published
            && milliseconds % 60_000 == 0
            && let Ok(minutes) = i32::try_from(milliseconds / 60_000)
        {
            return self.tagged(b'K', minutes.to_be_bytes());
        }
        let tag = self.tag(b'd', b'J');
        self.tagged(tag, milliseconds.to_be_bytes());
    }

    /// The tag for the dialect that is written.
    fn tag(&self, draft: u8, published: u8) -> u8 {
        match self.dialect {
            Dialect::Draft => draft,
            Dialect::Published => published,
        }
    }

    fn tagged<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        self.out.push(tag);
        self.out.extend_from_slice(&bytes);
    }

    /// Moves what was written from `from` on before what was written from `to` on.
    fn move_back(&mut self, from: usize, to: usize) {
        let length = self.out.len() - from;
        self.out[to..].rotate_right(length);
    }

    fn enter(&mut self) -> Result<()> {
        match self.depth_left.checked_sub(1) {
            Some(left) => self.depth_left = left,
            None => return Err(Error::new(ErrorKind::TooDeep)),
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth_left += 1;
    }
}

/// A length as the wire has it.
fn wire_length(length: usize) -> Result<i32> {
    i32::try_from(length).map_err(|_| Error::new(ErrorKind::TooLong))
}
