//! Any bytes in either dialect: no panic, no stack overflow, whatever they are read as; and what
//! can be read can be passed over.
#![no_main]

use std::collections::HashMap;

use bolt_hessian::{ByteArray, Date, Dialect, JavaException, Options, Value, from_slice_with};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(rename = "fx.All", default)]
#[derive(Default)]
#[allow(dead_code)]
struct All {
    i: i32,
    l: i64,
    d: f64,
    z: bool,
    str: Option<String>,
    date: Option<Date>,
    color: Option<Color>,
    bytes: Option<ByteArray>,
    list: Option<Vec<All>>,
    map: Option<HashMap<String, Value>>,
    any: Value,
    next: Option<Box<All>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Color {
    #[serde(rename = "RED")]
    Red,
    #[serde(rename = "fx.Pt")]
    Point { x: i32, y: i32 },
    #[serde(rename = "java.util.ArrayList")]
    List(Vec<Color>),
}

fuzz_target!(|input: &[u8]| {
    let Some((&dialect, bytes)) = input.split_first() else {
        return;
    };
    let options = Options::new().dialect(match dialect % 2 {
        0 => Dialect::Draft,
        _ => Dialect::Published,
    });
    let value = from_slice_with::<Value>(bytes, options);
    let passed = from_slice_with::<IgnoredAny>(bytes, options);
    assert!(
        value.is_err() || passed.is_ok(),
        "{value:?} cannot be passed over"
    );
    let _ = from_slice_with::<All>(bytes, options);
    let _ = from_slice_with::<Color>(bytes, options);
    let _ = from_slice_with::<serde_json::Value>(bytes, options);
    let _ = from_slice_with::<JavaException>(bytes, options);
});
