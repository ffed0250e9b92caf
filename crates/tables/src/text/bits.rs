//! Which kinds a field can have.

use columns::Kind;

use super::value;
use crate::time::parse_time;

/// Kinds, one bit each; a number can have several. Further bits say why one is read as text, and whether its marks may
/// stand between thousands.
pub(crate) type Bits = u16;

pub(crate) const BOOLEAN: Bits = 1;
pub(crate) const INTEGER: Bits = 2;
/// A float with a decimal point, or without any mark.
pub(crate) const POINT: Bits = 4;
/// A float with a decimal comma, or without any mark.
pub(crate) const COMMA: Bits = 8;
pub(crate) const TIME: Bits = 16;
/// A number with leading zeros.
pub(crate) const ZEROS: Bits = 32;
/// A whole number beyond what integers and floats hold.
pub(crate) const BEYOND: Bits = 64;
/// `10.251`, `1,234` and small whole numbers: a mark, if there is one, may stand between thousands.
pub(crate) const GROUPED: Bits = 128;
/// A number with marks between thousands that can be read as nothing else: `1.234.567`, `1,234.5`.
pub(crate) const THOUSANDS: Bits = 256;
pub(crate) const KINDS: Bits = BOOLEAN | INTEGER | POINT | COMMA | TIME;

/// The kinds that `text`, which is not missing, can have.
pub(crate) fn bits_of(text: &str) -> Bits {
    let bytes = text.as_bytes();
    let unsigned = match bytes {
        [b'+' | b'-', rest @ ..] => rest,
        _ => bytes,
    };
    match unsigned.first() {
        Some(b'0'..=b'9' | b'.' | b',') => match number(unsigned) {
            Some(bits) if bits & INTEGER != 0 => {
                whole_number(text, unsigned, bits) | grouped(unsigned)
            }
            Some(bits) => floating(text, bits) | grouped(unsigned),
            None if parse_time(text).is_some() => TIME,
            None if has_thousands(unsigned) => THOUSANDS,
            None => 0,
        },
        Some(b'i' | b'I') => match value::float64(text, false) {
            Some(_) => POINT | COMMA,
            None => 0,
        },
        _ if value::boolean(text).is_some() => BOOLEAN,
        _ => 0,
    }
}

/// Whether a field is read as a number where the decimals follow a comma, or a point otherwise. `007` is not: it is a
/// name.
pub fn is_number(field: &str, decimal_comma: bool) -> bool {
    let float = if decimal_comma { COMMA } else { POINT };
    bits_of(value::trimmed(field)) & (INTEGER | float) != 0
}

/// By the form: digits, a mark and digits, an exponent.
fn number(bytes: &[u8]) -> Option<Bits> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let before = digits(0);
    let mut at = before;
    let mut bits = INTEGER | POINT | COMMA;
    if let Some(mark @ (b'.' | b',')) = bytes.get(at) {
        bits = if *mark == b'.' { POINT } else { COMMA };
        let behind = digits(at + 1);
        at += 1 + behind;
        if before + behind == 0 {
            return None;
        }
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        bits &= !INTEGER;
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    if at < bytes.len() {
        return None;
    }
    // 007 is a name, 0 and 0.5 are numbers.
    let zeros = before > 1 && bytes[0] == b'0';
    Some(if zeros { ZEROS } else { bits })
}

/// [`GROUPED`] for one to three digits, and for three more behind a mark.
fn grouped(unsigned: &[u8]) -> Bits {
    let is_head = |head: &[u8]| (1..=3).contains(&head.len()) && digits(head);
    let parts: Vec<&[u8]> = unsigned
        .splitn(2, |byte| matches!(byte, b'.' | b','))
        .collect();
    match parts[..] {
        [head] if is_head(head) => GROUPED,
        [head, rest] if is_head(head) && head[0] != b'0' && rest.len() == 3 && digits(rest) => {
            GROUPED
        }
        _ => 0,
    }
}

/// Whether digits stand in groups of three between two marks of one kind or more, or before another mark.
fn has_thousands(unsigned: &[u8]) -> bool {
    ([(b'.', b','), (b',', b'.')].into_iter()).any(|(between, decimal)| {
        let (whole, decimals) = match unsigned.iter().position(|byte| *byte == decimal) {
            Some(at) => (&unsigned[..at], &unsigned[at + 1..]),
            None => (unsigned, &[][..]),
        };
        let mut groups = whole.split(|byte| *byte == between);
        let head = groups.next().unwrap_or_default();
        let mut rest = 0;
        let in_threes = groups.all(|group| {
            rest += 1;
            group.len() == 3 && digits(group)
        });
        (1..=3).contains(&head.len()) && digits(head) && rest > 0 && in_threes && digits(decimals)
    })
}

fn digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

fn whole_number(text: &str, digits: &[u8], bits: Bits) -> Bits {
    // 15 digits fit everywhere.
    if digits.len() <= 15 {
        return bits;
    }
    let integer = text.parse::<i64>().map_or(0, |_| INTEGER);
    let float = value::float64(text, false).map_or(0, |_| POINT | COMMA);
    match integer | float {
        0 => BEYOND,
        bits => bits,
    }
}

/// Only long exponents can lead beyond float64.
fn floating(text: &str, bits: Bits) -> Bits {
    if bits & (POINT | COMMA) == 0 || text.len() < 5 || !text.bytes().any(|byte| byte | 32 == b'e')
    {
        return bits;
    }
    match value::float64(text, bits & POINT == 0) {
        Some(_) => bits,
        None => 0,
    }
}

