//! `cargo clientset`. All of it is in the library, so that tests and build scripts have the same.

fn main() -> std::process::ExitCode {
    cargo_clientset::main()
}
