//! SOFARPC consumers and providers of ours: what they make of each other, and of bytes that nobody
//! should send.

#![forbid(unsafe_code)]

use std::time::Duration;

use bolt_codec::Limits;
use bolt_codec::bolt::SerializerCode;
use bolt_examples::contract::sofarpc::{HelloReq, HelloRes};
use bolt_examples::sofarpc::{
    Consumer, HeaderMap, Provider, REQUEST_CLASS, RESPONSE_CLASS, Service, ServiceException,
    ServiceName, SofaError, Untyped,
};
use bolt_hessian::{ByteArray, Serializer, Value};
use bolt_remoting::rpc::{Body, Processors, Raw};
use bolt_remoting::{ConnectionConfig, ErrorKind, RpcClient, RpcServer};

const ECHO: &str = "com.example.Echo";

/// A server and a client of it, with one connection.
struct Pair {
    server: RpcServer,
    client: RpcClient,
}

impl Pair {
    async fn new(processors: Processors) -> Self {
        let server = RpcServer::builder().processors(processors);
        Self {
            server: server.bind("127.0.0.1:0").await.expect("a port"),
            client: RpcClient::new(),
        }
    }

    async fn provider(services: impl IntoIterator<Item = Service>) -> Self {
        let mut provider = Provider::new();
        for service in services {
            provider = provider.service(service).expect("different names");
        }
        Self::new(provider.into_processors()).await
    }

    fn address(&self) -> String {
        self.server.local_addr().to_string()
    }

    fn consumer(&self, service: impl Into<ServiceName>) -> Consumer {
        Consumer::new(&self.client, &self.address(), service)
    }

    async fn raw(&self, code: SerializerCode, header: &[u8], content: &[u8]) -> Answered {
        let mut body = Body::new(REQUEST_CLASS, content.to_vec());
        body.header = header.to_vec().into();
        let answer = self.client.invoke_raw(Raw { code }, self.address(), &body);
        answer.await.map_err(|error| error.kind())
    }

    /// Which connection is in use.
    async fn connection(&self) -> u64 {
        let connection = self.client.connect(self.address()).await;
        connection.expect("connected").engine().number()
    }
}

type Answered = Result<Body, ErrorKind>;

fn echo() -> Service {
    Service::new(ECHO)
        .method("echo", |_cx, (text,): (String,)| async move { Ok(text) })
        .method("panic", |_cx, ()| async move {
            if true {
                panic!("on purpose");
            }
            Ok(())
        })
}

fn header(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut header = HeaderMap::default();
    for (key, value) in entries {
        header.insert(*key, *value);
    }
    header.encode().to_vec()
}

fn echo_header() -> Vec<u8> {
    header(&[("service", "com.example.Echo:1.0")])
}

/// The head of a call of `com.example.Echo` with parameters of these types.
fn head(types: &[&str]) -> Value {
    let types = types.iter().map(|&name| name.into());
    Value::object(
        REQUEST_CLASS,
        [
            ("methodName", "echo".into()),
            ("targetServiceUniqueName", "com.example.Echo:1.0".into()),
            ("methodArgSigs", Value::typed_list("[string", types)),
        ],
    )
}

fn stream(values: &[Value]) -> Vec<u8> {
    let mut stream = Serializer::default();
    for value in values {
        stream.write(value).expect("it can be written");
    }
    stream.into_vec()
}

fn echo_call() -> Vec<u8> {
    stream(&[head(&["java.lang.String"]), "x".into()])
}

#[tokio::test]
async fn an_answer_has_the_bytes_of_java() {
    let pair = Pair::provider([echo()]).await;
    let header = echo_header();
    let content = stream(&[head(&["java.lang.String"]), "hello rust".into()]);
    let answer = pair.raw(SerializerCode::HESSIAN, &header, &content).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.class_name(), RESPONSE_CLASS);
    assert_eq!(answer.header, "");
    let class = b"O\xbecom.alipay.sofa.rpc.core.response.SofaResponse\x94";
    let fields = b"\x07isError\x08errorMsg\x0bappResponse\x0dresponsePropso\x90";
    let values = b"FN\x0ahello rustN";
    assert_eq!(answer.content, [&class[..], fields, values].concat());
}

