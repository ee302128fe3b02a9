//! What stands around calls and around handled requests.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};

use bolt_codec::bolt::ResponseStatus;
use bolt_remoting::rpc::{
    Body, CallContext, Execution, HandlerError, Interceptor, Next, Processors, Request, Response,
    RpcClient, RpcClientBuilder, RpcServer,
};
use bolt_remoting::{ErrorKind, Result};
use support::bolt::{ECHO, NEVER, RAW, body, echo, processors};
use support::wire::{FAILING, server_with};
use support::{SEC, eventually, within};

type Log = Arc<Mutex<Vec<String>>>;

/// Writes down what passes.
struct Recorder {
    name: &'static str,
    log: Log,
}

impl Interceptor for Recorder {
    async fn intercept(&self, request: Request, next: Next) -> Result<Option<Response>> {
        let class = String::from_utf8_lossy(&request.body.class).into_owned();
        let note = |text: String| {
            let mut log = self.log.lock().unwrap();
            log.push(format!("{}: {text}", self.name));
        };
        note(class);
        let outcome = next.run(request).await;
        note(match &outcome {
            Ok(Some(response)) => response.status.to_string(),
            Ok(None) => "no answer".into(),
            Err(error) => format!("{:?}", error.kind()),
        });
        outcome
    }
}

fn recorder(name: &'static str, log: &Log) -> Recorder {
    let log = Arc::clone(log);
    Recorder { name, log }
}

