//! What a login needs.

use std::fmt;

use zeroize::Zeroizing;

/// An account's name and password. No part of it is printed.
pub struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) binding: Binding,
}

/// Whether logins of an account are tied to their TLS connection (RFC 5802, section 6), as an earlier one has shown. A login that
/// is cannot be passed on by an attacker in the middle, not even with a mis-issued certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binding {
    /// The account has never logged in: tied where the server offers that.
    #[default]
    Unknown,
    /// The server did not offer it: tied where it does by now.
    NotOffered,
    /// They are: no other is tried.
    Bound,
    /// The server offers to tie them, but refuses what TLS 1.3 has for that (RFC 9266): they are not, unless it says which ways
    /// it has (XEP-0440).
    Unbound,
}

impl Credentials {
    /// The part of the JID before the `@`, and the password, in ASCII: nothing is prepared as SASLprep (RFC 4013) would.
    ///
    /// The copies that the XML and SASL libraries make of the password are not wiped by them: use an allocator that is.
    #[must_use]
    pub const fn new(username: String, password: Zeroizing<String>) -> Self {
        Self { username, password, binding: Binding::Unknown }
    }

    /// What an earlier login of this account has shown: see [`crate::Session::binding`].
    #[must_use]
    pub fn binding(self, binding: Binding) -> Self {
        Self { binding, ..self }
    }

    pub(crate) fn unbound(&self) -> Self {
        Self::new(self.username.clone(), self.password.clone()).binding(Binding::Unbound)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}
