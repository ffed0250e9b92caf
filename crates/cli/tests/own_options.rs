//! Detectors for data of one's own: options that cannot apply, known anomalies, and hints as they are followed.

mod support;

use std::fmt::Write as _;
use std::path::PathBuf;

use ndarray::Array3;
use support::{Ended, command, ended, npy, npy_f32, npy_i64, npz};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.at(name), content).unwrap();
    }

    /// The program in this folder, with these words.
    fn run(&self, words: &str) -> Ended {
        self.with(&words.split(' ').collect::<Vec<_>>())
    }

    fn with(&self, args: &[&str]) -> Ended {
        let mut command = command(self.folder.path());
        let output = command.current_dir(self.folder.path()).args(args).output();
        ended(output.unwrap())
    }

    #[track_caller]
    fn done(&self, words: &str) -> Ended {
        let ended = self.run(words);
        assert_eq!(ended.code, Some(0), "{words}: {}", ended.stderr);
        ended
    }
}

/// The line of the hint.
fn hint(ended: &Ended) -> &str {
    let hint = ended
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("hint: "));
    hint.unwrap_or_default()
}

/// Numbers between -1 and 1 without randomness.
fn wave(i: usize, k: f64) -> f64 {
    let i = i as f64;
    0.5 * (i * k).sin() + 0.5 * (i * i * 0.013 * k + k).sin()
}

/// A row of three numbers of which the third follows the others, but for one in ten of `odd` data.
fn number(row: usize, column: usize, is_odd: bool) -> f64 {
    let (a, b) = (wave(row, 0.7), wave(row, 1.3));
    match column {
        0 => a,
        1 => b,
        _ if is_odd => a + b + 3.0,
        _ => a + b + 0.05 * wave(row, 2.1),
    }
}

fn is_odd(row: usize) -> bool {
    row % 10 == 3
}

/// Rows with their labels, an archive: one in ten is an anomaly.
fn archive(place: &Place, name: &str, first: usize, n: usize) {
    let x = npy_f32(n, 3, |i, j| number(first + i, j, is_odd(i)) as f32);
    let y: Vec<i64> = (0..n).map(|i| i64::from(is_odd(i))).collect();
    npz(place.folder.path(), name, &[("X", x), ("y", npy_i64(&y))]);
}

/// The same as a table.
fn table(first: usize, n: usize, has_odd: bool) -> String {
    let mut text = String::from("id,a,b,c,y\n");
    for i in 0..n {
        let odd = has_odd && is_odd(i);
        let [a, b, c] = [0, 1, 2].map(|j| number(first + i, j, odd));
        writeln!(text, "{},{a},{b},{c},{}", first + i, u8::from(odd)).unwrap();
    }
    text
}

/// The share of anomalies that `evaluate` finds.
fn detected(place: &Place, words: &str) -> f64 {
    let json = place.done(words).json();
    let recall = &json["threshold"]["recall"]["value"];
    recall.as_f64().unwrap_or_else(|| panic!("{json}"))
}

#[test]
fn options_that_name_columns_are_errors_for_arrays_and_images() {
    let place = Place::new();
    archive(&place, "rows.npz", 0, 100);
    place.write(
        "rows.npy",
        npy_f32(100, 3, |i, j| number(i, j, false) as f32),
    );
    std::fs::create_dir(place.at("photos")).unwrap();
    for i in 0..3u8 {
        let pixels = Array3::from_shape_fn((3, 16, 16), |(_, y, x)| (x * y) as u8 + i);
        let picture = pictures::Picture::from_image(pixels.view()).unwrap();
        place.write(&format!("photos/{i}.png"), picture.png().unwrap());
    }
    let options = [
        "--columns 0,1",
        "--drop 0",
        "--as-number 0",
        "--as-category 0",
        "--key 0",
        "--label nope",
        "--group nope",
        "--time nope",
        "--missing mean",
    ];
    for (data, what) in [
        ("rows.npz", "an array"),
        ("rows.npy", "an array"),
        ("photos", "a folder of images"),
        ("photos/0.png", "an image"),
    ] {
        for option in options {
            let refused = place.run(&format!("fit {data} -o a.residuum {option}"));
            let name = option.split(' ').next().unwrap();
            refused.fails(2, &[name, "of a table", data, what]);
            assert!(!hint(&refused).is_empty(), "{}", refused.stderr);
        }
    }
    place
        .run("fit photos -o a.residuum --kind table")
        .fails(2, &["--kind", "a folder of images"]);
    place
        .run("fit rows.npy -o a.residuum --label y")
        .fails(2, &["--label y", "rows.npy", "none"]);
    assert!(!place.at("a.residuum").exists());
    place.done("fit rows.npz -o a.residuum --missing error --label y");
    place
        .run("evaluate a.residuum rows.npz --label nope")
        .fails(2, &["--label"]);
    place.done("evaluate a.residuum rows.npz --label y");
    // Maps of what is no image.
    place.write("rows.csv", table(0, 100, false));
    place.done("fit rows.csv -o t.residuum --key id --label y");
    for (model, data, what) in [
        ("t.residuum", "rows.csv", "a table"),
        ("a.residuum", "rows.npz", "an array"),
    ] {
        let refused = place.run(&format!("score {model} {data} --maps maps"));
        refused.fails(2, &["--maps", data, what]);
        assert!(!place.at("maps").exists());
    }
}

