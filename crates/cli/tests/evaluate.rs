//! `residuum evaluate` on a table whose figures can be counted by hand.

mod support;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use support::{Ended, grey_bmp, npy_f32, npy_i64, npz, residuum};

/// Scores are lengths of rows: 500 normal rows of length 0.001 to 0.5.
fn model(folder: &Path) {
    let mut text = "id,x\n".to_owned();
    for i in 1..=500 {
        let _ = writeln!(text, "r{i},{}", f64::from(i) / 1000.0);
    }
    std::fs::write(folder.join("normal.csv"), text).unwrap();
    let fit = "fit normal.csv -o m.residuum --method norm --set rows=raw --key id --missing drop --calibration 0.2";
    let ended = run(folder, fit);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

/// 19 ordinary normal rows and a long one; nine long anomalies and one that is shorter than any normal row.
fn checked(folder: &Path) {
    let mut text = "id,x,state\n".to_owned();
    for i in 1..=19 {
        let _ = writeln!(text, "n{i},{},good", 0.1 + f64::from(i) / 100.0);
    }
    text += "long,5,good\nshort,0.05,anomaly\ngap,,good\n";
    for i in 1..=9 {
        let _ = writeln!(text, "a{i},{},anomaly", 10 + i);
    }
    std::fs::write(folder.join("checked.csv"), text).unwrap();
}

/// `residuum WORDS`, where words with a dot are files in `folder`, but for numbers and settings.
fn run(folder: &Path, words: &str) -> Ended {
    let place = |word: &str| match word.contains('.')
        && !word.contains('=')
        && word.parse::<f64>().is_err()
    {
        true => folder.join(word).display().to_string(),
        false => word.to_owned(),
    };
    let words: Vec<String> = words.split(' ').map(place).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    residuum(folder, &words)
}

#[track_caller]
fn is_near(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
}

#[test]
fn every_figure_is_the_one_that_counting_gives() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path());
    checked(folder.path());
    let words = "evaluate m.residuum checked.csv --label state";
    let found = run(folder.path(), &format!("{words} --json")).json();
    assert_eq!(
        [
            &found["rows"],
            &found["rows_without_score"],
            &found["normal"],
            &found["anomalies"]
        ],
        [31, 1, 20, 10]
    );
    // Nine of ten anomalies are above all 20 normal rows, one below them.
    is_near(&found["auroc"]["value"], 0.9);
    // DeLong: the variance of the anomalies' shares is 0.1, that of the normal rows' 0.
    is_near(&found["auroc"]["low"], 0.9 - 0.1 * 1.959_963_984_540_054);
    is_near(&found["auroc"]["high"], 1.0);
    assert_eq!(found["auroc"]["by"], "delong");
    is_near(&found["ap"]["value"], (9.0 + 10.0 / 30.0) / 10.0);
    is_near(&found["f1_at_k"], 0.9);
    is_near(&found["fpr95"], 1.0);
    is_near(&found["pauc"], 0.5 * (1.0 + (0.09 - 0.005) / (0.1 - 0.005)));

    let threshold = &found["threshold"];
    let counts = |name: &str| {
        [
            threshold[name]["rows"].clone(),
            threshold[name]["of"].clone(),
        ]
    };
    assert_eq!(counts("false_positive_rate"), [1, 20]);
    assert_eq!(counts("recall"), [9, 10]);
    assert_eq!(counts("precision"), [9, 10]);
    // Wilson's interval of 1 of 20.
    is_near(
        &threshold["false_positive_rate"]["low"],
        0.008_881_448_800_795,
    );
    assert_eq!(threshold["promise"]["kept"], "within chance");

    assert_eq!(found["misses"]["anomalies"][0]["key"], "short");
    assert_eq!(found["misses"]["anomalies"][0]["row"], 20);
    assert_eq!(found["misses"]["normal"][0]["key"], "long");
    assert_eq!(found["misses"]["normal"][0]["anomaly"], true);
    assert_eq!(found["misses"]["normal"][0]["why"], "x 100 %");
    let p_values = found["p_values"].as_array().unwrap();
    is_near(&p_values[0]["share"], 0.05);
    is_near(&p_values.last().unwrap()["share"], 1.0);

    let text = run(folder.path(), words).stdout;
    for line in [
        "AUROC        90.00 %   70.40 to 100.00 by DeLong",
        "false alarms 5.00 %    1 of 20 normal rows, 0.89 to 23.61",
        "low anomaly  row 21 (short): score",
        "no score     1 of 31 rows (3.23 %): a value is missing",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
}

#[test]
fn the_page_holds_figures_and_misses_and_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path());
    checked(folder.path());
    let text = std::fs::read_to_string(folder.path().join("checked.csv")).unwrap();
    let hostile = text.replace("long,", "\"<script>alert(1)</script>\",");
    std::fs::write(folder.path().join("checked.csv"), hostile).unwrap();
    let words = "evaluate m.residuum checked.csv --label state --report ./page";
    let write = || {
        let ended = run(folder.path(), words);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(ended.stdout.contains("index.html"), "{}", ended.stdout);
        std::fs::read_to_string(folder.path().join("page/index.html")).unwrap()
    };
    let page = write();
    assert_eq!(page.matches("<svg ").count(), 4);
    assert!(!page.contains("NaN") && !page.contains("inf,") && !page.contains(",inf"));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    for part in [
        "<dd>90.00 %</dd>",
        "ROC curve",
        "Precision–recall curve",
        ">threshold</text>",
        "Calibration of p-values",
        "1 of 20 normal rows, 0.89 to 23.61",
        "<td>short</td>",
        "<td class=\"text\">x 100 %</td>",
        "&lt;script&gt;",
        "1 of 31 rows (3.23 %): a value is missing",
    ] {
        assert!(page.contains(part), "no `{part}`");
    }
    assert_eq!(page, write(), "the same data give the same page");
}

