//! Resource quantities: `500m`, `1.5`, `2Gi`, `1e3`, with Go's arithmetic.
//!
//! The type and what it offers. Reading is in `parse`, the number in `decimal`, writing in `canonical`, keeping in `text`,
//! the wire in `codec`. There is no multiplication and no division: Kubernetes adds, subtracts and compares.

mod canonical;
mod codec;
mod decimal;
mod parse;
mod text;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use decimal::Decimal;
use text::Stored;

/// An amount of a resource: CPU, memory, storage, a count.
///
/// ```
/// use clientset_runtime::wire::Quantity;
///
/// let request: Quantity = "1.5Gi".parse()?;
/// let limit: Quantity = "2048Mi".parse()?;
/// assert!(request < limit);
/// assert_eq!((&request + &limit).to_string(), "3584Mi");
/// assert_eq!(request.value(), 1_610_612_736);
/// assert_eq!(request.to_string(), "1.5Gi");
/// # Ok::<(), clientset_runtime::wire::ParseQuantityError>(())
/// ```
///
/// The text it was read with is kept, and given back until the value is changed; a computed value is written in Go's
/// canonical form. Comparing, hashing and arithmetic go by the exact value: `1`, `1000m` and `1e0` are equal. The default
/// is `0`. Sums are exact up to 4096 digits. A text that a custom resource's schema lets through and Go cannot read, as
/// `1e1.5`, is kept and counts as zero. It takes 16 bytes, and no others for texts of up to 14.
#[derive(Clone)]
pub struct Quantity(Stored);

/// Which suffixes a quantity counts in; it follows from the text, and a sum takes that of its first operand that is not
/// zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `n`, `u`, `m`, none, `k`, `M`, `G`, `T`, `P`, `E`: powers of 1000.
    DecimalSi,
    /// `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei`: powers of 1024.
    BinarySi,
    /// `e3`, `e-6`: powers of ten.
    DecimalExponent,
}

impl Quantity {
    /// That many units.
    pub fn from_i64(units: i64) -> Self {
        Quantity::compute(Decimal::from_i64(units, 0), Format::DecimalSi)
    }

    /// That many thousandths, as CPU is counted.
    ///
    /// ```
    /// # use clientset_runtime::wire::Quantity;
    /// assert_eq!(Quantity::from_milli(1500).to_string(), "1500m");
    /// assert_eq!(Quantity::from_milli(2000).to_string(), "2");
    /// ```
    pub fn from_milli(thousandths: i64) -> Self {
        Quantity::compute(Decimal::from_i64(thousandths, -3), Format::DecimalSi)
    }

    /// The same value, counted in other suffixes and written anew.
    ///
    /// ```
    /// # use clientset_runtime::wire::{Format, Quantity};
    /// assert_eq!(Quantity::from_i64(1 << 30).with_format(Format::BinarySi).to_string(), "1Gi");
    /// ```
    pub fn with_format(&self, format: Format) -> Self {
        Quantity::compute(self.parts().0, format)
    }

    /// The suffixes it counts in.
    pub fn format(&self) -> Format {
        self.parts().1
    }

    /// The text: as it was read, or canonical where the value was computed.
    pub fn as_str(&self) -> &str {
        self.0.text()
    }

    /// The text in Go's canonical form: no fraction, the largest suffix that loses nothing.
    ///
    /// ```
    /// # use clientset_runtime::wire::Quantity;
    /// assert_eq!("0.5Gi".parse::<Quantity>()?.canonical(), "512Mi");
    /// # Ok::<(), clientset_runtime::wire::ParseQuantityError>(())
    /// ```
    ///
    /// Beyond 1000E and 1024Ei Go leaves the suffix out and so writes another number; this writes more digits instead.
    pub fn canonical(&self) -> String {
        let (number, format) = self.parts();
        canonical::canonical(&number, format)
    }

    /// Whole units, rounded away from zero; the nearest `i64` where the value is out of its range.
    ///
    /// For values that overflow, Go's `Value()` returns whatever is left of the bits.
    pub fn value(&self) -> i64 {
        self.parts().0.scaled_to_i64(0)
    }

