//! A client of one address, and the styles of calling.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bolt_examples::contract::{CallbackRequest, StatsRequest, or_null};
use bolt_remoting::rpc::{
    Call, HandlerError, HandlerResult, OnewayCall, Processors, RpcConnection,
};
use bolt_remoting::tls::ClientTls;
use bolt_remoting::{ConnectionConfig, Result, RpcClient};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::check::{self, Outcome};
use crate::samples::Sample;

/// How long a call may take unless the scenario says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// The styles of invocation that have an outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Sync,
    Future,
    Callback,
    /// From a plain thread.
    Blocking,
}

impl Style {
    /// Those of tasks.
    pub(crate) const ALL: [Style; 3] = [Style::Sync, Style::Future, Style::Callback];

    /// Makes the call in this style.
    pub(crate) async fn make<R: Send + 'static>(self, call: Call<R>) -> Result<R> {
        match self {
            Style::Sync => call.await,
            Style::Future => call.future().await?.await,
            Style::Callback => {
                let (sender, outcome) = tokio::sync::oneshot::channel();
                call.callback(move |outcome| {
                    // A scenario that has failed by now doesn't wait for it.
                    let _ = sender.send(outcome);
                });
                outcome.await.expect("a callback is called once")
            }
            Style::Blocking => {
                let (sender, outcome) = tokio::sync::oneshot::channel();
                std::thread::spawn(move || {
                    // A scenario that has failed by now doesn't wait for it.
                    let _ = sender.send(call.blocking());
                });
                outcome.await.expect("a blocking call ends")
            }
        }
    }
}

#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) rpc: RpcClient,
    pub(crate) address: Arc<str>,
    /// How often the server has called back.
    pub(crate) callbacks: Arc<AtomicUsize>,
}

impl Caller {
    pub(crate) fn new(
        address: &str,
        crc: bool,
        config: ConnectionConfig,
        tls: Option<ClientTls>,
    ) -> Outcome<Self> {
        let callbacks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&callbacks);
        let processors = Processors::new().handle(move |_cx, request: CallbackRequest| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move { call_back(&request) }
        });
        let mut builder = RpcClient::builder()
            .timeout(TIMEOUT)
            .crc(crc)
            .config(config)
            .processors(processors);
        if let Some(tls) = tls {
            builder = builder.tls(tls);
        }
        Ok(Self {
            rpc: builder.build()?,
            address: address.into(),
            callbacks,
        })
    }

    /// A call, to be given options and a style.
    pub(crate) fn invoke<T, R>(&self, request: &T) -> Call<R>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned + Send + 'static,
    {
        self.rpc.invoke(&self.address, request)
    }

    pub(crate) fn oneway<T: Serialize + ?Sized>(&self, request: &T) -> OnewayCall {
        self.rpc.oneway(&self.address, request)
    }

    /// The answer to `request`, in the given style.
    pub(crate) async fn call<T, R>(&self, style: Style, request: &T) -> Result<R>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned + Send + 'static,
    {
        style.make(self.invoke(request)).await
    }

    /// Sends the sample and checks what comes back.
    pub(crate) async fn exchange<S: Sample>(&self, style: Style, sample: &S) -> Outcome {
        sample.check(self.call(style, sample).await?)
    }

    pub(crate) async fn stats(&self, key: &str) -> Outcome<i32> {
        let request = StatsRequest {
            key: Some(key.to_owned()),
        };
        Ok(self.invoke(&request).await?)
    }

    /// Our port as the server sees it: the identity of the connection.
    pub(crate) async fn port(&self) -> Outcome<i32> {
        self.stats("@port").await
    }

    pub(crate) async fn connection(&self) -> Outcome<RpcConnection> {
        Ok(self.rpc.connect(&self.address).await?)
    }

    /// Still the same connection, in order, and with no call left on it.
    pub(crate) async fn still_fine(&self, port: i32) -> Outcome<()> {
        let answer: String = self.invoke("still fine").await?;
        check::equal("a call afterwards", "echo:still fine", answer)?;
        check::equal("port of the connection", port, self.port().await?)?;
        self.nothing_pending().await
    }

    pub(crate) async fn nothing_pending(&self) -> Outcome<()> {
        let stats = self.connection().await?.engine().stats();
        check::equal("calls that are still pending", 0, stats.calls_waiting)
    }
}

/// Answers what the server asks of a client.
fn call_back(request: &CallbackRequest) -> HandlerResult<String> {
    let msg = or_null(&request.msg);
    match or_null(&request.mode) {
        "throw" => {
            let text = format!("client-threw:{msg}");
            Err(HandlerError::new("java.lang.IllegalStateException", text))
        }
        _ => Ok(format!("cb{}:{msg}", request.seq)),
    }
}
