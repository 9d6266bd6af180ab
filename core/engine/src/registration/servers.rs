//! Which server is taken, by the directory, the burners that live there and what was learnt; and learning.

use std::sync::Arc;

use flashpaper_chat::UnixTime;
use flashpaper_vault::Batch;

use super::choice::Choice;
use super::learnt::{DAY, Lesson, Lessons, days};
use crate::account::Account;
use crate::context::Context;
use crate::directory::Server;
use crate::store::schema;
use crate::tasks::blocking;
use crate::{Error, Route};

impl Context {
    /// The entry of a server that a user names.
    pub(crate) fn named_server(&self, domain: &str) -> Result<Server, Error> {
        self.directory.get().named(domain)
    }

    /// The entry of a server that a user names, or one that is drawn.
    pub(crate) fn some_server(&self, named: Option<&str>, route: Option<Route>) -> Result<Server, Error> {
        let any = Choice { route, asks_nothing: false, tried: &[] };
        named.map_or_else(|| self.draw_server(&any), |domain| self.named_server(domain))
    }

    /// Draws a server where no burner lives, if there is one, by what is known of it and was learnt.
    pub(crate) fn draw_server(&self, choice: &Choice<'_>) -> Result<Server, Error> {
        let in_use: Vec<String> = self.burners.all()?.iter().map(|burner| burner.account().domain.clone()).collect();
        let today = days(self.services.now());
        choice.draw(self.directory.get().entries(), &in_use, &self.learnt.on(today), &mut self.services.rng())
    }

    /// Keeps what an error says about a burner's server, if it does.
    pub(crate) async fn learn(self: &Arc<Self>, account: &Account, why: &Error) {
        if let Some(lesson) = Lesson::of(why) {
            self.learn_lesson(account, lesson).await;
        }
    }

    /// Keeps what was learnt of a burner's server. Of one that the user has named nothing is kept: it would say where the user has
    /// been. Where that fails, it is learnt once more another time.
    pub(super) async fn learn_lesson(self: &Arc<Self>, account: &Account, lesson: Lesson) {
        if account.named {
            return;
        }
        let (context, domain, today) = (Arc::clone(self), account.domain.clone(), days(self.services.now()));
        let learn = move || {
            context.learnt.add((&domain, lesson, today), |lessons| context.store_lessons(lessons))?;
            context.services.expiry.notify_one();
            Ok(())
        };
        let _ = blocking(learn).await;
    }

    /// Takes what was learnt off the disk once it does not count any more. Gives when there is more of that.
    pub(crate) fn forget_lessons(&self, now: UnixTime) -> Result<Option<UnixTime>, Error> {
        let next = self.learnt.forget(days(now), |lessons| self.store_lessons(lessons))?;
        Ok(next.map(|day| UnixTime(day * DAY)))
    }

    fn store_lessons(&self, lessons: &Lessons) -> Result<(), Error> {
        let mut batch = Batch::default();
        schema::put_learnt(&mut batch, lessons)?;
        self.services.store.commit(batch)
    }

    pub(crate) fn server_of(&self, account: &Account) -> Result<Server, Error> {
        self.directory.get().named(&account.domain)
    }
}
