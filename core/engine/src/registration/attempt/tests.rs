use std::time::Duration;

use flashpaper_tor::DialError;
use flashpaper_xmpp::Domain;
use futures::future::BoxFuture;
use tempfile::TempDir;

use super::*;
use crate::connection::supervisor::tests::{burner, engine};
use crate::registration::choice::{Next, Patience};
use crate::registration::learnt::days;
use crate::seams::Dialed;

/// Fails so, whatever is dialled.
struct Fails(DialError);

impl Dial for Fails {
    fn dial<'a>(&'a self, _: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        Box::pin(async { Err(self.0) })
    }
}

#[tokio::test]
async fn a_picture_whose_host_cannot_be_dialled_is_missing_and_the_creation_moves_on() {
    let (host, tls) = (Domain::parse("x.example").unwrap(), Tls::public_roots());
    let url = PictureUrl { host, port: 443, tls: true, path: "/".to_owned() };
    let target = Target::host("x.example", 443).unwrap();
    for why in [
        DialError::Timeout,
        DialError::TorUnavailable,
        DialError::NoSuchHost,
        DialError::HostUnreachable,
        DialError::Internal,
    ] {
        let missing = fetch_from(&Fails(why), &target, &url, &tls).await.unwrap_err();
        assert_eq!(missing, PictureError::Missing, "{why}");
        assert_eq!(Patience::new(true, true).next(&missing.into(), Route::Exit), Next::Elsewhere);
    }
}

#[tokio::test]
async fn a_server_that_asks_although_it_was_said_not_to_is_learnt_unless_the_user_named_it() {
    for (kind, named, learnt) in
        [(Kind::Yes, false, Some(Lesson::Asks)), (Kind::Yes, true, None), (Kind::Captcha, false, None)]
    {
        let home = TempDir::new().unwrap();
        let (engine, _) = engine(&home, &["a"]).await;
        let context = &engine.context;
        let mut account = Account::clone(&burner(&engine, "a").account());
        account.named = named;
        let server = Server { kind, ..context.named_server(&account.domain).unwrap() };
        learn_that_it_asks(context, &server, &account).await;
        let lessons = context.learnt.on(days(context.services.now()));
        let lessons = lessons.get(&account.domain).into_iter().flat_map(|lessons| lessons.keys().copied());
        assert_eq!(lessons.collect::<Vec<_>>(), Vec::from_iter(learnt), "{kind:?}, {named}");
        engine.close().await;
    }
}
