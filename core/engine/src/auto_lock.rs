//! When an engine locks itself because nobody touches it: the state of that, without what it does. By the clock that counts the
//! device's sleep.

use std::sync::Mutex;
use std::time::Duration;

use crate::locks::lock;

/// How long an engine may be left alone, and since when it is.
pub(crate) struct AutoLock(Mutex<State>);

struct State {
    /// `None`: it never locks itself.
    after: Option<Duration>,
    /// When its user last did something; `None` while it is locked.
    touched: Option<Duration>,
    /// Counts the tasks that watched over the time: the last one alone still does.
    watch: u64,
}

impl AutoLock {
    /// Of an engine that is opened now. Off.
    pub(crate) const fn new(now: Duration) -> Self {
        Self(Mutex::new(State { after: None, touched: Some(now), watch: 0 }))
    }

    /// What sets it has touched the engine. `false`: it comes too late, and nothing is set.
    pub(crate) fn set(&self, after: Option<Duration>, now: Duration) -> bool {
        let mut state = lock(&self.0);
        let is_in_time = state.touch(now);
        if is_in_time {
            state.after = after;
        }
        is_in_time
    }

    /// The user does something. `false`: it comes too late.
    pub(crate) fn touch(&self, now: Duration) -> bool {
        lock(&self.0).touch(now)
    }

    /// The key was given: the time begins anew, whatever was before.
    pub(crate) fn opened(&self, now: Duration) {
        lock(&self.0).touched = Some(now);
    }

    pub(crate) fn locked(&self) {
        lock(&self.0).touched = None;
    }

    pub(crate) fn is_due(&self, now: Duration) -> bool {
        lock(&self.0).left(now) == Some(Duration::ZERO)
    }

    /// The number of a new task that watches over the time.
    pub(crate) fn watch(&self) -> u64 {
        let mut state = lock(&self.0);
        state.watch += 1;
        state.watch
    }

    /// How long that task has to wait; `None`: it is not needed any more.
    pub(crate) fn left(&self, watch: u64, now: Duration) -> Option<Duration> {
        let state = lock(&self.0);
        state.left(now).filter(|_| state.watch == watch)
    }
}

impl State {
    fn left(&self, now: Duration) -> Option<Duration> {
        let (after, touched) = (self.after?, self.touched?);
        Some(touched.saturating_add(after).saturating_sub(now))
    }

    fn touch(&mut self, now: Duration) -> bool {
        let is_late = self.left(now) == Some(Duration::ZERO);
        if !is_late && self.touched.is_some() {
            self.touched = Some(now);
        }
        !is_late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn each_touch_begins_the_time_anew_until_it_is_over() {
        let auto_lock = AutoLock::new(Duration::ZERO);
        let watch = auto_lock.watch();
        assert_eq!(auto_lock.left(watch, MINUTE), None, "off at first");
        assert!(auto_lock.set(Some(5 * MINUTE), MINUTE));
        assert_eq!(auto_lock.left(watch, MINUTE), Some(5 * MINUTE));
        assert!(auto_lock.touch(3 * MINUTE));
        assert_eq!((auto_lock.left(watch, 7 * MINUTE), auto_lock.is_due(7 * MINUTE)), (Some(MINUTE), false));
        assert!(auto_lock.is_due(8 * MINUTE) && !auto_lock.touch(8 * MINUTE) && auto_lock.is_due(8 * MINUTE));
        assert!(!auto_lock.set(None, 8 * MINUTE) && auto_lock.is_due(8 * MINUTE), "what is due stays so");
        auto_lock.opened(9 * MINUTE);
        assert_eq!(auto_lock.left(watch, 9 * MINUTE), Some(5 * MINUTE));
        assert_eq!((auto_lock.watch(), auto_lock.left(watch, 9 * MINUTE)), (watch + 1, None), "another task watches");
        assert!(auto_lock.set(None, 9 * MINUTE));
        assert!(!auto_lock.is_due(99 * MINUTE));
    }

    #[test]
    fn nothing_but_its_key_brings_a_locked_engine_back() {
        let auto_lock = AutoLock::new(Duration::ZERO);
        assert!(auto_lock.set(Some(MINUTE), Duration::ZERO));
        auto_lock.locked();
        auto_lock.touch(MINUTE);
        assert!(auto_lock.set(Some(MINUTE), MINUTE));
        assert_eq!((auto_lock.left(0, 9 * MINUTE), auto_lock.is_due(9 * MINUTE)), (None, false));
        auto_lock.opened(9 * MINUTE);
        assert_eq!(auto_lock.left(0, 9 * MINUTE), Some(MINUTE));
    }
}
