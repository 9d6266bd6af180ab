//! The OTR libraries that peers are made of, as the line programs of `core/otr`'s tests.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use rand::RngExt as _;

use crate::{LabError, Result};

/// The library of OTR that a peer uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtrLibrary {
    /// libotr, of Pidgin, Adium and most others.
    ///
    /// After a restart it passes the first message over that it cannot read, says `not_in_private` of others, and tells
    /// the sender nothing. Of several instances it writes to the one that it heard of last, by the second.
    Libotr,
    /// Go's otr3 of 2016, of CoyIM.
    ///
    /// It has another instance tag after a restart. It ignores a query for a minute after a key exchange, so that it is
    /// the one to `start` when the other side has lost the session. It stops a comparison that fails: the asking side
    /// sees `SmpAbort` and no `SmpDifferent`. It cannot stop one by itself.
    Otr3,
}

impl OtrLibrary {
    /// The line program around it, which is made in `folder` unless it is there.
    pub(crate) fn program(self, folder: &Path) -> Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        let (name, source) = self.source();
        source.hash(&mut hasher);
        let program = folder.join(format!("{name}-{:016x}", hasher.finish()));
        if program.exists() {
            return Ok(program);
        }
        fs::create_dir_all(folder)?;
        // Another process that makes it at the same time must not find half of it.
        let mine = folder.join(format!("{name}-{:016x}", rand::rng().random::<u64>()));
        let input = mine.with_added_extension(if self == Self::Libotr { "c" } else { "go" });
        fs::write(&input, source)?;
        let mut compiler = self.compiler();
        let name = compiler.get_program().to_string_lossy().into_owned();
        let missing = |why: String| LabError::new(format!("{name}: {why}; cargo xtask test installs what is missing"));
        let built = compiler.arg("-o").arg(&mine).arg(&input).args(self.links()).stdin(Stdio::null()).status();
        fs::remove_file(input)?;
        match built {
            Ok(status) if status.success() => Ok(fs::rename(mine, &program).map(|()| program)?),
            Ok(status) => Err(missing(status.to_string())),
            Err(error) => Err(missing(error.to_string())),
        }
    }

    const fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::Libotr => ("libotr", include_str!("../../otr/tests/peers/libotr.c")),
            Self::Otr3 => ("otr3", include_str!("../../otr/tests/peers/otr3.go")),
        }
    }

    fn compiler(self) -> Command {
        match self {
            Self::Libotr => Command::new("cc"),
            Self::Otr3 => {
                let mut go = Command::new("go");
                // Debian's package holds its sources, outside of any module.
                go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOFLAGS", "").arg("build");
                go
            }
        }
    }

    const fn links(self) -> &'static [&'static str] {
        match self {
            Self::Libotr => &["-lotr", "-lgcrypt"],
            Self::Otr3 => &[],
        }
    }
}

impl FromStr for OtrLibrary {
    type Err = LabError;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "libotr" => Ok(Self::Libotr),
            "otr3" => Ok(Self::Otr3),
            _ => Err(LabError::new("the libraries are libotr and otr3")),
        }
    }
}
