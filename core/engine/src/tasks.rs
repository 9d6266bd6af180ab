//! Work on threads that may wait.

use crate::Error;

/// Argon2id takes long on purpose, and a key store may ask a person.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Internal)?
}
