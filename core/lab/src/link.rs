//! A forwarder in front of a relay's advertised port: it can delay, cut, and refuse. The kernel need not help.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::Result;

/// One-way delay in milliseconds, shared by all links, changed at any time.
pub(crate) type Delay = Arc<AtomicU32>;

/// Forwards connections to `advertised` on to `real`. Dropping it closes all of them and the port.
pub(crate) struct Link {
    accepting: JoinHandle<()>,
    cut: watch::Sender<()>,
}

impl Link {
    pub(crate) async fn open(advertised: SocketAddr, real: SocketAddr, delay: Delay) -> Result<Self> {
        let listener = TcpListener::bind(advertised).await?;
        let (cut, cuts) = watch::channel(());
        let accepting = tokio::spawn(async move {
            while let Ok((near, from)) = listener.accept().await {
                let (delay, mut cuts) = (Arc::clone(&delay), cuts.clone());
                cuts.mark_unchanged();
                let own = same_lab(from.ip(), advertised.ip());
                tokio::spawn(async move {
                    // An error: the link is gone.
                    let ended = async { while cuts.changed().await.is_ok() && own {} };
                    tokio::select! {
                        () = forward(near, real, delay) => {}
                        () = ended => {}
                    }
                });
            }
        });
        Ok(Self { accepting, cut })
    }

    /// Closes all connections of clients; new ones are forwarded. The lab's own go on: Debian's `tor` as the host of an
    /// onion service makes new introduction points for a few cuts only, then none for five minutes.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(());
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Relays and the onion's host connect from addresses of their own.
fn same_lab(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets()[..3] == other.octets()[..3],
        _ => false,
    }
}

async fn forward(near: TcpStream, real: SocketAddr, delay: Delay) {
    let Ok(far) = TcpStream::connect(real).await else { return };
    // Without these, small writes wait for acknowledgements: a delay that nobody asked for.
    let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::select! {
        () = one_way(near_in, far_out, Arc::clone(&delay)) => {}
        () = one_way(far_in, near_out, delay) => {}
    }
}

/// Reading goes on while what was read waits to be written, so the delay costs no throughput.
async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Delay) {
    let (sender, mut waiting) = mpsc::channel::<(Instant, Vec<u8>)>(4096);
    let reading = async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let due = Instant::now() + Duration::from_millis(delay.load(Relaxed).into());
            if sender.send((due, buffer[..length].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = waiting.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(reading, writing);
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpSocket;

    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    /// At an address that a client does not connect from by itself.
    async fn free() -> SocketAddr {
        TcpListener::bind("127.0.9.1:0").await.unwrap().local_addr().unwrap()
    }

    async fn echoed(stream: &mut TcpStream) -> bool {
        let mut back = [0];
        stream.write_all(b"x").await.is_ok() && matches!(stream.read(&mut back).await, Ok(1))
    }

    #[tokio::test]
    async fn delays_keeps_order_cuts_and_refuses() {
        let (advertised, delay) = (free().await, Delay::default());
        let link = Link::open(advertised, echo().await, Arc::clone(&delay)).await.unwrap();
        let mut stream = TcpStream::connect(advertised).await.unwrap();
        delay.store(100, Relaxed);
        let started = Instant::now();
        for number in 0_u8..100 {
            stream.write_all(&[number]).await.unwrap();
        }
        let mut back = [0; 100];
        stream.read_exact(&mut back).await.unwrap();
        assert!(back.iter().enumerate().all(|(i, b)| i == usize::from(*b)));
        let took = started.elapsed();
        // Were the delays of all bytes added up, it would take 20 s.
        assert!((200..10_000).contains(&took.as_millis()), "{took:?}");

        let relay = TcpSocket::new_v4().unwrap();
        relay.bind("127.0.9.2:0".parse().unwrap()).unwrap();
        let mut relay = relay.connect(advertised).await.unwrap();
        assert!(echoed(&mut relay).await);
        link.cut();
        assert!(matches!(stream.read(&mut back).await, Ok(0) | Err(_)));
        let mut again = TcpStream::connect(advertised).await.unwrap();
        assert!(echoed(&mut again).await);
        assert!(echoed(&mut relay).await, "a relay's own connection goes on");

        drop(link);
        for stream in [&mut again, &mut relay] {
            assert!(matches!(stream.read(&mut back).await, Ok(0) | Err(_)));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(TcpStream::connect(advertised).await.is_err());
    }
}
