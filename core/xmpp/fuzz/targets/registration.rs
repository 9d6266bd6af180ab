//! A server's answers to somebody who registers.
#![no_main]

use flashpaper_xmpp::fuzzing;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
}

fuzz_target!(|bytes: &[u8]| {
    for step in 0..4 {
        let came = RUNTIME.with(|runtime| runtime.block_on(fuzzing::register(step, bytes)));
        assert!(!came.contains('<'), "nothing of a server's is printed");
    }
});
