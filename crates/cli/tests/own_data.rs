//! Detectors for data of one's own: fit, score, show, calibrate, explain, as a user starts them.

mod support;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use columns::{Column, Columns, Kind, Values};
use residuum::data::Data;
use residuum::{FitOptions, Model};
use support::{bmp, command, end, npy_f32, start};
use tables::{Format, Style, Writer};

/// Numbers between -1 and 1 without randomness, no two rows alike.
fn wave(i: usize, k: f64) -> f64 {
    let i = i as f64;
    0.5 * (i * k).sin() + 0.5 * (i * i * 0.013 * k + k).sin()
}

/// Rows of a table: depth follows width, but for those of `odd`. Rows count from `first`.
fn rows(first: usize, n: usize, odd: &[usize]) -> Columns {
    let all = || first..first + n;
    let width: Vec<f64> = all().map(|i| 10.0 + wave(i, 0.71)).collect();
    let depth = all().zip(&width).map(|(i, width)| {
        let off = if odd.contains(&(i - first)) { 1.5 } else { 0.0 };
        2.0 * width + 0.1 * wave(i, 1.37) + off
    });
    let colour = |i: usize| ["red", "blue", "green"][i % 3].to_owned();
    let machine = |i: usize| (i / 40) as i64;
    let is_odd = |i: usize| i64::from(odd.contains(&(i - first)));
    Columns::new(vec![
        Column::new(
            "id",
            Values::Integer(all().map(|i| i as i64 + 1000).collect()),
        ),
        Column::new("depth", Values::Float64(depth.collect())),
        Column::new("width", Values::Float64(width)),
        Column::new("colour", Values::Text(all().map(colour).collect())),
        Column::new("operator", Values::Text(all().map(colour).collect())),
        Column::new("machine", Values::Integer(all().map(machine).collect())),
        Column::new("odd", Values::Integer(all().map(is_odd).collect())),
    ])
    .unwrap()
}

fn put(path: &Path, table: &Columns) {
    let kinds: Vec<(String, Kind)> = table
        .iter()
        .map(|column| (column.name.clone(), column.values.kind()))
        .collect();
    let format = Format::of(path).unwrap();
    let mut writer = Writer::create(path, format, Style::default(), &kinds).unwrap();
    writer.write(table).unwrap();
    writer.finish().unwrap();
}

/// A folder with a model of 1500 rows and 200 new ones, of which rows 3 and 50 are odd.
struct Place {
    folder: tempfile::TempDir,
}

const FIT: [&str; 8] = [
    "fit",
    "parts.csv",
    "-o",
    "parts.residuum",
    "--key",
    "id",
    "--drop",
    "operator,machine,odd",
];

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        put(&place.at("parts.csv"), &rows(0, 1500, &[]));
        put(&place.at("new.csv"), &rows(5000, 200, &[3, 50]));
        place
    }

    fn fitted() -> Self {
        let place = Self::new();
        let fit = place.run(&FIT);
        assert_eq!(fit.code, Some(0), "{}", fit.stderr);
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program in this folder.
    fn run(&self, args: &[&str]) -> support::Ended {
        let mut command = command(self.folder.path());
        let output = command.current_dir(self.folder.path()).args(args).output();
        support::ended(output.unwrap())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap()
    }
}

/// The values of a column of CSV without quotes.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut lines = text.lines();
    let header = lines.next().unwrap().split(',');
    let place = header.clone().position(|found| found == name);
    let place = place.unwrap_or_else(|| panic!("no {name} in {header:?}"));
    lines
        .map(|line| line.split(',').nth(place).unwrap().to_owned())
        .collect()
}

#[test]
fn what_is_odd_is_found_and_the_input_stays_as_it_was() {
    let place = Place::new();
    let fit = place.run(&FIT);
    assert_eq!(fit.code, Some(0), "{}", fit.stderr);
    for word in [
        "views-and-pairs",
        "1200 trained on",
        "300 held out",
        "95 % confidence",
        "colour (3)",
    ] {
        assert!(fit.stdout.contains(word), "{word}: {}", fit.stdout);
    }
    let score = place.run(&["score", "parts.residuum", "new.csv"]);
    assert_eq!(score.code, Some(0), "{}", score.stderr);
    let input = place.read("new.csv");
    for (line, before) in score.stdout.lines().zip(input.lines()) {
        assert!(line.starts_with(&format!("{before},")), "{line}");
    }
    assert_eq!(score.stdout.lines().count(), 201);
    let anomaly = column(&score.stdout, "anomaly");
    assert_eq!((&*anomaly[3], &*anomaly[50]), ("true", "true"));
    let alarms = anomaly.iter().filter(|anomaly| *anomaly == "true").count();
    assert!(alarms < 10, "{alarms}");
    // The smallest p-value of 300 calibration rows.
    assert_eq!(
        column(&score.stdout, "p_value")[3],
        (1.0 / 301.0).to_string()
    );
}

