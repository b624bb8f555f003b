//! One after another: what the machine does for what it is told. Against a server that fails in every way it is held in `model`.

mod model;

use std::time::Duration;

use super::*;

/// A machine, and the time.
struct Told(Machine, Duration);

impl Told {
    fn new() -> Self {
        Told(Machine::new(Settings::default(), None), Duration::ZERO)
    }

    /// In the middle of a watch that has listed everything at version 7.
    fn following() -> Self {
        let mut told = Told::new();
        assert_eq!(told.step(), "initial from \"\"");
        told.0.opened(told.1);
        told.0.event(Seen::Added, "5");
        assert_eq!(told.0.event(Seen::Bookmark { ends_initial: true }, "7"), Given::Complete);
        told.1 += Duration::from_secs(60);
        told
    }

    /// The next step, without waiting.
    fn step(&mut self) -> String {
        match self.0.next(false, || 0.5) {
            Step::Watch(plan) if plan.initial => format!("initial from {:?}", plan.version),
            Step::Watch(plan) => format!("watch from {:?}", plan.version),
            Step::List(plan) => format!("list {:?} {:?} {:?}", plan.version, plan.limit, plan.token),
            Step::Probe(plan) => format!("probe {:?}", plan.version),
            Step::Wait(wait) => {
                self.0.waited();
                self.1 += wait;
                format!("{} ms, {}", wait.as_millis(), self.step())
            }
            Step::Stop => "stop".to_owned(),
        }
    }

    fn fail(&mut self, cause: Cause) -> String {
        self.0.failed(cause, None, self.1);
        self.step()
    }
}

#[test]
fn each_failure_of_a_watch_leads_where_client_go_goes() {
    for (cause, expected) in [
        (Cause::Expired, "1200 ms, initial from \"7\""),
        (Cause::TooLarge, "1200 ms, initial from \"\""),
        (Cause::Unreachable, "1200 ms, watch from \"7\""),
        (Cause::Busy, "1200 ms, watch from \"7\""),
        (Cause::Broken, "1200 ms, watch from \"7\""),
        (Cause::Internal, "1200 ms, watch from \"7\""),
        (Cause::Refused, "1200 ms, watch from \"7\""),
        (Cause::Missing, "1200 ms, initial from \"\""),
        (Cause::TooLong, "1200 ms, list \"7\" None None"),
        (Cause::Never, "stop"),
    ] {
        assert_eq!(Told::following().fail(cause), expected, "{cause:?}");
    }
    let mut told = Told::following();
    told.0.ended(told.1);
    assert_eq!(told.step(), "watch from \"7\"", "an end in order is no failure");
}

#[test]
fn a_version_that_is_too_old_is_listed_anew_first_from_there_and_then_from_the_newest() {
    let mut told = Told::following();
    assert_eq!(told.fail(Cause::Expired), "1200 ms, initial from \"7\"");
    assert_eq!(told.fail(Cause::Expired), "initial from \"\"");
    assert_eq!(told.fail(Cause::Expired), "2400 ms, initial from \"\"", "and not in a circle without a wait");
}

#[test]
fn a_server_that_fails_in_itself_is_asked_again_for_a_while_and_then_listed() {
    let mut told = Told::following();
    let mut steps = Vec::new();
    for _ in 0..6 {
        steps.push(told.fail(Cause::Internal));
        if steps.last().is_some_and(|it| it.contains("watch")) {
            told.0.opened(told.1);
        }
    }
    assert_eq!(steps[0], "1200 ms, watch from \"7\"");
    assert_eq!(steps[3], "9600 ms, watch from \"7\"");
    assert_eq!(steps[5], "38400 ms, initial from \"7\"", "{steps:?}");
}

#[test]
fn very_short_watches_are_failures_and_the_second_leads_to_a_list() {
    let mut told = Told::following();
    told.0.ended(told.1);
    assert_eq!(told.step(), "watch from \"7\"");
    told.0.opened(told.1);
    told.0.ended(told.1 + Duration::from_millis(900));
    assert_eq!(told.step(), "1200 ms, watch from \"7\"");
    told.0.opened(told.1);
    told.0.ended(told.1 + Duration::from_millis(900));
    assert_eq!(told.step(), "2400 ms, initial from \"7\"");
}

#[test]
fn waits_grow_and_begin_anew_after_two_minutes_of_health() {
    let mut told = Told::following();
    for wait in [1200, 2400, 4800, 9600, 19200, 38400, 45000, 45000] {
        assert_eq!(told.fail(Cause::Busy), format!("{wait} ms, watch from \"7\""));
        told.0.opened(told.1);
    }
    told.1 += Duration::from_secs(121);
    assert_eq!(told.fail(Cause::Broken), "1200 ms, watch from \"7\"");
    told.0.failed(Cause::Busy, Some(Duration::from_secs(40)), told.1);
    assert_eq!(told.step(), "40000 ms, watch from \"7\"", "the server's word counts where it is longer");
    told.0.failed(Cause::Busy, Some(Duration::MAX), told.1);
    assert_eq!(told.step(), "60000 ms, watch from \"7\"", "and is not waited for without an end");
}

