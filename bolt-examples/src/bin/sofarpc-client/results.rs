//! Calls that succeed: arguments and results of all kinds.

use std::collections::HashMap;

use bolt_examples::check::{self, Outcome};
use bolt_examples::contract::sofarpc::Person;
use bolt_examples::sofarpc::{JavaType, Untyped};
use bolt_hessian::{ByteArray, Date, Value};

use crate::env::Env;

pub(crate) async fn hello(env: Env) -> Outcome {
    let caller = env.hello();
    for name in ["rust", "", "grüße 你好 😀", &"long ".repeat(10_000)] {
        let text: String = caller.invoke("sayHello", (name,)).await?;
        check::equal("greeting", format!("hello {name}"), text)?;
    }
    caller.passed("texts of 0 to 50,000 characters")
}

pub(crate) async fn add(env: Env) -> Outcome {
    let caller = env.hello();
    for (a, b) in [(1, 2), (-7, 3), (i32::MAX, 1), (i32::MIN, 0)] {
        let sum: i32 = caller.invoke("add", (a, b)).await?;
        check::equal("sum", a.wrapping_add(b), sum)?;
    }
    let types = [("int", Value::Int(20)), ("int", Value::Int(22))];
    let sum: Value = caller.invoke("add", Untyped::new(types)).await?;
    check::equal("sum of values", Value::Int(42), sum)?;
    caller.passed("of int and int, typed and as values")
}

pub(crate) fn person(name: &str) -> Person {
    Person {
        name: Some(name.into()),
        age: 41,
        tags: Some(vec![Some("a".into()), None, Some("ü".into())]),
        friend: None,
        born: Some(Date(1_700_000_000_123)),
    }
}

pub(crate) async fn pojo(env: Env) -> Outcome {
    let caller = env.hello();
    let with_friend = Person {
        friend: Some(Box::new(person("friend"))),
        ..person("me")
    };
    for sent in [Person::default(), person("alone"), with_friend] {
        let got: Person = caller.invoke("birthday", (&sent,)).await?;
        let older = Person {
            age: sent.age + 1,
            ..sent
        };
        check::equal("person", older, got)?;
    }
    // Who is their own friend.
    let fields = [
        ("age", Value::Int(41)),
        ("name", "me".into()),
        ("friend", Value::Ref(0)),
    ];
    let narcissus = Value::object(Person::NAME, fields);
    let args = Untyped::new([(Person::NAME, narcissus)]);
    let got: Value = caller.invoke("birthday", args).await?;
    check::equal("age", Some(&Value::Int(42)), got.field("age"))?;
    check::equal("friend", Some(&Value::Ref(0)), got.field("friend"))?;
    caller.passed("with nulls, list, date and friend, and one that refers to itself")
}

pub(crate) async fn list(env: Env) -> Outcome {
    let caller = env.hello();
    for n in [0, 3, 300] {
        let got: Vec<String> = caller.invoke("repeat", ("s", n)).await?;
        let expected: Vec<String> = (0..n).map(|i| format!("s{i}")).collect();
        check::equal("list", expected, got)?;
    }
    caller.passed("of 0, 3 and 300 texts")
}

pub(crate) async fn map(env: Env) -> Outcome {
    let caller = env.hello();
    let sizes = [("empty", 0), ("one", 1), ("many", 100_000)];
    let sent: HashMap<&str, ByteArray> = sizes
        .iter()
        .map(|&(key, size)| (key, vec![7; size].into()))
        .collect();
    let got: HashMap<String, i64> = caller.invoke("sizes", (sent,)).await?;
    let expected = sizes.map(|(key, size)| (key.to_owned(), size as i64));
    check::equal("sizes", HashMap::from(expected), got)?;
    caller.passed("of texts and bytes")
}

pub(crate) async fn void(env: Env) -> Outcome {
    let caller = env.hello();
    caller.invoke::<()>("nothing", ()).await?;
    caller.passed("without a result")
}

pub(crate) async fn null(env: Env) -> Outcome {
    let caller = env.hello();
    for argument in [Some("x"), None] {
        let got: Option<String> = caller.invoke("nullString", (argument,)).await?;
        check::equal("result", None, got)?;
    }
    let bytes: Option<ByteArray> = caller.invoke("bytes", (None::<ByteArray>,)).await?;
    check::equal("bytes", None, bytes)?;
    let text: String = caller.invoke("sayHello", (None::<String>,)).await?;
    check::equal("greeting", "hello null", text)?;
    caller.passed("as result and as argument")
}

pub(crate) async fn big(env: Env) -> Outcome {
    let caller = env.hello();
    for size in [0, 32_768, 5 << 20] {
        let sent: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        let sent = ByteArray::from(sent);
        let got: ByteArray = caller.invoke("bytes", (&sent,)).await?;
        check::that(got == sent, format!("{size} bytes came back otherwise"))?;
    }
    caller.passed("up to 5 MiB there and back")
}

pub(crate) async fn unique_id(env: Env) -> Outcome {
    let caller = env.hello_of("u1");
    let text: String = caller.invoke("sayHello", ("x",)).await?;
    check::equal("greeting", "u1 x", text)?;
    caller.passed("the other implementation answered")
}
