//! Derivation version 1: labelled HKDF-SHA-256 (RFC 5869) from the recovery words' entropy to a seed for each part.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const SALT: &[u8] = b"flashpaper derivation 1";

pub(super) const NAME: &str = "name";
pub(super) const PASSWORD: &str = "password";
pub(super) const OTR_PARAMETERS: &str = "otr parameters";
pub(super) const OTR_KEY: &str = "otr key";
pub(super) const OTR_TAG: &str = "otr instance tag";

/// The seed of one part of the identity at one server. The domain is bound in, so that words tried at a wrong server
/// never show it the right name or password.
pub(super) fn seed(entropy: &[u8; 16], label: &str, domain: &str) -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    let info = [label.as_bytes(), &[0], domain.as_bytes()];
    // 32 bytes are one block of SHA-256: no length that HKDF refuses.
    let _ = Hkdf::<Sha256>::new(Some(SALT), entropy).expand_multi_info(&info, &mut *seed);
    seed
}
