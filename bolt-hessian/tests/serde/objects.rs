//! Structs, enums, lists and maps.

use super::*;

#[test]
fn a_struct_is_an_object_of_the_class_it_is_renamed_to() {
    assert_eq!(
        tree(&all()),
        Value::object(
            "fx.All",
            [
                ("flag", true.into()),
                ("int", (-5).into()),
                ("long", (1_i64 << 40).into()),
                ("double", 0.1.into()),
                ("text", "a😀é".into()),
                ("bytes", Bytes::from_static(&[0, 255]).into()),
                ("when", Value::Date(-1)),
                (
                    "color",
                    Value::object("fx.Color", [("name", "GREEN".into())])
                ),
                ("nothing", Value::Null),
                ("list", Value::list([1.into(), 2.into(), 3.into()])),
                ("ints", Value::typed_list("[int", [7.into()])),
                ("map", Value::map([("k".into(), 9_i64.into())])),
                (
                    "tree",
                    Value::typed_map("java.util.TreeMap", [("z".into(), 1.into())])
                ),
                (
                    "node",
                    Value::object(
                        "fx.Node",
                        [
                            ("name", "outer".into()),
                            (
                                "next",
                                Value::object(
                                    "fx.Node",
                                    [("name", "inner".into()), ("next", Value::Null)],
                                ),
                            ),
                        ],
                    ),
                ),
                ("any", all().any),
            ],
        )
    );
}

#[test]
fn what_was_written_is_read_back() {
    let bytes = to_vec(&all()).unwrap();
    assert_eq!(from_slice::<All>(&bytes), Ok(all()));
    assert_eq!(from_bytes::<All>(&bytes.clone().into()), Ok(all()));
    let mut out = vec![1];
    to_writer(&mut out, &all()).unwrap();
    assert_eq!(out[1..], bytes);
}

#[test]
fn a_list_has_the_items_that_it_declares_and_that_the_type_takes() {
    fn refusal<T: DeserializeOwned + std::fmt::Debug>(input: &[u8]) -> ErrorKind {
        from_slice::<T>(input).unwrap_err().kind().clone()
    }
    for more in [&b"Vn\x01\x91\x92z"[..], b"Vn\x02Vn\x01\x91\x92zz"] {
        assert_eq!(refusal::<Value>(more), ErrorKind::WrongItemCount);
        assert_eq!(
            refusal::<serde::de::IgnoredAny>(more),
            ErrorKind::WrongItemCount
        );
    }
    assert_eq!(
        refusal::<Vec<i32>>(b"Vn\x01\x91\x92z"),
        ErrorKind::WrongItemCount
    );
    // With a length and an end mark, with an end mark alone, with a length alone.
    let lists = b"Vn\x03Vt\0\x01an\x02\x91\x92zV\x91\x92zv\x90\x92\x91\x92z";
    assert_eq!(from_slice::<[(i32, i32); 3]>(lists), Ok([(1, 2); 3]));
    for list in [&b"Vn\x02\x91\x92z"[..], b"V\x91\x92z"] {
        assert_eq!(refusal::<(i32,)>(list), ErrorKind::WrongItemCount);
        assert!(from_slice::<(i32, i32, i32)>(list).is_err());
    }
    let compact = b"Vn\x02Vt\0\x01an\x01\x91zv\x90\x92\x91\x92z";
    assert_eq!(refusal::<Vec<(i32,)>>(compact), ErrorKind::WrongItemCount);
}

