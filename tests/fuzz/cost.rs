//! What hostile inputs cost: time and memory of the readers, at a size and at twice the size.
//!
//! A table for people and no test: `cargo run --release --bin cost`. What doubles is linear, what grows fourfold is not.

use std::time::{Duration, Instant};

use clientset::apiextensions::v1::CustomResourceDefinition;
use clientset::core::v1::{ConfigMap, Pod};
use clientset::runtime::codec;
use clientset::{Config, Frames, Quantity, RawJson};

fn main() {
    println!("{:44} {:>10} {:>10} {:>10} {:>6}", "what", "bytes", "time", "doubled", "ratio");
    row("map, keys in reverse order", 50_000, keys_reversed, |text| decode::<ConfigMap>(text));
    row("map, one key again and again", 50_000, key_repeated, |text| decode::<ConfigMap>(text));
    row("unknown members of one item", 50_000, one_item, restored);
    row("unknown members of items with keys", 20_000, |n| items("containers", n), restored);
    row("unknown members of equal items", 20_000, |n| items("tolerations", n), restored);
    row(
        "the same, the first item taken away",
        20_000,
        |n| items("tolerations", n),
        |text| {
            let mut pod: Pod = codec::from_str(text).expect("a pod");
            pod.spec.as_mut().and_then(|spec| spec.tolerations.as_mut()).expect("tolerations").remove(0);
            codec::encode_restoring(&pod).json.len()
        },
    );
    row(
        "items with keys, the first taken away",
        20_000,
        |n| items("containers", n),
        |text| {
            let mut pod: Pod = codec::from_str(text).expect("a pod");
            pod.spec.as_mut().expect("a spec").containers.remove(0);
            codec::encode_restoring(&pod).json.len()
        },
    );
    row("a list in each of 120 levels, large inside", 1 << 20, nested_lists, |text| {
        let crd: CustomResourceDefinition = codec::from_str(text).expect("a definition");
        codec::encode_restoring(&crd).json.len()
    });
    row("unknown members 240 levels down", 100_000, deep_unknown, |text| {
        let crd: CustomResourceDefinition = codec::from_str(text).expect("a definition");
        codec::encode_restoring(&crd).json.len()
    });
    row("a member that stands again and again", 50_000, member_repeated, |text| decode::<Pod>(text));
    row("escapes only", 500_000, |n| format!("\"{}\"", "\\u0041".repeat(n)), |text| decode::<String>(text));
    row("lists 250 deep, side by side", 4_000, side_by_side, |text| decode::<RawJson>(text));
    row("quantity, digits", 500_000, |n| "9".repeat(n), |text| quantity(text));
    row("quantity, binary", 500_000, |n| "9".repeat(n) + "Ki", |text| quantity(text));
    row("quantity, far apart", 500_000, |n| format!("1{}e2147483647", "0".repeat(n)), |text| quantity(text));
    row("float, digits", 500_000, |n| format!("0.{}", "7".repeat(n)), |text| decode::<f64>(text));
    row("watch, one line in chunks of 16", 4 << 20, |n| "x".repeat(n), frames);
    row("watch, blank lines", 4 << 20, |n| "\n".repeat(n), frames);
    for (what, piece) in [
        ("kubeconfig, list items", "- a\n"),
        ("kubeconfig, one flow list", "a,"),
        ("kubeconfig, quotes", "'' "),
        ("kubeconfig, comments", "#\n"),
        ("kubeconfig, keys", "? a\n"),
        ("kubeconfig, one line of text", "a "),
        ("kubeconfig, lines of text", "a\n\n"),
        ("kubeconfig, anchors", "- &a b\n"),
        ("kubeconfig, tags", "!!a "),
        ("kubeconfig, dashes", "- "),
        ("kubeconfig, colons", "a: "),
        ("kubeconfig, open lists", "[[],"),
        ("kubeconfig, tabs", "\t"),
        ("kubeconfig, documents", "---\n"),
        ("kubeconfig, directives", "%A\n"),
        ("kubeconfig, pairs in a flow list", "{a: b},"),
    ] {
        row(
            what,
            40_000,
            |n| start(what) + &piece.repeat(n),
            |text| Config::from_kubeconfig_str(text).map_or_else(|error| error.to_string().len(), |_| 0),
        );
    }
    match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => {
            println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default())
        }
        Err(_) => println!("no figure for memory on this system"),
    }
}

