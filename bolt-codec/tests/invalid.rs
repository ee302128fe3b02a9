//! Malformed and odd input, as a table: what arrives in which pieces, and whether it is a frame, a
//! reason to wait or an error. Expectations are SOFABolt for Rust's; the fixture also says what a
//! Java server did.

use bolt_codec::bolt::{BoltDecoder, BoltEncoder, BoltFrame, BoltVersion, ResponseStatus};
use bolt_codec::{CodecError, EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits};
use bytes::BytesMut;
use serde_json::Value;

fn unhex(text: &str) -> Vec<u8> {
    let byte = |i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// What decoding came to after all pieces were fed.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// These kinds of frames, nothing left over.
    Frames(Vec<FrameKind>),
    /// No frame yet, and no error.
    Waits,
    Error(CodecError),
}

fn feed(chunks: &[Vec<u8>]) -> Outcome {
    let mut decoder = BoltDecoder::new(Limits::default());
    let mut buffer = BytesMut::new();
    let mut kinds = Vec::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(frame)) => kinds.push(frame.kind()),
                Ok(None) => break,
                Err(error) => return Outcome::Error(error),
            }
        }
    }
    if kinds.is_empty() {
        Outcome::Waits
    } else {
        Outcome::Frames(kinds)
    }
}

fn expected(name: &str) -> Outcome {
    use CodecError::{ClassTooLong, CrcMismatch, FrameTooLarge, HeaderTooLong, InvalidSwitch};
    use FrameKind::{Heartbeat, Oneway, Request, Response, Unknown};
    let limit = Limits::default().max_frame;
    let error = match name {
        "control_v1"
        | "control_v2_2"
        | "split_after_first_byte_v2_2"
        | "codec_99"
        | "unknown_class" => return Outcome::Frames(vec![Request]),
        "unknown_class_oneway" => return Outcome::Frames(vec![Oneway]),
        "heartbeat_oneway_type" => return Outcome::Frames(vec![Heartbeat]),
        "unknown_cmd_77_v1" => return Outcome::Frames(vec![Unknown]),
        "unknown_status_0x0a" | "unsolicited_response" => return Outcome::Frames(vec![Response]),
        "short_v1_response_min" => return Outcome::Waits,
        "crc_mismatch_then_valid" => CrcMismatch {
            received: 0xc8aa_f400,
            computed: 0xc8aa_f4fb,
        },
        "unknown_protocol_9" => CodecError::UnknownProtocol(9),
        "unknown_protocol_0" => CodecError::UnknownProtocol(0),
        "unknown_type_5_v1" | "unknown_type_5_v2" => CodecError::UnknownType(5),
        "version_3" => CodecError::UnsupportedVersion(3),
        "switch_0x81" => InvalidSwitch(0x81),
        "class_len_negative" => ClassTooLong(0xffff),
        "header_len_negative" => HeaderTooLong(0xffff),
        "content_len_overflow" => FrameTooLarge {
            len: 22 + 1 + 0x7fff_ffff,
            limit,
        },
        "content_len_huge" => {
            return Outcome::Error(FrameTooLarge {
                len: 22 + 0x7fff_fff0,
                limit,
            });
        }
        other => panic!("no expectation for {other}"),
    };
    Outcome::Error(error)
}

#[test]
fn every_odd_input_is_a_frame_a_wait_or_a_typed_error() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("fixtures/frames-invalid.json")).expect("JSON");
    assert_eq!(cases.len(), 22);
    for case in cases {
        let name = case["name"].as_str().expect("name");
        let chunks: Vec<Vec<u8>> = case["chunks"]
            .as_array()
            .expect("chunks")
            .iter()
            .map(|chunk| unhex(chunk.as_str().expect("hex")))
            .collect();
        assert_eq!(feed(&chunks), expected(name), "{name}");
    }
}

/// A whole v2.2 request with the byte at `at` replaced, cut off behind it.
fn cut_behind(at: usize, byte: u8) -> Vec<u8> {
    let mut frame = unhex(concat!(
        "02020100010100000029010100000bb8001000000000000",
        "66a6176612e6c616e672e537472696e670568656c6c6fc8aaf4fb"
    ));
    frame[at] = byte;
    frame.truncate(at + 1);
    frame
}

