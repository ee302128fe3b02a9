//! Calls that fail, and what the caller is told.

use std::time::Duration;

use bolt_codec::bolt::SerializerCode;
use bolt_examples::contract::{
    BusyRequest, FailFastRequest, GARBAGE, GARBAGE_CLASS, SleepRequest, ThrowRequest,
    UnknownRequest, UnserializableRequest,
};
use bolt_remoting::ErrorKind;
use bolt_remoting::rpc::{Body, Call, Raw};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout};

use crate::caller::{Style, TIMEOUT};
use crate::check::{self, Failure, Outcome};
use crate::env::Env;
use crate::samples::{self, TEXT, text};
use crate::scenario::Scenarios;

const LONG: Duration = Duration::from_secs(20);

pub(crate) fn add_to(all: &mut Scenarios) {
    all.add("timeout", times_out);
    all.add("failfast", fail_fast);
    all.add("connect-refused", connect_refused);
    all.add("unknown-class", unknown_class);
    all.add("server-exception", server_exception);
    all.add("busy", busy);
    all.add("serial-exception", serial_exception);
    all.add("deserial-exception", deserial_exception);
}

async fn times_out(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let sleep = |millis, tag| SleepRequest {
        millis,
        tag: text(tag),
    };
    for style in Style::ALL {
        let start = Instant::now();
        let call: Call<String> = caller.invoke(&sleep(3000, "late"));
        let call = call.timeout(Duration::from_millis(200));
        let error = check::fails(ErrorKind::Timeout, style.make(call).await)?;
        check::that(error.was_sent(), "the request was not sent")?;
        // Neither at once nor when the handler has ended.
        let millis = start.elapsed().as_millis();
        let right = (150..2800).contains(&millis);
        check::that(
            right,
            format!("{style:?} timed out after {millis} ms instead of 200"),
        )?;
    }
    caller.still_fine(port).await?;
    let answer: String = caller.invoke(&sleep(300, "ok")).await?;
    check::equal("a longer deadline", "slept:ok", answer)?;
    Ok("sync, future, callback".to_owned())
}

async fn fail_fast(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let request = |millis, key: &str| FailFastRequest {
        millis,
        key: text(key),
    };
    let [first, expired, last] = ["first", "expired", "last"].map(samples::key);
    let runs = async |key: &str| caller.stats(&format!("ff:{key}")).await;
    let running: Call<String> = caller.invoke(&request(1000, &first));
    let running = running.timeout(LONG).future().await?;
    check::eventually("first one runs", 1, TIMEOUT, || runs(&first)).await?;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let call: Call<String> = caller.invoke(&request(0, &expired));
        waiting.push(call.timeout(Duration::from_millis(100)).future().await?);
    }
    for answer in waiting {
        check::fails(ErrorKind::Timeout, answer.await)?;
    }
    check::equal("first answer", "ff-done", running.await?)?;
    // Runs after those that wait, so their turn is over then.
    let answer: String = caller.invoke(&request(0, &last)).timeout(LONG).await?;
    check::equal("last answer", "ff-done", answer)?;
    check::equal("runs of expired requests", 0, runs(&expired).await?)?;
    check::equal("runs of the last one", 1, runs(&last).await?)?;
    caller.still_fine(port).await?;
    Ok("5 expired requests were not run".to_owned())
}

async fn connect_refused(env: Env) -> Outcome {
    // Bound and let go again: nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    drop(listener);
    let caller = env.open_at(&address)?;
    let mut told = String::new();
    for style in Style::ALL {
        let outcome = caller.call::<_, String>(style, "x").await;
        let error = check::fails(ErrorKind::Connect, outcome)?;
        told = error.to_string();
        check::that(
            told.contains(&address),
            format!("the error names no address: {told}"),
        )?;
        check::that(!error.was_sent(), "nothing can have been sent")?;
    }
    check::fails(ErrorKind::Connect, caller.oneway("x").await)?;
    Ok(told)
}

