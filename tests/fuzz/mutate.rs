//! A small generator of inputs: seeds that are cut, spliced and sprinkled with what is special to a format.
//!
//! Deterministic, so that a failure comes again. It knows nothing of coverage: that is libfuzzer's.

/// The longest input, but for what is nested on purpose.
const LONGEST: usize = 1 << 14;

/// Words that mean something to the readers, by target.
#[rustfmt::skip] // one word a line would be a page
const WORDS: [(&str, &[&str]); 10] = [
    ("codegen", &[
        "{", "}", "[", "]", ":", ",", "\"", "\n", "null", "true", "1", "-1", "\"type\"", "\"object\"",
        "\"array\"", "\"string\"", "\"$ref\"", "\"#/components/schemas/\"", "\"properties\"",
        "\"required\"", "\"enum\"", "\"allOf\"", "\"oneOf\"", "\"additionalProperties\"", "\"items\"",
        "\"x-kubernetes-group-version-kind\"", "\"Self\"", "\"\"", "\"../\"", "\"a/b\"", "\"\\u0000\"",
        "\"é\"", "kind: ", "plural: ", "group: ", "*/", "```", "r#", "fn", "crate",
    ]),
    ("codegen-crd", &[
        "{", "}", "[", "]", ": ", ", ", "\"", "'", "\n", "\n  ", "\n- ", "&a ", "*a", "<<: *a", "!!str ", "|\n", "---\n", "null",
        "yes", "0644", "-1", ".inf", "type: object", "type: array", "items: ", "properties: ", "enum: [a, 1, null]", "default: ",
        "required: [a]", "nullable: true", "additionalProperties: ", "x-kubernetes-preserve-unknown-fields: true",
        "x-kubernetes-int-or-string: true", "x-kubernetes-embedded-resource: true", "x-kubernetes-list-type: map", "anyOf: []",
        "description: ", "pattern: ", "format: byte", "```rust\n", "*/", "\"]}; fn pwn(){}", "r#", "../", "\\u202e", "\u{202e}", "\u{0}",
        "é", "con", "Self", "kind: ", "plural: ", "group: ", "served: false", "status: {}",
    ]),
    ("json", &[
        "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "\\u0000", "\\/", "\\x",
        "null", "true", "false", "nul", "NaN", "-", "0", "01", "-0", "1.", ".5", "1e", "1e5", "1e400",
        "1e-400", "1E+2", "1.0", "2147483648", "9223372036854775808", "-9223372036854775808",
        "123456789012345678901234567890", "0.1", " ", "\t", "\r\n", "\u{b}", "\u{0}", "\u{7f}", "\u{feff}",
        "\u{2028}", "é", "😀", "\"metadata\":", "\"spec\":", "\"status\":", "\"labels\":", "\"containers\":",
        "\"name\":", "\"items\":", "\"kind\":", "\"apiVersion\":", "\"new\":", "\"a\":1,", "{},", "[],",
        "null,", "\"x\"", "\"\"", "\"25%\"", "\"500m\"", "\"2024-06-01T10:00:00Z\"", "\"AAEC\"",
        "\"matchExpressions\":", "\"properties\":", "\"not\":", "\"allOf\":", "\"data\":", "\"limits\":",
        "\"finalizers\":",
    ]),
    ("kubeconfig", &[
        "\n", "\n  ", "\n- ", ": ", "- ", "? ", "&a ", "*a", "<<: ", "!!str ", "!t ", "|\n", ">-\n", "|2\n",
        "#", "---\n", "...\n", "%YAML 1.1\n", "{", "}", "[", "]", ",", "'", "\"", "\\x", "\t", "\r", "~",
        "null", "yes", "0x1f", "1e3", "\u{feff}", "\u{85}", "name: ", "cluster: ", "user: ", "server: ",
        "token: ", "exec: ", "command: ", "contexts:", "current-context: ", "certificate-authority-data: ",
        "insecure-skip-tls-verify: ", "proxy-url: ", "tls-server-name: ", "https://[::1]:99999/%",
        "namespace: ", "as-user-extra: ",
    ]),
    ("quantity", &[
        " ", "+", "-", ".", "0", "9", "000000000", "999999999", "e", "E", "e3", "e-9", "E+18",
        "e2147483647", "e-2147483648", "e9223372036854775807", "n", "u", "m", "k", "M", "G", "T", "P", "Ki",
        "Mi", "Gi", "Ti", "Pi", "Ei", "K", "i", "\"", "\\n", "1024", "9223372036854775807",
        "9223372036854775808", "\u{660}", "1e1e1",
    ]),
    ("server-body", &[
        "{", "}", "[", "]", ":", ",", "\"", "null", "true", "1", "-1", "1e400", "9223372036854775808", "\"\"",
        "\"metadata\":", "\"name\":\"a\"", "\"namespace\":\"default\"", "\"generateName\":", "\"uid\":",
        "\"resourceVersion\":", "\"finalizers\":", "\"ownerReferences\":", "\"managedFields\":",
        "\"deletionTimestamp\":", "\"labels\":", "\"annotations\":", "\"kind\":", "\"apiVersion\":",
        "\"spec\":", "\"status\":", "\"containers\":", "\"template\":", "\"selector\":", "\"versions\":",
        "\"openAPIV3Schema\":", "\"properties\":", "\"x-kubernetes-validations\":", "\"rule\":\"self.a > 0\"",
        "\"pattern\":\"(a*)*\"", "\"resources\":", "\"cpu\":\"1\"", "\"ports\":", "\"25%\"",
        "\"2024-06-01T10:00:00Z\"", "\n", "- ", ": ", "&a ", "*a", "<<: ", "\u{0}", "é", "😀", "k8s\u{0}",
    ]),
    ("server-patch", &[
        "{", "}", "[", "]", ":", ",", "\"", "null", "true", "0", "-1", "\"\"", "\"op\":\"add\"", "\"op\":\"move\"",
        "\"op\":\"copy\"", "\"op\":\"test\"", "\"op\":\"remove\"", "\"op\":\"replace\"", "\"path\":\"/\"",
        "\"path\":\"/spec/containers/0\"", "\"path\":\"/metadata/labels/-\"", "\"from\":\"/spec\"", "~0", "~1", "~2",
        "/-", "/0", "/99999999999999999999", "\"value\":", "\"$patch\":\"delete\"", "\"$patch\":\"replace\"",
        "\"$retainKeys\":", "\"$setElementOrder/containers\":", "\"$deleteFromPrimitiveList/finalizers\":",
        "\"name\":\"c\"", "\"metadata\":", "\"spec\":", "\"containers\":", "\"ports\":", "\"env\":", "\"data\":",
        "\"managedFields\":", "\"fieldsV1\":", "\"f:spec\":{}", "\"k:{\\\"name\\\":\\\"c\\\"}\":", "\"apiVersion\":\"v1\"",
        "\"kind\":\"Pod\"", "\"kind\":\"ConfigMap\"", "\"finalizers\":", "\"resourceVersion\":\"1\"", "\n", "- ", "é",
    ]),
    ("server-query", &[
        "/", "//", "/..", "/.", "%2F", "%", "%zz", "%00", "?", "&", "=", "==", "!=", ",", "(", ")", "<", ">", "!", " in ",
        "+notin+", "\\", "\\,", "GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS ", "/api/v1", "/apis",
        "/namespaces", "/default", "/pods", "/configmaps", "/a", "/status", "/scale", "/eviction", "/finalize", "/watch",
        "/apis/apps/v1/deployments", "/apis/fuzz.example.com/v1/namespaces/default/things", "/openapi/v3", "/openapi/v2",
        "/version", "/healthz", "/apis/authorization.k8s.io/v1", "watch=true", "limit=", "limit=1", "continue=",
        "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiJhIn0", "resourceVersion=", "resourceVersion=0",
        "resourceVersion=18446744073709551615", "resourceVersionMatch=Exact", "sendInitialEvents=true",
        "allowWatchBookmarks=true", "timeoutSeconds=1", "timeoutSeconds=9223372036854775807", "labelSelector=",
        "fieldSelector=metadata.name=", "dryRun=All", "fieldManager=", "fieldValidation=Strict", "force=true",
        "gracePeriodSeconds=-9223372036854775808", "propagationPolicy=Foreground", "orphanDependents=true", "pretty=true",
        "includeObject=Object", "\u{0}", "é", "a=b,",
    ]),
    ("time", &[
        "0000", "9999", "0001-01-01", "-", ":", "T", "t", "Z", "z", ".", ",", "+00:00", "-00:00", "+24:60",
        "-24:60", "+25:00", "24", "60", "23:59:60", "02-29", "02-30", "13", "00", "1", "999999999",
        "0000000000000", "\"", "null", " ", "\u{660}",
    ]),
    ("watch", &[
        "\n", "\r\n", "\n\n", " ", "\t", "{", "}", "\"type\":\"ADDED\",", "\"type\":\"ERROR\",",
        "\"type\":\"BOOKMARK\",", "\"object\":{}", "\"object\":null", "\"kind\":\"Status\"",
        "{\"type\":\"DELETED\",\"object\":{}}\n", "\u{0}",
        "                                                                 ", "é",
    ]),
];

