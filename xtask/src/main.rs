//! `cargo xtask`: all automation and all IO of this repository, one file a command under `commands/`.
//!
//! It never links the generated crate: broken output must not kill the tool that repairs it, so generated code
//! runs in child cargo processes only.

mod bench;
mod clients;
mod commands;
mod control_plane;
mod corpus;
mod failure;
mod files;
mod generate;
mod journey;
mod process;
mod progress;
mod quickstart;
mod specs;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Automation of the clientset repository.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    after_help = "\
First time here?
  cargo xtask quickstart              see the generator and the typed clients work, with nothing but Rust
  cargo xtask test                    run every test; with Go installed also on a real kube-apiserver

Working on the generator:
  cargo xtask generate                write generated/ from specs/
  cargo xtask generate --check        only say what would change
  cargo xtask diff OLD NEW            what changed between two specification folders, breaking changes marked
  cargo xtask corpus DIR              a folder of CRDs and objects through the generator, the compiler and the types

An API server without any of that, for kubectl or your program:
  cargo xtask serve                   the embedded one of the tests, in memory, until Ctrl-C

A real Kubernetes control plane on loopback ports, from Go modules (no containers, no root):
  cargo xtask control-plane start     then: export KUBECONFIG=\"$(cargo xtask control-plane kubeconfig)\"

`cargo xtask COMMAND --help` explains each command with examples."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Quickstart(commands::quickstart::Quickstart),
    Generate(commands::generate::Generate),
    Diff(commands::diff::Diff),
    Specs(commands::specs::Specs),
    ControlPlane(commands::control_plane::ControlPlane),
    Test(commands::test::Test),
    Conformance(commands::conformance::Conformance),
    Serve(commands::serve::Serve),
    ServerData(commands::server_data::ServerData),
    Bench(bench::Bench),
    Corpus(commands::corpus::Corpus),
    Ci(commands::ci::Ci),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Quickstart(command) => command.run(),
        Command::Generate(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Specs(command) => command.run(),
        Command::ControlPlane(command) => command.run(),
        Command::Test(command) => command.run(),
        Command::Conformance(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::ServerData(command) => command.run(),
        Command::Bench(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Corpus(command) => command.run(),
        Command::Ci(command) => command.run(),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
