//! CEL, the expression language of `x-kubernetes-validations`: read, checked against the schema, evaluated within a budget.
//!
//! It is ours, because a server must bound what a rule may cost in time and depth and must tell types at registration, with the real
//! server's words: the crates for CEL evaluate without a budget and overflow the stack on deep brackets. What a rule could cost is not
//! estimated in advance.

mod ast;
mod check;
mod eval;
mod functions;
mod lex;
mod macros;
mod parse;
pub(crate) mod rules;
pub(crate) mod time;
mod types;
pub(crate) mod url;
mod value;

use types::Type;

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// In characters from the start; beyond all text for no place at all.
    pub(crate) at: usize,
    pub(crate) message: String,
}

/// An expression that can be evaluated, with its type.
#[derive(Debug)]
struct Program {
    expr: ast::Expr,
    result: Type,
}

/// Reads and checks an expression; the complaint is the real server's, with the lines of the text.
fn compile(text: &str, names: Vec<(String, Type)>) -> Result<Program, String> {
    let expr = parse::parse(text).map_err(|it| told(text, it))?;
    let result = check::check(&expr, names).map_err(|it| told(text, it))?;
    Ok(Program { expr, result })
}

fn told(text: &str, mut problems: Vec<Problem>) -> String {
    problems.sort_by_key(|it| it.at);
    let all: Vec<String> = problems.iter().take(100).map(|it| place(text, it)).collect();
    all.join("\n")
}

fn place(text: &str, problem: &Problem) -> String {
    if problem.at == usize::MAX {
        return format!("ERROR: <input>:-1:0: {}", problem.message);
    }
    let (mut line, mut column) = (1, 0);
    for it in text.chars().take(problem.at) {
        if it == '\n' {
            line += 1;
            column = 0;
        } else {
            column += 1;
        }
    }
    let shown = text.split('\n').nth(line - 1).unwrap_or_default().replace('\t', " ");
    let mark = format!("{}^", ".".repeat(column));
    format!("ERROR: <input>:{line}:{}: {}\n | {shown}\n | {mark}", column + 1, problem.message)
}

#[cfg(test)]
mod tests;
