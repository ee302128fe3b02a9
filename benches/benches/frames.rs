//! Encoding and decoding of frames: empty, 1 KiB and 64 KiB bodies, all versions, with a copy of
//! the same bytes, a bare checksum and a clone of the frame as yardsticks.

use std::hint::black_box;

use bolt_codec::bolt::{BoltDecoder, BoltEncoder, BoltFrame, BoltVersion};
use bolt_codec::{EncodeBuf, FrameDecoder, FrameEncoder, Limits};
use bytes::{Buf, Bytes, BytesMut};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SIZES: [usize; 3] = [0, 1024, 64 * 1024];
/// Frames in a row, as one read brings them.
const BATCH: usize = 64;

fn layouts() -> [(&'static str, BoltVersion, u8); 3] {
    [
        ("v1", BoltVersion::V1, 0),
        ("v2", BoltVersion::V2_2, 0),
        ("v2 crc", BoltVersion::V2_2, 1),
    ]
}

fn frame(version: BoltVersion, switch: u8, size: usize) -> BoltFrame {
    let body = Bytes::from(vec![7; size]);
    let frame = BoltFrame::request(version, &b"com.example.Request"[..], body);
    BoltFrame {
        id: 1,
        switch,
        ..frame
    }
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for size in SIZES {
        for (name, version, switch) in layouts() {
            let frame = frame(version, switch, size);
            group.throughput(Throughput::Bytes(frame.encoded_len() as u64));
            group.bench_function(BenchmarkId::new(name, size), |b| {
                let mut encoder = BoltEncoder::new(Limits::default());
                let mut out = EncodeBuf::new();
                b.iter(|| {
                    encoder
                        .encode(black_box(frame.clone()), &mut out)
                        .expect("valid");
                    out.advance(out.remaining());
                });
            });
        }
        // Encoding takes the frame, so each measurement above contains one of these.
        let given = frame(BoltVersion::V1, 0, size);
        group.bench_function(BenchmarkId::new("clone of the frame", size), |b| {
            b.iter(|| black_box(given.clone()));
        });
        let source = vec![7_u8; frame(BoltVersion::V1, 0, size).encoded_len()];
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.bench_function(BenchmarkId::new("copy of as many bytes", size), |b| {
            let mut out = Vec::with_capacity(source.len());
            b.iter(|| {
                out.clear();
                out.extend_from_slice(black_box(&source));
            });
        });
        group.bench_function(BenchmarkId::new("checksum of as many bytes", size), |b| {
            b.iter(|| crc32fast::hash(black_box(&source)));
        });
    }
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode, 64 frames a read");
    for size in SIZES {
        for (name, version, switch) in layouts() {
            let mut out = EncodeBuf::new();
            let mut encoder = BoltEncoder::new(Limits::default());
            for _ in 0..BATCH {
                encoder
                    .encode(frame(version, switch, size), &mut out)
                    .expect("valid");
            }
            let bytes = out.into_bytes();
            group.throughput(Throughput::Elements(BATCH as u64));
            group.bench_function(BenchmarkId::new(name, size), |b| {
                let mut decoder = BoltDecoder::new(Limits::default());
                b.iter_batched_ref(
                    || BytesMut::from(&bytes[..]),
                    |read| {
                        while let Some(frame) = decoder.decode(read).expect("valid") {
                            black_box(frame);
                        }
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
}

criterion_group!(benches, encode, decode);
criterion_main!(benches);