#[test]
fn a_struct_is_read_by_names_from_any_object_or_map() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename = "fx.Pt")]
    struct Point {
        x: i32,
        #[serde(default)]
        y: i32,
    }
    let point = Ok(Point { x: 1, y: 2 });
    let (one, two) = (|| Value::Int(1), || Value::Int(2));
    let other = Value::object(
        "fx.Child",
        [("z", Value::list([])), ("y", two()), ("x", one())],
    );
    assert_eq!(typed(&other), point);
    let map = Value::map([
        ("y".into(), two()),
        ("q".into(), one()),
        ("x".into(), one()),
    ]);
    assert_eq!(typed(&map), point);
    // A superclass may have a field of the same name, which then counts.
    let twice = Value::object("fx.Pt", [("x", two()), ("y", two()), ("x", one())]);
    assert_eq!(typed(&twice), point);
    // No field is named by anything but text.
    let keys = [
        Value::Date(5),
        Value::list([one()]),
        Value::Null,
        one(),
        Value::Utf16([0xd800].into()),
    ];
    let entries = keys.map(|key| (key, Value::list([])));
    let fields = [("x".into(), one()), ("y".into(), two())];
    assert_eq!(typed(&Value::map(entries.into_iter().chain(fields))), point);
    let missing = Value::object("fx.Pt", [("x", one())]);
    assert_eq!(typed(&missing), Ok(Point { x: 1, y: 0 }));
    assert!(typed::<Point>(&Value::object("fx.Pt", [])).is_err());
    assert!(matches!(
        kind::<Point>(&Value::Null),
        ErrorKind::Mismatch { .. }
    ));
}

#[test]
fn the_names_of_fields_are_text_to_visitors() {
    use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

    enum Field {
        X,
        Smile,
        Other,
    }
    impl<'de> Deserialize<'de> for Field {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Name;
            impl Visitor<'_> for Name {
                type Value = Field;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("the name of a field")
                }
                fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
                    Ok(match name {
                        "x" => Field::X,
                        "😀" => Field::Smile,
                        _ => Field::Other,
                    })
                }
            }
            deserializer.deserialize_identifier(Name)
        }
    }

    #[derive(Debug, PartialEq)]
    struct Fields(i32, i32);
    impl<'de> Deserialize<'de> for Fields {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Content;
            impl<'de> Visitor<'de> for Content {
                type Value = Fields;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                    let mut fields = Fields(0, 0);
                    while let Some(field) = map.next_key()? {
                        match field {
                            Field::X => fields.0 = map.next_value()?,
                            Field::Smile => fields.1 = map.next_value()?,
                            Field::Other => drop(map.next_value::<IgnoredAny>()?),
                        }
                    }
                    Ok(fields)
                }
            }
            deserializer.deserialize_struct("fx.Pt", &["x", "😀"], Content)
        }
    }

    // One character outside the BMP, and all names are decoded one by one.
    for last in ["y", "ü", "😀"] {
        let object = Value::object(
            "fx.Pt",
            [("q", 0.into()), ("x", 1.into()), (last, 2.into())],
        );
        let smile = if last == "😀" { 2 } else { 0 };
        assert_eq!(typed(&object), Ok(Fields(1, smile)), "{last}");
    }
}

