//! What holds for all values and all bytes.

#![allow(clippy::unwrap_used)]

#[path = "../examples/wire/hex.rs"]
mod hex;

use std::collections::BTreeMap;

use bolt_hessian::value::List;
use bolt_hessian::{
    ByteArray, Date, Deserializer, Dialect, Options, Result, Serializer, Value, from_slice_with,
    to_vec_with,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize};

fn dialect() -> impl Strategy<Value = Options> {
    select(&[Dialect::Draft, Dialect::Published][..])
        .prop_map(|dialect| Options::new().dialect(dialect))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{1,2}", "\\PC{0,40}", Just("fx.Pt".to_owned())]
}

/// Numbers around the borders of all forms.
fn border() -> impl Strategy<Value = i64> {
    let borders = [
        0,
        8,
        16,
        48,
        128,
        2048,
        32_768,
        262_144,
        1 << 31,
        1 << 32,
        1 << 53,
    ];
    (select(borders.to_vec()), -2..=2_i64, any::<bool>()).prop_map(|(border, step, negative)| {
        if negative {
            -border + step
        } else {
            border + step
        }
    })
}

fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        any::<f32>().prop_map(f64::from),
        border().prop_map(|whole| whole as f64),
        border().prop_map(|thousandths| thousandths as f64 * 0.001),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::Int),
        border().prop_map(|number| Value::Int(number as i32)),
        any::<i64>().prop_map(Value::Long),
        border().prop_map(Value::Long),
        double().prop_map(Value::Double),
        any::<i64>().prop_map(Value::Date),
        border().prop_map(|minutes| Value::Date(minutes.wrapping_mul(60_000))),
        "\\PC{0,50}".prop_map(Value::String),
        Just(Value::Utf16(Box::new([0x61, 0xdc00, 0xd800]))),
        prop::collection::vec(any::<u8>(), 0..50).prop_map(|bytes| Value::Bytes(bytes.into())),
    ]
}

/// Any value. The references all lead to the outermost container.
fn value() -> impl Strategy<Value = Value> {
    let inner = prop_oneof![8 => scalar(), 1 => Just(Value::Ref(0))];
    let tree = inner.prop_recursive(5, 60, 10, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..10);
        let entries = prop::collection::vec((inner.clone(), inner.clone()), 0..5);
        let fields = prop::collection::vec((name(), inner), 0..5);
        let type_name = || proptest::option::of(name());
        prop_oneof![
            (type_name(), items, any::<bool>()).prop_map(|(type_name, items, open_ended)| {
                Value::List(Box::new(List {
                    type_name: type_name.map(Into::into),
                    items,
                    open_ended,
                }))
            }),
            (type_name(), entries).prop_map(|(type_name, entries)| match type_name {
                Some(name) => Value::typed_map(&name, entries),
                None => Value::map(entries),
            }),
            (name(), fields).prop_map(|(name, fields)| {
                Value::object(&name, fields.iter().map(|(f, v)| (f.as_str(), v.clone())))
            }),
        ]
    });
    tree.prop_map(|tree| Value::list([tree]))
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "fx.Typed")]
struct Typed {
    small: i8,
    wide: u32,
    long: i64,
    float: f32,
    text: String,
    character: char,
    bytes: ByteArray,
    when: Option<Date>,
    map: BTreeMap<i32, Vec<Option<bool>>>,
    inner: Vec<Typed>,
}

fn typed() -> impl Strategy<Value = Typed> {
    let leaf = (
        any::<(i8, u32, i64, char)>(),
        any::<i16>(),
        "\\PC{0,20}",
        prop::collection::vec(any::<u8>(), 0..20),
        any::<Option<i64>>(),
        any::<BTreeMap<i32, Vec<Option<bool>>>>(),
    )
        .prop_map(
            |((small, wide, long, character), half, text, bytes, when, map)| Typed {
                small,
                wide,
                long,
                float: f32::from(half) / 2.0,
                text,
                character,
                bytes: bytes.into(),
                when: when.map(Date),
                map,
                inner: Vec::new(),
            },
        );
    leaf.prop_recursive(3, 8, 3, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..3))
            .prop_map(|(outer, inner)| Typed { inner, ..outer })
    })
}

