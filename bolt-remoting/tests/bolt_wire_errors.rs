//! What goes wrong between SOFABolt peers: error answers, broken bytes, limits.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use bolt_codec::bolt::{BoltFrame, BoltVersion, ResponseStatus, SerializerCode};
use bolt_codec::{CodecError, Limits, Role};
use bolt_remoting::rpc::{Body, RpcServer};
use bolt_remoting::{CloseReason, Connection, ConnectionConfig, ErrorKind, NoHandler};
use bytes::Bytes;
use support::bolt::{
    BYTES, ECHO, NEVER, VERSIONS, bolt, echo, oneway, processors, request, status,
};
use support::peer::{self, bytes_of};
use support::wire::{FAILING, answers, end_of, server_and_peer, setting};
use support::{SEC, far, within};

#[tokio::test]
async fn an_error_answer_says_hessian_and_has_no_checksum_whatever_the_request_had() {
    let (_server, mut peer) = server_and_peer().await;
    for version in VERSIONS {
        let mut failing = request(version, 7, FAILING, "");
        failing.codec = SerializerCode(99);
        peer.send(failing).await;
        let answer = peer.recv().await;
        assert_eq!(status(&answer), ResponseStatus::SERVER_EXCEPTION);
        assert_eq!((answer.version, answer.id), (version, 7));
        assert_eq!((answer.codec, answer.switch), (SerializerCode::HESSIAN, 0));
        assert_eq!(answer.header, Bytes::new());
        assert_eq!(!answer.content.is_empty(), cfg!(feature = "hessian"));
    }
}

#[cfg(feature = "hessian")]
mod texts {
    use bolt_remoting::rpc::{ErrorDetails, HandlerError, Processors};
    use support::wire::serve;

    use super::*;

    fn exception(answer: &BoltFrame) -> bolt_hessian::JavaException {
        let class = "com.alipay.remoting.rpc.exception.RpcServerException";
        let exception: bolt_hessian::JavaException =
            bolt_hessian::from_bytes(&answer.content).unwrap();
        assert_eq!(
            (&answer.class[..], &*exception.class_name),
            (class.as_bytes(), class)
        );
        exception
    }

    #[tokio::test]
    async fn a_failed_handler_is_told_as_java_tells_it() {
        let (_server, mut peer) = server_and_peer().await;
        peer.send(request(BoltVersion::V1, 7, FAILING, "")).await;
        let message = exception(&peer.recv().await).message.unwrap();
        let start = "[Server]OriginErrorMsg: com.example.Bad: no luck. AdditionalErrorMsg: ";
        assert!(message.starts_with(start), "{message}");
    }

    #[tokio::test]
    async fn where_a_handler_failed_is_told_without_the_folders_it_was_built_in() {
        let (_server, mut peer) = server_and_peer().await;
        peer.send(request(BoltVersion::V1, 7, FAILING, "")).await;
        let stack = exception(&peer.recv().await).stack_trace;
        assert_eq!(stack[0].file.as_deref(), Some("wire.rs"));
        assert!(stack[0].line > 0);
    }

    #[tokio::test]
    async fn an_exception_without_a_message_says_null() {
        let (_server, address) = serve(Processors::new().handle_raw(FAILING, |_cx, _body| async {
            Err::<Body, _>(HandlerError::without_message("com.example.Bad"))
        }))
        .await;
        let mut peer = peer::dial(bolt(), address).await;
        peer.send(request(BoltVersion::V1, 7, FAILING, "")).await;
        let message = exception(&peer.recv().await).message.unwrap();
        let start = "[Server]OriginErrorMsg: com.example.Bad: null. AdditionalErrorMsg: ";
        assert!(message.starts_with(start), "{message}");
    }

