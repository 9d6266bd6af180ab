//! Where a server says that it is reached: its SRV records (RFC 2782) for direct TLS and for STARTTLS (XEP-0368). They are asked
//! for by DNS over TCP (RFC 7766) on the account's own circuits.
//!
//! Nothing proves an answer. It chooses hosts and ports, and no more: the certificate is checked for the server's domain
//! wherever the stream ends.

use std::collections::VecDeque;
use std::net::SocketAddr;

use flashpaper_tor::Target;
use flashpaper_xmpp::Security;
use rand::{CryptoRng, RngExt as _};
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE, header_buffer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::context::Context;
use crate::directory::Server;
use crate::event::BurnerId;
use crate::route::Route;
use crate::seams::Dial;
use crate::{Error, limits};

/// What is asked for, in the order in which it is preferred where the server does not care.
const SERVICES: [(&str, Security); 2] =
    [("_xmpps-client._tcp", Security::DirectTls), ("_xmpp-client._tcp", Security::StartTls)];

/// Aliases that are followed within an answer.
const ALIASES: usize = 4;

/// One of a server's endpoints.
pub(crate) struct Endpoint {
    /// Where it is, and how TLS begins there.
    pub(crate) at: (Target, Security),
    /// DNS has named it. Who is there may have nothing to do with the server.
    pub(crate) is_from_dns: bool,
}

/// The endpoints of a server, one after the other. DNS is asked when it comes to that: first of all for a server that the
/// directory does not know, and for the others when nobody has answered at the usual ports of their domains.
pub(crate) struct Endpoints {
    waiting: VecDeque<Endpoint>,
    tried: Vec<(Target, Security)>,
    /// The domain that DNS is still to be asked for.
    domain: Option<String>,
    asks_first: bool,
}

impl Endpoints {
    pub(crate) fn of(server: &Server, route: Route) -> Result<Self, Error> {
        Ok(Self {
            waiting: server.endpoints(route)?.into_iter().map(|at| Endpoint { at, is_from_dns: false }).collect(),
            tried: Vec::new(),
            domain: (route == Route::Exit).then(|| server.domain.as_ascii().to_owned()),
            asks_first: server.is_unlisted,
        })
    }

    /// The next one, none of them twice.
    pub(crate) async fn next(&mut self, context: &Context, id: &BurnerId, dial: &dyn Dial) -> Option<Endpoint> {
        loop {
            if (self.asks_first || self.waiting.is_empty())
                && let Some(domain) = self.domain.take()
                && let Some(resolver) = context.resolver_of(id)
            {
                let found = look_up(dial, resolver, &domain, &mut context.services.rng()).await;
                let found = found.into_iter().rev().map(|at| Endpoint { at, is_from_dns: true });
                found.for_each(|endpoint| self.waiting.push_front(endpoint));
            }
            let endpoint = self.waiting.pop_front()?;
            if !self.tried.contains(&endpoint.at) {
                self.tried.push(endpoint.at.clone());
                return Some(endpoint);
            }
        }
    }
}

/// The endpoints that DNS names, in the order in which they are to be tried; none where it names none, or does not answer.
async fn look_up(
    dial: &dyn Dial,
    resolver: SocketAddr,
    domain: &str,
    rng: &mut (dyn CryptoRng + Send),
) -> Vec<(Target, Security)> {
    let Ok(resolver) = Target::resolver(resolver) else { return Vec::new() };
    let mut records = Vec::new();
    // What has come by then is of use.
    let _ = timeout(limits::LOOK_UP, ask(dial, &resolver, domain, rng, &mut records)).await;
    let endpoints = in_order(records, rng).into_iter().filter_map(|record| {
        // A target that is the root says that the service is not offered: no host has that name.
        Some((Target::host(&record.host, record.port).ok()?, record.security))
    });
    endpoints.take(limits::SRV_ENDPOINTS).collect()
}

/// One record, where to find a service.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    priority: u16,
    weight: u16,
    host: String,
    port: u16,
    security: Security,
}

