use std::fmt;

use bytes::Bytes;

/// What a frame's header says: texts by name, in SOFARPC's `SimpleMapSerializer` form. Entries
/// stand back to back, each text as a length of four bytes, big-endian, and UTF-8.
///
/// ```
/// use bolt_examples::sofarpc::HeaderMap;
///
/// let mut header = HeaderMap::default();
/// header.insert("service", "com.example.HelloService:1.0");
/// let bytes = header.encode();
/// assert_eq!(HeaderMap::decode(&bytes)?.get("service"), Some("com.example.HelloService:1.0"));
/// # Ok::<(), bolt_examples::sofarpc::BadHeader>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMap(Vec<(String, String)>);

/// Bytes that are no header map, and where they stop being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadHeader {
    /// How many bytes were right.
    pub offset: usize,
}

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the header is no map of texts (at byte {})", self.offset)
    }
}

impl std::error::Error for BadHeader {}

impl HeaderMap {
    /// Reads a header. A null on either side drops the entry, as in Java.
    ///
    /// # Errors
    ///
    /// [`BadHeader`] if it ends within an entry, or has a length or a text that can't be.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        let mut rest = bytes;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let offset = bytes.len() - rest.len();
            let mut entry = || Some((text(&mut rest)?, text(&mut rest)?));
            if let (Some(key), Some(value)) = entry().ok_or(BadHeader { offset })? {
                entries.push((key.to_owned(), value.to_owned()));
            }
        }
        Ok(Self(entries))
    }

    /// The bytes of the header; none for an empty map. A frame has room for 32,767.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = Vec::new();
        for text in self.0.iter().flat_map(|(key, value)| [key, value]) {
            // A text of 2 GiB and more does not fit into a header anyway.
            let length = i32::try_from(text.len()).unwrap_or(i32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.into()
    }

    /// The value of `key`; of several the last.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let entry = self.0.iter().rev().find(|(name, _)| name == key);
        entry.map(|(_, value)| value.as_str())
    }

    /// Adds an entry.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push((key.into(), value.into()));
    }

    /// All entries in the order of the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.0.iter();
        entries.map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// The next text, or null; `None` if there can't be one.
fn text<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a str>> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    let length = i32::from_be_bytes(*length);
    if length == -1 {
        return Some(None);
    }
    let (text, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(Some(std::str::from_utf8(text).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map<const N: usize>(entries: [(&str, &str); N]) -> HeaderMap {
        HeaderMap(entries.map(|(k, v)| (k.to_owned(), v.to_owned())).into())
    }

    #[test]
    fn entries_stand_back_to_back() {
        let bytes = b"\0\0\0\x04type\0\0\0\x04sync\0\0\0\x01x\0\0\0\0";
        let entries = map([("type", "sync"), ("x", "")]);
        assert_eq!(HeaderMap::decode(bytes), Ok(entries.clone()));
        assert_eq!(entries.encode(), bytes.as_slice());
        assert!(HeaderMap::default().encode().is_empty());
    }

    #[test]
    fn null_drops_its_entry() {
        let bytes = b"\0\0\0\x01a\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x01b\0\0\0\x01c\0\0\0\x01d";
        assert_eq!(HeaderMap::decode(bytes), Ok(map([("c", "d")])));
    }

    #[test]
    fn every_truncation_but_between_entries_is_refused() {
        let bytes = map([("service", "x:1.0"), ("type", "sync")]).encode();
        let between = map([("service", "x:1.0")]).encode().len();
        for length in 1..bytes.len() {
            let fits = HeaderMap::decode(&bytes[..length]).is_ok();
            assert_eq!(fits, length == between, "{length} bytes");
        }
    }

    #[test]
    fn impossible_lengths_and_texts_are_refused() {
        let good = b"\0\0\0\x01a\0\0\0\x01b".as_slice();
        for bad in [
            b"\xff\xff\xff\xfe\0\0\0\0".as_slice(),
            b"\x7f\xff\xff\xffa",
            b"\0\0\0\x01\xff\0\0\0\0",
        ] {
            let bytes = [good, bad].concat();
            let refused = BadHeader { offset: good.len() };
            assert_eq!(HeaderMap::decode(&bytes), Err(refused), "{bad:?}");
        }
    }
}
