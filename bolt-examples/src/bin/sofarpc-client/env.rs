//! What a scenario is given: the provider's address, and consumers of its services.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bolt_examples::check::{Failure, Outcome};
use bolt_examples::contract::sofarpc::{HELLO_SERVICE, PB_HELLO_SERVICE};
use bolt_examples::sofarpc::{Arguments, Consumer, ServiceName, SofaCall, SofaError};
use bolt_remoting::{Address, ConnectionConfig, HeartbeatConfig, RpcClient};
use serde::de::DeserializeOwned;

#[derive(Clone)]
pub(crate) struct Env {
    address: Arc<str>,
}

impl Env {
    pub(crate) fn new(address: &str) -> Result<Self, String> {
        let address = address.strip_prefix("bolt://").unwrap_or(address);
        let parsed = address.parse::<Address>();
        parsed.map_err(|error| error.to_string())?;
        Ok(Self {
            address: address.into(),
        })
    }

    pub(crate) fn hello(&self) -> Caller {
        self.caller(&RpcClient::new(), ServiceName::new(HELLO_SERVICE))
    }

    pub(crate) fn hello_of(&self, unique_id: &str) -> Caller {
        let service = ServiceName::new(HELLO_SERVICE).unique_id(unique_id);
        self.caller(&RpcClient::new(), service)
    }

    pub(crate) fn pb_hello(&self) -> Caller {
        self.caller(&RpcClient::new(), ServiceName::new(PB_HELLO_SERVICE))
    }

    /// A client whose connections are asked for a sign of life so often.
    pub(crate) fn beating(&self, interval: Duration) -> Outcome<(RpcClient, Caller)> {
        let mut config = ConnectionConfig::client();
        config.heartbeat = Some(HeartbeatConfig::every(interval));
        let client = RpcClient::builder().config(config).build()?;
        let caller = self.caller(&client, ServiceName::new(HELLO_SERVICE));
        Ok((client, caller))
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn caller(&self, client: &RpcClient, service: ServiceName) -> Caller {
        Caller {
            consumer: Consumer::new(client, &self.address, service),
            calls: Arc::default(),
        }
    }
}

/// A consumer that counts its calls.
#[derive(Clone)]
pub(crate) struct Caller {
    consumer: Consumer,
    calls: Arc<AtomicUsize>,
}

impl Caller {
    pub(crate) fn invoke<R>(&self, method: &str, args: impl Arguments) -> SofaCall<R>
    where
        R: DeserializeOwned + Send + 'static,
    {
        self.count();
        self.consumer.invoke(method, args)
    }

    pub(crate) fn invoke_protobuf<R>(
        &self,
        method: &str,
        message: &impl prost::Message,
    ) -> SofaCall<R>
    where
        R: prost::Message + Default + 'static,
    {
        self.count();
        self.consumer.invoke_protobuf(method, message)
    }

    pub(crate) async fn oneway(&self, method: &str, args: impl Arguments) -> Outcome<()> {
        self.count();
        Ok(self.consumer.oneway(method, args).await?)
    }

    fn count(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// The detail of a scenario that passed: how many calls it has made, and what it saw.
    pub(crate) fn passed(&self, saw: impl AsRef<str>) -> Outcome {
        let calls = self.calls.load(Ordering::Relaxed);
        Ok(format!("{calls} calls, {}", saw.as_ref()))
    }
}

/// The call must have been refused, or have failed.
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, SofaError>) -> Outcome<String> {
    match outcome {
        Err(SofaError::Refused(text)) => Ok(text),
        other => Err(Failure::new(format!(
            "expected a refusal but was {other:?}"
        ))),
    }
}
