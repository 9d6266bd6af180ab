//! In-band registration (XEP-0077, section 3.1): a form is asked for, read, shown to the user if it has to be, filled in, and
//! sent. Without I/O, but for `dialogue` and `fetch`.
//!
//! [`Form`] → [`Filled`]; before the first, an [`Invitation`] may be shown. After a refusal that leaves hope, and whenever a
//! person wants another picture, one asks again: each answer is a new form.

pub(crate) mod dialogue;
mod error;
mod fetch;
mod field;
mod fill;
mod form;
mod invitation;
mod media;
mod picture;
mod question;
#[cfg(any(test, fuzzing))]
pub(crate) mod replay;
mod states;
#[cfg(test)]
mod tests;
mod text;
mod work;

pub use self::error::{Fault, RegisterError};
pub use self::fetch::fetch;
pub use self::fill::Filled;
pub use self::form::Form;
pub use self::invitation::{Invitation, InvitationError};
pub use self::picture::{Format, Picture, PictureError, PictureUrl, SIDE_AT_MOST, SIZE_AT_MOST};
pub use self::question::{Answer, AnswerError, Answers, Field, Kind, Question};
pub(crate) use self::text::clean;
pub use self::work::{NoProof, Proof, Work};
