//! Fields of every Java type against what may stand in them: where Java's reader refuses, so do
//! typed reads; where it does not, they differ only as listed here.

#![allow(clippy::unwrap_used)]

#[path = "../examples/wire/hex.rs"]
mod hex;

use std::collections::{BTreeSet, HashMap};

use bolt_hessian::{ByteArray, Date, Value, from_slice};
use serde::Deserialize;

/// What Java's reader takes and we refuse, because something would be lost.
const STRICTER: [&str; 7] = [
    // A double with a fraction into an integer.
    "field_i_2",
    "field_l_2",
    "field_bi_1",
    // A number that does not fit, which Java cuts.
    "field_b_0",
    // No character at all, which Java takes for NUL.
    "field_c_2",
    // Null where the Rust type has no `Option`.
    "field_str_4",
    // A double as text: Java's way of writing it is its own.
    "field_str_2",
];

#[derive(Debug, Default, Deserialize)]
#[serde(rename = "fx.AllKinds", default)]
#[allow(dead_code)]
struct AllKinds {
    i: i32,
    l: i64,
    d: f64,
    z: bool,
    b: i8,
    c: char,
    str: String,
    bi: Option<i32>,
    bd: Option<f64>,
    bc: Option<char>,
    bz: Option<bool>,
    date: Option<Date>,
    color: Option<Color>,
    dec: Option<BigDecimal>,
    bytes: Option<ByteArray>,
    ints: Option<Vec<i32>>,
    strs: Option<Vec<String>>,
    objs: Option<Vec<Value>>,
    chars: Option<String>,
    list: Option<Vec<Value>>,
    map: Option<HashMap<String, Value>>,
    set: Option<BTreeSet<i32>>,
    any: Value,
    num: Option<f64>,
    cs: Option<String>,
    cmp: Option<String>,
}

#[derive(Debug, Deserialize)]
#[allow(clippy::upper_case_acronyms)]
enum Color {
    RED,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct BigDecimal {
    value: String,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    hex: String,
    java_result: String,
}

#[test]
fn typed_reads_refuse_what_java_refuses() {
    let mut checked = 0;
    for line in include_str!("fixtures/hessian-reader.jsonl").lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        if !vector.name.starts_with("field_") && vector.name != "serializable_field_list" {
            continue;
        }
        let bytes = hex::decode(&vector.hex).unwrap();
        let read = from_slice::<AllKinds>(&bytes);
        let taken = vector.java_result == "OK" && !STRICTER.contains(&vector.name.as_str());
        assert_eq!(
            read.is_ok(),
            taken,
            "{} {}: {read:?}",
            vector.name,
            hex::encode(&bytes)
        );
        checked += 1;
    }
    assert!(checked >= 48, "only {checked} fields");
}
