//! Making a burner: draw an identity, seal it, register it over circuits of its own, show that it can be reached.
//!
//! `plan` decides what is done next, `attempt` does it, `pending` holds the account meanwhile, and `quota` is our own cap.

mod attempt;
mod pending;
mod plan;
pub(crate) mod quota;

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use self::attempt::attempt;
use self::pending::PendingBurner;
use self::plan::Names;
use crate::context::Context;
use crate::{Error, Route};

/// What kind of burner to make. The default is what one tap does.
#[derive(Clone, Default)]
pub struct CreateOptions {
    /// The server's domain; a random good one of the directory when absent.
    pub server: Option<String>,
    /// The route, and no other. When absent: the onion address where there is one, and the exit where that does not answer.
    pub route: Option<Route>,
    /// Derive the identity from twelve recovery words instead of drawing each part. The words are evidence that links
    /// their holder to the account; [`crate::Engine::recovery_words`] has them until they are dropped.
    pub recoverable: bool,
}

impl fmt::Debug for CreateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateOptions").field("route", &self.route).finish_non_exhaustive()
    }
}

pub(crate) async fn create(
    context: &Arc<Context>,
    options: CreateOptions,
    cancel: &CancellationToken,
) -> Result<PendingBurner, Error> {
    let server = context.choose_server(options.server.as_deref(), options.route)?;
    let way = server.way(options.route);
    server.endpoints(way.first)?;
    let mut names = Names::new();
    loop {
        match attempt(context, &server, way, options.recoverable, cancel).await {
            Err(why) if names.another(&why) => {}
            made => return made,
        }
    }
}
