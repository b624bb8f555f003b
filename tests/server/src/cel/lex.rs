//! Text to tokens. What cannot be read is told as the real server's reader tells it, and left out.

use std::sync::Arc;

use super::Problem;

/// A word of the language.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Ident(String),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    /// Operators and brackets.
    Sign(&'static str),
    /// A literal that no value has, with what is said about it.
    Broken(&'static str),
    End,
}

#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    /// In characters.
    pub(crate) at: usize,
    /// As it was written.
    pub(crate) text: String,
}

const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "-", "+", "*", "/", "%", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}",
];

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    problems: Vec<Problem>,
}

/// Reads a whole expression.
pub(crate) fn tokens(text: &str) -> (Vec<Placed>, Vec<Problem>) {
    let chars: Vec<char> = text.chars().collect();
    let mut reader = Reader { chars: &chars, at: 0, problems: Vec::new() };
    let mut all = Vec::new();
    while let Some(first) = reader.peek(0) {
        let start = reader.at;
        if first.is_ascii_whitespace() {
            reader.at += 1;
            continue;
        }
        if first == '/' && reader.peek(1) == Some('/') {
            while reader.peek(0).is_some_and(|it| it != '\n') {
                reader.at += 1;
            }
            continue;
        }
        if let Some(token) = reader.token(first) {
            let text = chars.get(start..reader.at).unwrap_or_default().iter().collect();
            all.push(Placed { token, at: start, text });
        }
    }
    all.push(Placed { token: Token::End, at: chars.len(), text: "<EOF>".to_owned() });
    (all, reader.problems)
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn slice(&self, from: usize, to: usize) -> String {
        self.chars.get(from..to.min(self.chars.len())).unwrap_or_default().iter().collect()
    }

    fn token(&mut self, first: char) -> Option<Token> {
        if let Some(prefix) = self.text_prefix() {
            return self.quoted(prefix);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let start = self.at;
            while self.peek(0).is_some_and(|it| it.is_ascii_alphanumeric() || it == '_') {
                self.at += 1;
            }
            return Some(Token::Ident(self.slice(start, self.at)));
        }
        let digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
        if first.is_ascii_digit() || (first == '.' && digit(self.peek(1))) {
            return Some(self.number());
        }
        for sign in SIGNS {
            if sign.chars().enumerate().all(|(ahead, it)| self.peek(ahead) == Some(it)) {
                self.at += sign.len();
                return Some(Token::Sign(sign));
            }
        }
        // Half of a sign takes the next character with it.
        let length = if matches!(first, '=' | '&' | '|') && self.peek(1).is_some() { 2 } else { 1 };
        self.unknown(self.at + length);
        None
    }

    fn unknown(&mut self, end: usize) {
        let shown = self.slice(self.at, end).replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r");
        let message = format!("Syntax error: token recognition error at: '{shown}'");
        self.problems.push(Problem { at: self.at, message });
        self.at = end.min(self.chars.len());
    }

    /// How many characters stand before the quote of a literal, if one starts here.
    fn text_prefix(&self) -> Option<usize> {
        (0..3).find(|ahead| matches!(self.peek(*ahead), Some('"' | '\''))).filter(|count| {
            let prefix = self.slice(self.at, self.at + count).to_lowercase();
            matches!(prefix.as_str(), "" | "r" | "b" | "rb" | "br")
        })
    }

    fn quoted(&mut self, prefix: usize) -> Option<Token> {
        let kind = self.slice(self.at, self.at + prefix).to_lowercase();
        let (raw, bytes) = (kind.contains('r'), kind.contains('b'));
        let quote = self.peek(prefix)?;
        let triple = (0..3).all(|it| self.peek(prefix + it) == Some(quote));
        let width = if triple { 3 } else { 1 };
        let start = self.at + prefix + width;
        let mut at = start;
        loop {
            let Some(it) = self.chars.get(at).copied() else {
                self.unknown(at);
                return None;
            };
            if !triple && (it == '\n' || it == '\r') {
                self.unknown(at + 1);
                return None;
            }
            if it == '\\' && !raw {
                at += 2;
                continue;
            }
            if (0..width).all(|ahead| self.chars.get(at + ahead) == Some(&quote)) {
                break;
            }
            at += 1;
        }
        let inner = self.slice(start, at);
        self.at = at + width;
        let read = if raw { Some(inner.as_bytes().to_vec()) } else { unescape(&inner, bytes) };
        Some(match read {
            None => Token::Broken("invalid escape"),
            Some(it) if bytes => Token::Bytes(it.into()),
            Some(it) => match String::from_utf8(it) {
                Ok(text) => Token::Text(text.into()),
                Err(_) => Token::Broken("invalid escape"),
            },
        })
    }

    fn number(&mut self) -> Token {
        let start = self.at;
        if self.peek(0) == Some('0') && matches!(self.peek(1), Some('x' | 'X')) {
            self.at += 2;
            while self.peek(0).is_some_and(|it| it.is_ascii_hexdigit()) {
                self.at += 1;
            }
            let digits = self.slice(start + 2, self.at);
            return self.whole(u64::from_str_radix(&digits, 16).ok());
        }
        let run = |it: &mut Self| {
            while it.peek(0).is_some_and(|it| it.is_ascii_digit()) {
                it.at += 1;
            }
        };
        run(self);
        let mut fraction = false;
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|it| it.is_ascii_digit()) {
            fraction = true;
            self.at += 1;
            run(self);
        }
        let signed = usize::from(matches!(self.peek(1), Some('+' | '-')));
        if matches!(self.peek(0), Some('e' | 'E'))
            && self.peek(1 + signed).is_some_and(|it| it.is_ascii_digit())
        {
            fraction = true;
            self.at += 1 + signed;
            run(self);
        }
        let text = self.slice(start, self.at);
        if fraction {
            return text.parse().map_or(Token::Broken("invalid double literal"), Token::Double);
        }
        self.whole(text.parse().ok())
    }

    fn whole(&mut self, value: Option<u64>) -> Token {
        if matches!(self.peek(0), Some('u' | 'U')) {
            self.at += 1;
            return value.map_or(Token::Broken("invalid uint literal"), Token::Uint);
        }
        match value {
            Some(it) => match i64::try_from(it) {
                Ok(it) => Token::Int(it),
                // The least number of all is written with a sign before it.
                Err(_) if it == i64::MIN.unsigned_abs() => Token::Int(i64::MIN),
                Err(_) => Token::Broken("invalid int literal"),
            },
            None => Token::Broken("invalid int literal"),
        }
    }
}

