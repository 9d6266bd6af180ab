//! The lock in word and colour.

use std::env;
use std::io::{IsTerminal as _, stdout};

use anstyle::{AnsiColor, Style};
use flashpaper::Security;

use crate::tty::is_dumb;

/// What a lock stands for, and what to do about it.
pub(crate) const fn meaning(security: Security) -> &'static str {
    match security {
        Security::Plaintext => "nothing is sent until it is private",
        Security::Private => {
            "encrypted, not verified: could be read by your server or your contact's server; /verify, or /fingerprint and \
             /trust"
        }
        Security::Verified => "encrypted, to the right person's key",
        Security::Finished => "the peer has ended it; nothing is sent: /start or /end",
        Security::KeyChanged => "another key than before; nothing is sent: /fingerprint, then /accept-key or /end",
    }
}

/// The width of the longest lock.
pub(crate) const LOCK: usize = "[key changed]".len();

/// Colours, or none.
#[derive(Clone, Copy)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Colours are for eyes, and for those that want them (no-color.org).
    pub(crate) fn for_stdout() -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(stdout().is_terminal() && !unwanted && !is_dumb())
    }

    pub(crate) const fn is_on(self) -> bool {
        self.0
    }

    /// How private something is.
    pub(crate) fn lock(self, security: Security) -> String {
        let (word, colour) = match security {
            Security::Plaintext => ("[plaintext]", AnsiColor::Red),
            Security::Private => ("[private]", AnsiColor::Yellow),
            Security::Verified => ("[verified]", AnsiColor::Green),
            Security::Finished => ("[finished]", AnsiColor::Magenta),
            Security::KeyChanged => ("[key changed]", AnsiColor::BrightRed),
        };
        self.styled(word, colour.on_default())
    }

    /// What is not the user's words.
    pub(crate) fn aside(self, text: &str) -> String {
        self.styled(text, Style::new().dimmed())
    }

    fn styled(self, text: &str, style: Style) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_a_word_with_and_without_colour() {
        assert_eq!(Paint(false).lock(Security::Verified), "[verified]");
        assert_eq!(Paint(true).lock(Security::Verified), "\u{1b}[32m[verified]\u{1b}[0m");
        assert!(Paint(false).lock(Security::KeyChanged).len() <= LOCK);
    }

    #[test]
    fn a_key_that_is_not_verified_may_be_a_server_s() {
        assert!(meaning(Security::Private).contains("could be read by your server or your contact's server"));
        assert!(!meaning(Security::Verified).contains("server"));
    }
}
