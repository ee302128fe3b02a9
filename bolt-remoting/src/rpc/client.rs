use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::{Bolt, BoltVersion};
#[cfg(feature = "hessian")]
use serde::{Serialize, de::DeserializeOwned};

use super::body::{Body, DecodeBody, EncodeBody, Raw};
use super::call::{Call, OnewayCall};
use super::connection::RpcConnection;
use super::interceptor::Interceptor;
use super::outgoing::Target;
use super::processor::Processors;
use super::settings::Settings;
use crate::time::deadline;
use crate::{Address, Client, ConnectionConfig, Error, ErrorKind, Result, SocketOptions};

/// A SOFABolt client. Cheap to clone; clones share their connections. Java: `RpcClient`.
///
/// ```
/// # #[cfg(feature = "hessian")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bolt_remoting::Result<()> {
/// # use bolt_remoting::rpc::{RpcClient, RpcServer};
/// # let server = RpcServer::builder()
/// #     .handle(|_cx, text: String| async move { Ok(format!("echo:{text}")) })
/// #     .bind("127.0.0.1:0").await?;
/// # let address = server.local_addr().to_string();
/// let client = RpcClient::new();
/// let answer: String = client.invoke(&address, "hi").await?;
/// assert_eq!(answer, "echo:hi");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "hessian"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct RpcClient {
    client: Client<Bolt>,
    settings: Arc<Settings>,
}

/// Makes an [`RpcClient`].
#[derive(Debug, Default)]
pub struct RpcClientBuilder {
    settings: Settings,
    config: Option<ConnectionConfig>,
    connect_timeout: Option<Duration>,
    socket: SocketOptions,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ClientTls>,
    processors: Processors,
}

impl RpcClientBuilder {
    /// How long a call that doesn't say may take. Default 3 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long connecting may take where the address doesn't say. Default 1 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Whether requests ask for a checksum unless the call says otherwise. Default yes; it exists
    /// on version 2.2 only. Turn it off behind a MOSN proxy, which rewrites frames.
    #[must_use]
    pub fn crc(mut self, crc: bool) -> Self {
        self.settings.crc = crc;
        self
    }

    /// Settings of the connections; [`ConnectionConfig::client`] by default.
    #[must_use]
    pub fn config(mut self, config: ConnectionConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Options of the sockets. Those of listeners have no effect here.
    #[must_use]
    pub fn socket(mut self, options: SocketOptions) -> Self {
        self.socket = options;
        self
    }

    /// Speaks TLS, and nothing else, with all servers. Default no. Java: `bolt.client.ssl.enable`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Dialect and limits of Hessian.
    #[cfg(feature = "hessian")]
    #[must_use]
    pub fn hessian(mut self, hessian: super::Hessian) -> Self {
        self.settings.hessian = Arc::new(hessian);
        self
    }

    /// Adds handlers for requests that servers send (duplex).
    #[must_use]
    pub fn processors(mut self, processors: Processors) -> Self {
        self.processors = self.processors.merge(processors);
        self
    }

    /// Stands around all calls of the client; see [`Interceptor`].
    #[must_use]
    pub fn intercept(mut self, interceptor: impl Interceptor) -> Self {
        self.settings.interceptors.add(interceptor);
        self
    }

    /// The client. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] when two handlers are registered for one class.
    pub fn build(self) -> Result<RpcClient> {
        let settings = Arc::new(self.settings);
        let mut builder = Client::builder(Bolt::default())
            .protocol_of(|address| version_of(address).map(|version| Arc::new(Bolt::new(version))))
            .handler(self.processors.into_handler(&settings)?)
            .socket(self.socket);
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            builder = builder.tls(tls);
        }
        if let Some(config) = self.config {
            builder = builder.config(config);
        }
        if let Some(timeout) = self.connect_timeout {
            builder = builder.connect_timeout(timeout);
        }
        Ok(RpcClient {
            client: builder.build(),
            settings,
        })
    }
}

