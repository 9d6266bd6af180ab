//! The forms that code may give a secret.

use std::collections::{BTreeMap, BTreeSet};

use aes::Block;
use aes::hazmat::{cipher_round, inv_mix_columns};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use data_encoding::{HEXLOWER, HEXUPPER};
use flashpaper_otr::Secret;

use crate::Done;
use crate::secrets::Secrets;

/// Shorter ones could be there by chance.
const LEAST: usize = 12;

/// The bytes of each form.
#[derive(Clone, Default)]
pub(crate) struct Forms(BTreeMap<String, BTreeSet<Vec<u8>>>);

impl Forms {
    pub(crate) fn of(secrets: &Secrets) -> Done<Self> {
        let mut forms = Self::default();
        forms.text("own_jid", &secrets.jid);
        forms.text("peer", &secrets.peer);
        forms.text("password", &secrets.password);
        for text in &secrets.texts {
            forms.text("text", text);
        }
        let words: Vec<&str> = secrets.words.split(' ').collect();
        for some in words.windows(3) {
            forms.text("words", &some.join(" "));
        }
        forms.bytes("words_entropy", &secrets.entropy);
        let numbers: Vec<u8> = secrets.word_numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        forms.add("words_numbers", numbers);
        for key in &secrets.vault {
            forms.bytes("vault_data_key", key);
        }
        for seed in &secrets.seeds {
            forms.bytes("otr_seed", seed);
        }
        forms.number("otr_private_key", &secrets.private_key);
        for key in &secrets.scram {
            forms.bytes("scram_key", key);
        }
        for secret in &secrets.session {
            match secret {
                Secret::Exponent(number) => forms.number("session_exponent", number),
                Secret::Shared(number) => forms.number("session_shared_secret", number),
                Secret::Mac(key) => forms.bytes("session_mac_key", &**key),
                Secret::Aes(key) => {
                    forms.bytes("session_aes_key", &**key);
                    schedule(key).into_iter().for_each(|key| forms.add("session_aes_schedule", key.to_vec()));
                }
            }
        }
        match forms.0.iter().find(|(_, patterns)| patterns.is_empty() || patterns.iter().any(|it| it.len() < LEAST)) {
            Some((form, _)) => Err(format!("{form} is too short").into()),
            None => Ok(forms),
        }
    }

    /// What opens the folder.
    pub(crate) fn of_passphrase(passphrase: &str) -> Self {
        let mut forms = Self::default();
        forms.text("passphrase", passphrase);
        forms
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        for (form, patterns) in other.0 {
            self.0.entry(form).or_default().extend(patterns);
        }
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &BTreeSet<Vec<u8>>)> {
        self.0.iter().map(|(form, patterns)| (form.as_str(), patterns))
    }

    /// A file that has each form once.
    pub(crate) fn one_of_each(&self) -> Vec<u8> {
        self.0.values().filter_map(BTreeSet::first).flat_map(|pattern| [pattern.as_slice(), b"\n"].concat()).collect()
    }

    fn add(&mut self, form: &str, pattern: Vec<u8>) {
        self.0.entry(form.to_owned()).or_default().insert(pattern);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.add(&format!("{name}_utf8"), text.as_bytes().to_vec());
        self.add(&format!("{name}_utf16_le"), text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        self.add(&format!("{name}_utf16_be"), text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        self.encoded(name, text.as_bytes());
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add(&format!("{name}_bytes"), bytes.to_vec());
        // As JSON has them.
        let decimal: Vec<String> = bytes.iter().map(u8::to_string).collect();
        self.add(&format!("{name}_decimal"), decimal.join(",").into_bytes());
        self.encoded(name, bytes);
    }

    /// A number of big-endian bytes: as those, the other way round, and in limbs of either order and either size.
    fn number(&mut self, name: &str, bytes: &[u8]) {
        let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
        self.add(&format!("{name}_big_endian"), bytes.to_vec());
        self.add(&format!("{name}_little_endian"), reversed.clone());
        for size in [4, 8] {
            let limbs = |bytes: &[u8]| -> Vec<u8> {
                bytes.rchunks(size).rev().flat_map(|limb| limb.iter().rev().copied()).collect()
            };
            let from_low: Vec<u8> = bytes.rchunks(size).flatten().copied().collect();
            self.add(&format!("{name}_limbs_{}_from_high", 8 * size), limbs(bytes));
            self.add(&format!("{name}_limbs_{}_from_low_big_endian", 8 * size), from_low);
        }
        self.encoded(name, bytes);
    }

    fn encoded(&mut self, name: &str, bytes: &[u8]) {
        self.add(&format!("{name}_hex"), HEXLOWER.encode(bytes).into_bytes());
        self.add(&format!("{name}_hex_upper"), HEXUPPER.encode(bytes).into_bytes());
        // Within something longer: three ways, each without the letters at the ends that what is around has a part in.
        for before in 0..3 {
            let encoded = BASE64_STANDARD_NO_PAD.encode([&[0; 3][..before], bytes].concat());
            let (from, to) = ((8 * before).div_ceil(6), 8 * (before + bytes.len()) / 6);
            self.add(&format!("{name}_base64"), encoded.as_bytes()[from..to].to_vec());
        }
    }
}

/// The example of FIPS 197, appendix A.1.
pub(crate) fn check_schedule() -> Done {
    let key = *b"\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
    let last = schedule(&key).pop().map(|key| HEXLOWER.encode(&key));
    if last.as_deref() == Some("d014f9a8c9ee2589e13f0cc8b6630ca6") { Ok(()) } else { Err("key schedule".into()) }
}

/// The round keys of AES-128 behind the key itself (FIPS 197, section 5.2).
fn schedule(key: &[u8; 16]) -> Vec<[u8; 16]> {
    let (mut last, mut constant, mut schedule) = (*key, 1_u8, Vec::new());
    for _ in 0..10 {
        let mut word = substituted([last[13], last[14], last[15], last[12]]);
        word[0] ^= constant;
        for column in last.chunks_exact_mut(4) {
            column.iter_mut().zip(&mut word).for_each(|(to, from)| {
                *to ^= *from;
                *from = *to;
            });
        }
        // Doubled in the field of AES.
        constant = constant << 1 ^ if constant & 0x80 == 0 { 0 } else { 0x1b };
        schedule.push(last);
    }
    schedule
}

/// SubWord: a round of AES has SubBytes in it. It leaves equal columns equal, and MixColumns is taken back.
fn substituted(word: [u8; 4]) -> [u8; 4] {
    let mut block: Block = [word; 4].as_flattened().try_into().unwrap_or_default();
    cipher_round(&mut block, &Block::default());
    inv_mix_columns(&mut block);
    [block[0], block[1], block[2], block[3]]
}
