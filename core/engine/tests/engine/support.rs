//! What the tests share: an engine that knows the lab, and ways to its server.

use std::collections::{HashSet, VecDeque};
use std::env;
use std::path::Path;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use flashpaper::{ByteStream, Clock, Config, Engine, Key, Network, PrivateNetwork, Seams};
use flashpaper_lab::{Peer, Remote};
use flashpaper_otr::{Identity, Output, Session, Settings};
use rand::SeedableRng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::{StdRng, SysRng};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) use crate::direct::Direct;

/// The result of a test: any error fails it.
pub(crate) type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The time limit of every wait. `tor` as the host of an onion service makes no new introduction points for five minutes after it
/// has lost them several times, and one dial may take another minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(420);

/// The lab's server that makes accounts.
pub(crate) const SERVER: &str = "burner.test";

/// An engine that knows the lab, without dialers yet.
pub(crate) async fn open(home: &Path, lab: &Remote) -> Tested<Engine> {
    Ok(Engine::open(config(home, lab)?).await?)
}

/// The same with another clock.
pub(crate) async fn open_with(home: &Path, lab: &Remote, clock: &Hands) -> Tested<Engine> {
    let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
    Ok(Engine::open_with(config(home, lab)?, seams).await?)
}

pub(crate) fn config(home: &Path, lab: &Remote) -> Tested<Config> {
    let network = PrivateNetwork::parse(&std::fs::read_to_string(lab.facts_file())?)?;
    Ok(Config { home: home.to_owned(), key: Key::File, network: Network::Private(network), resolvers: None })
}

/// Somebody to talk to who has OTR, but none of the engine: answers by itself.
pub(crate) struct Friend {
    jid: String,
    orders: mpsc::UnboundedSender<(String, String)>,
    texts: mpsc::UnboundedReceiver<String>,
    task: JoinHandle<Result<(), String>>,
}

impl Friend {
    /// Read in the place of a text: the other side has ended the private conversation.
    pub(crate) const ENDED: &str = "(ended)";

