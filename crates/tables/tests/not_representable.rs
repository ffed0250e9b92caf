//! Parquet columns with values that are beyond the kinds of the crate.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tables::{Options, open};

/// Three rows; the columns but for `x` and `soon` have a value that is not held.
fn write(path: &Path) {
    let schema =
        "message schema { required double x; required int32 soon (DATE); required int32 far (DATE);
        required int64 old (TIMESTAMP(MICROS,true)); required int64 large (INTEGER(64,false));
        required binary bytes; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut number = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let written = match number {
            0 => column
                .typed::<DoubleType>()
                .write_batch(&[1.0, 2.0, 3.0], None, None),
            1 => column
                .typed::<Int32Type>()
                .write_batch(&[0, 1, 2], None, None),
            2 => column
                .typed::<Int32Type>()
                .write_batch(&[0, 2_932_896, 0], None, None),
            3 => column.typed::<Int64Type>().write_batch(
                &[0, 0, -62_135_596_800_000_000],
                None,
                None,
            ),
            4 => column
                .typed::<Int64Type>()
                .write_batch(&[-1, 0, 0], None, None),
            _ => {
                let bytes = [&b"a"[..], b"\xff", b"b"].map(|b| ByteArray::from(b.to_vec()));
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&bytes, None, None)
            }
        };
        assert_eq!(written.unwrap(), 3);
        column.close().unwrap();
        number += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn columns_are_named_with_their_first_value_beyond() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("far.parquet");
    write(&path);
    let table = open(&path, &Options::default()).unwrap();
    let found = table.not_representable(|_| true).unwrap();
    let expected = [
        (
            "far",
            "row 2: the date 9999-12-31 is outside of the years 1678 to 2261, which are read",
        ),
        (
            "old",
            "row 3: the date 0001-01-01 is outside of the years 1678 to 2261, which are read",
        ),
        (
            "large",
            "row 1: 18446744073709551615 is beyond 64 bits with a sign",
        ),
        ("bytes", "row 2: the bytes are not text in UTF-8"),
    ];
    let expected = expected.map(|(name, what)| (name.to_owned(), what.to_owned()));
    assert_eq!(found, expected);
    let found = table.not_representable(|name| name == "large").unwrap();
    assert_eq!(found.len(), 1);
    // The others can be read.
    let wanted: Vec<_> = table.schema()[..2].to_vec();
    let mut rows = table.rows(Some(&wanted)).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().rows, 3);
}
