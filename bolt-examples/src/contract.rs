//! The request and answer classes of the contract, in Java's package `peer.bolt`. What servers do with
//! them is in `bolt-examples/CONTRACT.md`.
//!
//! Fields that a peer leaves out have their defaults, and unknown ones are passed over, as in
//! Java. Any Java `String` may be null: [`Text`].

pub mod counter;
pub mod sofarpc;

use std::collections::HashMap;

use bolt_hessian::ByteArray;
use serde::{Deserialize, Serialize};

/// A Java `String`.
pub type Text = Option<String>;

/// What Java's `+` makes of a `String`.
#[must_use]
pub fn or_null(text: &Text) -> &str {
    text.as_deref().unwrap_or("null")
}

/// Declares structs that are bound to classes of `peer.bolt`.
macro_rules! classes {
    ($($(#[$doc:meta])* $java:literal $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename = $java, rename_all = "camelCase", default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }
    )*};
}

classes! {
    /// A value of every common kind; answered by an [`EchoResponse`].
    "peer.bolt.EchoRequest" EchoRequest {
        /// `int`
        id: i32,
        /// `String`
        msg: Text,
        /// `byte[]`
        payload: Option<ByteArray>,
        /// `long`
        ts: i64,
        /// `double`
        d: f64,
        /// `boolean`
        flag: bool,
        /// `Integer`
        boxed: Option<i32>,
        /// `List<String>`
        tags: Option<Vec<Text>>,
        /// `Map<String, String>`
        attrs: Option<HashMap<Text, Text>>,
    }

    /// The fields of an [`EchoRequest`] and who answered it.
    "peer.bolt.EchoResponse" EchoResponse {
        /// `int`
        id: i32,
        /// `String`
        msg: Text,
        /// `byte[]`
        payload: Option<ByteArray>,
        /// `long`
        ts: i64,
        /// `double`
        d: f64,
        /// `boolean`
        flag: bool,
        /// `Integer`
        boxed: Option<i32>,
        /// `List<String>`
        tags: Option<Vec<Text>>,
        /// `Map<String, String>`
        attrs: Option<HashMap<Text, Text>>,
        /// The implementation of the server.
        server: Text,
    }

    /// Objects within an object; answered by an equal one.
    "peer.bolt.NestedRequest" NestedRequest {
        /// Any text.
        name: Text,
        /// An object.
        inner: Option<Inner>,
        /// Objects and nulls.
        inners: Option<Vec<Option<Inner>>>,
    }

    /// Part of a [`NestedRequest`].
    "peer.bolt.Inner" Inner {
        /// `int`
        n: i32,
        /// `String`
        s: Text,
    }

    /// Answered later, from elsewhere, as `mode` says.
    "peer.bolt.AsyncRequest" AsyncRequest {
        /// Comes back in the answer.
        msg: Text,
        /// When to answer.
        delay_ms: i32,
        /// `ok`, `null`, `exception`, `throw`, `never` or `double`.
        mode: Text,
    }

    /// Fails.
    "peer.bolt.ThrowRequest" ThrowRequest {
        /// `checked`, `error`, `nomsg`, or anything else for a runtime exception.
        kind: Text,
        /// The message of the exception.
        msg: Text,
    }

    /// Answered by null.
    "peer.bolt.NullRequest" NullRequest {
        /// Any text.
        msg: Text,
    }

    /// Answered after a while; many at once.
    "peer.bolt.SleepRequest" SleepRequest {
        /// How long.
        millis: i32,
        /// Comes back in the answer.
        tag: Text,
    }

    /// Runs alone, with one more waiting; any further is refused.
    "peer.bolt.BusyRequest" BusyRequest {
        /// How long.
        millis: i32,
    }

    /// Runs alone, with many waiting; not run when its deadline has passed by then.
    "peer.bolt.FailFastRequest" FailFastRequest {
        /// How long.
        millis: i32,
        /// Counted as `ff:KEY` when it runs.
        key: Text,
    }

    /// Calls the client back.
    "peer.bolt.DuplexRequest" DuplexRequest {
        /// `sync`, `future`, `address`, `oneway` or `throw`.
        mode: Text,
        /// Passed on.
        msg: Text,
        /// How often.
        times: i32,
    }

    /// What the server asks the client for a [`DuplexRequest`].
    "peer.bolt.CallbackRequest" CallbackRequest {
        /// `throw` fails, anything else is answered.
        mode: Text,
        /// Comes back in the answer.
        msg: Text,
        /// From 0.
        seq: i32,
    }

    /// Sent with a serializer of its own, [`CustomCodec`](crate::custom::CustomCodec).
    "peer.bolt.CustomRequest" CustomRequest {
        /// The header as UTF-8; null is no header.
        header_text: Text,
        /// The content as it is.
        body: ByteArray,
    }

    /// Answer to a [`CustomRequest`]: `re:` before the header, the body reversed.
    "peer.bolt.CustomResponse" CustomResponse {
        /// The header as UTF-8; null is no header.
        header_text: Text,
        /// The content as it is.
        body: ByteArray,
    }

    /// Has a header of its own, [`SelectorCodec`](crate::custom::SelectorCodec), that chooses
    /// where it runs.
    "peer.bolt.SelectorRequest" SelectorRequest {
        /// `one`, or anything else.
        header_text: Text,
        /// Comes back in the answer.
        msg: Text,
    }

    /// Handled on the connection's own task.
    "peer.bolt.IoThreadRequest" IoThreadRequest {
        /// Comes back in the answer.
        msg: Text,
    }

    /// Counted as `oneway:KEY`.
    "peer.bolt.OnewayRequest" OnewayRequest {
        /// What to count.
        key: Text,
    }

    /// Asks for a count.
    "peer.bolt.StatsRequest" StatsRequest {
        /// Which: a class name, a key, `@port`, `@conns` or `@timeout`.
        key: Text,
    }

    /// Succeeds with something that can't be serialized.
    "peer.bolt.UnserializableRequest" UnserializableRequest {
        /// Any text.
        msg: Text,
    }

    /// Tells the server to cut connections.
    "peer.bolt.ControlRequest" ControlRequest {
        /// `close`, `restart` or `exit`.
        cmd: Text,
        /// Milliseconds.
        arg: i32,
    }

    /// A class that no server handles.
    "peer.bolt.UnknownRequest" UnknownRequest {
        /// Any text.
        msg: Text,
    }

    /// What the two classes of [`Multi`] hold.
    "peer.bolt.MultiMessage" MultiMessage {
        /// Comes back in the answer.
        msg: Text,
    }
}

/// Two classes that have one processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Multi {
    /// Answered by `A:` and the message.
    #[serde(rename = "peer.bolt.MultiA")]
    A(MultiMessage),
    /// Answered by `B:` and the message.
    #[serde(rename = "peer.bolt.MultiB")]
    B(MultiMessage),
}

impl Multi {
    /// The names of both classes.
    pub const CLASSES: [&str; 2] = ["peer.bolt.MultiA", "peer.bolt.MultiB"];
}

/// A class whose content is no Hessian at all.
pub const GARBAGE_CLASS: &str = "peer.bolt.GarbageRequest";

/// What a request of [`GARBAGE_CLASS`] holds: the lone end of a list.
pub const GARBAGE: &[u8] = &[0x43, 0xff, 0xff, 0x42, 0x42];

impl EchoRequest {
    /// The answer that `server` gives.
    #[must_use]
    pub fn answered_by(self, server: &str) -> EchoResponse {
        EchoResponse {
            id: self.id,
            msg: self.msg,
            payload: self.payload,
            ts: self.ts,
            d: self.d,
            flag: self.flag,
            boxed: self.boxed,
            tags: self.tags,
            attrs: self.attrs,
            server: Some(server.to_owned()),
        }
    }
}