fn row(what: &str, size: usize, make: impl Fn(usize) -> String, read: impl Fn(&str) -> usize) {
    let (once, twice) = (make(size), make(2 * size));
    let (first, second) = (time(&once, &read), time(&twice, &read));
    let ratio = second.as_secs_f64() / first.as_secs_f64().max(1e-9);
    println!("{what:44} {:>10} {first:>10.2?} {second:>10.2?} {ratio:>6.1}", once.len());
}

fn time(text: &str, read: &impl Fn(&str) -> usize) -> Duration {
    let start = Instant::now();
    std::hint::black_box(read(text));
    start.elapsed()
}

fn decode<T: codec::Value + Default>(text: &str) -> usize {
    match codec::from_str::<T>(text) {
        Ok(value) => codec::to_string(&value).len(),
        Err(error) => error.to_string().len(),
    }
}

fn restored(text: &str) -> usize {
    let pod: Pod = codec::from_str(text).expect("a pod");
    let encoded = codec::encode_restoring(&pod);
    assert!(encoded.lost.is_empty());
    encoded.json.len()
}

fn quantity(text: &str) -> usize {
    let Ok(quantity) = text.parse::<Quantity>() else { return 0 };
    let one = Quantity::from_milli(1);
    let sum = &quantity + &one;
    quantity.canonical().len() + sum.canonical().len() + usize::from(sum > quantity)
}

fn frames(text: &str) -> usize {
    let (mut frames, mut count) = (Frames::default(), 0);
    for chunk in text.as_bytes().chunks(16) {
        frames.push(chunk);
        while let Some(Ok(_)) = frames.frame() {
            count += 1;
        }
    }
    count
}

fn keys_reversed(n: usize) -> String {
    let members: Vec<String> = (0..n).rev().map(|at| format!("\"{at:09}\":\"\"")).collect();
    format!("{{\"data\":{{{}}}}}", members.join(","))
}

fn key_repeated(n: usize) -> String {
    format!("{{\"data\":{{{}\"b\":\"\"}}}}", "\"c\":\"\",\"a\":\"\",".repeat(n))
}

fn one_item(n: usize) -> String {
    let unknown: String = (0..n).map(|at| format!("\"n{at}\":1,")).collect();
    let known = "{\"name\":\"e\"},".repeat(n);
    format!("{{\"spec\":{{\"containers\":[{{{unknown}\"env\":[{known}{{}}]}}]}}}}")
}

fn items(list: &str, n: usize) -> String {
    let items: Vec<String> =
        (0..n).map(|at| format!("{{\"name\":\"c{at}\",\"key\":\"c{at}\",\"new\":{{\"x\":{at}}}}}")).collect();
    format!("{{\"spec\":{{\"{list}\":[{}]}}}}", items.join(","))
}

fn nested_lists(n: usize) -> String {
    let inner = format!("{{\"description\":\"{}\",\"new\":1}}", "d".repeat(n));
    schema("{\"allOf\":[", 110, &inner, "]}")
}

fn deep_unknown(n: usize) -> String {
    let unknown: Vec<String> = (0..n).map(|at| format!("\"{at}\":1")).collect();
    schema("{\"not\":", 240, &format!("{{{}}}", unknown.join(",")), "}")
}

fn schema(open: &str, depth: usize, inner: &str, close: &str) -> String {
    format!(
        "{{\"spec\":{{\"versions\":[{{\"name\":\"v1\",\"schema\":{{\"openAPIV3Schema\":{}{inner}{}}}}}]}}}}",
        open.repeat(depth),
        close.repeat(depth)
    )
}

fn member_repeated(n: usize) -> String {
    let unknown: String = (0..n).map(|at| format!("\"n{at}\":1,")).collect();
    format!(
        "{{\"metadata\":{{{unknown}\"name\":\"x\"}},{}\"status\":{{}}}}",
        "\"spec\":{\"new\":1},".repeat(n)
    )
}

fn side_by_side(n: usize) -> String {
    let one = "[".repeat(250) + &"]".repeat(250);
    format!("[{}{one}]", format!("{one},").repeat(n))
}

fn start(what: &str) -> String {
    let open = if what.contains("flow") || what.contains("open") { "clusters: [" } else { "" };
    open.to_owned()
}
