//! The build script of the journey.

fn main() {
    cargo_clientset::build("clientset.toml");
}
