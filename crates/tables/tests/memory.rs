//! Memory does not grow with the number of rows.

use std::path::Path;

use columns::{Column, Columns, Kind, Values};
use peak_alloc::PeakAlloc;
use tables::{Format, Options, Style, Writer, open};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const COLUMNS: usize = 10;

fn kinds() -> Vec<(String, Kind)> {
    (0..COLUMNS)
        .map(|number| (format!("x{number}"), Kind::Float64))
        .collect()
}

/// Numbers that no dictionary and no packing makes smaller.
fn chunk(first: usize, rows: usize) -> Columns {
    let value = |row: usize, column: usize| ((row * COLUMNS + column) as f64 * 0.618).sin();
    let columns = kinds().into_iter().enumerate().map(|(column, (name, _))| {
        let values = (first..first + rows)
            .map(|row| value(row, column))
            .collect();
        Column::new(name, Values::Float64(values))
    });
    Columns::new(columns.collect()).unwrap()
}

/// The most bytes at a time while writing and while reading so many rows.
fn peaks(path: &Path, format: Format, rows: usize) -> (usize, usize) {
    const AT_ONCE: usize = 10_000;
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut writer = Writer::create(path, format, Style::default(), &kinds()).unwrap();
    for first in (0..rows).step_by(AT_ONCE) {
        writer.write(&chunk(first, AT_ONCE)).unwrap();
    }
    writer.finish().unwrap();
    let writing = MEMORY.peak_usage() - before;
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut found = 0;
    for chunk in open(&path.to_owned(), &Options::default())
        .unwrap()
        .rows(None)
        .unwrap()
    {
        found += chunk.unwrap().rows;
    }
    assert_eq!(found, rows);
    (writing, MEMORY.peak_usage() - before)
}

#[test]
fn ten_times_the_rows_take_the_same_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table");
    for (format, most) in [(Format::Csv, 64 << 20), (Format::Parquet, 160 << 20)] {
        let few = peaks(&path, format, 200_000);
        let many = peaks(&path, format, 2_000_000);
        for (few, many) in [(few.0, many.0), (few.1, many.1)] {
            assert!(
                many as f64 <= 1.2 * few as f64,
                "{format:?}: {few} bytes and {many} bytes"
            );
            assert!(many < most, "{format:?}: {many} bytes");
        }
    }
}