fn version_of(address: &Address) -> Result<BoltVersion> {
    match (address.protocol(), address.version()) {
        (1, _) => Ok(BoltVersion::V1),
        (2, 1) => Ok(BoltVersion::V2_1),
        (2, 2) => Ok(BoltVersion::V2_2),
        (protocol, version) => {
            let text = format!("no such protocol: _PROTOCOL={protocol}, _VERSION={version}");
            Err(Error::new(ErrorKind::InvalidAddress, text))
        }
    }
}

impl RpcClient {
    /// A client with defaults for everything.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build().expect("the defaults are valid")
    }

    /// A builder with defaults for everything.
    #[must_use]
    pub fn builder() -> RpcClientBuilder {
        RpcClientBuilder::default()
    }

    fn target(&self, address: &str) -> Result<Target> {
        Ok(Target::Address(
            self.client.clone(),
            self.client.endpoint(address)?,
        ))
    }

    /// A two-way call of `address` with Hessian. The Java class of `request` is the name that
    /// serde knows it by: `#[serde(rename = "com.example.Hello")]`; a `String` is
    /// `java.lang.String` and so on.
    ///
    /// The address is in Java's form, such as `"127.0.0.1:12200?_PROTOCOL=2&_VERSION=2"`; see
    /// [`Address`]. The call is made when it is awaited; see [`Call`] for the other styles and for
    /// options.
    ///
    /// # Errors
    ///
    /// The call's outcome is any [`ErrorKind`] but `Overflow`; a bad address or an unserializable
    /// request shows when it is awaited.
    #[cfg(feature = "hessian")]
    pub fn invoke<T, R>(&self, address: impl AsRef<str>, request: &T) -> Call<R>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned + Send + 'static,
    {
        self.settings.call(
            self.target(address.as_ref()),
            request,
            &self.settings.hessian,
        )
    }

    /// A oneway call of `address` with Hessian.
    #[cfg(feature = "hessian")]
    pub fn oneway<T: Serialize + ?Sized>(
        &self,
        address: impl AsRef<str>,
        request: &T,
    ) -> OnewayCall {
        self.settings.oneway(
            self.target(address.as_ref()),
            request,
            &*self.settings.hessian,
        )
    }

    /// A two-way call with a serializer of your own.
    pub fn invoke_with<T, R, S>(
        &self,
        serializer: &Arc<S>,
        address: impl AsRef<str>,
        request: &T,
    ) -> Call<R>
    where
        T: ?Sized,
        R: Send + 'static,
        S: EncodeBody<T> + DecodeBody<R>,
    {
        self.settings
            .call(self.target(address.as_ref()), request, serializer)
    }

    /// A two-way call of bytes.
    pub fn invoke_raw(&self, raw: Raw, address: impl AsRef<str>, body: &Body) -> Call<Body> {
        self.settings
            .call_raw(self.target(address.as_ref()), raw, body)
    }

    /// A oneway call with a serializer of your own; [`Raw`] for bytes.
    pub fn oneway_with<T: ?Sized>(
        &self,
        serializer: &impl EncodeBody<T>,
        address: impl AsRef<str>,
        request: &T,
    ) -> OnewayCall {
        self.settings
            .oneway(self.target(address.as_ref()), request, serializer)
    }

    /// The connection to `address`, made if there is none, within the default timeout. Java:
    /// `getConnection`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`], [`ErrorKind::Connect`], [`ErrorKind::Timeout`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up waiting; a dial under way goes on for others.
    pub async fn connect(&self, address: impl AsRef<str>) -> Result<RpcConnection> {
        let deadline = deadline(self.settings.timeout);
        let connection = self.client.connection(address.as_ref(), deadline).await?;
        Ok(RpcConnection::new(connection, Arc::clone(&self.settings)))
    }

    /// The client below, of which this is the SOFABolt view.
    #[must_use]
    pub fn engine(&self) -> &Client<Bolt> {
        &self.client
    }

    /// Shuts the client down; see [`Client::shutdown`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the shutdown.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        self.client.shutdown(grace).await
    }
}

impl Default for RpcClient {
    fn default() -> Self {
        Self::new()
    }
}