#[test]
fn an_archive_brings_its_labels() {
    let folder = tempfile::tempdir().unwrap();
    let value = |i: usize, j: usize| match i {
        0..40 => ((i * 37 + j * 11) % 41) as f32 / 41.0,
        _ => 9.0 + i as f32,
    };
    npz(folder.path(), "x.npz", &[("X", npy_f32(40, 2, value))]);
    let y: Vec<i64> = (0..50).map(|i| i64::from(i >= 40)).collect();
    let arrays = [("X", npy_f32(50, 2, value)), ("y", npy_i64(&y))];
    npz(folder.path(), "xy.npz", &arrays);
    let fit = run(
        folder.path(),
        "fit x.npz -o m.residuum --method knn --calibration 0.2",
    );
    assert_eq!(fit.code, Some(0), "{}", fit.stderr);
    let found = run(folder.path(), "evaluate m.residuum xy.npz --json").json();
    assert_eq!([&found["normal"], &found["anomalies"]], [40, 10]);
    is_near(&found["auroc"]["value"], 1.0);
    assert_eq!(found["auroc"]["by"], "newcombe");
    assert_eq!([&found["ap"]["low"], &found["ap"]["by"]], [&Value::Null; 2]);
    // Eight calibration rows: one in nine on average is the least that they promise.
    let promise = &found["threshold"]["promise"];
    assert!((promise["target"].as_f64().unwrap() - 1.0 / 9.0).abs() < 1e-6);
    assert_eq!(promise["confidence"], Value::Null);
    let named = run(folder.path(), "evaluate m.residuum xy.npz --label z");
    named.fails(2, &["--label names a column of a table"]);
    run(folder.path(), "evaluate m.residuum x.npz").fails(3, &["y"]);
}

#[test]
fn folders_of_images_bring_their_labels_and_misses_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: String, level: &dyn Fn(usize, usize) -> u8| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, grey_bmp(16, 16, level)).unwrap();
    };
    for i in 0..60 {
        let level = move |x: usize, y: usize| (100 + (i * 7 + x * 3 + y * 5) % 23) as u8;
        let place = if i < 40 { "good" } else { "test/good" };
        put(format!("{place}/{i}.bmp"), &level);
    }
    // A white corner; and one picture that looks like the good ones.
    for i in 0..10 {
        let corner = move |x: usize, y: usize| match (i, x.max(y)) {
            (1.., ..6) => 255,
            _ => (100 + (i * 7 + x * 3 + y * 5) % 23) as u8,
        };
        put(format!("test/scratch/{i}.bmp"), &corner);
    }
    let fit = run(
        folder.path(),
        "fit ./good -o m.residuum --method knn --side 16",
    );
    assert_eq!(fit.code, Some(0), "{}", fit.stderr);
    let words = "evaluate m.residuum ./test --json --report ./page";
    let found = run(folder.path(), words).json();
    assert_eq!([&found["normal"], &found["anomalies"]], [20, 10]);
    assert!(found["auroc"]["value"].as_f64().unwrap() >= 0.9, "{found}");
    let missed = found["misses"]["anomalies"][0].to_string();
    assert!(missed.contains("scratch/0.bmp"), "{missed}");
    let page = std::fs::read_to_string(folder.path().join("page/index.html")).unwrap();
    assert!(page.contains("scratch/0.bmp") && page.contains("<img src=\"data:image/png;base64,"));
}

#[test]
fn labels_that_are_none_end_with_3_and_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path());
    checked(folder.path());
    let all_normal = "id,x,state\na,0.1,good\nb,0.2,good\n";
    std::fs::write(folder.path().join("one.csv"), all_normal).unwrap();
    for (words, why) in [
        ("checked.csv", "no labels"),
        ("checked.csv --label status", "there is no column `status`"),
        ("checked.csv --label id", "is not a label"),
        ("checked.csv --label x", "learned from the column `x`"),
        (
            "one.csv --label state",
            "all 2 rows with a score are normal",
        ),
    ] {
        let ended = run(folder.path(), &format!("evaluate m.residuum {words}"));
        ended.fails(3, &[why]);
    }
}

#[test]
fn two_columns_of_many_rows_give_reasons_for_the_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut train = "a,b\n".to_owned();
    for i in 0..400 {
        let _ = writeln!(train, "{},{}", i % 20, (i * 7) % 23);
    }
    std::fs::write(folder.path().join("train.csv"), train).unwrap();
    let fit = "fit train.csv -o ./m.residuum --method norm --calibration 0.2";
    assert_eq!(run(folder.path(), fit).code, Some(0));
    // More rows than are read at once; an anomaly by `b` near the end.
    let mut text = "a,b,y\n".to_owned();
    for i in 0..40_000 {
        let _ = match i {
            39_000 => writeln!(text, "10,900,1"),
            _ => writeln!(text, "{},{},0", i % 20, (i * 7) % 23),
        };
    }
    text += "800,11,0\n";
    std::fs::write(folder.path().join("new.csv"), text).unwrap();
    let words = "evaluate m.residuum new.csv --label y --json";
    let found = run(folder.path(), words).json();
    let first = |class: &str, what: &str| found["misses"][class][0][what].clone();
    assert_eq!(first("anomalies", "row"), 39_000);
    assert_eq!(first("anomalies", "why"), "b 100 %");
    assert_eq!(first("normal", "row"), 40_000);
    assert_eq!(first("normal", "why"), "a 100 %");
}
