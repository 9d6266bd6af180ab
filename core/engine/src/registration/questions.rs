//! The questions that are open, and their answers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use flashpaper_chat::Address;
use flashpaper_xmpp::registration::{Answers, Form};
use tokio::sync::oneshot;

use super::progress::Told;
use super::question::Question;
use crate::Error;
use crate::error::Input;
use crate::event::{BurnerId, Event, QuestionEnd, QuestionId};
use crate::locks::lock;
use crate::services::Services;
use crate::tasks::Tasks;

/// What the user has done with a question.
pub(super) enum Reply {
    /// The form, and answers that it can be filled in with.
    Answers(Box<Form>, Answers),
    /// Another picture is wanted.
    Another,
    /// The user gives up.
    Declined,
}

/// The questions that are open.
#[derive(Default)]
pub(crate) struct Questions(Mutex<Open>);

#[derive(Default)]
struct Open {
    last: u64,
    by_id: BTreeMap<QuestionId, (Question, Box<Form>, oneshot::Sender<Reply>)>,
}

impl Questions {
    /// All that are open, in their order.
    pub(crate) fn all(&self) -> Vec<Question> {
        lock(&self.0).by_id.values().map(|(question, ..)| question.clone()).collect()
    }

    /// Asks the user. A form that asks nothing is given back.
    pub(super) fn ask<'a>(
        &'a self,
        (services, tasks, told): (&'a Services, &'a Tasks, &'a Told),
        (burner, server): (&BurnerId, &Address),
        form: Form,
    ) -> Result<Asked<'a>, Box<Form>> {
        let Some(asked) = form.question() else { return Err(Box::new(form)) };
        let (sender, reply) = oneshot::channel();
        let id = {
            let mut open = lock(&self.0);
            open.last += 1;
            let id = QuestionId(open.last);
            let question = Question { id, burner: burner.clone(), server: server.clone(), form: asked };
            told.asks(Some(question.clone()));
            open.by_id.insert(id, (question, Box::new(form), sender));
            id
        };
        services.reporter.report(Event::Question { burner: burner.clone(), question: id });
        Ok(Asked {
            id,
            burner: burner.clone(),
            questions: self,
            services,
            tasks,
            told,
            reply,
            end: QuestionEnd::Expired,
        })
    }

    /// Gives answers to a question.
    pub(crate) fn answer(&self, id: QuestionId, answers: Answers) -> Result<(), Error> {
        let mut open = lock(&self.0);
        let (_, form, _) = open.by_id.get(&id).ok_or(Error::NoSuchQuestion)?;
        form.check(&answers).map_err(|error| Error::InvalidInput { input: Input::Answer { fault: error.into() } })?;
        let (_, form, sender) = open.by_id.remove(&id).ok_or(Error::NoSuchQuestion)?;
        sender.send(Reply::Answers(form, answers)).map_err(|_| Error::NoSuchQuestion)
    }

    /// Ends a question without an answer.
    pub(crate) fn end(&self, id: QuestionId, another: bool) -> Result<(), Error> {
        let (.., sender) = lock(&self.0).by_id.remove(&id).ok_or(Error::NoSuchQuestion)?;
        let reply = if another { Reply::Another } else { Reply::Declined };
        sender.send(reply).map_err(|_| Error::NoSuchQuestion)
    }
}

/// A question that is open. Dropped, it is no more.
pub(super) struct Asked<'a> {
    id: QuestionId,
    burner: BurnerId,
    questions: &'a Questions,
    services: &'a Services,
    tasks: &'a Tasks,
    told: &'a Told,
    reply: oneshot::Receiver<Reply>,
    end: QuestionEnd,
}

impl Asked<'_> {
    /// What the user does with it.
    pub(super) async fn replied(&mut self) -> Result<Reply, Error> {
        let reply = (&mut self.reply).await.map_err(|_| Error::Internal)?;
        self.end = match reply {
            Reply::Answers(..) => QuestionEnd::Answered,
            Reply::Another => QuestionEnd::Replaced,
            Reply::Declined => QuestionEnd::Declined,
        };
        Ok(reply)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        lock(&self.questions.0).by_id.remove(&self.id);
        self.told.asks(None);
        let is_put_off = self.end == QuestionEnd::Expired && self.tasks.are_asleep();
        let end = if is_put_off { QuestionEnd::Suspended } else { self.end };
        let (burner, question) = (self.burner.clone(), self.id);
        self.services.reporter.report(Event::QuestionEnded { burner, question, end });
    }
}
