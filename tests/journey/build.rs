fn main() {
    cargo_clientset::build("clientset.toml");
}
