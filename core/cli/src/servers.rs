//! The server directory: an update of it, a list of the user's own, and a look at its servers, one after the other (`doctor --servers`).

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use flashpaper::{Engine, ServerProbe};
use serde_json::json;
use tokio::time::sleep;

use crate::exit::Failure;
use crate::output::{Output, Screen, route_text, with_type};
use crate::text::width;

/// Between two servers: nobody is in a hurry, and a relay is not to see them in one burst.
const PAUSE: Duration = Duration::from_secs(2);

/// More than any update or list has. What is behind it is not read: the engine refuses the file as too large.
const FILE_AT_MOST: u64 = 1024 * 1024;

/// Hands an update to the engine. With a private network it is checked, and not taken.
pub(crate) async fn update(engine: &Engine, output: &Output, file: &Path, is_private: bool) -> Result<(), Failure> {
    let update = read(file).map_err(|_| Failure::File("the update"))?;
    engine.update_directory(update).await?;
    output.object(&json!({ "type": "directory_update", "taken": !is_private }));
    output.line(if is_private {
        "the update is good; a private network keeps its own servers"
    } else {
        "the update is taken: its servers count from now on"
    });
    Ok(())
}

/// Hands a list of the user's own to the engine, or has it take the last one away. With a private network it is checked alone.
pub(crate) async fn set_own(
    engine: &Engine,
    output: &Output,
    file: Option<&Path>,
    is_private: bool,
) -> Result<(), Failure> {
    let list = file.map(read).transpose().map_err(|_| Failure::File("the list"))?;
    let is_taken = list.is_some() && !is_private;
    engine.set_own_servers(list).await?;
    output.object(&json!({ "type": "own_servers", "taken": is_taken }));
    output.line(match (file, is_private) {
        (None, _) => "there is no list of your own any more",
        (Some(_), true) => "the list is good; a private network keeps its own servers",
        (Some(_), false) => "the list is taken: its servers count from now on",
    });
    Ok(())
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(FILE_AT_MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file is written anew after each server, so that an end before the last loses nothing.
pub(crate) async fn servers(engine: &Engine, screen: &mut Screen<'_>, out: Option<&Path>) -> Result<(), Failure> {
    let output = screen.output;
    let domains = engine.known_servers();
    let widest = domains.iter().map(|domain| width(domain)).max().unwrap_or_default();
    let header = ["VIA", "TLS", "LOGIN", "REGISTRATION"].map(str::to_owned);
    output.line(&row("", ("SERVER", widest), &header, "SECONDS"));
    let mut probes = Vec::new();
    for (index, domain) in domains.iter().enumerate() {
        if index > 0 {
            sleep(PAUSE).await;
        }
        let count = format!("{}/{}", index + 1, domains.len());
        let probe = screen.during(&format!("{domain}, {count}"), engine.probe_server(domain)).await?;
        let mut object = with_type("server", &probe);
        (object["number"], object["of"]) = (json!(index + 1), json!(domains.len()));
        output.object(&object);
        let seconds = format!("{:7.2}", probe.took.as_secs_f64());
        output.line(&row(&count, (domain, widest), &cells(&probe), &seconds));
        probes.push(probe);
        if let Some(out) = out {
            write(out, &probes)?;
        }
    }
    tell(output, &probes)
}

/// Writes what was found. Before anything was, it shows whether it can.
pub(crate) fn write(out: &Path, probes: &[ServerProbe]) -> Result<(), Failure> {
    fs::write(out, ServerProbe::directory(probes)?).map_err(|_| Failure::Unwritable("--out"))
}

fn tell(output: &Output, probes: &[ServerProbe]) -> Result<(), Failure> {
    let count = |is: fn(&ServerProbe) -> bool| probes.iter().filter(|probe| is(probe)).count();
    let (reached, told) = (count(|probe| probe.via.is_some()), count(|probe| probe.registration.is_some()));
    output.object(&json!({
        "type": "directory", "servers": probes.len(), "reached": reached, "told": told,
        "file": ServerProbe::directory(probes)?,
    }));
    output.line(&format!("{} servers: {reached} reached, {told} told what they want", probes.len()));
    Ok(())
}

/// How a server was reached, whether its certificate and login are right, and what it wants for an account.
fn cells(probe: &ServerProbe) -> [String; 4] {
    let via = match probe.via {
        Some(route) if probe.onion_is_silent => format!("{}, not onion", route_text(route)),
        Some(route) => route_text(route).to_owned(),
        None => "-".to_owned(),
    };
    let yes = |is: bool| (if is { "ok" } else { "no" }).to_owned();
    let (tls, login) = match probe.via {
        None => ("-".to_owned(), "-".to_owned()),
        Some(_) if !probe.trusted => (yes(false), "-".to_owned()),
        Some(_) => (yes(true), yes(probe.safe_login)),
    };
    let needs = serde_json::to_value(probe.registration).unwrap_or_default();
    let needs = needs.as_str().map(str::to_owned).or_else(|| Some(probe.error.as_ref()?.to_string()));
    [via, tls, login, needs.unwrap_or_default()]
}

fn row(count: &str, (domain, widest): (&str, usize), [via, tls, login, needs]: &[String; 4], seconds: &str) -> String {
    let padding = " ".repeat(widest - width(domain).min(widest));
    format!("{count:>7} {domain}{padding} {via:<15} {tls:<3} {login:<5} {seconds} {needs}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_their_names() {
        let header = ["VIA", "TLS", "LOGIN", "REGISTRATION"].map(str::to_owned);
        let cells = ["exit, not onion", "ok", "no", "captcha"].map(str::to_owned);
        let rows = [
            row("", ("SERVER", 14), &header, "SECONDS"),
            row("1/12", ("jabber.example", 14), &cells, "  12.30"),
            row("12/12", ("\u{5bb6}.example", 14), &cells, "   1.00"),
        ];
        let at = |row: &str, text: &str| row.find(text).map(|at| width(&row[..at]));
        for row in &rows[1..] {
            for (name, cell) in [("VIA", "exit"), ("TLS", "ok"), ("LOGIN", "no "), ("REGISTRATION", "captcha")] {
                assert_eq!(at(&rows[0], name), at(row, cell), "{row}");
            }
        }
        assert_eq!(at(&rows[0], "SERVER"), at(&rows[1], "jabber"));
    }
}
