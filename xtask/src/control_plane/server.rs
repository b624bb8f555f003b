//! One running control plane: starting etcd, kube-apiserver and, if wanted, kube-controller-manager as children,
//! waiting until they are ready, ending them. Who asks for it and for how long is not known here.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::credentials::{self, Paths};
use super::{Release, build, gomodule, kubeconfig};
use crate::failure::{Context, Failure, Result};
use crate::progress::{Step, seconds};
use crate::{files, process, workspace};

/// How long a start may take before it counts as failed. Far above the 15 seconds that are promised, so that a
/// busy machine is reported as slow and not as broken.
const DEADLINE: Duration = Duration::from_secs(90);
/// What is promised.
const PROMISED: Duration = Duration::from_secs(15);
/// Between two looks at a starting server.
const PAUSE: Duration = Duration::from_millis(50);

/// Every API and every gate: enums and alpha fields appear in the OpenAPI documents only so.
pub(crate) const EVERYTHING: [&str; 2] =
    ["--runtime-config=api/all=true", "--feature-gates=AllAlpha=true,AllBeta=true"];

/// What to start.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) release: Release,
    /// Also kube-controller-manager, with these controllers: its flag `--controllers`, where `*` are all.
    pub(crate) controllers: Option<String>,
    /// Also the kubelet of our own: pods bound to the node `node-0` run.
    pub(crate) kubelet: bool,
}

/// The controllers without which objects that are deleted stay: those of owners, and of namespaces.
pub(crate) const CLEANERS: &str = "garbage-collector-controller,namespace-controller";

/// A running control plane; dropping it ends it.
pub(crate) struct Server {
    children: Vec<Running>,
    /// The multi-call binary.
    pub(crate) binary: PathBuf,
    /// The kubeconfig with the contexts `admin`, `cert-admin` and `user`.
    pub(crate) kubeconfig: PathBuf,
    /// `https://127.0.0.1:PORT`.
    pub(crate) url: String,
}

struct Running {
    program: &'static str,
    child: Child,
    /// The program ends with this pipe, so it ends even when this process is killed.
    lifeline: Option<ChildStdin>,
    log: PathBuf,
}

impl Server {
    /// Builds if needed, starts, waits for `/readyz`. Everything it writes is in `folder`, which is emptied first.
    pub(crate) fn start(options: &Options, folder: &Path) -> Result<Self> {
        let binary = build::ensure(options.release)?;
        let step = Step::begin(format!("starting Kubernetes {}", options.release));
        let begun = Instant::now();
        let mut attempt = 1;
        let server = loop {
            match Self::attempt(options, &binary, folder) {
                // A port was free when it was chosen and taken when it was used.
                Err(_) if attempt < 3 && port_was_taken(folder) => attempt += 1,
                outcome => break outcome?,
            }
        };
        step.done(&server.url);
        if begun.elapsed() > PROMISED {
            eprintln!("    (slow: more than {} to get ready)", seconds(PROMISED));
        }
        Ok(server)
    }