fn vectors() -> Vec<Vec<u8>> {
    let texts = [
        include_str!("fixtures/hessian.jsonl"),
        include_str!("fixtures/hessian-reader.jsonl"),
    ];
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            hex::decode(json["hex"].as_str().unwrap()).unwrap()
        })
        .filter(|bytes| bytes.len() < 2000)
        .collect()
}

/// Reads what may be anything; what is read must be written and read as the same.
fn check(input: &[u8], options: Options) {
    let decoded: Result<Value> = from_slice_with(input, options);
    if let Ok(value) = decoded {
        let encoded = to_vec_with(&value, options).unwrap();
        let again = from_slice_with(&encoded, options);
        assert_eq!(again, Ok(value), "{}", hex::encode(input));
    }
    let _: Result<Typed> = from_slice_with(input, options);
    let _: Result<serde::de::IgnoredAny> = from_slice_with(input, options);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_is_read_back_as_it_was(value in value(), options in dialect()) {
        let bytes = to_vec_with(&value, options).unwrap();
        prop_assert_eq!(from_slice_with::<Value>(&bytes, options), Ok(value));
    }

    #[test]
    fn every_type_is_read_back_as_it_was(typed in typed(), options in dialect()) {
        let bytes = to_vec_with(&typed, options).unwrap();
        prop_assert_eq!(&from_slice_with::<Typed>(&bytes, options).unwrap(), &typed);
        // The long way: through a tree.
        let tree: Value = from_slice_with(&bytes, options).unwrap();
        let bytes = to_vec_with(&tree, options).unwrap();
        prop_assert_eq!(from_slice_with::<Typed>(&bytes, options), Ok(typed));
    }

    #[test]
    fn values_in_one_stream_are_read_back_as_they_were(
        values in prop::collection::vec(value(), 1..5),
        options in dialect(),
    ) {
        let mut stream = Serializer::new(options);
        for value in &values {
            stream.write(value).unwrap();
        }
        let bytes = stream.into_vec();
        let mut stream = Deserializer::from_slice(&bytes, options);
        for value in values {
            prop_assert_eq!(stream.read::<Value>(), Ok(value));
        }
        prop_assert_eq!(stream.finish(), Ok(()));
    }

    #[test]
    fn a_string_of_any_length_is_read_back(
        unit in select(&["a", "é", "中", "😀", "a😀"][..]),
        length in prop_oneof![0..70_usize, 1000..1100_usize, 16_370..16_400_usize, 32_760..32_775_usize, 65_530..65_540_usize],
        shift in prop_oneof![0..2_usize, 32_700..32_775_usize],
        options in dialect(),
    ) {
        let text = "x".repeat(shift) + &unit.repeat(length / unit.encode_utf16().count());
        let bytes = to_vec_with(&text, options).unwrap();
        prop_assert_eq!(&from_slice_with::<String>(&bytes, options).unwrap(), &text);
        let array = ByteArray::from(text.into_bytes());
        let bytes = to_vec_with(&array, options).unwrap();
        prop_assert_eq!(from_slice_with::<ByteArray>(&bytes, options), Ok(array));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(
        input in prop::collection::vec(any::<u8>(), 0..200),
        options in dialect(),
    ) {
        check(&input, options);
    }

    #[test]
    fn damaged_vectors_do_no_harm(
        mut input in select(vectors()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        options in dialect(),
    ) {
        for (place, byte) in changes {
            if !input.is_empty() {
                let place = place.index(input.len());
                input[place] = byte;
            }
        }
        check(&input, options);
    }
}