    #[tokio::test]
    async fn a_class_without_a_processor_is_named_in_the_answer() {
        let (_server, mut peer) = server_and_peer().await;
        for (class, named) in [("com.example.Nobody", "com.example.Nobody"), ("", "null")] {
            peer.send(request(BoltVersion::V2_2, 7, class, "x")).await;
            let answer = peer.recv().await;
            assert_eq!(status(&answer), ResponseStatus::SERVER_EXCEPTION);
            let text = format!("No user processor found for request: {named}");
            assert_eq!(exception(&answer).message, Some(text));
        }
    }

    #[tokio::test]
    async fn details_can_be_kept_from_the_peer() {
        for details in [ErrorDetails::WithoutStack, ErrorDetails::StatusOnly] {
            let failing = Processors::new().handle_raw(FAILING, |_cx, _body| async {
                Err::<Body, _>(HandlerError::new("com.example.Bad", "no luck"))
            });
            let server = RpcServer::builder()
                .processors(failing)
                .error_details(details)
                .bind("127.0.0.1:0");
            let server = server.await.unwrap();
            let mut peer = peer::dial(bolt(), server.local_addr()).await;
            peer.send(request(BoltVersion::V1, 7, FAILING, "")).await;
            let answer = peer.recv().await;
            assert_eq!(status(&answer), ResponseStatus::SERVER_EXCEPTION);
            if details == ErrorDetails::StatusOnly {
                assert!(answer.class.is_empty() && answer.content.is_empty());
            } else {
                let exception = exception(&answer);
                assert!(exception.stack_trace.is_empty());
                assert!(
                    exception
                        .message
                        .unwrap()
                        .contains("com.example.Bad: no luck")
                );
            }
        }
    }

    #[tokio::test]
    async fn a_serializer_code_that_the_handler_cannot_read_is_a_deserialization_error() {
        let (_server, address) =
            serve(Processors::new().handle(|_cx, text: String| async move { Ok(text) })).await;
        let mut peer = peer::dial(bolt(), address).await;
        let text = bolt_hessian::to_vec("hello").unwrap();
        for (codec, expected) in [
            (77, ResponseStatus::SERVER_DESERIAL_EXCEPTION),
            (1, ResponseStatus::SUCCESS),
        ] {
            let mut sent = request(BoltVersion::V2_1, 7, "java.lang.String", text.clone());
            sent.codec = SerializerCode(codec);
            peer.send(sent).await;
            assert_eq!(status(&peer.recv().await), expected);
        }
    }
}

/// Everything that closes a connection, and why.
fn poison() -> Vec<(Vec<u8>, CodecError)> {
    let whole = bytes_of(&bolt(), request(BoltVersion::V2_2, 1, ECHO, "content"));
    let with = |at: usize, value: u8| {
        let mut bytes = whole.clone();
        bytes[at] = value;
        bytes
    };
    let received = u32::from_be_bytes(whole.last_chunk().copied().unwrap());
    let crc = CodecError::CrcMismatch {
        received: received ^ 0xff,
        computed: received,
    };
    let last = whole.len() - 1;
    let limit = Limits::default().max_frame;
    let len = 0x7fff_ffff + 24 + ECHO.len() as u64 + 4;
    let large = [&whole[..20], &[0x7f, 0xff, 0xff, 0xff]].concat();
    vec![
        (vec![9], CodecError::UnknownProtocol(9)),
        (vec![2, 3], CodecError::UnsupportedVersion(3)),
        (vec![1, 3], CodecError::UnknownType(3)),
        (
            with(11, 0x80)[..12].to_vec(),
            CodecError::InvalidSwitch(0x80),
        ),
        (
            with(16, 0x80)[..18].to_vec(),
            CodecError::ClassTooLong(0x8010),
        ),
        (
            with(18, 0x80)[..20].to_vec(),
            CodecError::HeaderTooLong(0x8000),
        ),
        (
            with(20, 0xff)[..24].to_vec(),
            CodecError::NegativeContentLength(-0xff_fff9),
        ),
        (large, CodecError::FrameTooLarge { len, limit }),
        (with(last, whole[last] ^ 0xff), crc),
    ]
}

