//! What a refused login says of an account: a server with a broken password check refuses everybody.

use crate::inner::Inner;
use crate::store::Account;
use crate::{Error, limits};

/// Whether a login that is refused now shows that there is no account any more: the server has to have confirmed the removal,
/// or to have refused before. Then it is asked by new circuits.
pub(crate) fn shows_absence(inner: &Inner, account: &Account) -> bool {
    let is_second = account.refused.is_some() && may_ask_again(inner, account.refused);
    account.removed || is_second && inner.new_circuits(&account.id)
}

/// A login was refused, and that shows nothing yet.
pub(crate) fn note(inner: &Inner, account: &Account) -> Result<(), Error> {
    let now = inner.now();
    // A clock that was set back does not put it off.
    if account.refused.is_none_or(|at| now < at) {
        inner.commit(|content| content.account_mut(&account.id).map(|account| account.refused = Some(now)))?;
    }
    Ok(())
}

/// Whether enough time has passed since the first refusal, in seconds since 1970.
pub(crate) fn may_ask_again(inner: &Inner, refused: Option<u64>) -> bool {
    refused.is_none_or(|at| inner.now() >= at.saturating_add(limits::REFUSED_AGAIN.as_secs()))
}
