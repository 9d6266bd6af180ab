//! TLS for XMPP (RFC 7590, XEP-0368): which roots are trusted, and what a handshake shows.

use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::corked::Corked;
use crate::domain::Domain;
use crate::error::ConnectError;

/// How a stream gets its TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// From the first byte (XEP-0368), usually at port 5223.
    DirectTls,
    /// Negotiated in clear (RFC 6120, section 5), usually at port 5222.
    StartTls,
}

/// The certificate authorities that are trusted. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    roots: Arc<RootCertStore>,
}

impl Tls {
    /// Mozilla's, as compiled in: the device's own list may hold an employer's or a state's.
    #[must_use]
    pub fn public_roots() -> Self {
        Self { roots: Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()) }
    }

    /// Those in a PEM text and no others, for a private network.
    ///
    /// # Errors
    /// The text is no PEM, or holds no certificate that can be a root.
    pub fn only_roots_in(pem: &str) -> Result<Self, RootsError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.map_err(|_| RootsError)?).map_err(|_| RootsError)?;
        }
        if roots.is_empty() { Err(RootsError) } else { Ok(Self { roots: Arc::new(roots) }) }
    }

    /// Shakes hands on a stream; the certificate must be valid for `domain`, whatever host was dialled. The last words of the
    /// handshake go with the next flush.
    pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        domain: &Domain,
        security: Security,
    ) -> Result<TlsStream<Corked<S>>, ConnectError> {
        let config = self.config(security).map_err(|_| ConnectError::Tls)?;
        let connector = TlsConnector::from(Arc::new(config));
        let handshake = connector.connect(domain.server_name(), Corked::new(stream)).await;
        let mut tls = handshake.map_err(|e| ConnectError::from_handshake(&e))?;
        tls.get_mut().0.uncork();
        Ok(tls)
    }

    /// A fresh configuration for each connection: with nothing kept, nothing can link two of them.
    fn config(&self, security: Security) -> Result<ClientConfig, tokio_rustls::rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        // RFC 9266, section 3: without it TLS 1.2 has nothing that a login can be bound to.
        config.require_ems = true;
        if security == Security::DirectTls {
            config.alpn_protocols = vec![b"xmpp-client".to_vec()];
        }
        Ok(config)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({} roots)", self.roots.len())
    }
}

/// A text without usable root certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no usable root certificates")]
pub struct RootsError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_public_or_given() {
        assert!(Tls::public_roots().roots.len() > 50);
        for bad in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(Tls::only_roots_in(bad).err(), Some(RootsError), "{bad}");
        }
    }

    #[test]
    fn a_handshake_shows_alpn_on_direct_tls_only_and_keeps_no_ticket() {
        let tls = Tls::public_roots();
        let direct = tls.config(Security::DirectTls).unwrap();
        assert_eq!(direct.alpn_protocols, [b"xmpp-client".to_vec()]);
        assert!(tls.config(Security::StartTls).unwrap().alpn_protocols.is_empty());
        assert!(direct.require_ems);
        assert!(format!("{:?}", direct.resumption).contains("NoClientSessionStorage"), "{:?}", direct.resumption);
    }
}
