//! MATLAB's MAT-file, level 5: arrays of unsigned bytes, or of numbers that are bytes.
//!
//! Source: MathWorks, *MAT-File Format*. A header of 128 bytes, then elements: a type, a size, the
//! data, padded to 8 bytes. An element may be deflated as a whole (type 15). An array (type 14) holds
//! elements in its turn: flags, sizes, name, numbers. Sizes are claims: nothing is allocated from them,
//! and no more is unpacked than the numbers of an array need.

mod element;
mod other_form;

use std::io::Read;
use std::path::Path;

use flate2::read::ZlibDecoder;

use self::element::{COMPRESSED, HEADER_BYTES, Wrong, element, malformed, word};
use crate::guard::guarded;
use crate::{DatasetError, input};

/// Numbers of an array, the first axis varying fastest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matrix {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<u8>,
}

const INT8: u32 = 1;
const UINT8: u32 = 2;
const INT16: u32 = 3;
const UINT16: u32 = 4;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const SINGLE: u32 = 7;
const DOUBLE: u32 = 9;
const MATRIX: u32 = 14;
/// Unpacked for its flags, sizes and name: MATLAB's names have at most 63 bytes.
const START_BYTES: u64 = 4096;
/// SVHN's largest file, `extra`, has 1.6 GB of pixels.
const MAX_BYTES: u64 = 1 << 31;
/// Deflate makes at most 1032 bytes of one.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// The arrays called `names`.
///
/// # Errors
/// [`DatasetError::Io`] and [`DatasetError::MissingArray`]; [`DatasetError::Malformed`] for damaged
/// files, numbers that are not bytes, and packed arrays that unpack to more than their sizes need, than
/// 2 GiB or than the memory holds.
pub(crate) fn read<const N: usize>(
    path: &Path,
    names: [&'static str; N],
) -> Result<[Matrix; N], DatasetError> {
    let mut bytes = Vec::new();
    let io = |source| DatasetError::Io {
        path: path.to_owned(),
        source,
    };
    input::open(path)?.read_to_end(&mut bytes).map_err(io)?;
    let place = "the MATLAB file";
    other_form::check(path, &bytes)?;
    let wrong = |wrong| match wrong {
        Wrong::Malformed(found, expected) => DatasetError::Malformed {
            path: path.to_owned(),
            place: place.to_owned(),
            found,
            expected,
        },
        Wrong::Memory(bytes) => DatasetError::Memory {
            path: path.to_owned(),
            bytes,
        },
    };
    let mut arrays = guarded(path, place, || arrays(&bytes, &names).map_err(wrong))?;
    let mut missing = None;
    let found = names.map(|name| {
        let place = arrays.iter().position(|(known, _)| known == name);
        let array = place.and_then(|place| arrays.swap_remove(place).1);
        array.unwrap_or_else(|| {
            missing.get_or_insert(name);
            Matrix {
                shape: Vec::new(),
                values: Vec::new(),
            }
        })
    });
    match missing {
        None => Ok(found),
        Some(array) => Err(DatasetError::MissingArray {
            path: path.to_owned(),
            array,
            found: arrays.into_iter().map(|(name, _)| name).collect(),
            hint: None,
        }),
    }
}

/// All arrays by name; those that are not `wanted` without their numbers.
fn arrays(bytes: &[u8], wanted: &[&str]) -> Result<Vec<Array>, Wrong> {
    let version = bytes.get(124..HEADER_BYTES).unwrap_or_default();
    // Version 0x0100 and "IM": both little-endian. Other orders are not written any more.
    if version != [0x00, 0x01, b'I', b'M'] {
        return Err(malformed(
            format!("a header that ends in {version:02x?}"),
            "a little-endian MAT-file of level 5",
        ));
    }
    let mut rest = &bytes[HEADER_BYTES..];
    let mut arrays = Vec::new();
    while !rest.is_empty() {
        let (kind, data, after) = element(rest)?;
        match kind {
            MATRIX => arrays.extend(matrix(data, wanted)?),
            COMPRESSED => arrays.extend(packed(data, wanted)?),
            _ => {}
        }
        rest = after;
    }
    Ok(arrays)
}

/// The array of packed data, unpacked as far as it is wanted.
fn packed(data: &[u8], wanted: &[&str]) -> Result<Option<Array>, Wrong> {
    let mut packed = ZlibDecoder::new(data);
    let mut bytes = Vec::new();
    unpack(&mut packed, START_BYTES, &mut bytes)?;
    let tag = (word(&bytes, 0)?, u64::from(word(&bytes, 4)?));
    let (MATRIX, size) = tag else {
        return Ok(None);
    };
    let start = start(&bytes[8..])?;
    if !start.is_numbers() || !wanted.contains(&start.name.as_str()) {
        return Ok(start.is_numbers().then_some((start.name, None)));
    }
    let numbers = start.shape.iter().try_fold(8u64, |bytes, &axis| {
        bytes.checked_mul(axis as u64) // a double for each at most
    });
    let most = numbers.unwrap_or(u64::MAX).saturating_add(START_BYTES);
    let held = (data.len() as u64).saturating_mul(MAX_DEFLATE_RATIO);
    if size > held {
        return Err(malformed(
            format!("{size} bytes in array `{}`", start.name),
            format!("at most {held}, which {} packed ones can hold", data.len()),
        ));
    }
    if size > most.min(MAX_BYTES) {
        return Err(malformed(
            format!("{size} bytes in array `{}`", start.name),
            format!(
                "at most {} for shape {:?}",
                most.min(MAX_BYTES),
                start.shape
            ),
        ));
    }
    // One byte more than there should be, so that the end with its checksum is read.
    let rest = (size + 9).saturating_sub(bytes.len() as u64);
    unpack(&mut packed, rest, &mut bytes)?;
    let (_, data, _) = element(&bytes)?;
    matrix(data, wanted)
}

/// Unpacks `limit` more bytes at most; what is reserved grows with what comes.
fn unpack(packed: &mut impl Read, limit: u64, to: &mut Vec<u8>) -> Result<(), Wrong> {
    match packed.take(limit).read_to_end(to) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::OutOfMemory => Err(Wrong::Memory(limit)),
        Err(error) => Err(malformed(error.to_string(), "undamaged packed data")),
    }
}

