//! The kubeconfig reader: any bytes give a configuration or an error that says where, and never a panic.

use clientset::{Environment, Kubeconfig, Overrides};

pub(super) fn check(data: &[u8]) {
    // What does not depend on the machine: no environment, no home, no service account.
    let kubeconfig = match Kubeconfig::parse(data) {
        Ok(kubeconfig) => kubeconfig.environment(Environment::empty()),
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with("kubeconfig from memory"), "{message}");
            return;
        }
    };
    let _ = format!("{kubeconfig:?}");
    shown(kubeconfig.config());
    for name in kubeconfig.context_names().take(8) {
        shown(kubeconfig.config_for(&Overrides::context(name)));
        assert!(kubeconfig.context(name).is_some());
    }
    for (cluster, user) in kubeconfig.cluster_names().zip(kubeconfig.user_names()).take(4) {
        shown(kubeconfig.config_for(&Overrides {
            cluster: Some(cluster.to_owned()),
            user: Some(user.to_owned()),
            ..Overrides::default()
        }));
    }
    assert_eq!(Kubeconfig::parse(data).map(|again| again.is_empty()).ok(), Some(kubeconfig.is_empty()));
}

fn shown(outcome: clientset::Result<clientset::Config>) {
    let shown = match outcome {
        Ok(config) => format!("{config:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    assert!(!shown.is_empty());
}
