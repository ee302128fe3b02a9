//! Values that we write and the real library reads.

use std::collections::BTreeMap;

use bolt_hessian::{ByteArray, Dialect, Options, Value, to_vec_with};
use serde::Serialize;

use super::objects::point;
use super::text;

/// A value and what Java is to read.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) draft: Vec<u8>,
    pub(crate) published: Vec<u8>,
    pub(crate) expected: String,
    /// Whether only a JVM with opened packages can read it.
    pub(crate) opened_only: bool,
}

#[derive(Default)]
pub(crate) struct Corpus {
    pub(crate) cases: Vec<Case>,
}

impl Corpus {
    pub(crate) fn new() -> Self {
        let mut corpus = Corpus::default();
        corpus.scalars();
        corpus.texts();
        corpus.lists();
        corpus.maps();
        corpus.objects();
        corpus.fields();
        corpus.exceptions();
        corpus.streams();
        corpus.types();
        corpus
    }

    /// Adds what `write` writes.
    pub(super) fn add(
        &mut self,
        name: String,
        expected: String,
        write: impl Fn(Options) -> Vec<u8>,
    ) {
        let bytes = |dialect| write(Options::new().dialect(dialect));
        self.cases.push(Case {
            name,
            draft: bytes(Dialect::Draft),
            published: bytes(Dialect::Published),
            expected,
            opened_only: false,
        });
    }

    pub(crate) fn typed<T: Serialize>(&mut self, name: &str, value: &T, expected: &str) {
        let write = |options| to_vec_with(value, options).unwrap();
        self.add(name.to_owned(), expected.to_owned(), write);
    }

    /// A value of which Java has the same idea.
    pub(super) fn value(&mut self, name: impl Into<String>, value: Value) {
        let expected = text::of(&value);
        self.add(name.into(), expected, |options| {
            to_vec_with(&value, options).unwrap()
        });
    }

    fn scalars(&mut self) {
        self.value("null", Value::Null);
        self.value("true", Value::Bool(true));
        self.value("false", Value::Bool(false));
        let borders = [
            0,
            8,
            16,
            48,
            128,
            256,
            2048,
            32_768,
            262_144,
            i64::from(i32::MAX),
        ];
        for border in borders {
            for number in [border - 1, border, border + 1, -border - 1, -border] {
                if let Ok(int) = i32::try_from(number) {
                    self.value(format!("int {int}"), Value::Int(int));
                }
                self.value(format!("long {number}"), Value::Long(number));
                self.value(format!("double {number}"), Value::Double(number as f64));
            }
        }
        for number in [i64::MIN, i64::MAX, 1 << 32, 1 << 53] {
            self.value(format!("long {number}"), Value::Long(number));
        }
        let doubles = [
            -0.0,
            0.5,
            0.1,
            12.25,
            1e10,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
        ];
        for number in doubles
            .into_iter()
            .chain([f64::NAN, f64::NEG_INFINITY, 5e-324, 0.001])
        {
            self.value(format!("double {number:e}"), Value::Double(number));
        }
        for date in [
            0,
            1,
            -1,
            60_000,
            -60_000,
            1_700_000_000_123,
            1 << 50,
            i64::MIN,
            i64::MAX,
        ] {
            self.value(format!("date {date}"), Value::Date(date));
        }
        self.typed("a Rust char", &'中', "\"\\u4e2d\"");
        self.typed("a Rust u8", &255_u8, "integer:255");
        self.typed("a Rust u32", &u32::MAX, "long:4294967295");
        self.typed("a Rust f32", &0.5_f32, "double:3fe0000000000000");
        self.typed("a Rust unit", &(), "null");
    }

