//! Any bytes, in any pieces, to the example protocols: no panic, not more memory than a share of the
//! input, and the same frames whatever the pieces.
#![no_main]

use std::fmt::Debug;

use bolt_codec::{CodecError, FrameDecoder, Limits, Protocol, Role};
use bolt_examples::json::Json;
use bolt_examples::mail::Mail;
use bolt_examples::resp::Resp;
use bolt_examples::seata::Seata;
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fn decode<P: Protocol>(
    protocol: &P,
    role: Role,
    pieces: &[&[u8]],
) -> (Vec<P::Frame>, Result<(), CodecError>) {
    let (mut decoder, _, _) = protocol.open(role, &Limits::with_max_frame(LIMIT));
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let capacity = buffer.capacity();
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
        assert!(buffer.capacity() <= capacity, "the decoder reserved memory");
    }
    let end = decoder
        .decode_eof(&mut buffer)
        .map(|last| frames.extend(last));
    (frames, end)
}

fn check<P: Protocol>(protocol: P, role: Role, cut: u8, bytes: &[u8])
where
    P::Frame: Debug + PartialEq,
{
    let whole = decode(&protocol, role, &[bytes]);
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(
        decode(&protocol, role, &[head, tail]),
        whole,
        "pieces matter"
    );
}

fuzz_target!(|input: &[u8]| {
    // The first byte chooses the protocol and the end, the second one says where to cut.
    let [choice, cut, bytes @ ..] = input else {
        return;
    };
    let role = match choice & 1 {
        0 => Role::Client,
        _ => Role::Server,
    };
    match choice >> 1 & 3 {
        0 => check(Json, role, *cut, bytes),
        1 => check(Resp, role, *cut, bytes),
        2 => check(Mail::default(), role, *cut, bytes),
        _ => check(Seata::default(), role, *cut, bytes),
    }
});
