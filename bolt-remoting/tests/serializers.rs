//! Serializers beside Hessian, and the choice between them.

#![cfg(all(
    feature = "hessian",
    feature = "json",
    feature = "protobuf",
    feature = "tower"
))]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::{ResponseStatus, SerializerCode};
use bolt_hessian::{JavaException, Value};
use bolt_remoting::ErrorKind;
use bolt_remoting::rpc::{
    Body, ByCode, DecodeBody, EncodeBody, Hessian, JavaClass, Json, Processor, Processors,
    Protobuf, Raw, RequestContext, RpcClient, SerializerError, Tower,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use support::bolt::{ECHO, NEVER, RAW, body, echo, processors};
use support::wire::{patient, server_with};
use support::{SEC, within};

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(rename = "com.example.Point")]
struct Point {
    #[prost(int32, tag = "1")]
    x: i32,
    #[prost(string, tag = "2")]
    name: String,
}

impl JavaClass for Point {
    const NAME: &'static str = "com.example.Point";
}

fn point() -> Point {
    Point {
        x: -1,
        name: "中".into(),
    }
}

type ToTheRight = ByCode<Hessian, ByCode<Json, Protobuf>>;
type ToTheLeft = ByCode<ByCode<Hessian, Json>, Protobuf>;

async fn echoing() -> (bolt_remoting::RpcServer, String) {
    echoing_in(Arc::<ToTheRight>::default()).await
}

async fn echoing_in<S>(serializer: Arc<S>) -> (bolt_remoting::RpcServer, String)
where
    S: EncodeBody<Point> + DecodeBody<Point>,
{
    let handler = |_cx, point: Point| async { Ok(point) };
    server_with(Processors::new().handle_with(Point::NAME, serializer, handler)).await
}

#[tokio::test]
async fn one_handler_answers_each_caller_in_the_serializer_of_its_request() {
    answers_in_each(Arc::<ToTheRight>::default()).await;
    answers_in_each(Arc::<ToTheLeft>::default()).await;
}

async fn answers_in_each<S>(serializer: Arc<S>)
where
    S: EncodeBody<Point> + DecodeBody<Point>,
{
    let (_server, address) = echoing_in(serializer).await;
    let client = patient();
    let contents: BTreeMap<u8, Bytes> = [
        (1, bolt_hessian::to_vec(&point()).unwrap().into()),
        (11, prost::Message::encode_to_vec(&point()).into()),
        (12, serde_json::to_vec(&point()).unwrap().into()),
    ]
    .into();
    for (code, content) in contents {
        let raw = Raw {
            code: SerializerCode(code),
        };
        let request = body(Point::NAME, content.clone());
        let answer = within(client.invoke_raw(raw, &address, &request).into_future()).await;
        assert_eq!(answer.unwrap(), body(Point::NAME, content), "code {code}");
    }
    let json: Point = within(
        client
            .invoke_with(&Arc::new(Json), &address, &point())
            .into_future(),
    )
    .await
    .unwrap();
    let protobuf = Arc::new(Protobuf::default());
    let call = client.invoke_with(&protobuf, &address, &point());
    let protobuf: Point = within(call.into_future()).await.unwrap();
    assert_eq!([json, protobuf], [point(), point()]);
}

#[tokio::test]
async fn a_code_that_no_serializer_reads_is_a_deserialization_error() {
    let (_server, address) = echoing().await;
    let raw = Raw {
        code: SerializerCode(99),
    };
    let client = patient();
    let call = client.invoke_raw(raw, &address, &body(Point::NAME, "x"));
    let error = within(call.into_future()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerDeserialize);
}

#[tokio::test]
async fn bytes_that_are_no_json_and_no_protobuf_are_errors_of_their_call_only() {
    let (_server, address) = echoing().await;
    let client = patient();
    for code in [SerializerCode::JSON, SerializerCode::PROTOBUF] {
        let call = client.invoke_raw(Raw { code }, &address, &body(Point::NAME, "\u{1}{"));
        let error = within(call.into_future()).await.unwrap_err();
        assert_eq!(
            error.status(),
            Some(ResponseStatus::SERVER_DESERIAL_EXCEPTION)
        );
    }
    let json = Arc::new(Json);
    let call = client.invoke_with::<_, Point, _>(&json, &address, &point());
    within(call.into_future()).await.unwrap();
}

#[tokio::test]
async fn null_is_no_content_in_json_too() {
    let handler = |_cx, n: Option<i32>| async move {
        assert_eq!(n, Some(1));
        Ok(None::<i32>)
    };
    let json = Arc::new(Json);
    let processors = Processors::new().handle_with("java.lang.Integer", Arc::clone(&json), handler);
    let (_server, address) = server_with(processors).await;
    let client = patient();
    let call = client.invoke_with::<_, Option<i32>, _>(&json, &address, &1);
    assert_eq!(within(call.into_future()).await.unwrap(), None);
}

#[tokio::test]
async fn dynamic_calls_need_no_rust_types() {
    let handler = |_cx, value: Value| async move { Ok(value) };
    let (_server, address) =
        server_with(Processors::new().handle_class("com.example.Unseen", handler)).await;
    let client = patient();
    let value = Value::object("com.example.Unseen", [("size", Value::Int(3))]);
    let call = client.invoke::<_, Value>(&address, &value);
    assert_eq!(within(call.into_future()).await.unwrap(), value);
}

/// One processor for two classes. Java: `MultiInterestUserProcessor`.
struct Both;

