//! Calls that succeed: styles, values, sizes.

use std::collections::HashMap;
use std::time::Duration;

use bolt_examples::contract::{EchoRequest, OnewayRequest, StatsRequest, ThrowRequest};
use bolt_remoting::rpc::Call;

use crate::caller::{Style, TIMEOUT};
use crate::check::{self, Outcome};
use crate::env::Env;
use crate::samples::{self, Sample, TEXT, text};
use crate::scenario::Scenarios;

pub(crate) fn add_to(all: &mut Scenarios) {
    all.add("sync", sync);
    all.add("string", string);
    all.add("oneway", oneway);
    all.add("future", future);
    all.add("callback", callback);
    all.add("blocking", blocking);
    all.add("concurrent", concurrent);
    all.add("big", big);
    all.add("empty", empty);
    all.add("null", null);
}

async fn sync(env: Env) -> Outcome {
    let caller = env.open()?;
    let mut detail = String::new();
    for i in 0..5 {
        detail = caller
            .exchange(Style::Sync, &samples::echo(i, i as usize * 100))
            .await?;
    }
    let request = StatsRequest {
        key: text("@timeout"),
    };
    let call: Call<i32> = caller.invoke(&request).timeout(Duration::from_millis(4321));
    check::equal("timeout in the frame", 4321, call.await?)?;
    Ok(format!("5 calls, {detail}"))
}

async fn blocking(env: Env) -> Outcome {
    let caller = env.open()?;
    for i in 0..5 {
        let sample = samples::echo(i, i as usize * 100);
        caller.exchange(Style::Blocking, &sample).await?;
    }
    let failed: Result<String, _> = caller.call(Style::Blocking, &fails()).await;
    let exception = failed.map_err(|error| error.java_exception());
    check::equal("outcome", Err("InvokeServerException"), exception)?;
    Ok("5 calls and a failing one from plain threads".into())
}

fn fails() -> ThrowRequest {
    ThrowRequest {
        kind: text("checked"),
        msg: text("as asked"),
    }
}

async fn string(env: Env) -> Outcome {
    let caller = env.open()?;
    let long = TEXT.repeat(20_000);
    let mut texts = vec![
        "x".to_owned(),
        TEXT.to_owned(),
        "\u{1f600}".to_owned(),
        long.clone(),
    ];
    // Around the lengths at which Hessian changes its form of a string.
    let lengths = [
        25, 26, 27, 30, 31, 32, 33, 1023, 1024, 32_767, 32_768, 32_769,
    ];
    texts.extend(lengths.map(|length| long.chars().take(length).collect()));
    for text in &texts {
        caller.exchange(Style::Sync, text).await?;
    }
    Ok(format!(
        "{} strings of up to {} bytes",
        texts.len(),
        long.len()
    ))
}

async fn oneway(env: Env) -> Outcome {
    let (caller, tap) = env.open_tapped(env.query()).await?;
    let key = samples::key("oneway");
    for _ in 0..50 {
        caller.oneway(&OnewayRequest { key: text(&key) }).await?;
    }
    let counter = format!("oneway:{key}");
    check::eventually("count", 50, TIMEOUT, || caller.stats(&counter)).await?;
    // A oneway is never answered: whatever comes belongs to StatsRequest.
    check::equal(
        "answers",
        tap.sum("out", "request"),
        tap.sum("in", "response"),
    )?;
    check::equal("count at the end", 50, caller.stats(&counter).await?)?;
    Ok("50 arrived".to_owned())
}

async fn future(env: Env) -> Outcome {
    let caller = env.open()?;
    let mut answers = Vec::new();
    for i in 0..20 {
        let sample = samples::echo(i, 10);
        let answer = caller.invoke(&sample).future().await?;
        answers.push((sample, answer));
    }
    for (sample, answer) in answers.into_iter().rev() {
        sample.check(answer.await?)?;
    }
    Ok("20 futures, read backwards".to_owned())
}

async fn callback(env: Env) -> Outcome {
    let caller = env.open()?;
    let (sender, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
    for i in 0..20 {
        let (sample, sender) = (samples::echo(i, 10), sender.clone());
        caller.invoke(&sample).callback(move |outcome| {
            // A scenario that has failed by now doesn't wait for it.
            let _ = sender.send((sample, outcome));
        });
    }
    drop(sender);
    let mut called = 0;
    while let Some((sample, outcome)) = outcomes.recv().await {
        sample.check(outcome?)?;
        called += 1;
    }
    check::equal("callbacks", 20, called)?;
    Ok("20 callbacks".to_owned())
}

/// All sent before any is read, on one connection.
async fn concurrent(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let mut answers = Vec::with_capacity(env.n);
    for i in 0..i32::try_from(env.n)? {
        let sample = samples::echo64(i);
        let call = caller.invoke(&sample).timeout(Duration::from_secs(25));
        answers.push((sample, call.future().await?));
    }
    for (sample, answer) in answers {
        sample.check(answer.await?)?;
    }
    caller.still_fine(port).await?;
    Ok(format!("{} calls", env.n))
}

async fn big(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    for style in Style::ALL {
        caller.exchange(style, &samples::echo(1, env.big)).await?;
        caller.exchange(style, &samples::bytes(env.big)).await?;
    }
    caller.still_fine(port).await?;
    Ok(format!("POJO and byte[] with {} bytes", env.big))
}

async fn empty(env: Env) -> Outcome {
    let caller = env.open()?;
    let no_values = EchoRequest::default();
    let empty_values = EchoRequest {
        msg: text(""),
        payload: Some(samples::bytes(0)),
        tags: Some(Vec::new()),
        attrs: Some(HashMap::new()),
        ..EchoRequest::default()
    };
    for style in Style::ALL {
        caller.exchange(style, &String::new()).await?;
        caller.exchange(style, &samples::bytes(0)).await?;
        let list: Vec<i32> = caller.call(style, &Vec::<i32>::new()).await?;
        check::equal("empty list", Vec::<i32>::new(), list)?;
        caller.exchange(style, &no_values).await?;
        caller.exchange(style, &empty_values).await?;
    }
    Ok("string, array, list, object with null and with empty fields".to_owned())
}

async fn null(env: Env) -> Outcome {
    let caller = env.open()?;
    for style in Style::ALL {
        caller.exchange(style, &samples::null()).await?;
    }
    Ok("null in all styles".to_owned())
}
