//! What is tried.

use std::sync::Arc;
use std::time::Duration;

use bolt_examples::resp::{Command, Error, Redis, Resp, Value};
use bolt_remoting::tls::{ClientTls, ClientTlsConfig, Roots};
use bolt_remoting::{ClientBuilder, Connection, ConnectionConfig, ErrorKind, HeartbeatConfig};
use bytes::Bytes;
use futures::future::try_join_all;
use libtest_mimic::Trial;
use tokio::sync::oneshot;

use crate::server::RedisServer;
use crate::{Outcome, trial};

pub(crate) fn all() -> Vec<Trial> {
    let styles = [
        trial("awaited", awaited),
        trial("future", future),
        trial("callback", callback),
        trial("blocking", blocking),
        trial("oneway", oneway),
        trial("pipelined", pipelined),
    ];
    let answers = [
        trial("errors", errors),
        trial("nil-and-arrays", nil_and_arrays),
        trial("large", large),
        trial("any-bytes", any_bytes),
    ];
    let engine = [
        trial("database", database),
        trial("login", login),
        trial("heartbeat", heartbeat),
        trial("pool", pool),
        trial("deadline", deadline),
        trial("given-up", given_up),
        trial("killed", killed),
        trial("drain", drain),
        trial("tls", tls),
    ];
    styles.into_iter().chain(answers).chain(engine).collect()
}

fn is(what: bool, otherwise: &str) -> Outcome {
    match what {
        true => Ok(()),
        false => Err(otherwise.into()),
    }
}

fn bulk(text: &'static str) -> Value {
    Value::Bulk(text.into())
}

async fn awaited(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    redis.set("awaited", "hello").await?;
    is(
        redis.get("awaited").await? == Some("hello".into()),
        "not what was set",
    )?;
    for n in 1..=100 {
        is(redis.incr("awaited n").await? == n, "miscounted")?;
    }
    Ok(())
}

async fn future(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    let set = Command::new("SET").arg("future").arg("1");
    let set = redis.start(set).await?;
    let incr = redis.start(Command::new("INCR").arg("future")).await?;
    let get = redis.start(Command::new("GET").arg("future")).await?;
    is(get.await? == bulk("2"), "the last one first")?;
    is(incr.await? == Value::Integer(2), "then the second")?;
    is(set.await? == Value::Simple("OK".into()), "then the first")
}

async fn callback(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    let (told, outcome) = oneshot::channel();
    let command = Command::new("ECHO").arg("called back");
    redis.run_with(command, |outcome| drop(told.send(outcome)));
    is(outcome.await?? == bulk("called back"), "another answer")
}

async fn blocking(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    let runtime = tokio::runtime::Handle::current();
    let calling = std::thread::spawn(move || {
        let command = Command::new("ECHO").arg("from a thread");
        redis.run_blocking(&runtime, command)
    });
    let answer = tokio::task::spawn_blocking(move || calling.join()).await?;
    let answer = answer.map_err(|_| "the thread panicked")??;
    is(answer == bulk("from a thread"), "another answer")
}

/// The answers come all the same, and are counted off.
async fn oneway(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    for _ in 0..100 {
        drop(redis.start(Command::new("INCR").arg("oneway")).await?);
    }
    is(redis.incr("oneway").await? == 101, "lost or overtaken")
}

async fn pipelined(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    let tasks = (0..20).map(|task| {
        let redis = redis.clone();
        async move {
            for n in 0..250 {
                let (key, value) = (format!("pipelined {task}"), format!("{task} {n}"));
                redis.set(&key, value.clone()).await?;
                let got = redis.get(&key).await?;
                is(got == Some(value.into()), "somebody else's answer")?;
                redis.incr("pipelined n").await?;
            }
            Outcome::Ok(())
        }
    });
    try_join_all(tasks).await?;
    let count = redis.get("pipelined n").await?;
    is(count == Some("5000".into()), "miscounted")?;
    is(
        redis.client().connections().len() == 1,
        "more than one connection",
    )
}

