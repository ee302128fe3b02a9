//! What a SOFABolt client does on the wire, judged by a peer that speaks by hand.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltFrame, BoltVersion, CommandCode, Head, ResponseStatus};
use bolt_remoting::rpc::Body;
use bolt_remoting::{CloseReason, Connection, ErrorKind, HeartbeatConfig, NoHandler};
use support::bolt::{ECHO, RAW, VERSIONS, bolt, echo, heartbeat, request, status, timeout_field};
use support::peer::{self, bytes_of};
use support::wire::setting;
use support::{SEC, eventually, untimed, within};

#[tokio::test]
async fn requests_have_the_version_of_the_address_and_everything_the_call_says() {
    for version in VERSIONS {
        for crc in [true, false] {
            let mut setting = setting(version).await;
            let call = setting
                .client
                .invoke_raw(RAW, &setting.address, &echo("content"));
            let call = call.header("header").crc(crc).timeout(SEC * 20);
            let call = call.future().await.unwrap();
            let sent = setting.peer.recv().await;
            let head = Head::Request {
                oneway: false,
                timeout: 20_000,
            };
            let expected = BoltFrame {
                head,
                header: "header".into(),
                switch: u8::from(crc && version != BoltVersion::V1),
                ..request(version, 1, ECHO, "content")
            };
            assert_eq!(sent, expected);
            assert_eq!(call.request_id(), Some(1));
        }
    }
}

#[tokio::test]
async fn a_timeout_is_sent_in_full_and_rounded_up_to_milliseconds() {
    let mut setting = setting(BoltVersion::V1).await;
    for (timeout, field) in [
        (Duration::from_micros(1_500_001), 1501),
        (Duration::from_secs(3600), 3_600_000),
        (Duration::from_secs(10_000_000), i32::MAX),
        (Duration::MAX, i32::MAX),
    ] {
        let call = setting.client.invoke_raw(RAW, &setting.address, &echo("x"));
        let _call = call.timeout(timeout).future().await.unwrap();
        assert_eq!(timeout_field(&setting.peer.recv().await), field);
    }
}

#[tokio::test]
async fn oneway_requests_say_minus_one_and_use_up_an_id() {
    let mut setting = setting(BoltVersion::V2_2).await;
    let oneway = setting
        .client
        .oneway_with(&RAW, &setting.address, &echo("x"));
    oneway.timeout(SEC * 5).await.unwrap();
    let sent = setting.peer.recv().await;
    let head = Head::Request {
        oneway: true,
        timeout: -1,
    };
    assert_eq!((sent.head, sent.id, sent.switch), (head, 1, 1));
    assert_eq!(setting.call().await.request_id(), Some(2));
}

#[tokio::test]
async fn a_timeout_of_zero_fails_at_once_and_writes_nothing() {
    let mut setting = setting(BoltVersion::V1).await;
    for way in 0..3 {
        let call = setting.client.invoke_raw(RAW, &setting.address, &echo("x"));
        let call = call.timeout(Duration::ZERO);
        let error = match way {
            0 => call.await.unwrap_err(),
            1 => call.future().await.unwrap_err(),
            _ => {
                let oneway = setting
                    .client
                    .oneway_with(&RAW, &setting.address, &echo("x"));
                oneway.timeout(Duration::ZERO).await.unwrap_err()
            }
        };
        assert_eq!(
            (error.kind(), error.was_sent()),
            (ErrorKind::Timeout, false)
        );
    }
    // The first thing written is what comes after them.
    let _call = setting.call().await;
    assert_eq!(setting.peer.recv().await.id, 1);
}

#[tokio::test]
async fn an_answer_reaches_its_call_in_whatever_version_it_comes() {
    let mut setting = setting(BoltVersion::V1).await;
    for version in VERSIONS {
        let answer = setting.answered(|request| BoltFrame {
            version,
            ..request.respond(ECHO, "answer")
        });
        assert_eq!(answer.await.unwrap(), echo("answer"));
    }
}

#[tokio::test]
async fn an_answer_without_class_and_content_is_null() {
    let mut setting = setting(BoltVersion::V2_2).await;
    let answer = setting.answered(|request| request.respond("", "")).await;
    assert_eq!(answer.unwrap(), Body::default());
}

#[tokio::test]
async fn answers_come_in_any_order_and_any_pieces() {
    let mut setting = setting(BoltVersion::V2_2).await;
    let mut calls = Vec::new();
    let mut bytes = Vec::new();
    for _ in 0..20 {
        calls.push(setting.call().await);
        let request = setting.peer.recv().await;
        let answer = request.respond(ECHO, request.id.to_string());
        bytes.splice(0..0, bytes_of(&bolt(), answer));
    }
    for piece in bytes.chunks(7) {
        setting.peer.send_bytes(piece).await;
    }
    for (call, id) in calls.into_iter().zip(1..) {
        assert_eq!(within(call).await.unwrap(), echo(format!("{id}")));
    }
}

