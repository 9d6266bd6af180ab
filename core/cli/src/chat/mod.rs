//! `chat`: one burner and those it talks to, for people (lines) and programs (JSON).

pub(crate) mod command;
mod news;
mod people;
mod program;
pub(crate) mod terminal;

use flashpaper::{Burner, Engine};

use self::news::TorStart;
use crate::exit::Failure;
use crate::output::Screen;
use crate::tty::Quiet;

/// Goes on until the end of input, or until the burner is burnt.
pub(crate) async fn chat(
    engine: &Engine,
    screen: &mut Screen<'_>,
    burner: &Burner,
    peer: Option<String>,
    tor: TorStart,
    quiet: Option<Quiet>,
) -> Result<(), Failure> {
    if screen.output.is_json() {
        program::chat(engine, screen, burner, tor).await
    } else {
        people::chat(engine, screen, burner, peer, tor, quiet).await
    }
}
