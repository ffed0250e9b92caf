//! Files that pandas, pyarrow and polars wrote: `scripts/golden/tables.py`.

use std::path::{Path, PathBuf};

use columns::{Column, Kind, Values};
use serde_json::Value;
use tables::{Options, Table, TablesError, open};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn table(name: &str) -> Table {
    open(&golden(name), &Options::default()).unwrap()
}

/// All columns in one piece each: the values of a row as JSON.
fn values(
    table: &Table,
    wanted: Option<&[(String, Kind)]>,
) -> Result<Vec<(String, Vec<Value>)>, TablesError> {
    let mut all: Vec<(String, Vec<Value>)> = Vec::new();
    let mut row = 0;
    for chunk in table.rows(wanted)? {
        let chunk = chunk?;
        assert_eq!(chunk.first_row, row);
        row += chunk.rows as u64;
        for (place, column) in chunk.columns.iter().enumerate() {
            if all.len() == place {
                all.push((column.name.clone(), Vec::new()));
            }
            all[place]
                .1
                .extend((0..chunk.rows).map(|row| json(column, row)));
        }
    }
    assert_eq!(row, table.row_count());
    Ok(all)
}

fn json(column: &Column, row: usize) -> Value {
    if column.is_missing(row) {
        return Value::Null;
    }
    match &column.values {
        Values::Float32(values) => values[row].into(),
        Values::Float64(values) => values[row].into(),
        Values::Integer(values) | Values::Time(values) => values[row].into(),
        Values::Boolean(values) => values[row].into(),
        Values::Text(values) => values[row].clone().into(),
    }
}

fn assert_expected(name: &str) {
    let table = table(name);
    let text = std::fs::read_to_string(golden("expected.json")).unwrap();
    let expected: Vec<Value> = serde_json::from_str(&text).unwrap();
    let found = values(&table, None).unwrap();
    assert_eq!(found.len(), expected.len(), "{name}");
    for (((column, values), (_, kind)), expected) in found.iter().zip(table.schema()).zip(&expected)
    {
        assert_eq!(*column, expected["name"], "{name}");
        assert_eq!(kind.as_str(), expected["kind"], "{name} {column}");
        assert_eq!(
            Value::from(values.clone()),
            expected["values"],
            "{name} {column}"
        );
    }
}

#[test]
fn texts_of_pandas_and_polars_have_the_same_values() {
    for (name, taken) in [
        ("plain.csv", "CSV: delimiter `,`, header, UTF-8"),
        ("all_quoted.csv", "CSV: delimiter `,`, header, UTF-8"),
        (
            "excel.csv",
            "CSV: delimiter `;`, decimal comma, header, UTF-8 with a byte order mark, CRLF",
        ),
        (
            "windows.csv",
            "CSV: delimiter `;`, decimal comma, header, Windows-1252, CRLF",
        ),
        ("tabs_utf16.csv", "CSV: delimiter tab, header, UTF-16"),
        ("pipes.csv.gz", "CSV: delimiter `|`, header, UTF-8, gzip"),
        ("polars.csv", "CSV: delimiter `,`, header, UTF-8"),
    ] {
        assert_expected(name);
        let table = table(name);
        assert_eq!(table.found().taken, taken, "{name}");
        let odd = &table.found().odd;
        assert!(
            odd.iter().all(|odd| odd.contains("serial")) && odd.len() == 1,
            "{odd:?}"
        );
    }
}

#[test]
fn parquet_of_pandas_pyarrow_and_polars_has_the_same_values() {
    for name in ["pandas", "groups", "version_2", "int96", "delta", "polars"] {
        assert_expected(&format!("{name}.parquet"));
    }
    assert_eq!(
        table("groups.parquet").found().taken,
        "Parquet: 2 row groups"
    );
}

#[test]
fn every_width_is_read_and_the_rest_is_refused_by_name() {
    let table = table("kinds.parquet");
    let unread: Vec<_> = table
        .unread()
        .iter()
        .map(|(name, what)| format!("{name} {what}"))
        .collect();
    assert_eq!(
        unread,
        [
            "price is a decimal",
            "list is nested",
            "pair is nested",
            "clock is a time of day without a date"
        ]
    );
    let error = table.rows(None).map(|_| ()).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "column \"price\": is a decimal, which is not read; leave the column out or convert it"
        ),
        "{error}"
    );
    let known: Vec<_> = table
        .schema()
        .iter()
        .filter(|(name, _)| name != "big")
        .cloned()
        .collect();
    let found = values(&table, Some(&known)).unwrap();
    let noon: i64 = 1_769_862_600_000_000_000;
    let day: i64 = 86_400_000_000_000;
    let null = Value::Null;
    let expected: Vec<(&str, [Value; 2])> = vec![
        ("i8", [(-1).into(), null.clone()]),
        ("u16", [65535.into(), 0.into()]),
        ("u32", [4_294_967_295_i64.into(), 0.into()]),
        ("u64", [i64::MAX.into(), null.clone()]),
        ("f32", [0.1_f32.into(), null.clone()]),
        ("nan", [null.clone(), 1.0.into()]),
        ("day", [(noon / day * day).into(), (-day).into()]),
        ("ms", [noon.into(), null.clone()]),
        ("us", [noon.into(), null.clone()]),
        ("word", ["a".into(), null]),
    ];
    for ((name, found), (expected, values)) in found.iter().zip(&expected) {
        assert_eq!((name.as_str(), &found[..]), (*expected, &values[..]));
    }
    let big = [("big".to_owned(), Kind::Integer)];
    let error = values(&table, Some(&big)).unwrap_err().to_string();
    assert!(
        error.ends_with("column \"big\": row 1: 9223372036854775808 is beyond 64 bits with a sign"),
        "{error}"
    );
    let empty = open(&golden("no_rows.parquet"), &Options::default()).unwrap();
    assert_eq!(
        (
            empty.row_count(),
            values(&empty, Some(&known)).unwrap().len()
        ),
        (0, 0)
    );
}

#[test]
fn values_come_as_another_kind_only_where_nothing_is_lost() {
    let table = table("kinds.parquet");
    let read = |name: &str, kind| {
        values(&table, Some(&[(name.to_owned(), kind)])).map(|all| all[0].1.clone())
    };
    assert_eq!(read("i8", Kind::Float64).unwrap()[0], -1.0);
    assert_eq!(read("i8", Kind::Text).unwrap()[0], "-1");
    assert_eq!(read("f32", Kind::Float64).unwrap()[0], f64::from(0.1_f32));
    assert_eq!(read("nan", Kind::Integer).unwrap()[1], 1);
    for (name, kind, words) in [
        (
            "u64",
            Kind::Float64,
            "row 1: 9223372036854775807 is not held exactly by float64",
        ),
        (
            "u32",
            Kind::Float32,
            "row 1: 4294967295 is not held exactly by float32",
        ),
        (
            "word",
            Kind::Float64,
            "is text in the file, but float64 is wanted",
        ),
        (
            "f32",
            Kind::Text,
            "is float32 in the file, but text is wanted",
        ),
    ] {
        let error = read(name, kind).unwrap_err().to_string();
        assert!(error.ends_with(words), "{error}");
    }
}
