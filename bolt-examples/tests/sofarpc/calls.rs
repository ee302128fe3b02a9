//! What consumers and providers make of each other.

use std::time::Duration;

use bolt_codec::bolt::SerializerCode;
use bolt_examples::contract::sofarpc::{HelloReq, HelloRes};
use bolt_examples::sofarpc::{
    HeaderMap, Provider, REQUEST_CLASS, RESPONSE_CLASS, Service, ServiceContext, ServiceException,
    ServiceName, SofaError, Untyped,
};
use bolt_hessian::{ByteArray, Value};
use bolt_remoting::ErrorKind;
use bolt_remoting::rpc::{Body, Processors};

use crate::{ECHO, Pair, echo, echo_header, head, stream};

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
    let service = Service::new(ECHO).method("wait", |cx: ServiceContext, ()| async move {
        assert_eq!(cx.request.client_timeout(), Some(Duration::from_millis(50)));
        std::future::pending::<()>().await;
        Ok(())
    });
    let pair = Pair::provider([service]).await;
    let call = pair.consumer(ECHO).invoke::<()>("wait", ());
    match call.timeout(Duration::from_millis(50)).await {
        Err(SofaError::Call(error)) => assert_eq!(error.kind(), ErrorKind::Timeout),
        other => panic!("{other:?}"),
    }
}