#[test]
fn anomalies_of_an_archive_neither_train_nor_calibrate() {
    let place = Place::new();
    archive(&place, "train.npz", 0, 500);
    archive(&place, "fresh.npz", 1000, 400);
    archive(&place, "test.npz", 2000, 400);
    let fit = place.done("fit train.npz -o a.residuum --method wiener");
    let left_out = "left out     50 rows: the label calls them anomalies";
    assert!(fit.stdout.contains(left_out), "{}", fit.stdout);
    assert_eq!(detected(&place, "evaluate a.residuum test.npz --json"), 1.0);
    let calibrated = place.done("calibrate a.residuum fresh.npz -o b.residuum");
    let left_out = "left out     40 rows: the label calls them anomalies";
    assert!(
        calibrated.stdout.contains(left_out),
        "{}",
        calibrated.stdout
    );
    assert_eq!(detected(&place, "evaluate b.residuum test.npz --json"), 1.0);
    // Rows are counted as the file has them, and labels that are none are no reason to learn from all rows.
    let x = npy_f32(40, 3, |i, j| match (i, j) {
        (31, 1) => f32::NAN,
        _ => number(i, j, false) as f32,
    });
    let y: Vec<i64> = (0..40).map(|i| i64::from(i < 5)).collect();
    npz(
        place.folder.path(),
        "gap.npz",
        &[("X", x.clone()), ("y", npy_i64(&y))],
    );
    let gap = place.run("fit gap.npz -o c.residuum");
    gap.fails(3, &["gap.npz", "column `1`", "row 31"]);
    assert!(hint(&gap).contains("isfinite"), "{}", gap.stderr);
    let y: Vec<i64> = (0..40).map(|i| i % 3).collect();
    npz(
        place.folder.path(),
        "classes.npz",
        &[("X", x), ("y", npy_i64(&y))],
    );
    let classes = place.run("fit classes.npz -o c.residuum");
    classes.fails(3, &["classes.npz", "row 2"]);
    assert!(
        hint(&classes).contains("numpy.save('X.npy', X)"),
        "{}",
        classes.stderr
    );
}

#[test]
fn rows_that_the_label_calls_anomalies_do_not_calibrate() {
    let place = Place::new();
    place.write("train.csv", table(0, 500, true));
    place.write("fresh.csv", table(1000, 400, true));
    place.write("test.csv", table(2000, 400, true));
    place.done("fit train.csv -o a.residuum --key id --label y");
    let calibrated = place.done("calibrate a.residuum fresh.csv -o b.residuum");
    let left_out = "left out     40 rows: the label calls them anomalies";
    assert!(
        calibrated.stdout.starts_with(left_out),
        "{}",
        calibrated.stdout
    );
    assert!(
        calibrated.stdout.contains("360 held out"),
        "{}",
        calibrated.stdout
    );
    assert_eq!(detected(&place, "evaluate b.residuum test.csv --json"), 1.0);
    // Without the column nothing is left out.
    let without: Vec<String> = table(1000, 400, false)
        .lines()
        .map(|line| line.rsplit_once(',').unwrap().0.to_owned())
        .collect();
    place.write("without.csv", without.join("\n"));
    let calibrated = place.done("calibrate a.residuum without.csv -o b.residuum");
    assert!(
        calibrated.stdout.contains("400 held out"),
        "{}",
        calibrated.stdout
    );
    assert!(
        !calibrated.stdout.contains("left out"),
        "{}",
        calibrated.stdout
    );
    place.write("wrong.csv", table(1000, 20, true).replace(",1\n", ",7\n"));
    let wrong = place.run("calibrate a.residuum wrong.csv -o b.residuum");
    wrong.fails(3, &["wrong.csv", "column `y`, row 4", "7 is not a label"]);
}

