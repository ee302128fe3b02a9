//! What a server can do besides answering at once: later, elsewhere, or by calling back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bolt_examples::contract::{
    AsyncRequest, CustomRequest, CustomResponse, DuplexRequest, IoThreadRequest, Multi,
    MultiMessage, SelectorRequest, Text,
};
use bolt_examples::custom::{CustomCodec, SelectorCodec};
use bolt_remoting::ErrorKind;
use bolt_remoting::rpc::Call;

use crate::caller::{Style, TIMEOUT};
use crate::check::{self, Outcome};
use crate::env::Env;
use crate::samples::{self, TEXT, text};
use crate::scenario::Scenarios;

pub(crate) fn add_to(all: &mut Scenarios) {
    all.add("async", asynchronous);
    all.add("async-exception", async_exception);
    all.add("multi-interest", multi_interest);
    all.add("custom-serializer", custom_serializer);
    all.add("executor-selector", executor_selector);
    all.add("io-thread", io_thread);
    all.add("duplex", duplex);
}

fn later(msg: &str, delay_ms: i32, mode: &str) -> AsyncRequest {
    AsyncRequest {
        msg: text(msg),
        delay_ms,
        mode: text(mode),
    }
}

async fn asynchronous(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    for style in Style::ALL {
        let answer: String = caller.call(style, &later("a", 50, "ok")).await?;
        check::equal("ok", "async:a", answer)?;
        let answer: Text = caller.call(style, &later("a", 10, "null")).await?;
        check::equal("null", None, answer)?;
    }
    // Answers overtake one another.
    let slow: Call<String> = caller.invoke(&later("slow", 1500, "ok"));
    let slow = slow.future().await?;
    let fast: String = caller.invoke(&later("fast", 0, "ok")).await?;
    check::equal("fast", "async:fast", fast)?;
    check::equal("slow", "async:slow", slow.await?)?;
    let never: Call<String> = caller.invoke(&later("x", 0, "never"));
    let outcome = never.timeout(Duration::from_millis(300)).await;
    check::fails(ErrorKind::Timeout, outcome)?;
    let rejected = async || caller.stats("double-rejected").await;
    let before = rejected().await?;
    let double: String = caller.invoke(&later("twice", 10, "double")).await?;
    check::equal("double", "async:twice", double)?;
    let one_more = async || Ok(rejected().await? > before);
    check::eventually("second answer was rejected", true, TIMEOUT, one_more).await?;
    caller.still_fine(port).await?;
    Ok("ok, null, never, double".to_owned())
}

async fn async_exception(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    for style in Style::ALL {
        let sent = caller
            .call::<_, String>(style, &later("e", 10, "exception"))
            .await;
        let start = "[Server]OriginErrorMsg: peer.bolt.PeerException: async-exception:e. \
            AdditionalErrorMsg: null";
        check::server_error(start, sent)?;
        let thrown = caller
            .call::<_, String>(style, &later("t", 10, "throw"))
            .await;
        let start = "[Server]OriginErrorMsg: java.lang.IllegalStateException: async-throw:t. \
            AdditionalErrorMsg:";
        check::server_error(start, thrown)?;
    }
    caller.still_fine(port).await?;
    Ok("sent and thrown, in all styles".to_owned())
}

async fn multi_interest(env: Env) -> Outcome {
    let caller = env.open()?;
    let message = |msg| MultiMessage { msg: text(msg) };
    let counts = async || {
        let [a, b] = Multi::CLASSES;
        let (a, b) = (caller.stats(a).await?, caller.stats(b).await?);
        Outcome::Ok([caller.stats("multi").await?, a, b])
    };
    let before = counts().await?;
    for (request, expected) in [
        (Multi::A(message("x")), "A:x"),
        (Multi::B(message("y")), "B:y"),
        (Multi::B(message("z")), "B:z"),
    ] {
        let answer: String = caller.invoke(&request).await?;
        check::equal("answer", expected, answer)?;
    }
    // Another client may be at work too.
    for ((before, after), more) in before.into_iter().zip(counts().await?).zip([3, 1, 2]) {
        check::that(after >= before + more, "a request was not counted")?;
    }
    Ok("both classes".to_owned())
}

