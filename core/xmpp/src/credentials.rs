//! What a login needs.

use std::fmt;

use zeroize::Zeroizing;

/// An account's name and password. No part of it is printed.
pub struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Zeroizing<String>,
    /// See [`Credentials::binding`].
    pub(crate) binds: bool,
}

impl Credentials {
    /// The part of the JID before the `@`, and the password, in ASCII: nothing is prepared as SASLprep (RFC 4013) would.
    ///
    /// The copies that the XML and SASL libraries make of the password are not wiped by them: use an allocator that is.
    #[must_use]
    pub const fn new(username: String, password: Zeroizing<String>) -> Self {
        Self { username, password, binds: false }
    }

    /// Whether an earlier login of this account was bound to its TLS connection ([`crate::Connection::binds_logins`]): no other
    /// is tried then.
    #[must_use]
    pub fn binding(self, binds: bool) -> Self {
        Self { binds, ..self }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}
