//! Objects, exceptions and streams of the corpus.

use bolt_hessian::{Date, JavaException, Serializer, StackFrame, Value, to_vec_with};
use serde::Serialize;

use super::corpus::Corpus;

impl Corpus {
    pub(super) fn objects(&mut self) {
        for (x, y) in [(0, 0), (1, 300), (i32::MIN, i32::MAX)] {
            self.value(format!("point {x} {y}"), point(x, y));
        }
        let points = (0..50).map(|at| point(at, -at));
        self.value("50 points", Value::list(points));
        let swapped = Value::object("fx.Pt", [("y", 2.into()), ("x", 1.into())]);
        let both = Value::list([point(3, 4), swapped]);
        self.value("two orders of fields", both);
        for name in ["RED", "GREEN", "BLUE"] {
            self.value(format!("color {name}"), color(name));
        }
        self.value(
            "colors",
            Value::list([color("RED"), color("BLUE"), Value::Ref(1)]),
        );
        self.value("node", node("only", Value::Null));
        self.value("node in itself", node("me", Value::Ref(0)));
        self.value("two nodes in a ring", node("a", node("b", Value::Ref(0))));
        for decimal in ["0", "-1.50", "1E+3", "123456789012345678901234567890.5"] {
            let value = Value::object("java.math.BigDecimal", [("value", decimal.into())]);
            self.value(format!("decimal {decimal}"), value);
        }
        let child = [
            ("point", point(5, 6)),
            ("id", Value::Long(7)),
            ("note", "n".into()),
        ];
        self.value("subclass", Value::object("fx.Child", child));
        // What a field then holds that has an initial value depends on the library's version.
        let child = Value::object("fx.Child", [("note", "n".into())]);
        let write = |options| to_vec_with(&child, options).unwrap();
        let expected = "fx.Child{id=long:0,note=\"n\",point=null}";
        self.add("missing fields".into(), expected.into(), write);
        let more = Value::object("fx.Pt", [("q", Value::list([])), ("x", 1.into())]);
        let write = |options| to_vec_with(&more, options).unwrap();
        self.add(
            "unknown fields".into(),
            "fx.Pt{x=integer:1,y=integer:0}".into(),
            write,
        );

        #[derive(Serialize)]
        #[serde(rename = "fx.Node")]
        struct Node {
            name: &'static str,
            next: Option<Box<Node>>,
        }
        let last = Node {
            name: "c",
            next: None,
        };
        let middle = Node {
            name: "b",
            next: Some(Box::new(last)),
        };
        let first = Node {
            name: "a",
            next: Some(Box::new(middle)),
        };
        let expected =
            "fx.Node{name=\"a\",next=fx.Node{name=\"b\",next=fx.Node{name=\"c\",next=null}}}";
        self.typed("a Rust struct in itself", &first, expected);
        #[derive(Serialize)]
        #[serde(rename = "fx.Color")]
        enum Color {
            #[serde(rename = "GREEN")]
            Green,
        }
        self.typed("a Rust enum", &Color::Green, "fx.Color.GREEN");
        let colors = [Color::Green, Color::Green];
        let expected = "java.util.ArrayList[fx.Color.GREEN,fx.Color.GREEN]";
        self.typed("Rust enums", &colors, expected);
    }

    /// One field of `fx.All` at a time, in every form that Java takes for it.
    pub(super) fn fields(&mut self) {
        let int = || Value::Int(5);
        let one = || Value::Double(1.0);
        let fields = [
            ("z", Value::Bool(true), "true"),
            ("z", int(), "true"),
            ("b", Value::Int(-5), "byte:-5"),
            ("s", Value::Int(-300), "short:-300"),
            ("i", int(), "integer:5"),
            ("i", Value::Long(5), "integer:5"),
            ("i", one(), "integer:1"),
            ("l", int(), "long:5"),
            ("l", Value::Long(1 << 40), "long:1099511627776"),
            ("f", Value::Double(0.5), "float:3f000000"),
            ("d", Value::Double(0.1), "double:3fb999999999999a"),
            ("d", int(), "double:4014000000000000"),
            ("c", "中".into(), "char:\"\\u4e2d\""),
            ("boxedZ", Value::Bool(false), "false"),
            ("boxedI", int(), "integer:5"),
            ("boxedI", Value::Long(5), "integer:5"),
            ("boxedL", int(), "long:5"),
            ("boxedD", one(), "double:3ff0000000000000"),
            ("str", "text".into(), "\"text\""),
            ("date", Value::Date(5), "date:5"),
            ("color", color("BLUE"), "fx.Color.BLUE"),
            ("bytes", Value::Bytes(vec![1, 2].into()), "bytes:0102"),
            ("chars", "xyz".into(), "chars:\"xyz\""),
            ("ints", Value::typed_list("[int", [int()]), "[I[integer:5]"),
            (
                "longs",
                Value::typed_list("[long", [Value::Long(5)]),
                "[J[long:5]",
            ),
            (
                "doubles",
                Value::typed_list("[double", [one()]),
                "[D[double:3ff0000000000000]",
            ),
            (
                "strs",
                Value::typed_list("[string", ["a".into()]),
                "[Ljava.lang.String;[\"a\"]",
            ),
            (
                "objs",
                Value::typed_list("[object", [int()]),
                "[Ljava.lang.Object;[integer:5]",
            ),
            (
                "pts",
                Value::typed_list("[fx.Pt", [point(1, 2)]),
                "[Lfx.Pt;[fx.Pt{x=integer:1,y=integer:2}]",
            ),
            (
                "list",
                Value::list([int()]),
                "java.util.ArrayList[integer:5]",
            ),
            (
                "set",
                Value::typed_list("java.util.HashSet", [int()]),
                "java.util.HashSet[integer:5]",
            ),
            (
                "map",
                Value::map([("k".into(), int())]),
                "java.util.HashMap{\"k\"=integer:5}",
            ),
            ("any", Value::list([]), "java.util.ArrayList[]"),
            ("num", int(), "integer:5"),
            ("pt", point(1, 2), "fx.Pt{x=integer:1,y=integer:2}"),
            ("str", Value::Null, "null"),
            ("list", Value::Null, "null"),
        ];
        for (at, (field, value, expected)) in fields.into_iter().enumerate() {
            let object = Value::object("fx.All", [(field, value)]);
            let expected = all_with(field, expected);
            let write = |options| to_vec_with(&object, options).unwrap();
            self.add(format!("field {at} {field}"), expected, write);
        }
    }