async fn unknown_class(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    for style in Style::ALL {
        let outcome = caller
            .call::<_, String>(style, &UnknownRequest { msg: text("u") })
            .await;
        let start = "No user processor found for request: peer.bolt.UnknownRequest";
        check::server_error(start, outcome)?;
    }
    caller.still_fine(port).await?;
    Ok("refused in all styles".to_owned())
}

async fn server_exception(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let request = |kind| ThrowRequest {
        kind: text(kind),
        msg: text(TEXT),
    };
    let kinds = [
        (
            "runtime",
            format!("java.lang.IllegalArgumentException: {TEXT}"),
        ),
        ("checked", format!("peer.bolt.PeerException: {TEXT}")),
        ("error", format!("java.lang.StackOverflowError: {TEXT}")),
        ("nomsg", "java.lang.NullPointerException: null".to_owned()),
    ];
    for (kind, said) in kinds {
        for style in Style::ALL {
            let outcome = caller.call::<_, String>(style, &request(kind)).await;
            let start = format!("[Server]OriginErrorMsg: {said}. AdditionalErrorMsg:");
            check::server_error(&start, outcome)?;
        }
    }
    caller.oneway(&request("runtime")).await?;
    caller.still_fine(port).await?;
    Ok("4 kinds of exception in all styles".to_owned())
}

/// One runs and one waits; who comes then is refused while the first still runs.
async fn busy(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let class = "peer.bolt.BusyRequest";
    let call = |millis| {
        let call: Call<String> = caller.invoke(&BusyRequest { millis });
        call.timeout(LONG)
    };
    let before = caller.stats(class).await?;
    let running = call(3000).future().await?;
    check::eventually("first one runs", before + 1, TIMEOUT, || {
        caller.stats(class)
    })
    .await?;
    let styles = [
        Style::Future,
        Style::Callback,
        Style::Future,
        Style::Callback,
    ];
    let mut others: FuturesUnordered<_> = styles.iter().map(|style| style.make(call(0))).collect();
    // A server may take them in any order: whichever waits, the other three are refused.
    for _ in 0..3 {
        let first_to_end = timeout(TIMEOUT, others.next()).await?;
        let outcome = first_to_end.ok_or_else(|| Failure::new("no more outcomes"))?;
        check::fails(ErrorKind::Busy, outcome)?;
    }
    check::fails(ErrorKind::Busy, call(0).await)?;
    let mut running = std::pin::pin!(running);
    let early = running.as_mut().now_or_never();
    check::that(
        early.is_none(),
        "the refusal came only after the first call had ended",
    )?;
    check::equal("first answer", "busy-done", running.await?)?;
    let waited = others.next().await;
    let waited = waited.ok_or_else(|| Failure::new("no more outcomes"))?;
    check::equal("answer of the one that waited", "busy-done", waited?)?;
    caller.still_fine(port).await?;
    Ok("1 ran, 1 waited, 4 were refused".to_owned())
}

async fn serial_exception(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    for style in Style::ALL {
        let request = UnserializableRequest { msg: text("u") };
        let outcome = caller.call::<_, String>(style, &request).await;
        check::fails(ErrorKind::ServerSerialize, outcome)?;
    }
    caller.still_fine(port).await?;
    Ok("SERVER_SERIAL_EXCEPTION in all styles".to_owned())
}

async fn deserial_exception(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let (body, code) = (Body::new(GARBAGE_CLASS, GARBAGE), SerializerCode::HESSIAN);
    for style in Style::ALL {
        let call = caller.rpc.invoke_raw(Raw { code }, &caller.address, &body);
        check::fails(ErrorKind::ServerDeserialize, style.make(call).await)?;
    }
    caller.still_fine(port).await?;
    Ok("SERVER_DESERIAL_EXCEPTION in all styles".to_owned())
}
