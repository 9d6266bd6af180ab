//! The server's archive of an account's messages (XEP-0313), which is to hold none of a burner's.

use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::disco::{DiscoInfoQuery, DiscoInfoResult};
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::mam_prefs::{DefaultPrefs, Prefs};
use tokio_xmpp::parsers::ns;

/// Asks what the own account can do at its server (XEP-0030, section 3.1), as the archive is the account's (XEP-0313,
/// section 7).
pub(crate) fn ask(id: String) -> Iq {
    Iq::Get { from: None, to: None, id, payload: DiscoInfoQuery { node: None }.into() }
}

/// Whether there is an archive.
pub(crate) fn is_offered(payload: Option<Element>) -> bool {
    let account = payload.and_then(|payload| DiscoInfoResult::try_from(payload).ok());
    account.is_some_and(|account| account.features.contains(ns::MAM))
}

/// Has it keep nothing (XEP-0441, section 2).
pub(crate) fn refuse(id: String) -> Iq {
    let prefs = Prefs { default_: DefaultPrefs::Never, always: Vec::new(), never: Vec::new() };
    Iq::Set { from: None, to: None, id, payload: prefs.into() }
}
