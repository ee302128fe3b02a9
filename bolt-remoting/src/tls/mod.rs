//! TLS and mutual TLS, by rustls: versions 1.2 (which is what Java SOFABolt's Netty offers) and
//! 1.3. Needs the feature `tls`.
//!
//! Settings belong to one client or server, never to the process.
//!
//! ```
//! use bolt_remoting::tls::{ClientTls, ClientTlsConfig, Roots, ServerTls, ServerTlsConfig, TlsIdentity};
//! use bolt_remoting::{RpcClient, RpcServer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> bolt_remoting::Result<()> {
//! # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
//! # let (cert_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
//! let identity = TlsIdentity::from_pem(&cert_pem, &key_pem)?; // or from_pem_files
//! let tls = ServerTls::new(ServerTlsConfig::new(identity))?;
//! let server = RpcServer::builder().tls(tls.clone()).bind("127.0.0.1:0").await?;
//!
//! let trust = ClientTlsConfig::trusting(Roots::from_pem(&cert_pem)?).server_name("localhost");
//! let client = RpcClient::builder().tls(ClientTls::new(trust)?).build()?;
//! client.connect(server.local_addr().to_string()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | what | how | Java |
//! |---|---|---|
//! | a server's certificate and key | [`ServerTlsConfig::new`] | `bolt.server.ssl.enable`, `.keystore`, `.password`, `.type` |
//! | only clients with a certificate | [`ServerTlsConfig::client_roots`] | `bolt.server.ssl.clientAuth`, the same keystore |
//! | who a client is | [`Connection::peer_certificates`](crate::Connection::peer_certificates) | – |
//! | which servers a client trusts | [`ClientTlsConfig::trusting`], with the name checked | `bolt.client.ssl.enable`, `.keystore`; any name |
//! | exactly this server certificate | [`ClientTlsConfig::pinning`] | – |
//! | a client's certificate | [`ClientTlsConfig::identity`] | `bolt.client.ssl.keystore`, mandatory |
//! | another name than the address | [`ClientTlsConfig::server_name`] | names are never checked |
//! | new certificates while running | [`ServerTls::reload`], [`ClientTls::reload`] | read from the file for each connection |
//!
//! There is no way to accept any certificate. Certificates without a subject alternative name, or
//! with the wrong one, are what [`ClientTlsConfig::pinning`] is for: the common name is not looked
//! at, as nowhere nowadays.
//!
//! The handshake is part of the connect timeout of a client (1 s unless set otherwise; the first
//! handshake of a Java server may take that long), and of the
//! [`first_frame_timeout`](crate::ConnectionConfig::first_frame_timeout) of a server (20 s where that
//! is `None`), whose connections count from the moment they are accepted. A failed handshake is an
//! error of kind [`ErrorKind::Connect`] that says what is wrong. With TLS 1.3 a client may learn only
//! after its handshake that the server refuses its certificate: its calls then fail with
//! [`CloseReason::Tls`](crate::CloseReason::Tls).
//!
//! The trust roots of the platform are not read by default; give their file to
//! [`Roots::from_pem_files`] (`/etc/ssl/certs/ca-certificates.crt` on Debian).
//!
//! # From a Java key store
//!
//! rustls reads PEM and DER. Of a key store make PEM once; the first command is for JKS only:
//!
//! ```console
//! $ keytool -importkeystore -srckeystore store.jks -destkeystore store.p12 -deststoretype pkcs12
//! $ openssl pkcs12 -in store.p12 -nokeys -clcerts -out cert.pem
//! $ openssl pkcs12 -in store.p12 -nocerts -nodes -out key.pem
//! $ openssl pkcs12 -in store.p12 -nokeys -cacerts -out ca.pem
//! $ keytool -list -v -keystore store.p12 | grep SHA256:
//! ```
//!
//! `cert.pem` has the store's own certificate, `ca.pem` all others: those it trusts, and issuers. (A
//! chain of issuers is sent along if it is appended to `cert.pem`, nearest first.) The last command
//! prints fingerprints as [`Fingerprint`] reads them.

mod client;
mod identity;
mod pin;
mod roots;
mod server;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use rustls::crypto::CryptoProvider;

pub use self::client::{ClientTls, ClientTlsConfig};
pub use self::identity::TlsIdentity;
pub use self::pin::Fingerprint;
pub use self::roots::Roots;
pub use self::server::{ServerTls, ServerTlsConfig};
use crate::{Error, ErrorKind};

const VERSIONS: &[&rustls::SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// ring: permissively licensed, and builds with a C compiler alone. Given to each configuration,
/// so that no process-wide default is needed or touched.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn invalid(what: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{what}: {why}"))
}

/// What the peer showed in a handshake.
pub(crate) fn shown(connection: &rustls::CommonState) -> Box<[Bytes]> {
    let chain = connection.peer_certificates().unwrap_or_default();
    let owned = |certificate| Bytes::copy_from_slice(certificate);
    chain.iter().map(AsRef::as_ref).map(owned).collect()
}

/// Why a handshake failed, for whoever has to repair it.
pub(crate) fn handshake_failure(error: &io::Error) -> String {
    let text = failure(error).unwrap_or_else(|| error.to_string());
    let hint = match (tls_error(error), error.kind()) {
        (None, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            " (the peer ended the connection: does it speak TLS?)"
        }
        (Some(rustls::Error::InvalidMessage(_)), _) => " (does the peer speak TLS?)",
        _ => "",
    };
    format!("TLS handshake failed: {text}{hint}")
}

/// What TLS says of the end of a connection, if it was TLS that ended it.
pub(crate) fn failure(error: &io::Error) -> Option<String> {
    use rustls::{AlertDescription, CertificateError, Error};
    let error = tls_error(error)?;
    let meaning = match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => "no trusted root signed it",
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the peer wants a certificate, and this end has none"
        }
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired,
        ) => "the peer doesn't trust this end's certificate",
        // What Java says in either case.
        Error::AlertReceived(AlertDescription::BadCertificate) => {
            "the peer misses or doesn't trust this end's certificate"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "set the server name, or pin the certificate if it has none",
        Error::NoCertificatesPresented => "a client certificate is required",
        _ => return Some(error.to_string()),
    };
    Some(format!("{error} ({meaning})"))
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
