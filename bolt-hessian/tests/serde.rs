//! Rust types and the Java data that they stand for.

#![allow(clippy::unwrap_used)]

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
fn text_without_emoji_is_borrowed() {
    let text = "plain, h\u{fc}bsch, 你好";
    let bytes = to_vec(text).unwrap();
    assert!(matches!(from_slice::<&str>(&bytes), Ok(read) if read == text));
    #[derive(Deserialize)]
    struct Borrowed<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
    }
    let bytes = to_vec(&Value::object("fx.B", [("text", text.into())])).unwrap();
    let read: Borrowed<'_> = from_slice(&bytes).unwrap();
    assert!(matches!(read.text, Cow::Borrowed(read) if read == text));
}

#[test]
fn a_byte_array_in_one_piece_is_a_view_of_shared_input() {
    let input = Bytes::from(to_vec(&ByteArray::from(vec![7; 1000])).unwrap());
    let array: ByteArray = from_bytes(&input).unwrap();
    assert_eq!(array.as_ptr(), input[3..].as_ptr());
    let Value::Bytes(bytes) = from_bytes(&input).unwrap() else {
        panic!("not bytes");
    };
    assert_eq!(bytes.as_ptr(), input[3..].as_ptr());
    let long = ByteArray::from(vec![7; 100_000]);
    assert_eq!(
        from_bytes::<ByteArray>(&to_vec(&long).unwrap().into()),
        Ok(long)
    );
}

#[test]
fn input_need_not_lie_in_one_piece() {
    use bytes::Buf;
    let bytes = to_vec(&all()).unwrap();
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    assert_eq!(from_buf::<All>(head.chain(tail)), Ok(all()));
    assert!(from_buf::<All>(head).is_err());
}

#[test]
fn a_byte_array_is_not_taken_from_a_list_and_a_list_not_from_bytes() {
    let list = Value::list([1.into()]);
    let bytes = Value::Bytes(Bytes::from_static(b"x"));
    assert!(matches!(
        kind::<ByteArray>(&list),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<serde_bytes::ByteBuf>(&list),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<Vec<u8>>(&bytes),
        ErrorKind::Mismatch { .. }
    ));
    assert_eq!(
        typed::<serde_bytes::ByteBuf>(&bytes).unwrap().as_slice(),
        b"x"
    );
    assert_eq!(tree(serde_bytes::Bytes::new(b"x")), bytes);
}

#[test]
fn numbers_are_taken_from_every_form_that_holds_them_exactly() {
    for value in [
        Value::Int(1),
        Value::Long(1),
        Value::Double(1.0),
        Value::Bool(true),
    ] {
        assert_eq!(typed::<i8>(&value), Ok(1));
        assert_eq!(typed::<u64>(&value), Ok(1));
        assert_eq!(typed::<f32>(&value), Ok(1.0));
        assert_eq!(typed::<f64>(&value), Ok(1.0));
        assert_eq!(typed::<bool>(&value), Ok(true));
    }
    assert_eq!(typed::<i32>(&Value::Null), Ok(0));
    assert_eq!(typed::<bool>(&Value::Null), Ok(false));
    assert_eq!(typed::<Option<i32>>(&Value::Null), Ok(None));
    assert_eq!(
        typed::<i64>(&Value::Double(-(2_f64.powi(63)))),
        Ok(i64::MIN)
    );
    assert_eq!(
        kind::<i64>(&Value::Double(2_f64.powi(63))),
        ErrorKind::OutOfRange
    );
    assert_eq!(kind::<i32>(&Value::Double(2.9)), ErrorKind::OutOfRange);
    assert_eq!(kind::<i32>(&Value::Double(f64::NAN)), ErrorKind::OutOfRange);
    assert!(typed::<i8>(&Value::Int(128)).is_err());
    assert!(typed::<u32>(&Value::Int(-1)).is_err());
    assert!(typed::<i32>(&Value::Long(1 << 32)).is_err());
    assert!(matches!(
        kind::<i32>(&"5".into()),
        ErrorKind::Mismatch { .. }
    ));
}

#[test]
fn numbers_that_no_long_holds_are_refused() {
    assert_eq!(
        to_vec(&u64::MAX).unwrap_err().kind(),
        &ErrorKind::OutOfRange
    );
    assert_eq!(
        to_vec(&i128::MIN).unwrap_err().kind(),
        &ErrorKind::OutOfRange
    );
    assert_eq!(tree(&(i64::MAX as u128)), Value::Long(i64::MAX));
}

