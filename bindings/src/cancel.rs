//! Ending a long call from outside.

use std::sync::Arc;

use flashpaper::Error;
use tokio_util::sync::CancellationToken;

/// Ends the call that it was given to: the call throws `Cancelled` at once, a sync once it has suspended. One token for one call.
#[derive(Debug, Default, uniffi::Object)]
pub struct CancelToken(CancellationToken);

#[uniffi::export]
impl CancelToken {
    /// A token that is not cancelled.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Ends the call, also one that begins later.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// Drops `work` as soon as the token, if there is one, is cancelled.
pub(crate) async fn unless_cancelled<T>(
    token: Option<Arc<CancelToken>>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match token {
        Some(token) => token.0.run_until_cancelled(work).await.unwrap_or(Err(Error::Cancelled)),
        None => work.await,
    }
}

/// The token, or one that nothing cancels.
pub(crate) fn token(cancel: Option<Arc<CancelToken>>) -> CancellationToken {
    cancel.map(|token| token.0.clone()).unwrap_or_default()
}
