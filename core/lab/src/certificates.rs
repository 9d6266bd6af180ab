//! The lab's certificate authority, kept between runs.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

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
            let params =
                CertificateParams::new(domains.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>()).map_err(failed)?;
            let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
            fs::write(&paths.1, key.serialize_pem())?;
            fs::write(&paths.0, certificate.pem())?;
        }
        Ok(paths)
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