/// The bytes of a literal with escapes in it.
fn unescape(text: &str, is_bytes: bool) -> Option<Vec<u8>> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    let mut buffer = [0; 4];
    while let Some(&it) = chars.get(at) {
        at += 1;
        if it != '\\' {
            out.extend_from_slice(it.encode_utf8(&mut buffer).as_bytes());
            continue;
        }
        let mark = *chars.get(at)?;
        at += 1;
        let (value, is_byte) = match mark {
            'a' => (7, false),
            'b' => (8, false),
            'f' => (12, false),
            'n' => (10, false),
            'r' => (13, false),
            't' => (9, false),
            'v' => (11, false),
            '\\' | '\'' | '"' | '`' | '?' => (u32::from(mark), false),
            'x' | 'X' => (code(&chars, &mut at, 2, 16)?, true),
            'u' if !is_bytes => (code(&chars, &mut at, 4, 16)?, false),
            'U' if !is_bytes => (code(&chars, &mut at, 8, 16)?, false),
            '0'..='3' => {
                at -= 1;
                (code(&chars, &mut at, 3, 8)?, true)
            }
            _ => return None,
        };
        if is_bytes && is_byte {
            out.push(u8::try_from(value).ok()?);
        } else {
            out.extend_from_slice(char::from_u32(value)?.encode_utf8(&mut buffer).as_bytes());
        }
    }
    Some(out)
}

/// A number of so many digits.
fn code(chars: &[char], at: &mut usize, digits: usize, radix: u32) -> Option<u32> {
    let text: String = chars.get(*at..*at + digits)?.iter().collect();
    *at += digits;
    text.chars().all(|it| it.is_digit(radix)).then(|| u32::from_str_radix(&text, radix).ok())?
}
