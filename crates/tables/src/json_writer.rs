//! One object per row: numbers with all their digits, `null` where a value is missing or no number of JSON.

use columns::{Column, Columns, Values};

use crate::time::format_time;

/// The rows as lines.
pub(crate) fn rows(text: &mut Vec<u8>, columns: &Columns) {
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    for row in 0..columns.rows() {
        text.push(b'{');
        for (number, (column, name)) in columns.iter().zip(&names).enumerate() {
            if number > 0 {
                text.push(b',');
            }
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            value(text, column, row);
        }
        text.extend_from_slice(b"}\n");
    }
}

fn value(text: &mut Vec<u8>, column: &Column, row: usize) {
    let mut buffer = ryu::Buffer::new();
    let null = "null";
    let written = match &column.values {
        _ if column.is_missing(row) => null,
        Values::Float32(values) if values[row].is_finite() => buffer.format_finite(values[row]),
        Values::Float64(values) if values[row].is_finite() => buffer.format_finite(values[row]),
        Values::Float32(_) | Values::Float64(_) => null,
        Values::Integer(values) => &values[row].to_string(),
        Values::Boolean(values) => match values[row] {
            true => "true",
            false => "false",
        },
        Values::Text(values) => &quoted(&values[row]),
        Values::Time(values) => &quoted(&format_time(values[row])),
    };
    text.extend_from_slice(written.as_bytes());
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_object() {
        let floats = Column::new("a\"b", Values::Float64(vec![0.1, f64::NAN, 1e300]));
        let integers = Column::new("n", Values::Integer(vec![i64::MAX, 0, -1]));
        let integers = integers.with_missing(vec![false, true, false]).unwrap();
        let words = Column::new(
            "w",
            Values::Text(vec!["x\ny".into(), String::new(), "ä".into()]),
        );
        let mut text = Vec::new();
        rows(
            &mut text,
            &Columns::new(vec![floats, integers, words]).unwrap(),
        );
        let text = String::from_utf8(text).unwrap();
        assert_eq!(
            text.lines().next(),
            Some(r#"{"a\"b":0.1,"n":9223372036854775807,"w":"x\ny"}"#)
        );
        let rows: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            (rows[1]["a\"b"].clone(), rows[2]["a\"b"].as_f64()),
            (serde_json::Value::Null, Some(1e300))
        );
    }
}
