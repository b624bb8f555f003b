//! Writing JSON objects member by member, in the order of the calls, which is the order that a real server keeps.
//!
//! Only for texts of this program's own: it escapes the characters that those hold, not every one that JSON knows.

/// A JSON object being written, members in the order of the calls.
pub(super) struct Object<'a> {
    json: &'a mut String,
    first: bool,
}

impl Object<'_> {
    pub(super) fn write(json: &mut String, members: impl FnOnce(&mut Object<'_>)) {
        json.push('{');
        members(&mut Object { json, first: true });
        json.push('}');
    }

    fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.json.push(',');
        }
        quote(self.json, key);
        self.json.push(':');
        self.json
    }

    pub(super) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        quote(self.key(key), value);
        self
    }

    pub(super) fn number(&mut self, key: &str, value: i64) -> &mut Self {
        self.key(key).push_str(&value.to_string());
        self
    }

    pub(super) fn boolean(&mut self, key: &str, value: bool) -> &mut Self {
        self.key(key).push_str(if value { "true" } else { "false" });
        self
    }

    pub(super) fn null(&mut self, key: &str) -> &mut Self {
        self.key(key).push_str("null");
        self
    }

    pub(super) fn object(&mut self, key: &str, members: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        Object::write(self.key(key), members);
        self
    }

    pub(super) fn texts(&mut self, key: &str, values: &[&str]) -> &mut Self {
        let json = self.key(key);
        json.push('[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            quote(json, value);
        }
        json.push(']');
        self
    }

    /// A list of objects, one for each of `items`.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut members: impl FnMut(&mut Object<'_>, T),
    ) -> &mut Self {
        let json = self.key(key);
        json.push('[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            Object::write(json, |object| members(object, item));
        }
        json.push(']');
        self
    }
}

/// The few characters that the generator's own texts need escaped.
fn quote(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            other => json.push(other),
        }
    }
    json.push('"');
}