/// The name of an array and, where it is wanted, its numbers.
type Array = (String, Option<Matrix>);

/// What stands before the numbers of an array.
struct Start<'a> {
    class: u8,
    shape: Vec<usize>,
    name: String,
    rest: &'a [u8],
}

impl Start<'_> {
    /// Classes 6 to 15: double, single, integers.
    fn is_numbers(&self) -> bool {
        (6..=15).contains(&self.class)
    }
}

fn start(bytes: &[u8]) -> Result<Start<'_>, Wrong> {
    let (_, flags, rest) = element(bytes)?;
    let (_, sizes, rest) = element(rest)?;
    let (_, name, rest) = element(rest)?;
    let shape = sizes.chunks_exact(4).map(|axis| {
        axis.iter()
            .rev()
            .fold(0, |n, &byte| n << 8 | usize::from(byte))
    });
    Ok(Start {
        class: flags.first().copied().unwrap_or_default(),
        shape: shape.collect(),
        name: String::from_utf8_lossy(name).into_owned(),
        rest,
    })
}

/// `None` for cells, structures and text.
fn matrix(bytes: &[u8], wanted: &[&str]) -> Result<Option<Array>, Wrong> {
    let start = start(bytes)?;
    if !start.is_numbers() {
        return Ok(None);
    }
    let Start {
        shape, name, rest, ..
    } = start;
    if !wanted.contains(&name.as_str()) {
        return Ok(Some((name, None)));
    }
    let (kind, data, _) = element(rest)?;
    let values = values(kind, data).ok_or_else(|| {
        let found = format!("array `{name}` with numbers of type {kind} outside 0 to 255");
        malformed(found, "numbers that are bytes")
    })?;
    let promised = shape
        .iter()
        .try_fold(1usize, |n, &axis| n.checked_mul(axis));
    if promised != Some(values.len()) {
        return Err(malformed(
            format!("{} numbers in array `{name}`", values.len()),
            format!("as many as shape {shape:?} has"),
        ));
    }
    Ok(Some((name, Some(Matrix { shape, values }))))
}

