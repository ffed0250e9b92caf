//! What a field says.

/// The missing values of pandas (2.3, `read_csv`, `na_values`), and `?` and `-`.
pub(crate) const MISSING: [&str; 20] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?",
];

/// Whether a field without the blanks around it stands for a missing value.
pub(crate) fn is_missing(text: &str) -> bool {
    match text.as_bytes() {
        [] | b"-" => true,
        [first, ..] if text.len() <= 9 && b"#-1<NnU?".contains(first) => MISSING.contains(&text),
        _ => false,
    }
}

/// A field without the blanks around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// True or false, in capitals or not.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

/// A whole number; one written as `3.0` or `3e2` too, up to 2^53.
pub(crate) fn integer(text: &str, comma: bool) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    if digits_only(text) {
        return None;
    }
    float64(text, comma).and_then(whole)
}

/// Up to here float64 holds every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The whole number that a float is.
pub(crate) fn whole(number: f64) -> Option<i64> {
    (number.abs() <= EXACT && number.fract() == 0.0).then_some(number as i64)
}

/// The float that a whole number is, if float64 holds it exactly.
pub(crate) fn exact(number: i64) -> Option<f64> {
    let float = number as f64;
    (float as i128 == i128::from(number)).then_some(float)
}

/// A float64, the nearest one. A whole number without point and exponent has to be held exactly.
pub(crate) fn float64(text: &str, comma: bool) -> Option<f64> {
    let number: f64 = match comma {
        true => with_point(text)?.parse().ok()?,
        false => text.parse().ok()?,
    };
    if number.abs() >= EXACT && digits_only(text) {
        let digits: i128 = text.parse().ok()?;
        return (number as i128 == digits).then_some(number);
    }
    usable(text, number.is_finite()).then_some(number)
}

/// A float32, the nearest one.
pub(crate) fn float32(text: &str, comma: bool) -> Option<f32> {
    let number: f32 = match comma {
        true => with_point(text)?.parse().ok()?,
        false => text.parse().ok()?,
    };
    usable(text, number.is_finite()).then_some(number)
}

/// Infinity has to be written as a word; digits that are beyond the type are not a number.
fn usable(text: &str, finite: bool) -> bool {
    finite || !text.bytes().any(|byte| byte.is_ascii_digit()) && !text.ends_with(['n', 'N'])
}

fn with_point(text: &str) -> Option<String> {
    (!text.contains('.')).then(|| text.replace(',', "."))
}

fn digits_only(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn missing_values_are_those_of_the_list() {
        for text in MISSING.into_iter().chain(["-"]) {
            assert!(is_missing(text), "{text}");
        }
        for text in [
            "0", "1", "-1", "NAN", "none", "n.a.", "Nothing", "#", "1.#INF",
        ] {
            assert!(!is_missing(text), "{text}");
        }
    }

    #[test]
    fn no_digit_is_lost_silently() {
        assert_eq!(integer("9223372036854775807", false), Some(i64::MAX));
        assert_eq!(integer("9223372036854775808", false), None);
        assert_eq!(integer("3.0", false), Some(3));
        assert_eq!(integer("3.5", false), None);
        assert_eq!(float64("9007199254740992", false), Some(EXACT));
        assert_eq!(float64("9007199254740993", false), None);
        assert_eq!(float64("100000000000000000000", false), Some(1e20));
        assert_eq!(float64("1,5", true), Some(1.5));
        assert_eq!((float64("1.5", true), float64("1,5", false)), (None, None));
        assert_eq!(float64("1e999", false), None);
        assert_eq!(float64("-inf", false), Some(f64::NEG_INFINITY));
        assert_eq!(float32("1e39", false), None);
        assert_eq!(float32("0.1", false), Some(0.1));
        assert_eq!(
            (whole(0.5), whole(-2.0), whole(1e300)),
            (None, Some(-2), None)
        );
        assert_eq!((exact(1 << 53), exact((1 << 53) + 1)), (Some(EXACT), None));
        assert_eq!(
            (exact(i64::MAX), exact(i64::MIN)),
            (None, Some(-(2.0_f64.powi(63))))
        );
    }

    proptest! {
        #[test]
        fn floats_are_read_as_the_standard_library_reads_them(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            prop_assert_eq!(float64(&format!("{number:e}"), false).map(f64::to_bits), Some(bits));
        }
    }
}
