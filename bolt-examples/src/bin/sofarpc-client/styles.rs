//! Styles of invocation, many calls at once, protobuf and heartbeats.

use std::time::Duration;

use bolt_examples::check::{self, Failure, Outcome};
use bolt_examples::contract::sofarpc::{HelloReq, HelloRes};
use bolt_examples::sofarpc::SofaError;
use futures::future::try_join_all;
use tokio::sync::oneshot;

use crate::env::Env;

const CONCURRENT_CALLS: i32 = 1000;

pub(crate) async fn future(env: Env) -> Outcome {
    let caller = env.hello();
    let slow = caller.invoke::<String>("slow", (200,)).future().await?;
    let sum = caller.invoke::<i32>("add", (1, 2)).future().await?;
    check::equal("sum, which overtook", 3, sum.await?)?;
    check::equal("slow", "slow200", slow.await?)?;
    let failed = caller.invoke::<String>("fail", ("no",)).future().await?;
    let failed = failed.await.err();
    let exception = failed.as_ref().and_then(SofaError::thrown);
    let message = exception.and_then(|exception| exception.message());
    check::equal("failure", Some("no"), message)?;
    caller.passed("two under way at a time, and a failure")
}

pub(crate) async fn callback(env: Env) -> Outcome {
    let caller = env.hello();
    let (sender, outcome) = oneshot::channel();
    caller
        .invoke::<String>("sayHello", ("x",))
        .callback(|outcome| {
            // The scenario has given up if nobody listens.
            let _ = sender.send(outcome);
        });
    check::equal("greeting", "hello x", outcome.await??)?;
    let (sender, outcome) = oneshot::channel();
    caller
        .invoke::<String>("fail", ("no",))
        .callback(|outcome| {
            let _ = sender.send(outcome);
        });
    match outcome.await? {
        Err(SofaError::Thrown(_)) => caller.passed("a result and an exception"),
        other => Err(Failure::new(format!(
            "expected an exception but was {other:?}"
        ))),
    }
}

pub(crate) async fn oneway(env: Env) -> Outcome {
    let caller = env.hello();
    let key = format!("rust-{}", std::process::id());
    let before: i32 = caller.invoke("noted", (&key,)).await?;
    for _ in 0..5 {
        caller.oneway("note", (&key,)).await?;
    }
    check::eventually("notes", before + 5, Duration::from_secs(5), || async {
        Ok(caller.invoke::<i32>("noted", (&key,)).await?)
    })
    .await?;
    caller.passed("all arrived")
}

pub(crate) async fn concurrent(env: Env) -> Outcome {
    let caller = env.hello();
    let sum = |n: i32| {
        let call = caller.invoke::<i32>("add", (n, 1));
        async move { call.timeout(Duration::from_secs(20)).await }
    };
    let sums = try_join_all((0..CONCURRENT_CALLS).map(sum)).await?;
    let expected: Vec<i32> = (1..=CONCURRENT_CALLS).collect();
    check::equal("sums", expected, sums)?;
    caller.passed("at once on one connection")
}

pub(crate) async fn pb_hello(env: Env) -> Outcome {
    let caller = env.pb_hello();
    for (name, times, data) in [
        ("pb", 2, vec![9, 8]),
        ("ü", 1, vec![]),
        ("x", 0, vec![0; 70_000]),
    ] {
        let request = HelloReq {
            name: name.into(),
            times,
            data: data.into(),
        };
        let got: HelloRes = caller.invoke_protobuf("hello", &request).await?;
        let expected = HelloRes {
            text: format!("hello {name};").repeat(times as usize),
            at: 1_234_567_890_123,
            data: request.data,
        };
        check::equal("answer", expected, got)?;
    }
    caller.passed("text, number and bytes")
}

/// The provider answers heartbeats, so the connection outlives many of them, and stays the same.
pub(crate) async fn heartbeat(env: Env) -> Outcome {
    const INTERVAL: Duration = Duration::from_millis(50);
    const BEATS: u32 = 10;
    let (client, caller) = env.beating(INTERVAL)?;
    let text: String = caller.invoke("sayHello", ("x",)).await?;
    check::equal("greeting", "hello x", text)?;
    let connection = client.connect(env.address()).await?;
    let silence = INTERVAL * BEATS;
    // Three unanswered heartbeats would close it.
    let closed = tokio::time::timeout(silence, connection.engine().closed()).await;
    check::that(closed.is_err(), "the connection was closed")?;
    let text: String = caller.invoke("sayHello", ("y",)).await?;
    check::equal("greeting", "hello y", text)?;
    let now = client.connect(env.address()).await?;
    let number = connection.engine().number();
    check::equal("connection", number, now.engine().number())?;
    caller.passed(format!("after {BEATS} intervals of silence"))
}
