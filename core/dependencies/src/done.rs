//! How a piece of work ends.

use std::error::Error;

pub(crate) type Done<T = ()> = Result<T, Box<dyn Error>>;
