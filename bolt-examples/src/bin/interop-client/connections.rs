//! Protocol versions, checksums and heartbeats.

use std::collections::HashSet;
use std::time::Duration;

use bolt_examples::contract::{ControlRequest, DuplexRequest, OnewayRequest, ThrowRequest};

use crate::caller::{Caller, Style, TIMEOUT};
use crate::check::{self, Outcome};
use crate::env::Env;
use crate::samples::{self, Sample, TEXT, text};
use crate::scenario::Scenarios;

pub(crate) fn add_to(all: &mut Scenarios) {
    all.add("v1", |env| version(env, "_PROTOCOL=1", "v1"));
    all.add("v2-1", |env| version(env, "_PROTOCOL=2&_VERSION=1", "v2.1"));
    all.add("v2-2", |env| {
        let form = if env.crc { "v2.2+crc" } else { "v2.2" };
        version(env, "_PROTOCOL=2&_VERSION=2", form)
    });
    all.add("crc", crc);
    all.add("heartbeat", heartbeat);
    all.add("pool", pool);
}

async fn version(env: Env, query: &'static str, form: &'static str) -> Outcome {
    let (caller, tap) = env.open_tapped(query).await?;
    let port = caller.port().await?;
    for style in Style::ALL {
        caller.exchange(style, &TEXT.to_owned()).await?;
        caller.exchange(style, &samples::echo(3, 1000)).await?;
        caller.exchange(style, &samples::null()).await?;
    }
    let key = samples::key("version");
    caller.oneway(&OnewayRequest { key: text(&key) }).await?;
    let counter = format!("oneway:{key}");
    check::eventually("oneway", 1, TIMEOUT, || caller.stats(&counter)).await?;
    tap.all_in_form(form, 1)?;
    let request = ThrowRequest {
        kind: text("runtime"),
        msg: text("v"),
    };
    let failed = caller.call::<_, String>(Style::Sync, &request).await;
    let start = "[Server]OriginErrorMsg: java.lang.IllegalArgumentException: v";
    check::server_error(start, failed)?;
    let request = DuplexRequest {
        mode: text("sync"),
        msg: text("d"),
        times: 1,
    };
    let answer: String = caller.invoke(&request).await?;
    check::equal("duplex", "cb0:d;", answer)?;
    caller.still_fine(port).await?;
    Ok(tap.to_string())
}

/// On and off in turn: each answer copies the switch of its request.
async fn crc(env: Env) -> Outcome {
    let (caller, tap) = env.open_tapped("_PROTOCOL=2&_VERSION=2").await?;
    let port = caller.port().await?;
    let before = [tap.get("in v2.2+crc response"), tap.get("in v2.2 response")];
    for i in 0..50 {
        for crc in [true, false] {
            let sample = samples::echo(i, i as usize * 50);
            sample.check(caller.invoke(&sample).crc(crc).await?)?;
        }
    }
    let after = [tap.get("in v2.2+crc response"), tap.get("in v2.2 response")];
    check::equal(
        "answers with and without CRC",
        before.map(|n| n + 50),
        after,
    )?;
    caller.still_fine(port).await?;
    Ok("50 with and 50 without".to_owned())
}

async fn heartbeat(env: Env) -> Outcome {
    let (caller, tap) = env.open_beating(200).await?;
    let port = caller.port().await?;
    let five_acks = async || Ok(tap.sum("in", "ack") >= 5);
    check::eventually("five acks", true, Duration::from_secs(20), five_acks).await?;
    caller.still_fine(port).await?;
    let (sent, acks) = (tap.sum("out", "heartbeat"), tap.sum("in", "ack"));
    check::that(acks <= sent, "more acks than heartbeats")?;
    Ok(format!("{sent} heartbeats, {acks} acks"))
}

/// All connections of a pool are used, and one that the server closes is made again.
async fn pool(env: Env) -> Outcome {
    const SIZE: usize = 8;
    let separator = if env.query().is_empty() { '?' } else { '&' };
    let caller = env.open_at(&format!("{}{separator}_CONNECTIONNUM={SIZE}", env.address))?;
    let first = ports(&caller, SIZE).await?;
    let open = caller.stats("@conns").await?;
    check::that(
        open >= SIZE as i32,
        format!("the server counts only {open} connections"),
    )?;
    let close = ControlRequest {
        cmd: text("close"),
        arg: 0,
    };
    // Whether its answer comes before the end of the connection is the server's affair.
    let _: Result<String, _> = caller.invoke(&close).await;
    let kept = async || {
        // A call may get onto the connection that is about to end.
        let Ok(now) = ports(&caller, SIZE).await else {
            return Ok(SIZE);
        };
        Ok(first.intersection(&now).count())
    };
    check::eventually("connections that were kept", SIZE - 1, TIMEOUT, kept).await?;
    let full = async || Ok(caller.rpc.pools().iter().map(|pool| pool.live).sum());
    check::eventually("connections after one was lost", SIZE, TIMEOUT, full).await?;
    caller.nothing_pending().await?;
    Ok(format!("{SIZE} connections, all used, one replaced"))
}

/// The connections that calls take, until so many have been seen.
async fn ports(caller: &Caller, count: usize) -> Outcome<HashSet<i32>> {
    let mut ports = HashSet::new();
    for _ in 0..10_000 {
        ports.insert(caller.port().await?);
        if ports.len() == count {
            return Ok(ports);
        }
    }
    check::equal("connections used", count, ports.len())?;
    Ok(ports)
}