#[tokio::test]
async fn bytes_out_of_step_close_that_connection_with_a_typed_reason_and_no_other() {
    let (server, mut bystander) = server_and_peer().await;
    for (poison, error) in poison() {
        let mut peer = peer::dial(bolt(), server.local_addr()).await;
        let connection = end_of(&server, &peer).await;
        let own = connection
            .start_call(request(BoltVersion::V1, 0, ECHO, ""), far())
            .await
            .unwrap();
        assert_eq!(peer.recv().await.class, ECHO);
        // A whole request before it is still answered.
        let good = bytes_of(&bolt(), request(BoltVersion::V1, 5, ECHO, "good"));
        peer.send_bytes(&[&good[..], &poison].concat()).await;
        assert_eq!(peer.recv().await.content, "good");
        peer.expect_end().await;
        let failed = within(own).await.unwrap_err();
        assert_eq!(
            failed.close_reason(),
            Some(&CloseReason::Codec(error.clone()))
        );
        assert_eq!(connection.close_reason(), Some(CloseReason::Codec(error)));
        bystander
            .send(request(BoltVersion::V1, 6, ECHO, "fine"))
            .await;
        assert_eq!(bystander.recv().await.content, "fine");
    }
}

#[tokio::test]
async fn an_answer_above_the_limits_is_a_serialization_error_instead_of_silence() {
    for (max_frame, asked) in [(50_000, "class"), (50_000, "header"), (2000, ""), (100, "")] {
        let mut config = ConnectionConfig::server();
        config.limits = Limits::with_max_frame(max_frame);
        let server = RpcServer::builder().config(config);
        let server = server.handle_raw(ECHO, |_cx, body: Body| async move {
            let long = Bytes::from(vec![b'x'; 40_000]);
            Ok(match &body.content[..] {
                b"class" => Body::new(long, "x"),
                b"header" => Body {
                    header: long,
                    ..body
                },
                _ => Body::new(ECHO, vec![0; 10_000]),
            })
        });
        let server = server.bind("127.0.0.1:0").await.unwrap();
        let mut peer = peer::dial(bolt(), server.local_addr()).await;
        peer.send(request(BoltVersion::V1, 3, ECHO, asked)).await;
        let answer = peer.recv().await;
        let expected = ResponseStatus::SERVER_SERIAL_EXCEPTION;
        assert_eq!((answer.id, status(&answer)), (3, expected), "{asked}");
    }
}

#[tokio::test]
async fn at_the_cap_of_requests_in_flight_the_rest_is_refused_as_busy_and_reading_goes_on() {
    let mut config = ConnectionConfig::server();
    config.max_in_flight = 2;
    let server = RpcServer::builder().config(config).processors(processors());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let mut peer = peer::dial(bolt(), server.local_addr()).await;
    for id in 1..=2 {
        peer.send(request(BoltVersion::V2_2, id, NEVER, "")).await;
    }
    for class in [ECHO, BYTES, "com.example.Nobody"] {
        let refused = request(BoltVersion::V2_2, 3, class, "5");
        peer.send(refused.clone()).await;
        let busy = refused.respond_status(ResponseStatus::SERVER_THREADPOOL_BUSY);
        assert_eq!(peer.recv().await, busy);
    }
    peer.send(oneway(BoltVersion::V1, 4, ECHO)).await;
    assert_eq!(answers(&mut peer).await, []);
    let stats = end_of(&server, &peer).await.stats();
    assert_eq!((stats.requests_in_flight, stats.requests_refused), (2, 4));
}

