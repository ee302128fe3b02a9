use std::fmt;
use std::str::FromStr;

/// A node of a group: `ip:port`, where a process has several nodes of the group with an index, and
/// with a priority for elections: `ip:port:index:priority`.
///
/// ```
/// use bolt_examples::jraft::PeerId;
///
/// let peer: PeerId = "127.0.0.1:8081:0:100".parse()?;
/// assert_eq!(peer.address(), "127.0.0.1:8081");
/// assert_eq!(peer.as_str(), "127.0.0.1:8081:0:100");
/// # Ok::<(), bolt_examples::jraft::BadPeerId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerId {
    text: String,
    /// How much of it is the address.
    address: usize,
}

/// A text that is no peer id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPeerId(String);

impl fmt::Display for BadPeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no peer id: ip:port[:index[:priority]]", self.0)
    }
}

impl std::error::Error for BadPeerId {}

impl PeerId {
    /// The peer ids of a configuration, which commas separate. Java: `Configuration.parse`.
    ///
    /// # Errors
    ///
    /// [`BadPeerId`] for the first that is none.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, BadPeerId> {
        text.split(',').map(str::parse).collect()
    }

    /// Where it listens: `ip:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.text[..self.address]
    }

    /// The whole of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for PeerId {
    type Err = BadPeerId;

    fn from_str(text: &str) -> Result<Self, BadPeerId> {
        let address = address_in(text).ok_or_else(|| BadPeerId(text.into()))?;
        Ok(Self {
            text: text.into(),
            address,
        })
    }
}

/// The length of the address that `text` begins with, if all of it is a peer id.
fn address_in(text: &str) -> Option<usize> {
    let host = match text.strip_prefix('[') {
        // An IPv6 address.
        Some(rest) => rest.find(']')? + 2,
        None => text.find(':')?,
    };
    let rest = text.get(host..)?.strip_prefix(':')?;
    let mut parts = rest.split(':');
    let port = parts.next()?;
    let numbers: Vec<&str> = parts.collect();
    let are_numbers = numbers
        .iter()
        .all(|part| part.is_empty() || part.parse::<i32>().is_ok());
    let is_peer = host > 0 && port.parse::<u16>().is_ok() && numbers.len() <= 2 && are_numbers;
    is_peer.then_some(host + 1 + port.len())
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_first_two_parts() {
        for (text, address) in [
            ("127.0.0.1:8081", "127.0.0.1:8081"),
            ("127.0.0.1:8081:1", "127.0.0.1:8081"),
            ("node:8081::100", "node:8081"),
            ("[::1]:8081:0:-1", "[::1]:8081"),
        ] {
            let peer: PeerId = text.parse().expect(text);
            assert_eq!((peer.address(), peer.as_str()), (address, text));
        }
    }

    #[test]
    fn other_texts_are_no_peer_ids() {
        for text in [
            "",
            ":",
            "x",
            "x:",
            ":1",
            "x:70000",
            "x:1:y",
            "x:1:2:3:4",
            "[::1",
            "[]",
            "[::1]x",
            "ü:",
        ] {
            assert_eq!(text.parse::<PeerId>(), Err(BadPeerId(text.into())));
        }
    }
}
