//! Calls that are pending when something happens to their connection, or to them.

use std::time::Duration;

use bolt_examples::contract::{AsyncRequest, ControlRequest, SleepRequest, StatsRequest};
use bolt_remoting::rpc::Call;
use bolt_remoting::{Error, ErrorKind};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::caller::{Caller, Style, TIMEOUT};
use crate::check::{self, Failure, Outcome};
use crate::env::Env;
use crate::samples::text;
use crate::scenario::Scenarios;

pub(crate) fn add_to(all: &mut Scenarios) {
    all.add("close-pending", close_pending);
    all.add("server-close-pending", server_close_pending);
    all.add("reconnect", reconnect);
    all.add("cancel", cancel);
}

type Outcomes = Vec<JoinHandle<Result<String, Error>>>;

/// A call of each style that lasts long, and has begun.
async fn long_calls(caller: &Caller) -> Outcome<Outcomes> {
    let class = "peer.bolt.SleepRequest";
    let before = caller.stats(class).await?;
    let request = SleepRequest {
        millis: 15_000,
        tag: text("long"),
    };
    let outcomes = Style::ALL.map(|style| {
        let call = caller.invoke(&request).timeout(Duration::from_secs(25));
        tokio::spawn(style.make(call))
    });
    let begun = async || Ok(caller.stats(class).await? >= before + 3);
    check::eventually("calls have begun", true, TIMEOUT, begun).await?;
    Ok(outcomes.into())
}

/// Each ends soon, because its connection has.
async fn all_closed(outcomes: Outcomes) -> Outcome<()> {
    for outcome in outcomes {
        let outcome = timeout(TIMEOUT, outcome).await??;
        let error = check::fails(ErrorKind::Closed, outcome)?;
        check::that(
            error.close_reason().is_some(),
            format!("no reason in {error}"),
        )?;
        check::that(error.was_sent(), "the request had been sent")?;
    }
    Ok(())
}

async fn close_pending(env: Env) -> Outcome {
    let caller = env.open()?;
    let outcomes = long_calls(&caller).await?;
    let start = Instant::now();
    caller.connection().await?.engine().close();
    all_closed(outcomes).await?;
    let millis = start.elapsed().as_millis();
    check::that(
        millis < 1000,
        format!("it took {millis} ms to tell the callers"),
    )?;
    let answer: String = caller.invoke("again").await?;
    check::equal("a new connection", "echo:again", answer)?;
    Ok("3 calls ended at once".to_owned())
}

async fn control(caller: &Caller, cmd: &str, arg: i32) -> Outcome<()> {
    let request = ControlRequest {
        cmd: text(cmd),
        arg,
    };
    let answer: String = caller.invoke(&request).await?;
    check::equal("control", "ok", answer)
}

async fn server_close_pending(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let connection = caller.connection().await?;
    let outcomes = long_calls(&caller).await?;
    control(&caller, "close", 100).await?;
    all_closed(outcomes).await?;
    let waiting = connection.engine().stats().calls_waiting;
    check::equal("calls that are still pending", 0, waiting)?;
    let new_port = port_after(&caller, port).await?;
    Ok(format!("3 calls ended; port {port} then {new_port}"))
}

/// Tries again until a call arrives on another connection.
async fn port_after(caller: &Caller, port: i32) -> Outcome<i32> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut last = String::new();
    while Instant::now() < deadline {
        let request = StatsRequest { key: text("@port") };
        let call: Call<i32> = caller.invoke(&request);
        match call.timeout(Duration::from_secs(3)).await {
            Ok(now) if now != port => return Ok(now),
            Ok(_) => {}
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::new(format!(
        "no new connection, last error: {last}"
    )))
}

async fn reconnect(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let class = "peer.bolt.StatsRequest";
    let counted = caller.stats(class).await?;
    control(&caller, "restart", 500).await?;
    let new_port = port_after(&caller, port).await?;
    let answer: String = caller.invoke("back").await?;
    check::equal("a call afterwards", "echo:back", answer)?;
    let survived = caller.stats(class).await? > counted;
    check::that(survived, "the counters did not survive the restart")?;
    Ok(format!("port {port} then {new_port}"))
}

/// Calls that are dropped at several stages, and their late answers, leave nothing behind.
async fn cancel(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let late_before = late_answers(&caller).await?;
    let request = |delay_ms, mode| AsyncRequest {
        msg: text("c"),
        delay_ms,
        mode: text(mode),
    };
    let mut answers = Vec::new();
    // The delay is long enough for all to be dropped before the first answer.
    for i in 0..200 {
        let mode = if i % 2 == 0 { "never" } else { "ok" };
        let call: Call<String> = caller.invoke(&request(1500, mode));
        match i % 4 {
            // Queued, and dropped before anything was awaited.
            0 | 1 => answers.push(call.future().await?),
            // Dropped while it is awaited.
            _ => {
                let soon = Duration::from_millis(1);
                check::that(timeout(soon, call).await.is_err(), "answered too soon")?;
            }
        }
    }
    drop(answers);
    caller.nothing_pending().await?;
    let late = async || Ok(late_answers(&caller).await? - late_before);
    check::eventually("late answers, dropped", 100, TIMEOUT, late).await?;
    caller.still_fine(port).await?;
    Ok("200 dropped calls, 100 late answers".to_owned())
}

async fn late_answers(caller: &Caller) -> Outcome<u64> {
    Ok(caller.connection().await?.engine().stats().late_answers)
}
