//! Prose of others to Markdown of ours. Upstream descriptions are half Markdown, half plain text, half Go
//! comments; what comes out has no HTML, no link that is none, no bare URL, no code that rustdoc would run.

mod inline;

/// No documentation is longer; what is beyond helps nobody.
const LONGEST: usize = 32 << 10;

/// The first sentence ends within this many bytes, or nowhere.
const SENTENCE: usize = 1000;

/// The text as lines of Markdown, no line longer than `width` unless one word is. Takes time in proportion to its
/// length, whatever it holds.
pub(crate) fn markdown(description: &str, width: usize) -> Vec<String> {
    let mut letters = description.chars();
    let mut text: String = letters.by_ref().take(LONGEST).filter_map(printable).collect();
    if letters.next().is_some() {
        text.push('…');
    }
    let mut lines = Vec::new();
    for (index, block) in blocks(&text).into_iter().enumerate() {
        // Items of one list stand together, everything else apart.
        let follows_item = matches!((&block, lines.last()), (Block::Item(_), Some(Line::Item(_))));
        if index > 0 && !follows_item {
            lines.push(Line::Other(String::new()));
        }
        match block {
            Block::Code(code) => {
                lines.push(Line::Other("```text".to_owned()));
                lines.extend(code.into_iter().map(|line| Line::Other(line.replace("```", "'''"))));
                lines.push(Line::Other("```".to_owned()));
            }
            Block::Item(text) => {
                let wrapped = wrap(&inline::escape(&text), width.saturating_sub(2));
                for (index, line) in wrapped.into_iter().enumerate() {
                    lines.push(Line::Item(format!("{}{line}", if index == 0 { "- " } else { "  " })));
                }
            }
            Block::Paragraph(text) if index == 0 => {
                let (first, rest) = first_sentence(&text);
                lines.extend(wrap(&inline::escape(first), width).into_iter().map(Line::Other));
                if !rest.is_empty() {
                    lines.push(Line::Other(String::new()));
                    lines.extend(wrap(&inline::escape(rest), width).into_iter().map(Line::Other));
                }
            }
            Block::Paragraph(text) => {
                lines.extend(wrap(&inline::escape(&text), width).into_iter().map(Line::Other))
            }
        }
    }
    lines.into_iter().map(|(Line::Item(line) | Line::Other(line))| line).collect()
}

/// Markdown that is safe already, as lines; a code span stays whole.
pub(crate) fn paragraph(markdown: &str, width: usize) -> Vec<String> {
    wrap(markdown, width)
}

/// A text of others on one line, with everything escaped that Markdown would take for markup.
pub(crate) fn escape(text: &str) -> String {
    inline::escape(&one_line(text))
}

/// A text of others as a code span; in quotes where it has backticks of its own.
pub(crate) fn code(text: &str) -> String {
    let line = one_line(text);
    if line.is_empty() || line.contains('`') {
        format!("\"{}\"", inline::escape(&line))
    } else {
        format!("`{line}`")
    }
}

