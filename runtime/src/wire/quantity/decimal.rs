//! The number inside a quantity: an exact decimal of any length, with a bound on what a sum may grow to.
//!
//! It knows nothing of suffixes, formats or texts. Digits are kept one to a byte: quantities have a dozen of them, and
//! shifting by powers of ten, which is nearly all that happens here, is then moving bytes.

use std::cmp::Ordering;

/// The most digits a sum keeps. Go keeps any number, and so runs out of memory on `1e2147483647 + 1`. What
/// lies below is dropped: nobody asks for 10^4000 bytes and means the last nanobyte of them.
pub(super) const MAX_DIGITS: usize = 4096;

/// `±digits × 10^exponent`, without leading or trailing zero digits; zero has no digits, exponent 0 and no sign. So equal
/// numbers are equal field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    negative: bool,
    /// The most significant digit first, each 0 to 9.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// The number with these digits (0 to 9 each, most significant first).
    pub(super) fn new(negative: bool, mut digits: Vec<u8>, mut exponent: i64) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        let leading = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..leading);
        if digits.is_empty() {
            return Decimal::default();
        }
        Decimal { negative, digits, exponent }
    }

    /// `value × 10^exponent`.
    pub(super) fn from_i64(value: i64, exponent: i64) -> Self {
        let mut digits = Vec::with_capacity(20);
        let mut rest = value.unsigned_abs();
        while rest > 0 {
            digits.push((rest % 10) as u8);
            rest /= 10;
        }
        digits.reverse();
        Decimal::new(value < 0, digits, exponent)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    pub(super) fn digits(&self) -> &[u8] {
        &self.digits
    }

    pub(super) fn exponent(&self) -> i64 {
        self.exponent
    }

    /// The place just above the first digit: the number lies in `[10^(top-1), 10^top)`.
    fn top(&self) -> i64 {
        self.digits.len() as i64 + self.exponent
    }

    pub(super) fn negated(mut self) -> Self {
        self.negative = !self.negative && !self.is_zero();
        self
    }

    /// The number without its sign.
    pub(super) fn magnitude(mut self) -> Self {
        self.negative = false;
        self
    }

    /// Rounds away from zero to a multiple of `10^exponent`.
    pub(super) fn rounded_up_to(self, exponent: i64) -> Self {
        if self.is_zero() || self.exponent >= exponent {
            return self;
        }
        // Trailing digits are never zero, so something is lost here and the rest goes up by one.
        let kept = usize::try_from(self.top() - exponent).unwrap_or(0);
        let mut digits = self.digits;
        digits.truncate(kept);
        increment(&mut digits);
        Decimal::new(self.negative, digits, exponent)
    }

    /// `self × 2^power`, for powers up to 60.
    pub(super) fn times_power_of_two(self, power: u32) -> Self {
        debug_assert!(power <= 60);
        let mut carry = 0u64;
        let mut reversed = Vec::with_capacity(self.digits.len() + 20);
        for &digit in self.digits.iter().rev() {
            // At most 9 × 2^60 and a carry below 2^60: within 64 bits.
            let value = (u64::from(digit) << power) + carry;
            reversed.push((value % 10) as u8);
            carry = value / 10;
        }
        while carry > 0 {
            reversed.push((carry % 10) as u8);
            carry /= 10;
        }
        reversed.reverse();
        Decimal::new(self.negative, reversed, self.exponent)
    }

    /// The digits of a quotient by 1024 where the division is exact; `None` otherwise, and for zero.
    pub(super) fn divided_by_1024(digits: &[u8]) -> Option<Vec<u8>> {
        let mut rest = 0u32;
        let mut quotient = Vec::with_capacity(digits.len());
        for &digit in digits {
            let value = rest * 10 + u32::from(digit);
            rest = value % 1024;
            let place = (value / 1024) as u8;
            if place > 0 || !quotient.is_empty() {
                quotient.push(place);
            }
        }
        (rest == 0 && !quotient.is_empty()).then_some(quotient)
    }

    /// The sum; exact as long as it spans at most [`MAX_DIGITS`] digits.
    pub(super) fn plus(&self, other: &Decimal) -> Decimal {
        if self.is_zero() || other.is_zero() {
            return if self.is_zero() { other.clone() } else { self.clone() };
        }
        let top = self.top().max(other.top());
        let bottom = self.exponent.min(other.exponent).max(top - MAX_DIGITS as i64);
        let (left, right) = (self.aligned(top, bottom), other.aligned(top, bottom));
        let (negative, digits) = if self.negative == other.negative {
            (self.negative, add(&left, &right))
        } else if left >= right {
            (self.negative, subtract(&left, &right))
        } else {
            (other.negative, subtract(&right, &left))
        };
        Decimal::new(negative, digits, bottom)
    }

    /// The digits from place `top` down to place `bottom`; what lies below is cut off.
    fn aligned(&self, top: i64, bottom: i64) -> Vec<u8> {
        let width = (top - bottom) as usize;
        let mut digits = Vec::with_capacity(width);
        digits.resize(((top - self.top()) as usize).min(width), 0);
        let room = width - digits.len();
        digits.extend(self.digits.iter().take(room));
        digits.resize(width, 0);
        digits
    }

    /// `ceil(|self| × 10^places)` with the sign of `self`, as far as an `i64` reaches.
    pub(super) fn scaled_to_i64(&self, places: i64) -> i64 {
        let rounded = self.clone().rounded_up_to(-places);
        let limit = if rounded.negative { i64::MIN } else { i64::MAX };
        if rounded.is_zero() {
            return 0;
        }
        if rounded.top() + places > 19 {
            return limit;
        }
        let mut value = 0i128;
        for &digit in &rounded.digits {
            value = value * 10 + i128::from(digit);
        }
        for _ in 0..rounded.exponent + places {
            value *= 10;
        }
        i64::try_from(if rounded.negative { -value } else { value }).unwrap_or(limit)
    }

    /// The number as an integer, where it is one and fits.
    pub(super) fn to_i64(&self) -> Option<i64> {
        if self.exponent < 0 || self.top() > 19 {
            return None;
        }
        let value = self.scaled_to_i64(0);
        (Decimal::from_i64(value, 0) == *self).then_some(value)
    }

    /// The nearest `f64`, infinite where there is none.
    pub(super) fn to_f64(&self) -> f64 {
        let mut text = String::with_capacity(self.digits.len() + 16);
        if self.negative {
            text.push('-');
        }
        push_digits(&mut text, &self.digits);
        if self.digits.is_empty() {
            text.push('0');
        }
        text.push('e');
        text.push_str(&self.exponent.to_string());
        text.parse().unwrap_or(f64::NAN)
    }
}

/// Writes digits as characters.
pub(super) fn push_digits(text: &mut String, digits: &[u8]) {
    text.extend(digits.iter().map(|&digit| char::from(b'0' + digit)));
}

fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return;
        }
        *digit = 0;
    }
    digits.insert(0, 1);
}

fn add(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut sum = vec![0; left.len() + 1];
    let mut carry = 0;
    for place in (0..left.len()).rev() {
        let value = left[place] + right[place] + carry;
        sum[place + 1] = value % 10;
        carry = value / 10;
    }
    sum[0] = carry;
    sum
}

/// `left - right`, where `left` is not the smaller one.
fn subtract(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut difference = vec![0; left.len()];
    let mut borrow = 0;
    for place in (0..left.len()).rev() {
        let (minuend, subtrahend) = (left[place], right[place] + borrow);
        borrow = u8::from(minuend < subtrahend);
        difference[place] = minuend + 10 * borrow - subtrahend;
    }
    difference
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Decimal| match (number.is_zero(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            // Without trailing zeros the order of digit strings is the order of the numbers at the same place.
            let magnitude = self.top().cmp(&other.top()).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { magnitude.reverse() } else { magnitude }
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
