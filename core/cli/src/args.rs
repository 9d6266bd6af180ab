//! The command line.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Parser, Subcommand};
use flashpaper::{Route, TorAccess, Transport};
use jiff::Timestamp;

/// Throw-away XMPP accounts over embedded Tor.
#[derive(Parser)]
#[command(name = "flashpaper", version, arg_required_else_help = false, max_term_width = 100)]
pub(crate) struct Args {
    /// The folder that holds everything [default: $XDG_DATA_HOME/flashpaper or ~/.local/share/flashpaper]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Open the folder with the passphrase in this file's first line (`-`: standard input) instead of a key file; a new
    /// folder is sealed by it
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase: Option<PathBuf>,
    /// Use the private network that this file describes (a lab's facts); nothing of the public one is used then
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) network: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How long to wait for Tor, in seconds
    #[arg(long, global = true, value_name = "SECONDS", default_value = "180", value_parser = seconds)]
    pub(crate) tor_timeout: Duration,
    #[command(flatten)]
    pub(crate) bridges: BridgeArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How Tor is reached.
#[derive(clap::Args)]
pub(crate) struct BridgeArgs {
    /// Reach Tor over this bridge and nothing else: a bridge line; several bridges take the option several times
    #[arg(long, global = true, value_name = "LINE")]
    bridge: Vec<String>,
    /// Where a transport that bridge lines name takes SOCKS on this device, as `obfs4=127.0.0.1:4000`; it runs already
    #[arg(long, global = true, value_name = "NAME=ADDRESS", value_parser = transport, requires = "bridge")]
    transport: Vec<Transport>,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a burner. What a server asks of the user before it makes an account is asked here; nobody is where standard input
    /// is no terminal, unless with `--json`, where questions are told and answers read one object a line:
    /// {"answer": {"question": 1, "fields": {"0": "text"}}}, {"another": 1}, {"decline": 1}
    New {
        /// The server's domain [default: a random one of the directory]
        #[arg(long, value_name = "DOMAIN")]
        server: Option<String>,
        /// Derive the identity from twelve recovery words, and print them
        #[arg(long)]
        recoverable: bool,
        /// Take only servers that ask nothing of the user: no CAPTCHA, no form
        #[arg(long)]
        ask_nothing: bool,
        /// A link that invites to a server, or a file that begins with it (`-`: standard input). It is a secret: others
        /// on this machine may see what stands on a command line
        #[arg(long, value_name = "LINK|FILE")]
        invitation: Option<String>,
        /// Have it burnt by itself at this time, as `expire` takes it
        #[arg(long, value_name = "TIME", value_parser = time)]
        expires: Option<SystemTime>,
        #[command(flatten)]
        route: RouteArgs,
    },
    /// List the burners; touches no network
    List,
    /// Put the folder under a passphrase, or under another one; touches no network
    Passphrase {
        /// The file with it in its first line (`-`: standard input) [default: asked for]
        file: Option<PathBuf>,
        /// Set the duress passphrase instead: who opens the folder with it ends everything there, as `panic` does, and finds an
        /// empty folder that this passphrase opens. Whether there is one is told nowhere
        #[arg(long)]
        duress: bool,
        /// Take the duress passphrase away
        #[arg(long, conflicts_with_all = ["file", "duress"])]
        no_duress: bool,
    },
    /// Bring a burner back from its recovery words: the same address, and the same key for its peers. Makes no account
    Restore {
        /// The domain of its server
        server: String,
        /// The file with the words in its first line (`-`: standard input) [default: asked for]
        file: Option<PathBuf>,
        #[command(flatten)]
        route: RouteArgs,
    },
    /// End everything of the folder at once: keys, accounts, Tor's files. Asks nothing, touches no network, and needs no passphrase. The
    /// accounts stay at their servers, where nobody knows their passwords any more
    Panic {
        /// Write a ticket to this new file, by which `burn --ticket` removes the accounts later: with it one can log into
        /// them. The folder is opened first, so that it needs its passphrase, and nobody else may have it open
        #[arg(long, value_name = "FILE")]
        ticket: Option<PathBuf>,
    },
    /// Have a `chat` that runs on the folder lock itself: its keys leave the memory, and it ends. Touches no network, and needs no passphrase
    Lock,
    /// Show a burner's recovery words, if `new` was ended before it could: they are shown once. Touches no network
    Words {
        /// Its address, the part before the @, its id, or what `uri` prints
        name: String,
    },
    /// Remove a burner at its server, show that it is gone, and forget it. A removal that waits for its server is tried at once
    Burn {
        /// Its address, the part before the @, its id, or what `uri` prints
        #[arg(required_unless_present_any = ["all", "ticket"])]
        name: Option<String>,
        /// All burners, and all removals that wait
        #[arg(long, conflicts_with = "name")]
        all: bool,
        /// Forget all but the removal first, without a network; peers are not told
        #[arg(long)]
        wipe_now: bool,
        /// The accounts of the ticket that `panic` has left in this file (`-`: standard input), in any folder: their removals
        /// wait here from now on, and are tried at once
        #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "all", "wipe_now"])]
        ticket: Option<PathBuf>,
    },
    /// Have a burner burnt by itself at a time; any command that is running then begins it, or else the next one. Touches no network
    Expire {
        /// Its address, the part before the @, its id, or what `uri` prints
        name: String,
        /// From now: 90s, 30m, 12h, 7d; or a time as 2030-12-31T23:59:00Z; or `never`
        #[arg(value_parser = expiry)]
        time: Expiry,
    },
    /// Log a burner in and print the messages that arrive (plain XMPP, not encrypted to the sender)
    Receive {
        /// Its address, the part before the @, its id, or what `uri` prints
        name: String,
        /// End after so many messages
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        count: Option<u32>,
        /// Fail when nothing arrives for so long, in seconds
        #[arg(long, value_name = "SECONDS", value_parser = seconds)]
        timeout: Option<Duration>,
    },
    /// Talk: texts go out in private (OTR), or wait until they can. With `--json` commands are read and events told, one
    /// object a line
    Chat {
        /// The burner: its address, the part before the @, its id, or what `uri` prints
        name: String,
        /// Whom to talk to: an address, or an xmpp: URI with the key to expect; becomes a contact
        peer: Option<String>,
        /// Lock and end once no line was read for so long, in minutes
        #[arg(long, value_name = "MINUTES", value_parser = minutes)]
        auto_lock: Option<Duration>,
    },
    /// Print a burner's address and key as an xmpp: URI, with its QR code on a terminal; touches no network
    Uri {
        /// Its address, the part before the @, its id, or what `uri` prints
        name: String,
    },
    /// Give a burner, or one of its peers, a name of your own, which stays here; touches no network
    Label {
        /// The burner: its address, the part before the @, its id, or what `uri` prints
        name: String,
        /// The name [default, and if it is blank: takes it away]
        label: Option<String>,
        /// The address of a peer that the burner knows: name it instead of the burner
        #[arg(long, value_name = "ADDRESS")]
        peer: Option<String>,
    },
    /// Take an update of the server directory, signed by those who make Flashpaper, or a list of your own; touches no network
    Directory {
        /// The signed file; with `--own` a file of the directory as it is
        #[arg(required_unless_present = "no_own")]
        file: Option<PathBuf>,
        /// Take the file as the list of your own, in the place of the one before: its servers are drawn, too, and where the
        /// directory knows one as well, the list counts
        #[arg(long)]
        own: bool,
        /// Take the list of your own away
        #[arg(long, conflicts_with_all = ["file", "own"])]
        no_own: bool,
    },
    /// Check the folder, Tor, the clock, and that a server can be reached, or all
    Doctor {
        /// The server to reach [default: a random one of the directory]
        #[arg(long, value_name = "DOMAIN")]
        server: Option<String>,
        #[command(flatten)]
        route: RouteArgs,
        /// Look at every server of the directory, one after the other, and at what each wants for an account; makes none
        #[arg(long, conflicts_with_all = ["server", "onion", "exit"])]
        servers: bool,
        /// Write what was found as a file of the directory
        #[arg(long, value_name = "FILE", requires = "servers")]
        out: Option<PathBuf>,
    },
}

