//! The server's list of contacts (RFC 6121, section 2), and of those it keeps away (XEP-0191).

use tokio_xmpp::jid::{BareJid, Jid};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::blocking::{Block, Unblock};
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::roster::{Item, Roster, Subscription};

/// Asks for the whole list.
pub(crate) fn ask(id: String) -> Iq {
    Iq::Get { from: None, to: None, id, payload: Roster { ver: None, items: Vec::new() }.into() }
}

/// Who is in the list.
pub(crate) fn listed(payload: Option<Element>) -> Vec<BareJid> {
    let items = payload.iter().flat_map(Element::children).filter(|item| item.is("item", ns::ROSTER));
    items.filter_map(|item| BareJid::new(item.attr("jid")?).ok()).collect()
}

/// Takes somebody off the list, and with that ends both directions of presence.
pub(crate) fn remove(id: String, jid: BareJid) -> Iq {
    let item = Item {
        jid,
        name: None,
        subscription: Subscription::Remove,
        ask: Default::default(),
        groups: Vec::new(),
        approved: None,
    };
    Iq::Set { from: None, to: None, id, payload: Roster { ver: None, items: vec![item] }.into() }
}

/// Has the server keep somebody away, or not any more.
pub(crate) fn block(id: String, jid: Jid, blocked: bool) -> Iq {
    let items = vec![jid];
    let payload = if blocked { Block { items }.into() } else { Unblock { items }.into() };
    Iq::Set { from: None, to: None, id, payload }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_be_read_is_listed_whatever_the_others_are() {
        let roster = "<query xmlns='jabber:iq:roster'><item/>text<x xmlns='u:x' jid='x@b.example'/><item jid='@'/>\
            <item jid='a@b.example' subscription='odd' ask='odd' approved='odd'><group/><x/></item></query>";
        assert_eq!(listed(Some(roster.parse().unwrap())), [BareJid::new("a@b.example").unwrap()]);
        assert!(listed(None).is_empty());
    }
}