#[tokio::test]
async fn an_answer_with_an_unknown_id_is_dropped_and_counted() {
    let mut setting = setting(BoltVersion::V1).await;
    let call = setting.call().await;
    let request = setting.peer.recv().await;
    let stray = BoltFrame {
        id: 999,
        ..request.respond(ECHO, "stray")
    };
    for answer in [
        stray,
        request.respond(ECHO, "mine"),
        request.respond(ECHO, "twice"),
    ] {
        setting.peer.send(answer).await;
    }
    assert_eq!(within(call).await.unwrap(), echo("mine"));
    let connection = setting.connection.engine();
    eventually(|| connection.stats().late_answers == 2).await;
    assert!(connection.is_open());
}

#[cfg(feature = "hessian")]
#[tokio::test]
async fn a_serializer_code_that_the_client_cannot_read_fails_that_call_only() {
    let mut setting = setting(BoltVersion::V1).await;
    for (codec, expected) in [(77, None), (1, Some("hi"))] {
        let call = setting
            .client
            .invoke::<_, String>(&setting.address, "hello");
        let call = call.future().await.unwrap();
        let request = setting.peer.recv().await;
        let mut answer = request.respond("java.lang.String", bolt_hessian::to_vec("hi").unwrap());
        answer.codec = bolt_codec::bolt::SerializerCode(codec);
        setting.peer.send(answer).await;
        match (within(call).await, expected) {
            (Ok(text), Some(expected)) => assert_eq!(text, expected),
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::Deserialize),
            (outcome, _) => panic!("{outcome:?}"),
        }
    }
}

#[tokio::test]
async fn an_unknown_command_is_dropped_and_counted() {
    let mut setting = setting(BoltVersion::V1).await;
    for head in [
        Head::Response {
            status: ResponseStatus::SUCCESS,
        },
        Head::Request {
            oneway: false,
            timeout: 5,
        },
    ] {
        let command = CommandCode(77);
        let frame = BoltFrame {
            head,
            command,
            ..request(BoltVersion::V1, 1, ECHO, "x")
        };
        setting.peer.send(frame).await;
    }
    let connection = setting.connection.engine().clone();
    eventually(|| connection.stats().unknown_frames == 2).await;
    let answer = setting
        .answered(|request| request.respond(ECHO, "fine"))
        .await;
    assert_eq!(answer.unwrap(), echo("fine"));
}

#[tokio::test]
async fn heartbeats_and_requests_of_the_server_are_answered_in_their_version() {
    let mut setting = setting(BoltVersion::V1).await;
    for version in VERSIONS {
        let beat = heartbeat(version, 70);
        setting.peer.send(beat.clone()).await;
        assert_eq!(setting.peer.recv().await, beat.acknowledge());
        let back = request(version, 71, ECHO, "you");
        setting.peer.send(back.clone()).await;
        assert_eq!(setting.peer.recv().await, back.respond(ECHO, "you"));
        let nobody = request(version, 72, "com.example.Nobody", "");
        setting.peer.send(nobody).await;
        let refused = setting.peer.recv().await;
        assert_eq!(status(&refused), ResponseStatus::SERVER_EXCEPTION);
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_as_java_sends_them_and_any_byte_puts_them_off() {
    for version in VERSIONS {
        let (mut peer, io) = peer::in_memory(bolt(), 4096);
        let mut config = untimed();
        config.heartbeat = Some(HeartbeatConfig::default());
        let protocol = Arc::new(Bolt::new(version));
        let _client = Connection::over(
            io,
            protocol,
            Role::Client,
            Arc::new(NoHandler),
            config.into(),
        );
        let start = tokio::time::Instant::now();
        // The greeting of a client that has nothing else to say, which Java doesn't have.
        assert_eq!(peer.recv().await, heartbeat(version, 1));
        assert_eq!(start.elapsed(), SEC * 5);
        for id in 2..=5 {
            peer.send_bytes(&[1]).await;
            let rest = &bytes_of(&bolt(), heartbeat(BoltVersion::V1, 9))[1..];
            peer.send_bytes(rest).await;
            assert_eq!(peer.recv().await.id, 9);
            let last_byte = tokio::time::Instant::now();
            assert_eq!(peer.recv().await, heartbeat(version, id));
            assert_eq!(last_byte.elapsed(), SEC * 15);
        }
    }
}

#[tokio::test]
async fn after_goaway_what_is_in_flight_ends_and_new_calls_dial_again() {
    for version in VERSIONS {
        let mut setting = setting(version).await;
        let old = setting.call().await;
        let old_request = setting.peer.recv().await;
        let mut goaway = heartbeat(version, 0);
        goaway.command = CommandCode::GOAWAY;
        setting.peer.send(goaway).await;
        let connection = setting.connection.engine().clone();
        eventually(|| !connection.is_open()).await;

        let (new, mut second) =
            tokio::join!(setting.call(), peer::accept(bolt(), &setting.listener));
        let request = second.recv().await;
        second.send(request.respond(ECHO, "new")).await;
        assert_eq!(within(new).await.unwrap(), echo("new"));

        setting.peer.send(old_request.respond(ECHO, "old")).await;
        assert_eq!(within(old).await.unwrap(), echo("old"));
        setting.peer.expect_end().await;
        assert_eq!(connection.close_reason(), Some(CloseReason::GoAway));
    }
}