/// When a burner is burnt by itself, if it is.
#[derive(Clone, Copy)]
pub(crate) struct Expiry(pub(crate) Option<SystemTime>);

/// The route to a server.
#[derive(clap::Args)]
#[group(multiple = false)]
pub(crate) struct RouteArgs {
    /// By its onion address [default where one is known]
    #[arg(long)]
    onion: bool,
    /// By its domain, through an exit relay
    #[arg(long)]
    exit: bool,
}

impl Command {
    /// What it is called.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::New { .. } => "new",
            Self::List => "list",
            Self::Passphrase { .. } => "passphrase",
            Self::Panic { .. } => "panic",
            Self::Lock => "lock",
            Self::Words { .. } => "words",
            Self::Restore { .. } => "restore",
            Self::Burn { .. } => "burn",
            Self::Expire { .. } => "expire",
            Self::Receive { .. } => "receive",
            Self::Chat { .. } => "chat",
            Self::Uri { .. } => "uri",
            Self::Label { .. } => "label",
            Self::Directory { .. } => "directory",
            Self::Doctor { .. } => "doctor",
        }
    }
}

impl BridgeArgs {
    pub(crate) fn access(&self) -> TorAccess {
        if self.bridge.is_empty() {
            return TorAccess::Direct;
        }
        TorAccess::Bridges { lines: self.bridge.clone(), transports: self.transport.clone() }
    }
}

