//! Quantities: reading never panics, the canonical form is a fixed point, the order agrees with subtraction, and JSON gives
//! back what it was given.

use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use clientset::Quantity;
use clientset::runtime::codec;
use clientset::runtime::wire::Format;

/// Sums drop what lies more than 4096 digits below the top.
const EXACT: usize = 1000;

/// Two quantities, with a space between.
pub(super) fn check(data: &[u8]) {
    let text = super::text(data);
    by_json(&text);
    let (left, right) = text.split_once(' ').unwrap_or((&text, "1"));
    let left = alone(left);
    let right = alone(right);
    if let (Some(left), Some(right)) = (left, right) {
        together(&left, &right);
    }
}

fn alone(text: &str) -> Option<Quantity> {
    let quantity = match text.parse::<Quantity>() {
        Ok(quantity) => quantity,
        Err(error) => {
            assert!(error.to_string().len() < 1000, "errors do not repeat all of a long text");
            return None;
        }
    };
    assert_eq!(quantity.as_str(), text);
    let canonical = quantity.canonical();
    let again: Quantity = canonical.parse().expect("the canonical form is a quantity");
    assert_eq!(again, quantity, "the canonical form {canonical:?} is the same value");
    assert_eq!(again.canonical(), canonical, "and its own canonical form");
    assert_eq!(hash(&again), hash(&quantity));
    assert_eq!((again.value(), again.milli_value()), (quantity.value(), quantity.milli_value()));
    assert_eq!(quantity.to_i64().map(Quantity::from_i64), quantity.to_i64().map(|_| quantity.clone()));
    assert!(quantity.to_i64().is_none_or(|units| units == quantity.value()));
    for format in [Format::DecimalSi, Format::BinarySi, Format::DecimalExponent] {
        let counted = quantity.with_format(format);
        assert_eq!((counted.format(), &counted), (format, &quantity));
    }
    let json = codec::to_string(&quantity);
    let read: Quantity = codec::from_str(&json).expect("what we wrote");
    assert_eq!((&read, read.as_str()), (&quantity, text));
    let by_serde: Quantity = serde_json::from_str(&json).expect("what we wrote, by serde");
    assert_eq!(by_serde.as_str(), text);
    assert_eq!(serde_json::to_string(&quantity).expect("a string"), json);
    let sign = match (quantity.is_zero(), quantity.is_negative()) {
        (true, false) => Ordering::Equal,
        (false, true) => Ordering::Less,
        (false, false) => Ordering::Greater,
        (true, true) => panic!("zero has no sign"),
    };
    assert_eq!(quantity.cmp(&Quantity::default()), sign);
    let approximate = quantity.as_f64_approx();
    // Beyond the range of floats, small values are zero.
    assert!(approximate.partial_cmp(&0.0).is_some_and(|order| order == sign || approximate == 0.0));
    Some(quantity)
}

fn together(left: &Quantity, right: &Quantity) {
    assert_eq!(left == right, left.cmp(right) == Ordering::Equal);
    assert_eq!(left.cmp(right), right.cmp(left).reverse());
    if left == right {
        assert_eq!(hash(left), hash(right));
    }
    let difference = left - right;
    let sum = left + right;
    assert_eq!(sum, right + left);
    let nothing = Quantity::default();
    if left.as_str().len() < EXACT && right.as_str().len() < EXACT {
        assert_eq!(difference.cmp(&nothing), left.cmp(right), "{left} - {right} = {difference}");
        assert_eq!(-&difference, right - left);
    }
    // Exact where neither has a large exponent.
    if [left, right]
        .iter()
        .all(|quantity| quantity.canonical().len() < EXACT && !quantity.as_str().contains(['e', 'E']))
    {
        assert_eq!(&difference + right, *left, "({left} - {right}) + {right}");
        assert_eq!(&sum - right, *left, "({left} + {right}) - {right}");
    }
    for result in [&difference, &sum] {
        let text = result.as_str();
        assert!(text.parse::<Quantity>().is_ok(), "{left} and {right} give {text:?}");
    }
}

/// The text as JSON: a string with white space around a quantity, a number, anything.
fn by_json(text: &str) {
    let Ok(quantity) = codec::from_str::<Quantity>(text) else { return };
    let written = codec::to_string(&quantity);
    let again: Quantity = codec::from_str(&written).expect("what we wrote");
    assert_eq!((&again, again.as_str()), (&quantity, quantity.as_str()));
    assert_eq!(codec::to_string(&again), written);
    let _ = serde_json::to_string(&quantity)
        .map(|text| serde_json::from_str::<Quantity>(&text).expect("what serde wrote"));
}

fn hash(quantity: &Quantity) -> u64 {
    let mut hasher = DefaultHasher::new();
    quantity.hash(&mut hasher);
    hasher.finish()
}