#[test]
fn text_is_taken_from_integers_and_booleans_too() {
    assert_eq!(typed::<String>(&Value::Int(-5)), Ok("-5".into()));
    assert_eq!(typed::<String>(&Value::Long(5)), Ok("5".into()));
    assert_eq!(typed::<String>(&Value::Bool(true)), Ok("true".into()));
    assert_eq!(typed::<char>(&"x".into()), Ok('x'));
    assert!(matches!(
        kind::<String>(&Value::Null),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<String>(&Value::Date(0)),
        ErrorKind::Mismatch { .. }
    ));
    let half = Value::Utf16(Box::new([0xd800]));
    assert_eq!(kind::<String>(&half), ErrorKind::LoneSurrogate);
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
fn a_date_is_only_taken_from_a_date() {
    assert_eq!(typed::<Date>(&Value::Date(5)), Ok(Date(5)));
    assert!(matches!(
        kind::<Date>(&Value::Long(5)),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<i64>(&Value::Date(5)),
        ErrorKind::Mismatch { .. }
    ));
    assert_eq!(tree(&Date(5)), Value::Date(5));
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
    let missing = Value::object("fx.Pt", [("x", one())]);
    assert_eq!(typed(&missing), Ok(Point { x: 1, y: 0 }));
    assert!(typed::<Point>(&Value::object("fx.Pt", [])).is_err());
    assert!(matches!(
        kind::<Point>(&Value::Null),
        ErrorKind::Mismatch { .. }
    ));
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
}

#[test]
fn shared_data_is_expanded() {
    let node = Value::object("fx.Node", [("name", "a".into()), ("next", Value::Null)]);
    let shared = Value::list([node, Value::Ref(1), Value::Ref(1)]);
    let one = Node {
        name: "a".into(),
        next: None,
    };
    assert_eq!(typed(&shared), Ok(vec![one.clone(), one.clone(), one]));
    let red = Value::object("fx.Color", [("name", "RED".into())]);
    let colors = Value::list([red, Value::Ref(1)]);
    assert_eq!(typed(&colors), Ok([Color::Red, Color::Red]));
}

#[test]
fn cyclic_data_is_refused_by_types_and_kept_by_values() {
    let cycle = Value::object("fx.Node", [("name", "a".into()), ("next", Value::Ref(0))]);
    assert_eq!(kind::<Node>(&cycle), ErrorKind::TooDeep);
    assert_eq!(tree(&cycle), cycle);
}

#[test]
fn a_value_inside_a_type_is_complete_in_itself() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Holder {
        first: Value,
        second: Value,
    }
    let shared = Value::object("fx.Pt", [("x", 1.into())]);
    // The holder is number 0, the object 1, the list 2.
    let cycle = Value::list([Value::Ref(2), Value::Ref(1), Value::Ref(0)]);
    let holder: Holder = typed(&Value::object(
        "fx.Holder",
        [("first", shared.clone()), ("second", cycle)],
    ))
    .unwrap();
    assert_eq!(holder.first, shared);
    // Now the list is number 0, the object that it brought in 1, the holder around it 2.
    assert_eq!(
        holder.second,
        Value::list([
            Value::Ref(0),
            shared,
            Value::object(
                "fx.Holder",
                [("first", Value::Ref(1)), ("second", Value::Ref(0))]
            ),
        ])
    );
}

#[test]
fn several_values_share_one_stream() {
    let point = || Value::object("fx.Pt", [("x", 1.into())]);
    let mut stream = Serializer::default();
    stream.write("request").unwrap();
    stream.write(&Color::Red).unwrap();
    stream.write(&point()).unwrap();
    stream
        .write(&Value::list([point(), Value::Ref(1)]))
        .unwrap();
    stream.write(&Color::Green).unwrap();
    let bytes = stream.into_vec();
    let expected = b"\x07requestO\x98fx.Color\x91\x04nameo\x90\x03RED\
        O\x95fx.Pt\x91\x01xo\x91\x91Vn\x02o\x91\x91J\x03zo\x90\x05GREEN";
    assert_eq!(bytes, expected);

    let mut stream = Deserializer::from_slice(&bytes, Options::default());
    assert_eq!(stream.read(), Ok("request"));
    assert_eq!(stream.read(), Ok(Color::Red));
    assert_eq!(stream.read(), Ok(point()));
    assert_eq!(stream.read(), Ok(Value::list([point(), Value::Ref(1)])));
    assert!(!stream.is_at_end());
    assert_eq!(stream.read(), Ok(Color::Green));
    assert_eq!(stream.finish(), Ok(()));
}

