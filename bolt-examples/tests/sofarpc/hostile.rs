//! Bytes that nobody should send, and methods that misbehave: an error of that call, and no more.

use bolt_codec::Limits;
use bolt_codec::bolt::SerializerCode;
use bolt_examples::contract::sofarpc::{HelloReq, HelloRes};
use bolt_examples::sofarpc::{
    Consumer, Provider, REQUEST_CLASS, RESPONSE_CLASS, Service, SofaError,
};
use bolt_hessian::Value;
use bolt_remoting::rpc::{Body, Processors};
use bolt_remoting::{ConnectionConfig, ErrorKind, RpcClient, RpcServer};

use crate::{ECHO, Pair, echo, echo_call, echo_header, head, header, stream};

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
async fn a_changed_byte_anywhere_leaves_the_connection_in_step() {
    let pair = Pair::provider([echo()]).await;
    let (header, content) = (echo_header(), echo_call());
    let before = pair.connection().await;
    for place in 0..header.len() + content.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = [&header[..], &content].concat();
            bytes[place] ^= change;
            let (header, content) = bytes.split_at(header.len());
            // An answer, a refusal or an error, but not silence.
            let answer = pair.raw(SerializerCode::HESSIAN, header, content).await;
            let expected = matches!(answer, Ok(_) | Err(ErrorKind::ServerDeserialize));
            assert!(expected, "byte {place} ^ {change:#x}: {answer:?}");
        }
    }
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