/// Makes inputs of a target.
pub(super) struct Mutator<'a> {
    state: u64,
    seeds: &'a [Vec<u8>],
    words: &'static [&'static str],
}

impl<'a> Mutator<'a> {
    /// The same `seed`, target and seeds give the same inputs.
    pub(super) fn new(seed: u64, target: &str, seeds: &'a [Vec<u8>]) -> Self {
        let words = WORDS.iter().find(|(name, _)| *name == target).map_or(&[][..], |(_, words)| words);
        Mutator { state: seed, seeds, words }
    }

    /// The next input.
    pub(super) fn next_input(&mut self) -> Vec<u8> {
        let mut input = match self.below(8) {
            0 => self.sentence(),
            _ => self.seeds[self.below(self.seeds.len())].clone(),
        };
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    /// splitmix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.random() % limit.max(1) as u64) as usize
    }

    /// Words in a row.
    fn sentence(&mut self) -> Vec<u8> {
        let length = self.below(12);
        (0..length).flat_map(|_| self.word()).collect()
    }

    fn word(&mut self) -> Vec<u8> {
        let at = self.below(self.words.len());
        self.words.get(at).map_or(Vec::new(), |word| word.as_bytes().to_vec())
    }

    /// A short piece: most lie within a word or a member.
    fn piece(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 12 };
        start..(start + self.below(most + 1)).min(length)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let piece = self.piece(input.len());
        match self.below(9) {
            0 => _ = input.drain(piece),
            1 => {
                let word = self.word();
                input.splice(piece.start..piece.start, word);
            }
            2 => {
                let word = self.word();
                input.splice(piece, word);
            }
            3 => {
                let copy = input[piece].to_vec();
                let at = self.below(input.len() + 1);
                input.splice(at..at, copy);
            }
            4 => {
                let other = &self.seeds[self.below(self.seeds.len())].clone();
                let from = self.piece(other.len());
                input.splice(piece, other[from].iter().copied());
            }
            5 => {
                if let Some(byte) = input.get_mut(piece.start) {
                    *byte ^= 1 << (self.random() % 8);
                }
            }
            6 => {
                if let Some(byte) = input.get_mut(piece.start) {
                    *byte = self.random() as u8;
                }
            }
            7 => {
                // The same again and again: deep nesting, long numbers, many members.
                let times = [2, 9, 130, 300][self.below(4)];
                let copy = match self.below(2) {
                    0 => self.word(),
                    _ => input[piece.clone()].to_vec(),
                };
                let copy = copy.repeat(times);
                input.splice(piece.start..piece.start, copy);
            }
            _ => input.truncate(piece.start),
        }
    }
}