#[tokio::test]
async fn a_request_has_the_bytes_of_java() {
    let raw = |_cx, body: Body| async move {
        let head = b"O\xbccom.alipay.sofa.rpc.core.request.SofaRequest\x95";
        let fields = b"\x0dtargetAppName\x0amethodName\x17targetServiceUniqueName\x0crequestProps";
        let values = b"\x0dmethodArgSigso\x90N\x04echo\x14com.example.Echo:1.0N";
        let types = b"Vt\x00\x07[stringn\x02\x10java.lang.String\x03intz";
        let args = b"\x01x\x97";
        let expected = [&head[..], fields, values, types, args].concat();
        assert_eq!(body.content, expected);
        let header = HeaderMap::decode(&body.header).expect("a header");
        assert_eq!(
            header.get("sofa_head_target_service"),
            Some("com.example.Echo:1.0")
        );
        assert_eq!(header.get("sofa_head_method_name"), Some("echo"));
        let answer = Value::object(
            RESPONSE_CLASS,
            [("isError", false.into()), ("appResponse", Value::Null)],
        );
        Ok(Body::new(RESPONSE_CLASS, stream(&[answer])))
    };
    let pair = Pair::new(Processors::new().handle_raw(REQUEST_CLASS, raw)).await;
    let echo = pair.consumer(ECHO);
    let answer = echo.invoke::<Option<String>>("echo", ("x", 7)).await;
    assert_eq!(answer.expect("an answer"), None);
}

#[tokio::test]
async fn methods_of_one_name_are_told_apart_by_their_parameters() {
    let service = Service::new(ECHO)
        .method("size", |_cx, (text,): (String,)| async move {
            Ok(text.len() as i32)
        })
        .method("size", |_cx, (bytes,): (ByteArray,)| async move {
            Ok(-(bytes.len() as i32))
        })
        .method("size", |_cx, (n,): (Option<i32>,)| async move {
            Ok(n.unwrap_or(0))
        })
        .method("size", |_cx, (_, _): (i32, i32)| async move { Ok(2) })
        .method("size", |_cx, other: Untyped| async move {
            Ok(-(other.types.len() as i32))
        });
    let pair = Pair::provider([service]).await;
    let echo = pair.consumer(ECHO);
    assert_eq!(
        echo.invoke::<i32>("size", ("four",)).await.expect("text"),
        4
    );
    let bytes = ByteArray::from(vec![1, 2, 3]);
    assert_eq!(
        echo.invoke::<i32>("size", (bytes,)).await.expect("bytes"),
        -3
    );
    assert_eq!(
        echo.invoke::<i32>("size", (Some(9),))
            .await
            .expect("Integer"),
        9
    );
    assert_eq!(
        echo.invoke::<i32>("size", (1, 1)).await.expect("int, int"),
        2
    );
    assert_eq!(
        echo.invoke::<i32>("size", (1_i64,)).await.expect("other"),
        -1
    );
}

#[tokio::test]
async fn versions_and_unique_ids_tell_services_apart() {
    let named = |name: ServiceName, answer: &'static str| {
        Service::new(name).method("who", move |_cx, ()| async move { Ok(answer) })
    };
    let name = ServiceName::new(ECHO);
    let (two, eu) = (name.clone().version("2.0"), name.clone().unique_id("eu"));
    let services = [
        named(name.clone(), "one"),
        named(two.clone(), "two"),
        named(eu.clone(), "eu"),
    ];
    let pair = Pair::provider(services).await;
    for (name, answer) in [(name, "one"), (two, "two"), (eu, "eu")] {
        let got: String = pair.consumer(name).invoke("who", ()).await.expect(answer);
        assert_eq!(got, answer);
    }
}

#[test]
fn a_name_is_provided_once() {
    let provider = Provider::new().service(echo()).expect("the first");
    let error = provider.service(echo()).expect_err("the second");
    assert_eq!(
        error.to_string(),
        "the service com.example.Echo:1.0 is provided already"
    );
}

