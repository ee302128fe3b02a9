//! What the services do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bolt_examples::contract::sofarpc::{
    HELLO_EXCEPTION, HELLO_SERVICE, HelloReq, HelloRes, PB_HELLO_SERVICE, Person,
};
use bolt_examples::contract::{Text, or_null};
use bolt_examples::sofarpc::{
    AlreadyProvided, JavaType, Provider, Service, ServiceException, ServiceName,
};
use bolt_hessian::value::Object;
use bolt_hessian::{ByteArray, Value};
use serde::{Deserialize, Serialize};

/// An answer has to fit into a frame.
const MOST_BYTES: usize = 32 * 1024 * 1024;

type Result<T> = std::result::Result<T, ServiceException>;

pub(crate) fn provider() -> std::result::Result<Provider, AlreadyProvided> {
    let name = ServiceName::new(HELLO_SERVICE);
    Provider::new()
        .service(hello(name.clone(), "hello "))?
        .service(hello(name.unique_id("u1"), "u1 "))?
        .service(pb_hello())
}

fn hello(name: ServiceName, greeting: &'static str) -> Service {
    let service = Service::new(name)
        .method("sayHello", move |_cx, (name,): (Text,)| async move {
            Ok(format!("{greeting}{}", or_null(&name)))
        })
        .method("add", |_cx, (a, b): (i32, i32)| async move {
            Ok(a.wrapping_add(b))
        })
        .method("birthday", |_cx, (person,): (PersonGraph,)| async move {
            Ok(person.a_year_older())
        })
        .method("repeat", |_cx, (s, n)| async move { repeat(&s, n) })
        .method("sizes", |_cx, (map,): (Sizes,)| async move {
            Ok(map.into_iter().map(size).collect::<HashMap<Text, i64>>())
        })
        .method("nothing", |_cx, (): ()| async move { Ok(()) })
        .method("nullString", |_cx, (_,): (Text,)| async move { Ok(()) })
        .method("bytes", |_cx, (bytes,): (Option<ByteArray>,)| async move {
            Ok(bytes)
        });
    failing(noting(service))
}

fn failing(service: Service) -> Service {
    service
        .method("fail", |_cx, (message,): (Text,)| async move {
            let message = or_null(&message);
            Err::<(), _>(ServiceException::new(HELLO_EXCEPTION, message).with_field("code", 42))
        })
        .method("crash", |_cx, (message,): (Text,)| async move {
            let message = or_null(&message);
            Err::<(), _>(ServiceException::new(
                "java.lang.IllegalStateException",
                message,
            ))
        })
        .method("slow", |_cx, (millis,): (i32,)| async move {
            let time = Duration::from_millis(millis.try_into().unwrap_or(0));
            tokio::time::sleep(time).await;
            Ok(format!("slow{millis}"))
        })
}

/// The methods that count.
fn noting(service: Service) -> Service {
    let notes: Arc<Mutex<HashMap<Text, i32>>> = Arc::default();
    let noted = Arc::clone(&notes);
    service
        .method("note", move |_cx, (key,): (Text,)| {
            let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            *notes.entry(key).or_default() += 1;
            async { Ok(()) }
        })
        .method("noted", move |_cx, (key,): (Text,)| {
            let notes = noted.lock().unwrap_or_else(PoisonError::into_inner);
            let count = notes.get(&key).copied().unwrap_or(0);
            async move { Ok(count) }
        })
}

fn pb_hello() -> Service {
    Service::new(PB_HELLO_SERVICE)
        .protobuf_method("hello", |_cx, request: HelloReq| async move {
            let greeting = format!("hello {};", request.name);
            let times = bounded(request.times, greeting.len())?;
            Ok(HelloRes {
                text: greeting.repeat(times),
                at: 1_234_567_890_123,
                data: request.data,
            })
        })
        .protobuf_method("empty", |_cx, _: HelloReq| async move {
            Ok(HelloRes::default())
        })
        .protobuf_method("crash", |_cx, request: HelloReq| async move {
            let message = format!("pb-crash {}", request.name);
            Err::<HelloRes, _>(ServiceException::new(
                "java.lang.IllegalStateException",
                message,
            ))
        })
}

type Sizes = HashMap<Text, Option<ByteArray>>;

fn size((key, bytes): (Text, Option<ByteArray>)) -> (Text, i64) {
    let len = bytes.map_or(0, |bytes| bytes.len());
    (key, i64::try_from(len).unwrap_or(i64::MAX))
}

fn repeat(s: &Text, n: i32) -> Result<Vec<String>> {
    let s = or_null(s);
    // Each with its number and its tag.
    let n = bounded(n, s.len() + 32)?;
    Ok((0..n).map(|i| format!("{s}{i}")).collect())
}

/// How often something of `size` is repeated, if an answer has room for that.
fn bounded(times: i32, size: usize) -> Result<usize> {
    let times = usize::try_from(times).unwrap_or(0);
    if times.saturating_mul(size) > MOST_BYTES {
        let class = "java.lang.IllegalArgumentException";
        return Err(ServiceException::new(class, "too many for an answer"));
    }
    Ok(times)
}

/// A person who may be their own friend, or the friend of a friend.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct PersonGraph(Value);

impl JavaType for PersonGraph {
    const NAME: &'static str = Person::NAME;
}

impl PersonGraph {
    fn a_year_older(self) -> Value {
        let Value::Object(person) = self.0 else {
            return self.0;
        };
        let class = person.class();
        let values = class.fields.iter().zip(person.values());
        let older = values.map(|(name, value)| match value {
            Value::Int(age) if name == "age" => Value::Int(age.wrapping_add(1)),
            _ => value.clone(),
        });
        let older = Object::new(Arc::clone(class), older.collect());
        older.map_or(Value::Null, |person| Value::Object(Box::new(person)))
    }
}