    fn attempt(options: &Options, binary: &Path, folder: &Path) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)
                .context(|| format!("cannot empty {}", workspace::shown(folder)))?;
        }
        files::make_folder(folder)?;
        let (secrets, paths) = credentials::make(folder)?;
        let [etcd, peers, port] = free_ports()?;
        let url = format!("https://127.0.0.1:{port}");
        let mut server = Self {
            children: Vec::new(),
            binary: binary.to_path_buf(),
            kubeconfig: folder.join("kubeconfig"),
            url,
        };
        files::write_secret(&server.kubeconfig, kubeconfig::text(&server.url, &secrets).as_bytes())?;

        let deadline = Instant::now() + DEADLINE;
        server.spawn("etcd", &etcd_flags(folder, etcd, peers), folder)?;
        // kube-apiserver waits a whole second before it tries a missing etcd again.
        server.await_port(etcd, deadline)?;
        // Tests make it forget old versions, which no API of the server does.
        files::write_secret(&folder.join("etcd.url"), format!("http://127.0.0.1:{etcd}").as_bytes())?;
        files::write_if_changed(&folder.join(EGRESS), egress().as_bytes())?;
        server.spawn("kube-apiserver", &apiserver_flags(options, &paths, etcd, port), folder)?;
        server.await_port(port, deadline)?;
        while server.get("/readyz").is_err() {
            server.check(deadline)?;
            sleep(PAUSE);
        }
        if let Some(controllers) = &options.controllers {
            let flags = controller_flags(controllers, &server.kubeconfig, &paths);
            server.spawn("kube-controller-manager", &flags, folder)?;
        }
        if options.kubelet {
            let binary = kubelet(options.release)?;
            server.spawn_from(&binary, KUBELET, &kubelet_flags(&server.kubeconfig, &paths), folder)?;
            let log = folder.join("kubelet.log");
            while !std::fs::read_to_string(&log).is_ok_and(|log| log.lines().any(|line| line == "ready")) {
                server.check(deadline)?;
                sleep(PAUSE);
            }
        }
        Ok(server)
    }

    fn spawn(&mut self, program: &'static str, flags: &[String], folder: &Path) -> Result<()> {
        self.spawn_from(&self.binary.clone(), program, flags, folder)
    }

    fn spawn_from(
        &mut self,
        binary: &Path,
        program: &'static str,
        flags: &[String],
        folder: &Path,
    ) -> Result<()> {
        let log = folder.join(format!("{program}.log"));
        // Both streams through one file: opened twice, they would write over each other.
        let said = File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
        let (out, errors) = said.context(|| format!("cannot write {}", workspace::shown(&log)))?;
        let mut command = Command::new(binary);
        command
            .arg(program)
            .args(flags)
            .env("CONTROLPLANE_END_WITH_STDIN", "1")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(errors);
        let mut child = command.spawn().context(|| format!("cannot run `{}`", process::shown(&command)))?;
        let lifeline = child.stdin.take();
        self.children.push(Running { program, child, lifeline, log });
        Ok(())
    }

    fn await_port(&mut self, port: u16, deadline: Instant) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while TcpStream::connect_timeout(&address, PAUSE).is_err() {
            self.check(deadline)?;
            sleep(PAUSE);
        }
        Ok(())
    }

    fn check(&mut self, deadline: Instant) -> Result<()> {
        self.alive()?;
        if Instant::now() < deadline {
            return Ok(());
        }
        let last = self.children.last().map(Running::last_words).unwrap_or_default();
        Err(Failure::new(format!("the control plane is not ready after {}\n{last}", seconds(DEADLINE))))
    }

    /// Fails with the last words of a program that has ended.
    pub(crate) fn alive(&mut self) -> Result<()> {
        for running in &mut self.children {
            if let Ok(Some(status)) = running.child.try_wait() {
                let (program, last) = (running.program, running.last_words());
                return Err(Failure::new(format!("{program} ended with {status}\n{last}")));
            }
        }
        Ok(())
    }

    /// GETs a path as the administrator, with the kubectl of the same binary.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.binary);
        command
            .args(["kubectl", "--request-timeout=30s", "--kubeconfig"])
            .arg(&self.kubeconfig)
            .args(["get", "--raw", path]);
        process::output(&mut command)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The API server first: it complains at length about an etcd that is gone.
        for running in self.children.iter_mut().rev() {
            drop(running.lifeline.take());
            if running.program == KUBELET {
                // It ends by itself, after the processes of its containers, which nobody else knows.
                let deadline = Instant::now() + Duration::from_secs(5);
                while matches!(running.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                    sleep(PAUSE);
                }
            }
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

impl Running {
    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        process::tail(&text, 15)
    }
}

fn port_was_taken(folder: &Path) -> bool {
    ["etcd.log", "kube-apiserver.log"].iter().any(|name| {
        std::fs::read_to_string(folder.join(name)).is_ok_and(|log| log.contains("address already in use"))
    })
}

/// Ports that nobody listens on, all different.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::new();
    for port in &mut ports {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
            *port = listener.local_addr()?.port();
            Ok(listener)
        });
        held.push(bound.context(|| "cannot find a free port on 127.0.0.1".to_owned())?);
    }
    Ok(ports)
}

fn etcd_flags(folder: &Path, port: u16, peers: u16) -> Vec<String> {
    let (url, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peers}"));
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
        format!("--listen-client-urls={url}"),
        format!("--advertise-client-urls={url}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
    ]
}

