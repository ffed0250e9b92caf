//! Texts as people have them: what is said about them, and what is refused.

use std::io::Read;
use std::sync::mpsc;

use columns::{Kind, Values};
use tables::{Options, Source, Table, TablesError, follow, open};

fn read(text: impl Into<Vec<u8>>, options: &Options) -> Result<Table, TablesError> {
    let bytes = std::io::Cursor::new(text.into());
    let source = Source::Reader {
        name: "parts.csv".to_owned(),
        reader: Box::new(bytes),
    };
    open(source, options)
}

fn wanted(columns: &[(&str, Kind)]) -> Vec<(String, Kind)> {
    columns
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), *kind))
        .collect()
}

fn error(text: impl Into<Vec<u8>>, columns: Option<&[(&str, Kind)]>) -> String {
    let columns = columns.map(wanted);
    let table = match read(text, &Options::default()) {
        Ok(table) => table,
        Err(error) => return error.to_string(),
    };
    match table.rows(columns.as_deref()) {
        Ok(mut rows) => rows.try_for_each(|chunk| chunk.map(|_| ())),
        Err(error) => Err(error),
    }
    .unwrap_err()
    .to_string()
}

#[test]
fn errors_name_file_line_and_column() {
    let number = [("width", Kind::Float64)];
    let mut text = "name,width\n".to_owned();
    text.extend((0..5000).map(|row| format!("\"p\n{row}\",{row}.5\n")));
    text += "x,n/a?\n";
    assert_eq!(
        error(text, Some(&number)),
        "parts.csv, line 10002, column \"width\": \"n/a?\" is not a number"
    );
    for (text, message) in [
        (
            "a,b\n1,2\n3\n",
            "parts.csv, line 3: found 1 field, expected 2",
        ),
        (
            "a,b\n1,2\n3,4,5\n",
            "parts.csv, line 3: found 3 fields, expected 2",
        ),
        (
            "a,b\n1,\"2\n3,4\n",
            "parts.csv, line 2: a quote is opened and never closed",
        ),
        ("", "parts.csv: is empty"),
        ("\n\n", "parts.csv: is empty"),
        (
            "a,b\n1,2\n3,\0\n",
            "parts.csv, line 3: a zero byte: this is not text",
        ),
        (
            "PK\u{3}\u{4}",
            "parts.csv: is a zip archive or a workbook; save the table in it as CSV",
        ),
        ("PAR1", "parts.csv: is damaged: "),
    ] {
        let found = error(text, None);
        assert!(found.starts_with(message), "{found}");
    }
    let broken = b"a,b\n\xc3\xa4,1\n\xff,2\n";
    assert_eq!(
        error(broken.as_slice(), None),
        "parts.csv, line 3: a byte that is not UTF-8; `iconv -f WINDOWS-1252 -t UTF-8` turns older texts into it"
    );
    assert_eq!(
        error(
            "a,b\n1,2\n",
            Some(&[("a", Kind::Integer), ("c", Kind::Integer)])
        ),
        "parts.csv: has no column \"c\"; it has \"a\", \"b\""
    );
    assert_eq!(
        error("a,b\n1.5,2\n", Some(&[("a", Kind::Integer)])),
        "parts.csv, line 2, column \"a\": \"1.5\" is not a whole number"
    );
}

