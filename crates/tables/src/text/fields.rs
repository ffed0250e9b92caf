use std::borrow::Cow;

use memchr::memchr;

/// Hands every field of a record to `each`: its number, its place in the record, and its text without quotes.
/// Where `each` answers `false` the rest is left out.
pub(crate) fn split<'a>(
    record: &'a str,
    delimiter: u8,
    mut each: impl FnMut(usize, usize, Cow<'a, str>) -> bool,
) {
    let bytes = record.as_bytes();
    let mut at = 0;
    for number in 0.. {
        let (text, end) = match bytes.get(at) {
            Some(b'"') => quoted(record, at, delimiter),
            _ => {
                let end = memchr(delimiter, &bytes[at..]).map_or(bytes.len(), |next| at + next);
                (Cow::Borrowed(&record[at..end]), end)
            }
        };
        if !each(number, at, text) || end >= bytes.len() {
            return;
        }
        at = end + 1;
    }
}

/// The text of a field that begins with a quote at `at`, and where it ends.
fn quoted(record: &str, at: usize, delimiter: u8) -> (Cow<'_, str>, usize) {
    let bytes = record.as_bytes();
    let mut text = Cow::Borrowed("");
    let mut from = at + 1;
    loop {
        let close = memchr(b'"', &bytes[from..]).map_or(bytes.len(), |next| from + next);
        text += &record[from..close];
        if bytes.get(close + 1) == Some(&b'"') {
            text += "\"";
            from = close + 2;
            continue;
        }
        let behind = (close + 1).min(bytes.len());
        // Text behind the closing quote belongs to the field, as other readers have it.
        let end = memchr(delimiter, &bytes[behind..]).map_or(bytes.len(), |next| behind + next);
        text += &record[behind..end];
        return (text, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(record: &str) -> Vec<String> {
        let mut fields = Vec::new();
        split(record, b',', |number, _, text| {
            assert_eq!(number, fields.len());
            fields.push(text.into_owned());
            true
        });
        fields
    }

    #[test]
    fn fields_lose_their_quotes() {
        assert_eq!(fields("a,,\"b,\"\"c\"\"\","), ["a", "", "b,\"c\"", ""]);
        assert_eq!(fields("5\" pipe,\"x\"y"), ["5\" pipe", "xy"]);
        assert_eq!(fields(""), [""]);
    }

    proptest! {
        /// The crate csv reads the same fields, as long as quotes are well placed.
        #[test]
        fn as_csv_reads_them(values in prop::collection::vec("[a,\" \n\u{e4}]{0,6}", 1..5)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&values).unwrap();
            let bytes = writer.into_inner().unwrap();
            let text = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(fields(text.strip_suffix('\n').unwrap()), values);
        }
    }
}
