//! The tables of `data/` that a running kube-apiserver tells: made from one, and held against what is there.
//!
//! `cargo xtask server-data` runs this on a control plane of its own with every API and gate on; without a server it does nothing.
//! What is made where is said in the README of this crate.

#[path = "../../it/conformance/runner/mod.rs"]
mod runner;

mod facts {
    pub(crate) mod ask;
    pub(crate) mod columns;
    pub(crate) mod discovery;
    pub(crate) mod documents;
    pub(crate) mod health;
}

use std::io::Read as _;
use std::path::Path;

use facts::ask::Real;
use flate2::Compression;
use flate2::read::GzDecoder;

fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    if path.extension().is_none_or(|it| it != "gz") {
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut text = String::new();
    // What cannot be unpacked is written anew.
    let _ = GzDecoder::new(bytes.as_slice()).read_to_string(&mut text);
    text
}

fn write(path: &Path, text: &str) {
    use std::io::Write as _;
    let bytes = if path.extension().is_some_and(|it| it == "gz") {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(text.as_bytes()).and_then(|()| packed.finish()).expect("memory takes all")
    } else {
        text.as_bytes().to_vec()
    };
    std::fs::write(path, bytes).expect("the table can be written");
}

/// The first line that differs.
fn difference(name: &str, old: &str, new: &str) -> String {
    let (mut old, mut new) = (old.lines(), new.lines());
    loop {
        let (one, other) = (old.next(), new.next());
        if one != other || one.is_none() {
            let short = |it: Option<&str>| it.unwrap_or("(nothing)").chars().take(300).collect::<String>();
            return format!("{name}:\n- {}\n+ {}\n", short(one), short(other));
        }
    }
}

#[tokio::test]
async fn tables_are_what_a_kube_apiserver_tells() {
    let Some(kubeconfig) = std::env::var_os("CLIENTSET_SERVER_DATA") else {
        println!("skipped: there is no server to ask; `cargo xtask server-data` has one");
        return;
    };
    let real = Real::new(Path::new(&kubeconfig)).unwrap_or_else(|error| panic!("{error}"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let resources = facts::discovery::table(&real, &read(&folder.join("resources.tsv"))).await;
    let (schemas, documents) = facts::documents::tables(&real, &resources).await;
    let made = [
        ("columns.tsv", facts::columns::table(&real, &resources).await),
        ("deprecations.tsv", facts::discovery::deprecations(&real, &resources).await),
        ("health.tsv", facts::health::table(&real).await),
        ("openapi.gz", documents),
        ("resources.tsv", resources),
        ("schemas.tsv", schemas),
    ];
    let mut differences = String::new();
    for (name, text) in made {
        let path = folder.join(name);
        let old = read(&path);
        if old == text {
            continue;
        }
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            write(&path, &text);
            println!("{name} is new");
        } else {
            differences += &difference(name, &old, &text);
        }
    }
    assert!(differences.is_empty(), "`cargo xtask server-data` would change:\n{differences}");
}