async fn errors(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    redis.set("errors", "no number").await?;
    match redis.incr("errors").await {
        Err(Error::Server(text)) => is(text.starts_with("ERR value is not an integer"), &text)?,
        other => return Err(format!("{other:?}").into()),
    }
    match redis.run(Command::new("NOSUCH")).await {
        Err(Error::Server(text)) => is(text.starts_with("ERR unknown command"), &text)?,
        other => return Err(format!("{other:?}").into()),
    }
    is(
        redis.get("errors").await?.is_some(),
        "the connection goes on",
    )
}

async fn nil_and_arrays(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    is(redis.get("there is none").await?.is_none(), "something")?;
    let push = Command::new("RPUSH").arg("arrays").arg("a").arg("b");
    is(redis.run(push).await? == Value::Integer(2), "not pushed")?;
    let range = Command::new("LRANGE").arg("arrays").arg("0").arg("-1");
    let both = Value::Array(vec![bulk("a"), bulk("b")]);
    is(redis.run(range).await? == both, "another list")?;
    let get = Command::new("MGET").arg("arrays' missing").arg("another");
    let nothing = Value::Array(vec![Value::Nil, Value::Nil]);
    is(redis.run(get).await? == nothing, "not nothing twice")?;
    let nested = "return {1, {'two', {3}}, false}";
    let nested = Command::new("EVAL").arg(nested).arg("0");
    let three = Value::Array(vec![Value::Integer(3)]);
    let inner = Value::Array(vec![bulk("two"), three]);
    let expected = Value::Array(vec![Value::Integer(1), inner, Value::Nil]);
    is(redis.run(nested).await? == expected, "another nesting")?;
    let popped = Command::new("BLPOP").arg("nobody pushes").arg("0.01");
    is(
        redis.run(popped).await? == Value::Nil,
        "not the nil of arrays",
    )
}

async fn large(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    let value = Bytes::from(vec![b'x'; 8 * 1024 * 1024]);
    redis.set("large", value.clone()).await?;
    is(redis.get("large").await? == Some(value), "not the same")?;
    redis.run(Command::new("DEL").arg("large")).await?;
    Ok(())
}

async fn any_bytes(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    let value: Bytes = (0..=255).chain(*b"\r\n$-1\r\n*3\r\n").collect();
    redis.set("any\r\nbytes", value.clone()).await?;
    is(
        redis.get("any\r\nbytes").await? == Some(value),
        "not the same",
    )
}

async fn database(redis: Redis, server: Arc<RedisServer>) -> Outcome {
    redis.set("database", "0").await?;
    let other = Redis::builder(&server.address).database(3).build();
    is(other.get("database").await?.is_none(), "the same database")?;
    let none = Redis::builder(&server.address).database(99).build();
    match none.get("database").await {
        Err(Error::Remoting(error)) => {
            is(error.kind() == ErrorKind::Connect, "another kind")?;
            is(error.to_string().contains("DB index"), &error.to_string())
        }
        other => Err(format!("{other:?}").into()),
    }
}

async fn login(_: Redis, server: Arc<RedisServer>) -> Outcome {
    let redis = Redis::builder(&server.address).password("secret").build();
    match redis.get("login").await {
        // This one has no password set.
        Err(Error::Remoting(error)) => is(error.to_string().contains("AUTH"), &error.to_string()),
        other => Err(format!("{other:?}").into()),
    }
}

fn with(config: ConnectionConfig) -> impl FnOnce(ClientBuilder<Resp>) -> ClientBuilder<Resp> {
    |client| client.config(config)
}

async fn heartbeat(_: Redis, server: Arc<RedisServer>) -> Outcome {
    let mut config = ConnectionConfig::client();
    config.heartbeat = Some(HeartbeatConfig::every(Duration::from_millis(20)));
    let redis = Redis::builder(&server.address).build_with(with(config));
    redis.set("heartbeat", "x").await?;
    let connection = only_one(&redis)?;
    while connection.stats().heartbeats_acked < 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        is(connection.is_open(), "the connection has ended")?;
    }
    // An answer of PING is nobody else's.
    is(
        redis.get("heartbeat").await? == Some("x".into()),
        "out of step",
    )
}

