//! The product's story on a private network: a burner by the exit route and one by the onion route, each made, written
//! to by someone, and burnt; two that talk in private, see [`talk`]; servers that guard their registration, see [`guarded`]; and
//! the other ends of a burner, see [`endings`].

mod endings;
mod guarded;
mod story;
mod talk;

use std::fs;
use std::time::Instant;

use crate::lab::{self, Lab};
use crate::packages;
use crate::run::{Done, target};
use story::{Story, timed};

/// `cargo xtask demo`.
pub(crate) fn demo() -> Done {
    packages::need(&[packages::LAB, packages::OTR])?;
    timed("everything is built", lab::build)?;
    play()
}

/// With what is built. `cargo xtask test` has built it with other features: to build it again would take minutes.
pub(crate) fn play() -> Done {
    let started = Instant::now();
    let lab = timed("lab is up: 7 Tor relays, an XMPP server and its onion service", || Lab::start(0))?;
    let home = target().join("demo");
    let _ = fs::remove_dir_all(&home);
    for route in ["exit", "onion"] {
        println!("\n-- a burner by the {route} route");
        Story { home: home.clone(), network: lab.facts_file() }.play(route)?;
    }
    println!("\n-- two burners of two installations talk");
    talk::play(&home, &lab)?;
    guarded::play(&home, &lab)?;
    endings::play(&home, &lab)?;
    fs::remove_dir_all(&home)?;
    drop(lab);
    println!("\ndone in {:.1} s after the build", started.elapsed().as_secs_f64());
    Ok(())
}
