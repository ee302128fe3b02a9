use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::{Bolt, BoltVersion};
#[cfg(feature = "hessian")]
use serde::{Serialize, de::DeserializeOwned};
use tokio::runtime::Handle;

use super::body::{Body, DecodeBody, EncodeBody, Raw};
use super::call::{Call, OnewayCall};
use super::connection::RpcConnection;
use super::interceptor::Interceptor;
use super::outgoing::Target;
use super::processor::Processors;
use super::settings::Settings;
use crate::client::{ClientBuilder, Connect, IfAbsent, PoolConfig, PoolSnapshot, Select};
use crate::events::ConnectionEvent;
use crate::time::deadline;
use crate::{Address, Client, ConnectionConfig, Error, ErrorKind, Result, SocketOptions};

/// A SOFABolt client. Cheap to clone; clones share their connections, which live on the
/// [runtime](crate::client#runtimes) that the client was built in. Java: `RpcClient`.
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
#[derive(Debug)]
pub struct RpcClientBuilder {
    settings: Settings,
    client: ClientBuilder<Bolt>,
    processors: Processors,
}

impl Default for RpcClientBuilder {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            client: Client::builder(Bolt::default()).protocol_of(|address| {
                let version = version_of(address)?;
                Ok(Arc::new(Bolt::new(version)))
            }),
            processors: Processors::default(),
        }
    }
}

