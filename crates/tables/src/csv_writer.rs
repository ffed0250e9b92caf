//! Text with delimiters: quoted where needed, lines end in `\n`, floats in the fewest digits that give the
//! same bits.

use columns::{Column, Columns, Values};

use crate::text::fields_of;
use crate::time::format_time;
use crate::{Lines, Style};

/// The names as a record; behind `before`, which is a record already, with the delimiter `from`.
pub(crate) fn header(
    text: &mut Vec<u8>,
    before: Option<&str>,
    from: u8,
    names: &[String],
    style: Style,
) {
    record(text, before.unwrap_or_default(), from, style.delimiter);
    for (number, name) in names.iter().enumerate() {
        if number > 0 || before.is_some() {
            text.push(style.delimiter);
        }
        field(text, name, style.delimiter);
    }
    text.push(b'\n');
}

/// The rows as records.
pub(crate) fn rows(text: &mut Vec<u8>, columns: &Columns, style: Style) {
    let alone = columns.len() == 1;
    for row in 0..columns.rows() {
        let start = text.len();
        for (number, column) in columns.iter().enumerate() {
            if number > 0 {
                text.push(style.delimiter);
            }
            value(text, column, row, style);
        }
        // A blank line would be no record.
        if alone && text.len() == start {
            text.extend_from_slice(b"\"\"");
        }
        text.push(b'\n');
    }
}

/// A record of another text, whose delimiter `from` becomes `to`.
fn record(text: &mut Vec<u8>, record: &str, from: u8, to: u8) {
    if from == to {
        return text.extend_from_slice(record.as_bytes());
    }
    for (number, value) in fields_of(record, from).iter().enumerate() {
        if number > 0 {
            text.push(to);
        }
        field(text, value, to);
    }
}

/// The rows behind the records of another table, which have the delimiter `from`.
pub(crate) fn rows_beside(
    text: &mut Vec<u8>,
    lines: &Lines,
    from: u8,
    columns: &Columns,
    style: Style,
) {
    for (row, line) in lines.iter().enumerate() {
        record(text, line, from, style.delimiter);
        for column in columns {
            text.push(style.delimiter);
            value(text, column, row, style);
        }
        text.push(b'\n');
    }
}

fn value(text: &mut Vec<u8>, column: &Column, row: usize, style: Style) {
    if column.is_missing(row) {
        return;
    }
    let mut buffer = ryu::Buffer::new();
    match &column.values {
        Values::Float32(values) => number(text, buffer.format(values[row]), style),
        Values::Float64(values) => number(text, buffer.format(values[row]), style),
        Values::Integer(values) => text.extend_from_slice(values[row].to_string().as_bytes()),
        Values::Boolean(values) => {
            text.extend_from_slice(if values[row] { b"true" } else { b"false" })
        }
        Values::Text(values) => field(text, &values[row], style.delimiter),
        Values::Time(values) => field(text, &format_time(values[row]), style.delimiter),
    }
}

fn number(text: &mut Vec<u8>, digits: &str, style: Style) {
    match style.decimal_comma {
        true => field(text, &digits.replace('.', ","), style.delimiter),
        false => text.extend_from_slice(digits.as_bytes()),
    }
}

fn field(text: &mut Vec<u8>, value: &str, delimiter: u8) {
    let marks = |byte: u8| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    if !value.bytes().any(marks) {
        return text.extend_from_slice(value.as_bytes());
    }
    text.push(b'"');
    text.extend_from_slice(value.replace('"', "\"\"").as_bytes());
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_they_are_needed() {
        let names = ["a;b".to_owned(), "c\"d".to_owned(), "e,f".to_owned()];
        let style = Style {
            delimiter: b';',
            decimal_comma: true,
            header: true,
        };
        let mut text = Vec::new();
        header(&mut text, None, b';', &names, style);
        header(&mut text, Some("x,\"y;z\""), b',', &names[2..], style);
        let floats = Column::new("a", Values::Float32(vec![0.1, f32::INFINITY, 0.0]));
        let floats = floats.with_missing(vec![false, false, true]).unwrap();
        let words = Column::new(
            "b",
            Values::Text(vec!["x\ny".into(), String::new(), "z".into()]),
        );
        rows(
            &mut text,
            &Columns::new(vec![floats.clone(), words]).unwrap(),
            style,
        );
        rows(
            &mut text,
            &Columns::new(vec![floats]).unwrap(),
            Style::default(),
        );
        let expected =
            "\"a;b\";\"c\"\"d\";e,f\nx;\"y;z\";e,f\n0,1;\"x\ny\"\ninf;\n;z\n0.1\ninf\n\"\"\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
