//! Trained networks that are kept: scored by other rules, taken up after Ctrl-C.

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{command, easy_set, residuum};

/// The folders of the models kept in `folder/models`.
fn kept(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder.join("models"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .collect()
}

#[test]
fn one_training_is_scored_by_every_rule() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 120, 6);
    let models_folder = folder.path().join("models");
    let run = |models: bool, rule: &str, set_text: &str| -> (Value, String) {
        let scores = folder.path().join("scores.csv");
        let mut args = vec![
            "run",
            "--method",
            "ddpm",
            "--dataset",
            set.to_str().unwrap(),
        ];
        args.extend(["--set", "train.epochs=3", "--set", "steps=60"]);
        args.extend(["--set", "score.start=[20]", "--set", set_text]);
        args.extend(["--scores", scores.to_str().unwrap(), "--score-rule", rule]);
        if models {
            args.extend(["--models", models_folder.to_str().unwrap()]);
        }
        let cell = residuum(folder.path(), &args).json();
        (cell, std::fs::read_to_string(scores).unwrap())
    };
    let same = "train.epochs=3";
    let (fresh, fresh_scores) = run(false, "reconstruction", same);
    assert_eq!(fresh["n_evaluations"], 20);
    assert!(kept(folder.path()).is_empty());
    let (_, trained) = run(true, "reconstruction", same);
    let models = kept(folder.path());
    assert_eq!(models.len(), 1);
    let (_, loaded) = run(true, "reconstruction", same);
    assert_eq!(fresh_scores, trained, "keeping a model changes no byte");
    assert_eq!(fresh_scores, loaded, "loading it changes no byte");
    let mut seen = BTreeSet::from([fresh_scores]);
    for (rule, evaluations) in [
        ("epsilon-error", 1),
        ("vlb", 60),
        ("score-norm", 1),
        ("inversion", 120),
    ] {
        let (cell, scores) = run(true, rule, same);
        assert_eq!(cell["n_evaluations"], evaluations, "{rule}");
        assert_eq!(cell["config"]["score"]["rule"], rule);
        assert!(seen.insert(scores), "{rule} scores as another rule");
    }
    assert_eq!(kept(folder.path()), models, "no rule trained anew");
    run(true, "reconstruction", "train.learning-rate=0.5");
    assert_eq!(kept(folder.path()).len(), 2);
}

#[test]
fn ctrl_c_keeps_the_training_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 400, 20);
    let set = set.to_str().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let args = |models: &str, scores: &str| -> Vec<String> {
        let mut args = vec!["run", "--method", "ddpm", "--dataset", set];
        args.extend(["--set", "train.epochs=400"]);
        args.extend(["--set", "train.early-stop-after=400"]);
        let (models, scores) = (path(models), path(scores));
        args.extend(["--models", &models, "--scores", &scores]);
        args.into_iter().map(str::to_owned).collect()
    };
    let run = |models: &str, scores: &str| {
        let args = args(models, scores);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        residuum(folder.path(), &args).json();
        std::fs::read_to_string(path(scores)).unwrap()
    };
    let mut child = command(folder.path())
        .args(args("models", "a.csv"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Training has begun once its log has a line.
    let start = Instant::now();
    let begun = || {
        kept(folder.path()).iter().any(|model| {
            let log = folder.path().join("models").join(model).join("train.jsonl");
            std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
        })
    };
    while !begun() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before Ctrl-C"
        );
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("error: interrupted"), "{message}");
    assert!(message.contains("the same command goes on"), "{message}");
    assert!(!folder.path().join("a.csv").exists());
    assert_eq!(run("models", "a.csv"), run("others", "b.csv"));
}

#[test]
fn a_network_that_learned_nothing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 120, 6);
    let mut args = vec!["run", "--method", "dit", "--dataset", set.to_str().unwrap()];
    args.extend([
        "--set",
        "train.epochs=0",
        "--set",
        "score.rule=reconstruction",
    ]);
    let cell = residuum(folder.path(), &args).json();
    let warnings: Vec<&str> = cell["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning.as_str().unwrap())
        .collect();
    let has = |words: &str| warnings.iter().any(|warning| warning.contains(words));
    assert!(has("untrained"), "{warnings:?}");
    assert!(has("rank as the squared length"), "{warnings:?}");
    assert!(cell["norm_spearman"].as_f64().unwrap() > 0.999);
}
