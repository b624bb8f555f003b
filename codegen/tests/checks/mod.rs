//! What every generated file must be, whatever went in: paths that every file system takes, the items that we emit and
//! no others, and documentation in which nothing runs.

use std::collections::{BTreeMap, BTreeSet};

use clientset_codegen::Diagnostic;
use proc_macro2::{TokenStream, TokenTree};
use syn::{Expr, Fields, ImplItem, Item};

/// The macros that generated code calls.
const MACROS: [&str; 7] =
    ["custom_resource", "object", "object_metadata", "open_enum", "open_int_enum", "resource", "concat"];

/// The attributes that stand on generated items.
const ATTRIBUTES: [&str; 6] = ["allow", "cfg", "derive", "doc", "rustfmt", "expect"];

/// Checks a set of files and panics where one is wrong.
pub(crate) fn files<'a>(files: impl IntoIterator<Item = (&'a String, &'a String)>) {
    let mut seen = BTreeSet::new();
    let mut types: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files {
        file_path(path);
        assert!(seen.insert(path.to_lowercase()), "{path} differs from another file in case only");
        visible(path, text);
        if path.ends_with(".rs") {
            let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
            let folder = path
                .trim_end_matches(".rs")
                .replace("/types/", "/")
                .rsplit_once('/')
                .map_or("", |(f, _)| f)
                .to_owned();
            let names = types.entry(folder).or_default();
            items(path, &file.items, names);
            for attribute in &file.attrs {
                attributes(path, std::slice::from_ref(attribute));
            }
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
            self::tokens(path, tokens);
        }
    }
}

/// Checks that a failure says why, in text that a terminal can show.
pub(crate) fn diagnostics(found: &[Diagnostic]) {
    assert!(found.iter().any(Diagnostic::is_error), "a failure says why: {found:?}");
    for diagnostic in found {
        let text = diagnostic.to_string();
        assert!(!diagnostic.what.is_empty() && text.len() < 5_000, "{} bytes", text.len());
        let is_odd = |letter: char| (letter.is_control() && letter != '\n') || is_hidden(letter);
        assert!(!text.contains(is_odd), "{text:?}");
    }
}

fn file_path(path: &str) {
    for label in path.split('/') {
        let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        assert!(
            is_plain && !label.starts_with('.') && !label.is_empty() && label.len() < 200,
            "{:?}",
            &path[..path.len().min(200)]
        );
        let stem = label.split('.').next().unwrap().to_ascii_lowercase();
        let is_device = ["con", "prn", "aux", "nul"].contains(&stem.as_str())
            || (stem.len() == 4
                && (stem.starts_with("com") || stem.starts_with("lpt"))
                && stem.as_bytes()[3].is_ascii_digit());
        assert!(!is_device, "{path} is a device to Windows");
    }
}

