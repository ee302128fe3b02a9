//! Values and commands to bytes and back.

use bolt_codec::{CodecError, EncodeBuf, FrameDecoder, FrameEncoder, Limits, Role};
use bytes::{Buf, Bytes, BytesMut};

use super::{Command, Frame, Value};

/// Deepest nesting of arrays; Redis itself answers with three levels or so.
const DEEPEST: usize = 32;
/// Most values in one answer, as in Redis: a value takes ten times the memory of its bytes.
const MOST_VALUES: u64 = 1024 * 1024;
/// Longest line: simple strings, errors and lengths.
const LONGEST_LINE: usize = 64 * 1024;

/// Reads values, and commands at the server's end.
///
/// Goes over the bytes as they arrive, to find out where a value ends, and takes it when it is whole:
/// what has been seen is not looked at again.
#[derive(Debug)]
pub struct RespDecoder {
    role: Role,
    limits: Limits,
    /// Where the next item of the value begins.
    at: usize,
    /// How much of its first line has been searched for the end.
    searched: usize,
    /// Items that are still to come.
    open: u64,
    seen: u64,
}

/// The line that an item begins with.
struct Line<'a> {
    kind: u8,
    text: &'a [u8],
    /// Where the bytes after it begin.
    next: usize,
}

impl RespDecoder {
    pub(super) fn new(role: Role, limits: Limits) -> Self {
        Self {
            role,
            limits,
            at: 0,
            searched: 0,
            open: 1,
            seen: 0,
        }
    }

    /// Goes on to the end of the next item; `false` when it has not arrived.
    fn skip_item(&mut self, src: &[u8]) -> Result<bool, CodecError> {
        let Some(Line { kind, text, next }) = self.line(src)? else {
            return Ok(false);
        };
        let (mut end, mut inner) = (next as u64, 0);
        match kind {
            b'+' | b'-' => {}
            b':' => _ = integer(text)?,
            b'$' => end += length(text)?.map_or(0, |len| len + 2),
            b'*' => inner = length(text)?.unwrap_or(0),
            other => {
                let text = format!("no value begins with {other:#04x}");
                return Err(CodecError::malformed(text));
            }
        }
        self.limits.check(end)?;
        self.open += inner;
        self.seen += inner;
        if self.seen > MOST_VALUES {
            return Err(CodecError::malformed("too many values in one"));
        }
        if src.len() < end as usize {
            // The line is short and stays: nothing is noted of it.
            (self.open, self.seen) = (self.open - inner, self.seen - inner);
            return Ok(false);
        }
        self.at = end as usize;
        self.searched = 0;
        self.open -= 1;
        Ok(true)
    }

    /// The first line of the item.
    fn line<'a>(&mut self, src: &'a [u8]) -> Result<Option<Line<'a>>, CodecError> {
        let item = &src[self.at..];
        let begin = self.searched.max(1);
        let found = item.get(begin..).and_then(|rest| {
            let mut pairs = rest.windows(2);
            pairs.position(|pair| pair == b"\r\n")
        });
        let line_len = found.map_or(item.len(), |found| begin + found);
        if line_len > LONGEST_LINE {
            return Err(CodecError::malformed("the line is too long"));
        }
        if found.is_none() {
            // The last byte may be half of the end.
            self.searched = item.len().saturating_sub(1);
            return Ok(None);
        }
        Ok(Some(Line {
            kind: item[0],
            text: &item[1..line_len],
            next: self.at + line_len + 2,
        }))
    }
}

impl FrameDecoder for RespDecoder {
    type Frame = Frame;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        while self.open > 0 {
            if !self.skip_item(src)? {
                return Ok(None);
            }
        }
        let mut whole = src.split_to(self.at).freeze();
        *self = Self::new(self.role, self.limits);
        let value = take(&mut whole, DEEPEST)?;
        match self.role {
            Role::Client => Ok(Some(Frame::Answer(value))),
            Role::Server => command(value).map(|command| Some(Frame::Command(command))),
        }
    }
}