#[test]
fn a_later_value_may_refer_to_an_earlier_one() {
    // An object, then a list with the object and itself.
    let bytes = b"O\x95fx.Pt\x91\x01xo\x90\x91Vn\x02J\x00J\x01z";
    let mut stream = Deserializer::from_slice(bytes, Options::default());
    let point = Value::object("fx.Pt", [("x", 1.into())]);
    assert_eq!(stream.read(), Ok(point.clone()));
    assert_eq!(stream.read(), Ok(Value::list([point, Value::Ref(0)])));
    assert_eq!(stream.finish(), Ok(()));
}

#[test]
fn a_sequence_of_unknown_length_is_written_with_its_length() {
    struct Evens;
    impl Serialize for Evens {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.collect_seq((0..600).filter(|n| n % 2 == 0))
        }
    }
    let evens = Value::list((0..600).filter(|n| n % 2 == 0).map(Value::Int));
    assert_eq!(to_vec(&Evens).unwrap(), to_vec(&evens).unwrap());
}

#[test]
fn the_first_key_true_does_not_look_like_a_type_number() {
    let map = BTreeMap::from([(true, "t")]);
    let hash_map = Value::typed_map("java.util.HashMap", [(true.into(), "t".into())]);
    assert_eq!(tree(&map), hash_map);
}

#[test]
fn a_skipped_field_is_null_so_that_all_objects_share_a_definition() {
    #[derive(Serialize)]
    #[serde(rename = "fx.S")]
    struct Skips {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<i32>,
        b: i32,
    }
    let both = [Skips { a: None, b: 1 }, Skips { a: Some(2), b: 3 }];
    let bytes = to_vec(&both).unwrap();
    assert_eq!(
        bytes,
        b"Vn\x02O\x94fx.S\x92\x01a\x01bo\x90N\x91o\x90\x92\x93z"
    );
}

/// A `Serialize` implementation of a kind that derive does not make.
struct Odd(&'static [&'static str]);

impl Serialize for Odd {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut odd = s.serialize_struct("fx.Odd", self.0.len())?;
        for name in self.0 {
            odd.serialize_field(name, &self.0.len())?;
        }
        odd.end()
    }
}

#[test]
fn objects_of_one_class_with_different_fields_are_refused_in_one_stream() {
    for (first, second) in [
        (&["a"][..], &["b"][..]),
        (&["a", "b"], &["a"]),
        (&["a"], &["a", "b"]),
    ] {
        let error = to_vec(&[Odd(first), Odd(second)]).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InconsistentFields("fx.Odd".into())
        );
    }
}

#[test]
fn a_class_may_have_other_fields_in_another_stream() {
    let shapes = [
        &["a", "b"][..],
        &["a", "c"],
        &["a"],
        &[],
        &["a", "b", "c"],
        &["a", "b"],
    ];
    for names in shapes.into_iter().cycle().take(20) {
        let number = || Value::Long(names.len() as i64);
        let object = Value::object("fx.Odd", names.iter().map(|name| (*name, number())));
        let around = Value::list(["x".into(), object.clone(), object]);
        let ours = to_vec(&("x", Odd(names), Odd(names))).unwrap();
        assert_eq!(ours, to_vec(&around).unwrap());
        let published = Options::new().dialect(Dialect::Published);
        let ours = to_vec_with(&Odd(names), published).unwrap();
        assert_eq!(
            from_slice_with::<Value>(&ours, published),
            Ok(tree(&Odd(names)))
        );
    }
}

#[test]
fn an_object_inside_one_of_its_class_has_the_same_fields() {
    struct Nest(&'static str, Option<Box<Nest>>);
    impl Serialize for Nest {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            let mut nest = s.serialize_struct("fx.Nest", 2)?;
            nest.serialize_field("inner", &self.1)?;
            nest.serialize_field(self.0, "x")?;
            nest.end()
        }
    }
    let nest = |outer, inner| Nest(outer, Some(Box::new(Nest(inner, None))));
    // More than once, as what was written before is remembered.
    for names in ["a", "b", "b", "a"] {
        let ours = to_vec(&nest(names, names));
        let expected = |inner| Value::object("fx.Nest", [("inner", inner), (names, "x".into())]);
        assert_eq!(ours, to_vec(&expected(expected(Value::Null))));
        for (outer, inner) in [("a", "b"), ("b", "a")] {
            let error = to_vec(&nest(outer, inner)).unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::InconsistentFields("fx.Nest".into())
            );
        }
    }
}