fn one_line(text: &str) -> String {
    let text: String = text.chars().filter_map(printable).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

enum Line {
    Item(String),
    Other(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Block {
    Paragraph(String),
    Item(String),
    Code(Vec<String>),
}

/// Whether a letter is one that a reader does not see: control characters, marks of direction, and others without a
/// shape. Rust refuses some of them in source text.
pub(crate) fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Drops control and direction-changing characters; tabs and odd spaces become spaces.
fn printable(letter: char) -> Option<char> {
    match letter {
        '\n' => Some('\n'),
        '\t' | '\u{a0}' | '\u{2028}' | '\u{2029}' => Some(if letter == '\t' { '\t' } else { ' ' }),
        letter if is_hidden(letter) => None,
        letter => Some(letter),
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<Vec<String>> = None;
    // Whether the next line may continue the last block.
    let mut open = false;
    let is_balanced = text.matches("```").count().is_multiple_of(2);
    for line in text.lines() {
        let bare = line.trim();
        if let Some(code) = &mut fence {
            if bare.starts_with("```") {
                blocks.push(Block::Code(fence.take().unwrap_or_default()));
            } else {
                code.push(line.replace('\t', "    ").trim_end().to_owned());
            }
            continue;
        }
        if let Some(opened) = bare.strip_prefix("```") {
            // A fence that closes on its own line, or is never closed, is just text.
            if !opened.contains("```") && is_balanced {
                fence = Some(Vec::new());
                open = false;
                continue;
            }
        }
        if bare.is_empty() {
            open = false;
            continue;
        }
        let is_indented = line.starts_with("    ") || line.starts_with('\t') || line.starts_with(" \t");
        let item = item(bare);
        match blocks.last_mut() {
            Some(Block::Code(code)) if is_indented => {
                code.push(line.replace('\t', "    ").trim_end().to_owned())
            }
            Some(Block::Paragraph(text) | Block::Item(text)) if open && item.is_none() => {
                text.push(' ');
                text.push_str(bare);
            }
            _ if item.is_some() => blocks.push(Block::Item(item.unwrap_or_default().to_owned())),
            Some(Block::Paragraph(_)) if is_indented => {
                blocks.push(Block::Code(vec![line.replace('\t', "    ").trim_end().to_owned()]));
            }
            _ => blocks.push(Block::Paragraph(bare.to_owned())),
        }
        open = true;
    }
    if let Some(code) = fence {
        blocks.push(Block::Code(code));
    }
    for block in &mut blocks {
        if let Block::Code(code) = block {
            dedent(code);
        }
    }
    blocks
}

fn dedent(code: &mut [String]) {
    let indent =
        code.iter().filter(|line| !line.is_empty()).map(|line| line.len() - line.trim_start().len()).min();
    for line in code {
        *line = line.get(indent.unwrap_or(0)..).unwrap_or("").to_owned();
    }
}

/// The text of a list item.
fn item(line: &str) -> Option<&str> {
    let text =
        line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).or_else(|| line.strip_prefix("+ "))?;
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Splits off the first sentence, which is the summary that rustdoc shows in lists.
fn first_sentence(text: &str) -> (&str, &str) {
    for (at, _) in text.match_indices(". ").take_while(|(at, _)| *at < SENTENCE) {
        let (first, rest) = (&text[..at + 1], text[at + 2..].trim_start());
        let is_short_form =
            ["e.g.", "i.e.", "etc.", "vs.", "cf.", "approx."].iter().any(|form| first.ends_with(form));
        // Inside a code span or parentheses nothing ends.
        let is_inside =
            first.matches('`').count() % 2 == 1 || first.matches('(').count() > first.matches(')').count();
        let opens = rest.starts_with(|letter: char| !letter.is_lowercase());
        if !is_short_form && !is_inside && opens && at > 8 {
            return (first, rest);
        }
    }
    (text, "")
}

/// Breaks a paragraph into lines. A word that would make a list, a heading or a quote of its line is escaped.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut length = 0;
    for word in inline::words(text) {
        let count = word.chars().count();
        match lines.last_mut() {
            Some(line) if length + 1 + count <= width => {
                line.push(' ');
                line.push_str(word);
                length += 1 + count;
            }
            _ => {
                let word = line_start(word);
                length = word.chars().count();
                lines.push(word);
            }
        }
    }
    lines
}

fn line_start(word: &str) -> String {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let is_number = digits > 0 && matches!(&word[digits..], "." | ")");
    if is_number {
        return format!("{}\\{}", &word[..digits], &word[digits..]);
    }
    let is_mark = word.chars().all(|letter| matches!(letter, '-' | '+' | '=' | '#' | '*' | '_'));
    if is_mark || word.starts_with('#') || word.starts_with("~~~") {
        return format!("\\{word}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests;
