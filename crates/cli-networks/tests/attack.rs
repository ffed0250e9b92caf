//! `run --attack` along the gradient of a network.

#[path = "../../cli/tests/support/mod.rs"]
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
fn an_attack_lowers_the_auroc_of_its_method_and_of_others() {
    let short = ["--set", "train.epochs=20"];
    let own = [&["--method", "tccm"][..], &short].concat();
    let clean = run(&own).json();
    let attack = ["--attack", "epsilon = 20.0, steps = 5"];
    let attacked = run(&[&own[..], &attack].concat()).json();
    assert_eq!(attacked["attack"], json!({"epsilon": 20.0, "steps": 5}));
    let warnings = attacked["warnings"].to_string();
    assert!(warnings.contains("test rows attacked"), "{warnings}");
    assert!(
        auroc(&attacked) < auroc(&clean) - 0.05,
        "{}",
        auroc(&attacked)
    );

    let transfer = "epsilon = 20.0, steps = 5, surrogate = { method = 'tccm', set = { train = { epochs = 20 } } }";
    let clean = run(&["--method", "knn"]).json();
    let knn = run(&["--method", "knn", "--attack", transfer]).json();
    assert_eq!(knn["attack"]["surrogate"]["method"], "tccm");
    assert!(
        auroc(&knn) < auroc(&clean) - 0.02,
        "{} of {}",
        auroc(&knn),
        auroc(&clean)
    );
}
