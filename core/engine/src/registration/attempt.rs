//! One attempt to make an account: carries out over the network what its plan says.

use std::mem::take;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use flashpaper_chat::Address;
use flashpaper_tor::Target;
use flashpaper_xmpp::registration::{Answers, Fault, Filled, Form, Invitation, PictureError, PictureUrl, fetch};
use flashpaper_xmpp::{Ids, Tls};
use rand::RngExt as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::learnt::Lesson;
use super::options::CreateOptions;
use super::pending::PendingBurner;
use super::plan::{Act, Failure, Found, Use};
use super::progress::Told;
use super::questions::Reply;
use crate::account::{Account, Expiry};
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::directory::{Kind, Server};
use crate::event::{ServerWords, Step};
use crate::identity::{Identity, RecoveryWords};
use crate::network::connect::{self as link, Bound, Link, within};
use crate::route::{Route, Way};
use crate::seams::Dial;
use crate::tasks::blocking;
use crate::{Error, FormFault, limits};

/// What an attempt is made with.
pub(super) struct Attempt<'a> {
    pub(super) server: &'a Server,
    /// The user has named it.
    pub(super) named: bool,
    pub(super) way: Way,
    pub(super) options: &'a CreateOptions,
    pub(super) invitation: Option<&'a Invitation>,
    pub(super) expiry: Option<Expiry>,
    /// It counts against our own cap.
    pub(super) counts: bool,
    /// The user is being asked. It stays so where the attempt is dropped meanwhile.
    pub(super) is_asking: &'a AtomicBool,
    pub(super) told: &'a Told,
}

impl Attempt<'_> {
    /// Draws an identity, stores it, and has the server make an account of it. Cancelled before the form is sent, it ends at
    /// once. One that has failed is to be given up, or settled.
    pub(super) async fn run(
        &self,
        context: &Arc<Context>,
        cancel: &CancellationToken,
    ) -> Result<(PendingBurner, Result<(), Error>), Error> {
        // Without Tor nothing is drawn or counted.
        cancel.run_until_cancelled(context.dialers()).await.unwrap_or(Err(Error::Cancelled))?;
        let account = draw(context, self);
        let mut pending = PendingBurner::seal(context, account, self.counts).await?;
        let burner = Arc::clone(&pending.burner);
        let server = Address::from(self.server.domain.as_str().to_owned());
        self.told.step(&context.services, &burner.id, Step::Sealed { server, via: self.way.first });
        let work = Work { context, attempt: self, burner, ids: context.services.ids(), stream: Stream::None };
        let end = follow(work, &mut pending, cancel).await;
        Ok((pending, end))
    }
}

/// Goes on until the account is made or given up.
async fn follow(mut work: Work<'_>, pending: &mut PendingBurner, cancel: &CancellationToken) -> Result<(), Error> {
    loop {
        let act = match pending.plan.act() {
            Act::HandOver => return Ok(()),
            Act::GiveUp { why, .. } => return Err(why.clone()),
            act => act.clone(),
        };
        let mut under_way = pin!(work.carry_out(&act));
        let came = tokio::select! {
            biased;
            () = cancel.cancelled(), if !pending.plan.may_exist() => Err(Error::Cancelled.into()),
            // The form has begun to be sent before a cancel is looked at again.
            came = &mut under_way => came,
            () = cancel.cancelled(), if !pending.plan.is_cancelled() => {
                pending.cancel().await;
                under_way.await
            }
        };
        pending.plan.next(came);
    }
}

/// What the acts of an attempt work with.
struct Work<'a> {
    context: &'a Arc<Context>,
    attempt: &'a Attempt<'a>,
    burner: Arc<LiveBurner>,
    ids: Ids,
    stream: Stream,
}

/// How far the attempt's one stream is.
#[derive(Default)]
enum Stream {
    #[default]
    None,
    Open(Link),
    WithForm(Link, Form),
    WithFilled(Link, Filled),
    Registered(Link),
    LoggedIn(Bound),
}

