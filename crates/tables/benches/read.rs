//! Reading a table of 30 float columns: a whole pass, the first pass over a text included.
//!
//!     cargo bench -p tables

use std::path::PathBuf;

use columns::{Column, Columns, Kind, Values};
use divan::Bencher;
use divan::counter::BytesCount;
use tables::{Format, Options, Style, Writer, open};

const COLUMNS: usize = 30;
const ROWS: usize = 100_000;

fn main() {
    divan::main();
}

fn written(format: Format) -> (tempfile::TempDir, PathBuf) {
    let kinds: Vec<_> = (0..COLUMNS)
        .map(|number| (format!("x{number}"), Kind::Float64))
        .collect();
    let columns = kinds.iter().enumerate().map(|(column, (name, _))| {
        let values = (0..ROWS).map(|row| ((row * COLUMNS + column) as f64 * 0.618).sin());
        Column::new(name.clone(), Values::Float64(values.collect()))
    });
    let columns = Columns::new(columns.collect()).expect("columns of one length");
    let dir = tempfile::tempdir().expect("a folder for the table");
    let path = dir.path().join("table");
    let mut writer = Writer::create(&path, format, Style::default(), &kinds).expect("a new file");
    writer
        .write(&columns)
        .and_then(|()| writer.finish())
        .expect("a written table");
    (dir, path)
}

fn pass(bencher: Bencher, format: Format) {
    let (_dir, path) = written(format);
    let bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let table = open(&path, &Options::default()).expect("a table");
        let rows = table.rows(None).expect("all columns");
        assert_eq!(
            rows.map(|chunk| chunk.map_or(0, |chunk| chunk.rows))
                .sum::<usize>(),
            ROWS
        );
    });
}

#[divan::bench]
fn csv(bencher: Bencher) {
    pass(bencher, Format::Csv);
}

#[divan::bench]
fn parquet(bencher: Bencher) {
    pass(bencher, Format::Parquet);
}

/// Only the second pass.
#[divan::bench]
fn csv_values(bencher: Bencher) {
    let (_dir, path) = written(Format::Csv);
    let bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    let table = open(&path, &Options::default()).expect("a table");
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let rows = table.rows(None).expect("all columns");
        assert_eq!(
            rows.map(|chunk| chunk.map_or(0, |chunk| chunk.rows))
                .sum::<usize>(),
            ROWS
        );
    });
}
