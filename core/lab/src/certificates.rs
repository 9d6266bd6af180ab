//! The lab's certificate authority, kept between runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{LabError, Result};

/// A certificate authority of the lab's own, in a folder.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Opens the authority in `folder`, making it when absent.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(folder: &Path) -> Result<Self> {
        let authority = Self { folder: folder.to_owned() };
        if !folder.join("ca.pem").exists() {
            fs::create_dir_all(folder)?;
            let key = KeyPair::generate().map_err(failed)?;
            let certificate = ca_params().self_signed(&key).map_err(failed)?;
            fs::write(folder.join("ca.key"), key.serialize_pem())?;
            fs::write(folder.join("ca.pem"), certificate.pem())?;
        }
        Ok(authority)
    }

    /// The authority's own certificate, PEM.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn pem(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("ca.pem"))?)
    }

    /// A certificate and key for some domains: the paths of two PEM files.
    ///
    /// # Errors
    /// They cannot be made or written.
    pub fn issue(&self, domains: &[&str]) -> Result<(PathBuf, PathBuf)> {
        let name = domains.join("+");
        let paths = (self.folder.join(format!("{name}.crt")), self.folder.join(format!("{name}.key")));
        if !paths.0.exists() {
            let ca_key = KeyPair::from_pem(&fs::read_to_string(self.folder.join("ca.key"))?).map_err(failed)?;
            let issuer = Issuer::new(ca_params(), ca_key);
            let key = KeyPair::generate().map_err(failed)?;
            let mut params =
                CertificateParams::new(domains.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>()).map_err(failed)?;
            // ejabberd cannot count as far as the default.
            params.not_after = date_time_ymd(2049, 1, 1);
            let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
            fs::write(&paths.1, key.serialize_pem())?;
            fs::write(&paths.0, certificate.pem())?;
        }
        Ok(paths)
    }

    /// The server's side of TLS, for a domain.
    pub(crate) fn acceptor(&self, domain: &str) -> Result<TlsAcceptor> {
        let (certificate, key) = self.issue(&[domain])?;
        let failed = |_| LabError::new("the certificate cannot be read");
        let chain = vec![CertificateDer::from_pem_file(certificate).map_err(failed)?];
        let key = PrivateKeyDer::from_pem_file(key).map_err(failed)?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|_| LabError::new("the certificate cannot be used"))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, "Flashpaper lab");
    params
}

fn failed(error: rcgen::Error) -> LabError {
    LabError::new(format!("certificate: {error}"))
}
