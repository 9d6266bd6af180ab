//! What a screen shows, as it changes: looked at anew whenever something has happened, and handed on where it is another.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::context::Context;
use crate::limits;
use crate::tasks::blocking;

/// Something as it changes: the present first, then the newest whenever it is another. A slow reader misses what is not true
/// any more. Dropping it ends it.
pub struct Watched<T>(watch::Receiver<Option<T>>);

impl<T> Watched<T> {
    pub(crate) const fn new(present: watch::Receiver<Option<T>>) -> Self {
        Self(present)
    }

    /// Of what will never be another.
    pub(crate) fn last(present: T) -> Self {
        let (_, mut reader) = watch::channel(Some(present));
        reader.mark_changed();
        Self(reader)
    }
}

impl<T: Clone> Watched<T> {
    /// The present one, or the next that the caller does not have yet; `None` once there is none any more. Cancel safe.
    pub async fn next(&mut self) -> Option<T> {
        loop {
            self.0.changed().await.ok()?;
            if let Some(present) = &*self.0.borrow_and_update() {
                return Some(present.clone());
            }
        }
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched(..)")
    }
}

/// What was seen at one look.
pub(crate) enum Look<T> {
    Is(T),
    /// There will be no other.
    IsLast(T),
    /// It cannot be seen now: a folder that is let go, say.
    IsHidden,
    /// It is gone.
    IsOver,
}

/// Has a task look, on a thread that may wait, for as long as somebody reads. It keeps no engine that nobody holds any more.
pub(crate) fn watched<T: Clone + PartialEq + Send + Sync + 'static>(
    context: &Arc<Context>,
    look: impl Fn(&Arc<Context>) -> Look<T> + Send + Sync + 'static,
) -> Watched<T> {
    let (present, reader) = watch::channel(None);
    let (mut news, look) = (context.services.reporter.news(), Arc::new(look));
    let weak = Arc::downgrade(context);
    context.tasks.spawn_telling(async move {
        while let Some(context) = weak.upgrade() {
            news.mark_unchanged();
            let look = Arc::clone(&look);
            let Ok(seen) = blocking(move || Ok(look(&context))).await else { return };
            match seen {
                Look::Is(seen) => {
                    present.send_if_modified(|present| {
                        let is_another = present.as_ref() != Some(&seen);
                        if is_another {
                            *present = Some(seen);
                        }
                        is_another
                    });
                }
                Look::IsLast(seen) => {
                    present.send_replace(Some(seen));
                    return;
                }
                Look::IsHidden => {}
                Look::IsOver => return,
            }
            sleep(limits::LOOKS_APART).await;
            // An error is the end, which is looked at once more.
            tokio::select! {
                _ = news.changed() => {}
                () = present.closed() => return,
            }
        }
    });
    Watched::new(reader)
}
