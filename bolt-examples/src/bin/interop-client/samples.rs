//! Values to send, and how their answers are checked.

use std::collections::HashMap;

use bolt_examples::contract::{EchoRequest, EchoResponse, Inner, NestedRequest, NullRequest, Text};
use bolt_hessian::ByteArray;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::check::{self, Outcome};

/// Latin, accents, three-byte characters and one outside the basic plane.
pub(crate) const TEXT: &str = "hello, h\u{e9}llo, \u{4e2d}\u{6587}, \u{1f600}";

/// A request whose answer is known.
pub(crate) trait Sample: Serialize + Send + Sync + 'static {
    type Answer: DeserializeOwned + Send + 'static;
    /// The Java class that the server counts it under.
    const CLASS: &'static str;

    /// A word about the answer, if it is right.
    fn check(&self, answer: Self::Answer) -> Outcome;
}

impl Sample for String {
    type Answer = String;
    const CLASS: &'static str = "java.lang.String";

    fn check(&self, answer: String) -> Outcome {
        check::equal("answer", &format!("echo:{self}"), &answer)?;
        Ok(format!("String of {} bytes", answer.len()))
    }
}

impl Sample for ByteArray {
    type Answer = ByteArray;
    const CLASS: &'static str = "[B";

    fn check(&self, answer: ByteArray) -> Outcome {
        check::equal("answer", self, &answer)?;
        Ok(format!("byte[{}]", answer.len()))
    }
}

impl Sample for EchoRequest {
    type Answer = EchoResponse;
    const CLASS: &'static str = "peer.bolt.EchoRequest";

    fn check(&self, answer: EchoResponse) -> Outcome {
        let server = answer.server.clone().unwrap_or_default();
        check::that(!server.is_empty(), "server is empty")?;
        check::equal("answer", self.clone().answered_by(&server), answer)?;
        Ok(format!("EchoResponse by {server}"))
    }
}

impl Sample for NestedRequest {
    type Answer = NestedRequest;
    const CLASS: &'static str = "peer.bolt.NestedRequest";

    fn check(&self, answer: NestedRequest) -> Outcome {
        check::equal("answer", self, &answer)?;
        Ok("NestedRequest".to_owned())
    }
}

impl Sample for NullRequest {
    type Answer = Text;
    const CLASS: &'static str = "peer.bolt.NullRequest";

    fn check(&self, answer: Text) -> Outcome {
        check::equal("answer", None, answer)?;
        Ok("null".to_owned())
    }
}

pub(crate) fn text(text: &str) -> Text {
    Some(text.to_owned())
}

/// A pattern that no shift or cut leaves unnoticed.
pub(crate) fn bytes(length: usize) -> ByteArray {
    let byte = |i: usize| (i * 31 + i / 256) as u8;
    (0..length).map(byte).collect::<Vec<u8>>().into()
}

pub(crate) fn echo(id: i32, payload: usize) -> EchoRequest {
    EchoRequest {
        id,
        msg: text(TEXT),
        payload: Some(bytes(payload)),
        ts: 1_700_000_000_123,
        d: 12.25,
        flag: true,
        boxed: Some(-7),
        tags: Some(vec![text("a"), text(""), None, text("\u{4e2d}")]),
        attrs: Some(HashMap::from([
            (text("k1"), text("v1")),
            (text(""), text("empty key")),
            (text("k3"), text("\u{1f600}")),
            (text("k4"), None),
        ])),
    }
}

/// A small request, of which there may be thousands.
pub(crate) fn echo64(id: i32) -> EchoRequest {
    EchoRequest {
        id,
        msg: Some(format!("m{id}")),
        payload: Some(bytes(64)),
        ..EchoRequest::default()
    }
}

pub(crate) fn nested() -> NestedRequest {
    let inner = |n, s| Inner { n, s: text(s) };
    NestedRequest {
        name: text("outer"),
        inner: Some(inner(1, "one")),
        inners: Some(vec![Some(inner(2, "two")), None, Some(inner(i32::MIN, ""))]),
    }
}

pub(crate) fn null() -> NullRequest {
    NullRequest { msg: text("n") }
}

/// Unique within and across runs, for counters of our own.
pub(crate) fn key(prefix: &str) -> String {
    use std::hash::{BuildHasher, RandomState};
    // A fresh random state gives a fresh number.
    let number = RandomState::new().hash_one(prefix);
    format!("{prefix}-{}-{number:x}", std::process::id())
}