    /// Thousandths, rounded away from zero; the nearest `i64` where the value is out of its range.
    pub fn milli_value(&self) -> i64 {
        self.parts().0.scaled_to_i64(3)
    }

    /// Whole units, where the value is an integer that fits.
    pub fn to_i64(&self) -> Option<i64> {
        self.parts().0.to_i64()
    }

    /// The nearest `f64`, for showing and charting: it may lose digits. Infinite beyond its range.
    pub fn as_f64_approx(&self) -> f64 {
        self.parts().0.to_f64()
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.parts().0.is_zero()
    }

    /// Whether it is less than zero.
    pub fn is_negative(&self) -> bool {
        self.parts().0.is_negative()
    }

    fn parts(&self) -> (Decimal, Format) {
        self.0.known().cloned().unwrap_or_else(|| parse::parse(self.as_str().trim()))
    }

    fn compute(number: Decimal, format: Format) -> Self {
        let text = canonical::canonical(&number, format);
        let read = parse::parse(&text);
        if read.0 == number && read.1 == format {
            Quantity(Stored::new(&text, false))
        } else {
            Quantity(Stored::exact(&text, number, format))
        }
    }

    fn plus(&self, number: Decimal, other: Format) -> Self {
        let (own, format) = self.parts();
        let format = if own.is_zero() { other } else { format };
        Quantity::compute(own.plus(&number), format)
    }
}

impl Default for Quantity {
    fn default() -> Self {
        Quantity(Stored::new("0", false))
    }
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    /// Reads what Go's `ParseQuantity` reads; white space is not allowed.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        parse::validate(text)?;
        Ok(Quantity(Stored::new(text, false)))
    }
}

impl TryFrom<&str> for Quantity {
    type Error = ParseQuantityError;

    fn try_from(text: &str) -> Result<Self, ParseQuantityError> {
        text.parse()
    }
}

impl From<i64> for Quantity {
    fn from(units: i64) -> Self {
        Quantity::from_i64(units)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        let same_text =
            self.0.known().is_none() && other.0.known().is_none() && self.as_str() == other.as_str();
        same_text || self.parts().0 == other.parts().0
    }
}

impl Eq for Quantity {}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().0.hash(state);
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().0.cmp(&other.parts().0)
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Add for &Quantity {
    type Output = Quantity;

    fn add(self, other: &Quantity) -> Quantity {
        let (number, format) = other.parts();
        self.plus(number, format)
    }
}

impl Sub for &Quantity {
    type Output = Quantity;

    fn sub(self, other: &Quantity) -> Quantity {
        let (number, format) = other.parts();
        self.plus(number.negated(), format)
    }
}

impl Neg for &Quantity {
    type Output = Quantity;

    fn neg(self) -> Quantity {
        let (number, format) = self.parts();
        Quantity::compute(number.negated(), format)
    }
}

impl AddAssign<&Quantity> for Quantity {
    fn add_assign(&mut self, other: &Quantity) {
        *self = &*self + other;
    }
}

impl SubAssign<&Quantity> for Quantity {
    fn sub_assign(&mut self, other: &Quantity) {
        *self = &*self - other;
    }
}

impl<'a> Sum<&'a Quantity> for Quantity {
    fn sum<I: Iterator<Item = &'a Quantity>>(quantities: I) -> Self {
        quantities.fold(Quantity::default(), |sum, quantity| &sum + quantity)
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Quantity>>(quantities: I) -> Self {
        quantities.fold(Quantity::default(), |sum, quantity| &sum + &quantity)
    }
}

/// A text that is no quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseQuantityError {
    /// The text, shortened where it is long.
    text: Box<str>,
}

impl ParseQuantityError {
    fn new(text: &str) -> Self {
        let mut shown: String = text.chars().take(40).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        ParseQuantityError { text: shown.into() }
    }
}

impl fmt::Display for ParseQuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no quantity: a decimal number such as 2 or -1.5, then at most one of n u m k M G T P E \
             (powers of 1000), Ki Mi Gi Ti Pi Ei (powers of 1024) or an exponent such as e3, and no white space",
            self.text
        )
    }
}

impl std::error::Error for ParseQuantityError {}
