use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::identity::certificates_in;
use super::invalid;
use crate::Result;

/// Certificates whose holders, and whoever they have signed, are trusted.
///
/// A self-signed certificate may stand for itself.
#[derive(Clone, Debug)]
pub struct Roots(pub(super) Arc<RootCertStore>);

impl Roots {
    /// From a PEM text with any number of certificates.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) when there is none, or a broken one.
    pub fn from_pem(certificates: impl AsRef<[u8]>) -> Result<Self> {
        let found = certificates_in(certificates.as_ref());
        Self::of(found.map_err(|why| invalid("trust roots", why))?)
    }

    /// From PEM files. Reads them now, blocking.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), and when a file can't be read; the error names the file.
    pub fn from_pem_files<P: AsRef<Path>>(files: impl IntoIterator<Item = P>) -> Result<Self> {
        let mut all = Vec::new();
        for file in files {
            let name = file.as_ref().display().to_string();
            let pem = std::fs::read(file).map_err(|why| invalid(&name, why))?;
            all.extend(certificates_in(&pem).map_err(|why| invalid(&name, why))?);
        }
        Self::of(all)
    }

    /// From DER.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_der(certificates: impl IntoIterator<Item = Vec<u8>>) -> Result<Self> {
        let all = certificates.into_iter().map(CertificateDer::from);
        Self::of(all.collect())
    }

    fn of(certificates: Vec<CertificateDer<'static>>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|why| invalid("trust roots", why))?;
        }
        if roots.is_empty() {
            return Err(invalid("trust roots", "there are none"));
        }
        Ok(Self(Arc::new(roots)))
    }
}
