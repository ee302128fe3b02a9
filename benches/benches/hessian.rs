//! Encoding and decoding with bolt-hessian: an object with ten fields, a list of a thousand of them,
//! long strings, a long byte array; beside serde_json and postcard on the same data.
//!
//! Ends with how many times faster than serde_json the object is encoded and decoded.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bolt_hessian::{ByteArray, from_slice, to_vec};
use criterion::{Criterion, Throughput, criterion_group};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "com.example.Order", rename_all = "camelCase")]
struct Order {
    id: i64,
    customer: i32,
    name: String,
    email: String,
    city: String,
    price: f64,
    discount: Option<f64>,
    quantity: i32,
    paid: bool,
    created: i64,
}

fn order(id: i64) -> Order {
    Order {
        id: 4_000_000_000 + id,
        customer: 12_345 + id as i32,
        name: format!("Customer Number {id}"),
        email: format!("customer{id}@example.com"),
        city: "Hangzhou".to_owned(),
        price: 1234.56 + id as f64,
        discount: None,
        quantity: 3,
        paid: id % 2 == 0,
        created: 1_700_000_000_123 + id,
    }
}

/// One value in all three formats.
fn compare<T>(c: &mut Criterion, name: &str, value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let hessian = to_vec(value).expect("valid");
    let json = serde_json::to_vec(value).expect("valid");
    let postcard = postcard::to_stdvec(value).expect("valid");
    assert_eq!(&from_slice::<T>(&hessian).expect("valid"), value);

    let mut group = c.benchmark_group(format!("encode {name}"));
    group.throughput(Throughput::Bytes(hessian.len() as u64));
    group.bench_function("hessian", |b| b.iter(|| to_vec(black_box(value))));
    group.bench_function("serde_json", |b| {
        b.iter(|| serde_json::to_vec(black_box(value)));
    });
    group.bench_function("postcard", |b| {
        b.iter(|| postcard::to_stdvec(black_box(value)));
    });
    group.finish();

    let mut group = c.benchmark_group(format!("decode {name}"));
    group.throughput(Throughput::Bytes(hessian.len() as u64));
    group.bench_function("hessian", |b| {
        b.iter(|| from_slice::<T>(black_box(&hessian)));
    });
    group.bench_function("serde_json", |b| {
        b.iter(|| serde_json::from_slice::<T>(black_box(&json)));
    });
    group.bench_function("postcard", |b| {
        b.iter(|| postcard::from_bytes::<T>(black_box(&postcard)));
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    compare(c, "object", &order(7));
    compare(c, "1000 objects", &(0..1000).map(order).collect::<Vec<_>>());
    compare(c, "64 KiB ascii", &"a".repeat(64 * 1024));
    compare(c, "64 KiB cjk", &"中".repeat(64 * 1024 / 3));
    compare(c, "1 MiB bytes", &ByteArray::from(vec![7; 1 << 20]));
}

/// The shortest of many rounds of both, in nanoseconds per call. They take turns, so that a machine
/// whose speed changes does not favour one.
fn race<A, B>(ours: impl Fn() -> A, theirs: impl Fn() -> B) -> [f64; 2] {
    const CALLS: u32 = 100;
    fn round<T>(call: &impl Fn() -> T) -> Duration {
        let start = Instant::now();
        (0..CALLS).for_each(|_| {
            black_box(call());
        });
        start.elapsed()
    }
    let mut best = [Duration::MAX; 2];
    for _ in 0..2000 {
        best = [best[0].min(round(&ours)), best[1].min(round(&theirs))];
    }
    best.map(|best| best.as_nanos() as f64 / f64::from(CALLS))
}

fn print_ratios() {
    let order = order(7);
    let hessian = to_vec(&order).expect("valid");
    let json = serde_json::to_vec(&order).expect("valid");
    let encode = race(
        || to_vec(black_box(&order)),
        || serde_json::to_vec(black_box(&order)),
    );
    let decode = race(
        || from_slice::<Order>(black_box(&hessian)),
        || serde_json::from_slice::<Order>(black_box(&json)),
    );
    for (what, [ours, theirs]) in [("encoded", encode), ("decoded", decode)] {
        println!(
            "an object is {what} in {ours:.0} ns, by serde_json in {theirs:.0} ns: \
             {:.2} times as fast",
            theirs / ours
        );
    }
}

criterion_group!(benches, all);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    print_ratios();
}