    fn texts(&mut self) {
        for (name, unit) in [
            ("ascii", "a"),
            ("latin", "é"),
            ("cjk", "中"),
            ("emoji", "😀"),
        ] {
            for length in [0, 1, 31, 32, 33, 1023, 1024, 32_767, 32_768, 32_769, 70_000] {
                let width = unit.encode_utf16().count();
                // Pairs at odd places as well.
                let text = "x".repeat(length % 2) + &unit.repeat(length / width);
                self.value(format!("{name} string of {length}"), text.into());
            }
        }
        self.value("string with NUL and quotes", "a\0b\"\\\n".into());
        self.value("half a pair", Value::Utf16(Box::new([0xd800, 0x61])));
        let halves = std::iter::repeat_n(0xd800, 40_000).collect();
        self.value("many halves", Value::Utf16(halves));
        for length in [0, 1, 15, 16, 17, 1023, 1024, 32_768, 32_769, 70_000] {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 31) as u8).collect();
            self.value(
                format!("byte array of {length}"),
                Value::Bytes(bytes.into()),
            );
        }
        let bytes = ByteArray::from(vec![1, 2]);
        self.typed("a Rust byte array", &bytes, "bytes:0102");
    }

    fn lists(&mut self) {
        for length in [0, 1, 2, 7, 8, 255, 256, 1000] {
            let items = || (0..length).map(Value::Int);
            self.value(format!("list of {length}"), Value::list(items()));
            for class in [
                "java.util.LinkedList",
                "java.util.Vector",
                "[int",
                "[object",
            ] {
                let list = Value::typed_list(class, items());
                self.value(format!("{class} of {length}"), list);
            }
            let strings = (0..length).map(|at| (at % 2 == 0).then(|| format!("s{at}")).into());
            let strings = Value::typed_list("[string", strings);
            self.value(format!("[string of {length}"), strings);
        }
        let doubles = [Value::Double(0.5), Value::Double(2.0)];
        self.value("[double", Value::typed_list("[double", doubles));
        let longs = [Value::Long(5), Value::Long(1 << 40)];
        self.value("[long", Value::typed_list("[long", longs));
        let booleans = [Value::Bool(true), Value::Bool(false)];
        self.value("[boolean", Value::typed_list("[boolean", booleans));
        let points = [point(1, 2), Value::Null, point(3, 4)];
        self.value("[fx.Pt", Value::typed_list("[fx.Pt", points));
        let boxes = [Value::Int(1), Value::Null];
        self.value(
            "[java.lang.Integer",
            Value::typed_list("[java.lang.Integer", boxes),
        );
        let rows = [1, 2].map(|row| Value::typed_list("[int", [Value::Int(row)]));
        self.value("[[int", Value::typed_list("[[int", rows));
        let set = Value::typed_list("java.util.LinkedHashSet", [1.into(), "x".into()]);
        self.value("java.util.LinkedHashSet", set);
        let mut deep = Value::Null;
        for _ in 0..500 {
            deep = Value::list([deep]);
        }
        self.value("500 lists inside one another", deep);
        let twice = || Value::typed_list("java.util.LinkedList", [Value::Bool(true)]);
        self.value(
            "one type several times",
            Value::list([twice(), twice(), twice()]),
        );
        self.value("list in itself", Value::list([Value::Ref(0)]));
        let shared = [
            Value::list([]),
            Value::Ref(1),
            Value::map([]),
            Value::Ref(2),
        ];
        self.value("shared items", Value::list(shared));
        let many = (0..300)
            .map(|_| Value::list([]))
            .chain([1, 256, 300].map(Value::Ref));
        self.value("references beyond 255", Value::list(many));
        self.typed(
            "a Rust tuple",
            &(1, "x"),
            "java.util.ArrayList[integer:1,\"x\"]",
        );
    }

    fn maps(&mut self) {
        for length in [0, 1, 2, 100] {
            let entries = || (0..length).map(|at| (Value::Int(at), format!("v{at}").into()));
            self.value(format!("map of {length}"), Value::map(entries()));
            for class in [
                "java.util.TreeMap",
                "java.util.LinkedHashMap",
                "java.util.Hashtable",
            ] {
                self.value(
                    format!("{class} of {length}"),
                    Value::typed_map(class, entries()),
                );
            }
        }
        let keys = [
            (Value::Null, Value::Int(0)),
            (Value::Long(1), Value::Int(1)),
            ("k".into(), Value::Null),
            (Value::Bool(true), Value::map([])),
            (Value::Double(0.5), Value::list([])),
        ];
        self.value("map with keys of all kinds", Value::map(keys));
        self.value("map in itself", Value::map([("me".into(), Value::Ref(0))]));
        let first_true = BTreeMap::from([(true, 1)]);
        self.typed(
            "a Rust map whose first key is true",
            &first_true,
            "java.util.HashMap{true=integer:1}",
        );
    }
}
