//! Whether secrets show in the time that things take, in the manner of dudect: a secret that is always the same and
//! random ones, mixed by chance; two sets of times that a t-test can tell apart are a leak. `cargo xtask bench ct`.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Instant;

use crypto_bigint::U192;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use subtle::ConstantTimeEq as _;

use crate::crypto::dsa;
use crate::crypto::group::{Element, Exponent};

/// How many times are taken.
const SAMPLES: u32 = 1_000_000;
/// From here on two sets of times count as different (dudect's bound).
const LEAK: f64 = 4.5;

#[test]
#[ignore = "takes minutes: cargo xtask bench ct"]
fn constant_time_power_of_g() {
    let t = difference(SAMPLES, exponent, Element::g_to);
    assert!(report("g to a secret exponent", t) < LEAK);
}

#[test]
#[ignore = "takes minutes: cargo xtask bench ct"]
fn constant_time_power_of_a_public_key() {
    let theirs = Element::g_to(&Exponent::short(&mut StdRng::seed_from_u64(1)));
    let t = difference(SAMPLES, exponent, |secret| theirs.pow(secret));
    assert!(report("a public key to a secret exponent", t) < LEAK);
}

#[test]
#[ignore = "takes minutes: cargo xtask bench ct"]
fn constant_time_signature() {
    let rng = RefCell::new(StdRng::seed_from_u64(4));
    let (key, _) =
        dsa::generate(|bytes| rng.borrow_mut().fill_bytes(bytes), |bytes| rng.borrow_mut().fill_bytes(bytes)).unwrap();
    let nonce = |class, rng: &mut StdRng| match class {
        Class::Same => U192::from_u8(3),
        Class::Random => U192::from_u128(rng.random()),
    };
    let t = difference(SAMPLES, nonce, |nonce| key.sign_with(nonce, &U192::from_u8(7)));
    assert!(report("a signature, by its nonce", t) < LEAK);
}

/// Short nonces give a key away.
#[test]
#[ignore = "takes minutes: cargo xtask bench ct"]
fn constant_time_nonce() {
    let value = |class, rng: &mut StdRng| match class {
        Class::Same => std::array::from_fn(|at| u8::from(at == 31)),
        Class::Random => rng.random(),
    };
    let t = difference(SAMPLES, value, |value: &[u8; 32]| many(|| dsa::candidate(value) == dsa::candidate(&[1; 32])));
    assert!(report("a nonce, by its leading zeros", t) < LEAK);
}

#[test]
#[ignore = "takes minutes: cargo xtask bench ct"]
fn constant_time_power_for_smp() {
    let theirs = Element::g_to(&Exponent::short(&mut StdRng::seed_from_u64(5)));
    let full = |class, rng: &mut StdRng| match class {
        Class::Same => Exponent::from_short_bytes(&[0; 40]).minus_product(&exponent(class, rng), &exponent(class, rng)),
        Class::Random => Exponent::full(rng),
    };
    let t = difference(SAMPLES / 10, full, |secret| theirs.pow(secret));
    assert!(report("an element to an exponent of 1536 bits", t) < LEAK);
}

#[test]
#[ignore = "takes minutes: cargo xtask bench ct"]
fn constant_time_mac_comparison() {
    let right: [u8; 20] = StdRng::seed_from_u64(2).random();
    let t = difference(SAMPLES, |class, rng| mac(class, rng, right), |mac| many(|| right.ct_eq(mac).into()));
    assert!(report("comparing MACs", t) < LEAK);
}

/// The same search finds what is there to be found.
#[test]
fn constant_time_is_told_from_what_is_not() {
    let right: [u8; 20] = StdRng::seed_from_u64(2).random();
    let stops_early = |mac: &[u8; 20]| many(|| right.iter().zip(mac).all(|(a, b)| black_box(a) == black_box(b)));
    let t = difference(20_000, |class, rng| mac(class, rng, right), stops_early);
    assert!(report("planted: a comparison that stops early", t) > LEAK);

    let g = Element::g_to(&Exponent::short(&mut StdRng::seed_from_u64(3)));
    let skips_zeros = |secret: &Exponent| {
        let bits = secret.short_bytes();
        let ones = bits.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1)).filter(|bit| *bit == 1);
        ones.fold(g, |power, _| power.mul(&g))
    };
    let t = difference(20_000, exponent, skips_zeros);
    assert!(report("planted: an exponentiation that skips zeros", t) > LEAK);
}

#[derive(Clone, Copy)]
enum Class {
    Same,
    Random,
}

/// Few ones, against half of all.
fn exponent(class: Class, rng: &mut StdRng) -> Exponent {
    match class {
        Class::Same => Exponent::from_short_bytes(&std::array::from_fn(|at| u8::from(at == 0))),
        Class::Random => Exponent::short(rng),
    }
}

/// The right one, against ones that differ from the first byte on.
fn mac(class: Class, rng: &mut StdRng, right: [u8; 20]) -> [u8; 20] {
    match class {
        Class::Same => right,
        Class::Random => rng.random(),
    }
}

/// One comparison is too short for the clock.
fn many(compare: impl Fn() -> bool) {
    for _ in 0..200 {
        black_box(compare());
    }
}

fn report(what: &str, t: f64) -> f64 {
    println!("{what}: |t| = {t:.2}");
    t
}

/// The greatest |t| of Welch's test between the times of the two classes: of all times, and of those below some
/// percentiles, for interruptions hide small differences.
fn difference<I: Clone, O>(samples: u32, secret: impl Fn(Class, &mut StdRng) -> I, work: impl Fn(&I) -> O) -> f64 {
    const BATCH: usize = 1000;
    let rng = &mut StdRng::seed_from_u64(samples.into());
    let mut bounds: Option<Vec<f64>> = None;
    let mut sets = Vec::new();
    let mut here = secret(Class::Same, rng);
    for _ in 0..samples as usize / BATCH {
        // All are made before any is used, and used from one place.
        let secrets: Vec<_> = (0..BATCH)
            .map(|_| {
                let class = if rng.random() { Class::Same } else { Class::Random };
                (class, secret(class, rng))
            })
            .collect();
        let mut times: Vec<(Class, f64)> = Vec::with_capacity(BATCH);
        for (class, secret) in &secrets {
            here.clone_from(secret);
            let start = Instant::now();
            black_box(work(black_box(&here)));
            times.push((*class, start.elapsed().as_nanos() as f64));
        }
        // The first batch warms up, and tells what is usual.
        let Some(bounds) = &bounds else {
            let mut all: Vec<f64> = times.iter().map(|(_, time)| *time).collect();
            all.sort_by(f64::total_cmp);
            let percentiles = [0.5, 0.75, 0.9, 0.95, 0.99].map(|part| all[(part * BATCH as f64) as usize]);
            bounds = Some(percentiles.into_iter().chain([f64::INFINITY]).collect());
            sets = vec![[Moments::default(); 2]; 6];
            continue;
        };
        for (class, time) in times {
            for (bound, set) in bounds.iter().zip(&mut sets) {
                if time <= *bound {
                    set[class as usize].add(time);
                }
            }
        }
    }
    sets.iter().map(|[same, random]| same.welch(random).abs()).fold(0.0, f64::max)
}

/// Count, mean and spread of a set of times, as they come.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    fn welch(&self, other: &Self) -> f64 {
        let error = |set: &Self| set.squares / (set.count - 1.0) / set.count;
        (self.mean - other.mean) / (error(self) + error(other)).sqrt()
    }
}
