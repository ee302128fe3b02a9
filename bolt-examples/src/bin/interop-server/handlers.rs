//! Every request class that the server answers.

use std::sync::Arc;

use bolt_examples::contract::{
    CustomRequest, CustomResponse, EchoRequest, GARBAGE_CLASS, IoThreadRequest, Multi,
    NestedRequest, NullRequest, OnewayRequest, SleepRequest, StatsRequest, ThrowRequest,
    UnserializableRequest, or_null,
};
use bolt_examples::custom::{CustomCodec, SelectorCodec, Undecoded};
use bolt_hessian::Value;
use bolt_remoting::rpc::{HandlerError, HandlerResult, Processors, RequestContext};
use serde::{Serialize, Serializer};

use crate::app::App;
use crate::{duplex, later, limited};

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
    let mut all = Processors::new()
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
        .handle(app.uncounted(limited::busy))
        .handle(app.uncounted(limited::fail_fast))
        .handle_class(
            GARBAGE_CLASS,
            app.counted(|_, _, _: Value| async move { Ok("garbage was read") }),
        )
        .handle_with(
            "peer.bolt.CustomRequest",
            Arc::new(CustomCodec),
            app.counted(|_, _, r| async move { Ok(reversed(&r)) }),
        )
        .handle_with(
            "peer.bolt.SelectorRequest",
            Arc::new(SelectorCodec::default()),
            app.counted(selected),
        );
    for class in SAME_VALUE {
        let same = app.counted(|_, _, value: Value| async move { Ok(value) });
        all = all.handle_class(class, same);
    }
    for class in Multi::CLASSES {
        all = all.handle_class(class, app.counted(multi));
    }
    all
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
        "@conns" => match app.server().await {
            Some(server) => i32::try_from(server.connections().len())?,
            None => 0,
        },
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

/// The header chooses the thread on which the content is decoded and answered.
async fn selected(app: Arc<App>, _cx: RequestContext, r: Undecoded) -> HandlerResult<String> {
    let [one, two] = &app.selected;
    let executor = match r.header.as_deref() {
        Some("one") => one,
        _ => two,
    };
    let job = move || {
        let request = r.decode().map_err(|error| error.to_string())?;
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        Ok::<_, String>(format!("{}@{name}", or_null(&request.msg)))
    };
    let done = executor.run(job).await;
    let done = done.unwrap_or_else(|| Err("the executor is gone".to_owned()));
    done.map_err(|text| HandlerError::new("java.lang.IllegalStateException", text))
}

struct Unserializable;

impl Serialize for Unserializable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("this can't be serialized"))
    }
}
