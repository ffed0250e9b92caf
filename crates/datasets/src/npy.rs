//! The `.npy` format: magic, version, a header that is a Python dictionary, then the numbers.
//!
//! Source: NumPy's NEP 1 and `numpy.lib.format`. The header is read by a parser of our own that knows
//! the three keys and nothing else, so that a hostile header is an error and never an allocation.

use std::io::{self, Read};

/// Longest header accepted; NumPy itself stops at 10,000 bytes.
const MAX_HEADER: u32 = 1 << 16;

/// Why an array could not be read. The caller adds the file.
#[derive(Debug)]
pub(crate) enum NpyError {
    Io(io::Error),
    Malformed {
        found: String,
        expected: String,
    },
    Pickled,
    /// As many bytes do not fit the memory.
    Memory(u64),
}

impl From<io::Error> for NpyError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn malformed<T>(found: impl Into<String>, expected: impl Into<String>) -> Result<T, NpyError> {
    Err(NpyError::Malformed {
        found: found.into(),
        expected: expected.into(),
    })
}

/// An array of one or two axes, as numbers in **file order**.
#[derive(Debug)]
pub(crate) struct Npy<T> {
    pub(crate) shape: Vec<usize>,
    /// Whether the first axis varies fastest.
    pub(crate) fortran: bool,
    pub(crate) values: Vec<T>,
}

/// Reads one array of which `size` bytes are said to exist, header included. Every number goes through
/// `convert`.
pub(crate) fn read<T>(
    reader: &mut impl Read,
    size: u64,
    convert: fn(f64) -> T,
) -> Result<Npy<T>, NpyError> {
    let (header, header_bytes) = read_header(reader)?;
    read_as(reader, &header, size.saturating_sub(header_bytes), convert)
}

/// Below it every whole number is a 64-bit float.
const EXACT: f64 = (1u64 << 53) as f64;

/// Numbers in the type that holds them.
#[derive(Debug)]
pub(crate) enum Numbers {
    /// Floats of 16 and 32 bits.
    F32(Npy<f32>),
    /// 64-bit floats, and whole numbers and truth values, which scikit-learn takes for such too.
    F64 {
        array: Npy<f64>,
        /// Whole numbers from 2⁵³ on, which are rounded to the nearest float.
        rounded: usize,
    },
}

/// As [`read`], in the float of the file.
pub(crate) fn read_numbers(reader: &mut impl Read, size: u64) -> Result<Numbers, NpyError> {
    let (header, header_bytes) = read_header(reader)?;
    let held = size.saturating_sub(header_bytes);
    let DType { kind, bytes, .. } = DType::parse(&header.descr)?;
    if kind == b'f' && bytes <= 4 {
        read_as(reader, &header, held, |v| v as f32).map(Numbers::F32)
    } else {
        let array = read_as(reader, &header, held, |v| v)?;
        let whole = (kind, bytes) == (b'i', 8) || (kind, bytes) == (b'u', 8);
        let large = |v: &&f64| v.abs() >= EXACT;
        let rounded = if whole {
            array.values.iter().filter(large).count()
        } else {
            0
        };
        Ok(Numbers::F64 { array, rounded })
    }
}

/// The numbers behind a header.
///
/// No more is allocated than the data really hold: `held` is compared with the header first, and the
/// caller has compared it with the file.
fn read_as<T>(
    reader: &mut impl Read,
    header: &Header,
    held: u64,
    convert: fn(f64) -> T,
) -> Result<Npy<T>, NpyError> {
    let dtype = DType::parse(&header.descr)?;
    let promised = header
        .shape
        .iter()
        .try_fold(dtype.bytes as u64, |product, &axis| {
            product.checked_mul(axis)
        });
    if promised != Some(held) {
        let promised = promised.map_or("more than 2^64".to_owned(), |bytes| bytes.to_string());
        return malformed(
            format!("{held} bytes of numbers"),
            format!(
                "{promised} bytes for shape {} of {}",
                shape_text(&header.shape),
                dtype.text
            ),
        );
    }
    let values = read_values(reader, dtype, held, convert)?;
    Ok(Npy {
        shape: header.shape.iter().map(|&axis| axis as usize).collect(),
        fortran: header.fortran,
        values,
    })
}

fn shape_text(shape: &[u64]) -> String {
    let axes: Vec<_> = shape.iter().map(u64::to_string).collect();
    format!("({})", axes.join(", "))
}

/// The numbers, block by block: the raw bytes of the whole array are never held beside them.
fn read_values<T>(
    reader: &mut impl Read,
    dtype: DType,
    held: u64,
    convert: fn(f64) -> T,
) -> Result<Vec<T>, NpyError> {
    let n = (held / dtype.bytes as u64) as usize;
    let mut values = Vec::new();
    let mut block = vec![0; dtype.bytes << 13];
    let mut left = held as usize;
    while left > 0 {
        let now = left.min(block.len());
        reader.read_exact(&mut block[..now])?;
        make_room(&mut values, now / dtype.bytes, n)?;
        values.extend(
            block[..now]
                .chunks_exact(dtype.bytes)
                .map(|b| convert(dtype.number(b))),
        );
        left -= now;
    }
    // Reading past the last byte makes the archive compare its checksum.
    if reader.read(&mut block[..1])? != 0 {
        return malformed("bytes after the last number", format!("{n} numbers"));
    }
    Ok(values)
}

/// Bytes that are reserved on the word of a header.
const FIRST_BYTES: usize = 1 << 26;

