//! A burner's messages, read page by page: what is kept may be more than should be in memory.

use flashpaper::{BurnerId, Engine, Error, Message, MessageId};

/// How many messages are read at once.
const PAGE: u32 = 100;

/// All that are wanted, with one peer or all, before a message or to the last, in their order.
pub(crate) fn all(
    engine: &Engine,
    id: &BurnerId,
    with: Option<&str>,
    mut before: Option<MessageId>,
    wanted: impl Fn(&Message) -> bool,
) -> Result<Vec<Message>, Error> {
    let mut found = Vec::new();
    loop {
        let page = engine.messages(id, with, before, PAGE)?;
        let Some(first) = page.first() else { break };
        before = Some(first.id);
        found.extend(page.into_iter().rev().filter(&wanted));
    }
    found.reverse();
    Ok(found)
}
