//! The `Accept` header: read and held against what can be had.
//!
//! Two readers, as in the real server: a coarse one in front that knows media types only, and the one that knows parameters.

/// One wish of an `Accept` header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clause {
    pub(super) main: String,
    pub(super) sub: String,
    pub(super) parameters: Vec<(String, String)>,
    quality: f64,
}

impl Clause {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(it, _)| it == name).map(|(_, it)| it.as_str())
    }

    /// Whether this clause means a type: `application/json` by name or by wildcard.
    pub(super) fn means(&self, main: &str, sub: &str) -> bool {
        (self.main == main && (self.sub == sub || self.sub == "*")) || (self.main == "*" && self.sub == "*")
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(' ')
}

/// The wishes, the dearest first; what cannot be read is no wish.
pub(super) fn parse(header: &str) -> Vec<Clause> {
    let mut all: Vec<Clause> = header.split(',').filter_map(|part| clause(trim(part))).collect();
    // An insertion sort that stops early, because that is the order which the real server's comparison leads to.
    for end in 1..all.len() {
        let mut at = end;
        while at > 0 && before(&all[at], &all[at - 1]) {
            all.swap(at, at - 1);
            at -= 1;
        }
    }
    all
}

fn before(one: &Clause, other: &Clause) -> bool {
    one.quality > other.quality
        || (one.main != "*" && other.main == "*")
        || (one.sub != "*" && other.sub == "*")
}

fn clause(part: &str) -> Option<Clause> {
    let (media, rest) = part.split_once(';').unwrap_or((part, ""));
    let (main, sub) = media.split_once('/').unwrap_or((media, ""));
    let (main, sub) = (trim(main), trim(sub));
    let sub = match (main, sub) {
        ("*", "") => "*",
        (_, "") => return None,
        (_, sub) if sub.contains('/') => return None,
        (_, sub) => sub,
    };
    let mut clause =
        Clause { main: main.to_owned(), sub: sub.to_owned(), parameters: Vec::new(), quality: 1.0 };
    for pair in rest.split(';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        if value.is_empty() || value.contains('=') {
            continue;
        }
        match trim(name) {
            "q" => clause.quality = value.parse().unwrap_or(0.0),
            name => clause.parameters.push((name.to_owned(), trim(value).to_owned())),
        }
    }
    Some(clause)
}

/// The reader in front: whether any type is on offer, whatever its parameters and its quality.
pub(super) fn passes(header: &str, offered: &[&str]) -> bool {
    let mut all = header.split(',').map(|it| trim(it.split(';').next().unwrap_or_default()));
    header.is_empty() || all.any(|it| it == "*/*" || offered.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_come_in_the_order_of_their_quality() {
        let cases = [
            (
                "text/html, application/json;q=0.5, application/yaml;q=0.9",
                "text/html application/yaml application/json",
            ),
            ("*/*, application/json", "application/json */*"),
            ("application/*;q=1, application/json;q=0.1", "application/json application/*"),
            ("a/b/c, *, x, application/json", "application/json */*"),
            ("", ""),
        ];
        for (header, expected) in cases {
            let all: Vec<String> = parse(header).iter().map(|it| format!("{}/{}", it.main, it.sub)).collect();
            assert_eq!(all.join(" "), expected, "{header}");
        }
    }

    #[test]
    fn the_reader_in_front_knows_types_only() {
        let offered = ["application/json", "application/yaml"];
        for (header, expected) in [
            ("", true),
            ("*/*;q=0", true),
            ("image/png, application/json;as=Nix", true),
            ("application/*", false),
            ("image/png", false),
        ] {
            assert_eq!(passes(header, &offered), expected, "{header}");
        }
    }
}
