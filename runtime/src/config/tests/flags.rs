//! The flags of `kubectl`, as clap reads them.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    kubernetes: Flags,
}

fn flags(args: &[&str]) -> Flags {
    Cli::try_parse_from([&["program"], args].concat()).unwrap_or_else(|error| panic!("{error}")).kubernetes
}

fn kubeconfig() -> String {
    fixtures().join("contexts/config").display().to_string()
}

#[test]
fn the_flags_are_those_of_kubectl_and_mean_what_overrides_mean() {
    let flags = flags(&[
        "--kubeconfig",
        &kubeconfig(),
        "--context=dev",
        "--cluster=prod",
        "--user=basic",
        "-n",
        "namespaces/web",
        "-s=https://flag.example.com",
        "--tls-server-name=inside",
        "--insecure-skip-tls-verify",
        "--token=s3cr3t-flag",
        "--as=jane",
        "--as-uid=7",
        "--as-group=a",
        "--as-group",
        "b,c",
        "--as-user-extra=shift=night",
        "--as-user-extra=shift=late=r",
        "--proxy-url=socks5://me:s3cr3t@proxy:1080",
        "--disable-compression=false",
        "--request-timeout=1m30s",
    ]);
    assert!(!format!("{flags:?}").contains("s3cr3t"), "{flags:?}");
    let config = flags.config_in(&Environment::empty()).unwrap();
    assert_eq!(config.server_url(), "https://flag.example.com");
    assert_eq!(config.namespace(), "web");
    assert_eq!(config.tls().server_name.as_deref(), Some("inside"));
    assert!(config.tls().insecure && config.tls().ca.is_none() && !config.compression_disabled());
    assert_eq!(config.credentials().token.as_ref().unwrap().expose_secret(), "s3cr3t-flag");
    assert_eq!(config.proxy(), Some("socks5://me:s3cr3t@proxy:1080"));
    assert_eq!(config.request_timeout_value(), Some(Duration::from_secs(90)));
    let who = config.impersonation.as_ref().unwrap();
    assert_eq!(
        (who.user.as_str(), who.uid.as_deref(), who.groups.as_slice()),
        ("jane", Some("7"), &["a".into(), "b,c".into()][..])
    );
    assert_eq!(who.extra["shift"], ["night", "late=r"]);
}

#[test]
fn the_other_credentials_have_flags_too() {
    let ca = fixtures().join("contexts/pki/ca.crt").display().to_string();
    let config = |args: &[&str]| flags(args).config_in(&Environment::empty()).unwrap();
    let files = config(&[
        "--kubeconfig",
        &kubeconfig(),
        "--certificate-authority",
        &ca,
        "--client-certificate",
        &ca,
        "--client-key",
        &ca,
    ]);
    let path = |source: &PemSource| source.path().map(|path| path.display().to_string());
    assert_eq!(path(files.tls().ca.as_ref().unwrap()).as_ref(), Some(&ca));
    assert_eq!(path(&files.tls().identity.as_ref().unwrap().1).as_ref(), Some(&ca));
    let basic = config(&["--kubeconfig", &kubeconfig(), "--username=me", "--password=s3cr3t"]);
    let (user, password) = basic.credentials().basic.as_ref().unwrap();
    assert_eq!((user.as_str(), password.expose_secret()), ("me", "s3cr3t"));
    // As kubectl: without a limit.
    let unlimited = config(&["--kubeconfig", &kubeconfig(), "--request-timeout=0"]);
    assert_eq!(unlimited.request_timeout_value(), None);
}

#[test]
fn without_flags_a_configuration_is_inferred_and_empty_flags_are_none() {
    for args in [&[][..], &["--context=", "--kubeconfig=", "--token=", "--server=", "-n", ""]] {
        let environment = Environment::empty().var("KUBECONFIG", kubeconfig());
        let config = flags(args).config_in(&environment).unwrap();
        assert_eq!((config.server_url(), config.namespace()), ("https://dev.example.com:6443/prefix", "web"));
    }
    let error = flags(&[]).config_in(&Environment::empty()).unwrap_err();
    assert!(error.is_config_not_found(), "{error}");
    let error = flags(&["--kubeconfig=/none"]).config_in(&Environment::empty()).unwrap_err();
    assert!(error.to_string().contains("/none: cannot be read"), "{error}");
    assert!(error.is_config_not_found() && error.is_config(), "{error}");
    let folder = flags(&["--kubeconfig=/"]).config_in(&Environment::empty()).unwrap_err();
    assert!(folder.is_config() && !folder.is_config_not_found(), "it is there: {folder}");
}

#[test]
fn what_cannot_be_meant_is_said_while_the_flags_are_parsed() {
    for (args, expected) in [
        (&["--request-timeout=soon"][..], "is not a duration"),
        (&["--as-user-extra=shift"], "write KEY=VALUE"),
        (&["--insecure-skip-tls-verify=maybe"], "possible values: true, false"),
        (&["--insecure-skip-tls-verify", "true"], "unexpected argument"),
    ] {
        let error = Cli::try_parse_from([&["program"], args].concat()).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{args:?}: {error}");
    }
    let help = Cli::try_parse_from(["program", "--help"]).map(drop).unwrap_err().to_string();
    for flag in ["--kubeconfig <FILE>", "-n, --namespace <NAME>", "-s, --server <URL>", "--as <USER>"] {
        assert!(help.contains(flag), "{help}");
    }
}
