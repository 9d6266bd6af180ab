//! Stacks of threads: what is left there when calls have returned.

use std::hint::black_box;

/// How far down a stack is overwritten, bytes: of a runtime's thread, farther than any call goes; of an app's, which may be small, as far
/// as cryptography does.
const RUNTIME: usize = if cfg!(debug_assertions) { 1 << 20 } else { 1 << 17 };
const CALLERS: usize = 1 << 16;

/// Does something, and overwrites what that has left on the stack of this thread, which is one of a runtime. Keys may be among it, which no
/// destructor reaches.
pub(crate) fn leaving_no_stack<T>(work: impl FnOnce() -> T) -> T {
    let done = called(work);
    wipe_own_stack();
    done
}

/// [`leaving_no_stack`] on a thread of an app's.
pub(crate) fn leaving_no_callers_stack<T>(work: impl FnOnce() -> T) -> T {
    let done = called(work);
    wipe_stack::<CALLERS>();
    done
}

/// With variables of its own, which are gone on return.
#[inline(never)]
fn called<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn wipe_stack<const DEPTH: usize>() {
    black_box(&mut [0_u8; DEPTH]);
}

/// Of a runtime's thread.
pub(crate) fn wipe_own_stack() {
    wipe_stack::<RUNTIME>();
}
