use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flashpaper_tor::DialError;
use futures::future::BoxFuture;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use simple_dns::ResourceRecord;
use simple_dns::rdata::{A, CNAME, SRV};
use tempfile::TempDir;

use super::*;
use crate::connection::supervisor::tests::{engine, id};
use crate::locks::lock;
use crate::seams::Dialed;

pub(in crate::network) const DOMAIN: &str = "jabber.example";
pub(in crate::network) const DIRECT: &str = "_xmpps-client._tcp.jabber.example";
pub(in crate::network) const STARTTLS: &str = "_xmpp-client._tcp.jabber.example";

fn name(text: &str) -> Name<'_> {
    Name::new(text).unwrap()
}

fn question(of: &'static str) -> Question<'static> {
    Question::new(name(of), QTYPE::TYPE(TYPE::SRV), QCLASS::CLASS(CLASS::IN), false)
}

pub(in crate::network) fn srv(
    of: &'static str,
    rank: (u16, u16),
    target: &'static str,
    port: u16,
) -> ResourceRecord<'static> {
    let srv = SRV { priority: rank.0, weight: rank.1, port, target: name(target) };
    ResourceRecord::new(name(of), CLASS::IN, 60, RData::SRV(srv))
}

fn alias(of: &'static str, to: &'static str) -> ResourceRecord<'static> {
    ResourceRecord::new(name(of), CLASS::IN, 60, RData::CNAME(CNAME(name(to))))
}

pub(in crate::network) fn answer(to: &'static str, answers: Vec<ResourceRecord<'static>>) -> Packet<'static> {
    let mut packet = Packet::new_reply(7);
    packet.questions.push(question(to));
    packet.answers = answers;
    packet
}

/// Hosts and ports that an answer names for direct TLS.
fn named(packet: &Packet<'_>) -> Option<Vec<(String, u16)>> {
    named_in(&packet.build_bytes_vec_compressed().unwrap())
}

fn named_in(bytes: &[u8]) -> Option<Vec<(String, u16)>> {
    let records = read(bytes, &question(DIRECT), Security::DirectTls)?;
    Some(records.into_iter().map(|record| (record.host, record.port)).collect())
}

#[test]
fn an_answer_is_read_and_aliases_are_followed() {
    let found = || Some(vec![("host.example".to_owned(), 443)]);
    assert_eq!(named(&answer(DIRECT, vec![srv(DIRECT, (0, 0), "host.example", 443)])), found());
    let upper_case = srv("_XMPPS-client._tcp.Jabber.example", (0, 0), "host.example", 443);
    assert_eq!(named(&answer(DIRECT, vec![upper_case])), found());
    let other = srv(STARTTLS, (0, 0), "other.example", 1);
    let (one, two) = ("one.example", "two.example");
    let aliases = vec![srv(two, (0, 0), "host.example", 443), alias(one, two), alias(DIRECT, one), other.clone()];
    assert_eq!(named(&answer(DIRECT, aliases)), found());
    assert_eq!(named(&answer(DIRECT, vec![alias(DIRECT, one), alias(one, DIRECT), other])), Some(vec![]));
    assert_eq!(named(&answer(DIRECT, vec![alias(DIRECT, DIRECT)])), Some(vec![]));
    assert_eq!(named(&answer(DIRECT, vec![])), Some(vec![]));
}

