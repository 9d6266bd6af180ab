//! A registration at a server that has said everything before it is asked: for tests and fuzz targets.

use std::collections::BTreeMap;
use std::convert::Infallible;

use rand::{TryCryptoRng, TryRng};
use tokio::io::{Join, join};
use zeroize::Zeroizing;

use super::dialogue::{self, Invited};
use super::error::RegisterError;
use super::fill::Filled;
use super::form::Form;
use super::invitation::Invitation;
use super::question::{Answer, Answers, Kind, Question};
use crate::credentials::Credentials;
use crate::domain::Domain;
use crate::exchange::Stream;
use crate::ids::Ids;
use crate::sieve::Sieve;

/// The id of every request.
pub(crate) const ID: &str = "aaaaaaaaaaaaaaaa";
/// What a server that takes invitations says among its features.
pub(crate) const INVITES: &str = "<register xmlns='urn:xmpp:ibr-token:0'/>";

/// A stream on which everything was said already. What is said to it is kept.
pub(crate) struct Replay<'a> {
    pub(crate) stream: Stream<Join<&'a [u8], Vec<u8>>>,
    pub(crate) invited: Invited,
    pub(crate) domain: Domain,
    pub(crate) ids: Ids,
}

impl<'a> Replay<'a> {
    /// A server's bytes, behind its [`header`].
    pub(crate) async fn open(bytes: &'a [u8]) -> Result<Self, RegisterError> {
        let domain = Domain::parse("jabber.example").map_err(|_| RegisterError::Lost)?;
        let (features, stream) = Stream::open(Sieve::new(join(bytes, Vec::new())), &domain).await?;
        Ok(Self { stream, invited: Invited::at(&features), domain, ids: Ids::new(Box::new(Zeros)) })
    }

    pub(crate) async fn show(&mut self, link: &str) -> Result<(), RegisterError> {
        let invitation = Invitation::parse(link).map_err(|_| RegisterError::NeedsInvite)?;
        self.invited.show(&mut self.stream, &invitation, &self.domain, &mut self.ids).await
    }

    pub(crate) async fn ask(&mut self) -> Result<Form, RegisterError> {
        let form = self.invited.ask(&mut self.stream, &self.domain, &mut self.ids).await?;
        dialogue::ask_pictures(&mut self.stream, form, &mut self.ids).await
    }

    pub(crate) async fn send(&mut self, filled: Filled) -> Result<(), RegisterError> {
        self.invited.send(&mut self.stream, filled, &mut self.ids).await
    }

    /// What was said behind the stream's header.
    pub(crate) fn said(&self) -> String {
        let said = String::from_utf8_lossy(self.stream.get_ref().writer());
        said.split_once("version='1.0'>").map_or_else(String::new, |(_, said)| said.to_owned())
    }
}

/// The beginning of a stream with these features.
pub(crate) fn header(features: &str) -> String {
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0' \
         xmlns:stream='http://etherx.jabber.org/streams'><stream:features>{features}</stream:features>"
    )
}

/// How far a registration came, what the user would have been shown, and how it ended.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) shown: bool,
    /// How many requests were made. The server's answer to each of them was waited for.
    pub(crate) requests: usize,
    pub(crate) question: Option<Question>,
    pub(crate) filled: bool,
    pub(crate) end: Result<(), RegisterError>,
}

/// Shows an invitation, asks for a form, answers whatever is asked in it, and sends it.
pub(crate) async fn register(replies: &[u8]) -> Came {
    let mut came = Came { shown: false, requests: 0, question: None, filled: false, end: Ok(()) };
    let bytes = [header(INVITES).as_bytes(), replies].concat();
    came.end = match Replay::open(&bytes).await {
        Ok(mut replay) => {
            let end = follow(&mut replay, &mut came).await;
            came.requests = replay.said().matches("<iq ").count();
            end
        }
        Err(error) => Err(error),
    };
    came
}

async fn follow(replay: &mut Replay<'_>, came: &mut Came) -> Result<(), RegisterError> {
    replay.show("xmpp:jabber.example?register;preauth=token").await?;
    came.shown = true;
    let mut form = replay.ask().await?;
    came.question = form.question();
    work(&mut form);
    let credentials = Credentials::new("nobody".into(), Zeroizing::new("correct-horse".into()));
    let Ok(filled) = form.fill(&credentials, &answers(came.question.as_ref())) else { return Ok(()) };
    came.filled = true;
    replay.send(filled).await
}

/// Looks for a proof for a moment.
pub(crate) fn work(form: &mut Form) {
    let proof = form.work(0).and_then(|mut work| work.run(20_000).ok().flatten());
    if let Some(proof) = proof {
        form.set_proof(proof);
    }
}

/// Answers everything.
pub(crate) fn answers(question: Option<&Question>) -> Answers {
    let fields = question.iter().flat_map(|question| &question.fields);
    let answer = |kind: &Kind| match kind {
        Kind::YesNo => Answer::YesNo(true),
        Kind::One(_) | Kind::Some(_) => Answer::Chosen(vec![0]),
        _ => Answer::Text(Zeroizing::new("me@b.example".to_owned())),
    };
    Answers(fields.map(|field| answer(&field.kind)).enumerate().collect::<BTreeMap<_, _>>())
}

/// Every id is the same.
struct Zeros;

impl TryRng for Zeros {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }
}

impl TryCryptoRng for Zeros {}