#[tokio::test]
async fn every_status_fails_its_own_call_with_its_own_kind() {
    let mut setting = setting(BoltVersion::V2_1).await;
    for (code, kind, java) in [
        (0x01, ErrorKind::Status, "InvokeException"),
        (0x02, ErrorKind::ServerException, "InvokeServerException"),
        (0x03, ErrorKind::Status, "InvokeException"),
        (0x04, ErrorKind::Busy, "InvokeServerBusyException"),
        (0x05, ErrorKind::Status, "InvokeException"),
        (0x06, ErrorKind::Status, "InvokeException"),
        (0x07, ErrorKind::Timeout, "InvokeTimeoutException"),
        (0x08, ErrorKind::Send, "InvokeSendFailedException"),
        (0x09, ErrorKind::Status, "CodecException"),
        (0x10, ErrorKind::Closed, "ConnectionClosedException"),
        (0x11, ErrorKind::ServerSerialize, "SerializationException"),
        (
            0x12,
            ErrorKind::ServerDeserialize,
            "DeserializationException",
        ),
        (0x0a, ErrorKind::Status, "InvokeException"),
        (0xffff, ErrorKind::Status, "InvokeException"),
    ] {
        let other = setting.call().await;
        let first = setting.peer.recv().await;
        let status = ResponseStatus(code);
        let outcome = setting
            .answered(|request| request.respond_status(status))
            .await;
        let error = outcome.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (kind, Some(status)),
            "{error}"
        );
        assert_eq!(error.java_exception(), java);
        assert_eq!(error.peer(), setting.connection.peer_addr());
        assert_eq!(
            (error.was_sent(), error.request_id().is_some()),
            (true, true)
        );
        setting.peer.send(first.respond(ECHO, "fine")).await;
        assert_eq!(within(other).await.unwrap(), echo("fine"));
    }
}

#[tokio::test]
async fn bytes_out_of_step_fail_the_pending_calls_with_the_reason_and_the_next_call_dials_again() {
    for (poison, error) in [
        (&b"\x09"[..], CodecError::UnknownProtocol(9)),
        (b"\x02\x03", CodecError::UnsupportedVersion(3)),
        (b"\x01\x07", CodecError::UnknownType(7)),
    ] {
        let mut setting = setting(BoltVersion::V1).await;
        let calls = [setting.call().await, setting.call().await];
        setting.peer.send_bytes(poison).await;
        for call in calls {
            let failed = within(call).await.unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::Closed);
            assert_eq!(
                failed.close_reason(),
                Some(&CloseReason::Codec(error.clone()))
            );
            assert!(failed.was_sent());
        }
        let (call, mut second) =
            tokio::join!(setting.call(), peer::accept(bolt(), &setting.listener));
        let request = second.recv().await;
        second.send(request.respond(ECHO, "again")).await;
        assert_eq!(within(call).await.unwrap(), echo("again"));
    }
}

#[tokio::test]
async fn what_cannot_be_a_frame_fails_its_call_only() {
    let mut config = ConnectionConfig::client();
    config.limits = bolt_codec::Limits::with_max_frame(50_000);
    let (mut peer, io) = peer::in_memory(bolt(), 4096);
    let protocol = Arc::new(bolt());
    let client = Connection::over(
        io,
        protocol,
        Role::Client,
        Arc::new(NoHandler),
        config.into(),
    );
    let long = Bytes::from(vec![b'x'; 32_768]);
    let good = request(BoltVersion::V1, 0, ECHO, "good");
    for (bad, error) in [
        (
            BoltFrame {
                class: long.clone(),
                ..good.clone()
            },
            CodecError::ClassTooLong(32_768),
        ),
        (
            BoltFrame {
                header: long,
                ..good.clone()
            },
            CodecError::HeaderTooLong(32_768),
        ),
    ] {
        let failed = client.call(bad, SEC).await.unwrap_err();
        assert_eq!((failed.kind(), failed.was_sent()), (ErrorKind::Send, false));
        let source = std::error::Error::source(&failed).unwrap();
        assert_eq!(source.downcast_ref(), Some(&error));
    }
    let large = request(BoltVersion::V1, 0, ECHO, vec![0; 50_000]);
    assert_eq!(
        client.call(large, SEC).await.unwrap_err().kind(),
        ErrorKind::Send
    );
    assert_eq!(client.stats().calls_waiting, 0);
    let call = client.start_call(good, far()).await.unwrap();
    let sent = peer.recv().await;
    assert_eq!(sent.content, "good");
    peer.send(sent.respond(ECHO, "")).await;
    within(call).await.unwrap();
}
