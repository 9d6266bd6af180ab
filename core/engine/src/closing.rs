//! The end of an engine.

use std::sync::Arc;

use tokio::time::{Instant, timeout};

use crate::context::Context;
use crate::store::Store;
use crate::{Engine, Error, limits};

impl Engine {
    /// Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder. It begins with the call, and
    /// goes on when the future is dropped. [`Engine::open`] of the same folder waits for it.
    pub fn close(self) -> impl Future<Output = ()> + Send {
        let context = self.context;
        let first = Arc::clone(&context.ending).try_lock_owned();
        context.interrupt_sync();
        context.tasks.close();
        let runtime = context.tasks.runtime().clone();
        let closed = runtime.spawn(async move {
            match first {
                Ok(_one_at_a_time) => context.end().await,
                Err(_) => context.ended().await,
            }
        });
        async { closed.await.unwrap_or_default() }
    }
}

impl Context {
    /// Returns once a close that has begun is done.
    pub(crate) async fn ended(&self) {
        drop(self.ending.lock().await);
    }

    async fn end(self: &Arc<Self>) {
        self.end_connections(Instant::now() + limits::SUSPENDING).await;
        // What is not done in time is in the store, and done at the next start.
        let _ = timeout(limits::CLOSING, self.tasks.ended()).await;
        let _ = self.end_tor().await.await;
        self.set_dialers(None);
        self.let_go(Store::close).await;
        self.burners.shut(Error::Closed);
        self.services.reporter.end();
        let _ = timeout(limits::LETTING_GO, self.tasks.told()).await;
    }
}
