//! Ours beside published means over seeds.

use std::fs;

use serde_json::json;

use crate::common::{Folder, ok, small_plan};

/// Two tables of ADBench, half of a family, and a column that leaves the wider table out.
fn run() -> Folder {
    let mut plan = small_plan();
    let table = &mut plan["tables"][0];
    table["published_families"] = json!("families");
    table["families"] = json!([{"name": "F", "members": 2}]);
    let row = |name: &str| json!({"dataset": name, "present": true});
    table["rows"] = json!([row("1_Cover"), row("2_wine"), row("3_wide@10"), row("F_a")]);
    let seeds = json!([{"data": 0, "model": 0}]);
    table["columns"] = json!([
        {"label": "kNN", "method": "knn", "family": "knn", "deterministic": true, "seeds": seeds,
         "cells": {"1_Cover": ["c"], "2_wine": ["w"], "3_wide@10": ["x"], "F_a": ["f"]}},
        {"label": "MCD", "method": "mcd", "family": "mcd", "seeds": seeds,
         "cells": {"1_Cover": ["m"]}},
    ]);
    let folder = Folder::new(&plan);
    let families = "dataset,method,mean,std\ncover,knn,90.00,0.10\nwine,knn,80.00,2.00\n\
                    wide,knn,70.00,1.00\nF,knn,60.00,1.00\ncover,mcd,50.00,1.00\n";
    fs::write(folder.published().join("families.csv"), families).unwrap();
    let reasons =
        "[[reason]]\nmethods = [\"mcd\"]\ncause = \"there\"\ntext = \"another library\"\n";
    fs::write(folder.published().join("families_reasons.toml"), reasons).unwrap();
    for (id, method, dataset, auroc) in [
        ("c", "knn", "1_Cover", 0.91),
        ("w", "knn", "2_wine", 0.76),
        ("x", "knn", "3_wide@10", 0.10),
        ("f", "knn", "F_a", 0.99),
        ("m", "mcd", "1_Cover", 0.40),
    ] {
        folder.cell(&ok(id, method, dataset, auroc, &[]));
    }
    folder
}

#[test]
fn a_set_that_is_a_family_stands_beside_its_published_mean() {
    let text = run().load().terminal(Some(200), false);
    let lines: Vec<String> = (text.lines())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for line in [
        "1_Cover 91.00 (90.00 ± 0.10) +1.00 40.00 (50.00 ± 1.00) -10.00",
        "2_wine 76.00 (80.00 ± 2.00) -4.00",
        "3_wide@10 10.00",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line}: {text}");
    }
    assert!(!text.contains("pending"), "{text}");
}

/// Cover is ten published deviations away, wine two; what is over part of a set or of a family does not
/// count.
#[test]
fn what_is_far_away_is_listed_with_the_reason() {
    let folder = run();
    let written = folder.load().write(&folder.run()).unwrap();
    let text = fs::read_to_string(&written.text).unwrap();
    let sentence = "has 3 numbers of ours beside a published mean over seeds: of the 2 by methods that \
                    draw no random numbers, 1 (50.0 %) are within 0.5 points or two published standard \
                    deviations; 2 of all are outside three.";
    assert!(text.contains(sentence), "{text}");
    let list = "| 1_Cover | MCD | 40.00 | 50.00 ± 1.00 | −10.00 | there: another library |\n\
                | 1_Cover | kNN | 91.00 | 90.00 ± 0.10 | +1.00 |  |\n";
    assert!(text.contains(list), "{text}");
    let page = fs::read_to_string(&written.page).unwrap();
    assert!(page.contains("<td class=\"text\">there: another library</td>"));
    let panels = folder
        .run()
        .join("report/figures/small-published-seeds.svg");
    let panels = fs::read_to_string(panels).unwrap();
    assert!(panels.contains("kNN: 1 of 2") && panels.contains("MCD: 0 of 1"));
}

#[test]
fn reasons_that_cannot_be_read_are_named() {
    let folder = run();
    let path = folder.published().join("families_reasons.toml");
    fs::write(path, "[[reason]]\nmethod = \"mcd\"").unwrap();
    let text = folder.load().terminal(Some(200), false);
    assert!(text.contains("cannot read families_reasons.toml"), "{text}");
}