#[test]
fn what_is_no_answer_to_the_question_is_none() {
    let good = || answer(DIRECT, vec![srv(DIRECT, (0, 0), "host.example", 443)]);
    assert!(named(&good()).is_some());
    let mut query = Packet::new_query(7);
    query.questions = good().questions;
    let mut truncated = good();
    truncated.set_flags(PacketFlag::TRUNCATION);
    let mut unknown = good();
    *unknown.rcode_mut() = RCODE::NameError;
    let mut two_questions = good();
    two_questions.questions.push(question(DIRECT));
    let mut many = good();
    many.additional_records =
        vec![ResourceRecord::new(name("a.example"), CLASS::IN, 60, RData::A(A { address: 1 })); limits::DNS_RECORDS];
    let mut other_type = good();
    other_type.questions[0].qtype = QTYPE::TYPE(TYPE::A);
    let other_name = answer(STARTTLS, vec![srv(DIRECT, (0, 0), "host.example", 443)]);
    for wrong in [query, truncated, unknown, two_questions, many, other_type, other_name] {
        assert_eq!(named(&wrong), None, "{wrong:?}");
    }
    let whole = good().build_bytes_vec().unwrap();
    for cut in 0..whole.len() {
        assert_eq!(named_in(&whole[..cut]), None, "{cut}");
    }
    // A name that is a pointer to itself, and two that are pointers to each other.
    let header = [0, 7, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for pointers in [&[0xc0, 12, 0, 33, 0, 1][..], &[0xc0, 14, 0xc0, 12, 0, 33, 0, 1]] {
        assert_eq!(named_in(&[&header, pointers].concat()), None);
    }
}

#[test]
fn ten_thousand_broken_answers_break_nothing() {
    let mut rng = StdRng::seed_from_u64(1);
    let records = vec![alias(DIRECT, "one.example"), srv("one.example", (1, 2), "host.example", 443)];
    let good = answer(DIRECT, records).build_bytes_vec_compressed().unwrap();
    for _ in 0..10_000 {
        let mut bytes = good.clone();
        for _ in 0..rng.random_range(1..6) {
            let at = rng.random_range(0..bytes.len());
            match rng.random_range(0..4) {
                0 => bytes[at] = rng.random(),
                1 => bytes.truncate(at.max(1)),
                2 => bytes.insert(at, rng.random()),
                // Most of what can be wrong with a name is a pointer.
                _ => bytes[at] = 0xc0,
            }
        }
        let _ = named_in(&bytes);
    }
}

fn record(rank: (u16, u16), host: &str, security: Security) -> Record {
    Record { priority: rank.0, weight: rank.1, host: host.to_owned(), port: 1, security }
}

#[test]
fn priorities_are_of_both_services_and_weights_draw_among_equals() {
    let records = vec![
        record((20, 0), "last", Security::DirectTls),
        record((5, 0), "first", Security::StartTls),
        record((10, 0), "third", Security::StartTls),
        record((10, 0), "never first", Security::DirectTls),
        record((10, 30), "seldom", Security::DirectTls),
        record((10, 70), "often", Security::DirectTls),
    ];
    let (mut rng, mut seconds) = (StdRng::seed_from_u64(1), BTreeMap::new());
    for _ in 0..10_000 {
        let ordered = in_order(records.clone(), &mut rng);
        let hosts: Vec<&str> = ordered.iter().map(|record| &*record.host).collect();
        assert_eq!((hosts.len(), hosts[0], hosts[4], hosts[5]), (6, "first", "third", "last"));
        *seconds.entry(hosts[1].to_owned()).or_insert(0) += 1;
    }
    // RFC 2782 leaves those without weight a small chance.
    assert!(seconds["never first"] < 200 && (2700..3300).contains(&seconds["seldom"]), "{seconds:?}");
    assert!(in_order(Vec::new(), &mut rng).is_empty());
    assert_eq!(in_order(vec![record((0, u16::MAX), "one", Security::StartTls); 20], &mut rng).len(), 20);
}

/// A DNS server with an answer for each service, in the order in which they are sent; and who was dialled.
#[derive(Clone)]
pub(in crate::network) struct Resolver {
    answers: Arc<Vec<Packet<'static>>>,
    dialled: Arc<Mutex<Vec<Target>>>,
}

impl Resolver {
    pub(in crate::network) fn new(answers: Vec<Packet<'static>>) -> Self {
        Self { answers: Arc::new(answers), dialled: Arc::default() }
    }

    /// Who was dialled since the last call.
    pub(in crate::network) fn take(&self) -> Vec<Target> {
        std::mem::take(&mut *lock(&self.dialled))
    }

    /// Reads both questions, and answers.
    async fn serve(self, mut stream: tokio::io::DuplexStream) {
        let mut ids = BTreeMap::new();
        for _ in 0..2 {
            let mut query = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut query).await.unwrap();
            let query = Packet::parse(&query).unwrap();
            assert!(query.has_flags(PacketFlag::RECURSION_DESIRED));
            ids.insert(query.questions[0].qname.to_string(), query.id());
        }
        for packet in self.answers.iter() {
            let mut packet = packet.clone();
            if packet.id() == 7 {
                packet.set_id(ids[&packet.questions[0].qname.to_string()]);
            }
            let bytes = packet.build_bytes_vec().unwrap();
            stream.write_u16(bytes.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        }
    }
}

impl Dial for Resolver {
    fn dial<'a>(&'a self, target: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        lock(&self.dialled).push(target.clone());
        let (near, far) = tokio::io::duplex(1 << 16);
        tokio::spawn(self.clone().serve(far));
        Box::pin(async { Ok(Dialed { stream: Box::new(near), circuit: None }) })
    }
}

async fn found(answers: Vec<Packet<'static>>) -> Vec<(Target, Security)> {
    let resolver = "9.9.9.9:53".parse().unwrap();
    look_up(&Resolver::new(answers), resolver, DOMAIN, &mut StdRng::seed_from_u64(1)).await
}

pub(in crate::network) fn host(name: &str, port: u16) -> Target {
    Target::host(name, port).unwrap()
}

