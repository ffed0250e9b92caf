//! The first pass: how many rows there are and what kinds the columns have.

use std::io::Read;

use rayon::prelude::*;

use super::bits::Seen;
use super::fields::split;
use super::records::{Block, Records, Stop};
use super::value::trimmed;

/// What stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) records: u64,
    pub(crate) columns: Vec<Seen>,
    /// Records with more delimiters than the first one, but nothing between them.
    pub(crate) longer: u64,
}

/// Why the pass ends early.
#[derive(Debug)]
pub(crate) enum Trouble {
    Stop(Stop),
    /// A record with another number of fields.
    Ragged {
        line: u64,
        found: usize,
        expected: usize,
    },
    /// There is no record.
    Empty,
}

/// Bytes of a block, and records of a piece of it: the result does not depend on them.
const BLOCK: usize = 4 << 20;
const PIECE: usize = 1024;

/// Reads all records of a table with `fields` columns; without the first one where it is the `header`. Records with
/// another number of fields are an error unless they are to be kept.
pub(crate) fn scan<R: Read + Send>(
    mut records: Records<R>,
    fields: usize,
    delimiter: u8,
    header: bool,
    keep: bool,
) -> Result<Scan, Trouble> {
    let mut scan = Scan {
        records: 0,
        columns: vec![Seen::default(); fields],
        longer: 0,
    };
    if header {
        records.next(1, usize::MAX).map_err(Trouble::Stop)?;
    }
    let mut next = || records.next(usize::MAX, BLOCK).map_err(Trouble::Stop);
    let mut block = next()?;
    while let Some(full) = block {
        let (found, following) = rayon::join(|| look(&full, fields, delimiter, keep), &mut next);
        scan = both(scan, found?);
        block = following?;
    }
    Ok(scan)
}

fn look(block: &Block, fields: usize, delimiter: u8, keep: bool) -> Result<Scan, Trouble> {
    let pieces: Vec<_> = block
        .spans
        .par_chunks(PIECE)
        .map(|spans| {
            let mut scan = Scan {
                records: spans.len() as u64,
                columns: vec![Seen::default(); fields],
                longer: 0,
            };
            for span in spans {
                let mut found = 0;
                let mut filled = 0;
                split(block.record(span), delimiter, |number, _, field| {
                    found = number + 1;
                    match scan.columns.get_mut(number) {
                        Some(column) => column.add(&field),
                        None if trimmed(&field).is_empty() => {}
                        None => filled = found,
                    }
                    true
                });
                if !keep && (found < fields || filled > 0) {
                    let line = block.line(span);
                    return Err(Trouble::Ragged {
                        line,
                        found,
                        expected: fields,
                    });
                }
                scan.longer += u64::from(found > fields && filled == 0);
            }
            Ok(scan)
        })
        .collect();
    // The first error in the order of the file.
    pieces
        .into_iter()
        .reduce(|a, b| Ok(both(a?, b?)))
        .unwrap_or_else(|| {
            Ok(Scan {
                records: 0,
                columns: vec![Seen::default(); fields],
                longer: 0,
            })
        })
}

fn both(a: Scan, b: Scan) -> Scan {
    let columns = a.columns.into_iter().zip(b.columns);
    Scan {
        records: a.records + b.records,
        columns: columns.map(|(a, b)| a.and(b)).collect(),
        longer: a.longer + b.longer,
    }
}
