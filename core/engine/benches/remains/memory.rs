//! A search through the memory of another process, and through a folder.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use aho_corasick::AhoCorasick;
use rustix::process::{Pid, Signal, kill_process};

use crate::forms::Forms;
use crate::{Counts, Done};

/// How much is read at a time.
const CHUNK: usize = 1 << 22;
const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// Does something while all threads of a process stand still.
pub(crate) fn while_stopped<T>(pid: Pid, work: impl FnOnce() -> Done<T>) -> Done<T> {
    kill_process(pid, Signal::STOP)?;
    let begin = Instant::now();
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    while !fs::read_to_string(&path)?.contains(") T ") {
        if begin.elapsed() > STOPS_WITHIN {
            return Err("the process does not stop".into());
        }
        sleep(Duration::from_millis(5));
    }
    let done = work();
    kill_process(pid, Signal::CONT)?;
    done
}

/// A search for some forms.
pub(crate) struct Search {
    automaton: AhoCorasick,
    /// The form of each pattern.
    forms: Vec<String>,
    longest: usize,
}

impl Search {
    pub(crate) fn new(forms: &Forms) -> Done<Self> {
        let patterns = || forms.iter().flat_map(|(form, patterns)| patterns.iter().map(move |pattern| (form, pattern)));
        Ok(Self {
            automaton: AhoCorasick::new(patterns().map(|(_, pattern)| pattern))?,
            forms: patterns().map(|(form, _)| form.to_owned()).collect(),
            longest: patterns().map(|(_, pattern)| pattern.len()).max().unwrap_or_default(),
        })
    }

    /// How often each form is in the memory of a process, which stands still meanwhile. `tells`: where it is goes to standard error.
    pub(crate) fn memory(&self, pid: Pid, tells: bool) -> Done<Counts> {
        let process = format!("/proc/{}", pid.as_raw_nonzero());
        while_stopped(pid, || {
            let (maps, memory) =
                (fs::read_to_string(format!("{process}/maps"))?, File::open(format!("{process}/mem"))?);
            let mut counts = self.zero();
            for line in maps.lines() {
                let range = line.split([' ', '-']).take(2).map(|at| u64::from_str_radix(at, 16));
                let [begin, end] = range.collect::<Result<Vec<_>, _>>()?[..] else { return Err("maps".into()) };
                let place = line.split_once(' ').map_or("", |(_, rest)| rest);
                self.region(&memory, begin..end, |form, at| {
                    *counts.entry(form.to_owned()).or_default() += 1;
                    if tells {
                        eprintln!("  {form} at {at:x}, {} behind the begin of {place}", at - begin);
                    }
                })?;
            }
            Ok(counts)
        })
    }

    fn region(&self, memory: &File, range: std::ops::Range<u64>, mut found: impl FnMut(&str, u64)) -> Done {
        let (mut buffer, mut at) = (vec![0; CHUNK + self.longest], range.start);
        while at < range.end {
            let wanted = usize::try_from(range.end - at)?.min(buffer.len());
            let read = match memory.read_at(&mut buffer[..wanted], at) {
                // Pages that the kernel gives to nobody, as those of devices: on to the next.
                Ok(0) => 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => 0,
                Ok(read) => read,
            };
            if read == 0 {
                at += 4096;
                continue;
            }
            // What begins in the part that is read again is found then.
            let whole = read < wanted || at + read as u64 == range.end;
            let own = if whole { read } else { CHUNK.min(read) };
            let matches = self.automaton.find_overlapping_iter(&buffer[..read]);
            matches
                .filter(|it| it.start() < own)
                .for_each(|it| found(&self.forms[it.pattern()], at + it.start() as u64));
            at += own as u64;
        }
        Ok(())
    }

    /// How often each form is in the files of a folder, and in their names. There may be none.
    pub(crate) fn folder(&self, folder: &Path, tells: bool) -> Done<Counts> {
        let mut counts = self.zero();
        if !folder.exists() {
            return Ok(counts);
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let content = if path.is_dir() {
                super::add(&mut counts, self.folder(&path, tells)?);
                Vec::new()
            } else {
                fs::read(&path)?
            };
            for found in
                [name.as_bytes(), &content].iter().flat_map(|bytes| self.automaton.find_overlapping_iter(bytes))
            {
                let form = &self.forms[found.pattern()];
                *counts.entry(form.clone()).or_default() += 1;
                if tells {
                    eprintln!("  {form} in {}", path.display());
                }
            }
        }
        Ok(counts)
    }

    fn zero(&self) -> Counts {
        self.forms.iter().map(|form| (form.clone(), 0)).collect()
    }
}
