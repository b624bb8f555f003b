//! Quantities against what Go's own type answered, and properties that hold for any text.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::codec::{from_str, to_string};
use crate::wire::fixtures;

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::DecimalSi => "DecimalSI",
        Format::BinarySi => "BinarySI",
        Format::DecimalExponent => "DecimalExponent",
    }
}

#[test]
fn texts_read_as_in_go() {
    let rows: Vec<Vec<Json>> = fixtures::read("quantity/parse.json");
    assert!(rows.len() > 5000);
    let (mut read, mut refused, mut undefined) = (0, 0, 0);
    for row in &rows {
        let text = row[0].as_str().unwrap();
        let parsed = text.parse::<Quantity>();
        if row[1].is_object() {
            refused += 1;
            assert!(parsed.is_err(), "{text:?} is read as {parsed:?}, which Go refuses: {}", row[1]);
            continue;
        }
        read += 1;
        let parsed = parsed.unwrap_or_else(|error| panic!("Go reads {text:?}: {error}"));
        assert_eq!(parsed.as_str(), text);
        match row[1].as_str() {
            Some(canonical) => assert_eq!(parsed.canonical(), canonical, "{text:?}"),
            None => assert_eq!(quantity(&parsed.canonical()), parsed, "{text:?}: no digit may be lost"),
        }
        assert_eq!(format_name(parsed.format()), row[2], "{text:?}");
        for (answer, expected) in [(parsed.value(), &row[3]), (parsed.milli_value(), &row[4])] {
            match expected.as_i64() {
                Some(expected) => assert_eq!(answer, expected, "{text:?}"),
                None => undefined += 1,
            }
        }
        if let Some(float) = row[5].as_f64() {
            let close = (parsed.as_f64_approx() - float).abs() <= float.abs() * 1e-15;
            assert!(close, "{text:?}: {} is far from {float}", parsed.as_f64_approx());
        }
    }
    assert!(read > 4000 && refused > 900 && undefined < 2800, "{read} {refused} {undefined}");
}

#[test]
fn what_a_server_stores_in_a_custom_resource_is_read_and_given_back() {
    let rows: Vec<(String, bool)> = fixtures::read("stored/quantities.json");
    let (mut odd, mut refused) = (0, 0);
    for (text, stored) in rows {
        let json = serde_json::to_string(&text).unwrap();
        let plain = text.trim().parse::<Quantity>();
        let ours = from_str::<Quantity>(&json);
        assert_eq!(ours.is_ok(), stored || plain.is_ok(), "{text:?}: {ours:?}");
        let Ok(ours) = ours else {
            refused += 1;
            continue;
        };
        assert_eq!(to_string(&ours), json);
        if plain.is_err() {
            odd += 1;
            assert!(ours.is_zero() && ours.as_str() == text, "{text:?}");
            assert_eq!((&ours + &quantity("1")).to_string(), "1", "{text:?}");
        }
    }
    assert!(odd > 5 && refused > 900, "{odd} {refused}");
}

#[test]
fn pairs_compare_and_sum_as_in_go() {
    type Row = (String, String, i8, Option<String>, Option<String>, Option<String>);
    let rows: Vec<Row> = fixtures::read("quantity/pairs.json");
    assert!(rows.len() >= 3000);
    for (left, right, order, sum, difference, negative) in rows {
        let (a, b) = (quantity(&left), quantity(&right));
        assert_eq!(a.cmp(&b) as i8, order, "{left} against {right}");
        assert_eq!(a == b, order == 0, "{left} = {right}");
        for (what, ours, go) in [("+", &a + &b, sum), ("-", &a - &b, difference), ("neg", -&a, negative)] {
            if let Some(go) = go {
                assert_eq!(ours.as_str(), go, "{left} {what} {right}");
            }
            assert_eq!(ours.as_str(), ours.canonical(), "{left} {what} {right}");
        }
    }
}

#[test]
fn running_sums_keep_value_and_format_as_in_go() {
    type Step = (char, String, Option<String>, String);
    let rows: Vec<(String, Vec<Step>)> = fixtures::read("quantity/chains.json");
    assert!(rows.len() > 400);
    for (start, steps) in rows {
        let mut running = quantity(&start);
        let mut path = start;
        for (operation, operand, canonical, format) in steps {
            path = format!("{path} {operation} {operand}");
            match operation {
                '+' => running += &quantity(&operand),
                _ => running -= &quantity(&operand),
            }
            if let Some(canonical) = canonical {
                assert_eq!(running.as_str(), canonical, "{path}");
            }
            assert_eq!(format_name(running.format()), format, "{path}");
        }
    }
}

