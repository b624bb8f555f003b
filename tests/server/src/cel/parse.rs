//! Tokens to expressions, with the macros of the language.
//!
//! How deep expressions may nest is bounded, so that nothing that walks them later runs out of stack.

use std::sync::Arc;

use super::Problem;
use super::ast::{Expr, Kind, Mode};
use super::lex::{Placed, Token, tokens};
use super::macros;

/// As the real server has it.
const MAX_SIZE: usize = 100_000;
/// Of brackets and operators within each other.
const MAX_DEPTH: u32 = 250;
/// Of what the parser itself has open at a time.
const MAX_OPEN: u32 = 120;
const OPERAND: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
/// Names that no variable may have.
pub(super) const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Reads an expression.
pub(crate) fn parse(text: &str) -> Result<Expr, Vec<Problem>> {
    let size = text.chars().count();
    if size > MAX_SIZE {
        let message = format!("expression code point size exceeds limit: size: {size}, limit {MAX_SIZE}");
        return Err(vec![Problem { at: usize::MAX, message }]);
    }
    let (all, problems) = tokens(text);
    let mut parser = Parser { tokens: all, at: 0, open: 0, problems };
    let parsed = parser.ternary().and_then(|it| parser.end().map(|()| it));
    match parsed {
        Ok(expr) if parser.problems.is_empty() && expr.depth <= MAX_DEPTH => Ok(expr),
        Ok(_) if parser.problems.is_empty() => Err(vec![too_deep()]),
        _ => Err(parser.problems),
    }
}

fn too_deep() -> Problem {
    let message = format!("expression recursion limit exceeded: {MAX_DEPTH}");
    Problem { at: usize::MAX, message }
}

/// The complaint is in `problems`.
pub(super) struct Stop;

type Parsed<T> = Result<T, Stop>;

pub(super) struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    open: u32,
    pub(super) problems: Vec<Problem>,
}

impl Parser {
    fn peek(&self) -> &Placed {
        static END: Placed = Placed { token: Token::End, at: 0, text: String::new() };
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(&END)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(&self.peek().token, Token::Sign(it) if *it == sign)
    }

    /// Takes a sign and tells where it stood.
    fn take(&mut self, sign: &str) -> Option<usize> {
        let at = self.peek().at;
        self.is(sign).then(|| {
            self.at += 1;
            at
        })
    }

    pub(super) fn fail<T>(&mut self, at: usize, message: impl Into<String>) -> Parsed<T> {
        self.problems.push(Problem { at, message: message.into() });
        Err(Stop)
    }

    fn mismatch<T>(&mut self, expected: &str) -> Parsed<T> {
        let Placed { at, text, .. } = self.peek().clone();
        self.fail(at, format!("Syntax error: mismatched input '{text}' expecting {expected}"))
    }

