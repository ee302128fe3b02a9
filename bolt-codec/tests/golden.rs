//! Frames that the Java encoder wrote: decoding gives the fields that Java was given, encoding
//! gives the same bytes back.

use bolt_codec::bolt::{BoltDecoder, BoltEncoder, BoltFrame, BoltVersion, Head};
use bolt_codec::{EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits};
use bytes::BytesMut;
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("fixtures/frames.json")).expect("fixture is JSON");
    assert_eq!(vectors.len(), 48);
    vectors
}

fn unhex(text: &str) -> BytesMut {
    let byte = |i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(byte).collect()
}

fn decode(hex: &str) -> BoltFrame {
    let mut bytes = unhex(hex);
    let frame = BoltDecoder::new(Limits::default())
        .decode(&mut bytes)
        .expect("valid frame");
    assert!(bytes.is_empty(), "bytes left over");
    frame.expect("whole frame")
}

fn encode(frame: BoltFrame) -> BytesMut {
    let mut out = EncodeBuf::new();
    BoltEncoder::new(Limits::default())
        .encode(frame, &mut out)
        .expect("encodable");
    out.into_bytes().into()
}

#[test]
fn every_java_frame_decodes_to_the_fields_that_java_wrote() {
    for v in vectors() {
        let name = v["name"].as_str().expect("name");
        let frame = decode(v["hex"].as_str().expect("hex"));
        let version = match (v["protocol_code"].as_u64(), v["protocol_version"].as_u64()) {
            (Some(1), None) => BoltVersion::V1,
            (Some(2), Some(1)) => BoltVersion::V2_1,
            (Some(2), Some(2)) => BoltVersion::V2_2,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(frame.version, version, "{name}");
        let kind = match v["kind"].as_str().expect("kind") {
            "request" => FrameKind::Request,
            "oneway" => FrameKind::Oneway,
            "response" => FrameKind::Response,
            "heartbeat" => FrameKind::Heartbeat,
            "heartbeat_ack" => FrameKind::HeartbeatAck,
            other => panic!("{name}: {other}"),
        };
        assert_eq!(frame.kind(), kind, "{name}");
        assert_eq!(
            i64::from(frame.id as i32),
            v["request_id"].as_i64().expect("id"),
            "{name}"
        );
        assert_eq!(
            u64::from(frame.codec.0),
            v["codec"].as_u64().expect("codec"),
            "{name}"
        );
        assert_eq!(
            u64::from(frame.ver2),
            v["ver2"].as_u64().expect("ver2"),
            "{name}"
        );
        assert_eq!(
            u64::from(frame.command.0),
            v["cmd_code"].as_u64().expect("cmd"),
            "{name}"
        );
        assert_eq!(
            u64::from(frame.switch),
            v["switch"].as_u64().unwrap_or(0),
            "{name}"
        );
        match frame.head {
            Head::Request { timeout, .. } => {
                assert_eq!(Some(i64::from(timeout)), v["timeout"].as_i64(), "{name}");
            }
            Head::Response { status } => {
                assert_eq!(Some(u64::from(status.0)), v["status"].as_u64(), "{name}");
                assert_eq!(status.name(), v["status_name"].as_str(), "{name}");
            }
        }
        assert_eq!(
            frame.class,
            v["class_name"].as_str().unwrap_or(""),
            "{name}"
        );
        assert_eq!(
            frame.header,
            unhex(v["header_hex"].as_str().unwrap_or("")),
            "{name}"
        );
        assert_eq!(
            frame.content,
            unhex(v["content_hex"].as_str().unwrap_or("")),
            "{name}"
        );
        assert_eq!(frame.has_crc(), !v["crc32"].is_null(), "{name}");
    }
}

#[test]
fn every_java_frame_encodes_back_to_the_same_bytes() {
    for v in vectors() {
        let hex = v["hex"].as_str().expect("hex");
        let frame = decode(hex);
        assert_eq!(frame.encoded_len(), hex.len() / 2, "{}", v["name"]);
        assert_eq!(encode(frame), unhex(hex), "{}", v["name"]);
    }
}

#[test]
fn constructors_write_what_java_writes() {
    let by_name = |name: &str| {
        let found = vectors()
            .into_iter()
            .find(|v| v["name"] == name)
            .expect(name);
        unhex(found["hex"].as_str().expect("hex"))
    };
    let mut request = BoltFrame::request(BoltVersion::V2_2, "java.lang.String", &b"\x05hello"[..]);
    request.id = 41;
    request.head = Head::Request {
        oneway: false,
        timeout: 3000,
    };
    assert_eq!(encode(request.clone()), by_name("v2_2_request_string_crc"));
    let answer = request.respond("java.lang.String", &b"\x05world"[..]);
    assert_eq!(encode(answer), by_name("v2_2_response_string_crc"));
    let mut beat = BoltFrame::heartbeat(BoltVersion::V1);
    beat.id = 10;
    assert_eq!(encode(beat.clone()), by_name("v1_heartbeat"));
    beat.version = BoltVersion::V2_2;
    beat.id = 51;
    assert_eq!(encode(beat.acknowledge()), by_name("v2_2_heartbeat_ack"));
}

#[test]
fn a_goaway_of_mosn_is_recognised() {
    let frame = decode("01010064010000000001000000000000000000000000");
    assert_eq!(frame.kind(), FrameKind::GoAway);
}
