//! The ticket that a panic may leave: what the removals of its accounts need, as one text; and its way back into a queue.

use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use flashpaper_chat::{Address, UnixTime};
use flashpaper_vault::Batch;
use sha2::{Digest as _, Sha256};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::account::Account;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::error::Input;
use crate::locks::lock;
use crate::store::json::to_json;
use crate::{Error, limits};

/// What a ticket of this version begins with.
const VERSION: &str = "flashpaper-ticket-1:";
/// How many bytes of a SHA-256 tell a damaged ticket: of a password that has changed on the way a server would say that the account
/// is gone.
const CHECK: usize = 8;

/// What a panic may leave: one text. **With it one can log into the accounts in it**, read what waits for them at their
/// servers, and remove them. It is not encrypted: that is the app's to do, which also decides where it is kept. Its `Debug` does not
/// show it.
#[derive(ZeroizeOnDrop)]
pub struct Ticket(String);

impl Ticket {
    /// The text. [`crate::Engine::redeem`] takes it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// For the removal of these accounts; `None` where there are none.
    pub(super) fn of(accounts: &[Account]) -> Option<Self> {
        if accounts.is_empty() {
            return None;
        }
        let json = to_json(accounts).ok()?;
        let bytes = Zeroizing::new([check(&json).as_slice(), &json].concat());
        // It must not grow: what is left behind then would not be wiped.
        let mut text = String::with_capacity(VERSION.len() + BASE64URL_NOPAD.encode_len(bytes.len()));
        text.push_str(VERSION);
        BASE64URL_NOPAD.encode_append(&bytes, &mut text);
        Some(Self(text))
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

/// The accounts of a ticket. White space may have come in on the way.
pub(crate) fn read(ticket: &str) -> Result<Vec<Account>, Error> {
    decode(ticket).ok_or(Error::InvalidInput { input: Input::Ticket })
}

fn decode(ticket: &str) -> Option<Vec<Account>> {
    if ticket.len() > limits::TICKET {
        return None;
    }
    let mut text = Zeroizing::new(String::with_capacity(ticket.len()));
    text.extend(ticket.chars().filter(|c| !c.is_whitespace()));
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(text.strip_prefix(VERSION)?.as_bytes()).ok()?);
    let (checked, json) = bytes.split_at_checked(CHECK)?;
    let accounts: Vec<Account> = serde_json::from_slice(json).ok().filter(|_| *checked == check(json))?;
    accounts.iter().all(is_sound).then_some(accounts)
}

/// Whether an account could have been made here. Anybody can write a ticket.
fn is_sound(account: &Account) -> bool {
    Address::parse(&account.jid()).is_some() && !account.password.is_empty()
}

fn check(json: &[u8]) -> [u8; CHECK] {
    let mut check = [0; CHECK];
    check.iter_mut().zip(Sha256::digest(json)).for_each(|(byte, of)| *byte = of);
    check
}

impl Context {
    /// What a ticket needs of each account that is here. Takes no lock that anybody holds across a wait.
    pub(super) fn for_ticket(&self) -> Vec<Account> {
        let burners = self.burners.all().unwrap_or_default();
        burners.iter().map(|burner| burner.account().for_removal(String::new(), UnixTime::default())).collect()
    }

    /// Puts the removals of accounts into the queue, unless they are there or the account is a burner here. Gives those that are in the
    /// queue now. After an error some may be: called again, it goes on.
    pub(crate) fn redeem(&self, accounts: &[Account]) -> Result<Vec<Arc<LiveBurner>>, Error> {
        let _one_at_a_time = lock(&self.redeeming);
        let mut queued = Vec::new();
        for account in accounts {
            let known = self.burners.all()?.into_iter().find(|burner| burner.account().jid() == account.jid());
            let burner = match known {
                Some(known) => known,
                None => {
                    // Another name than in the other folder: nothing is to link the two.
                    let id = Account::new_id(&mut self.services.rng());
                    self.burners.add(account.for_removal(id, self.services.expiry_now()), Batch::default())?.0
                }
            };
            if burner.is_queued() {
                queued.push(burner);
            }
        }
        self.services.expiry.notify_one();
        Ok(queued)
    }
}

#[cfg(test)]
mod tests;
