//! The long-term key that two seeds give is frozen (`core/docs/derivation.md`): the vectors and the second
//! implementation agree with this one.

use std::error::Error;
use std::process::Command;

use flashpaper_otr::Identity;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

type Tested<T = ()> = Result<T, Box<dyn Error>>;

fn seed(vector: &Value, name: &str) -> Tested<[u8; 32]> {
    let digits = vector[name].as_str().unwrap_or_default().as_bytes().chunks_exact(2);
    let bytes: Vec<u8> = digits.map(|d| Ok(u8::from_str_radix(str::from_utf8(d)?, 16)?)).collect::<Tested<_>>()?;
    bytes.try_into().map_err(|_| "a seed has 32 bytes".into())
}

/// Every number of the key, and the fingerprint.
fn check(identity: &Identity, vector: &Value) -> Tested {
    let file = identity.export("a", "p");
    for name in ["p", "q", "g", "y", "x"] {
        let number = vector[format!("otr_{name}")].as_str().ok_or(name)?;
        // libotr's file has whole bytes.
        let number = format!("{}{number}", "0".repeat(number.len() % 2)).to_ascii_uppercase();
        let (_, found) = file.split_once(&format!("({name} #")).ok_or(name)?;
        let (found, _) = found.split_once('#').ok_or(name)?;
        assert_eq!(found.trim_start_matches("00"), number.trim_start_matches("00"), "{name}");
    }
    let fingerprint = identity.fingerprint().to_string().replace(' ', "").to_ascii_lowercase();
    assert_eq!(Some(&*fingerprint), vector["otr_fingerprint"].as_str());
    Ok(())
}

#[test]
fn the_key_of_two_seeds_is_frozen() -> Tested {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../docs/derivation-vectors.json"))?;
    assert!(vectors.len() >= 5);
    for vector in vectors {
        let (parameters, key) = (seed(&vector, "otr_parameters_seed")?, seed(&vector, "otr_key_seed")?);
        check(&Identity::from_seeds(&parameters, &key).ok_or("no key")?, &vector)?;
    }
    Ok(())
}

#[test]
fn the_second_implementation_agrees() -> Tested {
    let rng = &mut StdRng::seed_from_u64(11);
    for _ in 0..5 {
        let seeds: [[u8; 32]; 2] = [rng.random(), rng.random()];
        let hex = seeds.map(|seed| seed.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/derivation.py");
        let output = Command::new("python3").arg(script).arg("--otr").args(hex).output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        check(&Identity::from_seeds(&seeds[0], &seeds[1]).ok_or("no key")?, &serde_json::from_slice(&output.stdout)?)?;
    }
    Ok(())
}
