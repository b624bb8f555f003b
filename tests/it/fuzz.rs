//! The fuzz targets on fixed seeds: a short, repeatable run of each in every test run, and all that was ever found.
//!
//! The targets for libfuzzer, which look far longer, are in `tests/fuzz`; how a short run goes is in its `short.rs`.

#[path = "../fuzz/bodies.rs"]
mod bodies;
#[path = "../fuzz/mutate.rs"]
mod mutate;
#[path = "../fuzz/short.rs"]
mod short;

use bodies::check;

fn targets() -> impl Iterator<Item = &'static str> {
    bodies::TARGETS.into_iter().map(|(target, _)| target)
}

// Generating code is a thousand times dearer than reading a number.

#[test]
fn codegen_never_panics_on_hostile_documents() {
    short::short_run(check, "codegen", 120);
}

#[test]
fn packages_of_hostile_crds_parse_or_say_why_not() {
    short::short_run(check, "codegen-crd", 400);
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    short::short_run(check, "json", 8000);
}

#[test]
fn kubeconfigs_of_any_bytes_give_an_answer() {
    short::short_run(check, "kubeconfig", 2000);
}

#[test]
fn what_plugins_print_is_a_credential_or_an_error_that_repeats_nothing() {
    short::short_run(check, "exec-credential", 10_000);
}

#[test]
fn quantities_keep_their_laws() {
    short::short_run(check, "quantity", 15_000);
}

#[test]
fn x3_streams_end_whatever_a_server_sends() {
    short::short_run(check, "streams", 4000);
}

#[test]
fn times_come_back_as_they_were() {
    short::short_run(check, "time", 15_000);
}

#[test]
fn watch_frames_do_not_depend_on_where_the_network_cuts() {
    short::short_run(check, "watch", 10_000);
}

#[test]
fn what_was_found_stays_fixed() {
    let found = short::run_what_was_found(check, targets());
    assert!(found > 0, "fixtures are in tests/fixtures/fuzz");
}

#[test]
fn every_target_runs_here_and_for_libfuzzer() {
    let here = include_str!("fuzz.rs");
    for target in targets() {
        assert!(here.contains(&format!("short_run(check, \"{target}\",")), "{target} runs here");
    }
    short::assert_is_there_for_libfuzzer(targets());
}
