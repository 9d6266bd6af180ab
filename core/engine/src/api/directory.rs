//! The server directory: updating it, and looking at its servers for another one.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flashpaper_xmpp::registration::{Fault, Form, RegisterError};
use rand::seq::SliceRandom as _;
use serde::Serialize;

use super::Engine;
use crate::context::Context;
use crate::directory::update::Signer;
use crate::directory::{Day, Kind, Server, Tor, file};
use crate::event::BurnerId;
use crate::network::connect::{self as link, within};
use crate::route::Way;
use crate::store::schema::put_directory;
use crate::tasks::blocking;
use crate::{Error, Route, limits};

impl Engine {
    /// Takes an update of the server directory: a file that those who make this library have signed, however the app came by
    /// it. It counts from now on, also after a restart. What it does not name stays as it is. With a private network it is
    /// checked, and not taken.
    ///
    /// # Errors
    /// [`crate::Input::Directory`] says what is wrong with it; storage errors, [`Error::Suspended`],
    /// [`Error::VaultLocked`], [`Error::Closed`]. Nothing has changed then.
    pub async fn update_directory(&self, file: Vec<u8>) -> Result<(), Error> {
        self.take_update(file, Signer::pinned().ok_or(Error::Internal)?).await
    }

    async fn take_update(&self, file: Vec<u8>, signer: Signer) -> Result<(), Error> {
        let context = Arc::clone(&self.context);
        blocking(move || {
            let store = &context.services.store;
            store.check_awake()?;
            context.directory.update(&file, &signer, |taken| {
                let mut batch = flashpaper_vault::Batch::default();
                put_directory(&mut batch, taken)?;
                store.commit(batch)
            })
        })
        .await
    }

    /// The domains of all servers of the directory, good or not, in random order.
    #[must_use]
    pub fn known_servers(&self) -> Vec<String> {
        let directory = self.context.directory.get();
        let mut domains: Vec<_> = directory.entries().iter().map(|server| server.domain.as_str().to_owned()).collect();
        domains.shuffle(&mut self.context.services.rng());
        domains
    }

    /// Looks at what a server is and asks of a new account, over circuits of its own, and makes none. Its onion address is
    /// tried first, then the exit; for a minute each.
    ///
    /// # Errors
    /// What keeps this device from looking at any server; [`Error::InvalidInput`]. What is wrong with the server is part of the
    /// answer.
    pub async fn probe_server(&self, domain: &str) -> Result<ServerProbe, Error> {
        let server = self.context.directory.get().named(domain)?;
        let context = Arc::clone(&self.context);
        let work = async move {
            let name = BurnerId(context.services.ids().draw());
            let probe = probe(&context, &name, server).await;
            context.tor.forget(&name);
            probe
        };
        self.context.tasks.while_awake(work).await
    }
}

/// What [`Engine::probe_server`] found.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ServerProbe {
    /// The server.
    pub domain: String,
    /// How it was reached. `None`: it was not.
    pub via: Option<Route>,
    /// It has an onion address, and was not reached by it.
    pub onion_is_silent: bool,
    /// Its certificate is right.
    pub trusted: bool,
    /// It offers a login that keeps the password secret (SCRAM).
    pub safe_login: bool,
    /// What a registration needs, if it has said so.
    pub registration: Option<Needs>,
    /// Why it was not reached, or has not said what a registration needs.
    pub error: Option<Error>,
    /// How long all of it took.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub took: Duration,
    /// The entry as it was.
    #[serde(skip)]
    entry: Server,
    #[serde(skip)]
    day: Day,
}

/// What a server wants for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// A name and a password.
    Plain,
    /// A proof of work, which no user has to do (XEP-0158).
    Work,
    /// A CAPTCHA.
    Captcha,
    /// Other answers of the user.
    Form,
    /// A visit to a web page.
    Web,
    /// An invitation.
    Invitation,
    /// It makes no accounts in band.
    Closed,
    /// To wait: there were too many accounts for now.
    Wait,
}

