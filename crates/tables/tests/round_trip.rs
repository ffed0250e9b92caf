//! What is written is read with the same bits.

use columns::{Column, Columns, Kind, Values};
use proptest::prelude::*;
use tables::{Format, Options, Style, TablesError, Target, Writer, open};

fn column(kind: Kind, rows: usize) -> BoxedStrategy<Values> {
    use prop::collection::vec;
    match kind {
        Kind::Float32 => vec(any::<u32>(), rows)
            .prop_map(|bits| Values::Float32(bits.into_iter().map(f32::from_bits).collect()))
            .boxed(),
        Kind::Float64 => vec(any::<u64>(), rows)
            .prop_map(|bits| Values::Float64(bits.into_iter().map(f64::from_bits).collect()))
            .boxed(),
        Kind::Integer => vec(any::<i64>(), rows).prop_map(Values::Integer).boxed(),
        Kind::Boolean => vec(any::<bool>(), rows).prop_map(Values::Boolean).boxed(),
        // Not one of the words for a missing value, nor blank.
        Kind::Text => vec("w[ ,;\"\n\r\u{e4}\t|']{0,8}", rows)
            .prop_map(Values::Text)
            .boxed(),
        Kind::Time => vec(any::<i64>(), rows).prop_map(Values::Time).boxed(),
    }
}

fn table() -> impl Strategy<Value = Columns> {
    (1_usize..40).prop_flat_map(|rows| {
        let column = |number: usize, kind| {
            let missing = prop::collection::vec(prop::bool::weighted(0.2), rows);
            (column(kind, rows), missing).prop_map(move |(values, missing)| {
                let missing = missing.into_iter().zip(nan(&values)).map(|(a, b)| a || b);
                Column::new(format!("c{number}"), values)
                    .with_missing(missing.collect())
                    .unwrap()
            })
        };
        let all: Vec<_> = Kind::ALL
            .into_iter()
            .enumerate()
            .map(|(number, kind)| column(number, kind))
            .collect();
        all.prop_map(|columns| Columns::new(columns).unwrap())
    })
}

/// NaN in a file is a missing value.
fn nan(values: &Values) -> Vec<bool> {
    match values {
        Values::Float32(values) => values.iter().map(|value| value.is_nan()).collect(),
        Values::Float64(values) => values.iter().map(|value| value.is_nan()).collect(),
        other => vec![false; other.len()],
    }
}

fn kinds(columns: &Columns) -> Vec<(String, Kind)> {
    columns
        .iter()
        .map(|column| (column.name.clone(), column.values.kind()))
        .collect()
}

fn bits(column: &Column, row: usize) -> Option<String> {
    if column.is_missing(row) {
        return None;
    }
    Some(match &column.values {
        Values::Float32(values) => format!("{:x}", values[row].to_bits()),
        Values::Float64(values) => format!("{:x}", values[row].to_bits()),
        Values::Integer(values) | Values::Time(values) => values[row].to_string(),
        Values::Boolean(values) => values[row].to_string(),
        Values::Text(values) => values[row].clone(),
    })
}