fn only_one(redis: &Redis) -> Outcome<Connection<Resp>> {
    let mut connections = redis.client().connections();
    connections.pop().ok_or_else(|| "no connection".into())
}

async fn pool(_: Redis, server: Arc<RedisServer>) -> Outcome {
    let address = format!("{}?_CONNECTIONNUM=4&_CONNECTIONWARMUP=true", server.address);
    let redis = Redis::builder(address).build();
    let calls = (0..400).map(|_| redis.incr("pool"));
    try_join_all(calls).await?;
    is(
        redis.client().connections().len() == 4,
        "not four connections",
    )?;
    is(redis.incr("pool").await? == 401, "miscounted")
}

/// A command that takes too long fails at its deadline, and its late answer is nobody else's.
async fn deadline(_: Redis, server: Arc<RedisServer>) -> Outcome {
    let redis = Redis::builder(&server.address).timeout(Duration::from_millis(100));
    let redis = redis.build();
    let slow = Command::new("BLPOP").arg("deadline").arg("0.3");
    match redis.run(slow).await {
        Err(Error::Remoting(error)) => is(error.kind() == ErrorKind::Timeout, "another kind")?,
        other => return Err(format!("{other:?}").into()),
    }
    let connection = only_one(&redis)?;
    while connection.stats().late_answers == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        is(connection.is_open(), "the connection has ended")?;
    }
    let echo = redis.run(Command::new("ECHO").arg("in step")).await?;
    is(echo == bulk("in step"), "out of step")
}

async fn given_up(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    for n in 0..200 {
        let kept = redis.start(Command::new("ECHO").arg(n.to_string())).await?;
        drop(redis.start(Command::new("ECHO").arg("given up")).await?);
        is(
            kept.await? == Value::Bulk(n.to_string().into()),
            "another's answer",
        )?;
    }
    Ok(())
}

/// The server ends a connection: calls in flight fail, and the next one dials again.
async fn killed(redis: Redis, server: Arc<RedisServer>) -> Outcome {
    let waiting = redis
        .start(Command::new("BLPOP").arg("killed").arg("0"))
        .await?;
    let id = only_one(&redis)?.local_addr().ok_or("no address")?;
    let other = Redis::builder(&server.address).build();
    let kill = Command::new("CLIENT").arg("KILL").arg(id.to_string());
    other.run(kill).await?;
    match waiting.await {
        Err(Error::Remoting(error)) => is(error.kind() == ErrorKind::Closed, "another kind")?,
        other => return Err(format!("{other:?}").into()),
    }
    is(redis.incr("killed n").await? == 1, "not dialed again")
}

/// Commands in flight are answered before a shutdown ends.
async fn drain(redis: Redis, _: Arc<RedisServer>) -> Outcome {
    let mut answers = Vec::new();
    for _ in 0..100 {
        answers.push(redis.start(Command::new("INCR").arg("drain")).await?);
    }
    let last = redis.start(Command::new("BLPOP").arg("drain nothing").arg("0.1"));
    answers.push(last.await?);
    redis.client().shutdown(Duration::from_secs(10)).await;
    let answers = try_join_all(answers).await?;
    is(answers[99] == Value::Integer(100), "miscounted")?;
    is(answers[100] == Value::Nil, "not awaited")
}

async fn tls(_: Redis, server: Arc<RedisServer>) -> Outcome {
    let roots = Roots::from_pem(&server.certificate)?;
    let trust = ClientTls::new(ClientTlsConfig::trusting(roots))?;
    let redis = Redis::builder(&server.tls_address).build_with(|client| client.tls(trust));
    redis.set("tls", "secret").await?;
    is(
        redis.get("tls").await? == Some("secret".into()),
        "not what was set",
    )?;
    let plain = Redis::builder(&server.tls_address).timeout(Duration::from_secs(1));
    is(
        plain.build().get("tls").await.is_err(),
        "answered without TLS",
    )
}