impl RouteArgs {
    pub(crate) fn route(&self) -> Option<Route> {
        match (self.onion, self.exit) {
            (true, _) => Some(Route::Onion),
            (_, true) => Some(Route::Exit),
            _ => None,
        }
    }
}

fn transport(text: &str) -> Result<Transport, &'static str> {
    let parts = text.split_once('=').and_then(|(name, address)| Some((name, address.parse().ok()?)));
    let (name, address) = parts.ok_or("a name, =, and an IP address with a port")?;
    Ok(Transport { name: name.to_owned(), address })
}

fn expiry(text: &str) -> Result<Expiry, &'static str> {
    if text == "never" { Ok(Expiry(None)) } else { time(text).map(|time| Expiry(Some(time))) }
}

/// A whole number of seconds, minutes, hours or days.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (count, seconds) = match text.split_at_checked(text.len().checked_sub(1)?)? {
        (count, "s") => (count, 1),
        (count, "m") => (count, 60),
        (count, "h") => (count, 3600),
        (count, "d") => (count, 86_400),
        _ => return None,
    };
    Some(Duration::from_secs(count.parse::<u64>().ok()?.checked_mul(seconds)?))
}

/// A time from now on, or one of a calendar.
fn time(text: &str) -> Result<SystemTime, &'static str> {
    let from_now = || SystemTime::now().checked_add(duration(text)?);
    let of_calendar = || text.parse::<Timestamp>().ok().map(SystemTime::from);
    from_now().or_else(of_calendar).ok_or("from now: 90s, 30m, 12h, 7d; or a time as 2030-12-31T23:59:00Z")
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    match text.parse::<u64>() {
        Ok(n @ 1..=86_400) => Ok(Duration::from_secs(n)),
        _ => Err("a whole number from 1 to 86400"),
    }
}

fn minutes(text: &str) -> Result<Duration, &'static str> {
    match text.parse::<u64>() {
        Ok(n @ 1..=1440) => Ok(Duration::from_secs(60 * n)),
        _ => Err("a whole number from 1 to 1440"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_from_now_or_of_a_calendar() {
        let from_now = |text| time(text).unwrap().duration_since(SystemTime::now()).unwrap_or_default().as_secs();
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("12h", 43_200), ("7d", 604_800)] {
            assert!((seconds - 5..=seconds).contains(&from_now(text)), "{text}: {}", from_now(text));
        }
        let of_calendar = SystemTime::UNIX_EPOCH + Duration::from_secs(1_924_991_940);
        for text in ["2030-12-31T23:59:00Z", "2031-01-01T01:59:00+02:00"] {
            assert_eq!(time(text), Ok(of_calendar), "{text}");
        }
        for text in ["", "7", "d", "7 d", "-7d", "7w", "ü", "2030-12-31", "18446744073709551615d"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(expiry("never").unwrap().0.is_none());
    }

    #[test]
    fn the_first_example_of_the_readme_is_understood() {
        let example = include_str!("../README.md").split("```").nth(1).unwrap();
        let commands: Vec<&str> = example.lines().filter(|line| line.starts_with("flashpaper ")).collect();
        assert_eq!(commands.len(), 3, "{example}");
        for command in commands {
            let words = command.split('#').next().unwrap().split_whitespace();
            assert!(Args::try_parse_from(words).is_ok(), "{command}");
        }
    }
}
