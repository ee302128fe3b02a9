//! Scenarios that need a server started for them, or much time.

use std::time::Duration;

use bolt_examples::contract::ThrowRequest;
use bolt_remoting::CloseReason;
use tokio::time::{Instant, timeout};

use crate::caller::{Style, TIMEOUT};
use crate::check::{self, Outcome};
use crate::env::Env;
use crate::samples::{self, Sample, text};
use crate::scenario::Scenarios;

pub(crate) fn add_to(all: &mut Scenarios) {
    all.add("idle-with-heartbeat", idle_with_heartbeat)
        .not_in_all();
    all.add("server-idle", server_idle).not_in_all();
    all.add("server-heartbeat", server_heartbeat).not_in_all();
    all.add("soak", soak)
        .not_in_all()
        .extra_time(|env| env.soak);
}

/// For a server that closes after 1,000 ms of silence.
async fn idle_with_heartbeat(env: Env) -> Outcome {
    let (caller, tap) = env.open_beating(250).await?;
    let port = caller.port().await?;
    let connection = caller.connection().await?;
    let closed = timeout(Duration::from_secs(4), connection.engine().closed()).await;
    check::that(closed.is_err(), "the connection was closed")?;
    caller.still_fine(port).await?;
    Ok(format!(
        "kept by {} heartbeats",
        tap.sum("out", "heartbeat")
    ))
}

async fn server_idle(env: Env) -> Outcome {
    let caller = env.open_silent()?;
    let port = caller.port().await?;
    let connection = caller.connection().await?;
    timeout(Duration::from_secs(15), connection.engine().closed()).await?;
    let reason = connection.engine().close_reason();
    check::equal("reason", Some(CloseReason::Peer), reason)?;
    let new_port = caller.port().await?;
    check::that(new_port != port, "the connection is still the old one")?;
    Ok("closed, then connected anew".to_owned())
}

/// For a server that sends heartbeats, which SOFABolt itself never does.
async fn server_heartbeat(env: Env) -> Outcome {
    let caller = env.open_silent()?;
    let port = caller.port().await?;
    let connection = caller.connection().await?;
    let beats = || connection.engine().stats().heartbeats_received;
    let three = async || Ok(beats() >= 3);
    check::eventually("three heartbeats", true, TIMEOUT, three).await?;
    // The Java server counts what became of them.
    if caller.stats("heartbeat-sent").await? > 0 {
        let acked = async || Ok(caller.stats("heartbeat-acked").await? >= 3);
        check::eventually("three acks", true, TIMEOUT, acked).await?;
    }
    caller.still_fine(port).await?;
    Ok(format!("{} heartbeats of the server", beats()))
}

async fn soak(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let end = Instant::now() + env.soak;
    let mut calls = 0;
    while Instant::now() < end {
        let mut answers = Vec::new();
        for _ in 0..100 {
            let sample = samples::echo(calls, calls as usize * 37 % 2000);
            let answer = caller.invoke(&sample).future().await?;
            answers.push((sample, answer));
            calls += 1;
        }
        caller.exchange(Style::Sync, &samples::null()).await?;
        let request = ThrowRequest {
            kind: text("runtime"),
            msg: text("s"),
        };
        let failed = caller.call::<_, String>(Style::Sync, &request).await;
        let start = "[Server]OriginErrorMsg: java.lang.IllegalArgumentException: s";
        check::server_error(start, failed)?;
        for (sample, answer) in answers {
            sample.check(answer.await?)?;
        }
    }
    caller.still_fine(port).await?;
    Ok(format!("{calls} calls in {:?}", env.soak))
}
