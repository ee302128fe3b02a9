//! What is counted in instructions by `benches/counts`: the codec, Hessian and calls through the
//! engine, on one thread.
//!
//! `counts NAME N` does one thing N times; the difference between two N leaves the preparation out.
//! `counts list` names the things. Without a name (as under `cargo bench`) each is done once.

use std::hint::black_box;

use bolt_codec::bolt::{BoltDecoder, BoltEncoder, BoltFrame, BoltVersion, SerializerCode};
use bolt_codec::{EncodeBuf, FrameDecoder, FrameEncoder, Limits};
use bolt_remoting::rpc::{Body, Raw, RpcConnection};
use bolt_remoting::{RpcClient, RpcServer};
use bytes::{Buf, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

/// Something to count, done so many times.
type Work = fn(u32);

const V1: (BoltVersion, u8) = (BoltVersion::V1, 0);
const V2: (BoltVersion, u8) = (BoltVersion::V2_2, 0);
const V2_CRC: (BoltVersion, u8) = (BoltVersion::V2_2, 1);
const KIB: usize = 1024;
/// Frames in a row, as one read brings them.
const BATCH: u32 = 64;

const ALL: &[(&str, Work)] = &[
    ("encode-v1-empty", |n| encode(n, V1, 0)),
    ("encode-v1-1KiB", |n| encode(n, V1, KIB)),
    ("encode-v2-1KiB", |n| encode(n, V2, KIB)),
    ("encode-v2-crc-1KiB", |n| encode(n, V2_CRC, KIB)),
    ("encode-v1-64KiB", |n| encode(n, V1, 64 * KIB)),
    ("decode-v1-empty", |n| decode(n, V1, 0)),
    ("decode-v1-1KiB", |n| decode(n, V1, KIB)),
    ("decode-v2-1KiB", |n| decode(n, V2, KIB)),
    ("decode-v2-crc-1KiB", |n| decode(n, V2_CRC, KIB)),
    ("hessian-write-string-1KiB", write_string),
    ("hessian-read-string-1KiB", read_string),
    ("hessian-write-object", write_object),
    ("hessian-read-object", read_object),
    ("call-1KiB-alone", |n| calls(n, 1, false)),
    ("call-1KiB-among-64", |n| calls(n, 64, false)),
    // Alone: under callgrind many at a time would take too long to stay one task.
    ("call-1KiB-awaiting-alone", |n| calls(n, 1, true)),
];

fn main() {
    // Cargo adds --bench, and --test when asked for a trial.
    let mut args = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"));
    match (args.next().as_deref(), args.next()) {
        (Some("list"), _) => ALL.iter().for_each(|(name, _)| println!("{name}")),
        (Some(name), Some(n)) => {
            let (_, work) = ALL.iter().find(|(known, _)| *known == name).expect("known");
            work(n.parse().expect("a number"));
        }
        _ => ALL.iter().for_each(|(_, work)| work(1)),
    }
}

fn frame((version, switch): (BoltVersion, u8), size: usize) -> BoltFrame {
    let body = Bytes::from(vec![7; size]);
    let frame = BoltFrame::request(version, &b"com.example.Request"[..], body);
    BoltFrame {
        id: 1,
        switch,
        ..frame
    }
}

fn encode(n: u32, layout: (BoltVersion, u8), size: usize) {
    let frame = frame(layout, size);
    let mut encoder = BoltEncoder::new(Limits::default());
    let mut out = EncodeBuf::new();
    for _ in 0..n {
        let frame = black_box(frame.clone());
        encoder.encode(frame, &mut out).expect("valid");
        out.advance(out.remaining());
    }
}

fn decode(n: u32, layout: (BoltVersion, u8), size: usize) {
    let mut out = EncodeBuf::new();
    let mut encoder = BoltEncoder::new(Limits::default());
    for _ in 0..BATCH {
        encoder
            .encode(frame(layout, size), &mut out)
            .expect("valid");
    }
    let bytes = out.into_bytes();
    let mut decoder = BoltDecoder::new(Limits::default());
    let mut read = BytesMut::new();
    for _ in 0..n {
        if read.is_empty() {
            read.extend_from_slice(&bytes);
        }
        black_box(decoder.decode(&mut read).expect("valid"));
    }
}

fn write_string(n: u32) {
    let text = "x".repeat(KIB);
    for _ in 0..n {
        black_box(bolt_hessian::to_vec(black_box(&text)).expect("valid"));
    }
}

fn read_string(n: u32) {
    let bytes = bolt_hessian::to_vec(&"x".repeat(KIB)).expect("valid");
    for _ in 0..n {
        let text: String = bolt_hessian::from_slice(black_box(&bytes)).expect("valid");
        black_box(text);
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "com.example.Order")]
struct Order {
    id: i64,
    customer: i32,
    name: String,
    price: f64,
    discount: Option<f64>,
    tags: Vec<String>,
    paid: bool,
}

fn order() -> Order {
    Order {
        id: 4_000_000_000,
        customer: 12_345,
        name: "Customer Number 7".to_owned(),
        price: 1234.56,
        discount: None,
        tags: vec!["new".to_owned(), "urgent".to_owned()],
        paid: true,
    }
}

fn write_object(n: u32) {
    let order = order();
    for _ in 0..n {
        black_box(bolt_hessian::to_vec(black_box(&order)).expect("valid"));
    }
}

fn read_object(n: u32) {
    let bytes = bolt_hessian::to_vec(&order()).expect("valid");
    for _ in 0..n {
        let order: Order = bolt_hessian::from_slice(black_box(&bytes)).expect("valid");
        black_box(order);
    }
}

/// `n` raw calls, as many at a time as `among` says, of a handler that waits once or doesn't; client
/// and server on one thread, over a loopback socket.
fn calls(n: u32, among: u32, awaits: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let server = RpcServer::builder()
            .handle_raw("perf.RawBody", move |_cx, body: Body| async move {
                if awaits {
                    tokio::task::yield_now().await;
                }
                Ok(body)
            })
            .bind("127.0.0.1:0")
            .await
            .expect("a port");
        let client = RpcClient::new();
        let address = server.local_addr().to_string();
        let connection = client.connect(address).await.expect("a connection");
        let callers = (0..among).map(|_| tokio::spawn(caller(connection.clone(), n / among)));
        for caller in callers.collect::<Vec<_>>() {
            caller.await.expect("no panic");
        }
    });
}

async fn caller(connection: RpcConnection, n: u32) {
    let body = Body::new("perf.RawBody", vec![7; KIB]);
    let raw = Raw {
        code: SerializerCode::HESSIAN,
    };
    for _ in 0..n {
        let answer = connection.invoke_raw(raw, &body).await;
        assert_eq!(answer.expect("an answer").content.len(), KIB);
    }
}
