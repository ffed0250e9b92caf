//! `run --perturb` and `run --attack`: rows that are disturbed, and how the cell says so.

mod support;

use serde_json::{Value, json};
use support::{easy_set, residuum};

/// A cell of an easy set of 80 normals and 12 anomalies.
fn run(more: &[&str]) -> support::Ended {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 80, 12);
    let args = ["run", "--dataset", set.to_str().unwrap()];
    residuum(folder.path(), &[&args, more].concat())
}

fn auroc(cell: &Value) -> f64 {
    cell["metrics"]["auroc"].as_f64().unwrap()
}

#[test]
fn a_cell_of_disturbed_rows_says_so() {
    let clean = run(&["--method", "norm"]).json();
    assert!(clean.get("perturb").is_none() && clean.get("attack").is_none());

    let noise = "kind = 'feature-noise', sd = 300.0, rows = 'test'";
    let noisy = run(&["--method", "norm", "--perturb", noise]).json();
    let expected = json!({"kind": "feature-noise", "sd": 300.0, "rows": "test"});
    assert_eq!(noisy["perturb"], expected);
    let warnings = noisy["warnings"].to_string();
    assert!(warnings.contains("rows disturbed"), "{warnings}");
    assert!(auroc(&noisy) < auroc(&clean) - 0.1, "{}", auroc(&noisy));

    let wrong = "kind = 'contamination', share = 0.1, copies = 2";
    let contaminated = run(&["--method", "norm", "--perturb", wrong]).json();
    assert_eq!(contaminated["n_train"], 40 + 2 * 4);
    assert_eq!(contaminated["n_anomalies"], 6);
}

#[test]
fn disturbances_that_cannot_be_made() {
    let perturb = |text: &str| run(&["--method", "norm", "--perturb", text]);
    perturb("kind = 'noise'").fails(2, &["--perturb", "noise"]);
    perturb("sd = = 1").fails(2, &["--perturb"]);
    perturb("kind = 'feature-noise', sd = -1.0, rows = 'test'").fails(2, &["sd", "-1"]);
    perturb("kind = 'contamination', share = 0.4, copies = 1").fails(2, &["27 anomalies", "6"]);
    let attack = |text: &str| run(&["--method", "norm", "--attack", text]);
    attack("epsilon = 0.1").fails(2, &["--attack", "steps"]);
    attack("epsilon = inf, steps = 1").fails(2, &["epsilon", "inf"]);
    attack("epsilon = 0.1, steps = 1").fails(2, &["no gradient"]);
    attack("epsilon = 0.1, steps = 1, surrogate = { method = 'nrom' }").fails(2, &["nrom"]);
}
