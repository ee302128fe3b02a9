use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Roots, TlsIdentity, VERSIONS, invalid, provider};
use crate::Result;

/// How a server does TLS: what it shows of itself, and whom it lets in.
#[derive(Clone, Debug)]
pub struct ServerTlsConfig {
    identity: TlsIdentity,
    client_roots: Option<Roots>,
}

impl ServerTlsConfig {
    /// The server's certificate and key. Clients need none.
    #[must_use]
    pub fn new(identity: TlsIdentity) -> Self {
        Self {
            identity,
            client_roots: None,
        }
    }

    /// Only clients with a valid certificate that leads to one of `roots` are let in (mutual TLS).
    #[must_use]
    pub fn client_roots(mut self, roots: Roots) -> Self {
        self.client_roots = Some(roots);
        self
    }

    fn build(self) -> Result<Arc<ServerConfig>> {
        let provider = provider();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(VERSIONS)
            .map_err(|why| invalid("TLS versions", why))?;
        let builder = match self.client_roots {
            None => builder.with_no_client_auth(),
            Some(Roots(roots)) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(roots, provider)
                    .build()
                    .map_err(|why| invalid("client roots", why))?,
            ),
        };
        let TlsIdentity { chain, key } = self.identity;
        let config = builder
            .with_single_cert(chain, key)
            .map_err(|why| invalid("server certificate", why))?;
        Ok(Arc::new(config))
    }
}

/// TLS for servers. Cheap to clone; clones share what [`reload`](Self::reload) changes.
#[derive(Clone)]
pub struct ServerTls(Arc<RwLock<Arc<ServerConfig>>>);

impl ServerTls {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) when certificate and key don't belong
    /// together.
    pub fn new(config: ServerTlsConfig) -> Result<Self> {
        Ok(Self(Arc::new(RwLock::new(config.build()?))))
    }

    /// New connections use `config` from now on: a renewed certificate, other client roots. Those
    /// that there are go on. On error nothing changes.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn reload(&self, config: ServerTlsConfig) -> Result<()> {
        let ready = config.build()?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = ready;
        Ok(())
    }

    pub(crate) async fn accept<T>(&self, io: T) -> io::Result<TlsStream<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(io).await
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}