#[test]
fn an_object_is_read_into_a_map_of_its_fields() {
    let object = Value::object("no.such.Class", [("a", 1.into()), ("b", 2.into())]);
    let map: BTreeMap<String, i32> = typed(&object).unwrap();
    assert_eq!(map, BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
}

#[test]
fn an_enum_constant_is_only_taken_from_its_object() {
    assert_eq!(typed::<Color>(&tree(&Color::Red)), Ok(Color::Red));
    // Which may come as a map, as for Java.
    let entries = || [(Value::Date(1), 2.into()), ("name".into(), "RED".into())];
    let map = Value::typed_map("fx.Color", entries());
    assert_eq!(typed::<Color>(&map), Ok(Color::Red));
    assert_eq!(typed::<Color>(&Value::map(entries())), Ok(Color::Red));
    assert!(matches!(
        kind::<Color>(&Value::map([])),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<Color>(&"RED".into()),
        ErrorKind::Mismatch { .. }
    ));
    let unknown = Value::object("fx.Color", [("name", "PINK".into())]);
    assert!(typed::<Color>(&unknown).is_err());
    assert!(matches!(
        kind::<Color>(&Value::object("x.Y", [])),
        ErrorKind::Mismatch { .. }
    ));
}

#[test]
fn an_enum_may_list_the_classes_that_can_come() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "fx.Pt")]
    struct Point {
        x: i32,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Any {
        #[serde(rename = "fx.Pt")]
        Point(Point),
        #[serde(rename = "fx.Circle")]
        Circle { r: f64 },
        #[serde(rename = "java.lang.String")]
        Text(String),
        #[serde(rename = "java.util.ArrayList")]
        List(Vec<Any>),
        #[serde(rename = "fx.Empty")]
        Empty,
    }
    let values = Any::List(vec![
        Any::Point(Point { x: 1 }),
        Any::Circle { r: 2.0 },
        Any::Text("t".into()),
        Any::Circle { r: 3.0 },
    ]);
    let written = tree(&values);
    assert_eq!(
        written,
        Value::typed_list(
            "java.util.ArrayList",
            [
                Value::object("fx.Pt", [("x", 1.into())]),
                Value::object("fx.Circle", [("r", 2.0.into())]),
                "t".into(),
                Value::object("fx.Circle", [("r", 3.0.into())]),
            ]
        )
    );
    assert_eq!(typed::<Any>(&written), Ok(values));
    assert_eq!(
        typed::<Any>(&Value::object("fx.Empty", [("q", 1.into())])),
        Ok(Any::Empty)
    );
    assert!(typed::<Any>(&Value::object("fx.Other", [])).is_err());
    assert!(typed::<Any>(&Value::Int(1)).is_err());
    assert_eq!(tree(&Any::Empty), Value::object("fx.Empty", []));
    let class = class_name::of_value(&Any::Empty);
    assert_eq!(class.as_deref(), Some("fx.Empty"));
}

#[test]
fn the_variant_other_takes_every_class_that_is_not_listed() {
    #[derive(Debug, PartialEq, Deserialize)]
    enum Any {
        #[serde(rename = "java.util.ArrayList")]
        List(Vec<Any>),
        #[serde(rename = "java.lang.Integer")]
        Int(i32),
        #[serde(other)]
        Other,
    }
    let inner = || Value::object("fx.Pt", [("x", Value::list([1.into()]))]);
    let unlisted = [
        inner(),
        Value::object("fx.Named", [("name", "Bob".into())]),
        Value::object("fx.Named", [("name", Value::Null)]),
        Value::map([("name".into(), inner())]),
        Value::typed_list("java.util.LinkedList", [inner()]),
        "text".into(),
        Value::Date(1),
    ];
    let count = unlisted.len();
    let list = Value::list(unlisted.into_iter().chain([1.into(), Value::Ref(1)]));
    let mut expected: Vec<_> = (0..count).map(|_| Any::Other).collect();
    expected.extend([Any::Int(1), Any::Other]);
    assert_eq!(typed(&list), Ok(Any::List(expected)));
    assert!(matches!(
        kind::<Any>(&Value::Null),
        ErrorKind::Mismatch { .. }
    ));
}

#[test]
fn a_variant_that_the_bytes_would_not_tell_is_refused() {
    #[derive(Serialize)]
    enum Either {
        Number(i32),
        Pair(i32, i32),
        Named { number: i32 },
    }
    for lost in [Either::Number(1), Either::Pair(1, 2)] {
        let error = to_vec(&lost).unwrap_err().to_string();
        assert!(
            error.contains("of enum Either has no Java class name"),
            "{error}"
        );
        assert!(error.contains("#[serde(rename ="), "{error}");
    }
    assert!(to_vec(&Ok::<i32, String>(1)).is_err());
    // Its class tells.
    let named = Value::object("Named", [("number", 1.into())]);
    assert_eq!(tree(&Either::Named { number: 1 }), named);
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Plain {
        Number(i32),
    }
    assert_eq!(tree(&Plain::Number(1)), Value::Int(1));
}
