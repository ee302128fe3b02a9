//! Requests that are answered later, from another task than the one that received them.

use std::sync::Arc;
use std::time::Duration;

use bolt_examples::contract::{AsyncRequest, ControlRequest, Text, or_null};
use bolt_remoting::rpc::{AlreadyAnswered, HandlerError, HandlerResult, RequestContext, Responder};

use crate::app::{App, Order};

/// How long a restart and an exit leave the answer to be written.
const FAREWELL: Duration = Duration::from_millis(100);

/// Negative times are none.
pub(crate) async fn pause(millis: i32) {
    tokio::time::sleep(duration(millis)).await;
}

fn duration(millis: i32) -> Duration {
    Duration::from_millis(millis.try_into().unwrap_or(0))
}

pub(crate) fn asynchronous(
    app: &Arc<App>,
    cx: &RequestContext,
    r: AsyncRequest,
    responder: Responder<Text>,
) -> HandlerResult<()> {
    app.count_class(cx);
    if r.mode.as_deref() == Some("throw") {
        let text = format!("async-throw:{}", or_null(&r.msg));
        return Err(HandlerError::new("java.lang.IllegalStateException", text));
    }
    let app = Arc::clone(app);
    tokio::spawn(async move {
        pause(r.delay_ms).await;
        if answer(&r, &responder).is_err() {
            app.count("double-rejected");
        }
    });
    Ok(())
}

fn answer(r: &AsyncRequest, responder: &Responder<Text>) -> Result<(), AlreadyAnswered> {
    let msg = or_null(&r.msg);
    let text = format!("async:{msg}");
    match or_null(&r.mode) {
        "never" => Ok(()),
        // A missing mode is not the word.
        "null" if r.mode.is_some() => responder.answer(None),
        "exception" => {
            let text = format!("async-exception:{msg}");
            responder.fail(HandlerError::new("peer.bolt.PeerException", text))
        }
        "double" => {
            responder.answer(Some(text))?;
            responder.answer(Some(format!("async-again:{msg}")))
        }
        _ => responder.answer(Some(text)),
    }
}

pub(crate) async fn control(
    app: Arc<App>,
    cx: RequestContext,
    r: ControlRequest,
) -> HandlerResult<&'static str> {
    let arg = duration(r.arg);
    match or_null(&r.cmd) {
        "close" => {
            let connection = cx.connection().engine().clone();
            after(arg, move || connection.close());
        }
        "restart" => after(FAREWELL, move || app.order(Order::Restart { pause: arg })),
        "exit" => after(FAREWELL, move || app.order(Order::Exit)),
        other => tracing::warn!(other, "no such control command"),
    }
    Ok("ok")
}

fn after(time: Duration, action: impl FnOnce() + Send + 'static) {
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        action();
    });
}