impl Processor for Both {
    type Request = Value;
    type Response = String;

    fn classes(&self) -> Vec<Bytes> {
        ["java.lang.Integer", "java.lang.Boolean"]
            .map(Bytes::from)
            .into()
    }

    async fn process(
        &self,
        cx: RequestContext,
        _request: Value,
    ) -> bolt_remoting::rpc::HandlerResult<String> {
        Ok(String::from_utf8_lossy(cx.class()).into_owned())
    }
}

#[tokio::test]
async fn a_processor_may_have_several_classes() {
    let (_server, address) = server_with(Processors::new().processor(Both)).await;
    let client = patient();
    let number: String = client.invoke(&address, &1).await.unwrap();
    let truth: String = client.invoke(&address, &true).await.unwrap();
    assert_eq!([number, truth], ["java.lang.Integer", "java.lang.Boolean"]);
}

#[tokio::test]
async fn tower_layers_stand_around_requests_and_calls() {
    let impatient = Tower::new(tower::timeout::TimeoutLayer::new(Duration::from_millis(20)));
    let (_server, address) = server_with(processors().intercept(impatient)).await;
    let one_at_a_time = tower::limit::GlobalConcurrencyLimitLayer::new(1);
    let client = RpcClient::builder()
        .intercept(Tower::new(one_at_a_time))
        .timeout(SEC * 30)
        .build()
        .unwrap();
    let never = client.invoke_raw(RAW, &address, &body(NEVER, ""));
    let error = within(never.into_future()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerException);
    let calls = (0..10).map(|_| {
        client
            .invoke_raw(RAW, &address, &body(ECHO, ""))
            .into_future()
    });
    for outcome in within(futures::future::join_all(calls)).await {
        assert_eq!(outcome.unwrap(), echo(""));
    }
}

#[tokio::test]
async fn an_exception_may_be_an_ordinary_answer() {
    let handler = |_cx, text: String| async move {
        Ok(JavaException::new("java.lang.IllegalStateException", text))
    };
    let (_server, address) = server_with(Processors::new().handle(handler)).await;
    let client = patient();
    let call = client.invoke::<_, JavaException>(&address, "as a value");
    let exception = within(call.into_future()).await.unwrap();
    assert_eq!(exception.class_name, "java.lang.IllegalStateException");
    assert_eq!(exception.message.as_deref(), Some("as a value"));
}

/// Fails at one of its four points.
#[derive(Clone, Copy, PartialEq)]
struct FailsAt(ErrorKind);

impl EncodeBody<Body> for FailsAt {
    fn code(&self) -> SerializerCode {
        RAW.code
    }
    fn encode(&self, value: &Body) -> std::result::Result<Body, SerializerError> {
        if [ErrorKind::Serialize, ErrorKind::ServerSerialize].contains(&self.0) {
            return Err("can't write".into());
        }
        Ok(value.clone())
    }
}

impl DecodeBody<Body> for FailsAt {
    fn decode(&self, _: SerializerCode, body: Body) -> std::result::Result<Body, SerializerError> {
        if [ErrorKind::Deserialize, ErrorKind::ServerDeserialize].contains(&self.0) {
            return Err("can't read".into());
        }
        Ok(body)
    }
}

#[tokio::test]
async fn a_serializer_s_failure_is_told_by_kind_at_each_of_its_four_points_in_every_style() {
    for kind in [
        ErrorKind::Serialize,
        ErrorKind::ServerDeserialize,
        ErrorKind::ServerSerialize,
        ErrorKind::Deserialize,
    ] {
        let fails = Arc::new(FailsAt(kind));
        let echo_handler = |_cx, body: Body| async { Ok(body) };
        let handlers = match kind {
            ErrorKind::ServerDeserialize | ErrorKind::ServerSerialize => {
                Processors::new().handle_with(ECHO, Arc::clone(&fails), echo_handler)
            }
            _ => processors(),
        };
        let (_server, address) = server_with(handlers).await;
        let client = patient();
        let call = || match kind {
            ErrorKind::Serialize | ErrorKind::Deserialize => {
                client.invoke_with::<_, Body, _>(&fails, &address, &echo("x"))
            }
            _ => client.invoke_raw(RAW, &address, &echo("x")),
        };
        let sync = within(call().into_future()).await;
        let future = match call().future().await {
            Ok(answer) => within(answer).await,
            Err(error) => Err(error),
        };
        let (tell, told) = tokio::sync::oneshot::channel();
        call().callback(move |outcome: bolt_remoting::Result<Body>| tell.send(outcome).unwrap());
        for outcome in [sync, future, within(told).await.unwrap()] {
            assert_eq!(outcome.unwrap_err().kind(), kind);
        }
    }
}

#[tokio::test]
async fn every_serializer_code_reaches_handler_and_answer_in_both_directions() {
    let (server, address) = server_with(processors()).await;
    let client = RpcClient::builder()
        .processors(processors())
        .build()
        .unwrap();
    client.connect(&address).await.unwrap();
    support::eventually(|| !server.connections().is_empty()).await;
    let back = &server.connections()[0];
    for code in (0..=255).map(SerializerCode) {
        let there = Raw { code };
        let connection = client.connect(&address).await.unwrap();
        for connection in [&connection, back] {
            let frame = connection.invoke_raw(there, &echo("x"));
            assert_eq!(within(frame.into_future()).await.unwrap(), echo("x"));
        }
    }
}
