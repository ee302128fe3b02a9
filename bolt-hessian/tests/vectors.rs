//! What the real Java library wrote, and what its reader accepts and refuses.

#![allow(clippy::unwrap_used)]

#[path = "../examples/wire/hex.rs"]
mod hex;
#[path = "../examples/wire/tree.rs"]
mod tree;

use bolt_hessian::{
    Dialect, Options, Result, Value, class_name, from_slice, from_slice_with, to_vec, to_vec_with,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    name: String,
    hex: String,
    /// The value as a tree; absent where the bytes are to be refused, or nested too deep for a
    /// plain JSON parser, which `wire_json` then has as text.
    wire: Option<serde_json::Value>,
    wire_json: Option<String>,
    #[serde(default)]
    canonical_encoding: bool,
    /// The class of what Java wrote, as Java programs spell it.
    #[serde(default)]
    java_type: String,
}

impl Vector {
    fn bytes(&self) -> Vec<u8> {
        hex::decode(&self.hex).unwrap()
    }

    fn expected(&self) -> Option<Value> {
        let text = match (&self.wire, &self.wire_json) {
            (_, Some(text)) => text.clone(),
            (Some(wire), None) => wire.to_string(),
            (None, None) => return None,
        };
        Some(tree::from_json(&text).unwrap())
    }
}

/// What `Class.getName()` gives for a type as programs spell it: arrays differ.
fn name_of(type_name: &str) -> String {
    fn of_item(item: &str) -> String {
        match item {
            "boolean" => "Z".into(),
            "byte" => "B".into(),
            "char" => "C".into(),
            "short" => "S".into(),
            "int" => "I".into(),
            "long" => "J".into(),
            "float" => "F".into(),
            "double" => "D".into(),
            array if array.ends_with("[]") => name_of(array),
            class => format!("L{class};"),
        }
    }
    match type_name.strip_suffix("[]") {
        Some(item) => format!("[{}", of_item(item)),
        None => type_name.to_owned(),
    }
}

fn load(text: &str, at_least: usize) -> Vec<Vector> {
    let vectors: Vec<Vector> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(vectors.len() >= at_least, "only {} vectors", vectors.len());
    vectors
}

fn written_by_java() -> Vec<Vector> {
    load(include_str!("fixtures/hessian.jsonl"), 282)
}

fn given_to_java() -> Vec<Vector> {
    load(include_str!("fixtures/hessian-reader.jsonl"), 134)
}

fn check_decoding(vectors: &[Vector]) {
    for vector in vectors {
        let decoded: Result<Value> = from_slice(&vector.bytes());
        match vector.expected() {
            Some(expected) => assert_eq!(decoded.as_ref(), Ok(&expected), "{}", vector.name),
            None => assert!(decoded.is_err(), "{}: {decoded:?}", vector.name),
        }
    }
}

#[test]
fn every_value_that_java_wrote_is_read_as_what_it_is() {
    check_decoding(&written_by_java());
}

#[test]
fn every_input_is_read_or_refused_as_the_table_says() {
    check_decoding(&given_to_java());
}

#[test]
fn what_java_wrote_canonically_is_written_with_the_same_bytes() {
    let mut checked = 0;
    for vector in written_by_java() {
        if vector.canonical_encoding {
            let value: Value = from_slice(&vector.bytes()).unwrap();
            assert_eq!(
                hex::encode(&to_vec(&value).unwrap()),
                vector.hex,
                "{}",
                vector.name
            );
            checked += 1;
        }
    }
    assert!(checked > 270, "only {checked} canonical vectors");
}

#[test]
fn the_class_of_a_frame_is_the_one_that_java_gives_it() {
    // What Hessian does not tell apart, and a class that replaces its objects by text.
    const SENT_AS: [(&str, &str); 10] = [
        ("java.lang.Byte", "java.lang.Integer"),
        ("java.lang.Short", "java.lang.Integer"),
        ("java.lang.Float", "java.lang.Double"),
        ("java.lang.Character", "java.lang.String"),
        ("[C", "java.lang.String"),
        ("null", ""),
        ("java.util.ArrayList$Itr", "java.util.ArrayList"),
        ("java.util.Vector$1", "java.util.ArrayList"),
        ("java.io.ByteArrayInputStream", "[B"),
        ("fx.ReplStr", "java.lang.String"),
    ];
    for vector in written_by_java() {
        let value: Value = from_slice(&vector.bytes()).unwrap();
        let class = class_name::of_value(&value);
        let java = name_of(&vector.java_type);
        let sent_as = SENT_AS.iter().find(|(type_name, _)| *type_name == java);
        let expected = sent_as.map_or(&*java, |(_, sent_as)| sent_as);
        assert_eq!(class.as_deref().unwrap_or(""), expected, "{}", vector.name);
    }
}

#[test]
fn the_published_dialect_is_read_and_written_as_java_does() {
    let published = Options::new().dialect(Dialect::Published);
    for vector in load(include_str!("fixtures/hessian-published.jsonl"), 300) {
        let value: Value = from_slice_with(&vector.bytes(), published).unwrap();
        assert_eq!(Some(&value), vector.expected().as_ref(), "{}", vector.name);
        let written = to_vec_with(&value, published).unwrap();
        assert_eq!(hex::encode(&written), vector.hex, "{}", vector.name);
    }
}

#[test]
fn a_tree_survives_its_way_through_json() {
    for vector in written_by_java() {
        let value: Value = from_slice(&vector.bytes()).unwrap();
        assert_eq!(
            tree::from_json(&tree::to_json(&value)),
            Ok(value),
            "{}",
            vector.name
        );
    }
}

#[test]
fn no_prefix_of_a_value_is_a_value() {
    for vector in written_by_java() {
        let bytes = vector.bytes();
        // Long strings need not be cut everywhere.
        for end in (0..bytes.len()).step_by(1 + bytes.len() / 500) {
            let decoded: Result<Value> = from_slice(&bytes[..end]);
            assert!(decoded.is_err(), "{} cut to {end} bytes", vector.name);
        }
    }
}

#[test]
fn bytes_after_a_value_are_refused() {
    for vector in written_by_java() {
        let mut bytes = vector.bytes();
        bytes.push(b'N');
        let decoded: Result<Value> = from_slice(&bytes);
        assert!(decoded.is_err(), "{}", vector.name);
    }
}
