//! A recording proxy in front of a server: what did the client say, byte for byte?

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::Result;
use crate::certificates::Authority;

/// A proxy that records everything a client sends.
#[derive(Debug)]
pub struct Tap {
    address: SocketAddr,
    recorded: Recorded,
}

/// What came over each connection, in the order in which they were made.
type Recorded = Arc<Mutex<Vec<Vec<u8>>>>;

impl Tap {
    /// Forwards bytes as they are.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn plain(target: SocketAddr) -> Result<Self> {
        Self::open(target, None).await
    }

    /// Ends TLS itself, with the lab's certificate for `domain`, and forwards and records what was inside.
    ///
    /// # Errors
    /// No port or certificate can be had.
    pub async fn tls(target: SocketAddr, authority: &Authority, domain: &str) -> Result<Self> {
        Self::open(target, Some(authority.acceptor(domain)?)).await
    }

    /// Where clients are to connect.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that clients have sent so far: an entry for each connection, in the order in which they were made.
    #[must_use]
    pub fn recorded(&self) -> Vec<Vec<u8>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn open(target: SocketAddr, tls: Option<TlsAcceptor>) -> Result<Self> {
        let listener = TcpListener::bind((target.ip(), 0)).await?;
        let tap = Self { address: listener.local_addr()?, recorded: Arc::default() };
        let recorded = Arc::clone(&tap.recorded);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (recorded, tls) = (Arc::clone(&recorded), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => forward(near, target, recorded).await,
                        Some(tls) => {
                            if let Ok(near) = tls.accept(near).await {
                                forward(near, target, recorded).await;
                            }
                        }
                    }
                });
            }
        });
        Ok(tap)
    }
}

async fn forward<S: AsyncRead + AsyncWrite>(near: S, target: SocketAddr, recorded: Recorded) {
    let Ok(far) = TcpStream::connect(target).await else { return };
    let (mut near_in, mut near_out) = split(near);
    let (mut far_in, mut far_out) = far.into_split();
    let lock = || recorded.lock().unwrap_or_else(PoisonError::into_inner);
    let connection = {
        let mut all = lock();
        all.push(Vec::new());
        all.len() - 1
    };
    let client = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = near_in.read(&mut buffer).await {
            lock()[connection].extend(&buffer[..length]);
            if far_out.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = client => {}
        _ = tokio::io::copy(&mut far_in, &mut near_out) => {}
    }
}