/// Asks for both services at once: a round trip of the circuit less.
async fn ask(
    dial: &dyn Dial,
    resolver: &Target,
    domain: &str,
    rng: &mut (dyn CryptoRng + Send),
    records: &mut Vec<Record>,
) -> Option<()> {
    let first: u16 = rng.random();
    let names = SERVICES.map(|(service, _)| format!("{service}.{domain}"));
    let mut asked = Vec::new();
    for ((name, (_, security)), id) in names.iter().zip(SERVICES).zip([first, first.wrapping_add(1)]) {
        let question = Question::new(Name::new(name).ok()?, QTYPE::TYPE(TYPE::SRV), QCLASS::CLASS(CLASS::IN), false);
        asked.push((id, question, security));
    }
    let mut out = Vec::new();
    for (id, question, _) in &asked {
        let mut query = Packet::new_query(*id);
        query.set_flags(PacketFlag::RECURSION_DESIRED);
        query.questions.push(question.clone());
        let query = query.build_bytes_vec().ok()?;
        out.extend(u16::try_from(query.len()).ok()?.to_be_bytes());
        out.extend(query);
    }
    let mut stream = dial.dial(resolver, limits::LOOK_UP).await.ok()?.stream;
    stream.write_all(&out).await.ok()?;
    stream.flush().await.ok()?;
    while !asked.is_empty() {
        let length = stream.read_u16().await.ok()?;
        let mut answer = vec![0; length.into()];
        stream.read_exact(&mut answer).await.ok()?;
        // In any order. An answer to another question ends it: nothing of use comes behind that.
        let id = header_buffer::id(&answer).ok()?;
        let (_, question, security) = asked.swap_remove(asked.iter().position(|(own, ..)| *own == id)?);
        records.extend(read(&answer, &question, security).unwrap_or_default());
    }
    Some(())
}

/// The records of an answer to a question; `None` where it is none that could be used.
fn read(answer: &[u8], question: &Question<'_>, security: Security) -> Option<Vec<Record>> {
    // Names are pointers: a small message can have many long ones.
    let counts = [header_buffer::answers, header_buffer::name_servers, header_buffer::additional_records];
    let count: usize = counts.iter().filter_map(|count| count(answer).ok()).map(usize::from).sum();
    if count > limits::DNS_RECORDS || header_buffer::questions(answer).ok()? != 1 {
        return None;
    }
    let packet = Packet::parse(answer).ok()?;
    let is_answer = packet.has_flags(PacketFlag::RESPONSE)
        && !packet.has_flags(PacketFlag::TRUNCATION)
        && packet.opcode() == OPCODE::StandardQuery
        && packet.rcode() == RCODE::NoError;
    let same = |asked: &Question<'_>| {
        asked.qname == question.qname && asked.qtype == question.qtype && asked.qclass == question.qclass
    };
    if !is_answer || !packet.questions.iter().all(same) {
        return None;
    }
    let answers = || packet.answers.iter().filter(|record| record.class == CLASS::IN);
    let mut owner = &question.qname;
    for _ in 0..ALIASES {
        let alias = answers().find_map(|record| match &record.rdata {
            RData::CNAME(alias) if record.name == *owner => Some(&alias.0),
            _ => None,
        });
        let Some(alias) = alias else { break };
        owner = alias;
    }
    let records = answers().filter(|record| record.name == *owner).filter_map(|record| match &record.rdata {
        RData::SRV(srv) => Some(Record {
            priority: srv.priority,
            weight: srv.weight,
            host: srv.target.to_string(),
            port: srv.port,
            security,
        }),
        _ => None,
    });
    Some(records.collect())
}

/// By priority, of both services together (XEP-0368, section 3); direct TLS first among equals, which shows the exit no domain
/// in clear; and what is equal in both in an order drawn by weight (RFC 2782, "Weight").
fn in_order(mut records: Vec<Record>, rng: &mut dyn CryptoRng) -> Vec<Record> {
    let rank = |record: &Record| (record.priority, record.security == Security::StartTls);
    records.sort_by_key(|record| (rank(record), record.weight));
    let mut ordered = Vec::new();
    while let Some(first) = records.first().map(rank) {
        let mut weights = records.iter().take_while(|record| rank(record) == first).map(|r| u32::from(r.weight));
        let (drawn, mut sum) = (rng.random_range(0..=weights.clone().sum()), 0);
        let reached = |weight: u32| {
            sum += weight;
            sum >= drawn
        };
        let next = weights.position(reached).unwrap_or(0);
        ordered.push(records.remove(next));
    }
    ordered
}

#[cfg(test)]
pub(super) mod tests;
