//! A consumer that does with the events what `ResumingEvent` says, and what the tests ask of it.

use std::collections::BTreeMap;
use std::time::Duration;

use clientset::core::v1::ConfigMap;
use clientset::{Backoff, Entity, Error, ResumingEvent, ResumingWatch};
use clientset_testserver::{On, TestServer, Verb, on};

use crate::faults::rig::Rig;

/// Waits are so many times shorter: the first is 40 ms, and the server may be silent for 1.5 s.
pub(crate) const HASTE: u32 = 20;

/// Objects by namespace and name: the uid and the version of each.
pub(crate) type State = BTreeMap<String, (String, String)>;

/// A store that follows a server.
pub(crate) struct Follower<T> {
    pub(crate) watch: ResumingWatch<T>,
    pub(crate) known: State,
    pub(crate) coming: State,
    /// Everything that came, as text.
    pub(crate) log: Vec<String>,
    pub(crate) errors: Vec<Error>,
}

/// The key of an object, and what is kept of it.
pub(crate) fn entry<T: Entity>(object: &T) -> (String, (String, String)) {
    let metadata = object.metadata();
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    let key = format!("{}/{}", text(metadata.namespace()), text(metadata.name()));
    (key, (text(metadata.uid()), text(metadata.resource_version())))
}

impl<T: Entity + std::fmt::Debug> Follower<T> {
    pub(crate) fn new(watch: ResumingWatch<T>) -> Self {
        let watch = watch.hastened(HASTE);
        Follower { watch, known: State::new(), coming: State::new(), log: Vec::new(), errors: Vec::new() }
    }

    /// One event.
    pub(crate) async fn step(&mut self) {
        let text = match self.watch.next().await.expect("it does not end") {
            Ok(ResumingEvent::ListStarted) => {
                self.coming.clear();
                "started".to_owned()
            }
            Ok(ResumingEvent::Listed(object)) => {
                let (key, value) = entry(&object);
                let text = format!("listed {key}");
                self.coming.insert(key, value);
                text
            }
            Ok(ResumingEvent::ListComplete) => {
                self.known = std::mem::take(&mut self.coming);
                "complete".to_owned()
            }
            Ok(ResumingEvent::Applied(object)) => {
                let (key, value) = entry(&object);
                let text = format!("applied {key}");
                self.known.insert(key, value);
                text
            }
            Ok(ResumingEvent::Deleted(object)) => {
                let (key, _) = entry(&object);
                self.known.remove(&key);
                self.coming.remove(&key);
                format!("deleted {key}")
            }
            Ok(ResumingEvent::Unreadable(object)) => {
                format!("unreadable {}", object.name.as_deref().unwrap_or("?"))
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => {
                let text = format!("error {}", error.http_status().unwrap_or_default());
                self.errors.push(error);
                text
            }
        };
        self.log.push(text);
    }

    /// Goes on until `done`, which is also asked while nothing comes.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
            while !done(self) {
                let left = tokio::time::Instant::now() < deadline;
                assert!(left, "{caller}: no {what}: {:?} {:#?}", self.log, self.watch);
                let _ = tokio::time::timeout(Duration::from_millis(20), self.step()).await;
            }
        }
    }

    /// Goes on until all that is there was listed.
    pub(crate) async fn until_complete(&mut self) {
        self.until("complete list", |it| it.log.iter().any(|line| line == "complete")).await;
    }
}

impl Follower<ConfigMap> {
    /// Follows the ConfigMaps of `default` through the proxy.
    pub(crate) fn of(rig: &Rig) -> Self {
        Follower::new(rig.client().core_v1().config_maps("default").watch().resuming())
    }

    /// Goes on until the store equals what the server has now. Nothing may change meanwhile.
    pub(crate) async fn until_equal(&mut self, rig: &Rig) {
        let now = state(rig).await;
        self.until("equal store", |it| it.known == now).await;
    }
}

/// What the server has.
pub(crate) async fn state(rig: &Rig) -> State {
    let maps = rig.direct().core_v1().config_maps("default");
    let list = maps.list().limit(LOOK).await.expect("a list");
    list.items.iter().map(entry).collect()
}

/// By this limit the lists of the tests themselves are told apart.
const LOOK: u32 = 9999;

/// The queries of all watches and lists of ConfigMaps so far, oldest first, without the time limit, which is by chance.
pub(crate) fn asked(server: &TestServer) -> Vec<String> {
    let dropped = ["timeoutSeconds=", "allowWatchBookmarks=", "resourceVersionMatch="];
    let all = server.requests();
    let asked = all.iter().filter(|it| {
        it.resource == "configmaps"
            && [Verb::Watch, Verb::List].contains(&it.verb)
            && it.query != format!("limit={LOOK}")
    });
    asked
        .map(|it| {
            let parts = it.query.split('&').filter(|part| !dropped.iter().any(|it| part.starts_with(it)));
            parts.collect::<Vec<_>>().join("&")
        })
        .collect()
}

/// Watches of ConfigMaps.
pub(crate) fn watches() -> On {
    on(Verb::Watch).resource("configmaps")
}

/// Waits that tests can afford, where they are not hastened.
pub(crate) fn brief() -> Backoff {
    Backoff::new(Duration::from_millis(20), Duration::from_millis(200))
}
