//! A thousand resuming watches of one client: what they cost, and that each of them hears of everything.
//!
//! Memory is of a process, so the test runs in one of its own. The server's end of each watch is in it too.

use std::time::Duration;

use clientset::{Clientset, ResumingEvent};

use crate::faults::rig::{Http, Rig, map};

const WATCHES: usize = 1_000;
/// What a watch may take, in bytes.
const EACH: usize = 50_000;

/// What this process has in memory, in bytes; 0 where that cannot be asked.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

/// Whether this is the process in which only this test runs; where it is not, runs it there.
fn is_alone() -> bool {
    const ALONE: &str = "CLIENTSET_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = std::process::Command::new(std::env::current_exe().expect("this binary"));
    let test = "watching::many::a_thousand_resuming_watches_are_small_and_hear_of_everything";
    let output = command.args(["--exact", test, "--nocapture"]).env(ALONE, "1").output().expect("it starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}{err}");
    eprintln!("{err}");
    false
}

/// A task that follows; it tells when everything was listed and when the object of this name came, and then stays.
async fn follow(
    client: Clientset,
    name: &'static str,
    tell: tokio::sync::mpsc::UnboundedSender<&'static str>,
) {
    let mut watch = client.core_v1().config_maps("default").watch().resuming();
    while let Some(event) = watch.next().await {
        match event.expect("nobody has to act") {
            ResumingEvent::ListComplete => tell.send("complete").expect("the test waits"),
            ResumingEvent::Applied(object) if object.metadata.name.as_deref() == Some(name) => {
                tell.send("new").expect("the test waits");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_thousand_resuming_watches_are_small_and_hear_of_everything() {
    if !is_alone() {
        return;
    }
    let rig = Rig::new(Http::Two).await;
    let client = rig.direct();
    // Not so large that what is measured is what an allocator keeps of a moment in which a thousand events are under way.
    let small = "x".repeat(1000);
    client.core_v1().config_maps("default").create(&map("old", &small)).await.expect("it is made");
    let before = resident();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut followers = tokio::task::JoinSet::new();
    for _ in 0..WATCHES {
        followers.spawn(follow(client.clone(), "new", tell.clone()));
    }
    let mut all = async |what: &str| {
        for _ in 0..WATCHES {
            let next = tokio::time::timeout(Duration::from_secs(60), told.recv()).await;
            assert_eq!(next.expect("in time"), Some(what));
        }
    };
    all("complete").await;
    let listed = resident();
    client.core_v1().config_maps("default").create(&map("new", &small)).await.expect("it is made");
    all("new").await;
    let each = |now: usize| now.saturating_sub(before) / WATCHES;
    let (listed, heard) = (each(listed), each(resident()));
    eprintln!("{WATCHES} resuming watches: {listed} bytes each once all was listed, {heard} after an event");
    assert!(listed < EACH && heard < EACH, "{listed} and {heard} bytes");
}