#[test]
fn servers_that_do_not_send_initial_events_are_listed_in_pages_and_remembered_once_that_worked() {
    let mut told = Told::new();
    told.step();
    assert!(!told.0.failed(Cause::Options, None, told.1), "there is another way first");
    assert_eq!(told.step(), "list \"\" Some(500) None");
    assert_eq!(told.0.page("7", Some("t".to_owned())), Paged::More);
    assert_eq!(told.step(), "list \"\" Some(500) Some(\"t\")");
    assert_eq!(told.fail(Cause::Busy), "1200 ms, list \"\" Some(500) Some(\"t\")", "the same page again");
    assert_eq!(told.0.page("7", None), Paged::Last { remember: true });
    assert_eq!(told.step(), "watch from \"7\"");

    let mut told = Told::new();
    told.step();
    told.fail(Cause::Options);
    assert!(told.0.failed(Cause::Options, None, told.1), "it is the selector that is wrong");
}

#[test]
fn pages_that_expire_lead_to_one_full_list() {
    let mut told = Told::new();
    told.0.settings_mut().by_pages = true;
    assert_eq!(told.step(), "list \"\" Some(500) None");
    told.0.page("7", Some("t".to_owned()));
    told.step();
    assert_eq!(told.fail(Cause::Expired), "list \"\" None None");
    assert!(told.0.is_first_page(), "what was listed does not count");
}

#[test]
fn a_token_that_comes_again_is_no_endless_list() {
    let mut told = Told::new();
    told.0.settings_mut().by_pages = true;
    for (token, paged) in [("a", Paged::More), ("b", Paged::More), ("a", Paged::Circle)] {
        told.step();
        assert_eq!(told.0.page("7", Some(token.to_owned())), paged);
    }
    assert_eq!(told.fail(Cause::Refused), "1200 ms, list \"\" Some(500) None");
}

#[test]
fn initial_events_without_an_end_are_given_up_and_do_not_advance_the_version() {
    let mut told = Told::new();
    told.step();
    told.0.opened(told.1);
    told.0.event(Seen::Added, "900");
    told.0.event(Seen::Bookmark { ends_initial: false }, "950");
    assert_eq!(told.0.version(), "");
    assert_eq!((told.0.silent(), told.0.silent()), (Silence::Warn, Silence::Warn));
    assert_eq!(told.0.silent(), Silence::GiveUp);
    assert_eq!(told.step(), "list \"\" Some(500) None");

    let mut told = Told::new();
    for expected in ["1200 ms, initial from \"\"", "2400 ms, list \"\" Some(500) None"] {
        if told.step().starts_with("initial") {
            told.0.opened(told.1);
        }
        told.0.event(Seen::Added, "900");
        told.0.ended(told.1 + Duration::from_secs(5));
        assert_eq!(told.step(), expected);
        told.0.waited();
    }
}

#[test]
fn a_silent_watch_after_a_failure_is_checked_against_the_server() {
    let mut told = Told::following();
    assert_eq!(told.0.patience(), None, "a healthy watch may be silent");
    told.fail(Cause::Unreachable);
    told.0.opened(told.1);
    assert_eq!(told.0.patience(), Some(Duration::from_secs(30)));
    assert_eq!(told.0.silent(), Silence::GiveUp);
    assert_eq!(told.step(), "probe \"7\"");
    assert_eq!(told.fail(Cause::TooLarge), "initial from \"\"", "the server went back in time");

    let mut told = Told::following();
    told.fail(Cause::Unreachable);
    told.0.opened(told.1);
    told.0.silent();
    told.step();
    assert!(!told.0.failed(Cause::Refused, None, told.1), "who may watch need not be able to list");
    assert_eq!(told.step(), "watch from \"7\"");
    told.0.opened(told.1);
    assert_eq!(told.0.patience(), None);
}

#[test]
fn a_given_version_is_where_it_begins_and_zero_is_none() {
    let from = |version: &str| {
        Told(Machine::new(Settings::default(), Some(version.to_owned())), Duration::ZERO).step()
    };
    assert_eq!(from("5"), "watch from \"5\"");
    assert_eq!((from("0"), from("")), ("initial from \"\"".to_owned(), "initial from \"\"".to_owned()));
}

#[test]
fn connections_are_kept_for_five_to_ten_minutes() {
    let seconds = |chance: f64| match Told::new().0.next(false, || chance) {
        Step::Watch(plan) => plan.timeout_seconds,
        other => panic!("{other:?}"),
    };
    assert_eq!((seconds(0.0), seconds(0.999)), (300, 599));
}
