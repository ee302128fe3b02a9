//! What all handlers share, and what survives a restart of the listener.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bolt_remoting::rpc::RequestContext;
use tokio::sync::mpsc;

use crate::executor::Executor;

/// What a `ControlRequest` wants of the process.
pub(crate) enum Order {
    Restart { pause: Duration },
    Exit,
}

pub(crate) struct App {
    counters: Mutex<HashMap<String, i32>>,
    orders: mpsc::UnboundedSender<Order>,
    pub(crate) selected: [Executor; 2],
}

impl App {
    pub(crate) fn new(orders: mpsc::UnboundedSender<Order>) -> Arc<Self> {
        Arc::new(Self {
            counters: Mutex::default(),
            orders,
            selected: [Executor::start("sel-one"), Executor::start("sel-two")],
        })
    }

    /// A handler that counts each request under its class before it begins.
    pub(crate) fn counted<H, Req, Fut>(
        self: &Arc<Self>,
        handler: H,
    ) -> impl Fn(RequestContext, Req) -> Fut + use<H, Req, Fut>
    where
        H: Fn(Arc<App>, RequestContext, Req) -> Fut,
    {
        let app = Arc::clone(self);
        move |cx, request| {
            app.count_class(&cx);
            handler(Arc::clone(&app), cx, request)
        }
    }

    pub(crate) fn count_class(&self, cx: &RequestContext) {
        self.count(String::from_utf8_lossy(cx.class()));
    }

    pub(crate) fn count(&self, key: impl Into<String>) {
        *self.counters().entry(key.into()).or_default() += 1;
    }

    pub(crate) fn counted_so_far(&self, key: &str) -> i32 {
        self.counters().get(key).copied().unwrap_or(0)
    }

    fn counters(&self) -> std::sync::MutexGuard<'_, HashMap<String, i32>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn order(&self, order: Order) {
        // Nobody receives orders any more when the process is about to end.
        let _ = self.orders.send(order);
    }
}
