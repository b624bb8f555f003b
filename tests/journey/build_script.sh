# In the crate of the journey: a build script generates when an input changes, and only then.
cp "$CLIENTSET/tests/journey/build.rs" .
cargo add --quiet --build --path "$CLIENTSET/codegen/cli" --no-default-features cargo-clientset
cargo clientset generate --check
cargo build --quiet

sed 's/ready: {type: boolean}/ready: {type: boolean}\n                weight: {type: number}/' crds/widget.yaml > changed
mv changed crds/widget.yaml
cargo build --quiet
grep -q 'pub weight: Option<f64>' src/crds/example/v1/widget.rs
cargo clientset generate --check

cargo build 2>&1 | tee built
if grep Compiling built; then echo 'error: what was up to date was compiled again' >&2; exit 1; fi

sed 's/type: number/type: count/' crds/widget.yaml > changed
mv changed crds/widget.yaml
if cargo build --quiet 2> built; then echo 'error: a mistake in a CRD did not fail the build' >&2; exit 1; fi
grep 'crds/widget.yaml:[0-9]*:[0-9]*: error' built
