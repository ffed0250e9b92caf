//! Two runs side by side.

use report::Comparison;
use serde_json::json;

use crate::common::{Folder, drawn_run, ok};
use crate::lint;
use crate::page::Page;

fn compared(first: &Folder, second: &Folder) -> String {
    Comparison::of(&first.load(), &second.load()).markdown()
}

#[test]
fn a_run_is_the_same_as_itself() {
    let text = compared(&drawn_run(2), &drawn_run(2));
    let sentence = "18 results are in both runs: 18 the same as printed, 0 within the seeds' spread, 0 \
                    outside it, 0 with one seed each, of which 0 are beyond the intervals over the test rows.";
    assert!(text.contains(sentence), "{text}");
    assert!(!text.contains("mean change"), "{text}");
    assert_eq!(
        text.lines().last().unwrap(),
        "| :-- | :-- | :-- | --: | --: | --: | :-- |"
    );
}

#[test]
fn what_made_a_result_differently_is_named() {
    let (first, second) = (drawn_run(2), drawn_run(2));
    let mut cell = ok("0-2-0", "kNN", "B", 0.88, &[]);
    cell["seed"] = json!({"data": 44, "model": 45});
    cell["data_sha256"] = json!("cd");
    second.cell(&cell);
    let text = compared(&first, &second);
    for what in ["the data", "the seeds"] {
        let differ = format!("Of 1 of them {what} differ: kNN [paper] on B (table `drawn`).");
        assert!(text.contains(&differ), "{text}");
    }
    assert!(!text.contains("the configuration differ"), "{text}");
    assert!(!compared(&first, &first).contains(" differ: "));
}

#[test]
fn changes_are_measured_by_the_spread_of_the_seeds() {
    let (first, second) = (drawn_run(2), drawn_run(2));
    // Seeds 0 and 1 are 0.4 points apart: a standard deviation of 0.28, twice that 0.57.
    for (seed, auroc) in [(0, 0.885), (1, 0.889)] {
        second.cell(&ok(&format!("0-2-{seed}"), "kNN", "B", auroc, &[])); // before 0.88, 0.884
    }
    for (seed, auroc) in [(0, 0.77), (1, 0.774)] {
        second.cell(&ok(&format!("1-2-{seed}"), "DDPM", "B", auroc, &[])); // before 0.78, 0.784
    }
    std::fs::remove_file(second.run().join("cells/2-2-0.json")).unwrap();
    std::fs::remove_file(second.run().join("cells/2-2-1.json")).unwrap();
    let comparison = Comparison::of(&first.load(), &second.load());
    let text = comparison.markdown();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len() - 2;
    assert_eq!(
        lines[last..],
        [
            "| drawn | B | DDPM [paper] | 78.20 ± 0.28 | 77.20 ± 0.28 | −1.00 | outside the seeds' spread |",
            "| drawn | B | kNN [paper] | 88.20 ± 0.28 | 88.70 ± 0.28 | +0.50 | within the seeds' spread |"
        ]
    );
    let gone = "1 result only in the first run: norm [paper] on B (table `drawn`).";
    assert!(text.contains(gone), "{text}");
    // (−1.0 + 0.5)/17
    assert!(text.contains("The mean change is −0.03 points."), "{text}");

    comparison.write(&first.file("out")).unwrap();
    let html = std::fs::read_to_string(first.file("out/compare.html")).unwrap();
    let page = Page::read(&html);
    lint::check(&page);
    assert!(page.words().contains("−1.00"), "{}", page.words());
    assert_eq!(
        std::fs::read_to_string(first.file("out/compare.md")).unwrap(),
        text
    );
}

#[test]
fn one_seed_each_says_that_the_spread_is_unknown() {
    let (first, second) = (drawn_run(1), drawn_run(1));
    second.cell(&ok("0-2-0", "kNN", "B", 0.9, &[]));
    // 63 anomalies among 563 rows: about six points to either side.
    second.cell(&ok("2-2-0", "norm", "B", 0.88, &[]));
    let text = compared(&first, &second);
    assert!(
        text.contains("| 88.00 | 90.00 | +2.00 | one seed each: spread unknown |"),
        "{text}"
    );
    assert!(
        text.contains(
            "| 68.00 | 88.00 | +20.00 | one seed each: beyond the test rows' intervals |"
        ),
        "{text}"
    );
    let sentence = "2 with one seed each, of which 1 are beyond";
    assert!(text.contains(sentence), "{text}");
}
