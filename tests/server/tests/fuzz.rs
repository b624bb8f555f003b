//! The fuzz targets of this server on fixed seeds: a short run of each that is the same every time, and all that was ever found.
//!
//! The targets for libfuzzer, which look far longer, are in `tests/fuzz` of the repository; how a short run goes is in its `short.rs`.

#[path = "../../fuzz/mutate.rs"]
mod mutate;
#[path = "../../fuzz/server.rs"]
mod server;
#[path = "../../fuzz/short.rs"]
mod short;

use server::{TARGETS, check};

#[test]
fn bodies_of_any_bytes_are_answered() {
    short::short_run(check, "server-body", 100);
}

#[test]
fn patches_of_any_bytes_are_answered() {
    short::short_run(check, "server-patch", 200);
}

#[test]
fn lines_of_any_bytes_are_answered() {
    short::short_run(check, "server-query", 2000);
}

#[test]
fn what_was_found_stays_fixed() {
    short::run_what_was_found(check, TARGETS);
}

#[test]
fn every_target_is_there_for_libfuzzer() {
    short::assert_is_there_for_libfuzzer(TARGETS);
}
