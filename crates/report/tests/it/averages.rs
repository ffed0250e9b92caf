//! Averages that are kept when a run is gone, and the documents made from them.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::common::{Folder, ok, small_plan};

/// Two sets and a family of two, over two seeds, of one of which a cell is missing; and half of a family.
fn run() -> Folder {
    let mut plan = small_plan();
    plan["tables"].as_array_mut().unwrap().truncate(1);
    let table = &mut plan["tables"][0];
    table["id"] = json!("networks");
    table["published_families"] = json!("families");
    table["families"] = json!([{"name": "F", "members": 2}, {"name": "H", "members": 2}]);
    let row = |name: &str| json!({"dataset": name, "present": true});
    table["rows"] = json!([
        row("10_wine"),
        row("2_Cover"),
        row("F_a"),
        row("F_b"),
        row("H_a")
    ]);
    let seeds = json!([{"data": 0, "model": 0}, {"data": 1, "model": 1}]);
    let cells = |letter: &str| {
        let of = |set: &str| json!([format!("{letter}{set}0"), format!("{letter}{set}1")]);
        json!({"10_wine": of("w"), "2_Cover": of("c"), "F_a": of("a"), "F_b": of("b"), "H_a": of("h")})
    };
    table["columns"] = json!([
        {"label": "DTE-C", "method": "dte-c", "family": "dte-c", "seeds": seeds, "cells": cells("x")},
        {"label": "DTE-IG, T = 400", "method": "dte-ig", "family": "dte-ig", "seeds": seeds,
         "cells": cells("y")},
    ]);
    let folder = Folder::new(&plan);
    let families = "dataset,method,mean,std\ncover,dte-c,90.00,0.10\nwine,dte-c,80.00,2.00\n\
                    F,dte-c,60.00,1.00\nH,dte-c,60.00,1.00\nwine,dte-ig,80.00,1.00\n\
                    cover,dte-ig,80.00,1.00\n";
    fs::write(folder.published().join("families.csv"), families).unwrap();
    let reasons =
        "[[reason]]\nmethods = [\"dte-ig\"]\ncause = \"there\"\ntext = \"other settings\"\n";
    fs::write(folder.published().join("families_reasons.toml"), reasons).unwrap();
    for (set, name, of_c, of_ig) in [
        ("w", "10_wine", [0.80, 0.82], Some([0.5, 0.52])),
        ("c", "2_Cover", [0.95, 0.95], None),
        ("a", "F_a", [0.50, 0.51], None),
        ("b", "F_b", [0.70, 0.71], None),
        ("h", "H_a", [0.70, 0.71], None),
    ] {
        for seed in 0..2 {
            let id = format!("x{set}{seed}");
            folder.cell(&ok(&id, "dte-c", name, of_c[seed], &[]));
            if let Some(aurocs) = of_ig {
                let id = format!("y{set}{seed}");
                folder.cell(&ok(&id, "dte-ig", name, aurocs[seed], &[]));
            }
        }
    }
    // One seed of two is not an average.
    folder.cell(&ok("yc0", "dte-ig", "2_Cover", 0.8, &[]));
    folder
}

#[test]
fn averages_of_all_seeds_are_kept_with_what_makes_them() {
    let folder = run();
    let path = folder.file("results/slice.csv");
    folder.load().write_averages(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let command = "# command: cargo xtask reproduce --profile test --table networks --seeds 0,1 \
                   --only DTE-C --only 'DTE-IG, T = 400' --only 10_wine --only 2_Cover --only 'F_*' \
                   --only 'H_*'";
    assert_eq!(lines[0], command);
    assert_eq!(lines[1], "# published: families");
    assert!(
        text.contains("\n# time: 13 cells, 23 s of fitting and scoring\n"),
        "{text}"
    );
    let numbers: Vec<&str> = lines.into_iter().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(
        numbers,
        [
            "table,set,method,column,seeds,mean,sd,published,published_sd,agrees",
            "networks,10_wine,dte-c,DTE-C,0 1,81,1.4142,80,2,yes",
            "networks,10_wine,dte-ig,\"DTE-IG, T = 400\",0 1,51,1.4142,80,1,no",
            "networks,2_Cover,dte-c,DTE-C,0 1,95,0,90,0.1,no",
            "networks,F,dte-c,DTE-C,0 1,60.5,0.7071,60,1,yes",
        ]
    );
}

#[test]
fn a_document_is_made_from_them() {
    let folder = run();
    let results = folder.file("results");
    folder
        .load()
        .write_averages(&results.join("slice.csv"))
        .unwrap();
    let page = "before\n<!-- networks -->\nearlier numbers\n<!-- end -->\nafter\n";
    let made = report::with_results(page, &results, &folder.published()).unwrap();
    assert!(
        made.starts_with("before\n<!-- networks -->\n") && made.ends_with("<!-- end -->\nafter\n")
    );
    assert!(!made.contains("earlier numbers"));
    for line in [
        "| DTE-C | 2 of 3 | 78.83 | 76.67 |",
        "| DTE-IG, T = 400 | 0 of 1 | 51.00 | 80.00 |",
        "| set | dte-c, published | DTE-C | dte-ig, published | DTE-IG, T = 400 |",
        "| 2_Cover | 90.00 ± 0.10 | **95.00 ± 0.00** |  |  |",
        "| 10_wine | DTE-IG, T = 400 | −29.00 | 29.0 | there: other settings |",
        "| 2_Cover | DTE-C | +5.00 | 50.0 | unexplained |",
    ] {
        assert!(made.lines().any(|found| found == line), "{line}: {made}");
    }
    assert!(made.find("| 2_Cover | 90.00").unwrap() < made.find("| 10_wine | 80.00").unwrap());
    let again = report::with_results(&made, &results, &folder.published()).unwrap();
    assert_eq!(again, made);
}

#[test]
fn a_number_in_two_files_and_a_page_without_a_place_are_refused() {
    let folder = run();
    let results = folder.file("results");
    folder
        .load()
        .write_averages(&results.join("a.csv"))
        .unwrap();
    let refused = |page| report::with_results(page, &results, &folder.published()).unwrap_err();
    assert!(
        refused("no place")
            .to_string()
            .contains("no line `<!-- networks -->`")
    );
    let message = refused("<!-- networks -->\n").to_string();
    assert!(
        message.contains("nothing ends `<!-- networks -->`"),
        "{message}"
    );
    fs::copy(results.join("a.csv"), results.join("b.csv")).unwrap();
    let message = refused("<!-- networks -->\n<!-- end -->").to_string();
    assert!(
        message.contains("b.csv: `10_wine`, `DTE-C` stands in"),
        "{message}"
    );
}

#[test]
fn the_document_of_the_profiles_is_what_the_kept_averages_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("configs/reproduce");
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    let made =
        report::with_results(&page, &folder.join("results"), &root.join("data/published")).unwrap();
    assert!(
        page == made,
        "cargo run --release -p report --example results"
    );
    assert!(page.contains("<!-- dte-networks -->"));
}
