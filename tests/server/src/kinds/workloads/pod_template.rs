//! Pod templates: a template and nothing else.

use super::super::causes::At;
use super::super::{Kind, podspec};

pub(super) const KIND: Kind = Kind {
    generations: true,
    answers_with_object: true,
    check: |change, causes| super::template(&change.new["template"], &At::new("template"), causes),
    warn: |change, out| podspec::warnings::collect(&change.new["template"], &At::new("template"), out),
    ..Kind::plain("", "podtemplates")
};