/// Room for `more` of `n` values, doubled as they arrive: a header's claim alone reserves little.
fn make_room<T>(values: &mut Vec<T>, more: usize, n: usize) -> Result<(), NpyError> {
    if values.capacity() - values.len() >= more {
        return Ok(());
    }
    let first = (FIRST_BYTES / size_of::<T>().max(1)).max(more);
    let wanted = n.min(first.max(2 * values.capacity()));
    values
        .try_reserve_exact(wanted - values.len())
        .map_err(|_| NpyError::Memory((n as u64).saturating_mul(size_of::<T>() as u64)))
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct DType {
    kind: u8,
    bytes: usize,
    big_endian: bool,
    text: &'static str,
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
    fn parse(descr: &str) -> Result<Self, NpyError> {
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
    fn number(self, raw: &[u8]) -> f64 {
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

/// What a header says, before any of it is acted on.
#[derive(Debug)]
pub(crate) struct Header {
    /// The type as the file writes it.
    pub(crate) descr: String,
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<u64>,
}

/// The header and how many bytes it took.
pub(crate) fn read_header(reader: &mut impl Read) -> Result<(Header, u64), NpyError> {
    let mut start = [0; 8];
    reader.read_exact(&mut start)?;
    if &start[..6] != b"\x93NUMPY" {
        return malformed(format!("a start of {:02x?}", &start[..6]), "\\x93NUMPY");
    }
    let (length, taken) = match start[6] {
        1 => {
            let mut length = [0; 2];
            reader.read_exact(&mut length)?;
            (u32::from(u16::from_le_bytes(length)), 10)
        }
        2 | 3 => {
            let mut length = [0; 4];
            reader.read_exact(&mut length)?;
            (u32::from_le_bytes(length), 12)
        }
        other => return malformed(format!("npy version {other}"), "1, 2 or 3"),
    };
    if length > MAX_HEADER {
        return malformed(
            format!("a header of {length} bytes"),
            format!("at most {MAX_HEADER}"),
        );
    }
    let mut text = vec![0; length as usize];
    reader.read_exact(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    Ok((parse_header(&text)?, taken + u64::from(length)))
}

fn parse_header(text: &str) -> Result<Header, NpyError> {
    let unreadable = || NpyError::Malformed {
        found: format!(
            "the header {:?}",
            text.trim().chars().take(80).collect::<String>()
        ),
        expected: "a dictionary of 'descr', 'fortran_order' and 'shape'".to_owned(),
    };
    let value = |key: &str| {
        let at = ['\'', '"'].iter().find_map(|quote| {
            let key = format!("{quote}{key}{quote}");
            Some(text.find(&key)? + key.len())
        })?;
        Some(text[at..].trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = value("descr").ok_or_else(unreadable)?;
    let quote = descr.chars().next().filter(|c| "'\"[".contains(*c));
    let descr = match quote {
        Some('[') => "[",
        Some(quote) => descr[1..].split_once(quote).ok_or_else(unreadable)?.0,
        None => return Err(unreadable()),
    };
    let fortran = value("fortran_order").ok_or_else(unreadable)?;
    let fortran = match fortran {
        word if word.starts_with("True") => true,
        word if word.starts_with("False") => false,
        _ => return Err(unreadable()),
    };
    let shape = value("shape")
        .and_then(|rest| rest.strip_prefix('('))
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(unreadable)?
        .0;
    let shape = shape
        .split(',')
        .map(str::trim)
        .filter(|axis| !axis.is_empty())
        // Python 2 wrote long integers with an L.
        .map(|axis| axis.trim_end_matches('L').parse())
        .collect::<Result<Vec<u64>, _>>()
        .map_err(|_| unreadable())?;
    Ok(Header {
        descr: descr.to_owned(),
        fortran,
        shape,
    })
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
    fn objects_structures_and_text_are_refused() {
        assert!(matches!(DType::parse("|O"), Err(NpyError::Pickled)));
        for descr in ["<U3", "|S8", "<c8", "<f16", "<M8[ns]", "", "8", "é8", "["] {
            assert!(
                matches!(DType::parse(descr), Err(NpyError::Malformed { .. })),
                "{descr}"
            );
        }
        let structured = "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }";
        assert_eq!(parse_header(structured).unwrap().descr, "[");
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

    #[test]
    fn what_numpy_takes_without_a_byte_order_or_with_other_quotes_is_read() {
        assert_eq!(number("f8", &(-0.1f64).to_ne_bytes()), -0.1);
        assert_eq!(number("int16", &(-3i16).to_ne_bytes()), -3.0);
        let header = "{\"descr\" : \"<f4\", \"fortran_order\" : False, \"shape\" : (2,)}";
        assert_eq!(parse_header(header).unwrap().shape, [2]);
    }

    #[test]
    fn room_grows_with_what_arrives() {
        let mut values: Vec<u8> = Vec::new();
        make_room(&mut values, 1, 1 << 40).unwrap();
        assert!(values.capacity() <= FIRST_BYTES);
        values.resize(values.capacity(), 0);
        make_room(&mut values, 1, FIRST_BYTES + 5).unwrap();
        assert_eq!(values.capacity(), FIRST_BYTES + 5);
    }

    #[test]
    fn headers_of_numpy_and_of_python_2_parse() {
        let header =
            parse_header("{'descr': '<f4', 'fortran_order': True, 'shape': (7L, 3), }   \n")
                .unwrap();
        assert_eq!(header.shape, [7, 3]);
        assert!(header.fortran);
        assert_eq!(
            parse_header("{'descr': '|u1', 'fortran_order': False, 'shape': (), }")
                .unwrap()
                .shape,
            [0u64; 0]
        );
    }
}
