//! How containers and class definitions are written, and what passes through serde's buffers.

use super::*;

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
fn serde_s_buffers_lose_what_only_hessian_says() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Whole {
        id: i32,
        #[serde(flatten)]
        rest: Rest,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Rest {
        when: Date,
        bytes: ByteArray,
        #[serde(deserialize_with = "bolt_hessian::enum_by_name")]
        color: Color,
        any: Value,
    }
    let color = || Value::object("fx.Color", [("name", "RED".into())]);
    let list = Value::typed_list("java.util.LinkedList", [Value::Date(2), color()]);
    let sent = Value::object(
        "fx.Whole",
        [
            ("id", 1.into()),
            ("when", Value::Date(5)),
            ("bytes", Bytes::from_static(b"x").into()),
            ("color", color()),
            ("any", list),
        ],
    );
    let expected = Whole {
        id: 1,
        rest: Rest {
            when: Date(5),
            bytes: vec![b'x'].into(),
            color: Color::Red,
            any: Value::list([Value::Long(2), Value::map([("name".into(), "RED".into())])]),
        },
    };
    assert_eq!(typed(&sent), Ok(expected));

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[allow(dead_code)]
    enum Lost {
        Color { color: Color },
    }
    assert!(typed::<Lost>(&sent).is_err());
    // Where nothing is in a buffer the helper does as well.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Paint {
        #[serde(deserialize_with = "bolt_hessian::enum_by_name")]
        color: Color,
    }
    assert_eq!(typed(&sent), Ok(Paint { color: Color::Red }));
}
