//! What processes do by themselves while nobody asks anything of them, seen from outside: how often their threads are
//! woken, what goes through their TCP sockets, and what memory they hold.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{LabError, Result};

/// How often is looked. What a thread or a socket does between the last look and its end is not seen; threads that have
/// nothing to do live longer (tokio's for 10 s), and so do connections to relays.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A look at some processes, to count from.
#[derive(Debug)]
pub struct Watch {
    pids: Vec<u32>,
    begin: Instant,
    before: Look,
}

impl Watch {
    /// Begins to count.
    ///
    /// # Errors
    /// A process has ended; `ss` of iproute2 is missing.
    pub fn begin(pids: &[u32]) -> Result<Self> {
        Ok(Self { pids: pids.to_vec(), begin: Instant::now(), before: Look::at(pids)? })
    }

    /// Goes on for so long; what has happened since the beginning.
    ///
    /// # Errors
    /// A process has ended.
    pub fn end_after(self, window: Duration) -> Result<Activity> {
        let end = Instant::now() + window;
        let mut last = Look::at(&self.pids)?;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            std::thread::sleep(left.min(LOOK_EVERY));
            // What is gone keeps the count that it had last.
            let Look { threads, sockets } = Look::at(&self.pids)?;
            last.threads.extend(threads);
            last.sockets.extend(sockets);
        }
        let mut woken = BTreeMap::new();
        for (id, (name, count)) in last.threads {
            let count = count.saturating_sub(self.before.threads.get(&id).map_or(0, |(_, before)| *before));
            if count > 0 {
                *woken.entry(name).or_default() += count;
            }
        }
        let bytes = |(ends, count): (&String, &u64)| count.saturating_sub(*self.before.sockets.get(ends).unwrap_or(&0));
        Ok(Activity {
            time: self.begin.elapsed(),
            woken,
            sockets: last.sockets.len(),
            bytes: last.sockets.iter().map(bytes).sum(),
        })
    }

    /// The memory that is the processes' own, in bytes: heaps and stacks, without code. The size of code is a matter of
    /// optimisation, and the system can drop code at any time.
    ///
    /// # Errors
    /// A process has ended.
    pub fn memory(pids: &[u32]) -> Result<u64> {
        let own = |pid: &u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
            number(&text, "Pss_Anon:").map(|kib| kib * 1024)
        };
        pids.iter().map(own).sum()
    }
}

/// What happened in a while.
#[derive(Debug, Clone)]
pub struct Activity {
    /// How long that was.
    pub time: Duration,
    /// How often threads were woken, by their names; those that were not are not here.
    pub woken: BTreeMap<String, u64>,
    /// TCP sockets that there were.
    pub sockets: usize,
    /// What went through them, both ways, without headers.
    pub bytes: u64,
}

impl Activity {
    /// How often all threads together were woken.
    #[must_use]
    pub fn wakeups(&self) -> u64 {
        self.woken.values().sum()
    }
}

/// Counts since the beginning of each thread and socket.
#[derive(Debug)]
struct Look {
    /// By process and thread: name and wake-ups.
    threads: BTreeMap<(u32, String), (String, u64)>,
    /// By both ends: bytes.
    sockets: BTreeMap<String, u64>,
}

impl Look {
    fn at(pids: &[u32]) -> Result<Self> {
        let mut threads = BTreeMap::new();
        for pid in pids {
            for task in fs::read_dir(format!("/proc/{pid}/task"))? {
                let task = task?;
                // A thread may end while it is looked at.
                let Ok(status) = fs::read_to_string(task.path().join("status")) else { continue };
                // Nothing is as idle as a process that has ended and was not waited for.
                if status.contains("\nState:\tZ") {
                    return Err(LabError::new(format!("process {pid} has ended")));
                }
                let name = status.lines().find_map(|line| line.strip_prefix("Name:")).unwrap_or_default();
                // As often as it went to sleep by itself. To be preempted is a matter of what else the machine does, and
                // does not happen to a thread that sleeps.
                let count = number(&status, "voluntary_ctxt_switches:")?;
                let thread = task.file_name().to_string_lossy().into_owned();
                threads.insert((*pid, thread), (name.trim().to_owned(), count));
            }
        }
        Ok(Self { threads, sockets: sockets(pids)? })
    }
}

/// The TCP sockets of processes, listening ones too: both ends, and the bytes that went through.
fn sockets(pids: &[u32]) -> Result<BTreeMap<String, u64>> {
    let output = Command::new("ss").args(["-tanpiHO"]).output();
    let output = output.map_err(|e| LabError::new(format!("cannot start ss of iproute2: {e}")))?;
    if !output.status.success() {
        return Err(LabError::new(format!("ss: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let own = |line: &&str| pids.iter().any(|pid| line.contains(&format!(",pid={pid},")));
    Ok(text.lines().filter(own).map(read_socket).collect())
}

/// `ESTAB 0 0 LOCAL PEER users:(("name",pid=1,fd=2)) … bytes_sent:3 bytes_acked:3 bytes_received:4 …`
fn read_socket(line: &str) -> (String, u64) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ends = words.get(3..5).unwrap_or_default().join(" ");
    let counts = ["bytes_sent:", "bytes_received:"];
    let count = |word: &&str| counts.iter().find_map(|name| word.strip_prefix(name)?.parse::<u64>().ok());
    (ends, words.iter().filter_map(count).sum())
}

/// The first word behind `key` at the beginning of a line.
fn number(text: &str, key: &str) -> Result<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key));
    let word = rest.and_then(|rest| rest.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).ok_or_else(|| LabError::new(format!("the kernel does not tell {key}")))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::process::Stdio;

    use super::*;

    #[test]
    fn what_wakes_is_counted_and_what_sleeps_is_not() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut say = || {
            input.write_all(b"x").unwrap();
            output.read_exact(&mut [0]).unwrap();
            // It falls asleep again.
            std::thread::sleep(Duration::from_millis(200));
        };
        say();
        let watch = Watch::begin(&[child.id()]).unwrap();
        (0..5).for_each(|_| say());
        let awake = watch.end_after(Duration::ZERO).unwrap();
        assert_eq!((awake.woken, awake.sockets), (BTreeMap::from([("cat".to_owned(), 5)]), 0));
        let asleep = Watch::begin(&[child.id()]).unwrap().end_after(Duration::from_millis(1100)).unwrap();
        assert_eq!(asleep.wakeups(), 0);
        child.kill().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(Watch::begin(&[child.id()]).is_err(), "it is dead, not asleep");
        child.wait().unwrap();
    }

    #[test]
    fn bytes_both_ways_are_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.write_all(&[7; 1000]).unwrap();
        far.read_exact(&mut [0; 1000]).unwrap();
        far.write_all(&[7; 10]).unwrap();
        near.read_exact(&mut [0; 10]).unwrap();
        let (here, there) = (near.local_addr().unwrap(), near.peer_addr().unwrap());
        let own = sockets(&[std::process::id()]).unwrap();
        assert_eq!([own.get(&format!("{here} {there}")), own.get(&format!("{there} {here}"))], [Some(&1010); 2]);
        assert_eq!(own.get(&format!("{there} 0.0.0.0:*")), Some(&0));
    }

    #[test]
    fn memory_is_what_is_held() {
        let script = "read line; x=$(head -c 30000000 /dev/zero | tr '\\0' x); echo; read line";
        let mut child =
            Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let before = Watch::memory(&[child.id()]).unwrap();
        child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let after = Watch::memory(&[child.id()]).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(after - before > 29_000_000, "{before} {after}");
    }
}
