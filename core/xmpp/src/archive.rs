//! The server's archive of an account's messages (XEP-0313), which is to hold none of a burner's.

use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::disco::DiscoInfoQuery;
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
    let mut features = payload.iter().flat_map(Element::children).filter(|child| child.is("feature", ns::DISCO_INFO));
    features.any(|feature| feature.attr("var") == Some(ns::MAM))
}

/// Has it keep nothing (XEP-0441, section 2).
pub(crate) fn refuse(id: String) -> Iq {
    let prefs = Prefs { default_: DefaultPrefs::Never, always: Vec::new(), never: Vec::new() };
    Iq::Set { from: None, to: None, id, payload: prefs.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_seen_among_odd_parts() {
        let account = |feature: &str| {
            let query = format!("<query xmlns='{}'><identity/><feature/>{feature}<x/></query>", ns::DISCO_INFO);
            is_offered(Some(query.parse().unwrap()))
        };
        assert!(account("<feature var='urn:xmpp:mam:2' x='y'/>"));
        assert!(!account("<feature var='urn:xmpp:mam:1'/>") && !account("<feature xmlns='u:x' var='urn:xmpp:mam:2'/>"));
        assert!(!is_offered(None));
    }
}