#[tokio::test]
async fn an_exception_keeps_class_message_and_fields() {
    let service = Service::new(ECHO)
        .method("fail", |_cx, ()| async {
            let thrown = ServiceException::without_message("com.example.Odd");
            Err::<(), _>(thrown.with_field("why", Value::list([1.into(), Value::Null])))
        })
        .protobuf_method("fail", |_cx, _: HelloReq| async {
            Err::<HelloRes, _>(ServiceException::new("com.example.Odd", "so"))
        });
    let pair = Pair::provider([service]).await;
    let echo = pair.consumer(ECHO);
    let error = echo.invoke::<i32>("fail", ()).await.expect_err("it throws");
    let thrown = error.thrown().expect("an exception");
    assert_eq!(
        (thrown.class(), thrown.message()),
        ("com.example.Odd", None)
    );
    let why = Value::list([1.into(), Value::Null]);
    assert_eq!(thrown.field("why"), Some(&why));
    // Whatever the caller takes as a result, an exception is none.
    let any = echo.invoke::<Value>("fail", ()).await;
    assert!(any.expect_err("it throws").thrown().is_some());
    let error = echo.invoke_protobuf::<HelloRes>("fail", &HelloReq::default());
    match error.await.expect_err("it throws") {
        SofaError::Refused(text) => assert_eq!(text, "so"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_name() {
    let pair = Pair::provider([echo()]).await;
    let echo = pair.consumer(ECHO);
    let nobody = pair.consumer("com.example.Nobody");
    let message = HelloReq::default();
    let refusals = [
        (echo.invoke::<()>("gone", (1,)).await, "[gone(int)]"),
        (
            nobody.invoke::<()>("echo", ("x",)).await,
            "[com.example.Nobody:1.0]",
        ),
        (
            drop_result(echo.invoke_protobuf("echo", &message).await),
            "[echo]",
        ),
        (
            drop_result(nobody.invoke_protobuf("echo", &message).await),
            "[com.example.Nobody:1.0]",
        ),
    ];
    for (outcome, named) in refusals {
        match outcome {
            Err(SofaError::Refused(text)) => assert!(text.contains(named), "{text}"),
            other => panic!("{named}: {other:?}"),
        }
    }
}

fn drop_result(outcome: Result<HelloRes, SofaError>) -> Result<(), SofaError> {
    outcome.map(drop)
}

#[tokio::test]
async fn a_panic_in_a_method_fails_its_call_only() {
    let pair = Pair::provider([echo()]).await;
    let echo = pair.consumer(ECHO);
    let before = pair.connection().await;
    match echo.invoke::<()>("panic", ()).await {
        Err(SofaError::Call(error)) => assert_eq!(error.kind(), ErrorKind::ServerException),
        other => panic!("{other:?}"),
    }
    let text: String = echo.invoke("echo", ("x",)).await.expect("unharmed");
    assert_eq!((text.as_str(), pair.connection().await), ("x", before));
}

#[tokio::test]
async fn a_result_that_cannot_be_written_fails_its_call_only() {
    let service = echo().method("big", |_cx, ()| async { Ok(u64::MAX) });
    let pair = Pair::provider([service]).await;
    let echo = pair.consumer(ECHO);
    match echo.invoke::<Value>("big", ()).await {
        Err(SofaError::Call(error)) => assert_eq!(error.kind(), ErrorKind::ServerSerialize),
        other => panic!("{other:?}"),
    }
    echo.invoke::<String>("echo", ("x",))
        .await
        .expect("unharmed");
}

#[tokio::test]
async fn every_truncation_of_a_call_is_an_error_of_that_call() {
    let pair = Pair::provider([echo()]).await;
    let (header, content) = (echo_header(), echo_call());
    let before = pair.connection().await;
    for end in 0..content.len() {
        let answer = pair.raw(SerializerCode::HESSIAN, &header, &content[..end]);
        assert_eq!(
            answer.await,
            Err(ErrorKind::ServerDeserialize),
            "content of {end}"
        );
    }
    for end in 0..header.len() {
        let answer = pair.raw(SerializerCode::HESSIAN, &header[..end], &content);
        assert_eq!(
            answer.await,
            Err(ErrorKind::ServerDeserialize),
            "header of {end}"
        );
    }
    let whole = pair.raw(SerializerCode::HESSIAN, &header, &content).await;
    assert_eq!(whole.expect("an answer").class, RESPONSE_CLASS);
    assert_eq!(pair.connection().await, before);
}

#[tokio::test]
async fn garbage_and_impossible_sizes_are_errors_of_their_call() {
    let pair = Pair::provider([echo()]).await;
    let header = echo_header();
    let before = pair.connection().await;
    let mut deep = stream(&[head(&["java.lang.String"])]);
    deep.extend(b"Vn\x01".repeat(100_000));
    let mut long_text = stream(&[head(&["java.lang.String"])]);
    long_text.extend(b"S\xff\xffx");
    let trailing = [echo_call(), b"N".to_vec()].concat();
    let no_method = Value::object(REQUEST_CLASS, [("methodName", Value::Null)]);
    for content in [
        b"C\xff\xffBB".to_vec(),
        b"O\xbc".to_vec(),
        b"VlI\x7f\xff\xff\xffz".to_vec(),
        b"O\x91xI\x7f\xff\xff\xff".to_vec(),
        deep,
        long_text,
        trailing,
        stream(&[no_method]),
        stream(&["just a text".into()]),
        stream(&[head(&["java.lang.String"]), 7.into(), 8.into()]),
        stream(&[head(&["java.lang.String"]), Value::list([])]),
    ] {
        let answer = pair.raw(SerializerCode::HESSIAN, &header, &content);
        assert_eq!(
            answer.await,
            Err(ErrorKind::ServerDeserialize),
            "{content:.40?}"
        );
    }
    assert_eq!(pair.connection().await, before);
    let echo = pair.consumer(ECHO);
    echo.invoke::<String>("echo", ("x",))
        .await
        .expect("unharmed");
}

#[tokio::test]
async fn a_header_that_names_no_service_is_an_error_of_that_call() {
    let pair = Pair::provider([echo()]).await;
    let full = vec![0; 32_760];
    for header in [
        vec![],
        header(&[("type", "sync")]),
        full,
        b"\xff\xff\xff\xfe".to_vec(),
        b"\x7f\xff\xff\xffservice".to_vec(),
    ] {
        for code in [SerializerCode::HESSIAN, SerializerCode::PROTOBUF] {
            let answer = pair.raw(code, &header, &echo_call()).await;
            assert_eq!(answer, Err(ErrorKind::ServerDeserialize), "{header:.40?}");
        }
    }
}

#[tokio::test]
async fn a_call_too_large_for_a_frame_ends_alone() {
    let mut config = ConnectionConfig::server();
    config.limits = Limits::with_max_frame(10_000);
    let provider = Provider::new().service(echo()).expect("one");
    let server = RpcServer::builder().config(config);
    let server = server.processors(provider.into_processors());
    let server = server.bind("127.0.0.1:0").await.expect("a port");
    let address = server.local_addr().to_string();
    let (modest, greedy) = (RpcClient::new(), RpcClient::new());
    let kept = modest.connect(&address).await.expect("connected");
    let call =
        Consumer::new(&greedy, &address, ECHO).invoke::<String>("echo", ("x".repeat(20_000),));
    match call.await {
        Err(SofaError::Call(error)) => assert_eq!(error.kind(), ErrorKind::Closed),
        other => panic!("{other:?}"),
    }
    let text: String = Consumer::new(&modest, &address, ECHO)
        .invoke("echo", ("x",))
        .await
        .expect("unharmed");
    assert_eq!((text.as_str(), kept.engine().is_open()), ("x", true));
    // A header has room for 32,767 bytes; what has more is not sent at all.
    let call = Consumer::new(&modest, &address, ECHO).invoke::<String>(&"m".repeat(40_000), ());
    match call.await {
        Err(SofaError::Call(error)) => assert!(!error.was_sent(), "{error:?}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn other_serializers_and_bad_messages_are_errors_of_their_call() {
    let service = Service::new(ECHO).protobuf_method("echo", |_cx, request: HelloReq| async {
        Ok(HelloRes {
            text: request.name,
            ..HelloRes::default()
        })
    });
    let pair = Pair::provider([service]).await;
    let header = header(&[
        ("service", "com.example.Echo:1.0"),
        ("sofa_head_method_name", "echo"),
    ]);
    let before = pair.connection().await;
    for code in [0, 2, 12, 22, 255] {
        let answer = pair.raw(SerializerCode(code), &header, &echo_call()).await;
        assert_eq!(answer, Err(ErrorKind::ServerDeserialize), "code {code}");
    }
    for content in [
        b"\x0a\x7fx".as_slice(),
        b"\xff\xff\xff",
        b"\x0a\x02\xff\xfe",
    ] {
        let answer = pair.raw(SerializerCode::PROTOBUF, &header, content).await;
        assert_eq!(answer, Err(ErrorKind::ServerDeserialize), "{content:?}");
    }
    let answer = pair
        .raw(SerializerCode::PROTOBUF, &header, b"\x0a\x01x")
        .await;
    assert_eq!(answer.expect("an answer").content, b"\x0a\x01x".as_slice());
    assert_eq!(pair.connection().await, before);
}

#[tokio::test]
async fn answers_that_cannot_be_read_fail_their_call_only() {
    // The argument says what is answered.
    let raw = |_cx, body: Body| async move {
        let text = String::from_utf8_lossy(&body.content).into_owned();
        let mut answer = Body::new(RESPONSE_CLASS, "");
        if text.contains("garbage") {
            answer.content = b"C\xff\xffBB".as_slice().into();
        } else if text.contains("bad header") {
            answer.header = b"\0\0\0\x09x".as_slice().into();
        } else if text.contains("failure without a reason") {
            answer.header = header(&[("sofa_head_response_error", "true")]).into();
            let fields = [("isError", false.into()), ("appResponse", Value::Null)];
            answer.content = stream(&[Value::object(RESPONSE_CLASS, fields)]).into();
        } else if text.contains("another type") {
            let fields = [("isError", false.into()), ("appResponse", Value::list([]))];
            answer.content = stream(&[Value::object(RESPONSE_CLASS, fields)]).into();
        }
        Ok(answer)
    };
    let pair = Pair::new(Processors::new().handle_raw(REQUEST_CLASS, raw)).await;
    let echo = pair.consumer(ECHO);
    let before = pair.connection().await;
    for what in [
        "garbage",
        "bad header",
        "failure without a reason",
        "another type",
        "nothing",
    ] {
        match echo.invoke::<String>("echo", (what,)).await {
            Err(SofaError::Call(error)) => {
                assert_eq!(error.kind(), ErrorKind::Deserialize, "{what}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    assert_eq!(pair.connection().await, before);
}

#[tokio::test]
async fn an_exception_is_known_by_its_shape_where_no_header_says_so() {
    let raw = |_cx, _body: Body| async move {
        let exception = ServiceException::new("com.example.Odd", "so");
        let fields = [
            ("isError", false.into()),
            ("appResponse", exception.value().clone()),
        ];
        let content = stream(&[Value::object(RESPONSE_CLASS, fields)]);
        Ok(Body::new(RESPONSE_CLASS, content))
    };
    let pair = Pair::new(Processors::new().handle_raw(REQUEST_CLASS, raw)).await;
    let error = pair.consumer(ECHO).invoke::<String>("echo", ("x",)).await;
    let error = error.expect_err("an exception");
    assert_eq!(error.to_string(), "com.example.Odd: so");
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_the_service_is_told() {
    let service = Service::new(ECHO).method(
        "wait",
        |cx: bolt_examples::sofarpc::ServiceContext, ()| async move {
            assert_eq!(cx.request.client_timeout(), Some(Duration::from_millis(50)));
            std::future::pending::<()>().await;
            Ok(())
        },
    );
    let pair = Pair::provider([service]).await;
    let call = pair.consumer(ECHO).invoke::<()>("wait", ());
    match call.timeout(Duration::from_millis(50)).await {
        Err(SofaError::Call(error)) => assert_eq!(error.kind(), ErrorKind::Timeout),
        other => panic!("{other:?}"),
    }
}
