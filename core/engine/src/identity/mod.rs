//! Who a burner is: its name and password, drawn or derived from recovery words. The OTR key joins them in a later part.
//!
//! `core/docs/derivation.md` freezes, byte by byte, what the words give: nothing here may change it.

mod derivation;
mod draw;
mod name;
mod words;

pub use words::{RecoveryWords, WordsError};

use rand::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::identity::draw::Stream;

/// A name and a password that no other burner has.
pub(crate) struct Identity {
    pub(crate) username: String,
    pub(crate) password: Zeroizing<String>,
}

impl Identity {
    /// Independent randomness for each part.
    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        Self { username: name::draw(&mut random_stream(rng)), password: password(&mut random_stream(rng)) }
    }

    /// What the words give at a server.
    pub(crate) fn from_words(words: &RecoveryWords, domain: &str) -> Self {
        let stream = |label| Stream::new(&derivation::seed(words.entropy(), label, domain));
        Self {
            username: name::draw(&mut stream(derivation::NAME)),
            password: password(&mut stream(derivation::PASSWORD)),
        }
    }
}

fn random_stream(rng: &mut dyn CryptoRng) -> Stream {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut *seed);
    Stream::new(&seed)
}

/// 24 letters and digits, 142 bits: nothing that a form, a shell or SASLprep treats in a special way.
fn password(stream: &mut Stream) -> Zeroizing<String> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = Zeroizing::new(String::with_capacity(24));
    for _ in 0..24 {
        text.push(char::from(*stream.choose(ALPHABET)));
    }
    text
}

impl Drop for Identity {
    fn drop(&mut self) {
        self.username.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::process::Command;

    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        words: String,
        entropy: String,
        domain: String,
        name: String,
        password: String,
        otr_parameters_seed: String,
        otr_key_seed: String,
    }

    const VECTORS: &str = include_str!("../../../docs/derivation-vectors.json");

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn the_derivation_is_frozen() {
        let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
        assert!(vectors.len() >= 5);
        for vector in vectors {
            let words = RecoveryWords::parse(&vector.words).unwrap();
            assert_eq!(hex(words.entropy()), vector.entropy);
            let identity = Identity::from_words(&words, &vector.domain);
            assert_eq!(identity.username, vector.name);
            assert_eq!(*identity.password, vector.password);
            let seed = |label| hex(&*derivation::seed(words.entropy(), label, &vector.domain));
            assert_eq!(seed(derivation::OTR_PARAMETERS), vector.otr_parameters_seed);
            assert_eq!(seed(derivation::OTR_KEY), vector.otr_key_seed);
        }
    }

    #[test]
    fn the_second_implementation_agrees() {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/derivation.py");
        let python = |args: &[&str]| {
            let output = Command::new("python3").arg(script).args(args).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        python(&["--check"]);
        let mut rng = StdRng::seed_from_u64(7);
        let entropies: Vec<[u8; 16]> = (0..200).map(|_| rng.random()).collect();
        let hexes: Vec<String> = entropies.iter().map(|e| hex(e)).collect();
        let mut args = vec!["--derive", "jabber.example"];
        args.extend(hexes.iter().map(String::as_str));
        let ours = entropies.into_iter().map(|entropy| {
            let identity = Identity::from_words(&RecoveryWords::from_entropy(entropy), "jabber.example");
            format!("{} {}", identity.username, *identity.password)
        });
        assert_eq!(python(&args).lines().collect::<Vec<_>>(), ours.collect::<Vec<_>>());
    }

    #[test]
    fn random_identities_share_nothing() {
        let mut rng = StdRng::seed_from_u64(1);
        let identities: Vec<Identity> = (0..1000).map(|_| Identity::random(&mut rng)).collect();
        let names: HashSet<&str> = identities.iter().map(|i| i.username.as_str()).collect();
        let passwords: HashSet<&str> = identities.iter().map(|i| i.password.as_str()).collect();
        assert_eq!((names.len(), passwords.len()), (1000, 1000));
        assert!(passwords.iter().all(|p| p.len() == 24 && p.bytes().all(|b| b.is_ascii_alphanumeric())));
    }

    #[test]
    fn another_server_gives_another_identity() {
        let words = RecoveryWords::from_entropy([9; 16]);
        let one = Identity::from_words(&words, "jabber.example");
        let two = Identity::from_words(&words, "jabber.other.example");
        assert_ne!(one.username, two.username);
        assert_ne!(*one.password, *two.password);
    }
}