fn round_trip(
    columns: &Columns,
    format: Format,
    style: Style,
    chunk: usize,
) -> Result<(), TablesError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table");
    let mut writer = Writer::create(&path, format, style, &kinds(columns))?;
    writer.write(columns)?;
    writer.write(columns)?;
    assert!(!path.exists());
    writer.finish()?;
    let options = Options {
        delimiter: Some(style.delimiter),
        header: Some(style.header),
        decimal_comma: Some(style.decimal_comma),
        chunk_rows: Some(chunk),
        keep_bad_rows: false,
    };
    let table = open(&path, &options)?;
    assert_eq!(table.row_count(), 2 * columns.rows() as u64);
    let mut row = 0;
    for read in table.rows(Some(&kinds(columns)))? {
        let read = read?;
        assert_eq!(read.first_row, row as u64);
        for at in 0..read.rows {
            for (found, expected) in read.columns.iter().zip(columns) {
                assert_eq!(
                    bits(found, at),
                    bits(expected, row % columns.rows()),
                    "{}",
                    found.name
                );
            }
            row += 1;
        }
    }
    assert_eq!(row, 2 * columns.rows());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn csv_keeps_the_bits(columns in table(), chunk in 1_usize..50) {
        round_trip(&columns, Format::Csv, Style::default(), chunk).unwrap();
        let style = Style { delimiter: b';', decimal_comma: true, header: true };
        round_trip(&columns, Format::Csv, style, chunk).unwrap();
    }

    #[test]
    fn parquet_keeps_the_bits(columns in table(), chunk in 1_usize..50) {
        round_trip(&columns, Format::Parquet, Style::default(), chunk).unwrap();
    }
}

#[test]
fn a_table_beside_another_keeps_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from.csv"), dir.path().join("to.csv"));
    std::fs::write(&from, "\"id\";x\r\n007;1,50;;\r\n\r\n\"a\nb\"; 2,0\r\n").unwrap();
    let table = open(&from, &Options::default()).unwrap();
    let new = [("score".to_owned(), Kind::Float64)];
    let mut writer = Writer::beside(
        &to,
        table.style(),
        table.style().delimiter,
        table.header(),
        &new,
    )
    .unwrap();
    for chunk in table.rows(Some(&[])).unwrap() {
        let chunk = chunk.unwrap();
        let scores = Column::new("score", Values::Float64(vec![0.25; chunk.rows]));
        writer
            .write_beside(
                chunk.lines.as_ref().unwrap(),
                &Columns::new(vec![scores]).unwrap(),
            )
            .unwrap();
    }
    writer.finish().unwrap();
    let text = std::fs::read_to_string(&to).unwrap();
    assert_eq!(text, "\"id\";x;score\n007;1,50;0,25\n\"a\nb\"; 2,0;0,25\n");
}

#[test]
fn no_half_file_stands_under_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.parquet");
    let columns = Columns::new(vec![Column::new("a", Values::Integer(vec![1]))]).unwrap();
    let mut writer =
        Writer::create(&path, Format::Parquet, Style::default(), &kinds(&columns)).unwrap();
    writer.write(&columns).unwrap();
    let other = Columns::new(vec![Column::new("b", Values::Integer(vec![1]))]).unwrap();
    let error = writer.write(&other).unwrap_err().to_string();
    assert!(
        error.ends_with("t.parquet: other columns are written than were announced"),
        "{error}"
    );
    drop(writer);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    let twice = [("a".to_owned(), Kind::Text), ("a".to_owned(), Kind::Text)];
    assert!(Writer::create(&path, Format::Csv, Style::default(), &twice).is_err());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_that_names_it() {
    let rows = Columns::new(vec![Column::new(
        "a",
        Values::Integer((0..400_000).collect()),
    )])
    .unwrap();
    for format in [Format::Csv, Format::Parquet, Format::JsonLines] {
        let path = std::path::PathBuf::from("/dev/full");
        let mut writer = Writer::create(&path, format, Style::default(), &kinds(&rows)).unwrap();
        let written = writer.write(&rows).and_then(|()| writer.finish());
        let error = written.unwrap_err();
        assert!(
            error.is_io()
                && error
                    .to_string()
                    .starts_with("cannot write to /dev/full: No space left"),
            "{error}"
        );
    }
    let stream = Target::Stream {
        name: "out".into(),
        stream: Box::new(
            std::fs::File::options()
                .write(true)
                .open("/dev/full")
                .unwrap(),
        ),
    };
    let mut writer = Writer::create(stream, Format::Csv, Style::default(), &kinds(&rows)).unwrap();
    assert!(
        writer
            .flush()
            .unwrap_err()
            .to_string()
            .starts_with("cannot write to out: ")
    );
}
