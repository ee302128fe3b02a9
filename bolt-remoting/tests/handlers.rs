//! What becomes of a handler's answer, failure or panic at the caller.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use bolt_codec::bolt::{ResponseStatus, SerializerCode};
use bolt_remoting::ErrorKind;
use bolt_remoting::rpc::{
    Body, DecodeBody, EncodeBody, HandlerError, Processors, Raw, SerializerError,
};
use support::bolt::{BYTES, ECHO, NEVER, RAW, echo, processors};
use support::wire::{both, patient, server_with};
use support::within;

#[tokio::test]
async fn a_null_answer_is_no_class_and_no_content() {
    let (_server, address) =
        server_with(Processors::new().handle_raw(ECHO, |_cx, _body| async { Ok(Body::default()) }))
            .await;
    let answer = patient().invoke_raw(RAW, &address, &echo("x")).await;
    assert_eq!(answer.unwrap(), Body::default());
}

#[tokio::test]
async fn answers_keep_class_header_and_serializer_code() {
    let (_server, address, client) = both().await;
    let raw = Raw {
        code: SerializerCode(99),
    };
    let call = client
        .invoke_raw(raw, &address, &echo("x"))
        .header("header");
    let expected = Body {
        header: "header".into(),
        ..echo("x")
    };
    assert_eq!(call.await.unwrap(), expected);
}

#[tokio::test]
async fn a_panicking_handler_is_an_exception_of_that_call_only() {
    let handlers = processors()
        .handle_raw("Now", |_cx, body: Body| {
            assert_ne!(body.content, "panic", "as asked");
            async { Ok(body) }
        })
        .handle_raw("Later", |_cx, _body| async {
            tokio::task::yield_now().await;
            panic!("as asked")
        });
    let (_server, address) = server_with(handlers).await;
    let client = patient();
    let bystander = client
        .invoke_raw(RAW, &address, &Body::new(NEVER, ""))
        .future()
        .await
        .unwrap();
    for class in ["Now", "Later"] {
        let error = client
            .invoke_raw(RAW, &address, &Body::new(class, "panic"))
            .await;
        let error = error.unwrap_err();
        assert_eq!(
            error.status(),
            Some(ResponseStatus::SERVER_EXCEPTION),
            "{class}"
        );
        if let Some(remote) = error.remote() {
            let text = remote.message.as_deref().unwrap();
            assert!(
                !text.contains("as asked"),
                "a panic's text is for the log: {text}"
            );
        }
    }
    let connection = client.connect(&address).await.unwrap().engine().clone();
    assert_eq!(connection.stats().calls_waiting, 1);
    drop(bystander);
}

#[tokio::test]
async fn a_serializer_that_panics_on_the_server_is_an_exception_of_that_call_only() {
    /// Panics on bodies that say so.
    struct Touchy;
    impl EncodeBody<Body> for Touchy {
        fn code(&self) -> SerializerCode {
            RAW.code
        }
        fn encode(&self, value: &Body) -> Result<Body, SerializerError> {
            assert_ne!(value.content, "encode", "as asked");
            Ok(value.clone())
        }
    }
    impl DecodeBody<Body> for Touchy {
        fn decode(&self, _code: SerializerCode, body: Body) -> Result<Body, SerializerError> {
            assert_ne!(body.content, "decode", "as asked");
            Ok(body)
        }
    }
    let handlers = Processors::new().handle_with(ECHO, Arc::new(Touchy), |_cx, body| async move {
        tokio::task::yield_now().await;
        Ok(body)
    });
    let (_server, address) = server_with(handlers).await;
    let client = patient();
    for content in ["decode", "encode"] {
        let error = client
            .invoke_raw(RAW, &address, &echo(content))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServerException, "{content}");
    }
    client
        .invoke_raw(RAW, &address, &echo("fine"))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_answer_above_the_limit_is_an_error_instead_of_silence() {
    let (_server, address, client) = both().await;
    let call = client.invoke_raw(RAW, &address, &Body::new(BYTES, "67108864"));
    let error = within(call.into_future()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerSerialize);
}

#[cfg(feature = "hessian")]
#[tokio::test]
async fn an_exception_of_the_server_can_be_read() {
    let (_server, address) = server_with(Processors::new().handle_raw(ECHO, |_cx, _body| async {
        Err::<Body, _>(HandlerError::new("com.example.NoMoney", "3 short"))
    }))
    .await;
    let error = patient()
        .invoke_raw(RAW, &address, &echo("x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerException);
    assert_eq!(error.status(), Some(ResponseStatus::SERVER_EXCEPTION));
    let remote = error.remote().unwrap();
    assert_eq!(
        remote.class,
        "com.alipay.remoting.rpc.exception.RpcServerException"
    );
    let message = remote.message.as_deref().unwrap();
    assert!(message.starts_with("[Server]OriginErrorMsg: com.example.NoMoney: 3 short."));
    assert!(
        remote.stack[0].contains("handlers.rs"),
        "{:?}",
        remote.stack
    );
    assert!(error.to_string().contains("com.example.NoMoney: 3 short"));
}

#[cfg(feature = "hessian")]
#[tokio::test]
async fn exceptions_are_told_in_the_dialect_of_all_else() {
    use bolt_codec::bolt::BoltVersion;
    use bolt_remoting::bolt_hessian::{Dialect, JavaException, Options, from_bytes_with};
    use bolt_remoting::rpc::{Hessian, RpcClient, RpcServer};
    use support::bolt::{bolt, request};
    use support::peer;

    for dialect in [Dialect::Draft, Dialect::Published] {
        let options = Options::new().dialect(dialect);
        let fails =
            |_cx, _body| async { Err::<Body, _>(HandlerError::new("com.example.No", "no")) };
        let server = RpcServer::builder()
            .hessian(Hessian::new(options))
            .processors(Processors::new().handle_raw(ECHO, fails));
        let server = server.bind("127.0.0.1:0").await.unwrap();
        let mut peer = peer::dial(bolt(), server.local_addr()).await;
        peer.send(request(BoltVersion::V1, 1, ECHO, "")).await;
        let content = peer.recv().await.content;
        let read = |dialect| {
            let options = Options::new().dialect(dialect);
            from_bytes_with::<JavaException>(&content, options).ok()
        };
        let texts = [Dialect::Draft, Dialect::Published].map(|dialect| {
            let text = read(dialect).and_then(|exception| exception.message);
            text.is_some_and(|text| text.contains("com.example.No: no"))
        });
        let own = [dialect == Dialect::Draft, dialect == Dialect::Published];
        assert_eq!(texts, own, "what is read in each dialect");

        let client = RpcClient::builder().hessian(Hessian::new(options));
        let client = client.build().unwrap();
        let address = server.local_addr().to_string();
        let call = client.invoke_raw(RAW, &address, &echo("x"));
        let error = within(call.into_future()).await.unwrap_err();
        let message = error.remote().unwrap().message.clone().unwrap();
        assert!(message.contains("com.example.No: no"), "{message}");
    }
}

#[cfg(not(feature = "hessian"))]
#[tokio::test]
async fn without_hessian_an_exception_is_a_status() {
    let (_server, address) = server_with(Processors::new().handle_raw(ECHO, |_cx, _body| async {
        Err::<Body, _>(HandlerError::new("com.example.NoMoney", "3 short"))
    }))
    .await;
    let error = patient()
        .invoke_raw(RAW, &address, &echo("x"))
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(ResponseStatus::SERVER_EXCEPTION));
    assert_eq!(error.remote(), None);
}
