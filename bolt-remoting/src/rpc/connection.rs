use std::net::SocketAddr;
use std::sync::Arc;

use bolt_codec::bolt::Bolt;
#[cfg(feature = "hessian")]
use serde::{Serialize, de::DeserializeOwned};

use super::body::{Body, DecodeBody, EncodeBody, Raw};
use super::call::{Call, OnewayCall};
use super::outgoing::Target;
use super::settings::Settings;
use crate::{Connection, Result};

/// One SOFABolt connection, to call the peer on it: a client's server, or, from within a server,
/// a client that is connected (duplex). Cheap to clone.
///
/// A request that starts here has the version that the connection speaks: the one of the address
/// on a client, the one of the first frame received on a server.
#[derive(Clone, Debug)]
pub struct RpcConnection {
    connection: Connection<Bolt>,
    settings: Arc<Settings>,
}

impl RpcConnection {
    pub(super) fn new(connection: Connection<Bolt>, settings: Arc<Settings>) -> Self {
        Self {
            connection,
            settings,
        }
    }

    fn target(&self) -> Result<Target> {
        Ok(Target::Connection(Some(self.connection.clone())))
    }

    /// A two-way call of the peer with Hessian. See
    /// [`RpcClient::invoke`](super::RpcClient::invoke).
    #[cfg(feature = "hessian")]
    pub fn invoke<T, R>(&self, request: &T) -> Call<R>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned + Send + 'static,
    {
        self.settings
            .call(self.target(), request, &self.settings.hessian)
    }

    /// A oneway call of the peer with Hessian.
    #[cfg(feature = "hessian")]
    pub fn oneway<T: Serialize + ?Sized>(&self, request: &T) -> OnewayCall {
        self.settings
            .oneway(self.target(), request, &*self.settings.hessian)
    }

    /// A two-way call with a serializer of your own.
    pub fn invoke_with<T, R, S>(&self, serializer: &Arc<S>, request: &T) -> Call<R>
    where
        T: ?Sized,
        R: Send + 'static,
        S: EncodeBody<T> + DecodeBody<R>,
    {
        self.settings.call(self.target(), request, serializer)
    }

    /// A two-way call of bytes.
    pub fn invoke_raw(&self, raw: Raw, body: &Body) -> Call<Body> {
        self.settings.call_raw(self.target(), raw, body)
    }

    /// A oneway call with a serializer of your own; [`Raw`] for bytes.
    pub fn oneway_with<T: ?Sized>(
        &self,
        serializer: &impl EncodeBody<T>,
        request: &T,
    ) -> OnewayCall {
        self.settings.oneway(self.target(), request, serializer)
    }

    /// The peer's address, where the transport has addresses.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.connection.peer_addr()
    }

    /// The live connection of the same server or client to the given address: how a handler calls
    /// somebody else than its caller. Java: calls by address on a managed server.
    #[must_use]
    pub fn sibling(&self, peer: SocketAddr) -> Option<Self> {
        let connection = self.connection.sibling(peer)?;
        Some(Self::new(connection, Arc::clone(&self.settings)))
    }

    /// All live connections of the same server or client, this one included.
    #[must_use]
    pub fn siblings(&self) -> Vec<Self> {
        let all = self.connection.siblings().into_iter();
        all.map(|connection| Self::new(connection, Arc::clone(&self.settings)))
            .collect()
    }

    /// The connection below, of which this is the SOFABolt view: state, numbers, closing.
    #[must_use]
    pub fn engine(&self) -> &Connection<Bolt> {
        &self.connection
    }
}