/// Numbers of any type that are all bytes. MATLAB packs small doubles as bytes by itself.
fn values(kind: u32, data: &[u8]) -> Option<Vec<u8>> {
    let bytes = match kind {
        INT8 | UINT8 => 1,
        INT16 | UINT16 => 2,
        INT32 | UINT32 | SINGLE => 4,
        DOUBLE => 8,
        _ => return None,
    };
    if kind == UINT8 {
        return Some(data.to_vec());
    }
    let number = |raw: &[u8]| -> Option<f64> {
        Some(match kind {
            INT8 => f64::from(raw[0] as i8),
            SINGLE => f64::from(f32::from_le_bytes(*raw.first_chunk()?)),
            DOUBLE => f64::from_le_bytes(*raw.first_chunk()?),
            // A negative integer becomes a large one, which is not a byte either.
            _ => f64::from(raw.iter().rev().fold(0u32, |n, &b| n << 8 | u32::from(b))),
        })
    };
    data.chunks_exact(bytes)
        .map(|raw| {
            let value = number(raw)?;
            (value.fract() == 0.0 && (0.0..=255.0).contains(&value)).then_some(value as u8)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn element_of(kind: u32, data: &[u8]) -> Vec<u8> {
        let mut out = kind.to_le_bytes().to_vec();
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }

    fn array(class: u8, name: &str, shape: &[u32], kind: u32, data: &[u8]) -> Vec<u8> {
        let shape: Vec<u8> = shape.iter().flat_map(|axis| axis.to_le_bytes()).collect();
        let mut inner = element_of(UINT32, &[class, 0, 0, 0, 0, 0, 0, 0]);
        inner.extend(element_of(INT32, &shape));
        // A name of up to four bytes is a small element.
        inner.extend(((name.len() as u32) << 16 | INT8).to_le_bytes());
        inner.extend(name.as_bytes());
        inner.resize(inner.len().next_multiple_of(8), 0);
        inner.extend(element_of(kind, data));
        element_of(MATRIX, &inner)
    }

    fn file(elements: &[Vec<u8>], packed: bool) -> Vec<u8> {
        let mut out = vec![b' '; 124];
        out.extend([0x00, 0x01, b'I', b'M']);
        for element in elements {
            if packed {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(element).unwrap();
                let data = encoder.finish().unwrap();
                out.extend(COMPRESSED.to_le_bytes());
                out.extend((data.len() as u32).to_le_bytes());
                out.extend(data);
            } else {
                out.extend(element);
            }
        }
        out
    }

    fn two_arrays() -> [Vec<u8>; 2] {
        let doubles: Vec<u8> = [10f64, 3.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        [
            array(9, "X", &[3, 2], UINT8, &[1, 2, 3, 4, 5, 6]),
            array(6, "y", &[2, 1], DOUBLE, &doubles),
        ]
    }

    #[test]
    fn bytes_and_doubles_are_read_packed_and_plain() {
        for packed in [false, true] {
            let arrays = arrays(&file(&two_arrays(), packed), &["X", "y"]).unwrap();
            assert_eq!(arrays[0].0, "X");
            let x = arrays[0].1.as_ref().unwrap();
            assert_eq!(
                (x.shape.as_slice(), x.values.as_slice()),
                (&[3, 2][..], &[1, 2, 3, 4, 5, 6][..])
            );
            assert_eq!(arrays[1].1.as_ref().unwrap().values, [10, 3]);
        }
    }

    #[test]
    fn packed_arrays_are_unpacked_only_as_far_as_their_sizes_need() {
        let bomb = array(9, "X", &[1, 1], UINT8, &vec![0; 1 << 20]);
        let error = arrays(&file(std::slice::from_ref(&bomb), true), &["X"]).unwrap_err();
        let Wrong::Malformed(found, expected) = error else {
            panic!("a small claim fits the memory");
        };
        assert_eq!(found, format!("{} bytes in array `X`", bomb.len() - 8));
        assert!(expected.starts_with("at most 4104 for shape"), "{expected}");
        // One that nobody asks for is not unpacked: its damaged end goes unseen.
        let mut whole = file(
            &[array(9, "Z", &[1, 1 << 20], UINT8, &vec![7; 1 << 20])],
            true,
        );
        let n = whole.len();
        whole[n - 4..].fill(0x55);
        assert_eq!(arrays(&whole, &["X"]).unwrap()[0].0, "Z");
        whole = file(
            &[array(9, "X", &[1, 1 << 20], UINT8, &vec![7; 1 << 20])],
            true,
        );
        assert!(arrays(&whole, &["X"]).unwrap()[0].1.is_some());
        let n = whole.len();
        whole[n - 4..].fill(0x55);
        assert!(arrays(&whole, &["X"]).is_err());
    }

    #[test]
    fn a_claim_that_the_packed_bytes_cannot_hold_is_refused_unread() {
        // The tag and the shape of 2^30 bytes, and nothing behind them.
        let whole = array(9, "X", &[1 << 15, 1 << 15], UINT8, &[]);
        let mut claim = whole.clone();
        claim[4..8].copy_from_slice(&(1u32 << 30).to_le_bytes());
        let Err(Wrong::Malformed(found, expected)) = arrays(&file(&[claim], true), &["X"]) else {
            panic!("a claim was believed");
        };
        assert_eq!(found, "1073741824 bytes in array `X`");
        assert!(expected.contains("packed ones can hold"), "{expected}");
    }

    #[test]
    fn other_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test_32x32.mat");
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let error = read(&path, ["X"]).unwrap_err();
            format!("{error} {:?}", error.way_out())
        };
        let mut hdf5 = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".to_vec();
        hdf5.resize(124, b' ');
        hdf5.extend([0, 2, b'I', b'M']);
        let text = refused(&hdf5);
        assert!(text.contains("HDF5") && text.contains("-v7"), "{text}");
        let text = refused(b"<html><body>403 Forbidden</body></html>");
        assert!(text.contains("an HTML page"), "{text}");
    }

    #[test]
    fn cut_damaged_and_hostile_files_are_errors() {
        for packed in [false, true] {
            let whole = file(&two_arrays(), packed);
            for length in 0..whole.len() {
                // Cut between two elements it is a whole file of fewer arrays.
                if let Ok(arrays) = arrays(&whole[..length], &["X", "y"]) {
                    assert!(arrays.len() < 2, "cut at {length}");
                }
            }
        }
        let huge = array(9, "X", &[u32::MAX, u32::MAX, u32::MAX], UINT8, &[1]);
        assert!(arrays(&file(&[huge], false), &["X"]).is_err());
        let half = array(6, "X", &[1, 1], DOUBLE, &0.5f64.to_le_bytes());
        assert!(arrays(&file(&[half], false), &["X"]).is_err());
        assert!(arrays(b"MATLAB 7.3", &["X"]).is_err());
    }
}
