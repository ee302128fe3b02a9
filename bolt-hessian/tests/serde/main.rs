//! Rust types and the Java data that they stand for.

#![allow(clippy::unwrap_used)]

mod exceptions;
mod names;
mod objects;
mod scalars;
mod shapes;
mod sharing;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use bolt_hessian::{
    ByteArray, Date, Deserializer, Dialect, ErrorKind, JavaException, Options, Result, Serializer,
    StackFrame, Value, class_name, from_buf, from_bytes, from_slice, from_slice_with, to_vec,
    to_vec_with, to_writer,
};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn tree<T: Serialize + ?Sized>(value: &T) -> Value {
    from_slice(&to_vec(value).unwrap()).unwrap()
}

fn typed<T: DeserializeOwned>(value: &Value) -> Result<T> {
    from_slice(&to_vec(value).unwrap())
}

fn kind<T: DeserializeOwned + std::fmt::Debug>(value: &Value) -> ErrorKind {
    typed::<T>(value).unwrap_err().kind().clone()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "fx.Node")]
struct Node {
    name: String,
    next: Option<Box<Node>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "fx.Color", rename_all = "UPPERCASE")]
enum Color {
    Red,
    Green,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "[int")]
struct IntArray(Vec<i32>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "java.util.TreeMap")]
struct TreeMap(BTreeMap<String, i32>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "fx.All")]
struct All {
    flag: bool,
    int: i32,
    long: i64,
    double: f64,
    text: String,
    bytes: ByteArray,
    when: Date,
    color: Color,
    nothing: Option<i32>,
    list: Vec<i32>,
    ints: IntArray,
    map: HashMap<String, i64>,
    tree: TreeMap,
    node: Node,
    any: Value,
}

fn all() -> All {
    All {
        flag: true,
        int: -5,
        long: 1 << 40,
        double: 0.1,
        text: "a😀é".into(),
        bytes: vec![0, 255].into(),
        when: Date(-1),
        color: Color::Green,
        nothing: None,
        list: vec![1, 2, 3],
        ints: IntArray(vec![7]),
        map: HashMap::from([("k".into(), 9)]),
        tree: TreeMap(BTreeMap::from([("z".into(), 1)])),
        node: Node {
            name: "outer".into(),
            next: Some(Box::new(Node {
                name: "inner".into(),
                next: None,
            })),
        },
        any: Value::typed_list("[object", [Value::Date(3), Value::object("fx.E", [])]),
    }
}
