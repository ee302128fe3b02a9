//! Every request class that the server answers.

use std::future::Future;
use std::sync::Arc;

use bolt_examples::contract::{
    BusyRequest, CustomRequest, CustomResponse, EchoRequest, FailFastRequest, GARBAGE_CLASS,
    IoThreadRequest, Multi, NestedRequest, NullRequest, OnewayRequest, SelectorRequest,
    SleepRequest, StatsRequest, ThrowRequest, UnserializableRequest, or_null,
};
use bolt_examples::custom::{CustomCodec, SelectorCodec};
use bolt_hessian::Value;
use bolt_remoting::rpc::{Execution, HandlerError, HandlerResult, Processors, RequestContext};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use crate::app::App;
use crate::executor::Executor;
use crate::{duplex, later};

const NAME: &str = concat!("SOFABolt for Rust ", env!("CARGO_PKG_VERSION"));

/// Answered by the value that came, in whatever form Hessian has for it.
const SAME_VALUE: [&str; 20] = [
    "java.lang.Integer",
    "java.lang.Long",
    "java.lang.Boolean",
    "java.lang.Double",
    "java.lang.Short",
    "java.lang.Byte",
    "java.lang.Character",
    "java.lang.Float",
    "java.util.Date",
    "java.util.ArrayList",
    "java.util.LinkedList",
    "java.util.HashMap",
    "java.util.LinkedHashMap",
    "java.util.HashSet",
    "java.math.BigDecimal",
    "[B",
    "[I",
    "[J",
    "[Ljava.lang.String;",
    "[Ljava.lang.Object;",
];

pub(crate) fn all(app: &Arc<App>) -> Processors {
    Processors::new()
        .handle(app.counted(|_, _, text: String| async move { Ok(format!("echo:{text}")) }))
        .handle(app.counted(|_, _, r: EchoRequest| async move { Ok(r.answered_by(NAME)) }))
        .handle(app.counted(|_, _, r: NestedRequest| async move { Ok(r) }))
        .handle(app.counted(|_, _, _: NullRequest| async move { Ok(()) }))
        .handle(app.counted(|_, _, r: ThrowRequest| async move { throw(&r) }))
        .handle(app.counted(sleep))
        .handle(app.counted(|app, _, r: OnewayRequest| async move {
            app.count(format!("oneway:{}", or_null(&r.key)));
            Ok(())
        }))
        .handle(app.counted(stats))
        .handle(app.counted(|_, cx, r: IoThreadRequest| async move {
            // A handler begins on the connection's task, and this one never waits.
            let connection = cx.connection().engine().number();
            Ok(format!("{}@connection-{connection}", or_null(&r.msg)))
        }))
        .handle(app.counted(|_, _, _: UnserializableRequest| async move { Ok(Unserializable) }))
        .handle(app.counted(duplex::answer))
        .handle_later({
            let app = Arc::clone(app);
            move |cx, r, responder| later::asynchronous(&app, &cx, r, responder)
        })
        .handle(app.counted(later::control))
        .handle_class(
            GARBAGE_CLASS,
            app.counted(|_, _, _: Value| async move { Ok("garbage was read") }),
        )
        .handle_with(
            "peer.bolt.CustomRequest",
            Arc::new(CustomCodec),
            app.counted(|_, _, r| async move { Ok(reversed(&r)) }),
        )
        .handle_class(
            SAME_VALUE,
            app.counted(|_, _, value: Value| async move { Ok(value) }),
        )
        .handle_class(Multi::CLASSES, app.counted(multi))
        .merge(one_at_a_time(app.counted(busy), 1))
        .merge(one_at_a_time(app.counted(fail_fast), 1000))
        .merge(selected(app))
}

/// One request runs, over all connections, and some wait.
fn one_at_a_time<Req, Fut>(
    handler: impl Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
    waiting: usize,
) -> Processors
where
    Req: DeserializeOwned + Send + 'static,
    Fut: Future<Output = HandlerResult<&'static str>> + Send + 'static,
{
    let processors = Processors::new().handle(handler);
    processors.execution(Execution::in_place().limit(1, waiting))
}

async fn busy(_app: Arc<App>, _cx: RequestContext, r: BusyRequest) -> HandlerResult<&'static str> {
    later::pause(r.millis).await;
    Ok("busy-done")
}

async fn fail_fast(
    app: Arc<App>,
    _cx: RequestContext,
    r: FailFastRequest,
) -> HandlerResult<&'static str> {
    app.count(format!("ff:{}", or_null(&r.key)));
    later::pause(r.millis).await;
    Ok("ff-done")
}

/// The header chooses the thread on which the content is decoded and answered.
fn selected(app: &Arc<App>) -> Processors {
    let [one, two] = [&app.selected[0], &app.selected[1]].map(Executor::execution);
    let handler = app.counted(|_, _, r: SelectorRequest| async move {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        Ok(format!("{}@{name}", or_null(&r.msg)))
    });
    Processors::new()
        .handle_with(
            "peer.bolt.SelectorRequest",
            Arc::new(SelectorCodec::default()),
            handler,
        )
        .execution(Execution::select(move |cx| {
            let chosen = if cx.header() == "one" { &one } else { &two };
            chosen.clone()
        }))
}

fn throw(r: &ThrowRequest) -> HandlerResult<()> {
    let class = match or_null(&r.kind) {
        "checked" => "peer.bolt.PeerException",
        "error" => "java.lang.StackOverflowError",
        "nomsg" => {
            return Err(HandlerError::without_message(
                "java.lang.NullPointerException",
            ));
        }
        _ => "java.lang.IllegalArgumentException",
    };
    Err(match &r.msg {
        Some(msg) => HandlerError::new(class, msg),
        None => HandlerError::without_message(class),
    })
}

async fn sleep(app: Arc<App>, _cx: RequestContext, r: SleepRequest) -> HandlerResult<String> {
    app.count("slept");
    later::pause(r.millis).await;
    Ok(format!("slept:{}", or_null(&r.tag)))
}

async fn stats(app: Arc<App>, cx: RequestContext, r: StatsRequest) -> HandlerResult<i32> {
    Ok(match or_null(&r.key) {
        "@port" => cx.remote_addr().map_or(0, |peer| peer.port().into()),
        "@conns" => i32::try_from(cx.connection().siblings().len())?,
        "@timeout" => cx.timeout_millis(),
        key => app.counted_so_far(key),
    })
}

async fn multi(app: Arc<App>, _cx: RequestContext, r: Multi) -> HandlerResult<String> {
    app.count("multi");
    Ok(match r {
        Multi::A(message) => format!("A:{}", or_null(&message.msg)),
        Multi::B(message) => format!("B:{}", or_null(&message.msg)),
    })
}

fn reversed(r: &CustomRequest) -> CustomResponse {
    CustomResponse {
        header_text: r.header_text.as_ref().map(|text| format!("re:{text}")),
        body: r.body.iter().rev().copied().collect::<Vec<u8>>().into(),
    }
}

struct Unserializable;

impl Serialize for Unserializable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("this can't be serialized"))
    }
}
