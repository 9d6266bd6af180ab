//! Traps 61 to 63, 65 and 67, on the machine itself: what a peer may send is under encryption elsewhere. Names are the
//! traps'; the others are in `tests/traps_smp.rs`.

use num_bigint::BigUint;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::crypto::group::LEN;

fn secret(byte: u8) -> Exponent {
    Exponent::from_hash(&[byte; 32])
}

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A comparison of equal secrets: its four records, each with the state that awaits it.
fn comparison() -> [(Smp, Tlv); 4] {
    let (rng, mut alice, mut bob) = (&mut rng(1), Smp::default(), Smp::default());
    let one = alice.start(secret(7), None, rng);
    let awaits_one = bob.clone();
    assert!(matches!(bob.receive(&one, rng), Progress::Asked { question: None }));
    let two = bob.answer(&secret(7), rng).unwrap();
    let awaits_two = alice.clone();
    let Progress::Send(three) = alice.receive(&two, rng) else { panic!("no third record") };
    let awaits_three = bob.clone();
    let Progress::Done { equal: true, send: Some(four) } = bob.receive(&three, rng) else { panic!("not equal") };
    let awaits_four = alice.clone();
    assert!(matches!(alice.receive(&four, rng), Progress::Done { equal: true, send: None }));
    assert!(!alice.is_running() && !bob.is_running());
    [(awaits_one, one), (awaits_two, two), (awaits_three, three), (awaits_four, four)]
}

/// Refused, and the comparison has ended.
fn is_broken(state: &Smp, record: &Tlv) -> bool {
    let mut state = state.clone();
    matches!(state.receive(record, &mut rng(2)), Progress::Broken) && !state.is_running()
}

fn numbers(record: &Tlv) -> Vec<Vec<u8>> {
    let mut reader = crate::wire::codec::Reader::new(&record.value);
    (0..reader.int().unwrap()).map(|_| reader.mpi().unwrap().to_vec()).collect()
}

fn with(record: &Tlv, numbers: &[Vec<u8>]) -> Tlv {
    Tlv { kind: record.kind, value: write_mpis(&numbers.iter().map(Vec::as_slice).collect::<Vec<_>>()) }
}

/// Which numbers of each record are what: `e`lements, `c`hallenges, responses (`d`).
const KINDS: [&str; 4] = ["ecdecd", "ecdecdeecdd", "eecddecd", "ecd"];

#[test]
fn smp_zk_all() {
    let mut one = [0; 32];
    one[31] = 1;
    let one = Exponent::from_hash(&one);
    // 0 - 1 modulo q; p is 2q + 1.
    let q = BigUint::from_bytes_be(&Exponent::reduced(&[0; LEN]).minus_product(&one, &one).to_bytes()) + 1u8;
    let p = &q * 2u8 + 1u8;
    for ((state, record), kinds) in comparison().iter().zip(KINDS) {
        let right = numbers(record);
        assert!(!is_broken(state, &with(record, &right)));
        assert_eq!(right.len(), kinds.len());
        for (at, kind) in kinds.chars().enumerate() {
            let number = BigUint::from_bytes_be(&right[at]);
            let mut wrong = vec![&number + 1u8, &number - 1u8];
            match kind {
                'e' => wrong.extend([BigUint::ZERO, 1u8.into(), &p - 1u8, p.clone(), &p + 2u8]),
                // The same response modulo q would pass the proof.
                'd' => wrong.extend([BigUint::ZERO, q.clone(), &number + &q]),
                _ => wrong.push(number << 8u8),
            }
            for wrong in wrong {
                let mut changed = right.clone();
                changed[at] = wrong.to_bytes_be();
                assert!(is_broken(state, &with(record, &changed)), "{kinds}, {at}: {wrong:x}");
            }
        }
    }
}

