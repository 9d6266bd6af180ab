//! Changes of a burner's conversations that wait to be made, by the thread that asks for one or by another. One thread at a time
//! leads: it carries out all that waits. The others sleep until theirs is done, or until they are to lead.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use flashpaper_chat::Talk;

use crate::Error;
use crate::locks::lock;

pub(super) type Work = Box<dyn FnOnce(&mut Talk<'_>) + Send>;

/// What waits to be done.
#[derive(Default)]
pub(super) struct Jobs {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<(Work, Arc<Outcome>)>,
    is_led: bool,
}

impl Jobs {
    pub(super) fn are_waiting(&self) -> bool {
        !lock(&self.queue).waiting.is_empty()
    }

    /// Queues a job. Its thread leads only after it calls [`Jobs::lead`].
    pub(super) fn add(&self, work: Work) -> Arc<Outcome> {
        let outcome = Arc::new(Outcome::default());
        lock(&self.queue).waiting.push((work, Arc::clone(&outcome)));
        outcome
    }

    /// Waits until another thread has done a job, and gives nothing; or until this thread has to lead.
    pub(super) fn lead(&self, own: &Outcome) -> Option<Leading<'_>> {
        {
            let mut queue = lock(&self.queue);
            if own.result().is_some() {
                return None;
            }
            if !queue.is_led {
                queue.is_led = true;
                return Some(Leading { jobs: self, outcomes: Vec::new() });
            }
            own.stop_being_patient();
        }
        own.wait_to_lead().then(|| Leading { jobs: self, outcomes: Vec::new() })
    }
}

/// The right to carry out what waits. Dropped, it goes to a thread that waits for it.
pub(super) struct Leading<'a> {
    jobs: &'a Jobs,
    outcomes: Vec<Arc<Outcome>>,
}

impl Leading<'_> {
    /// All that waits by now.
    pub(super) fn take(&mut self) -> Vec<Work> {
        let waiting = std::mem::take(&mut lock(&self.jobs.queue).waiting);
        let (work, outcomes) = waiting.into_iter().unzip();
        self.outcomes = outcomes;
        work
    }

    /// Tells what became of what was taken.
    pub(super) fn end(mut self, result: &Result<(), Error>) {
        self.tell(result);
    }

    fn tell(&mut self, result: &Result<(), Error>) {
        self.outcomes.drain(..).for_each(|outcome| outcome.set(State::Done(result.clone())));
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        // Only after a panic is something left.
        self.tell(&Err(Error::Internal));
        let mut queue = lock(&self.jobs.queue);
        match queue.waiting.iter().find(|(_, outcome)| outcome.waits_to_lead()) {
            Some((_, next)) => next.set(State::Leads),
            None => queue.is_led = false,
        }
    }
}

enum State {
    /// Its thread waits for another thread to carry the job out, and does not lead.
    Patient,
    /// Its thread sleeps until the job is done, or until it is to lead.
    WaitsToLead,
    /// Its thread leads.
    Leads,
    /// The job was carried out, with this result.
    Done(Result<(), Error>),
}

/// What becomes of a job.
pub(super) struct Outcome {
    state: Mutex<State>,
    changed: Condvar,
}

impl Default for Outcome {
    fn default() -> Self {
        Self { state: Mutex::new(State::Patient), changed: Condvar::new() }
    }
}

impl Outcome {
    fn set(&self, state: State) {
        *lock(&self.state) = state;
        self.changed.notify_all();
    }

    /// What became of it, once that is known.
    pub(super) fn result(&self) -> Option<Result<(), Error>> {
        if let State::Done(result) = &*lock(&self.state) { Some(result.clone()) } else { None }
    }

    /// Waits until it is done, at most for so long.
    pub(super) fn wait(&self, patience: Duration) {
        let is_patient = |state: &mut State| matches!(state, State::Patient);
        drop(self.changed.wait_timeout_while(lock(&self.state), patience, is_patient).map_err(PoisonError::into_inner));
    }

    /// Its thread does not wait for another thread to take the job along any more.
    fn stop_being_patient(&self) {
        let state = &mut *lock(&self.state);
        // The one that leads may have done it just now.
        if matches!(state, State::Patient) {
            *state = State::WaitsToLead;
        }
    }

    fn waits_to_lead(&self) -> bool {
        matches!(*lock(&self.state), State::WaitsToLead)
    }

    /// Waits until it is done; or until its thread is to lead: then it says so.
    fn wait_to_lead(&self) -> bool {
        let waits = |state: &mut State| matches!(state, State::WaitsToLead);
        let state = self.changed.wait_while(lock(&self.state), waits).unwrap_or_else(PoisonError::into_inner);
        matches!(*state, State::Leads)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::thread;

    use super::*;

    /// Leads if it has to; how many jobs it has carried out, or nothing when another has done its own.
    fn take_part(jobs: &Jobs, held: Duration) -> Option<usize> {
        let own = jobs.add(Box::new(|_| ()));
        let led = jobs.lead(&own).map(|mut leading| {
            let work = leading.take();
            thread::sleep(held);
            leading.end(&Ok(()));
            work.len()
        });
        assert_eq!(own.result(), Some(Ok(())));
        led
    }

    #[test]
    fn each_job_is_carried_out_once_and_those_that_wait_gather() {
        let (jobs, led, done) = (Jobs::default(), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        if let Some(carried_out) = take_part(&jobs, Duration::from_millis(1)) {
                            led.fetch_add(1, Relaxed);
                            done.fetch_add(u32::try_from(carried_out).unwrap(), Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(done.load(Relaxed), 800);
        assert!(led.load(Relaxed) <= 400, "{led:?}");
        assert!(!jobs.are_waiting());
    }

    #[test]
    fn a_panic_of_the_thread_that_leads_ends_what_it_took_and_another_leads() {
        let jobs = Jobs::default();
        let taken = jobs.add(Box::new(|_| ()));
        let panicked = thread::scope(|scope| {
            let leads = || {
                let mut leading = jobs.lead(&taken).unwrap();
                leading.take();
                panic!("a bug");
            };
            scope.spawn(leads).join()
        });
        assert!(panicked.is_err());
        assert_eq!(taken.result(), Some(Err(Error::Internal)));
        assert_eq!(take_part(&jobs, Duration::ZERO), Some(1));
    }

    #[test]
    fn a_job_that_another_thread_is_to_take_along_is_not_led_before_its_time() {
        let jobs = Jobs::default();
        let patient = jobs.add(Box::new(|_| ()));
        let own = jobs.add(Box::new(|_| ()));
        drop(jobs.lead(&own));
        // It waits on, and leads when nobody has come.
        patient.wait(Duration::from_millis(1));
        assert_eq!(patient.result(), None);
        assert!(jobs.lead(&patient).is_some());
    }
}