async fn custom_serializer(env: Env) -> Outcome {
    let caller = env.open()?;
    let codec = Arc::new(CustomCodec);
    let longest = "header..".repeat(4000);
    let headers = [text("hdr"), text(TEXT), None, text(""), Some(longest)];
    let bodies = [
        vec![1, 2, 3].into(),
        samples::bytes(0),
        samples::bytes(100_000),
    ];
    for style in Style::ALL {
        for header_text in &headers {
            for body in &bodies {
                let request = CustomRequest {
                    header_text: header_text.clone(),
                    body: body.clone(),
                };
                let call = caller.rpc.invoke_with(&codec, &caller.address, &request);
                let answer: CustomResponse = style.make(call).await?;
                let header = header_text.as_ref().filter(|text| !text.is_empty());
                let expected = CustomResponse {
                    header_text: header.map(|text| format!("re:{text}")),
                    body: body.iter().rev().copied().collect::<Vec<u8>>().into(),
                };
                check::equal("answer", expected, answer)?;
            }
        }
    }
    Ok("text, no, empty and long header; small, empty and large body".to_owned())
}

async fn executor_selector(env: Env) -> Outcome {
    let caller = env.open()?;
    let codec = Arc::new(SelectorCodec::default());
    let cases = [("one", "sel-one"), ("two", "sel-two"), ("", "sel-two")];
    for style in Style::ALL {
        for (header, executor) in cases {
            let request = SelectorRequest {
                header_text: text(header),
                msg: text("m"),
            };
            let call = caller.rpc.invoke_with(&codec, &caller.address, &request);
            let answer: String = style.make(call).await?;
            check::equal("answer", format!("m@{executor}"), answer)?;
        }
    }
    Ok("sel-one and sel-two".to_owned())
}

async fn io_thread(env: Env) -> Outcome {
    let caller = env.open()?;
    let mut name = String::new();
    for style in Style::ALL {
        let request = IoThreadRequest { msg: text("m") };
        let answer: String = caller.call(style, &request).await?;
        let named = answer
            .strip_prefix("m@")
            .is_some_and(|name| !name.is_empty());
        check::that(named, format!("not m@NAME: {answer}"))?;
        name = answer;
    }
    Ok(name)
}

async fn duplex(env: Env) -> Outcome {
    let caller = env.open()?;
    let port = caller.port().await?;
    let request = |mode, msg: &str, times| DuplexRequest {
        mode: text(mode),
        msg: text(msg),
        times,
    };
    for style in Style::ALL {
        for mode in ["sync", "future", "address"] {
            let answer: String = caller.call(style, &request(mode, "m", 3)).await?;
            check::equal(mode, "cb0:m;cb1:m;cb2:m;", answer)?;
        }
        let answer: String = caller.call(style, &request("throw", "m", 2)).await?;
        check::equal(
            "throw",
            "InvokeServerException;InvokeServerException;",
            answer,
        )?;
    }
    let none: String = caller.invoke(&request("sync", "m", 0)).await?;
    check::equal("no callback at all", "", none)?;
    let called = async || Ok(caller.callbacks.load(Ordering::Relaxed));
    let before = called().await?;
    let sent: String = caller.invoke(&request("oneway", "m", 3)).await?;
    check::equal("oneway", "sent;sent;sent;", sent)?;
    check::eventually("oneways from the server", before + 3, TIMEOUT, called).await?;
    // Many at once: each waits for its callbacks on the connection that all share.
    let mut answers = Vec::new();
    for i in 0..50 {
        let call: Call<String> = caller.invoke(&request("sync", &format!("n{i}"), 2));
        answers.push(call.timeout(Duration::from_secs(20)).future().await?);
    }
    for (i, answer) in answers.into_iter().enumerate() {
        check::equal("nested call", format!("cb0:n{i};cb1:n{i};"), answer.await?)?;
    }
    caller.still_fine(port).await?;
    Ok("sync, future, address, throw, oneway; 50 at once".to_owned())
}