impl Work<'_> {
    fn report(&self, step: Step) {
        self.attempt.told.step(&self.context.services, &self.burner.id, step);
    }

    /// Carries out one act. When it fails, the stream is gone.
    async fn carry_out(&mut self, act: &Act) -> Result<Found, Failure> {
        let (context, burner, told) = (self.context, &self.burner, self.attempt.told);
        let mut report = |step| told.step(&context.services, &burner.id, step);
        Ok(match (act, take(&mut self.stream)) {
            (Act::OpenStream, Stream::None) => return self.open().await,
            (Act::ShowInvitation, Stream::Open(mut link)) => {
                if let Some(invitation) = self.attempt.invitation {
                    within(limits::EXCHANGE, link.show_invitation(invitation, &mut self.ids)).await??;
                }
                self.stream = Stream::Open(link);
                Found::Done
            }
            (Act::AskForForm, Stream::Open(mut link)) => {
                let form = self.ask_for_form(&mut link).await?;
                self.stream = Stream::WithForm(link, form);
                Found::Done
            }
            (Act::FillForm, Stream::WithForm(link, form)) => return self.fill(link, form).await,
            (Act::SendForm, Stream::WithFilled(link, form)) => return self.send(link, form).await,
            (Act::LogIn, Stream::Registered(link)) => {
                let session = link::bind(context, link, burner, &mut report).await?;
                let safe_delivery = session.offers_management();
                self.stream = Stream::LoggedIn(session);
                Found::Session { safe_delivery }
            }
            (Act::TryOut, Stream::LoggedIn(session)) => return self.try_out(session).await,
            (Act::CloseStream { use_ }, Stream::LoggedIn(session)) => {
                link::close(session).await;
                if *use_ == Use::Full {
                    report(Step::Reachable);
                }
                Found::Done
            }
            // An act that the stream is not ready for.
            _ => return Err(Error::Internal.into()),
        })
    }

    /// Opens a stream. The form is asked for along with that, or else behind the invitation.
    async fn open(&mut self) -> Result<Found, Failure> {
        let (context, burner, told) = (self.context, &self.burner, self.attempt.told);
        let mut report = |step| told.step(&context.services, &burner.id, step);
        let link = match self.attempt.invitation {
            Some(_) => link::open_for(context, burner, &mut report).await?,
            None => link::open_to_register(context, burner, &mut self.ids, &mut report).await?,
        };
        let safe_login = link.offers_safe_login();
        self.stream = Stream::Open(link);
        Ok(Found::Stream { safe_login })
    }

    /// Reads the server's form, with those pictures that come on the stream.
    async fn ask_for_form(&mut self, link: &mut Link) -> Result<Form, Failure> {
        let form = within(limits::EXCHANGE, link.ask_registration(&mut self.ids)).await??;
        // Where nobody is to be asked, nothing is fetched or looked for.
        if self.attempt.options.asks_nothing && form.question().is_some() {
            return Err(Error::Unanswerable { fault: FormFault::NobodyToAsk }.into());
        }
        Ok(within(limits::EXCHANGE, link.ask_pictures(form, &mut self.ids)).await??)
    }

    /// Has the server make the account.
    async fn send(&mut self, mut link: Link, form: Filled) -> Result<Found, Failure> {
        let account = self.burner.account();
        // At an onion address everybody seems to come from one place, and a refused login may count against it.
        let sent = match account.route {
            Route::Exit => {
                let credentials = link::credentials(&account);
                let sent = link.register_to_log_in(form, &credentials, &mut self.ids);
                within(limits::EXCHANGE, sent).await?
            }
            Route::Onion => within(limits::EXCHANGE, link.register(form, &mut self.ids)).await?,
        };
        sent?;
        self.report(Step::Registered);
        self.stream = Stream::Registered(link);
        Ok(Found::Done)
    }

    /// Hands on what the server has to say to a new account.
    async fn try_out(&mut self, mut session: Bound) -> Result<Found, Failure> {
        let tried = within(limits::EXCHANGE, session.try_out()).await?.map_err(Error::from)?;
        for words in tried.words {
            self.report(Step::ServerSays { words: ServerWords(words) });
        }
        self.stream = Stream::LoggedIn(session);
        Ok(Found::Account(match (tried.quarantined, tried.reachable) {
            (true, _) => Use::Quarantined,
            (false, true) => Use::Full,
            (false, false) => Use::Unreachable,
        }))
    }

    /// Does what a form wants. Nothing of the identity is sent meanwhile.
    async fn fill(&mut self, mut link: Link, form: Form) -> Result<Found, Failure> {
        let form = tokio::select! {
            biased;
            prepared = self.prepare(form) => prepared?,
            // There is nobody any more to answer to.
            why = link.ended() => return Err(Error::from(why).into()),
        };
        let (form, answers) = match self.ask(&mut link, form).await? {
            Reply::Answers(form, answers) => (*form, answers),
            Reply::Declined => return Err(Error::Declined.into()),
            Reply::Another => {
                self.stream = Stream::Open(link);
                return Ok(Found::Another);
            }
        };
        let credentials = link::credentials(&self.burner.account());
        // What the user has answered was looked at before, and all else is there.
        let filled = form.fill(&credentials, &answers).map_err(|_| Error::Internal)?;
        self.stream = Stream::WithFilled(link, filled);
        Ok(Found::Done)
    }

    /// Gets all of it that needs no user.
    async fn prepare(&mut self, form: Form) -> Result<Form, Error> {
        let mut form = self.fetch_pictures(form).await?;
        self.look_for_proof(&mut form).await?;
        Ok(form)
    }

    /// A form goes without a picture that cannot be fetched where it allows that.
    async fn fetch_pictures(&mut self, mut form: Form) -> Result<Form, Error> {
        let mut last = None;
        for (field, url) in form.pictures_on_the_web() {
            let fetched = self.fetch_picture(&url).await;
            let taken = fetched.and_then(|bytes| Ok(form.set_picture(field, bytes)?));
            last = taken.err().or(last);
        }
        form.without_missing_pictures().map_err(|fault| last.unwrap_or_else(|| fault.into()))
    }

    /// Pictures of the web come through the identity's own circuits.
    async fn fetch_picture(&mut self, url: &PictureUrl) -> Result<Vec<u8>, Error> {
        // The way to the web is by an exit.
        if !self.burner.account().may_use_exit() {
            return Err(PictureError::Missing.into());
        }
        let target = Target::host(url.host.as_ascii(), url.port).map_err(|_| PictureError::Missing)?;
        let dial = self.context.dial_of(&self.burner.id).await?;
        Ok(fetch_from(&*dial, &target, url, &self.context.tls).await?)
    }

    /// Looks for the proof of work that the server wants, on a thread that others do not need.
    async fn look_for_proof(&mut self, form: &mut Form) -> Result<(), Error> {
        while let Some(mut work) = form.work(self.context.services.rng().random()) {
            loop {
                self.report(Step::Working { percent: work.percent() });
                let (after, found) = blocking(move || {
                    let found = work.run(limits::WORK).map_err(|_| Fault::TooMuchWork)?;
                    Ok((work, found))
                })
                .await?;
                work = after;
                if let Some(proof) = found {
                    form.set_proof(proof);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Asks the user, for as long as the server waits. What asks nothing is answered.
    async fn ask(&mut self, link: &mut Link, form: Form) -> Result<Reply, Error> {
        let server = Address::from(self.attempt.server.domain.as_str().to_owned());
        let (context, told) = (self.context, self.attempt.told);
        let asked = (&*context.services, &context.tasks, told);
        let mut asked = match context.questions.ask(asked, (&self.burner.id, &server), form) {
            Ok(asked) => asked,
            Err(form) => {
                // It may have been otherwise before a sleep.
                self.attempt.is_asking.store(false, Relaxed);
                return Ok(Reply::Answers(form, Answers::default()));
            }
        };
        self.attempt.is_asking.store(true, Relaxed);
        learn_that_it_asks(context, self.attempt.server, &self.burner.account()).await;
        let reply = tokio::select! {
            biased;
            reply = asked.replied() => reply,
            _ = link.ended() => Err(Error::QuestionExpired),
            () = sleep(limits::ANSWERING) => Err(Error::QuestionExpired),
        };
        self.attempt.is_asking.store(false, Relaxed);
        reply
    }
}

/// Whatever fails is of the picture's host, which the server has chosen: it says nothing of the server, and nothing of Tor.
async fn fetch_from(dial: &dyn Dial, target: &Target, url: &PictureUrl, tls: &Tls) -> Result<Vec<u8>, PictureError> {
    let stream = dial.dial(target, limits::DIAL).await.map_err(|_| PictureError::Missing)?.stream;
    within(limits::EXCHANGE, fetch(stream, url, tls)).await.map_err(|_| PictureError::Missing)?
}

/// The user is asked at a server that was said to ask nothing: the next creation goes to others first, however this one ends.
async fn learn_that_it_asks(context: &Arc<Context>, server: &Server, account: &Account) {
    if server.kind == Kind::Yes {
        context.learn_lesson(account, Lesson::Asks).await;
    }
}

fn draw(context: &Context, attempt: &Attempt<'_>) -> Account {
    let (domain, way) = (attempt.server.domain.as_str(), attempt.way);
    let created = context.services.now();
    let rng = &mut context.services.rng();
    let (identity, words) = if attempt.options.recoverable {
        let words = RecoveryWords::generate(rng);
        (Identity::from_words(&words, domain), Some(words.expose()))
    } else {
        (Identity::random(rng), None)
    };
    let mut account = Account::new(identity, domain, way, created, rng);
    (account.named, account.words, account.expiry) = (attempt.named, words, attempt.expiry);
    if let Some(reserved) = attempt.invitation.and_then(Invitation::username) {
        reserved.clone_into(&mut account.username);
    }
    account
}

#[cfg(test)]
mod tests;
