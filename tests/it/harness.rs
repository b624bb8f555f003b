//! What the tests on a real kube-apiserver share: the server's address and a namespace of one's own.
//!
//! It starts no server: `cargo xtask test` does, and tells by `CLIENTSET_TEST_KUBECONFIG`.

use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clientset::core::v1::Namespace;
use clientset::meta::v1::ObjectMeta;
use clientset::{Clientset, Config, Kubeconfig, Overrides};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::faults::canary;

/// Who uses the server: all tests at once, or one that has to be alone with it.
pub(crate) static TURNS: RwLock<()> = RwLock::const_new(());

/// The kubeconfig of the server under test, or `None` (said once, loudly) where there is none.
pub(crate) fn kubeconfig() -> Option<PathBuf> {
    let path = std::env::var_os("CLIENTSET_TEST_KUBECONFIG").map(PathBuf::from);
    if path.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "CLIENTSET_TEST_KUBECONFIG is not set: in CI the tests need the real control plane, run `cargo xtask test`"
        );
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            eprintln!(
                "SKIPPED: no real kube-apiserver; `cargo xtask test` starts one and runs these tests on it"
            );
        });
    }
    path
}

/// A configuration for one of the contexts of the test server: `admin`, `cert-admin` or `user`.
pub(crate) fn config(context: &str) -> Option<Config> {
    canary::watch();
    let kubeconfig = Kubeconfig::read(kubeconfig()?).expect("the kubeconfig of the test server");
    Some(kubeconfig.config_for(&Overrides::context(context)).expect("a context of the test server"))
}

/// A client and a namespace that no other test uses, as the server's administrator.
pub(crate) struct Sandbox {
    pub(crate) client: Clientset,
    pub(crate) namespace: String,
    _beside_others: RwLockReadGuard<'static, ()>,
}

impl Sandbox {
    /// A fresh namespace, or `None` where there is no server.
    pub(crate) async fn new(test: &str) -> Option<Sandbox> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let client = Clientset::new(config("admin")?).expect("a client");
        let beside_others = TURNS.read().await;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{}-{number}", test.replace('_', "-"), std::process::id());
        let namespace = Namespace {
            metadata: ObjectMeta { name: Some(name.clone()), ..Default::default() },
            ..Default::default()
        };
        client.core_v1().namespaces().create(&namespace).await.expect("a namespace for the test");
        Some(Sandbox { client, namespace: name, _beside_others: beside_others })
    }
}

/// Metadata with a name and nothing else.
pub(crate) fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..Default::default() }
}

/// Asks until the answer is there: what a server has learned, all of it knows a moment later.
pub(crate) async fn soon<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    asked.await.expect("the server says so within a minute")
}

/// The rest of the test is skipped where there is no server.
macro_rules! sandbox {
    ($test:literal) => {
        match $crate::harness::Sandbox::new($test).await {
            Some(sandbox) => sandbox,
            None => return,
        }
    };
}
pub(crate) use sandbox;
