//! Short ways to say what SOFABolt tests say all the time.

use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion, Head, ResponseStatus, SerializerCode};
use bolt_remoting::rpc::{Body, Processors, Raw};
use bytes::Bytes;

pub(crate) const VERSIONS: [BoltVersion; 3] =
    [BoltVersion::V1, BoltVersion::V2_1, BoltVersion::V2_2];

/// Handled by [`processors`]: the answer is the request.
pub(crate) const ECHO: &str = "com.example.Echo";
/// Handled by [`processors`]: the answer never comes.
pub(crate) const NEVER: &str = "com.example.Never";
/// Handled by [`processors`]: the answer is as many bytes as the content says in digits.
pub(crate) const BYTES: &str = "com.example.Bytes";

pub(crate) const RAW: Raw = Raw {
    code: SerializerCode::HESSIAN,
};

pub(crate) fn bolt() -> Bolt {
    Bolt::following_peer()
}

pub(crate) fn body(class: &'static str, content: impl Into<Bytes>) -> Body {
    Body::new(class, content)
}

pub(crate) fn echo(content: impl Into<Bytes>) -> Body {
    body(ECHO, content)
}

/// A request with the given id.
pub(crate) fn request(
    version: BoltVersion,
    id: u32,
    class: &'static str,
    content: impl Into<Bytes>,
) -> BoltFrame {
    BoltFrame {
        id,
        ..BoltFrame::request(version, class, content)
    }
}

pub(crate) fn oneway(version: BoltVersion, id: u32, class: &'static str) -> BoltFrame {
    let head = Head::Request {
        oneway: true,
        timeout: -1,
    };
    BoltFrame {
        head,
        ..request(version, id, class, "")
    }
}

pub(crate) fn heartbeat(version: BoltVersion, id: u32) -> BoltFrame {
    BoltFrame {
        id,
        ..BoltFrame::heartbeat(version)
    }
}

/// What kind of answer a frame is.
#[track_caller]
pub(crate) fn status(frame: &BoltFrame) -> ResponseStatus {
    match frame.head {
        Head::Response { status } => status,
        Head::Request { .. } => panic!("not an answer: {frame:?}"),
    }
}

/// The timeout field of a request.
#[track_caller]
pub(crate) fn timeout_field(frame: &BoltFrame) -> i32 {
    match frame.head {
        Head::Request { timeout, .. } => timeout,
        Head::Response { .. } => panic!("not a request: {frame:?}"),
    }
}

/// Handlers of the classes above.
pub(crate) fn processors() -> Processors {
    Processors::new()
        .handle_raw(ECHO, |_cx, body| async move { Ok(body) })
        .handle_raw(NEVER, |_cx, _body| std::future::pending())
        .handle_raw(BYTES, |_cx, request| async move {
            let len = std::str::from_utf8(&request.content)?.parse()?;
            Ok(Body::new(BYTES, vec![7; len]))
        })
}