/// What is known about a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What every value can have.
    pub(crate) kinds: Bits,
    /// Why values are text.
    pub(crate) reasons: Bits,
    /// Whether there is a value.
    pub(crate) any: bool,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            kinds: KINDS | GROUPED,
            reasons: 0,
            any: false,
        }
    }
}

impl Seen {
    /// One more field.
    pub(crate) fn add(&mut self, field: &str) {
        if self.kinds & KINDS == 0 && self.any {
            return;
        }
        let field = value::trimmed(field);
        if !value::is_missing(field) {
            let bits = bits_of(field);
            self.any = true;
            self.kinds &= bits;
            self.reasons |= bits & !KINDS & !GROUPED;
        }
    }

    /// What both have seen.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            kinds: self.kinds & other.kinds,
            reasons: self.reasons | other.reasons,
            any: self.any || other.any,
        }
    }

    /// Whether there are values and all of them are numbers, moments or booleans.
    pub(crate) fn is_typed(self, comma: bool) -> bool {
        self.any && self.kind(comma) != Kind::Text
    }

    /// The kind of the column; float64 where there is no value.
    pub(crate) fn kind(self, comma: bool) -> Kind {
        let float = if comma { COMMA } else { POINT };
        match self.kinds {
            _ if !self.any => Kind::Float64,
            kinds if kinds & BOOLEAN != 0 => Kind::Boolean,
            kinds if kinds & INTEGER != 0 => Kind::Integer,
            kinds if kinds & float != 0 => Kind::Float64,
            kinds if kinds & TIME != 0 => Kind::Time,
            _ => Kind::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind(fields: &[&str], comma: bool) -> Kind {
        let mut seen = Seen::default();
        fields.iter().for_each(|field| seen.add(field));
        seen.kind(comma)
    }

    #[test]
    fn a_column_has_the_kind_of_all_its_values() {
        assert_eq!(kind(&["1", " 2 ", "NA", "-3"], false), Kind::Integer);
        assert_eq!(
            kind(&["1", "2.5", "", "1e-3", "inf", ".5", "3."], false),
            Kind::Float64
        );
        assert_eq!(kind(&["1", "2,5"], true), Kind::Float64);
        assert_eq!(kind(&["1", "2,5"], false), Kind::Text);
        assert_eq!(kind(&["1.5", "2,5"], true), Kind::Text);
        assert_eq!(kind(&["True", "false", "TRUE"], false), Kind::Boolean);
        assert_eq!(kind(&["true", "1"], false), Kind::Text);
        assert_eq!(kind(&["2026-01-31", "2026-01-31 12:00"], false), Kind::Time);
        assert_eq!(kind(&["", "NA"], false), Kind::Float64);
        assert_eq!(kind(&["007", "12"], false), Kind::Text);
        assert_eq!(kind(&["0", "0.5"], false), Kind::Float64);
        assert_eq!(kind(&["18446744073709551615"], false), Kind::Text);
        assert_eq!(kind(&["9007199254740993"], false), Kind::Integer);
        assert_eq!(kind(&["9007199254740993", "0.5"], false), Kind::Text);
        assert_eq!(
            kind(&["100000000000000000000", "0.5"], false),
            Kind::Float64
        );
        assert_eq!(kind(&["1e999", "0.5"], false), Kind::Text);
        for word in [
            "1.2.3", "1e", "e5", ".", "-", "+", "1_000", "0x10", "1 2", "--1", "infinite", "",
            "1-2",
        ] {
            assert_eq!(bits_of(word), 0, "{word}");
        }
    }

    #[test]
    fn marks_between_thousands_are_seen() {
        for text in ["10.251", "1,234", "-1.000", "7", "999"] {
            assert_ne!(bits_of(text) & GROUPED, 0, "{text}");
        }
        for text in [
            "0.251", "10.25", "1000", "1234.567", ".251", "1.2345", "1.251e3",
        ] {
            assert_eq!(bits_of(text) & GROUPED, 0, "{text}");
        }
        for text in ["1.234.567", "1.234,56", "1,234.5", "-1,234,567"] {
            assert_eq!(bits_of(text), THOUSANDS, "{text}");
        }
        for text in ["1.2.3", "1.23.456", "1234.567,8", "192.168.1.1", "1,2,3"] {
            assert_eq!(bits_of(text), 0, "{text}");
        }
    }

    #[test]
    fn numbers_have_the_mark_of_the_file() {
        assert!(is_number(" -1.5 ", false) && is_number("1,5", true) && is_number("3", true));
        assert!(!is_number("1,5", false) && !is_number("1.5", true) && !is_number("007", false));
        assert!(!is_number("n.a.", false) && !is_number("", false) && !is_number("1e309", false));
    }

    proptest! {
        /// What is called a number can be read as one, and the other way round.
        #[test]
        fn bits_say_what_can_be_read(text in "[+-]{0,1}[0-9]{0,20}[.,]{0,1}[0-9]{0,4}(e[+-]{0,1}[0-9]{0,3}){0,1}") {
            let text = text.as_str();
            prop_assume!(!value::is_missing(text));
            let bits = bits_of(text);
            prop_assume!(bits & ZEROS == 0);
            prop_assert_eq!(bits & POINT != 0, value::float64(text, false).is_some());
            prop_assert_eq!(bits & COMMA != 0, value::float64(text, true).is_some());
            prop_assert_eq!(bits & INTEGER != 0, text.parse::<i64>().is_ok());
        }
    }
}