/// Letters that a reader does not see, or that turn the direction.
fn is_hidden(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

fn visible(path: &str, text: &str) {
    let odd = text.chars().find(|letter| (letter.is_control() && *letter != '\n') || is_hidden(*letter));
    assert!(odd.is_none(), "{path} holds {odd:?}");
}

fn items(path: &str, items: &[Item], types: &mut BTreeSet<String>) {
    let mut define = |name: &syn::Ident| {
        assert!(types.insert(name.to_string()), "{path}: a second `{name}` in its module");
    };
    for item in items {
        match item {
            Item::Use(item) => attributes(path, &item.attrs),
            Item::Struct(item) => {
                define(&item.ident);
                attributes(path, &item.attrs);
                fields(path, &item.fields);
            }
            Item::Enum(item) => {
                define(&item.ident);
                attributes(path, &item.attrs);
                let mut names = BTreeSet::new();
                for variant in &item.variants {
                    assert!(names.insert(&variant.ident), "{path}: `{}` twice", variant.ident);
                    attributes(path, &variant.attrs);
                    fields(path, &variant.fields);
                }
            }
            Item::Type(item) => {
                define(&item.ident);
                attributes(path, &item.attrs);
            }
            Item::Mod(item) => {
                assert!(item.content.is_none() && item.unsafety.is_none(), "{path}: a module with a body");
                attributes(path, &item.attrs);
            }
            Item::Const(item) => {
                attributes(path, &item.attrs);
                constant(path, &item.expr);
            }
            Item::Trait(item) => attributes(path, &item.attrs),
            Item::Impl(item) => {
                attributes(path, &item.attrs);
                for member in &item.items {
                    match member {
                        ImplItem::Fn(member) => attributes(path, &member.attrs),
                        ImplItem::Const(member) => constant(path, &member.expr),
                        ImplItem::Type(_) => {}
                        other => panic!("{path}: {} in an impl", quote::quote!(#other)),
                    }
                }
            }
            Item::Macro(item) => {
                assert!(item.ident.is_none(), "{path} defines a macro");
                attributes(path, &item.attrs);
            }
            other => panic!("{path} has an item that we do not emit: {}", quote::quote!(#other)),
        }
    }
}

fn fields(path: &str, fields: &Fields) {
    let mut names = BTreeSet::new();
    for field in fields {
        attributes(path, &field.attrs);
        if let Some(name) = &field.ident {
            assert!(names.insert(name.to_string()), "{path}: the field `{name}` twice");
        }
    }
}

/// A literal, a path, a call without arguments, or a list of them.
fn constant(path: &str, value: &Expr) {
    match value {
        Expr::Lit(_) | Expr::Path(_) => {}
        Expr::Macro(value) => assert!(value.mac.path.is_ident("concat"), "{path}: a constant calls a macro"),
        Expr::Reference(value) => constant(path, &value.expr),
        Expr::Array(value) => value.elems.iter().for_each(|value| constant(path, value)),
        Expr::Unary(value) => constant(path, &value.expr),
        // `Widget::crd()`
        Expr::Call(value) if value.args.is_empty() => constant(path, &value.func),
        other => panic!("{path}: a constant is {}", quote::quote!(#other)),
    }
}

fn attributes(path: &str, attributes: &[syn::Attribute]) {
    for attribute in attributes {
        let name = attribute.path().segments.first().map(|segment| segment.ident.to_string());
        let name = name.unwrap_or_default();
        assert!(ATTRIBUTES.contains(&name.as_str()), "{path} has the attribute `{name}`");
    }
}

/// All macro calls, and all documentation, at every depth.
fn tokens(path: &str, stream: TokenStream) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut docs = String::new();
    for (index, tree) in trees.iter().enumerate() {
        if let (TokenTree::Ident(name), Some(TokenTree::Punct(mark)), Some(TokenTree::Group(_))) =
            (tree, trees.get(index + 1), trees.get(index + 2))
            && mark.as_char() == '!'
        {
            assert!(MACROS.contains(&name.to_string().as_str()), "{path} calls {name}!");
        }
        if let (TokenTree::Ident(keyword), Some(TokenTree::Ident(name))) = (tree, trees.get(index + 1)) {
            assert!(keyword != "fn" || name != "pwn", "{path} defines what a specification wrote");
        }
        if let TokenTree::Group(group) = tree {
            match documentation(group) {
                Some(line) => {
                    docs.push_str(&line);
                    docs.push('\n');
                }
                None => {
                    let is_attribute = matches!(trees.get(index.wrapping_sub(1)), Some(TokenTree::Punct(mark)) if mark.as_char() == '#');
                    if !is_attribute {
                        markdown(path, &std::mem::take(&mut docs));
                    }
                    tokens(path, group.stream());
                }
            }
        } else if !matches!(tree, TokenTree::Punct(mark) if "#!".contains(mark.as_char())) {
            markdown(path, &std::mem::take(&mut docs));
        }
    }
    markdown(path, &docs);
}

/// The line of `[doc = "…"]`.
fn documentation(group: &proc_macro2::Group) -> Option<String> {
    let mut tokens = group.stream().into_iter();
    match (tokens.next()?, tokens.next()?, tokens.next()?) {
        (TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Literal(text)) if name == "doc" => {
            syn::parse_str::<syn::LitStr>(&text.to_string()).ok().map(|text| text.value())
        }
        _ => None,
    }
}

/// Documentation in which nothing is a doctest: every code block is fenced and says that it is text.
fn markdown(path: &str, text: &str) {
    let mut is_code = false;
    for line in text.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let bare = line.trim_start();
        if bare.starts_with("```") {
            assert!(bare == if is_code { "```" } else { "```text" }, "{path}: a fence {line:?} in\n{text}");
            is_code = !is_code;
            continue;
        }
        let indent = line.len() - bare.len();
        assert!(
            is_code || (indent < 4 && !line.starts_with('\t')),
            "{path}: code by indent {line:?} in\n{text}"
        );
        assert!(is_code || !bare.starts_with("~~~"), "{path}: a fence {line:?} in\n{text}");
    }
    assert!(!is_code, "{path}: a fence is not closed in\n{text}");
}