    /// A closing bracket. At the end of the text it is missing.
    fn close(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign).is_some() {
            return Ok(());
        }
        let Placed { at, text, token } = self.peek().clone();
        match token {
            Token::End => self.fail(at, format!("Syntax error: missing '{sign}' at '{text}'")),
            _ => self.fail(at, format!("Syntax error: mismatched input '{text}' expecting '{sign}'")),
        }
    }

    fn end(&mut self) -> Parsed<()> {
        let Placed { at, text, token } = self.peek().clone();
        if token == Token::End {
            return Ok(());
        }
        let last = matches!(self.tokens.get(self.at + 1).map(|it| &it.token), None | Some(Token::End));
        let what = if last { "extraneous" } else { "mismatched" };
        self.fail(at, format!("Syntax error: {what} input '{text}' expecting <EOF>"))
    }

    fn ternary(&mut self) -> Parsed<Expr> {
        self.open += 1;
        if self.open > MAX_OPEN {
            self.problems.push(too_deep());
            return Err(Stop);
        }
        let condition = self.logic("||", "_||_")?;
        let Some(at) = self.take("?") else {
            self.open -= 1;
            return Ok(condition);
        };
        let yes = self.logic("||", "_||_")?;
        if self.take(":").is_none() {
            return self.mismatch("':'");
        }
        let no = self.ternary()?;
        self.open -= 1;
        Ok(Expr::call(at, "_?_:_", vec![condition, yes, no]))
    }

    /// Chains of `||` and `&&` become balanced trees, which keeps long ones flat.
    fn logic(&mut self, sign: &'static str, name: &'static str) -> Parsed<Expr> {
        let next = |it: &mut Self| match sign {
            "||" => it.logic("&&", "_&&_"),
            _ => it.relation(),
        };
        let mut terms = vec![next(self)?];
        let mut places = Vec::new();
        while let Some(at) = self.take(sign) {
            places.push(at);
            terms.push(next(self)?);
        }
        Ok(balanced(name, terms, &places))
    }

    fn relation(&mut self) -> Parsed<Expr> {
        const ALL: &[(&str, &str)] =
            &[("==", "_==_"), ("!=", "_!=_"), ("<=", "_<=_"), (">=", "_>=_"), ("<", "_<_"), (">", "_>_")];
        let mut left = self.sum()?;
        loop {
            let found = ALL.iter().find_map(|(sign, name)| Some((self.take(sign)?, *name)));
            let found = match found {
                None if self.peek().token == Token::Ident("in".to_owned()) => {
                    let at = self.peek().at;
                    self.at += 1;
                    Some((at, "@in"))
                }
                other => other,
            };
            let Some((at, name)) = found else { return Ok(left) };
            let right = self.sum()?;
            left = self.bounded(Expr::call(at, name, vec![left, right]))?;
        }
    }

    fn bounded(&mut self, expr: Expr) -> Parsed<Expr> {
        if expr.depth <= MAX_DEPTH {
            return Ok(expr);
        }
        self.problems.push(too_deep());
        Err(Stop)
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let mut left = self.product()?;
        while let Some((at, name)) =
            [("+", "_+_"), ("-", "_-_")].iter().find_map(|(sign, name)| Some((self.take(sign)?, *name)))
        {
            let right = self.product()?;
            left = self.bounded(Expr::call(at, name, vec![left, right]))?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Parsed<Expr> {
        let mut left = self.unary()?;
        let all = [("*", "_*_"), ("/", "_/_"), ("%", "_%_")];
        while let Some((at, name)) = all.iter().find_map(|(sign, name)| Some((self.take(sign)?, *name))) {
            let right = self.unary()?;
            left = self.bounded(Expr::call(at, name, vec![left, right]))?;
        }
        Ok(left)
    }

    /// Signs that come in pairs cancel each other.
    fn unary(&mut self) -> Parsed<Expr> {
        for (sign, name) in [("!", "!_"), ("-", "-_")] {
            let Some(at) = self.take(sign) else { continue };
            let mut count = 1;
            while self.take(sign).is_some() {
                count += 1;
            }
            let operand = self.member()?;
            if count % 2 == 0 {
                return Ok(operand);
            }
            return Ok(match (name, operand.kind) {
                ("-_", Kind::Int(it)) => Expr::new(at, Kind::Int(it.wrapping_neg())),
                ("-_", Kind::Double(it)) => Expr::new(at, Kind::Double(-it)),
                (_, kind) => Expr::call(at, name, vec![Expr { kind, ..operand }]),
            });
        }
        let first = self.peek().clone();
        let operand = self.member()?;
        if let (Kind::Int(i64::MIN), Token::Int(_)) = (&operand.kind, &first.token) {
            return self.fail(first.at, "invalid int literal");
        }
        Ok(operand)
    }

    fn member(&mut self) -> Parsed<Expr> {
        let mut left = self.primary()?;
        loop {
            left = self.bounded(left)?;
            if let Some(at) = self.take(".") {
                let optional = self.take("?").is_some();
                let Placed { token, at: name_at, .. } = self.peek().clone();
                let Token::Ident(field) = token else { return self.mismatch("IDENTIFIER") };
                if field == "in" {
                    return self.mismatch("IDENTIFIER");
                }
                self.at += 1;
                if let (Some(open), false) = (self.take("("), optional) {
                    let args = self.arguments()?;
                    left = self.method(left, field, args, open)?;
                    continue;
                }
                if matches!(field.as_str(), "true" | "false" | "null") {
                    return self.fail(
                        name_at,
                        format!("Syntax error: mismatched input '{field}' expecting IDENTIFIER"),
                    );
                }
                let mode = if optional { Mode::Optional } else { Mode::Value };
                left = Expr::new(at, Kind::Select { operand: Box::new(left), field, mode });
            } else if let Some(at) = self.take("[") {
                let name = if self.take("?").is_some() { "_[?_]" } else { "_[_]" };
                let index = self.ternary()?;
                self.close("]")?;
                left = Expr::call(at, name, vec![left, index]);
            } else {
                return Ok(left);
            }
        }
    }

    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        let mut all = Vec::new();
        if self.take(")").is_some() {
            return Ok(all);
        }
        loop {
            all.push(self.ternary()?);
            if self.take(",").is_none() {
                self.close(")")?;
                return Ok(all);
            }
        }
    }

    fn method(&mut self, target: Expr, name: String, args: Vec<Expr>, at: usize) -> Parsed<Expr> {
        match macros::of_method(self, target, &name, args, at)? {
            Ok(expanded) => Ok(expanded),
            Err((target, args)) => {
                Ok(Expr::new(at, Kind::Call { name, target: Some(Box::new(target)), args }))
            }
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let Placed { token, at, .. } = self.peek().clone();
        if !matches!(token, Token::End | Token::Sign(_)) {
            self.at += 1;
        }
        Ok(match token {
            Token::Int(it) => Expr::new(at, Kind::Int(it)),
            Token::Uint(it) => Expr::new(at, Kind::Uint(it)),
            Token::Double(it) => Expr::new(at, Kind::Double(it)),
            Token::Text(it) => Expr::new(at, Kind::Text(it)),
            Token::Bytes(it) => Expr::new(at, Kind::Bytes(it)),
            Token::Broken(why) => return self.fail(at, why),
            Token::Ident(name) => return self.name(name, at),
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.ternary()?;
                self.close(")")?;
                inner
            }
            Token::Sign("[") => {
                self.at += 1;
                self.list(at)?
            }
            Token::Sign("{") => {
                self.at += 1;
                self.map(at)?
            }
            Token::Sign(".") => {
                self.at += 1;
                let Token::Ident(name) = self.peek().token.clone() else {
                    return self.mismatch("IDENTIFIER");
                };
                self.at += 1;
                return self.name(name, at);
            }
            Token::Sign("-" | "!") => return self.unary(),
            Token::Sign(_) | Token::End => return self.mismatch(OPERAND),
        })
    }

    fn name(&mut self, name: String, at: usize) -> Parsed<Expr> {
        match name.as_str() {
            "true" => return Ok(Expr::new(at, Kind::Bool(true))),
            "false" => return Ok(Expr::new(at, Kind::Bool(false))),
            "null" => return Ok(Expr::new(at, Kind::Null)),
            "in" => {
                self.at -= 1;
                return self.mismatch(OPERAND);
            }
            _ => {}
        }
        if RESERVED.contains(&name.as_str()) {
            return self.fail(at, format!("reserved identifier: {name}"));
        }
        let Some(open) = self.take("(") else { return Ok(Expr::new(at, Kind::Ident(name))) };
        let mut args = self.arguments()?;
        if name == "has" && args.len() == 1 {
            let argument = args.remove(0);
            let place = argument.at;
            return match argument.kind {
                Kind::Select { operand, field, mode: Mode::Value } => {
                    Ok(Expr::new(open, Kind::Select { operand, field, mode: Mode::Test }))
                }
                _ => self.fail(place, "invalid argument to has() macro"),
            };
        }
        Ok(Expr::new(open, Kind::Call { name, target: None, args }))
    }

    fn list(&mut self, at: usize) -> Parsed<Expr> {
        let mut all = Vec::new();
        while self.take("]").is_none() {
            let optional = self.take("?").is_some();
            all.push((self.ternary()?, optional));
            if self.take(",").is_none() {
                self.close("]")?;
                break;
            }
        }
        Ok(Expr::new(at, Kind::List(all)))
    }

    fn map(&mut self, at: usize) -> Parsed<Expr> {
        let mut all = Vec::new();
        while self.take("}").is_none() {
            let optional = self.take("?").is_some();
            let key = self.ternary()?;
            if self.take(":").is_none() {
                return self.mismatch("':'");
            }
            all.push((key, self.ternary()?, optional));
            if self.take(",").is_none() {
                self.close("}")?;
                break;
            }
        }
        Ok(Expr::new(at, Kind::Map(all)))
    }
}

fn balanced(name: &str, mut terms: Vec<Expr>, places: &[usize]) -> Expr {
    if terms.len() <= 1 {
        return terms.pop().unwrap_or_else(|| Expr::new(0, Kind::Text(Arc::from(""))));
    }
    let middle = places.len() / 2;
    let right = terms.split_off(middle + 1);
    let (before, after) = places.split_at(middle);
    let at = after.first().copied().unwrap_or_default();
    let left = balanced(name, terms, before);
    let right = balanced(name, right, after.get(1..).unwrap_or_default());
    Expr::call(at, name, vec![left, right])
}
