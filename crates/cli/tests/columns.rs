//! Columns of tables of one's own: what is a number, a date, a category, and how they are named.

mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use columns::{Column, Columns, Kind, Values};
use support::{Ended, command, ended};
use tables::{Format, Style, Writer};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Ended {
        let mut command = command(self.folder.path());
        let output = command.current_dir(self.folder.path()).args(args).output();
        ended(output.unwrap())
    }

    fn fit(&self, data: &str, more: &[&str]) -> Ended {
        let args = ["fit", data, "-o", "m.residuum", "--method", "iforest"];
        self.run(&[&args[..], more].concat())
    }
}

#[track_caller]
fn warns(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for word in words {
        assert!(
            ended.stderr.contains(word),
            "no `{word}` in: {}",
            ended.stderr
        );
    }
}

/// Rows of `p`, one of them `odd`, and `b`.
fn numbers(n: usize, different: usize, odd: &str) -> String {
    let mut text = "p,b\n".to_owned();
    for i in 0..n {
        let p = if i == 4 {
            odd.to_owned()
        } else {
            (10 + i % different).to_string()
        };
        writeln!(text, "{p},{}", 0.37 * (i % 90) as f64).unwrap();
    }
    text
}

#[test]
fn one_value_that_is_no_number_is_named() {
    let place = Place::new();
    place.put("few.csv", &numbers(200, 20, "n.a."));
    warns(
        &place.fit("few.csv", &[]),
        &[
            "few.csv",
            "`p`",
            "199 of its 200 values",
            "\"n.a.\" in line 6",
            "--as-number p",
            "--drop p",
        ],
    );
    let asked = place.fit("few.csv", &["--as-number", "p"]);
    asked.fails(
        3,
        &["few.csv, line 6, column \"p\": \"n.a.\" is not a number"],
    );
    assert!(asked.stderr.contains("mend the cell"), "{}", asked.stderr);
    // Whoever knows it is not warned, nor is one who does not learn from the column.
    for more in [["--as-category", "p"], ["--drop", "p"]] {
        let fit = place.fit("few.csv", &more);
        assert_eq!(fit.code, Some(0), "{}", fit.stderr);
        assert!(!fit.stderr.contains("n.a."), "{}", fit.stderr);
    }
    let both = ["--as-number", "p", "--as-category", "p"];
    place
        .fit("few.csv", &both)
        .fails(2, &["`p`", "both a number and a category"]);

    place.put("many.csv", &numbers(400, 399, "1e309"));
    place.fit("many.csv", &[]).fails(
        3,
        &[
            "`p`",
            "different values",
            "399 of 400",
            "\"1e309\" in line 6",
        ],
    );
    // Names with leading zeros are no numbers with a mistake, and can be taken as numbers.
    place.put("zeros.csv", &numbers(200, 20, "007"));
    let zeros = place.fit("zeros.csv", &[]);
    warns(&zeros, &["leading zeros"]);
    assert!(!zeros.stderr.contains("--as-number"), "{}", zeros.stderr);
    let taken = place.fit("zeros.csv", &["--as-number", "p"]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    assert!(
        taken.stdout.contains("numbers      p, b"),
        "{}",
        taken.stdout
    );
    place.put("new.csv", "p,b\n12,1\nx,1\n");
    place
        .run(&["score", "m.residuum", "new.csv"])
        .fails(3, &["new.csv, line 3", "\"x\" is not a number"]);
    for value in ["12.5%", "20 kg", "0x1f"] {
        place.put("unit.csv", &numbers(200, 20, value));
        place
            .fit("unit.csv", &["--as-number", "p"])
            .fails(3, &["unit.csv, line 6", "is not a number"]);
    }
}

#[test]
fn text_in_parquet_is_no_number_either() {
    let place = Place::new();
    let kinds = [
        ("p".to_owned(), Kind::Text),
        ("b".to_owned(), Kind::Float64),
    ];
    let mut writer = Writer::create(
        &place.at("t.parquet"),
        Format::Parquet,
        Style::default(),
        &kinds,
    )
    .unwrap();
    let text = |i: usize| {
        if i == 4 {
            "n.a.".to_owned()
        } else {
            (i % 20).to_string()
        }
    };
    let table = Columns::new(vec![
        Column::new("p", Values::Text((0..200).map(text).collect())),
        Column::new(
            "b",
            Values::Float64((0..200).map(|i| (i % 90) as f64).collect()),
        ),
    ]);
    writer.write(&table.unwrap()).unwrap();
    writer.finish().unwrap();
    warns(
        &place.fit("t.parquet", &[]),
        &["199 of its 200 values", "\"n.a.\" in row 5"],
    );
    place
        .fit("t.parquet", &["--as-number", "p"])
        .fails(3, &["t.parquet", "`p`, row 5", "\"n.a.\""]);
    place
        .fit("t.parquet", &["--time", "p"])
        .fails(3, &["t.parquet", "`p`, row 1", "\"0\"", "ISO 8601"]);
}

#[test]
fn dates_that_are_not_iso_are_refused() {
    let place = Place::new();
    for (form, first) in [
        ("{d}.{m}.2026", "01.01.2026"),
        ("{m}/{d}/2026", "01/01/2026"),
        ("{d} Jan 2026", "01 Jan 2026"),
    ] {
        let mut text = "d,x\n".to_owned();
        for i in 0..120 {
            let date = form
                .replace("{d}", &format!("{:02}", i % 4 + 1))
                .replace("{m}", "01");
            writeln!(text, "{date},{}", 0.37 * (i % 90) as f64).unwrap();
        }
        place.put("d.csv", &text);
        let time = place.fit("d.csv", &["--time", "d"]);
        time.fails(3, &["d.csv, line 2, column \"d\"", first]);
        assert!(time.stderr.contains("ISO 8601"), "{}", time.stderr);
        if !first.contains("Jan") {
            let refused = place.fit("d.csv", &[]);
            refused.fails(3, &["d.csv", "`d` holds dates or times", first]);
            for way in ["--drop d", "--as-category d", "--time"] {
                assert!(refused.stderr.contains(way), "{way}: {}", refused.stderr);
            }
            place
                .fit("d.csv", &["--as-number", "d"])
                .fails(3, &["line 2", first, "is not a number"]);
        }
        let taken = place.fit("d.csv", &["--as-category", "d"]);
        assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    }
}

#[test]
fn categories_that_the_model_does_not_know_are_warned_of() {
    let place = Place::new();
    let table = |n: usize, values: [&str; 2]| {
        let rows = (0..n).map(|i| format!("{},{}\n", values[i % 2], 0.37 * (i % 90) as f64));
        format!("c,b\n{}", rows.collect::<String>())
    };
    place.put("train.csv", &table(200, ["007", "012"]));
    assert_eq!(place.fit("train.csv", &[]).code, Some(0));
    place.put("new.csv", &table(8, ["7", "12"]));
    let words = [
        "column `c`: 8 of 8 values are unknown to the model",
        "`7`",
        "it knows `007`, `012`",
    ];
    let args = ["score", "m.residuum", "new.csv"];
    warns(&place.run(&args), &words);
    warns(
        &place.run(&[&args[..], &["-o", "s.parquet"]].concat()),
        &words,
    );
    place.put("half.csv", &table(8, ["7", "012"]));
    let half = place.run(&["score", "m.residuum", "half.csv"]);
    assert!(!half.stderr.contains("unknown"), "{}", half.stderr);

    let kinds = [
        ("c".to_owned(), Kind::Integer),
        ("b".to_owned(), Kind::Float64),
    ];
    let mut writer = Writer::create(
        &place.at("new.parquet"),
        Format::Parquet,
        Style::default(),
        &kinds,
    )
    .unwrap();
    let columns = vec![
        Column::new("c", Values::Integer([7, 12].repeat(4))),
        Column::new("b", Values::Float64(vec![0.5; 8])),
    ];
    writer.write(&Columns::new(columns).unwrap()).unwrap();
    writer.finish().unwrap();
    warns(&place.run(&["score", "m.residuum", "new.parquet"]), &words);

    for n in [8, 300] {
        let mut child = command(place.folder.path())
            .current_dir(place.folder.path())
            .args(["score", "m.residuum", "-", "--follow"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let text = table(n, ["7", "12"]);
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let followed = ended(child.wait_with_output().unwrap());
        warns(&followed, &["values are unknown to the model"]);
        assert_eq!(followed.stderr.matches("unknown to the model").count(), 1);
    }
}

#[test]
fn names_with_commas_stand_in_quotes() {
    let place = Place::new();
    let mut text = "p,\"note, long\",b\n".to_owned();
    for i in 0..200 {
        writeln!(text, "{},note {i},{}", i % 17, 0.37 * (i % 90) as f64).unwrap();
    }
    place.put("q.csv", &text);
    for (option, list) in [
        ("--drop", "\"note, long\""),
        ("--columns", "p, b"),
        ("--drop", "b, \"note, long\""),
    ] {
        let fit = place.fit("q.csv", &[option, list]);
        assert_eq!(fit.code, Some(0), "{}", fit.stderr);
    }
    let unknown = place.fit("q.csv", &["--drop", "note, long"]);
    unknown.fails(3, &["there is no column `note`"]);
    assert!(
        unknown.stderr.contains("columns are p, \"note, long\", b"),
        "{}",
        unknown.stderr
    );
    place
        .fit("q.csv", &["--drop", "\"note"])
        .fails(2, &["--drop \"note", "quotes"]);
}

#[test]
fn thousands_separators_are_not_read_as_decimal_points() {
    let place = Place::new();
    let mut text = "price;b\n".to_owned();
    for i in 0..200 {
        writeln!(
            text,
            "{}.{:03};20,{:03}",
            5 + i % 9,
            7 * i % 1000,
            3 * i % 1000
        )
        .unwrap();
    }
    place.put("t.csv", &text);
    let fit = place.fit("t.csv", &["--drop", "b"]);
    assert_eq!(fit.code, Some(3), "{}", fit.stderr);
    for word in ["thousands separators are not supported", "`price` is text"] {
        assert!(fit.stderr.contains(word), "{}", fit.stderr);
    }
    let asked = place.fit("t.csv", &["--drop", "b", "--as-number", "price"]);
    assert_eq!(asked.code, Some(3), "{}", asked.stderr);
    assert!(
        asked.stderr.contains("between thousands"),
        "{}",
        asked.stderr
    );
    let point = place.fit("t.csv", &["--drop", "b", "--decimal-point"]);
    assert_eq!(point.code, Some(0), "{}", point.stderr);
    assert!(place.run(&["score", "m.residuum", "t.csv"]).code == Some(3));
}
