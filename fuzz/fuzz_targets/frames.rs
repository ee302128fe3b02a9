//! Any bytes, in any pieces: no panic, no memory beyond the input, the same frames whatever the
//! pieces, and every frame encodes back to the bytes it came from.
#![no_main]

use bolt_codec::bolt::{BoltDecoder, BoltEncoder, BoltFrame};
use bolt_codec::{CodecError, EncodeBuf, FrameDecoder, FrameEncoder, Limits};
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fn decode(pieces: &[&[u8]]) -> (Vec<BoltFrame>, Result<usize, CodecError>) {
    let mut decoder = BoltDecoder::new(Limits::with_max_frame(LIMIT));
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
    (frames, Ok(buffer.len()))
}

fuzz_target!(|input: &[u8]| {
    // The first byte says where to cut.
    let Some((&cut, bytes)) = input.split_first() else {
        return;
    };
    let whole = decode(&[bytes]);
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(decode(&[head, tail]), whole, "pieces matter");

    let (frames, _) = whole;
    let mut encoder = BoltEncoder::new(Limits::with_max_frame(LIMIT));
    let mut out = EncodeBuf::new();
    for frame in frames {
        encoder
            .encode(frame, &mut out)
            .expect("what was decoded can be encoded");
    }
    let out = out.into_bytes();
    assert_eq!(&out[..], &bytes[..out.len()], "re-encoding changed bytes");
});
