//! Who a burner is: its name and password, drawn or derived from recovery words. And the key that its peers know it by.
//!
//! `core/docs/derivation.md` freezes, byte by byte, what the words give: nothing here may change it.

mod derivation;
mod draw;
mod letters;
mod name;
mod words;

pub use words::{ListWord, RecoveryWords, WordsError};

use flashpaper_otr as otr;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::identity::draw::Stream;

/// A name, a password and an OTR key that no other burner has.
pub(crate) struct Identity {
    pub(crate) username: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) otr: OtrSeeds,
    /// The OTR instance tag.
    pub(crate) tag: u32,
}

/// What a long-term OTR key is made from: it takes a tenth of a second, and is made when it is needed. On the heap, so that no copy
/// stays where it was moved from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OtrSeeds(Box<Seeds>);

#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Seeds {
    parameters: [u8; 32],
    key: [u8; 32],
}

impl Zeroize for OtrSeeds {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl OtrSeeds {
    /// The key. `None` for no seeds that anybody will find.
    pub(crate) fn key(&self) -> Option<otr::Identity> {
        otr::Identity::from_seeds(&self.0.parameters, &self.0.key)
    }
}

impl Identity {
    /// Independent randomness for each part.
    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        let (username, password) = (name::draw(&mut random_stream(rng)), password(&mut random_stream(rng)));
        let mut seeds = Box::<Seeds>::default();
        rng.fill_bytes(&mut seeds.parameters);
        rng.fill_bytes(&mut seeds.key);
        Self { username, password, otr: OtrSeeds(seeds), tag: tag(&mut random_stream(rng)) }
    }

    /// What the words give at a server.
    pub(crate) fn from_words(words: &RecoveryWords, domain: &str) -> Self {
        let seed = |label| derivation::seed(words.entropy(), label, domain);
        let stream = |label| Stream::new(&seed(label));
        let mut seeds = Box::<Seeds>::default();
        seeds.parameters.copy_from_slice(&*seed(derivation::OTR_PARAMETERS));
        seeds.key.copy_from_slice(&*seed(derivation::OTR_KEY));
        Self {
            otr: OtrSeeds(seeds),
            username: name::draw(&mut stream(derivation::NAME)),
            password: password(&mut stream(derivation::PASSWORD)),
            tag: tag(&mut stream(derivation::OTR_TAG)),
        }
    }
}

/// A password that is told to a server once, and kept nowhere.
pub(crate) fn password_of_nobody(rng: &mut dyn CryptoRng) -> Zeroizing<String> {
    password(&mut random_stream(rng))
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
        text.push(char::from(stream.choose(ALPHABET)));
    }
    text
}

/// One that every client takes (otr: `Settings::tag`).
fn tag(stream: &mut Stream) -> u32 {
    0x100 + 0x8000 * u32::from(stream.below(4369)) + u32::from(stream.below(0x8000))
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

    use data_encoding::HEXLOWER;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use serde::Deserialize;

    use super::*;

    /// As `derivation-vectors.json` and `derivation.py` write them; bytes are in hexadecimal.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Derived {
        entropy: String,
        domain: String,
        name_seed: String,
        name: String,
        password_seed: String,
        password: String,
        otr_parameters_seed: String,
        otr_key_seed: String,
        otr_tag_seed: String,
        otr_tag: u32,
    }

    impl Derived {
        fn from_words(words: &RecoveryWords, domain: &str) -> Self {
            let seed = |label| HEXLOWER.encode(&*derivation::seed(words.entropy(), label, domain));
            let identity = Identity::from_words(words, domain);
            Self {
                entropy: HEXLOWER.encode(words.entropy()),
                domain: domain.to_owned(),
                name_seed: seed(derivation::NAME),
                name: identity.username.clone(),
                password_seed: seed(derivation::PASSWORD),
                password: identity.password.to_string(),
                otr_parameters_seed: seed(derivation::OTR_PARAMETERS),
                otr_key_seed: seed(derivation::OTR_KEY),
                otr_tag_seed: seed(derivation::OTR_TAG),
                otr_tag: identity.tag,
            }
        }
    }

    #[derive(Deserialize)]
    struct Vector {
        words: String,
        #[serde(flatten)]
        derived: Derived,
    }

    const VECTORS: &str = include_str!("../../../docs/derivation-vectors.json");

    #[test]
    fn the_derivation_is_frozen() {
        let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
        assert!(vectors.len() >= 5);
        for Vector { words, derived } in vectors {
            let words = RecoveryWords::parse(&words).unwrap();
            assert_eq!(Derived::from_words(&words, &derived.domain), derived);
        }
    }

    fn python(args: &[&str]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/derivation.py");
        let output = Command::new("python3").arg(script).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn the_second_implementation_agrees() {
        python(&["--check"]);
        let mut rng = StdRng::seed_from_u64(7);
        for domain in ["jabber.example", "xn--bcher-kva.example"] {
            let words: Vec<RecoveryWords> = (0..100).map(|_| RecoveryWords::generate(&mut rng)).collect();
            let entropies: Vec<String> = words.iter().map(|words| HEXLOWER.encode(words.entropy())).collect();
            let mut args = vec!["--derive", domain];
            args.extend(entropies.iter().map(String::as_str));
            let theirs: Vec<Derived> = serde_json::from_str(&python(&args)).unwrap();
            assert_eq!(theirs, words.iter().map(|words| Derived::from_words(words, domain)).collect::<Vec<_>>());
        }
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
    fn the_seed_of_a_random_name_is_not_that_of_its_password() {
        let identity = Identity::random(&mut StdRng::seed_from_u64(1));
        let mut rng = StdRng::seed_from_u64(1);
        let [mut first, mut second] = [random_stream(&mut rng), random_stream(&mut rng)];
        assert_eq!(identity.username, name::draw(&mut first));
        assert_eq!(*identity.password, *password(&mut second));
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
