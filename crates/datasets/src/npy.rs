//! The `.npy` format: magic, version, a header that is a Python dictionary, then the numbers.
//!
//! Source: NumPy's NEP 1 and `numpy.lib.format`. The header is read by a parser of our own that knows
//! the three keys and nothing else, so that a hostile header is an error and never an allocation.

mod dtype;
mod error;
mod header;

use std::io::Read;

use self::dtype::DType;
pub(crate) use self::dtype::{NUMBERS, dtype_name};
pub(crate) use self::error::NpyError;
use self::error::malformed;
use self::header::Header;
pub(crate) use self::header::read_header;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_grows_with_what_arrives() {
        let mut values: Vec<u8> = Vec::new();
        make_room(&mut values, 1, 1 << 40).unwrap();
        assert!(values.capacity() <= FIRST_BYTES);
        values.resize(values.capacity(), 0);
        make_room(&mut values, 1, FIRST_BYTES + 5).unwrap();
        assert_eq!(values.capacity(), FIRST_BYTES + 5);
    }
}
