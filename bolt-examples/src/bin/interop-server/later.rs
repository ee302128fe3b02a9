//! Requests that are answered later, from another task than the one that received them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bolt_examples::contract::{AsyncRequest, ControlRequest, Text, or_null};
use bolt_remoting::rpc::{HandlerError, HandlerResult, RequestContext};
use tokio::sync::oneshot;

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

type Answer = HandlerResult<Text>;

/// Takes one answer, from anywhere. Java: `AsyncContext`.
struct Slot(Mutex<Option<oneshot::Sender<Answer>>>);

impl Slot {
    /// Whether it is the first answer; any further one is rejected.
    fn answer(&self, answer: Answer) -> bool {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(sender) = sender else { return false };
        // A caller that has gone needs no answer.
        let _ = sender.send(answer);
        true
    }
}

pub(crate) async fn asynchronous(
    app: Arc<App>,
    _cx: RequestContext,
    r: AsyncRequest,
) -> HandlerResult<Text> {
    if r.mode.as_deref() == Some("throw") {
        let text = format!("async-throw:{}", or_null(&r.msg));
        return Err(HandlerError::new("java.lang.IllegalStateException", text));
    }
    let (sender, answer) = oneshot::channel();
    let slot = Slot(Mutex::new(Some(sender)));
    tokio::spawn(async move {
        pause(r.delay_ms).await;
        answer_later(&app, &r, &slot);
    });
    match answer.await {
        Ok(answer) => answer,
        // Nobody will answer any more; the caller's deadline ends the call.
        Err(_) => std::future::pending().await,
    }
}

fn answer_later(app: &App, r: &AsyncRequest, slot: &Slot) {
    let msg = or_null(&r.msg);
    let text = format!("async:{msg}");
    match or_null(&r.mode) {
        "never" => {}
        // A missing mode is not the word.
        "null" if r.mode.is_some() => {
            slot.answer(Ok(None));
        }
        "exception" => {
            let text = format!("async-exception:{msg}");
            slot.answer(Err(HandlerError::new("peer.bolt.PeerException", text)));
        }
        "double" => {
            slot.answer(Ok(Some(text)));
            if !slot.answer(Ok(Some(format!("async-again:{msg}")))) {
                app.count("double-rejected");
            }
        }
        _ => {
            slot.answer(Ok(Some(text)));
        }
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