#[test]
fn points_that_may_stand_between_thousands_are_not_read_as_decimals() {
    let point = Options {
        decimal_comma: Some(false),
        ..Options::default()
    };
    let kinds = |text: &str, options: &Options| -> (Vec<Kind>, String) {
        let table = read(text, options).unwrap();
        let kinds = table.schema().iter().map(|(_, kind)| *kind).collect();
        (kinds, table.found().odd.join("; "))
    };
    let either = "a;b\n10.251;20,395\n999;19,647\n";
    let (found, odd) = kinds(either, &Options::default());
    assert_eq!(found, [Kind::Text, Kind::Text]);
    assert!(
        odd.contains("thousands separators are not supported; taken as text: \"a\", \"b\""),
        "{odd}"
    );
    let wanted = [("a".to_owned(), Kind::Float64)];
    let table = read(either, &Options::default()).unwrap();
    let error = table.rows(Some(&wanted)).err().unwrap().to_string();
    assert!(error.contains("thousands"), "{error}");
    assert_eq!(kinds(either, &point).0, [Kind::Float64, Kind::Text]);

    let (found, odd) = kinds("a;b\n10.251;20,3\n", &Options::default());
    assert_eq!(found, [Kind::Text, Kind::Float64]);
    assert!(odd.contains("taken as text: \"a\""), "{odd}");
    // 0.251 and 10.25 are no thousands.
    for text in ["a;b\n0.251;20,395\n", "a;b\n10.25;20,395\n"] {
        assert_eq!(
            kinds(text, &Options::default()).0,
            [Kind::Float64, Kind::Text],
            "{text}"
        );
    }
    for text in [
        "a;b\n10.251,46;20,3\n",
        "a,b\n\"1,200\",2\n",
        "a,b\n\"1,234,567.5\",2\n",
    ] {
        let (found, odd) = kinds(text, &Options::default());
        assert_eq!(found[0], Kind::Text);
        assert!(
            odd.contains("\"a\": numbers with thousands separators are not supported"),
            "{odd}"
        );
    }
    assert_eq!(
        kinds("a;b\n10.251;20.395\n", &Options::default()),
        (vec![Kind::Float64; 2], String::new())
    );
}

#[test]
fn what_is_odd_is_said() {
    let odd = |text: &str| read(text, &Options::default()).unwrap().found().odd.clone();
    assert_eq!(odd("a,b\n1,2\n"), [""; 0]);
    assert_eq!(
        odd("a,a,\n1,2,3\n"),
        [
            "the name \"a\" stands twice; column 2 is called \"a.1\"",
            "column 3 has no name and is called \"column_3\""
        ]
    );
    assert_eq!(
        odd("zip,n\n01234,1\n"),
        ["\"zip\": numbers with leading zeros are read as text"]
    );
    assert_eq!(odd("a,b\n1,\n"), ["\"b\": without any value"]);
    assert_eq!(
        odd("a,b\n1,2,\n3,4\n"),
        ["1 lines end with delimiters behind the last column"]
    );
    assert_eq!(
        odd("a;b\n1,5;2.5\n"),
        [
            "\"a\" has a decimal comma and is read as text, since \"b\" has a decimal point; thousands separators are not supported"
        ]
    );
    assert_eq!(
        odd("a,b\nx,y\n"),
        ["every column is text, so the first line is taken as the header"]
    );
}

#[test]
fn options_win_over_what_is_found() {
    let options = Options {
        delimiter: Some(b'|'),
        header: Some(false),
        decimal_comma: Some(true),
        chunk_rows: Some(1),
        keep_bad_rows: false,
    };
    let table = read("x|1,5\ny|2\n", &options).unwrap();
    assert_eq!(
        table.schema(),
        wanted(&[("column_1", Kind::Text), ("column_2", Kind::Float64)])
    );
    assert_eq!((table.header(), table.row_count()), (None, 2));
    let chunks: Vec<_> = table.rows(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(chunks.len(), 2);
    assert_eq!(
        chunks[1].columns.get("column_2").unwrap().values,
        Values::Float64(vec![2.0])
    );
    assert_eq!(chunks[1].lines.as_ref().unwrap().get(0), Some("y|2"));
}

/// A pipe whose writer waits for the reader.
struct Pipe(mpsc::Receiver<Vec<u8>>, Vec<u8>);

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.1.is_empty() {
            self.1 = self.0.recv().unwrap_or_default();
        }
        let length = self.1.len().min(into.len());
        into[..length].copy_from_slice(&self.1[..length]);
        self.1.drain(..length);
        Ok(length)
    }
}

