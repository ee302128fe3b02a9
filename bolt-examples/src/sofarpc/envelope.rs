//! What stands around arguments and results on the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bolt_codec::bolt::SerializerCode;
use bolt_hessian::Serializer;
use bolt_remoting::rpc::{Body, SerializerError};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::arguments::Arguments;
use super::exception::ServiceException;
use super::header::{BadHeader, HeaderMap};

/// Class of all requests.
pub const REQUEST_CLASS: &str = "com.alipay.sofa.rpc.core.request.SofaRequest";
/// Class of all answers but those that SOFABolt itself gives for a failure.
pub const RESPONSE_CLASS: &str = "com.alipay.sofa.rpc.core.response.SofaResponse";

pub(super) const SERVICE: &str = "service";
pub(super) const TARGET_SERVICE: &str = "sofa_head_target_service";
pub(super) const METHOD: &str = "sofa_head_method_name";
pub(super) const TARGET_APP: &str = "sofa_head_target_app";
const RESPONSE_ERROR: &str = "sofa_head_response_error";

/// Java's `String[]`.
#[derive(Serialize, Deserialize)]
#[serde(rename = "[string")]
struct Strings<'a>(Vec<Cow<'a, str>>);

/// The head of a hessian2 request; the arguments follow it in the same stream.
#[derive(Serialize)]
#[serde(rename = "com.alipay.sofa.rpc.core.request.SofaRequest")]
#[serde(rename_all = "camelCase")]
struct RequestHead<'a> {
    target_app_name: Option<&'a str>,
    method_name: &'a str,
    target_service_unique_name: &'a str,
    /// A map in Java; its texts are in the frame's header too.
    request_props: Option<()>,
    method_arg_sigs: Strings<'a>,
}

/// The same as it is received. Properties are passed over: their texts are in the header.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceivedHead {
    pub(super) method_name: String,
    #[serde(default)]
    pub(super) target_service_unique_name: Option<String>,
    #[serde(default)]
    pub(super) method_arg_sigs: Option<Vec<String>>,
}

/// A hessian2 answer.
#[derive(Serialize)]
#[serde(rename = "com.alipay.sofa.rpc.core.response.SofaResponse")]
#[serde(rename_all = "camelCase")]
struct Answer<'a, T> {
    is_error: bool,
    error_msg: Option<&'a str>,
    app_response: &'a T,
    response_props: Option<BTreeMap<&'static str, &'static str>>,
}

/// The same as it is received.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceivedAnswer<T> {
    pub(super) is_error: bool,
    #[serde(default)]
    pub(super) error_msg: Option<String>,
    pub(super) app_response: T,
}

/// A body that has been made already, or why it could not be.
pub(super) struct Prepared(pub(super) Result<Body, String>);

impl Prepared {
    pub(super) fn body(&self) -> Result<Body, SerializerError> {
        self.0.clone().map_err(Into::into)
    }
}

/// Content of a hessian2 request.
pub(super) fn request(
    app: Option<&str>,
    service: &str,
    method: &str,
    args: &impl Arguments,
) -> bolt_hessian::Result<Vec<u8>> {
    let mut stream = Serializer::default();
    stream.write(&RequestHead {
        target_app_name: app,
        method_name: method,
        target_service_unique_name: service,
        request_props: None,
        method_arg_sigs: Strings(args.types()),
    })?;
    args.write(&mut stream)?;
    Ok(stream.into_vec())
}

/// A hessian2 answer with the value that a method returned.
pub(super) fn result<T: Serialize>(value: &T) -> Prepared {
    hessian(&Answer {
        is_error: false,
        error_msg: None,
        app_response: value,
        response_props: None,
    })
}

/// An answer with what a method threw.
pub(super) fn thrown(code: SerializerCode, exception: &ServiceException) -> Prepared {
    if code == SerializerCode::PROTOBUF {
        // Of an exception Java sends the message alone too.
        return failure_text(exception.message().unwrap_or(exception.class()));
    }
    failure(hessian(&Answer {
        is_error: false,
        error_msg: None,
        app_response: exception.value(),
        response_props: Some(failure_mark()),
    }))
}

/// An answer that says why no method was run.
pub(super) fn refused(code: SerializerCode, text: &str) -> Prepared {
    if code == SerializerCode::PROTOBUF {
        return failure_text(text);
    }
    failure(hessian(&Answer {
        is_error: true,
        error_msg: Some(text),
        app_response: &(),
        response_props: Some(failure_mark()),
    }))
}

/// An answer with these bytes.
pub(super) fn bytes(content: impl Into<Bytes>) -> Prepared {
    Prepared(Ok(Body::new(RESPONSE_CLASS, content)))
}

fn hessian<T: Serialize>(answer: &Answer<'_, T>) -> Prepared {
    let content = bolt_hessian::to_vec(answer).map_err(|error| error.to_string());
    Prepared(content.map(|content| Body::new(RESPONSE_CLASS, content)))
}

fn failure_text(text: &str) -> Prepared {
    failure(bytes(text.to_owned()))
}

fn failure(mut answer: Prepared) -> Prepared {
    if let Ok(body) = &mut answer.0 {
        let mut header = HeaderMap::default();
        header.insert(RESPONSE_ERROR, "true");
        body.header = header.encode();
    }
    answer
}

fn failure_mark() -> BTreeMap<&'static str, &'static str> {
    [(RESPONSE_ERROR, "true")].into()
}

/// Whether the header of an answer says that it is no result.
pub(super) fn says_failure(header: &[u8]) -> Result<bool, BadHeader> {
    let header = HeaderMap::decode(header)?;
    Ok(header.get(RESPONSE_ERROR) == Some("true"))
}
