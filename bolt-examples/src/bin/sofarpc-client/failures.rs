//! Calls that fail, on either side.

use std::time::Duration;

use bolt_examples::check::{self, Failure, Outcome};
use bolt_examples::contract::sofarpc::{HELLO_EXCEPTION, HelloReq, HelloRes};
use bolt_examples::sofarpc::{ServiceException, SofaError};
use bolt_hessian::Value;
use bolt_remoting::ErrorKind;
use serde::Deserialize;
use tokio::time::Instant;

use crate::env::{Env, refused};

fn thrown<T: std::fmt::Debug>(outcome: Result<T, SofaError>) -> Outcome<ServiceException> {
    match outcome {
        Err(SofaError::Thrown(exception)) => Ok(exception),
        other => Err(Failure::new(format!(
            "expected an exception but was {other:?}"
        ))),
    }
}

/// What the class has besides the fields of all exceptions.
#[derive(Deserialize)]
struct HelloException {
    code: i32,
    #[serde(rename = "detailMessage")]
    message: String,
}

pub(crate) async fn business_exception(env: Env) -> Outcome {
    let caller = env.hello();
    for message in ["no", "grüße"] {
        let exception = thrown(caller.invoke::<String>("fail", (message,)).await)?;
        check::equal("class", HELLO_EXCEPTION, exception.class())?;
        check::equal("message", Some(message), exception.message())?;
        check::equal("code", Some(&Value::Int(42)), exception.field("code"))?;
        let typed: HelloException = exception.read()?;
        check::equal("typed", (42, message), (typed.code, &*typed.message))?;
    }
    caller.passed("class, message and field of its own")
}

pub(crate) async fn runtime_exception(env: Env) -> Outcome {
    let caller = env.hello();
    let exception = thrown(caller.invoke::<String>("crash", ("boom",)).await)?;
    let class = "java.lang.IllegalStateException";
    check::equal("class", class, exception.class())?;
    check::equal("message", Some("boom"), exception.message())?;
    let text: String = caller.invoke("sayHello", ("after",)).await?;
    check::equal("greeting", "hello after", text)?;
    caller.passed("class and message")
}

pub(crate) async fn timeout(env: Env) -> Outcome {
    let caller = env.hello();
    let text: String = caller.invoke("slow", (50,)).await?;
    check::equal("in time", "slow50", text)?;
    let start = Instant::now();
    let late = caller.invoke::<String>("slow", (2000,));
    match late.timeout(Duration::from_millis(200)).await {
        Err(SofaError::Call(error)) if error.kind() == ErrorKind::Timeout => {}
        other => {
            return Err(Failure::new(format!(
                "expected a timeout but was {other:?}"
            )));
        }
    }
    let waited = start.elapsed();
    check::that(
        waited < Duration::from_millis(1500),
        format!("it took {waited:?}"),
    )?;
    let text: String = caller.invoke("sayHello", ("after",)).await?;
    check::equal("greeting", "hello after", text)?;
    caller.passed(format!("given up after {waited:?}"))
}

pub(crate) async fn no_service(env: Env) -> Outcome {
    let caller = env.hello_of("nope");
    let text = refused(caller.invoke::<String>("sayHello", ("x",)).await)?;
    check::that(
        text.contains("peer.sofarpc.HelloService:1.0:nope"),
        format!("the reason does not name the service: {text}"),
    )?;
    let caller = env.hello();
    let no_method = refused(caller.invoke::<String>("sayGoodbye", ("x",)).await)?;
    check::that(
        no_method.contains("sayGoodbye"),
        format!("the reason does not name the method: {no_method}"),
    )?;
    caller.passed(text)
}

pub(crate) async fn pb_exception(env: Env) -> Outcome {
    let caller = env.pb_hello();
    let request = HelloReq {
        name: "z".into(),
        ..HelloReq::default()
    };
    let text = refused(caller.invoke_protobuf::<HelloRes>("crash", &request).await)?;
    check::equal("reason", "pb-crash z", &*text)?;
    caller.passed(text)
}