#[test]
fn rows_are_given_as_they_arrive() {
    let (send, receive) = mpsc::channel();
    let write = |text: &str| send.send(text.as_bytes().to_vec()).unwrap();
    write("id;x\n");
    let columns = wanted(&[("x", Kind::Float64)]);
    let mut rows = follow(
        Pipe(receive, Vec::new()),
        "standard input",
        &columns,
        &Options::default(),
    )
    .unwrap();
    assert_eq!(
        (rows.header(), rows.style().delimiter),
        (Some("id;x"), b';')
    );
    let mut next = |text: &str| {
        write(text);
        let chunk = rows.next().unwrap()?;
        Ok::<_, TablesError>((
            chunk.first_row,
            chunk.columns.get("x").unwrap().values.clone(),
        ))
    };
    // Nothing is sent after what is read here: a reader that read ahead would wait for ever.
    assert_eq!(next("a;1\n").unwrap(), (0, Values::Float64(vec![1.0])));
    assert_eq!(
        next("b;2\n\"c\n\";3\nd;").unwrap(),
        (1, Values::Float64(vec![2.0, 3.0]))
    );
    assert_eq!(next("4\n").unwrap(), (3, Values::Float64(vec![4.0])));
    let error = next("e;x\n").unwrap_err().to_string();
    assert_eq!(
        error,
        "standard input, line 7, column \"x\": \"x\" is not a number"
    );
}

#[test]
fn rows_before_a_line_that_is_no_text_are_given() {
    let columns = wanted(&[("x", Kind::Float64)]);
    let text = b"id;x\na;1\nb;2\nc\xfc;3\nd;4\n";
    let mut rows = follow(&text[..], "pipe", &columns, &Options::default()).unwrap();
    let chunk = rows.next().unwrap().unwrap();
    assert_eq!(
        chunk.columns.get("x").unwrap().values,
        Values::Float64(vec![1.0, 2.0])
    );
    let error = rows.next().unwrap().unwrap_err().to_string();
    assert!(
        error.starts_with("pipe, line 4: a byte that is not UTF-8"),
        "{error}"
    );
    assert!(rows.next().is_none());
}

#[test]
fn bad_rows_are_kept_and_named_on_request() {
    let text = "id,x,note\na,1,\nb,n/y,k\nc\nd,4,k,more\ne,5,k\n";
    let options = Options {
        keep_bad_rows: true,
        ..Options::default()
    };
    let columns = wanted(&[("x", Kind::Float64), ("note", Kind::Text)]);
    let source = Source::Reader {
        name: "t".to_owned(),
        reader: Box::new(text.as_bytes()),
    };
    let table = open(source, &options).unwrap();
    let whole = table.rows(Some(&columns)).unwrap().next().unwrap().unwrap();
    let followed = follow(text.as_bytes(), "t", &columns, &options).unwrap();
    let followed = followed.map(Result::unwrap).next().unwrap();
    for chunk in [whole, followed] {
        let x = chunk.columns.get("x").unwrap();
        let gaps: Vec<bool> = (0..5).map(|row| x.is_missing(row)).collect();
        assert_eq!(gaps, [false, true, true, false, false]);
        let lines: Vec<&str> = chunk.lines.as_ref().unwrap().iter().collect();
        assert_eq!(lines, ["a,1,", "b,n/y,k", "c,,", "d,4,k", "e,5,k"]);
        let bad: Vec<_> = chunk
            .bad
            .iter()
            .map(|bad| (bad.row, bad.error.to_string()))
            .collect();
        let expected = [
            (1, "t, line 3, column \"x\": \"n/y\" is not a number"),
            (2, "t, line 4: found 1 field, expected 3"),
            (3, "t, line 5: found 4 fields, expected 3"),
        ];
        assert_eq!(bad, expected.map(|(row, what)| (row, what.to_owned())));
    }
}