fn taken(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

fn client(builder: RpcClientBuilder) -> RpcClient {
    builder.timeout(SEC * 30).build().unwrap()
}

#[tokio::test]
async fn interceptors_stand_around_each_other_in_the_order_in_which_they_were_added() {
    let log = Log::default();
    let handlers = processors()
        .intercept(recorder("server outer", &log))
        .intercept(recorder("server inner", &log));
    let (_server, address) = server_with(handlers).await;
    let client = client(
        RpcClient::builder()
            .intercept(recorder("client outer", &log))
            .intercept(recorder("client inner", &log)),
    );
    within(client.invoke_raw(RAW, &address, &echo("x")).into_future())
        .await
        .unwrap();
    let before = format!(": {ECHO}");
    let after = format!(": {}", ResponseStatus::SUCCESS);
    let names = [
        "client outer",
        "client inner",
        "server outer",
        "server inner",
    ];
    let there = names.iter().map(|name| format!("{name}{before}"));
    let back = names.iter().rev().map(|name| format!("{name}{after}"));
    assert_eq!(taken(&log), there.chain(back).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_style_passes_them() {
    let log = Log::default();
    let (_server, address) = server_with(processors()).await;
    let client = client(RpcClient::builder().intercept(recorder("client", &log)));
    let call = || client.invoke_raw(RAW, &address, &echo("x"));
    within(call().into_future()).await.unwrap();
    let answer = within(call().future()).await.unwrap();
    within(answer).await.unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    call().callback(move |outcome: Result<Body>| tell.send(outcome).unwrap());
    within(told).await.unwrap().unwrap();
    within(client.oneway_with(&RAW, &address, &echo("x")).into_future())
        .await
        .unwrap();
    let passed = taken(&log);
    assert_eq!(passed.iter().filter(|note| note.contains(ECHO)).count(), 4);
    assert_eq!(passed.last().unwrap(), "client: no answer");
}

#[tokio::test]
async fn a_future_is_queued_before_it_is_awaited_also_through_interceptors() {
    let log = Log::default();
    let (server, address) = server_with(processors()).await;
    let client = client(RpcClient::builder().intercept(recorder("client", &log)));
    let answer = client
        .invoke_raw(RAW, &address, &body(NEVER, ""))
        .future()
        .await
        .unwrap();
    let in_flight = || {
        let all = server.connections();
        all.iter()
            .any(|one| one.engine().stats().requests_in_flight == 1)
    };
    eventually(in_flight).await;
    let connection = client.connect(&address).await.unwrap().engine().clone();
    assert_eq!(connection.stats().calls_waiting, 1);
    drop(answer);
    assert_eq!(connection.stats().calls_waiting, 0);
}

#[tokio::test]
async fn failures_and_refusals_are_seen_on_both_sides() {
    let log = Log::default();
    let busy = Processors::new()
        .handle_raw("Busy", |_cx, _body| std::future::pending())
        .execution(Execution::in_place().limit(1, 0));
    let handlers = processors()
        .handle_raw(FAILING, |_cx, _body| async {
            Err::<Body, _>(HandlerError::new("com.example.Bad", "no luck"))
        })
        .merge(busy)
        .intercept(recorder("server", &log));
    let (_server, address) = server_with(handlers).await;
    let client = client(RpcClient::builder());
    let occupied = client.invoke_raw(RAW, &address, &body("Busy", ""));
    let occupied = occupied.future().await.unwrap();
    for (class, kind, status) in [
        (
            FAILING,
            ErrorKind::ServerException,
            ResponseStatus::SERVER_EXCEPTION,
        ),
        (
            "Unknown",
            ErrorKind::ServerException,
            ResponseStatus::SERVER_EXCEPTION,
        ),
        (
            "Busy",
            ErrorKind::Busy,
            ResponseStatus::SERVER_THREADPOOL_BUSY,
        ),
    ] {
        let call = client.invoke_raw(RAW, &address, &body(class, ""));
        assert_eq!(within(call.into_future()).await.unwrap_err().kind(), kind);
        assert!(
            taken(&log).contains(&format!("server: {status}")),
            "{class}"
        );
    }
    drop(occupied);
}

/// Answers in the place of whoever comes after it.
struct Cache;

impl Interceptor for Cache {
    async fn intercept(&self, request: Request, next: Next) -> Result<Option<Response>> {
        if request.body.content == "known" {
            return Ok(Some(Response::new(echo("cached"), request.code)));
        }
        next.run(request).await
    }
}

#[tokio::test]
async fn an_interceptor_may_answer_itself_on_either_side() {
    let (_server, address) = server_with(processors().intercept(Cache)).await;
    let plain = client(RpcClient::builder());
    let caching = client(RpcClient::builder().intercept(Cache));
    for (client, address) in [(&plain, address.as_str()), (&caching, "127.0.0.1:1")] {
        let call = client.invoke_raw(RAW, address, &echo("known"));
        assert_eq!(within(call.into_future()).await.unwrap(), echo("cached"));
    }
}

/// Lets nobody pass, in one of three ways.
struct Gate;

impl Interceptor for Gate {
    async fn intercept(&self, request: Request, next: Next) -> Result<Option<Response>> {
        match &*request.body.content {
            b"exception" => Err(HandlerError::new("java.lang.SecurityException", "not you").into()),
            b"busy" => Err(HandlerError::busy().into()),
            b"panic" => panic!("as asked"),
            _ => next.run(request).await,
        }
    }
}

#[tokio::test]
async fn an_interceptor_of_a_server_may_refuse_and_a_panic_in_it_harms_no_other_request() {
    let (_server, address) = server_with(processors().intercept(Gate)).await;
    let client = client(RpcClient::builder());
    for (content, kind) in [
        ("exception", ErrorKind::ServerException),
        ("busy", ErrorKind::Busy),
        ("panic", ErrorKind::ServerException),
    ] {
        let call = client.invoke_raw(RAW, &address, &echo(content));
        let error = within(call.into_future()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{content}");
        if let (Some(remote), "exception") = (error.remote(), content) {
            let text = remote.message.as_deref().unwrap();
            assert!(
                text.contains("java.lang.SecurityException: not you"),
                "{text}"
            );
        }
    }
    let call = client.invoke_raw(RAW, &address, &echo("fine"));
    within(call.into_future()).await.unwrap();
}

/// What one end tells the other, and itself.
struct Stamp;

impl Interceptor for Stamp {
    async fn intercept(&self, mut request: Request, next: Next) -> Result<Option<Response>> {
        if request.request_context().is_some() {
            request.insert(String::from_utf8(request.body.header.to_vec()).unwrap());
        } else {
            let user = request.get::<String>().unwrap();
            request.body.header = user.as_bytes().to_vec().into();
        }
        next.run(request).await
    }
}

#[tokio::test]
async fn caller_interceptors_and_handler_share_extensions_and_may_change_the_request() {
    let handlers = Processors::new()
        .handle_raw(ECHO, |cx, _body| async move {
            assert_eq!(cx.header(), "ann");
            Ok(echo(cx.get::<String>().unwrap().to_uppercase()))
        })
        .intercept(Stamp);
    let (_server, address) = server_with(handlers).await;
    let client = client(RpcClient::builder().intercept(Stamp));
    let context = CallContext::new();
    context.insert("ann".to_owned());
    let call = client
        .invoke_raw(RAW, &address, &echo(""))
        .context(&context);
    assert_eq!(within(call.into_future()).await.unwrap().content, "ANN");
    assert_eq!(*context.get::<String>().unwrap(), "ann");
}

/// Tries once more.
struct Retry;

impl Interceptor for Retry {
    async fn intercept(&self, request: Request, next: Next) -> Result<Option<Response>> {
        let again = (request.clone(), next.clone());
        match next.run(request).await {
            Ok(Some(response)) if response.status == ResponseStatus::SERVER_THREADPOOL_BUSY => {
                again.1.run(again.0).await
            }
            outcome => outcome,
        }
    }
}

#[tokio::test]
async fn a_call_can_be_made_again_by_an_interceptor() {
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let handlers = Processors::new().handle_raw(ECHO, move |_cx, body| {
        let mut calls = counted.lock().unwrap();
        *calls += 1;
        let first = *calls == 1;
        async move {
            if first {
                Err(HandlerError::busy())
            } else {
                Ok(body)
            }
        }
    });
    let (_server, address) = server_with(handlers).await;
    let client = client(RpcClient::builder().intercept(Retry));
    let call = client.invoke_raw(RAW, &address, &echo("x"));
    assert_eq!(within(call.into_future()).await.unwrap(), echo("x"));
    assert_eq!(*calls.lock().unwrap(), 2);
}

/// Never comes to an end.
struct Stuck;

impl Interceptor for Stuck {
    async fn intercept(&self, _request: Request, _next: Next) -> Result<Option<Response>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_deadline_of_a_call_covers_its_interceptors() {
    let client = client(RpcClient::builder().intercept(Stuck));
    let call = client.invoke_raw(RAW, "127.0.0.1:1", &echo("x"));
    let call = call.timeout(std::time::Duration::from_millis(20));
    let error = within(call.into_future()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.was_sent()),
        (ErrorKind::Timeout, false)
    );
}

#[tokio::test]
async fn duplex_calls_pass_the_interceptors_of_their_caller_and_of_their_handler() {
    let log = Log::default();
    let server = RpcServer::builder()
        .processors(
            Processors::new().handle_raw("Forward", |cx, _body| async move {
                Ok(cx.connection().invoke_raw(RAW, &echo("back")).await?)
            }),
        )
        .intercept_calls(recorder("server calls", &log))
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let client = client(
        RpcClient::builder().processors(processors().intercept(recorder("client handles", &log))),
    );
    let address = server.local_addr().to_string();
    let call = client.invoke_raw(RAW, &address, &body("Forward", ""));
    assert_eq!(within(call.into_future()).await.unwrap().content, "back");
    let success = ResponseStatus::SUCCESS;
    let expected = [
        format!("server calls: {ECHO}"),
        format!("client handles: {ECHO}"),
        format!("client handles: {success}"),
        format!("server calls: {success}"),
    ];
    assert_eq!(taken(&log), expected);
}

#[tokio::test]
async fn a_failed_call_tells_whether_it_was_sent_whatever_stands_around_it() {
    let handlers = processors().handle_raw(FAILING, |_cx, _body| async {
        Err::<Body, _>(HandlerError::new("com.example.Bad", "no luck"))
    });
    let (server, address) = server_with(handlers).await;
    let log = Log::default();
    let client = client(RpcClient::builder().intercept(recorder("client", &log)));
    let short = std::time::Duration::from_millis(50);
    for (class, timeout) in [(FAILING, SEC * 30), (NEVER, short)] {
        let call = || {
            client
                .invoke_raw(RAW, &address, &body(class, ""))
                .timeout(timeout)
        };
        let awaited = within(call().into_future()).await.unwrap_err();
        let answer = within(call().future()).await.unwrap();
        let future = within(answer).await.unwrap_err();
        for error in [awaited, future] {
            assert!(error.was_sent(), "{error}");
            assert_eq!(error.peer(), Some(server.local_addr()));
            assert!(error.request_id().is_some());
        }
    }
    let refused = client.invoke_raw(RAW, "127.0.0.1:1", &echo("x"));
    assert!(!within(refused.into_future()).await.unwrap_err().was_sent());
}

#[tokio::test]
async fn a_server_s_interceptor_may_leave_a_request_unanswered() {
    /// Two ways to say it.
    struct Silent;
    impl Interceptor for Silent {
        async fn intercept(&self, request: Request, next: Next) -> Result<Option<Response>> {
            match &*request.body.content {
                b"none" => Ok(None),
                b"error" => Err(HandlerError::no_answer().into()),
                _ => next.run(request).await,
            }
        }
    }
    let (_server, address) = server_with(processors().intercept(Silent)).await;
    let client = client(RpcClient::builder());
    let mut unanswered = Vec::new();
    for content in ["none", "error"] {
        let call = client.invoke_raw(RAW, &address, &echo(content));
        unanswered.push(call.future().await.unwrap());
    }
    let last = client.invoke_raw(RAW, &address, &echo("last"));
    within(last.into_future()).await.unwrap();
    let connection = client.connect(&address).await.unwrap();
    assert_eq!(connection.engine().stats().calls_waiting, 2);
}
