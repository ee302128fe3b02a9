use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::pin::PinVerifier;
use super::{Fingerprint, Roots, TlsIdentity, VERSIONS, invalid, provider};
use crate::Result;

/// How a client does TLS: whom it trusts, and what it shows of itself.
#[derive(Clone, Debug)]
pub struct ClientTlsConfig {
    trust: Trust,
    identity: Option<TlsIdentity>,
    server_name: Option<String>,
}

#[derive(Clone, Debug)]
enum Trust {
    Roots(Roots),
    Pins(Vec<Fingerprint>),
}

impl ClientTlsConfig {
    /// Trusts servers whose certificate is valid now, leads to one of `roots`, and has the name or
    /// the IP address of the [`Address`](crate::Address) as a subject alternative name.
    #[must_use]
    pub fn trusting(roots: Roots) -> Self {
        Self::with(Trust::Roots(roots))
    }

    /// Trusts exactly the certificates with these fingerprints: the server's own, not an issuer's.
    /// Several, so that a new one can be known before it is used.
    ///
    /// Names, issuers and the time of validity are not looked at: such a certificate is good until
    /// it is taken off this list. That the server has its key is checked. It must be an X.509
    /// certificate of version 3, as keytool makes them.
    #[must_use]
    pub fn pinning(fingerprints: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self::with(Trust::Pins(fingerprints.into_iter().collect()))
    }

    fn with(trust: Trust) -> Self {
        Self {
            trust,
            identity: None,
            server_name: None,
        }
    }

    /// The certificate to show a server that asks for one. Default none.
    #[must_use]
    pub fn identity(mut self, identity: TlsIdentity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The name or IP address that the server's certificate must have, in place of the address's;
    /// also what the server is told in the handshake (SNI), if it is a name.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    fn build(self) -> Result<Ready> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(VERSIONS)
            .map_err(|why| invalid("TLS versions", why))?;
        let builder = match self.trust {
            Trust::Roots(Roots(roots)) => {
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
                builder.with_webpki_verifier(verifier.map_err(|why| invalid("trust roots", why))?)
            }
            Trust::Pins(pins) => {
                let algorithms = provider.signature_verification_algorithms;
                let verifier = PinVerifier { pins, algorithms };
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let config = match self.identity {
            None => builder.with_no_client_auth(),
            Some(TlsIdentity { chain, key }) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|why| invalid("client certificate", why))?,
        };
        let server_name = self.server_name.map(|name| {
            let wrong = |_| invalid("server name", format!("{name:?} is no name or IP address"));
            ServerName::try_from(name.clone()).map_err(wrong)
        });
        Ok(Ready {
            config: Arc::new(config),
            server_name: server_name.transpose()?,
        })
    }
}

/// TLS for clients. Cheap to clone; clones share what [`reload`](Self::reload) changes.
#[derive(Clone)]
pub struct ClientTls(Arc<RwLock<Arc<Ready>>>);

struct Ready {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

impl ClientTls {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) when certificate and key don't belong
    /// together, or the server name is none.
    pub fn new(config: ClientTlsConfig) -> Result<Self> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(config.build()?)))))
    }

    /// New connections use `config` from now on. Those that there are go on. On error nothing
    /// changes.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn reload(&self, config: ClientTlsConfig) -> Result<()> {
        let ready = Arc::new(config.build()?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = ready;
        Ok(())
    }

    pub(crate) async fn connect<T>(&self, host: &str, io: T) -> io::Result<TlsStream<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let ready = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let name = match &ready.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned())
                .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?,
        };
        let connector = TlsConnector::from(Arc::clone(&ready.config));
        connector.connect(name, io).await
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").finish_non_exhaustive()
    }
}
