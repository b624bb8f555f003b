//! Quantities: `100m`, `1.5Gi`, `2e3`; reading them, comparing them and writing them in the canonical form.
//!
//! Amounts beyond what fits are cut off as the real server cuts them; nothing here knows what is measured.

use std::cmp::Ordering;

/// How a quantity was written, which its canonical form keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Binary,
    Decimal,
    Exponent,
}

/// An amount in billionths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantity {
    nano: i128,
    form: Form,
}

/// The complaint about text that is no quantity.
pub(crate) const NOT_A_QUANTITY: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const NANO: i128 = 1_000_000_000;
/// 2^63 - 1, the most that is told apart.
const MOST: i128 = i64::MAX as i128 * NANO;
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

impl Quantity {
    pub(crate) fn parse(text: &str) -> Option<Quantity> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at_checked(end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') {
            return None;
        }
        let (form, binary, decimal) = scale(suffix)?;
        // Digits as one integer, then scaled; rounding is away from zero, as the real server does it.
        let (mut digits, mut lost, mut point) = (0_i128, false, 0_i32);
        for (at, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            let behind = at >= whole.len();
            if digits >= i128::MAX / 100 / (1 << 10) {
                lost |= digit != b'0';
                point += i32::from(!behind);
                continue;
            }
            digits = digits * 10 + i128::from(digit - b'0');
            point -= i32::from(behind);
        }
        let nano = scaled(digits, lost, binary, decimal.saturating_add(point).saturating_add(9));
        Some(Quantity { nano: if negative { -nano } else { nano }, form })
    }

    pub(crate) fn zero() -> Quantity {
        Quantity { nano: 0, form: Form::Decimal }
    }

    /// In billionths.
    pub(crate) fn nano(&self) -> i128 {
        self.nano
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.nano < 0
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.nano == 0
    }

    /// Whether it is a whole number of times another, at least once or none.
    pub(crate) fn is_multiple_of(&self, other: &Quantity) -> bool {
        other.nano > 0 && self.nano >= 0 && self.nano % other.nano == 0
    }

    /// Whether it is a whole number.
    pub(crate) fn is_whole(&self) -> bool {
        self.nano % NANO == 0
    }

    pub(crate) fn plus(self, other: Quantity) -> Quantity {
        let form = if self.nano == 0 { other.form } else { self.form };
        Quantity { nano: self.nano.saturating_add(other.nano).min(MOST), form }
    }

    pub(crate) fn minus(self, other: Quantity) -> Quantity {
        let form = if self.nano == 0 { other.form } else { self.form };
        Quantity { nano: self.nano.saturating_sub(other.nano), form }
    }

    /// Rounded up to thousandths.
    pub(crate) fn to_milli(self) -> Quantity {
        let step = NANO / 1000;
        let rest = self.nano.rem_euclid(step);
        let nano = if rest == 0 { self.nano } else { self.nano - rest + step };
        Quantity { nano, ..self }
    }

    /// The canonical form: no fraction, the largest suffix that allows that.
    pub(crate) fn canonical(&self) -> String {
        if self.nano == 0 {
            return "0".to_owned();
        }
        let small_or_fraction = self.nano % NANO != 0 || self.nano.abs() < 1024 * NANO;
        if self.form == Form::Binary && !small_or_fraction {
            let mut value = self.nano / NANO;
            let mut suffix = "";
            for (name, _) in BINARY {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                suffix = name;
            }
            return format!("{value}{suffix}");
        }
        let (mut value, mut exponent) = (self.nano, -9);
        while value % 1000 == 0 && exponent < 18 {
            value /= 1000;
            exponent += 3;
        }
        if self.form == Form::Exponent && exponent != 0 {
            return format!("{value}e{exponent}");
        }
        let suffix = DECIMAL.iter().find(|(_, it)| *it == exponent).map_or("", |(name, _)| name);
        format!("{value}{suffix}")
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.nano.partial_cmp(&other.nano)
    }
}

/// What a suffix stands for: the form, a power of two and a power of ten.
fn scale(suffix: &str) -> Option<(Form, u32, i32)> {
    if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((Form::Binary, *power, 0));
    }
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((Form::Decimal, 0, *power));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let power: i32 = exponent.parse().ok()?;
    Some((Form::Exponent, 0, power.clamp(-1000, 1000)))
}

/// `digits · 2^binary · 10^decimal`, rounded up and cut off at the most.
fn scaled(digits: i128, lost: bool, binary: u32, decimal: i32) -> i128 {
    let mut value = digits;
    for _ in 0..binary / 10 {
        value = value.saturating_mul(1024);
    }
    let mut rest = lost;
    for _ in 0..decimal.unsigned_abs() {
        if value == 0 || value == i128::MAX {
            break;
        }
        if decimal > 0 {
            value = value.saturating_mul(10);
        } else {
            rest |= value % 10 != 0;
            value /= 10;
        }
    }
    value.saturating_add(i128::from(rest && digits != 0)).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn canonical_forms_are_those_of_the_real_server() {
        for (written, canonical) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("1024", "1024"),
            ("1024Ki", "1Mi"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("1000", "1k"),
            ("-2.50", "-2500m"),
            ("+7", "7"),
            ("0Gi", "0"),
            ("0.0000000001", "1n"),
            ("12345678901234567890", "9223372036854775807"),
        ] {
            let got = Quantity::parse(written).map(|it| it.canonical());
            assert_eq!(got.as_deref(), Some(canonical), "{written}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "abc", "1.2.3", "1Xi", "e3", "1e", "--1", "1 Gi", "."] {
            assert_eq!(Quantity::parse(text).map(|it| it.canonical()), None, "{text}");
        }
    }
}