    /// `deduplicates`: says that it knows what it gets twice, as Flashpaper does.
    pub(crate) async fn register(lab: &Remote, deduplicates: bool) -> Tested<Self> {
        let mut rng = StdRng::from_rng(&mut UnwrapErr(SysRng));
        let identity = Arc::new(Identity::random(&mut rng));
        let settings = Settings { deduplicates, ..Settings::default() };
        let otr = Session::new(identity, settings, Box::new(rng), Duration::ZERO);
        let peer = Peer::register(lab.facts()).await?;
        let (jid, (orders, take_orders), (say, texts)) =
            (peer.jid().to_owned(), mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let task =
            tokio::spawn(async move { live(peer, otr, take_orders, say).await.map_err(|error| error.to_string()) });
        Ok(Self { jid, orders, texts, task })
    }

    pub(crate) fn jid(&self) -> &str {
        &self.jid
    }

    /// Writes a text unlike those before, in private, when that is possible.
    pub(crate) fn write(&self, to: &str, text: &str) {
        let _ = self.orders.send((to.to_owned(), text.to_owned()));
    }

    /// The next text that comes in private.
    pub(crate) async fn read(&mut self) -> Tested<String> {
        timeout(PATIENCE, self.texts.recv()).await?.ok_or_else(|| "the friend is gone".into())
    }

    /// A text that has come already.
    pub(crate) fn read_now(&mut self) -> Option<String> {
        self.texts.try_recv().ok()
    }

    /// Removes the account.
    pub(crate) async fn end(self) -> Tested {
        drop(self.orders);
        Ok(self.task.await??)
    }
}

async fn live(
    mut peer: Peer,
    mut otr: Session,
    mut orders: mpsc::UnboundedReceiver<(String, String)>,
    texts: mpsc::UnboundedSender<String>,
) -> Tested {
    let (begin, mut known, mut waiting) = (Instant::now(), HashSet::new(), VecDeque::new());
    loop {
        let (to, mut outputs) = tokio::select! {
            order = orders.recv() => {
                let Some((to, text)) = order else { return Ok(peer.remove().await?) };
                waiting.push_back(text);
                (to, otr.tick(begin.elapsed()))
            }
            message = peer.next() => {
                let message = message?;
                let mut outputs = otr.tick(begin.elapsed());
                outputs.extend(otr.receive(&message.text));
                (message.from.clone(), outputs)
            }
        };
        if !waiting.is_empty() && !otr.is_private() && !otr.is_beginning() && !otr.is_finished() {
            outputs.extend(otr.start());
        }
        while let Some(text) = waiting.front()
            && let Ok((_, sent)) = otr.send(text, text)
        {
            waiting.pop_front();
            outputs.extend(sent);
        }
        let read: Vec<_> = outputs
            .iter()
            .filter_map(|output| {
                if let Output::Text { from, label, .. } = output {
                    label.clone().map(|label| (*from, label))
                } else {
                    None
                }
            })
            .collect();
        outputs.extend(read.into_iter().flat_map(|(from, label)| otr.send_receipt(from, &[label])));
        for output in outputs {
            match output {
                Output::Send(body) => peer.send(&to, &body).await?,
                // As it says of itself, it knows what it gets twice.
                Output::Text { label: Some(label), .. } if !known.insert(label.clone()) => {}
                Output::Text { text, .. } => drop(texts.send(text)),
                Output::Ended(_) => drop(texts.send(Friend::ENDED.to_owned())),
                Output::PlainText(text) => return Err(format!("plain: {text}").into()),
                _ => {}
            }
        }
    }
}

/// A clock that is set by hand: the time since the device was started, and what the wall's clock is ahead of that; in
/// seconds.
#[derive(Clone, Default)]
pub(crate) struct Hands(pub(crate) Arc<AtomicU64>, pub(crate) Arc<AtomicU64>);

impl Clock for Hands {
    fn unix_seconds(&self) -> u64 {
        self.0.load(SeqCst) + self.1.load(SeqCst)
    }

    fn since_boot(&self) -> Duration {
        Duration::from_secs(self.0.load(SeqCst))
    }
}

/// A test of this program as a process of its own, under another program if one is named.
pub(crate) fn own_test(name: &str, under: &[&str]) -> Tested<Command> {
    let own = env::current_exe()?;
    let own = own.to_str().ok_or("path")?;
    let command = [under, &[own, "--exact", name, "--ignored", "--nocapture"]].concat();
    let mut run = Command::new(command[0]);
    run.args(&command[1..]);
    Ok(run)
}

/// What a process runs under to be killed as one of its threads begins a system call for the `count`th time.
pub(crate) fn killed_at(call: &str, count: usize) -> [String; 7] {
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={count}"));
    ["strace", "-f", "-qq", "-e", &trace, "-e", &inject].map(str::to_owned)
}

/// Calls `at` before and after every write and every read that gets bytes, with a running number.
struct Points<S> {
    inner: S,
    count: Arc<AtomicUsize>,
    at: Arc<dyn Fn(usize) + Send + Sync>,
}

impl<S> Points<S> {
    fn pass(&self) {
        (self.at)(self.count.fetch_add(1, SeqCst));
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Points<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let filled = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if buf.filled().len() > filled {
            // Before the bytes are known to anyone, and after.
            self.pass();
            self.pass();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Points<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        self.pass();
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.pass();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Dialers past Tor. Their streams' reads and writes have running numbers.
pub(crate) fn points(lab: &Remote, at: impl Fn(usize) + Send + Sync + 'static) -> Arc<Direct> {
    let (count, at) = (Arc::new(AtomicUsize::new(0)), Arc::new(at));
    let wrap = move |inner| -> Box<dyn ByteStream> {
        let at: Arc<dyn Fn(usize) + Send + Sync> = at.clone();
        Box::new(Points { inner, count: Arc::clone(&count), at })
    };
    Direct::wrapped(lab, wrap)
}