#[tokio::test]
async fn both_services_are_asked_for_at_once() {
    let direct = || answer(DIRECT, vec![srv(DIRECT, (10, 0), "xmpps.example", 443)]);
    let starttls = || answer(STARTTLS, vec![srv(STARTTLS, (5, 0), "xmpp.example", 80)]);
    let both = [(host("xmpp.example", 80), Security::StartTls), (host("xmpps.example", 443), Security::DirectTls)];
    assert_eq!(found(vec![direct(), starttls()]).await, both);
    assert_eq!(found(vec![starttls(), direct()]).await, both);
    // The server hangs up after one, or sends what nobody has asked.
    assert_eq!(found(vec![direct()]).await, both[1..]);
    let mut foreign = starttls();
    foreign.set_id(8);
    let mut other_id = direct();
    other_id.set_id(9);
    assert!(found(vec![]).await.is_empty());
    assert!(found(vec![foreign, other_id]).await.len() < 2);
}

#[tokio::test]
async fn a_target_is_a_host_of_the_public_network() {
    let onion = "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion";
    let targets = [".", "127.0.0.1", onion, "localhost", "printer.local", "com", "a\\.b.example", "host.example"];
    let records = targets.iter().map(|target| srv(DIRECT, (0, 0), target, 443)).collect();
    let only = [(host("host.example", 443), Security::DirectTls)];
    assert_eq!(found(vec![answer(DIRECT, records), answer(STARTTLS, vec![])]).await, only);
    assert!(found(vec![answer(DIRECT, vec![srv(DIRECT, (0, 0), "host.example", 0)])]).await.is_empty());
    let many = ["a.example", "b.example", "c.example", "d.example", "e.example"];
    let many = many.iter().map(|target| srv(DIRECT, (0, 0), target, 443)).collect();
    assert_eq!(found(vec![answer(DIRECT, many)]).await.len(), limits::SRV_ENDPOINTS);
}

/// All endpoints of a server, and how many streams went to DNS.
async fn all_of(server: &Server, route: Route, answers: Vec<Packet<'static>>) -> (Vec<(Target, Security)>, usize) {
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &[]).await;
    let (dial, mut all) = (Resolver::new(answers), Vec::new());
    let mut endpoints = Endpoints::of(server, route).unwrap();
    while let Some(endpoint) = endpoints.next(&engine.context, &id("a"), &dial).await {
        all.push(endpoint.at);
    }
    engine.close().await;
    let dialled = lock(&dial.dialled).clone();
    assert!(dialled.iter().all(|target| matches!(target, Target::Resolver { .. })));
    (all, dialled.len())
}

#[tokio::test]
async fn dns_is_asked_first_for_a_server_that_is_not_listed_and_last_for_the_others() {
    let directory = crate::directory::Directory::built_in().unwrap();
    let mut server = directory.named(DOMAIN).unwrap();
    assert!(server.is_unlisted);
    let answers = || {
        let own = srv(STARTTLS, (1, 0), DOMAIN, 5222);
        vec![answer(DIRECT, vec![srv(DIRECT, (0, 0), "host.example", 443)]), answer(STARTTLS, vec![own])]
    };
    let found = (host("host.example", 443), Security::DirectTls);
    let (direct, starttls) = ((host(DOMAIN, 5223), Security::DirectTls), (host(DOMAIN, 5222), Security::StartTls));
    let expected = vec![found.clone(), starttls.clone(), direct.clone()];
    assert_eq!(all_of(&server, Route::Exit, answers()).await, (expected, 1));
    assert_eq!(all_of(&server, Route::Exit, vec![]).await, (vec![direct.clone(), starttls.clone()], 1));
    server.is_unlisted = false;
    assert_eq!(all_of(&server, Route::Exit, answers()).await, (vec![direct, starttls, found], 1));
    let listed = directory.named("jabjab.de").unwrap();
    assert!(!listed.is_unlisted);
    assert_eq!(all_of(&listed, Route::Onion, answers()).await.1, 0, "no exit is asked for an onion service");
}

/// A record with the wrong kind of TLS does not use up the right one.
#[tokio::test]
async fn an_endpoint_is_a_host_a_port_and_how_tls_begins() {
    let server = crate::directory::Directory::built_in().unwrap().named(DOMAIN).unwrap();
    let wrong = answer(STARTTLS, vec![srv(STARTTLS, (0, 0), DOMAIN, 5223)]);
    let expected = [(5223, Security::StartTls), (5223, Security::DirectTls), (5222, Security::StartTls)];
    let (all, _) = all_of(&server, Route::Exit, vec![answer(DIRECT, vec![]), wrong]).await;
    assert_eq!(all, expected.map(|(port, security)| (host(DOMAIN, port), security)));
}