#[test]
fn class_names_are_known_without_encoding() {
    fn name<T: Serialize + ?Sized>(value: &T) -> Option<String> {
        class_name::of_value(value).map(|name| name.into_string())
    }
    assert_eq!(name("x").as_deref(), Some("java.lang.String"));
    assert_eq!(name(&Some(1_u8)).as_deref(), Some("java.lang.Integer"));
    assert_eq!(name(&1_u32).as_deref(), Some("java.lang.Long"));
    assert_eq!(name(&Color::Red).as_deref(), Some("fx.Color"));
    assert_eq!(name(&all()).as_deref(), Some("fx.All"));
    assert_eq!(name(&IntArray(vec![])).as_deref(), Some("[I"));
    assert_eq!(name(&ByteArray::default()).as_deref(), Some("[B"));
    assert_eq!(name(&Date(0)).as_deref(), Some("java.util.Date"));
    assert_eq!(
        name(&HashMap::from([(1, 2)])).as_deref(),
        Some("java.util.HashMap")
    );
    assert_eq!(name(&None::<i32>), None);
    assert_eq!(name(&Value::Null), None);
    assert_eq!(name(&Value::object("fx.Pt", [])).as_deref(), Some("fx.Pt"));
    assert_eq!(
        name(&Value::typed_list("[fx.Pt", [])).as_deref(),
        Some("[Lfx.Pt;")
    );
    assert_eq!(
        name(&Value::typed_list("[[int", [])).as_deref(),
        Some("[[I")
    );
    assert_eq!(name(&JavaException::new("x.Y", "")).as_deref(), Some("x.Y"));
    #[derive(Serialize)]
    struct NoName {}
    assert_eq!(name(&NoName {}), None);

    assert_eq!(class_name::of_type::<All>(), Some("fx.All"));
    assert_eq!(class_name::of_type::<Color>(), Some("fx.Color"));
    assert_eq!(
        class_name::of_type::<Option<&str>>(),
        Some("java.lang.String")
    );
    assert_eq!(class_name::of_type::<IntArray>(), Some("[I"));
    assert_eq!(class_name::of_type::<ByteArray>(), Some("[B"));
    assert_eq!(class_name::of_type::<Box<Date>>(), Some("java.util.Date"));
    assert_eq!(class_name::of_type::<TreeMap>(), Some("java.util.TreeMap"));
    assert_eq!(
        class_name::of_type::<[i32; 2]>(),
        Some("java.util.ArrayList")
    );
    assert_eq!(class_name::of_type::<()>(), None);
    assert_eq!(class_name::of_type::<Value>(), None);
}

#[test]
fn an_exception_is_written_in_the_form_that_every_jvm_reads() {
    let exception = JavaException {
        stack_trace: vec![StackFrame {
            class_name: "fx.A".into(),
            method: "run".into(),
            file: None,
            line: -2,
        }],
        cause: Some(Box::new(JavaException::new("fx.Cause", "why"))),
        ..JavaException::new("fx.Ex", "what")
    };
    let frame = Value::object(
        "java.lang.StackTraceElement",
        [
            ("declaringClass", "fx.A".into()),
            ("methodName", "run".into()),
            ("fileName", Value::Null),
            ("lineNumber", (-2).into()),
        ],
    );
    assert_eq!(
        tree(&exception),
        Value::object(
            "fx.Ex",
            [
                ("detailMessage", "what caused by fx.Cause: why".into()),
                ("cause", Value::Null),
                (
                    "stackTrace",
                    Value::typed_list("[java.lang.StackTraceElement", [frame])
                ),
                ("suppressedExceptions", Value::Null),
            ]
        )
    );
    assert_eq!(
        exception.stack_trace[0].to_string(),
        "fx.A.run(Native Method)"
    );
}

#[test]
fn an_exception_is_read_with_its_causes_and_without_itself_as_a_cause() {
    let inner = Value::object(
        "fx.In",
        [("detailMessage", Value::Null), ("cause", Value::Ref(1))],
    );
    let outer = Value::object("fx.Out", [("cause", inner), ("detailMessage", "m".into())]);
    let read: JavaException = typed(&outer).unwrap();
    assert_eq!(read.to_string(), "fx.Out: m");
    let cause = read.cause.unwrap();
    assert_eq!((cause.class_name.as_str(), cause.message), ("fx.In", None));
    assert_eq!(cause.cause, None);
    assert!(typed::<JavaException>(&Value::object("fx.Pt", [("x", 1.into())])).is_err());
    assert!(typed::<JavaException>(&"text".into()).is_err());
}

#[test]
fn a_value_falls_back_to_the_plain_shape_in_other_formats() {
    let value = Value::object(
        "fx.P",
        [("a", Value::list([1.into(), Value::Null, "x".into()]))],
    );
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, r#"{"a":[1,null,"x"]}"#);
    let back: Value = serde_json::from_str(&json).unwrap();
    let list = Value::list([1_i64.into(), Value::Null, "x".into()]);
    assert_eq!(back, Value::map([("a".into(), list)]));
}
