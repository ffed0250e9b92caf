use std::collections::BTreeMap;

use columns::{Column, Values};

/// The different values of a column that are not missing, as text, and how many rows have each.
pub(super) fn counts(column: &Column) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in (0..column.values.len()).filter_map(|row| column.text(row)) {
        *counts.entry(value).or_insert(0) += 1;
    }
    counts
}

/// Sixty-four bits that stand for a value: equal values have equal bits.
pub(super) fn bits(values: &Values, row: usize) -> u64 {
    match values {
        // 0.0 and -0.0 are one value.
        Values::Float32(v) => (f64::from(v[row]) + 0.0).to_bits(),
        Values::Float64(v) => (v[row] + 0.0).to_bits(),
        Values::Integer(v) | Values::Time(v) => v[row].cast_unsigned(),
        Values::Boolean(v) => v[row].into(),
        Values::Text(v) => fnv(v[row].as_bytes(), FNV_OFFSET),
    }
}

pub(crate) const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// Fowler, Noll and Vo's hash FNV-1a, continued from `hash`.
pub(crate) fn fnv(bytes: &[u8], hash: u64) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
