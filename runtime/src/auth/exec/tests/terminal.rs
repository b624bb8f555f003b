//! A plugin that asks, on a real terminal: this test runs itself with a pseudo-terminal for its standard input.

use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

const ON_TERMINAL: &str = "CLIENTSET_TEST_ON_TERMINAL";

#[test]
fn a_plugin_may_ask_the_user_on_a_real_terminal() {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = std::ffi::OsString::from_vec(ptsname(&ours, Vec::new()).unwrap().into_bytes());
    let mut terminal = File::options();
    let terminal = terminal.read(true).write(true).custom_flags(OpenptFlags::NOCTTY.bits() as i32);
    let run = |stdin: Stdio| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "auth::exec::tests::terminal::asks", "--nocapture"]);
        command.env(ON_TERMINAL, "1").stdin(stdin).stdout(Stdio::piped()).spawn().unwrap()
    };
    let child = run(terminal.open(name).unwrap().into());
    File::from(ours.try_clone().unwrap()).write_all(b"typed\n").unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(output.contains("IfAvailable: Bearer asked-typed"), "{output}");

    let output = run(Stdio::null()).wait_with_output().unwrap().stdout;
    let output = String::from_utf8(output).unwrap();
    assert!(output.contains("IfAvailable: Bearer not-asked-"), "{output}");
    assert!(output.contains("standard input is not a terminal"), "{output}");
}

/// What runs with another standard input; by itself it does nothing.
#[tokio::test]
async fn asks() {
    if std::env::var_os(ON_TERMINAL).is_none() {
        return;
    }
    let asked = TOKEN.replace("s3cr3t", "'$asked-$line'");
    let plugin = Plugin::new(&format!(
        "case \"$KUBERNETES_EXEC_INFO\" in *'\"interactive\":true'*) asked=asked ;; *) asked=not-asked ;; esac\n\
         read -r line\necho '{asked}'"
    ));
    let exec = |mode| exec(plugin.description().interactive_mode(mode));
    println!("IfAvailable: {}", header(&exec(InteractiveMode::IfAvailable)).await);
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        println!("Always: {}", exec(InteractiveMode::Always).presented().await.err().unwrap());
    }
}