#[test]
fn a_field_is_refused_as_soon_as_its_last_byte_is_there() {
    let cases = [
        (0, 0x50, CodecError::UnknownProtocol(0x50)),
        (1, 3, CodecError::UnsupportedVersion(3)),
        (2, 3, CodecError::UnknownType(3)),
        (11, 0x80, CodecError::InvalidSwitch(0x80)),
    ];
    for (at, byte, error) in cases {
        assert_eq!(
            feed(&[cut_behind(at, byte)]),
            Outcome::Error(error),
            "byte {at}"
        );
    }
    let mut class = cut_behind(16, 0x80);
    assert_eq!(feed(&[class.clone()]), Outcome::Waits);
    class.push(0);
    assert_eq!(
        feed(&[class]),
        Outcome::Error(CodecError::ClassTooLong(0x8000))
    );
    let mut header = cut_behind(18, 0xff);
    header.push(0xff);
    assert_eq!(
        feed(&[header]),
        Outcome::Error(CodecError::HeaderTooLong(0xffff))
    );
    let mut content = cut_behind(20, 0x80);
    content.extend([0, 0, 1]);
    let negative = CodecError::NegativeContentLength(i32::MIN + 1);
    assert_eq!(feed(&[content]), Outcome::Error(negative));
}

#[test]
fn the_frame_limit_counts_the_whole_frame_and_is_exact() {
    let frame = BoltFrame::request(BoltVersion::V2_2, "a.B", vec![7; 100]);
    let len = frame.encoded_len();
    let encode = |limit| {
        let mut out = EncodeBuf::new();
        let limits = Limits::with_max_frame(limit);
        BoltEncoder::new(limits)
            .encode(frame.clone(), &mut out)
            .map(|()| out.into_bytes())
    };
    let too_large = CodecError::FrameTooLarge {
        len: len as u64,
        limit: len - 1,
    };
    assert_eq!(encode(len - 1), Err(too_large.clone()));
    let bytes = encode(len).expect("at the limit");

    let decode = |limit, take| {
        let mut buffer = BytesMut::from(&bytes[..take]);
        BoltDecoder::new(Limits::with_max_frame(limit)).decode(&mut buffer)
    };
    assert_eq!(decode(len, len), Ok(Some(frame.clone())));
    assert_eq!(
        decode(len - 1, 24),
        Err(too_large),
        "decided from the fixed part alone"
    );
}

#[test]
fn class_and_header_above_32767_bytes_can_not_be_sent() {
    let encode = |frame: BoltFrame| {
        let mut out = EncodeBuf::new();
        let result = BoltEncoder::new(Limits::default()).encode(frame, &mut out);
        assert_eq!(
            out.is_empty(),
            result.is_err(),
            "a refused frame writes nothing"
        );
        result
    };
    let with_class = |len| BoltFrame::request(BoltVersion::V1, vec![b'c'; len], vec![]);
    assert_eq!(encode(with_class(32767)), Ok(()));
    assert_eq!(
        encode(with_class(32768)),
        Err(CodecError::ClassTooLong(32768))
    );
    let with_header = |len| BoltFrame {
        header: vec![0; len].into(),
        ..with_class(1)
    };
    assert_eq!(encode(with_header(32767)), Ok(()));
    assert_eq!(
        encode(with_header(32768)),
        Err(CodecError::HeaderTooLong(32768))
    );
    let bad_switch = BoltFrame {
        switch: 0x80,
        ..with_class(1)
    };
    assert_eq!(encode(bad_switch), Err(CodecError::InvalidSwitch(0x80)));
}

#[test]
fn an_unknown_status_is_kept() {
    let mut bytes = BytesMut::from(&unhex("010000020100000001010013000000000000000000")[..20]);
    let frame = BoltDecoder::new(Limits::default())
        .decode(&mut bytes)
        .expect("valid");
    let answer = BoltFrame::request(BoltVersion::V1, "", "").respond_status(ResponseStatus(0x13));
    assert_eq!(frame, Some(BoltFrame { id: 1, ..answer }));
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_truncated() {
    let mut decoder = BoltDecoder::new(Limits::default());
    let mut half = BytesMut::from(&[1, 1, 0][..]);
    assert_eq!(decoder.decode(&mut half), Ok(None));
    assert_eq!(
        decoder.decode_eof(&mut half),
        Err(CodecError::Truncated { buffered: 3 })
    );
    assert_eq!(decoder.decode_eof(&mut BytesMut::new()), Ok(None));
}
