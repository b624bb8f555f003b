//! Members that stand twice in a JSON document, which a reader of values does not see.
//!
//! Only where they are is found out; what is done about them is field validation's.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The paths of members that stand there again, in the order of the document: `data.a`, `items[0].b`.
///
/// What is no JSON has none.
pub(crate) fn paths(document: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(document);
    let _ = Node { at: String::new(), found: &mut found }.deserialize(&mut reader);
    found
}

struct Node<'a> {
    at: String,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let at = if self.at.is_empty() { name.clone() } else { format!("{}.{name}", self.at) };
            if seen.insert(name) {
                map.next_value_seed(Node { at, found: self.found })?;
            } else {
                map.next_value::<IgnoredAny>()?;
                self.found.push(at);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while list
            .next_element_seed(Node { at: format!("{}[{index}]", self.at), found: self.found })?
            .is_some()
        {
            index += 1;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_come_again_are_named() {
        let document = br#"{"a":{"b":1,"c":[{"d":1,"d":2}],"b":{"x":1,"x":2}},"a":null}"#;
        assert_eq!(paths(document), ["a.c[0].d", "a.b", "a"]);
        assert!(paths(b"[1,2").is_empty() && paths(b"{\"a\":1}").is_empty());
    }
}