fn apiserver_flags(options: &Options, paths: &Paths, etcd: u16, port: u16) -> Vec<String> {
    let mut flags: Vec<String> = EVERYTHING.iter().map(|&flag| flag.to_owned()).collect();
    flags.extend([
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        // Without these two it looks for an address of the machine, and there may be none.
        "--advertise-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--egress-selector-config-file={EGRESS}"),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        format!("--kubelet-certificate-authority={}", paths.ca.display()),
        format!("--kubelet-client-certificate={}", paths.kubelet_client_certificate.display()),
        format!("--kubelet-client-key={}", paths.kubelet_client_key.display()),
        format!("--tls-cert-file={}", paths.server_certificate.display()),
        format!("--tls-private-key-file={}", paths.server_key.display()),
        format!("--client-ca-file={}", paths.ca.display()),
        format!("--token-auth-file={}", paths.tokens.display()),
        "--authorization-mode=RBAC".to_owned(),
        format!("--service-account-key-file={}", paths.service_account_public_key.display()),
        format!("--service-account-signing-key-file={}", paths.service_account_key.display()),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--allow-privileged=true".to_owned(),
    ]);
    if !options.controllers.as_deref().is_some_and(makes_service_accounts) {
        // Nobody makes the default service accounts, and the plugin would wait for them.
        flags.push("--disable-admission-plugins=ServiceAccount".to_owned());
    }
    flags
}

/// In the run folder, which is where the API server runs.
const EGRESS: &str = "egress.json";

/// What is sent to nodes, pods and services goes to the socket of the kubelet, if there is one. The API server refuses to
/// proxy to loopback addresses, so nodes and pods have addresses that exist only behind that socket; and nothing that
/// runs programs listens on a port. Webhooks with a URL are not concerned.
fn egress() -> String {
    let config = serde_json::json!({
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{
            "name": "cluster",
            "connection": {
                "proxyProtocol": "HTTPConnect",
                // Relative, since the path of a socket has at most 100 characters.
                "transport": {"uds": {"udsName": "egress.sock"}},
            },
        }],
    });
    format!("{config:#}\n")
}

const KUBELET: &str = "kubelet";

/// The program with the kubelet of our own: that of the newest release, where a release is too old to have one.
pub(crate) fn kubelet(release: Release) -> Result<PathBuf> {
    build::ensure(if gomodule::has_kubelet(release) { release } else { Release::newest()? })
}

fn kubelet_flags(kubeconfig: &Path, paths: &Paths) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--client-ca-file={}", paths.ca.display()),
        "--tls-cert-file=kubelet.crt".to_owned(),
        "--tls-private-key-file=kubelet.key".to_owned(),
    ]
}

/// Whether the flag `--controllers` has the one that every pod waits for.
fn makes_service_accounts(controllers: &str) -> bool {
    let mut all = controllers.split(',').map(str::trim);
    all.clone().any(|it| it == "serviceaccount-controller")
        || (all.clone().any(|it| it == "*") && all.all(|it| it != "-serviceaccount-controller"))
}

fn controller_flags(controllers: &str, kubeconfig: &Path, paths: &Paths) -> Vec<String> {
    vec![
        format!("--controllers={controllers}"),
        // Of its own it asks 20 times a second; a namespace that ends takes four times that.
        "--kube-api-qps=1000".to_owned(),
        "--kube-api-burst=1000".to_owned(),
        format!("--kubeconfig={}", kubeconfig.display()),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        "--use-service-account-credentials=false".to_owned(),
        format!("--service-account-private-key-file={}", paths.service_account_key.display()),
        format!("--root-ca-file={}", paths.ca.display()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_accounts_are_made_by_all_controllers_or_by_theirs() {
        for (controllers, expected) in [
            ("*", true),
            ("serviceaccount-controller,namespace-controller", true),
            ("*,-serviceaccount-controller", false),
            (CLEANERS, false),
        ] {
            assert_eq!(makes_service_accounts(controllers), expected, "{controllers}");
        }
    }

    #[test]
    fn free_ports_differ() {
        let [a, b, c] = free_ports().unwrap();
        assert!(a != b && b != c && a != c && a != 0);
    }
}
