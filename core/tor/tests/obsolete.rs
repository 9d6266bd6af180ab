//! A network of real relays that requires a protocol nobody has: a status, and never the end of the app's process.
//!
//! Its consensus is the one that the relays agreed on, changed, and signed again with the authorities' own keys.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashpaper_lab::Lab;
use flashpaper_tor::{Blockage, Config, DialError, Network, NotReady, Stage, Target, Tor};
use rustls::pki_types::PrivatePkcs1KeyDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::time::sleep;
use tor_llcrypto::pk::rsa::KeyPair;

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

const OBSOLETE: Result<(), NotReady> = Err(NotReady { blocked: Some(Blockage::Obsolete) });
const PATIENCE: Duration = Duration::from_secs(60);
/// Left to itself, Arti ends the process 5 s after it has found out.
const TOO_LATE: Duration = Duration::from_secs(8);

const AUTHORITIES: [&str; 3] = ["auth0", "auth1", "auth2"];
const EXITS: [&str; 4] = ["exit0", "exit1", "exit2", "exit3"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_obsolete_client_says_so_and_the_process_lives_on() -> Tested {
    let dir = TempDir::new()?;
    // A lab of its own: its network is of no use afterwards.
    let mut lab = Lab::start(&dir.path().join("lab"), 0, None, |_| {}).await?;
    require_what_nobody_has(&mut lab).await?;
    let config = Config {
        state_dir: dir.path().join("state"),
        cache_dir: dir.path().join("cache"),
        network: Network::Private(lab.facts().network.arti.clone()),
    };

    let tor = Tor::start(config.clone()).await?;
    let dialer = tor.isolated();
    assert_eq!(tor.ready(PATIENCE).await, OBSOLETE);
    assert_eq!(dialer.dial(&Target::host("burner.test", 5222)?, PATIENCE).await.err(), Some(DialError::Closed));
    sleep(TOO_LATE).await;
    let last = tor.status().borrow().clone();
    assert_eq!((last.stage, last.blocked), (Stage::Stopped, Some(Blockage::Obsolete)));
    tor.close().await;

    // The next start knows it from the cache: no relay is left to tell.
    drop(lab);
    let tor = Tor::start(config).await?;
    assert_eq!(tor.ready(PATIENCE).await, OBSOLETE);
    tor.close().await;
    Ok(())
}

/// Leaves only the exits running, with a consensus that no authority replaces.
async fn require_what_nobody_has(lab: &mut Lab) -> Tested {
    const KEYWORD: &str = "\nrequired-client-protocols ";
    for name in AUTHORITIES.iter().chain(&EXITS) {
        lab.stop(name)?;
    }
    let root = lab.facts().dir.clone();
    let agreed = fs::read_to_string(root.join(EXITS[0]).join("cached-microdesc-consensus"))?;
    let changed = agreed.replacen(KEYWORD, &format!("{KEYWORD}Flashpaper=1 "), 1);
    let consensus = signed(&changed, &root)?;
    for exit in EXITS {
        fs::write(root.join(exit).join("cached-microdesc-consensus"), &consensus)?;
        // What it serves comes from there, and is not replaced by one of the same date.
        fs::remove_dir_all(root.join(exit).join("diff-cache"))?;
    }
    lab.restart(&EXITS).await?;
    Ok(())
}

/// Replaces the signatures: see `directory-signature` in Tor's dir-spec.
fn signed(consensus: &str, root: &Path) -> Tested<String> {
    const KEYWORD: &str = "directory-signature ";
    let end = consensus.find(KEYWORD).ok_or("no signature")?;
    let digest = Sha256::digest(&consensus[..end + KEYWORD.len()]);
    let mut signed = consensus[..end].to_owned();
    for authority in AUTHORITIES {
        let key = PrivatePkcs1KeyDer::from_pem_file(root.join(authority).join("keys/authority_signing_key"))?;
        let key = KeyPair::from_der(key.secret_pkcs1_der()).ok_or("not an RSA key")?;
        let id = key.to_public_key().to_rsa_identity().as_hex_upper();
        // Not every authority's signature need have been in time.
        let of_this_key = |line: &&str| line.starts_with(KEYWORD) && line.ends_with(&id);
        if let Some(line) = consensus.lines().find(of_this_key) {
            let signature = BASE64_STANDARD.encode(key.sign(&digest)?);
            signed += &format!("{line}\n-----BEGIN SIGNATURE-----\n{signature}\n-----END SIGNATURE-----\n");
        }
    }
    Ok(signed)
}