#[test]
fn every_form_of_input_and_output_has_the_same_scores() {
    let place = Place::fitted();
    put(&place.at("new.parquet"), &rows(5000, 200, &[3, 50]));
    let csv = place.run(&["score", "parts.residuum", "new.csv"]);
    let of_parquet = place.run(&["score", "parts.residuum", "new.parquet"]);
    assert_eq!(of_parquet.code, Some(0), "{}", of_parquet.stderr);
    assert_eq!(csv.stdout, of_parquet.stdout);
    let scores = column(&csv.stdout, "score");
    for out in ["out.csv", "out.parquet", "out.jsonl"] {
        let ended = place.run(&["score", "parts.residuum", "new.csv", "-o", out]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
    assert_eq!(place.read("out.csv"), csv.stdout);
    let line = place.read("out.jsonl").lines().nth(3).unwrap().to_owned();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["id"], 6003);
    assert_eq!(line["score"].as_f64().unwrap().to_string(), scores[3]);
    assert_eq!(line["anomaly"], true);
    let parquet = tables::open(
        place.at("out.parquet").as_path(),
        &tables::Options::default(),
    );
    let parquet = parquet.unwrap();
    let chunk = parquet.rows(None).unwrap().next().unwrap().unwrap();
    let Values::Float64(stored) = &chunk.columns.get("score").unwrap().values else {
        panic!("scores are float64");
    };
    assert_eq!(stored[3].to_string(), scores[3]);
    let only = place.run(&["score", "parts.residuum", "new.csv", "--only-scores"]);
    assert_eq!(only.stdout.lines().next(), Some("id,score,p_value,anomaly"));
    assert_eq!(column(&only.stdout, "score"), scores);
}

#[test]
fn a_row_has_its_score_alone_from_standard_input_and_as_a_line_that_comes() {
    let place = Place::fitted();
    let whole = place.run(&["score", "parts.residuum", "new.csv"]).stdout;
    let input = place.read("new.csv");
    let lines: Vec<&str> = input.lines().collect();
    for row in [1, 4, 200] {
        let one = format!("{}\n{}\n", lines[0], lines[row]);
        let mut command = command(place.folder.path());
        command.current_dir(place.folder.path());
        command.args(["score", "parts.residuum", "-"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(one.as_bytes())
            .unwrap();
        let ended = end(child);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(ended.stdout.lines().nth(1), whole.lines().nth(row));
    }
    let mut command = command(place.folder.path());
    command.current_dir(place.folder.path());
    command.args(["score", "parts.residuum", "-", "--follow"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    writeln!(stdin, "{}", lines[0]).unwrap();
    assert_eq!(
        answers.next().unwrap().unwrap(),
        whole.lines().next().unwrap()
    );
    // Each answer is there before the next line is sent.
    for (row, line) in lines.iter().enumerate().take(6).skip(1) {
        writeln!(stdin, "{line}").unwrap();
        assert_eq!(
            answers.next().unwrap().unwrap(),
            whole.lines().nth(row).unwrap()
        );
    }
    drop(stdin);
    assert!(answers.next().is_none());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn following_stops_at_once_when_it_is_asked_to() {
    let place = Place::fitted();
    let mut command = command(place.folder.path());
    command.current_dir(place.folder.path());
    command.args(["score", "parts.residuum", "-", "--follow"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    writeln!(stdin, "{}", place.read("new.csv").lines().next().unwrap()).unwrap();
    answers.next().unwrap().unwrap();
    support::signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn models_are_the_same_bytes_and_stay_whole() {
    let place = Place::fitted();
    let first = std::fs::read(place.at("parts.residuum")).unwrap();
    place.run(&FIT);
    assert_eq!(std::fs::read(place.at("parts.residuum")).unwrap(), first);
    let threads = place.run(&[&FIT[..], &["--threads", "1"]].concat());
    assert_eq!(threads.code, Some(0));
    assert_eq!(std::fs::read(place.at("parts.residuum")).unwrap(), first);
    // Cut, changed, foreign.
    for (name, bytes) in [
        ("cut", first[..first.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("pickle", b"cos\nsystem\n(S'touch executed'\ntR.".to_vec()),
        ("changed", {
            let mut bytes = first.clone();
            let last = bytes.len() - 9;
            bytes[last] ^= 1;
            bytes
        }),
    ] {
        std::fs::write(place.at(name), bytes).unwrap();
        for args in [&["show", name][..], &["score", name, "new.csv"]] {
            place
                .run(args)
                .fails(3, &[name, "not a model that can be used"]);
        }
    }
    assert!(!place.at("executed").exists());
    place.run(&["show", "none"]).fails(4, &["none"]);
}

#[test]
fn show_says_what_a_model_is() {
    let place = Place::fitted();
    let text = place.run(&["show", "parts.residuum"]);
    assert_eq!(text.code, Some(0), "{}", text.stderr);
    for word in [
        "views-and-pairs",
        "colour (text): blue, green, red",
        "key          id",
        "1200 trained on",
    ] {
        assert!(text.stdout.contains(word), "{word}: {}", text.stdout);
    }
    let json = place.run(&["show", "parts.residuum", "--json"]).json();
    assert_eq!(json["method"], "views-and-pairs");
    assert_eq!(json["trained"], 1200);
    assert_eq!(json["threshold"]["basis"]["certified"]["target"], 0.01);
}

#[test]
fn other_columns_other_types_and_gaps_are_named() {
    let place = Place::fitted();
    let text = place.read("new.csv");
    let score = |name: &str, text: &str| {
        std::fs::write(place.at(name), text).unwrap();
        place.run(&["score", "parts.residuum", name])
    };
    score("renamed.csv", &text.replacen("depth", "deep", 1)).fails(3, &["renamed.csv", "depth"]);
    let fields: Vec<&str> = text.lines().nth(5).unwrap().split(',').collect();
    let with = |depth: &str| {
        let mut fields = fields.clone();
        fields[1] = depth;
        text.replacen(text.lines().nth(5).unwrap(), &fields.join(","), 1)
    };
    score("word.csv", &with("deep")).fails(3, &["word.csv", "line 6", "depth", "deep"]);
    score("gap.csv", &with("")).fails(3, &["gap.csv", "depth", "row 5"]);
    score("infinite.csv", &with("inf")).fails(3, &["infinite.csv", "depth", "row 5"]);
    // Other order, and columns that were not learned from, change nothing.
    let table = rows(5000, 200, &[3, 50]);
    let mut columns = table.into_columns();
    columns.reverse();
    columns.truncate(6);
    put(&place.at("reversed.csv"), &Columns::new(columns).unwrap());
    let reversed = place
        .run(&["score", "parts.residuum", "reversed.csv"])
        .stdout;
    let whole = place.run(&["score", "parts.residuum", "new.csv"]).stdout;
    assert_eq!(column(&reversed, "score"), column(&whole, "score"));
}

#[test]
fn gaps_are_filled_or_left_out_on_request() {
    let place = Place::new();
    let gaps = |name: &str| {
        let text = place.read(name);
        let mut out = String::new();
        for (i, line) in text.lines().enumerate() {
            let mut fields: Vec<&str> = line.split(',').collect();
            if i % 10 == 4 {
                fields[2] = "NA";
            }
            writeln!(out, "{}", fields.join(",")).unwrap();
        }
        std::fs::write(place.at(name), out).unwrap();
    };
    gaps("parts.csv");
    gaps("new.csv");
    place.run(&FIT).fails(3, &["parts.csv", "width", "row 4"]);
    for missing in ["mean", "drop"] {
        let fit = place.run(&[&FIT[..], &["--missing", missing]].concat());
        assert_eq!(fit.code, Some(0), "{}", fit.stderr);
        let score = place.run(&["score", "parts.residuum", "new.csv"]);
        assert_eq!(score.code, Some(0), "{}", score.stderr);
        let scores = column(&score.stdout, "score");
        assert_eq!(scores.len(), 200);
        // Line 4 of the file is row 3, counted from 0.
        assert_eq!(scores[3].is_empty(), missing == "drop", "{}", scores[3]);
        assert_eq!(
            score.stderr.contains("20 rows have no score"),
            missing == "drop"
        );
        assert!(!scores[4].is_empty());
    }
}

#[test]
fn dates_free_text_and_rates_that_cannot_be_kept_are_refused_with_a_way_out() {
    let place = Place::new();
    let mut text = String::from("when,note,width\n");
    for i in 0..200 {
        writeln!(text, "2026-01-{:02},note {i},{}", i % 28 + 1, wave(i, 0.7)).unwrap();
    }
    std::fs::write(place.at("log.csv"), text).unwrap();
    let fit =
        |args: &[&str]| place.run(&[&["fit", "log.csv", "-o", "log.residuum"], args].concat());
    let refused = fit(&[]);
    refused.fails(3, &["log.csv", "when", "dates"]);
    assert!(
        refused.stderr.contains("--as-number when"),
        "{}",
        refused.stderr
    );
    let refused = fit(&["--drop", "when"]);
    refused.fails(3, &["note", "different values"]);
    assert!(refused.stderr.contains("--drop note"), "{}", refused.stderr);
    let few = [
        "--drop",
        "note",
        "--time",
        "when",
        "--fpr",
        "0.001",
        "--confidence",
        "0.95",
    ];
    fit(&few).fails(3, &["40", "2995"]);
    let fitted = fit(&["--drop", "note", "--time", "when"]);
    assert_eq!(fitted.code, Some(0), "{}", fitted.stderr);
    assert!(
        fitted.stderr.contains("299 would hold it"),
        "{}",
        fitted.stderr
    );
    // Without an order in time few rows calibrate in folds.
    let folded = fit(&["--drop", "note,when"]);
    assert_eq!(folded.code, Some(0), "{}", folded.stderr);
    assert!(
        folded.stdout.contains("the one of 5 detectors"),
        "{}",
        folded.stdout
    );
    assert!(folded.stderr.contains("is proved"), "{}", folded.stderr);
    let held_out = fit(&["--drop", "note,when", "--calibration", "0.5"]);
    assert!(
        held_out.stdout.contains("100 held out"),
        "{}",
        held_out.stdout
    );
    fit(&["--drop", "note,when", "--calibration", "1.5"]).fails(2, &["--calibration", "1.5"]);
    fit(&["--drop", "note,when", "--calibration", "200"]).fails(2, &["--calibration"]);
    assert!(!place.at("new.residuum").exists());
    fit(&["--drop", "nothing"]).fails(3, &["nothing"]);
    fit(&["--fpr", "1.5"]).fails(2, &["--fpr", "1.5"]);
    fit(&["--method", "no-such"]).fails(2, &["no-such"]);
    fit(&["--missing", "zero"]).fails(2, &["zero"]);
    place
        .run(&["fit", "none.csv", "-o", "a.residuum"])
        .fails(4, &["none.csv"]);
    place
        .run(&["fit", "log.csv", "-o", "log.csv"])
        .fails(2, &["--out would overwrite"]);
}

#[test]
fn a_false_discovery_rate_decides_over_all_rows() {
    let place = Place::fitted();
    let fdr = place.run(&["score", "parts.residuum", "new.csv", "--fdr", "0.5"]);
    assert_eq!(fdr.code, Some(0), "{}", fdr.stderr);
    let anomaly = column(&fdr.stdout, "anomaly");
    assert_eq!((&*anomaly[3], &*anomaly[50]), ("true", "true"));
    let strict = place.run(&["score", "parts.residuum", "new.csv", "--fdr", "0.001"]);
    assert!(!column(&strict.stdout, "anomaly").contains(&"true".to_owned()));
    assert!(
        strict.stderr.contains("300 calibration rows"),
        "{}",
        strict.stderr
    );
}

#[test]
fn a_model_is_calibrated_on_other_rows_but_not_on_its_own() {
    let place = Place::fitted();
    put(&place.at("fresh.csv"), &rows(9000, 3100, &[]));
    let args = [
        "calibrate",
        "parts.residuum",
        "fresh.csv",
        "-o",
        "fresh.residuum",
    ];
    let calibrated = place.run(&[&args[..], &["--fpr", "0.001", "--confidence", "0.95"]].concat());
    assert_eq!(calibrated.code, Some(0), "{}", calibrated.stderr);
    assert!(
        calibrated.stdout.contains("3100 held out"),
        "{}",
        calibrated.stdout
    );
    let scores = |model: &str| column(&place.run(&["score", model, "new.csv"]).stdout, "score");
    assert_eq!(scores("fresh.residuum"), scores("parts.residuum"));
    let args = [
        "calibrate",
        "fresh.residuum",
        "few.csv",
        "-o",
        "few.residuum",
    ];
    put(&place.at("few.csv"), &rows(0, 5, &[]));
    let few = place.run(&args);
    few.fails(3, &["have the key of a row that the model was trained on"]);
    put(&place.at("few.csv"), &rows(20_000, 5, &[]));
    let few = place.run(&[&args[..], &["--fpr", "0.01", "--confidence", "0.95"]].concat());
    few.fails(3, &["299"]);
}

#[test]
fn a_model_that_held_no_rows_out_scores_and_decides_nothing() {
    let place = Place::new();
    let mut columns = rows(0, 300, &[]).into_columns();
    columns.retain(|column| ["depth", "width"].contains(&column.name.as_str()));
    let options = FitOptions::new(residuum::methods());
    let table = Columns::new(columns).unwrap();
    let model = Model::train(Data::Columns(&table), &options, &detector::Silent).unwrap();
    model.save(place.at("parts.residuum")).unwrap();
    let score = place.run(&["score", "parts.residuum", "new.csv", "--only-scores"]);
    assert_eq!(score.code, Some(0), "{}", score.stderr);
    assert!(
        score.stderr.contains("residuum calibrate"),
        "{}",
        score.stderr
    );
    let empty = |name: &str| column(&score.stdout, name).iter().all(String::is_empty);
    assert!(empty("p_value") && empty("anomaly"), "{}", score.stdout);
    let show = place.run(&["show", "parts.residuum"]);
    assert!(
        show.stdout.contains("300 trained on, 0 held out"),
        "{}",
        show.stdout
    );
    for args in [
        &["score", "parts.residuum", "new.csv", "--fdr", "0.1"][..],
        &["evaluate", "parts.residuum", "new.csv", "--label", "odd"],
    ] {
        place.run(args).fails(3, &["not calibrated"]);
    }
    let calibrated = place.run(&[
        "calibrate",
        "parts.residuum",
        "parts.csv",
        "-o",
        "b.residuum",
    ]);
    assert_eq!(calibrated.code, Some(0), "{}", calibrated.stderr);
    let again = place.run(&["score", "b.residuum", "new.csv", "--only-scores"]);
    assert_eq!(
        column(&again.stdout, "score"),
        column(&score.stdout, "score")
    );
    assert!(column(&again.stdout, "anomaly").contains(&"true".to_owned()));
}

#[test]
fn reasons_name_the_columns_that_are_odd() {
    let place = Place::fitted();
    let explain = place.run(&[
        "explain",
        "parts.residuum",
        "new.csv",
        "--rows",
        "4,51",
        "--json",
    ]);
    let json = explain.json();
    for row in json["rows"].as_array().unwrap() {
        let first = row["why"][0]["column"].as_str().unwrap();
        assert!(["width", "depth"].contains(&first), "{row}");
        assert_eq!(row["anomaly"], true);
    }
    let text = place.run(&["explain", "parts.residuum", "new.csv"]).stdout;
    assert!(
        text.contains("row 4: ") && text.contains("row 51: "),
        "{text}"
    );
    let why = place
        .run(&["score", "parts.residuum", "new.csv", "--explain", "1"])
        .stdout;
    let first = &column(&why, "why")[3];
    assert!(
        first.starts_with("width ") || first.starts_with("depth "),
        "{first}"
    );
    place
        .run(&["explain", "parts.residuum", "new.csv", "--rows", "201"])
        .fails(2, &["1 to 200"]);
}

#[test]
fn arrays_are_fitted_and_scored() {
    let place = Place::new();
    // Vectors of three directions and a little noise; the odd one lies in none of them.
    let vector = |i: usize, j: usize| {
        let along = |k: f64| wave(i, 0.3 + k) * (j as f64 * k).cos();
        (along(0.5) + along(1.1) + along(2.3) + 0.05 * wave(i + 7 * j, 0.31 + j as f64)) as f32
    };
    std::fs::write(place.at("vectors.npy"), npy_f32(400, 70, vector)).unwrap();
    let odd = |i: usize, j: usize| match (i, j % 2) {
        (2, 0) => 1.0,
        (2, _) => -1.0,
        _ => vector(i + 400, j),
    };
    std::fs::write(place.at("new.npy"), npy_f32(20, 70, odd)).unwrap();
    let fit = place.run(&["fit", "vectors.npy", "-o", "vectors.residuum"]);
    assert_eq!(fit.code, Some(0), "{}", fit.stderr);
    assert!(fit.stdout.contains("embedding"), "{}", fit.stdout);
    let score = place.run(&["score", "vectors.residuum", "new.npy"]);
    assert_eq!(score.code, Some(0), "{}", score.stderr);
    assert_eq!(
        score.stdout.lines().next(),
        Some("row,score,p_value,anomaly")
    );
    assert_eq!(column(&score.stdout, "anomaly")[2], "true");
    place
        .run(&["score", "vectors.residuum", "new.csv"])
        .fails(3, &["a table", "an array"]);
    std::fs::write(place.at("wide.npy"), npy_f32(20, 71, vector)).unwrap();
    place
        .run(&["score", "vectors.residuum", "wide.npy"])
        .fails(3, &["wide.npy", "71", "70"]);
}

#[test]
fn a_list_of_images_that_are_not_there_is_no_table() {
    let place = Place::new();
    for i in 0..60 {
        let image = bmp(28, 60 + (i * 37 % 101) as u8);
        std::fs::write(place.at(&format!("{i}.bmp")), image).unwrap();
    }
    let all: String = (0..60).map(|i| format!("\"{i}.bmp\"\n")).collect();
    std::fs::write(place.at("all.txt"), format!("# good ones\n{all}")).unwrap();
    let fit = "fit all.txt -o m.residuum --method pca --side 8";
    let fit = place.run(&fit.split(' ').collect::<Vec<_>>());
    assert_eq!(fit.code, Some(0), "{}", fit.stderr);

    std::fs::write(place.at("gone.txt"), "new/gone.png\n1.bmp\n").unwrap();
    for args in [
        &["score", "m.residuum", "gone.txt"][..],
        &["fit", "gone.txt", "-o", "x.residuum", "--method", "pca"],
        &["explain", "m.residuum", "gone.txt"],
    ] {
        place.run(args).fails(4, &["gone.txt, line 1", "gone.png"]);
    }
    let skipped = place.run(&["score", "m.residuum", "gone.txt", "--skip-bad-files"]);
    assert_eq!(skipped.code, Some(0), "{}", skipped.stderr);
    assert_eq!(column(&skipped.stdout, "file"), ["1.bmp"]);
    assert!(skipped.stderr.contains("gone.png"), "{}", skipped.stderr);
}

#[test]
fn a_table_without_rows_has_to_fit_the_model_as_well() {
    let place = Place::fitted();
    let x = npy_f32(400, 3, |i, j| wave(i, 0.9 + j as f64) as f32);
    std::fs::write(place.at("x.npy"), x).unwrap();
    let fit = place.run(&["fit", "x.npy", "-o", "x.residuum"]);
    assert_eq!(fit.code, Some(0), "{}", fit.stderr);
    std::fs::write(place.at("none.csv"), "depth,width,colour\n").unwrap();
    std::fs::write(place.at("other.csv"), "depth,colour\n").unwrap();
    let none = place.run(&["score", "parts.residuum", "none.csv"]);
    assert_eq!(
        (none.code, none.stdout.as_str()),
        (Some(0), "depth,width,colour,score,p_value,anomaly\n"),
        "{}",
        none.stderr
    );
    let words = ["none.csv", "a table, but the model was fitted to an array"];
    place
        .run(&["score", "x.residuum", "none.csv"])
        .fails(3, &words);
    let other = place.run(&["score", "parts.residuum", "other.csv"]);
    other.fails(3, &["other.csv", "width"]);
}

#[test]
fn a_stream_answers_what_comes_before_a_bad_row_or_goes_on_after_it() {
    let place = Place::fitted();
    let whole = place.run(&["score", "parts.residuum", "new.csv"]).stdout;
    let whole: Vec<&str> = whole.lines().collect();
    let input = place.read("new.csv");
    let lines: Vec<&str> = input.lines().collect();
    // The columns are id, depth, width, colour, operator, machine and odd.
    let with = |bad: &str| {
        let lines = [&lines[..100], &[bad], &lines[100..120]].concat();
        lines.join("\n") + "\n"
    };
    for (bad, place_of, kept) in [
        ("broken", "line 101", "broken,,,,,,"),
        ("1,2,3,red,red,1,0,9", "line 101", "1,2,3,red,red,1,0"),
        (
            "1,x,3,red,red,1,0",
            "line 101, column \"depth\"",
            "1,x,3,red,red,1,0",
        ),
        ("1,,3,red,red,1,0", "column `depth`", "1,,3,red,red,1,0"),
        (
            "1,inf,3,red,red,1,0",
            "column `depth`",
            "1,inf,3,red,red,1,0",
        ),
    ] {
        let text = with(bad);
        let stopped = followed(&place, &text, &[]);
        assert_eq!(stopped.code, Some(3), "{bad}: {}", stopped.stderr);
        assert!(stopped.stderr.contains(place_of), "{}", stopped.stderr);
        assert_eq!(
            stopped.stdout.lines().collect::<Vec<_>>(),
            whole[..100],
            "{bad}"
        );

        std::fs::write(place.at("bad.csv"), &text).unwrap();
        let followed = followed(&place, &text, &["--skip-bad-rows"]);
        let read = place.run(&["score", "parts.residuum", "bad.csv", "--skip-bad-rows"]);
        let decided = [
            "score",
            "parts.residuum",
            "bad.csv",
            "--skip-bad-rows",
            "--fdr",
            "0.1",
        ];
        let decided = place.run(&decided);
        for ended in [&followed, &read, &decided] {
            assert_eq!(ended.code, Some(0), "{bad}: {}", ended.stderr);
            assert!(ended.stderr.contains(place_of), "{}", ended.stderr);
            let count = "1 rows have no score: they cannot be read or scored";
            assert!(ended.stderr.contains(count), "{}", ended.stderr);
        }
        for ended in [followed, read] {
            let found: Vec<&str> = ended.stdout.lines().collect();
            assert_eq!(found[..100], whole[..100], "{bad}");
            assert_eq!(found[100], format!("{kept},,,"));
            assert_eq!(found[101..], whole[100..120], "{bad}");
        }
        let why = [
            "score",
            "parts.residuum",
            "bad.csv",
            "--skip-bad-rows",
            "--explain",
            "2",
        ];
        let why = place.run(&[&why[..], &["-o", "why.parquet"]].concat());
        assert_eq!(why.code, Some(0), "{bad}: {}", why.stderr);
    }
    // In windows too.
    let window = ["--fdr", "0.1", "--window", "1000"];
    let stopped = followed(&place, &with("broken"), &window);
    assert_eq!(
        (stopped.code, stopped.stdout.lines().count()),
        (Some(3), 100)
    );
    let comma = with("BAD").replace(',', ";");
    let comma = comma.replace("BAD", "1;2,5;3;red;red;1;0");
    let told = followed(&place, &comma, &[]);
    assert_eq!(told.code, Some(3), "{}", told.stderr);
    for words in ["line 101", "\"2,5\"", "--decimal-comma"] {
        assert!(told.stderr.contains(words), "{}", told.stderr);
    }
    place
        .run(&["score", "parts.residuum", "bad.csv"])
        .fails(3, &["bad.csv", "depth"]);
    let x = npy_f32(400, 3, |i, j| wave(i, 0.9 + j as f64) as f32);
    let gap = npy_f32(4, 3, |i, j| if (i, j) == (2, 1) { f32::NAN } else { 0.5 });
    std::fs::write(place.at("x.npy"), x).unwrap();
    std::fs::write(place.at("gap.npy"), gap).unwrap();
    place.run(&["fit", "x.npy", "-o", "x.residuum"]);
    place
        .run(&["score", "x.residuum", "gap.npy"])
        .fails(3, &["row 2"]);
    let skipped = place.run(&["score", "x.residuum", "gap.npy", "--skip-bad-rows"]);
    assert_eq!(skipped.code, Some(0), "{}", skipped.stderr);
    let gaps = column(&skipped.stdout, "score");
    assert_eq!(
        (0..4).filter(|&i| gaps[i].is_empty()).collect::<Vec<_>>(),
        [2]
    );
}

#[test]
fn tsv_has_tabs() {
    let place = Place::fitted();
    put(&place.at("new.parquet"), &rows(5000, 200, &[3, 50]));
    let semicolons = place.read("new.csv").replace(',', ";");
    std::fs::write(place.at("semi.csv"), &semicolons).unwrap();
    let whole = place.run(&["score", "parts.residuum", "new.csv"]).stdout;
    for input in ["new.csv", "semi.csv", "new.parquet"] {
        let args = ["score", "parts.residuum", input, "-o", "out.tsv"];
        assert_eq!(place.run(&args).code, Some(0));
        assert_eq!(place.read("out.tsv"), whole.replace(',', "\t"), "{input}");
    }
    place.run(&["score", "parts.residuum", "semi.csv", "-o", "out.csv"]);
    assert_eq!(place.read("out.csv"), whole.replace(',', ";"));
}

#[test]
fn columns_of_parquet_that_are_not_used_need_not_be_readable() {
    let place = Place::new();
    put_with_odd_columns(&place.at("far.parquet"));
    for more in [
        &["--columns", "x"][..],
        &["--drop", "far,large"],
        &["--columns", "x", "--key", "id"],
    ] {
        let args = [&["fit", "far.parquet", "-o", "far.residuum"][..], more].concat();
        let fit = place.run(&args);
        assert_eq!(fit.code, Some(0), "{more:?}: {}", fit.stderr);
    }
    let score = place.run(&["score", "far.residuum", "far.parquet"]);
    assert_eq!(score.code, Some(0), "{}", score.stderr);
    let header = "id,x,__index_level_0__,score,p_value,anomaly";
    assert_eq!(score.stdout.lines().next(), Some(header));
    for words in [
        "\"far\" is not read and is left out of the output",
        "9999-12-31",
        "\"large\"",
    ] {
        assert!(score.stderr.contains(words), "{}", score.stderr);
    }
    // As the key it is used.
    let key = [
        "fit",
        "far.parquet",
        "-o",
        "k.residuum",
        "--columns",
        "x",
        "--key",
        "large",
    ];
    place.run(&key).fails(3, &["large", "beyond 64 bits"]);

    put(&place.at("all.parquet"), &rows(0, 400, &[]));
    let all = "id,depth,width,colour,operator,machine,odd";
    let none = place.run(&["fit", "all.parquet", "-o", "n.residuum", "--drop", all]);
    none.fails(3, &["no column is left"]);

    let index = "__index_level_0__";
    let fit = [
        "fit",
        "far.parquet",
        "-o",
        "i.residuum",
        "--drop",
        "far,large,id",
    ];
    let fit = place.run(&fit);
    let lines: Vec<&str> = fit.stdout.lines().collect();
    assert!(lines.contains(&"numbers      x"), "{}", fit.stdout);
    let told = format!("left out     {index}: the index of a pandas table");
    assert!(lines.contains(&told.as_str()), "{}", fit.stdout);
    let asked = [
        "fit",
        "far.parquet",
        "-o",
        "i.residuum",
        "--columns",
        "x,__index_level_0__",
    ];
    let asked = place.run(&asked).stdout;
    assert!(
        asked.contains(&format!("numbers      x, {index}")),
        "{asked}"
    );
}

/// Columns `id` and `x`, `far` with a date of the year 9999, `large` with a whole number beyond 64 bits with a sign,
/// and an index as pandas writes it.
fn put_with_odd_columns(path: &Path) {
    use parquet::data_type::{DoubleType, Int32Type, Int64Type};
    let schema = "message schema { required int64 id; required double x; required int32 far (DATE);
        required int64 large (INTEGER(64,false)); required int64 __index_level_0__; }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(file, schema.into(), Default::default())
            .unwrap();
    let numbers: Vec<i64> = (0..400).collect();
    let mut group = writer.next_row_group().unwrap();
    let mut place = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let written = match place {
            1 => {
                let x: Vec<f64> = (0..400).map(|i| wave(i, 0.71)).collect();
                column.typed::<DoubleType>().write_batch(&x, None, None)
            }
            2 => {
                let days: Vec<i32> = (0..400)
                    .map(|i| if i == 7 { 2_932_896 } else { i })
                    .collect();
                column.typed::<Int32Type>().write_batch(&days, None, None)
            }
            3 => {
                let large: Vec<i64> = numbers.iter().map(|i| i - 1).collect();
                column.typed::<Int64Type>().write_batch(&large, None, None)
            }
            _ => column
                .typed::<Int64Type>()
                .write_batch(&numbers, None, None),
        };
        assert_eq!(written.unwrap(), 400);
        column.close().unwrap();
        place += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn places_that_cannot_be_written_are_known_before_the_work() {
    let place = Place::fitted();
    std::fs::create_dir(place.at("folder")).unwrap();
    place
        .run(&["fit", "parts.csv", "-o", "folder", "--drop", "odd"])
        .fails(4, &["folder"]);
    place
        .run(&["score", "parts.residuum", "new.csv", "-o", "a.xlsx"])
        .fails(2, &["a.xlsx"]);
    place
        .run(&["score", "parts.residuum", "new.csv", "-o", "parts.residuum"])
        .fails(2, &["parts.residuum"]);
    // Standard output that is full, and a reader that goes away.
    let mut command = command(place.folder.path());
    command.current_dir(place.folder.path());
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    command
        .args(["score", "parts.residuum", "new.csv"])
        .stdout(full);
    let ended = support::ended(command.output().unwrap());
    ended.fails(4, &["standard output"]);
    let mut child = start(
        place.folder.path(),
        &[
            "score",
            place.at("parts.residuum").to_str().unwrap(),
            place.at("new.csv").to_str().unwrap(),
        ],
    );
    drop(child.stdout.take());
    assert_eq!(end(child).code, Some(0));
}

/// The examples of `COMMAND --help`.
fn examples(place: &Place, name: &str) -> Vec<String> {
    let help = place.run(&[name, "--help"]).stdout;
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let examples = lines.take_while(|line| line.starts_with("  "));
    examples.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_examples_of_help_run() {
    let place = Place::new();
    put(&place.at("parts.parquet"), &rows(0, 1500, &[]));
    put(&place.at("new.parquet"), &rows(5000, 200, &[3, 50]));
    put(&place.at("machines.csv"), &rows(0, 16_000, &[]));
    put(&place.at("sensor.csv"), &rows(0, 300, &[]));
    put(&place.at("fresh.csv"), &rows(9000, 3100, &[]));
    let wave = |i: usize, j: usize| wave(i + 7 * j, 0.31 + j as f64) as f32;
    std::fs::write(place.at("vectors.npy"), npy_f32(400, 70, wave)).unwrap();
    place.run(&["fit", "sensor.csv", "-o", "sensor.residuum"]);
    let program = Path::new(support::PROGRAM);
    let mut ran = 0;
    for name in ["fit", "score", "show", "calibrate", "explain"] {
        let examples = examples(&place, name);
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            // Photographs need the program with networks.
            if example.contains("photos") {
                continue;
            }
            let line = example.replace("tail -f", "cat");
            let program_alone = command(place.folder.path());
            let mut shell = std::process::Command::new("sh");
            for (key, value) in program_alone.get_envs() {
                match value {
                    Some(value) => shell.env(key, value),
                    None => shell.env_remove(key),
                };
            }
            let path = std::env::var("PATH").unwrap_or_default();
            let path = format!("{}:{path}", program.parent().unwrap().display());
            shell.env("PATH", path).current_dir(place.folder.path());
            let ended = support::ended(shell.args(["-c", &line]).output().unwrap());
            assert_eq!(ended.code, Some(0), "{example}: {}", ended.stderr);
            ran += 1;
        }
    }
    assert!(ran >= 12, "{ran}");
}

/// What `score … --follow` answers to `input`.
fn followed(place: &Place, input: &str, more: &[&str]) -> support::Ended {
    let mut command = command(place.folder.path());
    command.current_dir(place.folder.path());
    command
        .args(["score", "parts.residuum", "-", "--follow"])
        .args(more);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let write = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let ended = end(child);
    let _ = write.join();
    ended
}

#[test]
fn windows_of_a_stream_decide_together_and_a_change_is_warned_about() {
    let place = Place::fitted();
    let input = place.read("new.csv");
    let windows = followed(&place, &input, &["--fdr", "0.5", "--window", "40"]);
    assert_eq!(windows.code, Some(0), "{}", windows.stderr);
    assert_eq!(windows.stdout.lines().count(), 201);
    let anomaly = column(&windows.stdout, "anomaly");
    assert_eq!((&*anomaly[3], &*anomaly[50]), ("true", "true"));
    // Each window is decided as a file of its own would be.
    let lines: Vec<&str> = input.lines().collect();
    for window in 0..5 {
        let rows = &lines[1 + 40 * window..41 + 40 * window];
        let part = format!("{}\n{}\n", lines[0], rows.join("\n"));
        std::fs::write(place.at("part.csv"), part).unwrap();
        let alone = place.run(&["score", "parts.residuum", "part.csv", "--fdr", "0.5"]);
        let alone = column(&alone.stdout, "anomaly");
        assert_eq!(alone, anomaly[40 * window..40 * window + 40], "{window}");
    }
    // Rows like those that it was fitted to, and then odd ones alone.
    put(&place.at("calm.csv"), &rows(5000, 200, &[]));
    let calm = place.read("calm.csv");
    let unwarned = followed(&place, &calm, &[]);
    assert!(!unwarned.stderr.contains("unlike"), "{}", unwarned.stderr);
    let all: Vec<usize> = (0..60).collect();
    put(&place.at("changed.csv"), &rows(7000, 60, &all));
    let changed = place.read("changed.csv");
    let (_, changed) = changed.split_once('\n').unwrap();
    let warned = followed(&place, &format!("{calm}{changed}"), &[]);
    assert_eq!(warned.code, Some(0));
    let warnings = warned.stderr.matches("unlike").count();
    assert_eq!(warnings, 1, "{}", warned.stderr);
    let usage = place.run(&["score", "parts.residuum", "-", "--window", "40"]);
    assert_eq!(usage.code, Some(2));
}

#[test]
fn lord_decides_about_each_row_at_once() {
    let place = Place::fitted();
    let input = place.read("new.csv");
    let online = followed(&place, &input, &["--fdr", "0.5", "--online", "lord++"]);
    assert_eq!(online.code, Some(0), "{}", online.stderr);
    let shown = place.run(&["show", "parts.residuum", "--json"]).json();
    let n = shown["calibrated"].as_u64().unwrap() as usize;
    let mut lord = conformal::Lord::new(0.5, n).unwrap();
    let mut is_out_of_reach = false;
    let expected = column(&online.stdout, "p_value").into_iter().map(|p| {
        let step = lord.push(p.parse().unwrap()).unwrap();
        is_out_of_reach |= !step.reachable;
        step.rejected.to_string()
    });
    let expected: Vec<String> = expected.collect();
    assert_eq!(column(&online.stdout, "anomaly"), expected);
    let warnings = online
        .stderr
        .matches("the level of LORD++ fell below")
        .count();
    assert_eq!(warnings, usize::from(is_out_of_reach), "{}", online.stderr);
    // Without a procedure rows wait until a thousand have come.
    let windows = followed(&place, &input, &["--fdr", "0.5"]);
    let file = place.run(&["score", "parts.residuum", "new.csv", "--fdr", "0.5"]);
    assert_eq!(
        column(&windows.stdout, "anomaly"),
        column(&file.stdout, "anomaly")
    );
}

#[test]
fn a_tail_goes_on_below_the_smallest_p_value() {
    let place = Place::fitted();
    put(&place.at("fresh.csv"), &rows(9000, 2000, &[]));
    let calibrate = "calibrate parts.residuum fresh.csv -o fresh.residuum";
    let calibrated = place.run(&calibrate.split(' ').collect::<Vec<_>>());
    assert_eq!(calibrated.code, Some(0), "{}", calibrated.stderr);
    let scored = place.run(&["score", "fresh.residuum", "new.csv", "--tail"]);
    assert_eq!(scored.code, Some(0), "{}", scored.stderr);
    assert!(scored.stderr.contains("extrapolated"), "{}", scored.stderr);
    let numbers = |name| -> Vec<f64> {
        let column = column(&scored.stdout, name).into_iter();
        column.map(|text| text.parse().unwrap()).collect()
    };
    let (p_values, tails) = (numbers("p_value"), numbers("p_tail"));
    let least = 1.0 / 2001.0;
    for (p, tail) in p_values.iter().zip(&tails) {
        match *p > 1.5 * least {
            true => assert_eq!(p, tail),
            false => assert!(*tail > 0.0 && *tail <= least, "{tail}"),
        }
    }
    assert!(tails.iter().any(|tail| *tail < 0.9 * least), "{tails:?}");
    // What folds score is not a sample of one score's tail.
    let fit = "fit parts.csv -o folds.residuum --drop odd --calibration 5";
    assert_eq!(place.run(&fit.split(' ').collect::<Vec<_>>()).code, Some(0));
    place
        .run(&["score", "folds.residuum", "new.csv", "--tail"])
        .fails(2, &["5 folds"]);
}

#[test]
fn idx_images_are_fitted_and_scored() {
    let place = Place::new();
    let idx = |n: usize, pixel: &dyn Fn(usize, usize) -> u8| {
        let mut bytes = vec![0, 0, 8, 3];
        for axis in [n, 8, 8] {
            bytes.extend((axis as u32).to_be_bytes());
        }
        bytes.extend((0..n).flat_map(|i| (0..64).map(move |j| pixel(i, j))));
        bytes
    };
    let normal = |i: usize, j: usize| (100.0 + 20.0 * wave(i, 0.3) * (j as f64 * 0.4).sin()) as u8;
    let odd = |i: usize, j: usize| match (i, j % 2) {
        (3, 0) => 255,
        _ => normal(i + 400, j),
    };
    std::fs::write(place.at("train-images-idx3-ubyte"), idx(400, &normal)).unwrap();
    std::fs::write(place.at("new.idx"), idx(10, &odd)).unwrap();
    let fit = "fit train-images-idx3-ubyte -o m.residuum --method pca";
    let fit = place.run(&fit.split(' ').collect::<Vec<_>>());
    assert_eq!(fit.code, Some(0), "{}", fit.stderr);
    let score = place.run(&["score", "m.residuum", "new.idx"]);
    assert_eq!(score.code, Some(0), "{}", score.stderr);
    let anomalies = column(&score.stdout, "anomaly");
    let found: Vec<usize> = (0..10).filter(|&i| anomalies[i] == "true").collect();
    assert_eq!(found, [3]);
    std::fs::write(place.at("cut.idx"), &idx(10, &odd)[..100]).unwrap();
    place
        .run(&["score", "m.residuum", "cut.idx"])
        .fails(3, &["cut.idx"]);
}
