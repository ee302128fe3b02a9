//! Values of all kinds that Hessian knows, without Rust types for them: what comes back is what
//! was sent, and has the class that its Hessian form has.

use bolt_codec::bolt::SerializerCode;
use bolt_hessian::Value;
use bolt_remoting::rpc::{DecodeBody, EncodeBody, Hessian, Raw};

use crate::caller::Caller;
use crate::check::{self, Failure, Outcome};
use crate::env::Env;
use crate::samples;
use crate::scenario::Scenarios;

pub(crate) fn add_to(all: &mut Scenarios) {
    all.add("types", types);
}

async fn types(env: Env) -> Outcome {
    let caller = env.open()?;
    let mut count = 0;
    for (class, value) in numbers().into_iter().chain(others()).chain(collections()) {
        echo(&caller, class, &value, class).await?;
        count += 1;
    }
    // Hessian has no form of their own for these.
    for (sent_as, value, comes_as) in [
        ("java.lang.Short", Value::Int(-7), "java.lang.Integer"),
        ("java.lang.Byte", Value::Int(127), "java.lang.Integer"),
        ("java.lang.Character", "\u{4e2d}".into(), "java.lang.String"),
        ("java.lang.Float", Value::Double(1.5), "java.lang.Double"),
    ] {
        echo(&caller, sent_as, &value, comes_as).await?;
        count += 1;
    }
    let nested = samples::nested();
    caller.exchange(crate::caller::Style::Sync, &nested).await?;
    Ok(format!("{} values", count + 1))
}

async fn echo(caller: &Caller, class: &'static str, value: &Value, comes_as: &str) -> Outcome<()> {
    let hessian = Hessian::default();
    let serializing =
        |error: Box<dyn std::error::Error + Send + Sync>| Failure::new(format!("{class}: {error}"));
    let mut body = hessian.encode(value).map_err(serializing)?;
    body.class = class.into();
    let code = SerializerCode::HESSIAN;
    let answer = caller.rpc.invoke_raw(Raw { code }, &caller.address, &body);
    let answer = answer.await?;
    check::equal("class of the answer", comes_as, answer.class_name())?;
    let back: Value = hessian.decode(code, answer).map_err(serializing)?;
    check::equal(&format!("echo of a {class}"), value, &back)
}

type Typed = (&'static str, Value);

fn numbers() -> Vec<Typed> {
    let ints = [
        0,
        1,
        -1,
        47,
        48,
        -17,
        2047,
        2048,
        262_143,
        262_144,
        i32::MAX,
        i32::MIN,
    ];
    let longs = [
        0,
        15,
        16,
        -9,
        2047,
        2048,
        262_143,
        262_144,
        2_147_483_647,
        2_147_483_648,
    ];
    let doubles = [
        0.0,
        1.0,
        -1.0,
        127.0,
        128.0,
        -32768.0,
        12.25,
        0.1,
        f64::MAX,
        f64::NAN,
    ];
    let ints = ints.map(|n| ("java.lang.Integer", Value::Int(n)));
    let longs = longs.into_iter().chain([i64::MAX, i64::MIN]);
    let longs = longs.map(|n| ("java.lang.Long", Value::Long(n)));
    let doubles = doubles.into_iter().chain([f64::NEG_INFINITY]);
    let doubles = doubles.map(|n| ("java.lang.Double", Value::Double(n)));
    ints.into_iter().chain(longs).chain(doubles).collect()
}

fn others() -> Vec<Typed> {
    let decimal = |text: &str| {
        let class = "java.math.BigDecimal";
        (class, Value::object(class, [("value", text.into())]))
    };
    let bytes = |length| ("[B", Value::Bytes(samples::bytes(length).0));
    let date = |millis| ("java.util.Date", Value::Date(millis));
    vec![
        ("java.lang.Boolean", true.into()),
        ("java.lang.Boolean", false.into()),
        date(0),
        date(1_700_000_000_123),
        date(-1),
        decimal("12345678901234567890.0123456789"),
        decimal("-0.10"),
        bytes(0),
        bytes(15),
        bytes(16),
        bytes(40_000),
    ]
}

fn collections() -> Vec<Typed> {
    let ints = [1, -2, i32::MAX].map(Value::Int);
    let longs = [1, -2, i64::MIN].map(Value::Long);
    let strings = ["a".into(), Value::Null, "".into()];
    let mixed = [
        "a".into(),
        Value::Int(1),
        Value::Long(2),
        Value::Null,
        true.into(),
        Value::Double(1.5),
        Value::Date(5),
    ];
    let list = [
        "a".into(),
        Value::Int(1),
        Value::Null,
        Value::Long(2),
        Value::list([Value::Int(1), Value::Int(2)]),
    ];
    // Java's hash order is its own, so that those have one entry.
    let entry = ("k".into(), Value::list(["in".into(), "side".into()]));
    let entries = [
        entry.clone(),
        (Value::Int(1), Value::Long(2)),
        ("null".into(), Value::Null),
    ];
    let (linked_list, hash_set) = ("java.util.LinkedList", "java.util.HashSet");
    let linked_map = "java.util.LinkedHashMap";
    vec![
        ("[I", Value::typed_list("[int", ints)),
        ("[I", Value::typed_list("[int", [])),
        ("[J", Value::typed_list("[long", longs)),
        ("[Ljava.lang.String;", Value::typed_list("[string", strings)),
        ("[Ljava.lang.String;", Value::typed_list("[string", [])),
        ("[Ljava.lang.Object;", Value::typed_list("[object", mixed)),
        ("java.util.ArrayList", Value::list([])),
        ("java.util.ArrayList", Value::list(list)),
        (
            linked_list,
            Value::typed_list(linked_list, ["a".into(), "b".into()]),
        ),
        (hash_set, Value::typed_list(hash_set, ["x".into()])),
        ("java.util.HashMap", Value::map([])),
        ("java.util.HashMap", Value::map([entry])),
        (linked_map, Value::typed_map(linked_map, entries)),
    ]
}
