//! Walking over a JSON value with the place at hand, so that each complaint can say where. Reads nothing by
//! itself and knows no key.

use serde_json::{Map, Value};

use crate::diag::{Code, Place, Report};

/// A value and the way to it.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    source: &'a str,
    parent: Option<&'a Cursor<'a>>,
    step: Step<'a>,
    pub(crate) value: &'a Value,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl Step<'_> {
    /// About how many bytes it takes.
    fn length(self) -> usize {
        match self {
            Step::Root => 0,
            Step::Key(key) => key.len() + 1,
            Step::Index(_) => 3,
        }
    }

    fn write(self, pointer: &mut String) {
        match self {
            Step::Root => {}
            Step::Key(key) => crate::pointer::push(pointer, key),
            Step::Index(index) => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
        }
    }
}

impl<'a> Cursor<'a> {
    pub(crate) fn root(source: &'a str, value: &'a Value) -> Cursor<'a> {
        Cursor { source, parent: None, step: Step::Root, value }
    }

    pub(crate) fn key<'b>(&'b self, key: &'b str, value: &'b Value) -> Cursor<'b> {
        Cursor { source: self.source, parent: Some(self), step: Step::Key(key), value }
    }

    pub(crate) fn get<'b>(&'b self, key: &'b str) -> Option<Cursor<'b>> {
        self.value.get(key).map(|value| self.key(key, value))
    }

    pub(crate) fn index<'b>(&'b self, index: usize, value: &'b Value) -> Cursor<'b> {
        Cursor { source: self.source, parent: Some(self), step: Step::Index(index), value }
    }

    /// Where this value stands.
    pub(crate) fn place(&self) -> Place {
        // One allocation: a large schema has thousands of places.
        let chain = || std::iter::successors(Some(self), |at| at.parent);
        let length = chain().map(|at| at.step.length()).sum();
        let mut steps: Vec<Step<'_>> = chain().map(|at| at.step).collect();
        steps.reverse();
        let mut pointer = String::with_capacity(length);
        for step in steps {
            step.write(&mut pointer);
        }
        Place::new(self.source, pointer)
    }

    fn expected(&self, what: &str, report: &mut Report) {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        report.error(Code::WrongType, &self.place(), format!("expected {what}, found {found}"), "");
    }

    pub(crate) fn object(&self, report: &mut Report) -> Option<&'a Map<String, Value>> {
        let object = self.value.as_object();
        if object.is_none() {
            self.expected("an object", report);
        }
        object
    }

    pub(crate) fn array(&self, report: &mut Report) -> &'a [Value] {
        match self.value.as_array() {
            Some(array) => array,
            None => {
                self.expected("an array", report);
                &[]
            }
        }
    }

    pub(crate) fn string(&self, report: &mut Report) -> String {
        match self.value.as_str() {
            Some(string) => string.to_owned(),
            None => {
                self.expected("a string", report);
                String::new()
            }
        }
    }

    pub(crate) fn bool(&self, report: &mut Report) -> bool {
        match self.value.as_bool() {
            Some(value) => value,
            None => {
                self.expected("a boolean", report);
                false
            }
        }
    }

    pub(crate) fn strings(&self, report: &mut Report) -> Vec<String> {
        let values = self.array(report).iter().enumerate();
        values.map(|(index, value)| self.index(index, value).string(report)).collect()
    }

    /// The string member `key`, which has to be there.
    pub(crate) fn required_string(&self, key: &str, report: &mut Report) -> String {
        match self.get(key) {
            Some(member) => member.string(report),
            None => {
                report.error(Code::Missing, &self.place(), format!("`{key}` is missing"), "");
                String::new()
            }
        }
    }
}
