//! Certificates made for one test.

use bolt_remoting::tls::{Fingerprint, Roots, TlsIdentity};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};

/// Someone who signs.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("signed"))
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::from_pem(self.0.pem()).expect("a root")
    }

    /// For clients by hand.
    pub(crate) fn store(&self) -> rustls::RootCertStore {
        let mut store = rustls::RootCertStore::empty();
        store.add(self.0.der().clone()).expect("a root");
        store
    }

    /// For these names and addresses.
    pub(crate) fn issue(&self, names: &[&str]) -> Certificate {
        self.sign(named("issued", names))
    }

    /// Expired long ago.
    pub(crate) fn issue_expired(&self, names: &[&str]) -> Certificate {
        let mut params = named("expired", names);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2022, 4, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.0).expect("signed");
        Certificate {
            der: signed.der().to_vec(),
            pem: signed.pem(),
            key,
        }
    }
}

impl Certificate {
    /// As keytool makes them: no names but a common name.
    pub(crate) fn self_signed(common_name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let signed = named(common_name, &[]).self_signed(&key).expect("signed");
        Self {
            der: signed.der().to_vec(),
            pem: signed.pem(),
            key,
        }
    }

    pub(crate) fn identity(&self) -> TlsIdentity {
        TlsIdentity::from_pem(&self.pem, self.key.serialize_pem()).expect("an identity")
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }
}

fn named(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("valid names");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}