#[test]
fn json_strings_and_numbers_read_as_in_go_and_are_given_back() {
    let rows: Vec<(String, Option<String>)> = fixtures::read("quantity/json.json");
    for (json, canonical) in rows {
        let read = from_str::<Quantity>(&json);
        assert_eq!(read.as_ref().ok().map(Quantity::canonical), canonical, "{json}");
        let Ok(read) = read else { continue };
        let written = to_string(&read);
        assert_eq!(written, if json == "null" { r#""0""# } else { &*json }, "{json}");
        // serde's numbers may be floats, so there the value is what counts.
        let value: Json = serde_json::from_str(&json).unwrap();
        if json.len() < 20 {
            assert_eq!(serde_json::from_str::<Quantity>(&json).unwrap(), read, "{json}");
            assert_eq!(serde_json::from_value::<Quantity>(value).unwrap(), read, "{json}");
            let again: Quantity = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
            assert_eq!(again, read, "{json}");
        }
    }
}

/// Go does not look at escapes here, and refuses what has one.
#[test]
fn escaped_texts_read_as_the_text_they_stand_for() {
    let read: Quantity = from_str(r#""\u0031Ki""#).unwrap();
    assert_eq!(read.as_str(), "1Ki");
}

/// With serde_json's `arbitrary_precision` on, which any crate can do, a number arrives as a map with one private key.
#[test]
fn numbers_of_arbitrary_precision_keep_their_digits() {
    let number = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(
        [("$serde_json::private::Number", "0.1234567890123456789")].into_iter(),
    );
    let read = <Quantity as serde::Deserialize>::deserialize(number).unwrap();
    assert_eq!(to_string(&read), "0.1234567890123456789");
    assert_eq!(read.canonical(), "123456790n");
    let number: serde::de::value::U128Deserializer<serde::de::value::Error> =
        serde::de::IntoDeserializer::into_deserializer(100_000_000_000_000_000_000u128);
    let read = <Quantity as serde::Deserialize>::deserialize(number).unwrap();
    assert_eq!(to_string(&read), "100000000000000000000");
}

#[test]
fn a_quantity_is_small() {
    assert_eq!(size_of::<Quantity>(), 16);
    assert_eq!(size_of::<Option<Quantity>>(), 16);
}

#[test]
fn sums_beyond_what_a_text_can_say_stay_exact() {
    let four = quantity("4Ei");
    let eight = &four + &four;
    assert_eq!(eight.to_string(), "8Ei");
    assert_eq!((&eight - &four), four);
    assert_eq!(eight.value(), i64::MAX);
    assert_ne!(eight, quantity("8Ei"), "a text is capped, as in Go");
    let many: Quantity = std::iter::repeat_n(&four, 256).sum();
    assert_eq!(many.to_string(), "1024Ei");
    let mut less = quantity("1Ki");
    less -= &quantity("1");
    assert_eq!(less.to_string(), "1023");
    less += &quantity("1");
    assert_eq!(less.to_string(), "1Ki", "the format outlives a value that has no suffix in it");
    assert_eq!(quantity("1000E").canonical(), "1000E");
}

#[test]
fn values_saturate_and_round_away_from_zero() {
    for (text, value, milli) in [
        ("9223372036854775807", i64::MAX, i64::MAX),
        ("-9223372036854775808", i64::MIN, i64::MIN),
        ("9223372036854775808", i64::MAX, i64::MAX),
        ("-1e100", i64::MIN, i64::MIN),
        ("1e2147483647", i64::MAX, i64::MAX),
        ("-1.5", -2, -1500),
        ("-1.0000000000000000000001", -2, -1001),
        ("1n", 1, 1),
        ("-1n", -1, -1),
    ] {
        assert_eq!((quantity(text).value(), quantity(text).milli_value()), (value, milli), "{text}");
    }
    assert_eq!(quantity("9223372036854775807").to_i64(), Some(i64::MAX));
    assert_eq!(quantity("9223372036854775808").to_i64(), None);
    assert_eq!(quantity("1500m").to_i64(), None);
    assert_eq!(quantity("-9223372036854775808").to_i64(), Some(i64::MIN));
}

/// Go expands the power of ten for each of these and takes gigabytes and minutes.
#[test]
fn huge_exponents_and_lengths_cost_nothing() {
    let texts = [
        "1e2147483647",
        "-1e2147483646",
        "1000e2147483647",
        "1234567890123456789e2147483647",
        "1e-2147483648",
        "0.1e-2147483640",
        "0e2147483647",
    ];
    for left in texts {
        let a = quantity(left);
        assert_eq!(quantity(&a.canonical()), a, "{left}");
        assert!(a.canonical().len() < 64, "{left}");
        for right in texts.iter().chain(&["1", "1Ki", "-5n", "0"]) {
            let b = quantity(right);
            assert_eq!(b.cmp(&a), a.cmp(&b).reverse());
            for result in [&a + &b, &a - &b, &b - &a, -&a] {
                assert!(result.as_str().len() < 2 * decimal::MAX_DIGITS, "{left} {right}");
            }
        }
    }
    let long = format!("{}.{}Ei", "9".repeat(500_000), "1".repeat(500_000));
    assert_eq!(quantity(&long).value(), i64::MAX);
    let long = format!("0.{}1", "0".repeat(1_000_000));
    assert_eq!(quantity(&long).canonical(), "1n");
    let error = "x".repeat(1_000_000).parse::<Quantity>().unwrap_err();
    assert!(error.to_string().len() < 400, "{error}");
}

#[test]
fn equal_values_hash_alike() {
    let one: HashSet<Quantity> =
        ["1", "1000m", "1e0", "1.0", "+1", "0.001k", "1000000000n"].map(quantity).into();
    assert_eq!(one.len(), 1);
    let zero: HashSet<Quantity> = ["0", "-0", "0Ki", "0e5", ".", "0.0"].map(quantity).into();
    assert_eq!(zero.len(), 1);
    assert!(zero.contains(&Quantity::default()));
}

#[test]
fn an_error_shows_the_text_and_what_is_allowed() {
    let error = "1.5 GB".parse::<Quantity>().unwrap_err().to_string();
    assert!(error.contains("\"1.5 GB\"") && error.contains("Ki Mi Gi"), "{error}");
    let error = from_str::<Quantity>(r#""1.5 GB""#).unwrap_err().to_string();
    assert!(error.contains("500m"), "{error}");
}

/// Texts that mostly are quantities, within what Go computes with.
fn texts() -> impl Strategy<Value = String> {
    "[+-]?[0-9]{1,20}(\\.[0-9]{0,12})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,2})?"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", shaped in "[0-9.+-]{0,8}[eEinumkKMGTP]{0,3}[+-]?[0-9]{0,19}") {
        for text in [text, shaped] {
            if let Ok(read) = text.parse::<Quantity>() {
                let _ = (read.canonical(), read.value(), read.milli_value(), read.as_f64_approx(), &read + &read, read.format());
                prop_assert_eq!(read.as_str(), &text);
            }
            let json = serde_json::to_string(&text).unwrap();
            if let Ok(read) = from_str::<Quantity>(&json) {
                prop_assert_eq!(to_string(&read), json);
            }
        }
    }

    #[test]
    fn what_is_shown_reads_back(text in texts()) {
        let read = quantity(&text);
        prop_assert_eq!(quantity(&read.to_string()), read.clone());
        prop_assert_eq!(quantity(&read.canonical()), read.clone());
        let again = quantity(&read.canonical());
        // 187.5Ki has no suffix in the end, being no multiple of 1,024, and so reads back as a decimal number: as in Go.
        if again.format() == read.format() {
            prop_assert_eq!(again.canonical(), read.canonical());
        }
    }

    #[test]
    fn order_is_total_and_agrees_with_sums(a in texts(), b in texts(), c in texts()) {
        let (a, b, c) = (quantity(&a), quantity(&b), quantity(&c));
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b), (&a + &c).cmp(&(&b + &c)));
        prop_assert_eq!(a.cmp(&b), (&a - &b).cmp(&Quantity::default()));
        prop_assert_eq!((-&b).cmp(&-&a), a.cmp(&b));
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        prop_assert_eq!(&(&a + &b) - &b, a.clone());
        prop_assert_eq!(&a + &b, &b + &a);
        prop_assert_eq!(&(&a + &b) + &c, &a + &(&b + &c));
    }
}