#[test]
fn hints_work_as_they_are_given() {
    let place = Place::new();
    place.write("train.csv", table(0, 100, false));
    place.done("fit train.csv -o a.residuum --key id --label y");
    let with = |value: &str| {
        let text = table(200, 20, false);
        let line = text.lines().nth(3).unwrap().to_owned();
        let fields: Vec<&str> = line.split(',').collect();
        let changed = [fields[0], value, fields[2], fields[3], fields[4]].join(",");
        text.replace(&line, &changed)
    };
    // A model in use: its options are those of another fit.
    place.write("gap.csv", with(""));
    place.write("inf.csv", with("inf"));
    for words in [
        "score a.residuum",
        "explain a.residuum",
        "evaluate a.residuum",
    ] {
        let gap = place.run(&format!("{words} gap.csv"));
        gap.fails(3, &["gap.csv", "column `a`", "row 3"]);
        assert!(
            hint(&gap).starts_with("fit again with --missing mean"),
            "{}",
            gap.stderr
        );
        let infinite = place.run(&format!("{words} inf.csv"));
        assert!(
            hint(&infinite).ends_with("fit again with --drop a"),
            "{}",
            infinite.stderr
        );
    }
    place.done("fit train.csv -o b.residuum --key id --label y --missing mean");
    place.done("score b.residuum gap.csv");
    // While it is fitted they are those of this command, and go with those that are given.
    let fit =
        |args: &[&str]| place.with(&[&["fit", "text.csv", "-o", "c.residuum"], args].concat());
    let mut text = String::from("my col,it's $5,b\n");
    for i in 0..200 {
        writeln!(text, "text {i},2026-01-{:02},{}", i % 28 + 1, wave(i, 0.7)).unwrap();
    }
    place.write("text.csv", text);
    let refused = fit(&[]);
    let expected = "--drop 'my col' leaves the column out, --key 'my col' keeps";
    assert!(hint(&refused).starts_with(expected), "{}", refused.stderr);
    let refused = fit(&["--drop", "my col"]);
    let expected = r"--time 'it'\''s $5' holds the last rows out, ";
    assert!(hint(&refused).starts_with(expected), "{}", refused.stderr);
    let refused = fit(&["--columns", "my col,b"]);
    assert!(
        hint(&refused).starts_with("--columns without `my col` leaves it out, --as-category"),
        "{}",
        refused.stderr
    );
    let refused = fit(&["--drop", "my col,b,it's $5"]);
    assert!(
        hint(&refused).contains("shorter --drop"),
        "{}",
        refused.stderr
    );
    // Too few rows are no wrong option.
    place.write("few.csv", "p,b\n1.5,2.5\n1.6,2.6\n");
    let few = place.run("fit few.csv -o c.residuum");
    few.fails(3, &["2 rows cannot be divided"]);
    assert!(hint(&few).starts_with("give more rows"), "{}", few.stderr);
    place
        .run("fit train.csv -o c.residuum --calibration 0.001")
        .fails(2, &["100 rows cannot be divided"]);
    place.write("group.csv", table(0, 40, false).replace(",0\n", ",1\n"));
    let one = place.run("fit group.csv -o c.residuum --group y");
    one.fails(3, &["1 rows or groups"]);
    assert!(hint(&one).contains("more groups"), "{}", one.stderr);
    // An array that is no table of numbers.
    place.write("flat.npy", npy("<f4", "(3,)", &[0; 12]));
    let flat = place.run("fit flat.npy -o c.residuum");
    flat.fails(3, &["flat.npy", "shape [3]"]);
    assert!(!hint(&flat).contains("d['"), "{}", flat.stderr);
}

#[test]
fn files_that_are_no_table_are_called_what_they_are() {
    let place = Place::new();
    place.write("train.csv", table(0, 100, false));
    place.done("fit train.csv -o a.residuum --key id --label y");
    place.write("empty.csv", "id,a,b,c,y\n");
    place
        .run("explain a.residuum empty.csv")
        .fails(3, &["empty.csv", "there are no rows"]);
    std::fs::copy(place.at("a.residuum"), place.at("model.csv")).unwrap();
    let program = std::fs::read(support::PROGRAM).unwrap();
    place.write("program.csv", &program[..1 << 16]);
    place.write("rows.jsonl", "{\"a\":1.5,\"b\":2}\n{\"a\":1.6,\"b\":3}\n");
    place.write("excel.csv", "\u{feff}sep=;\r\na;b\r\n1,5;2\r\n");
    place
        .run("score a.residuum none.json")
        .fails(4, &["none.json"]);
    for (file, what, way_out) in [
        ("model.csv", "a model", "residuum show"),
        ("program.csv", "not a text", "Parquet"),
        ("rows.jsonl", "JSON", "lines=True"),
        ("excel.csv", "`sep=;`", "tail -n +2 excel.csv"),
    ] {
        for words in ["fit DATA -o b.residuum", "score a.residuum DATA"] {
            let refused = place.run(&words.replace("DATA", file));
            refused.fails(3, &[file, what]);
            assert!(hint(&refused).contains(way_out), "{}", refused.stderr);
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_fit_without_a_network_promises_nothing() {
    let place = Place::new();
    let text = table(0, 40_000, false);
    place.write("large.csv", text);
    let data = place.at("large.csv");
    let out = place.at("a.residuum");
    let words = ["fit", data.to_str().unwrap(), "-o", out.to_str().unwrap()];
    let child = support::start(place.folder.path(), &words);
    std::thread::sleep(std::time::Duration::from_millis(400));
    support::signal(&child, "INT");
    let ended = support::end(child);
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(!ended.stderr.contains("--models"), "{}", ended.stderr);
}