impl RpcClientBuilder {
    /// How long a call that doesn't say may take. Default 3 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long connecting may take where the address doesn't say. Default 1 s. It beats
    /// [`PoolConfig::connect_timeout`], whichever is given first.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.client = self.client.connect_timeout(timeout);
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
        self.client = self.client.config(config);
        self
    }

    /// Settings of the connections that differ by address; see [`ClientBuilder::adjust_config`].
    #[must_use]
    pub fn adjust_config(
        mut self,
        adjust: impl Fn(&Address, &mut ConnectionConfig) + Send + Sync + 'static,
    ) -> Self {
        self.client = self.client.adjust_config(adjust);
        self
    }

    /// How connections are kept.
    #[must_use]
    pub fn pools(mut self, pools: PoolConfig) -> Self {
        self.client = self.client.pools(pools);
        self
    }

    /// Which connection of several a call takes; see [`ClientBuilder::select`].
    #[must_use]
    pub fn select(mut self, select: impl Select<Bolt>) -> Self {
        self.client = self.client.select(select);
        self
    }

    /// Where byte streams come from; TCP by default. With [`RpcServer::attach`] client and server
    /// meet without a port:
    ///
    /// ```
    /// # #[cfg(feature = "hessian")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> bolt_remoting::Result<()> {
    /// use bolt_remoting::{RpcClient, RpcServer};
    ///
    /// let server = RpcServer::builder()
    ///     .handle(|_cx, name: String| async move { Ok(format!("hello {name}")) })
    ///     .without_listener()?;
    /// let client = RpcClient::builder()
    ///     .connector(move |_address| {
    ///         let (near, far) = tokio::io::duplex(64 * 1024);
    ///         server.attach(far);
    ///         async { Ok(near) }
    ///     })
    ///     .build()?;
    /// let greeting: String = client.invoke("in-memory:1", "you").await?;
    /// assert_eq!(greeting, "hello you");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "hessian"))]
    /// # fn main() {}
    /// ```
    ///
    /// [`RpcServer::attach`]: super::RpcServer::attach
    #[must_use]
    pub fn connector(mut self, connector: impl Connect) -> Self {
        self.client = self.client.connector(connector);
        self
    }

    /// Has `listener` told what happens to connections; see
    /// [`events`](crate::events). Java: `addConnectionEventProcessor`.
    #[must_use]
    pub fn on_connection_event(
        mut self,
        listener: impl Fn(&ConnectionEvent<Bolt>) + Send + Sync + 'static,
    ) -> Self {
        self.client = self.client.on_connection_event(listener);
        self
    }

    /// The client's own runtime, [on which its connections live](crate::client#runtimes) and which
    /// [blocking calls](Call::blocking) need; by default the one that the client is built in, if any.
    #[must_use]
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.client = self.client.runtime(runtime);
        self
    }

    /// Options of the sockets. Those of listeners have no effect here.
    #[must_use]
    pub fn socket(mut self, options: SocketOptions) -> Self {
        self.client = self.client.socket(options);
        self
    }

    /// Speaks TLS, and nothing else, with all servers. Default no. Java: `bolt.client.ssl.enable`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ClientTls) -> Self {
        self.client = self.client.tls(tls);
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
        let handler = self.processors.into_handler(&settings)?;
        Ok(RpcClient {
            client: self.client.handler(handler).build(),
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
            self.client.pool(address)?,
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
    /// All show when the call is awaited, a bad address and an unserializable request too. Without a
    /// request sent: [`InvalidAddress`](ErrorKind::InvalidAddress), [`Serialize`](ErrorKind::Serialize),
    /// [`Send`](ErrorKind::Send), [`Connect`](ErrorKind::Connect), and
    /// [`Overflow`](ErrorKind::Overflow) after [`Call::fail_when_full`] only. At any time:
    /// [`Timeout`](ErrorKind::Timeout), [`Closed`](ErrorKind::Closed). By the answer:
    /// [`Busy`](ErrorKind::Busy), [`ServerException`](ErrorKind::ServerException),
    /// [`ServerSerialize`](ErrorKind::ServerSerialize),
    /// [`ServerDeserialize`](ErrorKind::ServerDeserialize), [`Status`](ErrorKind::Status),
    /// [`Deserialize`](ErrorKind::Deserialize). Interceptors may fail calls with what they like.
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

    /// A connection to `address`, made if there is none. Java: `getConnection`.
    ///
    /// It waits as long as a call that doesn't say: the [`timeout`](RpcClientBuilder::timeout) of the
    /// builder, 3 s by default. An attempt to connect, whose failure ends the waiting earlier, may
    /// take the time that the address says, or else
    /// [`connect_timeout`](RpcClientBuilder::connect_timeout), 1 s by default.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`], [`ErrorKind::Connect`], [`ErrorKind::Timeout`],
    /// [`ErrorKind::Closed`] after a shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up waiting; a dial under way goes on for others.
    pub async fn connect(&self, address: impl AsRef<str>) -> Result<RpcConnection> {
        let deadline = deadline(self.settings.timeout);
        let connection = self.client.connection(address.as_ref(), deadline).await?;
        Ok(RpcConnection::new(connection, Arc::clone(&self.settings)))
    }

    /// A connection of its own, outside of the pool of `address`, made within the connect timeout; see
    /// [`Client::standalone`]. Java: `createStandaloneConnection`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`], [`ErrorKind::Connect`], [`ErrorKind::Closed`] after a
    /// shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the dial.
    pub async fn standalone(&self, address: impl AsRef<str>) -> Result<RpcConnection> {
        let connection = self.client.standalone(address).await?;
        Ok(RpcConnection::new(connection, Arc::clone(&self.settings)))
    }

    /// Whether there is a connection to `address` that takes calls; see [`Client::check`]. Java:
    /// `checkConnection`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`], [`ErrorKind::Closed`] after a shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up waiting; a dial under way goes on.
    pub async fn check(&self, address: impl AsRef<str>, if_absent: IfAbsent) -> Result<bool> {
        self.client.check(address, if_absent).await
    }

    /// Lets the connections of `address` go; see [`Client::close`]. Java: `closeConnection`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`].
    pub fn close(&self, address: impl AsRef<str>, grace: Duration) -> Result<()> {
        self.client.close(address, grace)
    }

    /// How the connections stand, address by address. Java: `getAllManagedConnections`.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolSnapshot> {
        self.client.pools()
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
