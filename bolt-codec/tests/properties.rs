//! Whatever the pieces in which bytes arrive, the same frames come out; no bytes make it panic.

use bolt_codec::bolt::{
    BoltDecoder, BoltEncoder, BoltFrame, BoltVersion, CommandCode, Head, ResponseStatus,
    SerializerCode,
};
use bolt_codec::{EncodeBuf, FrameDecoder, FrameEncoder, Limits};
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;

fn version() -> impl Strategy<Value = BoltVersion> {
    prop_oneof![
        Just(BoltVersion::V1),
        Just(BoltVersion::V2_1),
        Just(BoltVersion::V2_2)
    ]
}

fn head() -> impl Strategy<Value = Head> {
    prop_oneof![
        (any::<bool>(), any::<i32>())
            .prop_map(|(oneway, timeout)| Head::Request { oneway, timeout }),
        any::<u16>().prop_map(|status| Head::Response {
            status: ResponseStatus(status)
        }),
    ]
}

prop_compose! {
    fn frame()(
        version in version(), head in head(), command in any::<u16>(), ver2 in any::<u8>(),
        id in any::<u32>(), codec in any::<u8>(), switch in 0..0x80u8,
        class in vec(any::<u8>(), 0..40), header in vec(any::<u8>(), 0..40),
        content in prop_oneof![vec(any::<u8>(), 0..64), vec(any::<u8>(), 4000..9000)],
    ) -> BoltFrame {
        BoltFrame {
            version, head, command: CommandCode(command), ver2, id, codec: SerializerCode(codec),
            switch: if version == BoltVersion::V1 { 0 } else { switch },
            class: class.into(), header: header.into(), content: content.into(),
        }
    }
}

fn encode(frames: &[BoltFrame]) -> Vec<u8> {
    let mut out = EncodeBuf::new();
    let mut encoder = BoltEncoder::new(Limits::default());
    for frame in frames {
        encoder.encode(frame.clone(), &mut out).expect("encodable");
    }
    out.into_bytes().to_vec()
}

fn decode_in_pieces(bytes: &[u8], cuts: &[usize]) -> Vec<BoltFrame> {
    let mut decoder = BoltDecoder::new(Limits::default());
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    for piece in cuts.windows(2) {
        buffer.extend_from_slice(&bytes[piece[0]..piece[1]]);
        while let Some(frame) = decoder.decode(&mut buffer).expect("valid frames") {
            frames.push(frame);
        }
    }
    assert_eq!(decoder.decode_eof(&mut buffer), Ok(None));
    frames
}

proptest! {
    #[test]
    fn any_split_of_any_frames_decodes_to_the_same_frames(
        frames in vec(frame(), 1..6),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let bytes = encode(&frames);
        prop_assert_eq!(decode_in_pieces(&bytes, &cuts), frames);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_never_grow_the_buffer(
        bytes in vec(any::<u8>(), 0..200),
        start in prop_oneof![Just(vec![]), Just(vec![1, 1]), Just(vec![2, 2, 0]), Just(vec![2, 1, 2])],
    ) {
        let mut buffer = BytesMut::from(&[start, bytes].concat()[..]);
        let capacity = buffer.capacity();
        let mut decoder = BoltDecoder::new(Limits::default());
        while let Ok(Some(_)) = decoder.decode(&mut buffer) {}
        prop_assert!(buffer.capacity() <= capacity);
    }

    #[test]
    fn a_corrupted_byte_of_a_checksummed_frame_is_noticed(
        frame in frame(), at in any::<prop::sample::Index>(), flip in 1..=255u8,
    ) {
        let frame = BoltFrame { version: BoltVersion::V2_2, switch: 1, ..frame };
        let mut bytes = encode(std::slice::from_ref(&frame));
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let decoded = BoltDecoder::new(Limits::default()).decode(&mut BytesMut::from(&bytes[..]));
        // Outside the fields that say how long the frame is and whether it has a checksum, the
        // checksum must fail; inside them it is an error, a wait or another frame's layout.
        if !(at < 3 || at == 11 || (14..24).contains(&at)) {
            let noticed = matches!(decoded, Err(bolt_codec::CodecError::CrcMismatch { .. }));
            prop_assert!(noticed, "{:?}", decoded);
        }
    }
}

#[test]
fn split_at_every_byte() {
    let frames = [
        BoltFrame::request(BoltVersion::V2_2, "a.B", &b"content"[..]),
        BoltFrame::heartbeat(BoltVersion::V1),
        BoltFrame::request(BoltVersion::V2_1, "a.B", "").respond("c.D", &b"x"[..]),
    ];
    let bytes = encode(&frames);
    for cut in 0..=bytes.len() {
        assert_eq!(decode_in_pieces(&bytes, &[cut]), frames, "cut at {cut}");
    }
    let every: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(decode_in_pieces(&bytes, &every), frames);
}