/// Takes a value that is known to be whole.
fn take(whole: &mut Bytes, deeper: usize) -> Result<Value, CodecError> {
    let kind = whole[0];
    let mut pairs = whole.windows(2);
    let end = pairs.position(|pair| pair == b"\r\n").unwrap_or(1);
    let line = whole.split_to(end).slice(1..);
    whole.advance(2);
    Ok(match kind {
        b'+' => Value::Simple(line),
        b'-' => Value::Error(line),
        b':' => Value::Integer(integer(&line)?),
        b'$' => match length(&line)? {
            None => Value::Nil,
            Some(len) => {
                let bytes = whole.split_to(len as usize);
                if !whole.starts_with(b"\r\n") {
                    return Err(CodecError::malformed("a bulk string without its end"));
                }
                whole.advance(2);
                Value::Bulk(bytes)
            }
        },
        _ => match length(&line)? {
            None => Value::Nil,
            Some(_) if deeper == 0 => {
                return Err(CodecError::malformed("arrays are nested too deeply"));
            }
            Some(len) => {
                let values = (0..len).map(|_| take(whole, deeper - 1));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
        },
    })
}

/// A command is an array of bulk strings, and not an empty one.
fn command(value: Value) -> Result<Command, CodecError> {
    let malformed = || CodecError::malformed("no command: an array of bulk strings is one");
    let Value::Array(values) = value else {
        return Err(malformed());
    };
    let words = values.into_iter().map(|value| match value {
        Value::Bulk(word) => Ok(word),
        _ => Err(malformed()),
    });
    let words = words.collect::<Result<Vec<_>, _>>()?;
    match words.is_empty() {
        true => Err(malformed()),
        false => Ok(Command { words }),
    }
}

fn integer(line: &[u8]) -> Result<i64, CodecError> {
    let number = std::str::from_utf8(line).ok();
    let number = number.and_then(|line| line.parse().ok());
    number.ok_or_else(|| CodecError::malformed("not a number"))
}

/// `None` for the length -1, which means nil.
fn length(line: &[u8]) -> Result<Option<u64>, CodecError> {
    match integer(line)? {
        -1 => Ok(None),
        len => u64::try_from(len)
            .map(Some)
            .map_err(|_| CodecError::malformed("a negative length")),
    }
}

/// Writes commands, and values at the server's end.
#[derive(Debug)]
pub struct RespEncoder {
    limits: Limits,
}

impl RespEncoder {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

impl FrameEncoder for RespEncoder {
    type Frame = Frame;

    fn encode(&mut self, frame: Frame, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        self.limits
            .check(bolt_codec::Frame::encoded_len(&frame) as u64)?;
        match frame {
            Frame::Command(command) => {
                put_line(b'*', command.words.len(), dst);
                command
                    .words
                    .into_iter()
                    .for_each(|word| put_bulk(word, dst));
                Ok(())
            }
            Frame::Answer(value) => put(value, dst),
        }
    }
}

fn put(value: Value, dst: &mut EncodeBuf) -> Result<(), CodecError> {
    match value {
        Value::Simple(text) | Value::Error(text) if text.contains(&b'\n') => {
            return Err(CodecError::malformed("two lines in one"));
        }
        Value::Simple(text) => put_text(b'+', &text, dst),
        Value::Error(text) => put_text(b'-', &text, dst),
        Value::Integer(number) => put_line(b':', number, dst),
        Value::Bulk(bytes) => put_bulk(bytes, dst),
        Value::Nil => dst.put_slice(b"$-1\r\n"),
        Value::Array(values) => {
            put_line(b'*', values.len(), dst);
            return values.into_iter().try_for_each(|value| put(value, dst));
        }
    }
    Ok(())
}

fn put_bulk(bytes: Bytes, dst: &mut EncodeBuf) {
    put_line(b'$', bytes.len(), dst);
    dst.put_bytes(bytes);
    dst.put_slice(b"\r\n");
}

fn put_line(kind: u8, number: impl ToString, dst: &mut EncodeBuf) {
    put_text(kind, number.to_string().as_bytes(), dst);
}

fn put_text(kind: u8, text: &[u8], dst: &mut EncodeBuf) {
    dst.put_slice(&[kind]);
    dst.put_slice(text);
    dst.put_slice(b"\r\n");
}

/// At most so many bytes: lengths are taken for long.
pub(super) fn len_of_words(words: &[Bytes]) -> usize {
    words.iter().map(|word| word.len() + 16).sum::<usize>() + 16
}

/// As [`len_of_words`].
pub(super) fn len_of(value: &Value) -> usize {
    match value {
        Value::Simple(text) | Value::Error(text) => text.len() + 3,
        Value::Integer(_) => 23,
        Value::Bulk(bytes) => bytes.len() + 16,
        Value::Nil => 5,
        Value::Array(values) => values.iter().map(len_of).sum::<usize>() + 16,
    }
}
