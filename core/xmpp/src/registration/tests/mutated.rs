//! How replies are made malformed or hostile, here and in the tests of whole streams (`tests/hostile`).

use rand::RngExt as _;
use rand::rngs::StdRng;

/// How many there are at each step.
pub(crate) fn count() -> usize {
    if std::env::var_os("FLASHPAPER_SOAK").is_some() { 10_000 } else { 60 }
}

/// Parts that parsers have stumbled over.
pub(crate) fn parts() -> Vec<String> {
    let mut parts = vec![
        "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>".to_owned(),
        "&b;&#1;&#x110000;".to_owned(),
        "<a>".repeat(300) + &"</a>".repeat(300),
        "<field var='f' type='text-single'><required/></field>".repeat(100),
        "<option label='o'><value>v</value></option>".repeat(400),
        format!("<value>{}</value>", "v".repeat(40_000)),
        format!("<field var='{}'/>", "n".repeat(5000)),
        "A".repeat(400_000),
        "<media xmlns='urn:xmpp:media-element'><uri type='image/png'>http://127.0.0.1/</uri></media>".to_owned(),
        "<media xmlns='urn:xmpp:media-element'><uri>cid:sha1+00@bob.xmpp.org</uri></media>".to_owned(),
        "<field var='SHA-256' label='ffffffffffffffff'><required/></field>".to_owned(),
        "<field var='answers' type='hidden'><value>18446744073709551615</value></field>".to_owned(),
        "<x xmlns='jabber:x:oob'><url>https://s3cr3t@x.example/</url></x>".to_owned(),
        "\u{202e}\u{0}\u{1b}[2J\u{feff}".to_owned(),
        "<![CDATA[<required/>]]>".to_owned(),
        "<!-- -- -->".to_owned(),
        "<?xml version='1.1'?>".to_owned(),
        "</query></iq>".to_owned(),
        "</stream:stream>".to_owned(),
        "<p:q/>".to_owned(),
    ];
    let words = ["<required/>", "type='error'", "type='hidden'", "type='list-multi'", "type='jid-single'", "var='ocr'"];
    parts.extend(words.map(str::to_owned));
    parts
}

/// A reply with pieces of it changed.
pub(crate) fn mutated(reply: &[u8], others: &[String], parts: &[String], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = reply.to_vec();
    for _ in 0..rng.random_range(1..=3) {
        let at = rng.random_range(0..=bytes.len());
        let end = rng.random_range(at..=bytes.len().min(at + 200));
        let piece = match rng.random_range(0..7) {
            0 => vec![rng.random()],
            1 => Vec::new(),
            2 => bytes[at..end].repeat(rng.random_range(2..50)),
            3 => others[rng.random_range(0..others.len())].as_bytes().to_vec(),
            _ => parts[rng.random_range(0..parts.len())].as_bytes().to_vec(),
        };
        // Between two elements as often as anywhere.
        let gap = bytes.windows(2).enumerate().skip(at).find(|(_, pair)| pair == b"><").map(|(gap, _)| gap + 1);
        match gap.filter(|_| rng.random()) {
            Some(gap) => drop(bytes.splice(gap..gap, piece)),
            None => drop(bytes.splice(at..end, piece)),
        }
    }
    bytes
}

/// Peak of the memory of the process, in KiB.
pub(crate) fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// As much as hostile replies may take beside honest ones: the test has nine megabytes of one itself, and copies them.
pub(crate) const MORE: usize = 96 * 1024;