impl ServerProbe {
    /// The file of a directory with what was found of servers that have said what a registration needs.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn directory(probes: &[Self]) -> Result<String, Error> {
        let found: Vec<_> = probes.iter().filter_map(Self::found).collect();
        file::write(found.iter().map(|(server, note)| (server, *note)), "flashpaper doctor")
    }

    /// The entry as it is now, and a note.
    fn found(&self) -> Option<(Server, &'static str)> {
        let needs = self.registration?;
        let note = if self.safe_login { needs.note() } else { "no login that keeps the password secret" };
        let kind = match needs {
            _ if !self.safe_login => Kind::No,
            Needs::Plain | Needs::Work => Kind::Yes,
            Needs::Captcha | Needs::Form => Kind::Captcha,
            Needs::Web => Kind::Web,
            Needs::Invitation | Needs::Closed => Kind::No,
            Needs::Wait => return None,
        };
        // It has answered through Tor. What becomes of the account cannot be seen without one.
        let tor = if self.entry.tor == Tor::Quarantines { Tor::Quarantines } else { Tor::Yes };
        Some((Server { kind, tor, seen: self.day, ..self.entry.clone() }, note))
    }
}

impl fmt::Debug for ServerProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerProbe").field("registration", &self.registration).finish_non_exhaustive()
    }
}

impl Needs {
    const fn note(self) -> &'static str {
        match self {
            Self::Plain => "asks nothing",
            Self::Work => "asks for a proof of work",
            Self::Captcha => "CAPTCHA",
            Self::Form => "asks the user",
            Self::Web => "web only",
            Self::Invitation => "by invitation",
            Self::Closed => "makes no accounts in band",
            Self::Wait => "asks to wait",
        }
    }

    /// What a form asks, or a refusal says.
    fn of(answer: Result<Form, RegisterError>) -> Result<Self, Error> {
        match answer {
            Ok(form) => Ok(match form.question() {
                Some(question) if question.fields.iter().any(|field| field.is_challenge) => Self::Captcha,
                Some(_) => Self::Form,
                None if form.work(0).is_some() => Self::Work,
                None => Self::Plain,
            }),
            Err(RegisterError::NeedsWeb { .. }) => Ok(Self::Web),
            Err(RegisterError::NeedsInvite) => Ok(Self::Invitation),
            Err(RegisterError::Closed | RegisterError::PolicyDenied) => Ok(Self::Closed),
            Err(RegisterError::RateLimited) => Ok(Self::Wait),
            Err(RegisterError::Protocol { fault: Fault::Unanswerable | Fault::TooMuchWork | Fault::Picture(_) }) => {
                Ok(Self::Form)
            }
            Err(error) => Err(error.into()),
        }
    }
}

async fn probe(context: &Context, name: &BurnerId, server: Server) -> Result<ServerProbe, Error> {
    let started = Instant::now();
    let mut probe = ServerProbe {
        domain: server.domain.as_str().to_owned(),
        via: None,
        onion_is_silent: false,
        trusted: false,
        safe_login: false,
        registration: None,
        error: None,
        took: Duration::ZERO,
        day: Day::of(context.services.now()),
        entry: server,
    };
    let routes: &[_] = if probe.entry.onion.is_some() { &[Route::Onion, Route::Exit] } else { &[Route::Exit] };
    for route in routes.iter().copied() {
        let visit = visit(context, name, route, &mut probe);
        let came = within(limits::PROBE, visit).await.unwrap_or(Err(Error::Timeout));
        probe.error = came.as_ref().err().cloned();
        match came {
            Err(error) if is_of_this_device(&error, context.is_tor_ready()) => return Err(error),
            _ if probe.via.is_some() => break,
            _ => probe.onion_is_silent |= route == Route::Onion,
        }
    }
    probe.took = started.elapsed();
    Ok(probe)
}

/// Notes in the probe what a server shows by one route.
async fn visit(context: &Context, name: &BurnerId, route: Route, probe: &mut ServerProbe) -> Result<(), Error> {
    let way = Way { first: route, then_exit: false };
    let opened = link::open(context, name, &probe.entry, way, &mut |_| ()).await;
    if matches!(opened, Ok(_) | Err(Error::Untrusted | Error::ServerBroken)) {
        probe.via = Some(route);
    }
    let mut link = opened?;
    (probe.trusted, probe.safe_login) = (true, link.offers_safe_login());
    probe.registration = Some(Needs::of(link.ask_registration(&mut context.services.ids()).await)?);
    Ok(())
}

/// Whether an error says nothing of the server. Where Tor is ready, circuits that cannot be built are the server's: no exit may take
/// its port.
const fn is_of_this_device(error: &Error, is_tor_ready: bool) -> bool {
    match error {
        Error::ServerUnreachable
        | Error::OnionUnreachable
        | Error::Timeout
        | Error::Untrusted
        | Error::ServerBroken
        | Error::ServerRefused
        | Error::ServerFailed => false,
        Error::TorBlocked => !is_tor_ready,
        _ => true,
    }
}

fn seconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_secs_f64())
}

#[cfg(test)]
mod tests;