/// A side that knows the other's blinding could choose the same.
#[test]
fn smp_degenerate() {
    for (x, y) in [(7, 7), (7, 8)] {
        let (mut alice, mut bob) = (Smp::default(), Smp::default());
        let one = alice.start(secret(x), None, &mut rng(1));
        assert!(matches!(bob.receive(&one, &mut rng(2)), Progress::Asked { .. }));
        let two = bob.answer(&secret(y), &mut rng(3)).unwrap();
        // The blinding is the third number that answering draws, and the first after it.
        let mut same = rng(3);
        let (_, _, r4) = (Exponent::full(&mut same), Exponent::full(&mut same), Exponent::full(&mut same));
        let (Smp::Expect2(Expect2 { a3, .. }), Smp::Expect3(expect3)) = (&alice, &bob) else { panic!("elsewhere") };
        let Expect3 { g2, g3, pb, qb, .. } = &**expect3;
        let Blinded { p, q, c, d5, d6 } = Blinded::new(6, g2, g3, &r4, &secret(x), &mut same);
        assert!(p == *pb && (q == *qb) == (x == y));
        let (ra, cr, d7) = same_power(7, &q.div(qb), a3, &mut same);
        let numbers =
            [&p.to_bytes()[..], &q.to_bytes(), &c, &d5.to_bytes(), &d6.to_bytes(), &ra.to_bytes(), &cr, &d7.to_bytes()];
        assert!(is_broken(&bob, &Tlv { kind: tlv::SMP_3, value: write_mpis(&numbers) }));

        let mut same = rng(3);
        let _ = (Exponent::full(&mut same), Exponent::full(&mut same));
        assert!(matches!(alice.receive(&two, &mut same), Progress::Broken));
    }
}

#[test]
fn smp_state() {
    let comparison = comparison();
    for (expected, (state, _)) in comparison.iter().enumerate() {
        for (number, (_, record)) in comparison.iter().enumerate() {
            assert_eq!(is_broken(state, record), number != expected, "{number} instead of {expected}");
        }
    }
    let mut asked = Smp::default();
    let one = &comparison[0].1;
    asked.receive(one, &mut rng(1));
    for (_, record) in &comparison {
        assert!(is_broken(&asked, record), "asked already");
    }
    assert!(Smp::default().answer(&secret(7), &mut rng(1)).is_none(), "nobody has asked");
}

#[test]
fn smp_mpi_count() {
    for (state, record) in &comparison() {
        let right = numbers(record);
        let (less, more) = ([&right[..right.len() - 1]].concat(), [&right[..], &[vec![1]]].concat());
        let value = &record.value;
        let values = [
            with(record, &less).value,
            with(record, &more).value,
            [&value[..], &[0]].concat(),
            value[..value.len() - 1].to_vec(),
            [&[0, 0, 0, value[3] + 1], &value[4..]].concat(),
            [&[0xff; 4], &value[4..]].concat(),
            vec![],
        ];
        for value in values {
            assert!(is_broken(state, &Tlv { kind: record.kind, value }));
        }
    }
}

#[test]
fn smp_question() {
    let numbers = Smp::default().start(secret(7), None, &mut rng(1)).value;
    let long = "long ".repeat(10_000);
    for (question, read) in
        [(&b""[..], ""), (b"pet?", "pet?"), (b"\xff<b>%s", "\u{fffd}<b>%s"), (long.as_bytes(), long.as_str())]
    {
        let value = [question, &[0], &numbers].concat();
        let mut asked = Smp::default();
        let progress = asked.receive(&Tlv { kind: tlv::SMP_1Q, value }, &mut rng(2));
        assert!(matches!(progress, Progress::Asked { question: Some(question) } if question == read));
    }
    for value in [vec![], b"no end".to_vec(), b"nothing behind\0".to_vec()] {
        assert!(is_broken(&Smp::default(), &Tlv { kind: tlv::SMP_1Q, value }));
    }
    let ours = Smp::default().start(secret(7), Some("a\0b"), &mut rng(1));
    assert!(ours.value.starts_with(b"ab\0"));
}
