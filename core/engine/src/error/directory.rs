//! Faults of a file of the server directory.

/// Why an update of the server directory is not taken. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryFault {
    /// It is larger than 256 KiB, or has more than 1000 servers.
    #[error("too large")]
    TooLarge,
    /// It is none, or not signed by those who make this library, or was changed since.
    #[error("not signed by the right key")]
    Signature,
    /// It is older than the last one that was taken.
    #[error("older than the last one")]
    TooOld,
    /// A line is wrong.
    #[error("line {line}: {fault}")]
    Malformed {
        /// Which; the first is 1.
        line: u64,
        /// What is wrong with it.
        fault: RowFault,
    },
}

/// What is wrong with a line of the server directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// The columns' names are other ones.
    #[error("the names of the columns")]
    Header,
    /// It is no row of as many columns as have names.
    #[error("the number of columns")]
    Columns,
    /// Not the domain of a public server.
    #[error("the domain")]
    Domain,
    /// Not an onion address of version 3.
    #[error("the onion address")]
    Onion,
    /// Not two ports.
    #[error("the ports")]
    Ports,
    /// None of the kinds of registration.
    #[error("the kind of registration")]
    Registration,
    /// None of the words for what is made of Tor.
    #[error("what is made of Tor")]
    Tor,
    /// A note or source is too long, or has characters that steer, or there is no source.
    #[error("the note or source")]
    Text,
    /// Not a day, or one after that of the update.
    #[error("the date")]
    Seen,
    /// Another line has the same domain.
    #[error("a domain that another line has")]
    Twice,
}
