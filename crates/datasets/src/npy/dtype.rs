//! Types of numbers, as NumPy writes them.

use super::error::{NpyError, malformed};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DType {
    pub(super) kind: u8,
    pub(super) bytes: usize,
    big_endian: bool,
    pub(super) text: &'static str,
}

/// Every number type of fixed size: kind and bytes as NumPy writes them.
const DTYPES: [(&str, &str); 12] = [
    ("f2", "float16"),
    ("f4", "float32"),
    ("f8", "float64"),
    ("i1", "int8"),
    ("i2", "int16"),
    ("i4", "int32"),
    ("i8", "int64"),
    ("u1", "uint8"),
    ("u2", "uint16"),
    ("u4", "uint32"),
    ("u8", "uint64"),
    ("b1", "bool"),
];

/// The types that are read.
pub(crate) const NUMBERS: &str = "numbers of 8 to 64 bits or bool";

/// The type that a header writes as `descr`, by its name in NumPy.
pub(crate) fn dtype_name(descr: &str) -> String {
    let plain = descr.trim_start_matches(['<', '>', '|', '=']);
    if let Some((_, text)) = DTYPES
        .iter()
        .find(|(code, text)| plain == *code || plain == *text)
    {
        return (*text).to_owned();
    }
    let bits = |bytes: &str| {
        bytes
            .parse::<u64>()
            .map_or(0, |bytes| bytes.saturating_mul(8))
    };
    let (kind, rest) = plain.split_at_checked(1).unwrap_or_default();
    match kind {
        "[" => "a structured array of several columns".to_owned(),
        "U" => format!("text of up to {rest} characters ({plain})"),
        "S" | "a" => format!("bytes, a text of up to {rest} ({plain})"),
        "O" => "Python objects".to_owned(),
        "M" => format!("dates (datetime64{})", rest.trim_start_matches('8')),
        "m" => format!(
            "spans of time (timedelta64{})",
            rest.trim_start_matches('8')
        ),
        "c" => format!("complex numbers (complex{})", bits(rest)),
        "f" => format!("long doubles (float{})", bits(rest)),
        "V" => format!("raw bytes ({plain})"),
        _ => format!("the dtype {descr:?}"),
    }
}

impl DType {
    pub(super) fn parse(descr: &str) -> Result<Self, NpyError> {
        if descr.contains('O') && !descr.starts_with('[') {
            return Err(NpyError::Pickled);
        }
        let (order, plain) = match descr.as_bytes().first() {
            Some(order @ (b'<' | b'>' | b'|' | b'=')) => (*order, &descr[1..]),
            _ => (b'=', descr), // the machine's own, as NumPy takes it
        };
        let known = DTYPES
            .iter()
            .find(|(code, text)| plain == *code || plain == *text);
        let Some((code, text)) = known else {
            return malformed(dtype_name(descr), NUMBERS);
        };
        Ok(Self {
            kind: code.as_bytes()[0],
            bytes: usize::from(code.as_bytes()[1] - b'0'),
            big_endian: order == b'>',
            text,
        })
    }

    /// One number. 64-bit integers beyond 2^53 round to the nearest.
    pub(super) fn number(self, raw: &[u8]) -> f64 {
        // Sign or zero extension to eight little-endian bytes.
        let mut bytes = [0; 8];
        bytes[..raw.len()].copy_from_slice(raw);
        if self.big_endian {
            bytes[..raw.len()].reverse();
        }
        let unsigned = u64::from_le_bytes(bytes);
        let unused = 64 - 8 * raw.len() as u32;
        match (self.kind, self.bytes) {
            (b'f', 2) => half(unsigned as u16),
            (b'f', 4) => f64::from(f32::from_bits(unsigned as u32)),
            (b'f', _) => f64::from_bits(unsigned),
            (b'i', _) => ((unsigned << unused) as i64 >> unused) as f64,
            (b'b', _) => f64::from(u8::from(unsigned != 0)),
            _ => unsigned as f64,
        }
    }
}

/// An IEEE 754 binary16 number: 1 sign bit, 5 of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(descr: &str, bytes: &[u8]) -> f64 {
        DType::parse(descr).unwrap().number(bytes)
    }

    #[test]
    fn every_dtype_in_both_byte_orders() {
        assert_eq!(number("<f4", &1.5f32.to_le_bytes()), 1.5);
        assert_eq!(number(">f4", &1.5f32.to_be_bytes()), 1.5);
        assert_eq!(number("<f8", &(-0.1f64).to_le_bytes()), -0.1);
        assert_eq!(number(">f8", &(-0.1f64).to_be_bytes()), -0.1);
        assert_eq!(number("|i1", &(-3i8).to_le_bytes()), -3.0);
        assert_eq!(number("<i2", &(-300i16).to_le_bytes()), -300.0);
        assert_eq!(number(">i2", &(-300i16).to_be_bytes()), -300.0);
        assert_eq!(number("<i4", &(-70_000i32).to_le_bytes()), -70_000.0);
        assert_eq!(number(">i8", &(-5_000_000_000i64).to_be_bytes()), -5e9);
        assert_eq!(number("|u1", &[250]), 250.0);
        assert_eq!(number(">u2", &60_000u16.to_be_bytes()), 60_000.0);
        assert_eq!(number("<u4", &u32::MAX.to_le_bytes()), 4_294_967_295.0);
        assert_eq!(number("<u8", &u64::MAX.to_le_bytes()), 2f64.powi(64));
        assert_eq!(number("|b1", &[1]), 1.0);
    }

    #[test]
    fn halves_match_the_tables_of_ieee_754() {
        assert_eq!(number("<f2", &0x3c00u16.to_le_bytes()), 1.0);
        assert_eq!(number(">f2", &0xc000u16.to_be_bytes()), -2.0);
        assert_eq!(half(0x7bff), 65_504.0); // largest
        assert_eq!(half(0x0001), 2f64.powi(-24)); // smallest subnormal
        assert_eq!(half(0x3555), 0.333_251_953_125);
        assert_eq!(half(0xfc00), f64::NEG_INFINITY);
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn types_have_their_names() {
        for (descr, name) in [
            ("<f16", "long doubles (float128)"),
            ("<c16", "complex numbers (complex128)"),
            ("<U7", "text of up to 7 characters (U7)"),
            ("|S1", "bytes, a text of up to 1 (S1)"),
            ("<M8[ns]", "dates (datetime64[ns])"),
            (">f4", "float32"),
            ("", "the dtype \"\""),
        ] {
            assert_eq!(dtype_name(descr), name);
        }
    }
}