    pub(super) fn exceptions(&mut self) {
        let frame = |file: Option<&str>, line| StackFrame {
            class_name: "fx.A".into(),
            method: "run".into(),
            file: file.map(str::to_owned),
            line,
        };
        for class in [
            "fx.Trouble",
            "java.lang.IllegalStateException",
            "java.lang.RuntimeException",
        ] {
            let plain = JavaException::new(class, "what");
            self.typed(
                &format!("{class} without frames"),
                &plain,
                &format!("{class}(\"what\")"),
            );
            let frames = JavaException {
                stack_trace: vec![frame(Some("A.java"), 12), frame(None, -2)],
                cause: Some(Box::new(JavaException::new("fx.Cause", "why"))),
                ..plain
            };
            let expected = format!(
                "{class}(\"what caused by fx.Cause: why\",fx.A.run(A.java:12),fx.A.run(null:-2))"
            );
            self.typed(&format!("{class} with frames"), &frames, &expected);
        }
        let silent = JavaException {
            class_name: "fx.Trouble".into(),
            ..JavaException::default()
        };
        self.typed("an exception without message", &silent, "fx.Trouble(null)");
    }

    pub(super) fn streams(&mut self) {
        #[derive(Serialize)]
        #[serde(rename = "fx.Pt")]
        struct Point {
            x: i32,
            y: i32,
        }
        let write = |options| {
            let mut stream = Serializer::new(options);
            stream.write("request").unwrap();
            stream.write(&Point { x: 1, y: 2 }).unwrap();
            stream
                .write(&Value::list([point(3, 4), Value::Ref(1)]))
                .unwrap();
            stream.write(&[Point { x: 5, y: 6 }]).unwrap();
            stream.write(&Date(7)).unwrap();
            stream.into_vec()
        };
        let expected = "\"request\";fx.Pt{x=integer:1,y=integer:2};\
            java.util.ArrayList[fx.Pt{x=integer:3,y=integer:4},#1];\
            java.util.ArrayList[fx.Pt{x=integer:5,y=integer:6}];date:7";
        self.add(
            "several values in one stream".into(),
            expected.into(),
            write,
        );
    }
}

pub(super) fn point(x: i32, y: i32) -> Value {
    Value::object("fx.Pt", [("x", x.into()), ("y", y.into())])
}

fn color(name: &str) -> Value {
    Value::object("fx.Color", [("name", name.into())])
}

fn node(name: &str, next: Value) -> Value {
    Value::object("fx.Node", [("name", name.into()), ("next", next)])
}

/// The text of an `fx.All` of which only `field` is set.
fn all_with(field: &str, text: &str) -> String {
    let unset = [
        ("any", "null"),
        ("b", "byte:0"),
        ("boxedD", "null"),
        ("boxedI", "null"),
        ("boxedL", "null"),
        ("boxedZ", "null"),
        ("bytes", "null"),
        ("c", "char:\"\\u0000\""),
        ("chars", "null"),
        ("color", "null"),
        ("d", "double:0000000000000000"),
        ("date", "null"),
        ("dec", "null"),
        ("doubles", "null"),
        ("f", "float:00000000"),
        ("i", "integer:0"),
        ("ints", "null"),
        ("l", "long:0"),
        ("list", "null"),
        ("longs", "null"),
        ("map", "null"),
        ("num", "null"),
        ("objs", "null"),
        ("pt", "null"),
        ("pts", "null"),
        ("s", "short:0"),
        ("set", "null"),
        ("str", "null"),
        ("strs", "null"),
        ("z", "false"),
    ];
    let fields =
        unset.map(|(name, unset)| format!("{name}={}", if name == field { text } else { unset }));
    format!("fx.All{{{}}}", fields.join(","))
}
