use std::fmt;
use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::invalid;
use crate::Result;

/// A certificate, its issuers and its private key: what one end shows the other.
///
/// The key may be PKCS#8, PKCS#1 (RSA) or SEC1 (EC), not encrypted.
pub struct TlsIdentity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl TlsIdentity {
    /// From PEM texts: the certificate, followed by its issuers if the peer doesn't have them, and
    /// the key. Other parts are skipped, so both may be the same text.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) when one of them is missing or broken.
    /// Whether they belong together shows when the configuration is made.
    pub fn from_pem(certificates: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self> {
        Ok(Self {
            chain: certificates_in(certificates.as_ref())
                .map_err(|why| invalid("certificate", why))?,
            key: key_in(key.as_ref()).map_err(|why| invalid("private key", why))?,
        })
    }

    /// As [`from_pem`](Self::from_pem), from files. Reads them now, blocking.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), and when a file can't be read; the error names the file.
    pub fn from_pem_files(certificates: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self> {
        let (certificates, key) = (certificates.as_ref(), key.as_ref());
        let of = |path: &Path, why: String| invalid(&path.display().to_string(), why);
        let read = |path| std::fs::read(path).map_err(|why| of(path, why.to_string()));
        Ok(Self {
            chain: certificates_in(&read(certificates)?).map_err(|why| of(certificates, why))?,
            key: key_in(&read(key)?).map_err(|why| of(key, why))?,
        })
    }

    /// From DER: the certificate, followed by its issuers if the peer doesn't have them, and the
    /// key.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) when there is no certificate, or the
    /// key is of no known form.
    pub fn from_der(
        certificates: impl IntoIterator<Item = Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Result<Self> {
        let chain: Vec<_> = certificates.into_iter().map(CertificateDer::from).collect();
        if chain.is_empty() {
            return Err(invalid("certificate", "there is none"));
        }
        let key = PrivateKeyDer::try_from(key.into()).map_err(|why| invalid("private key", why))?;
        Ok(Self { chain, key })
    }
}

pub(super) fn certificates_in(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(none) if none.is_empty() => Err("no CERTIFICATE part in this PEM".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(why) => Err(why.to_string()),
    }
}

fn key_in(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    use rustls::pki_types::pem::Error;
    PrivateKeyDer::from_pem_slice(pem).map_err(|why| match why {
        Error::NoItemsFound => "no unencrypted PRIVATE KEY part in this PEM".to_owned(),
        why => why.to_string(),
    })
}

impl Clone for TlsIdentity {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

/// Shows nothing of the key.
impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity")
            .field("certificates", &self.chain.len())
            .finish_non_exhaustive()
    }
}
