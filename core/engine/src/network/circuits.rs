//! Which circuits an account's streams use: its own, the same for all of them, and new ones only so often. What a server or
//! peer does must not choose paths: each new path is another chance for a relay that watches.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::limits;
use crate::seams::Dial;

/// The circuits of all accounts, by account.
#[derive(Default)]
pub(crate) struct Circuits(HashMap<String, Own>);

/// An account's own. All times are since the device was started.
#[derive(Default)]
struct Own {
    /// For as long as Tor runs.
    dial: Option<Arc<dyn Dial>>,
    /// The DNS server that is asked over these circuits.
    resolver: Option<SocketAddr>,
    /// When new ones were begun, within the last [`limits::CIRCUITS_WINDOW`].
    renewed: VecDeque<Duration>,
    /// Up to when the exit is used, as the onion service did not answer.
    by_exit_until: Option<Duration>,
}

impl Circuits {
    /// The dialer of an account: the same for all of its streams.
    pub(crate) fn of(&mut self, id: &str, fresh: impl FnOnce() -> Arc<dyn Dial>) -> Arc<dyn Dial> {
        let own = self.0.entry(id.to_owned()).or_default();
        Arc::clone(own.dial.get_or_insert_with(fresh))
    }

    /// The DNS server that an account asks: the same for as long as its circuits are.
    pub(crate) fn resolver(&mut self, id: &str, draw: impl FnOnce() -> Option<SocketAddr>) -> Option<SocketAddr> {
        let own = self.0.entry(id.to_owned()).or_default();
        own.resolver = own.resolver.or_else(draw);
        own.resolver
    }

    /// Has the account's next streams share no circuit with those before; whether the hour's budget had that left.
    pub(crate) fn renew(&mut self, id: &str, now: Duration) -> bool {
        let own = self.0.entry(id.to_owned()).or_default();
        own.renewed.retain(|at| now < *at + limits::CIRCUITS_WINDOW);
        if own.renewed.len() >= limits::CIRCUITS {
            return false;
        }
        own.renewed.push_back(now);
        (own.dial, own.resolver) = (None, None);
        true
    }

    /// Tor has ended, and all circuits with it. What was begun within the hour counts on.
    pub(crate) fn end(&mut self) {
        self.0.retain(|_, own| {
            (own.dial, own.resolver, own.by_exit_until) = (None, None, None);
            !own.renewed.is_empty()
        });
    }

    /// Whether an account's server is reached by an exit for now, as its onion service did not answer.
    pub(crate) fn uses_exit(&self, id: &str, now: Duration) -> bool {
        self.0.get(id).and_then(|own| own.by_exit_until).is_some_and(|until| now < until)
    }

    pub(crate) fn set_by_exit_until(&mut self, id: &str, until: Option<Duration>) {
        self.0.entry(id.to_owned()).or_default().by_exit_until = until;
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use flashpaper_tor::{DialError, Target};
    use futures::future::BoxFuture;

    use super::*;
    use crate::seams::Dialed;

    struct Nowhere;

    impl Dial for Nowhere {
        fn dial<'a>(&'a self, _: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
            Box::pin(async { Err(DialError::Timeout) })
        }
    }

    fn fresh() -> Arc<dyn Dial> {
        Arc::new(Nowhere)
    }

    #[test]
    fn an_account_has_so_many_new_circuits_an_hour_and_then_keeps_its_own() {
        let mut circuits = Circuits::default();
        let at = |seconds| Duration::from_secs(seconds);
        let mut last = circuits.of("a", fresh);
        assert!(Arc::ptr_eq(&last, &circuits.of("a", fresh)), "all streams of an account have the same");
        for time in 0..6 {
            assert!(circuits.renew("a", at(time)));
            let next = circuits.of("a", fresh);
            assert!(!Arc::ptr_eq(&last, &next));
            last = next;
        }
        for time in [6, 3599] {
            assert!(!circuits.renew("a", at(time)));
            assert!(Arc::ptr_eq(&last, &circuits.of("a", fresh)));
        }
        assert!(circuits.renew("b", at(6)), "each account has a budget of its own");
        assert!(circuits.renew("a", at(3600)), "the first is an hour ago");
        assert!(!circuits.renew("a", at(3600)));
    }

    #[test]
    fn a_sleep_between_does_not_renew_the_budget() {
        let mut circuits = Circuits::default();
        let before = circuits.of("a", fresh);
        for _ in 0..limits::CIRCUITS {
            assert!(circuits.renew("a", Duration::ZERO));
        }
        circuits.end();
        assert!(!Arc::ptr_eq(&before, &circuits.of("a", fresh)), "those before ended with Tor");
        assert!(!circuits.renew("a", Duration::from_secs(60)));
    }
}
