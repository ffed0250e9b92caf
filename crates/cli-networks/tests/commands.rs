//! The program with networks as a user starts it, on data that end well.

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use support::{easy_set, residuum};

#[test]
fn the_same_seed_gives_the_same_cell_but_for_its_timings() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 200, 9);
    let set = set.to_str().unwrap();
    for method in ["ddpm", "dit", "dte-c"] {
        let run = |threads: &str, seed: &str| {
            let scores = folder.path().join(format!("{method}-{threads}-{seed}.csv"));
            let mut args = vec![
                "run",
                "--dataset",
                set,
                "--method",
                method,
                "--seed",
                seed,
                "--threads",
                threads,
                "--scores",
            ];
            args.push(scores.to_str().unwrap());
            args.extend(["--set", "train.epochs=2"]);
            residuum(folder.path(), &args).json();
            std::fs::read_to_string(scores).unwrap()
        };
        let first = run("1", "7");
        assert_eq!(first, run("1", "7"), "{method}");
        assert_ne!(first, run("1", "8"), "{method} ignores its seed");
    }
}

#[test]
fn every_method_shows_settings_that_it_takes_back() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 80, 4);
    let methods = residuum(folder.path(), &["methods", "list", "--json"]).json();
    let methods = methods.as_array().unwrap();
    assert!(methods.len() >= 5);
    for method in methods {
        let name = method["name"].as_str().unwrap();
        let shown = residuum(folder.path(), &["methods", "show", name]);
        assert_eq!(shown.code, Some(0));
        let config = folder.path().join(format!("{name}.toml"));
        std::fs::write(&config, &shown.stdout).unwrap();
        let mut args = vec!["run", "--method", name, "--dataset", set.to_str().unwrap()];
        args.extend(["--config", config.to_str().unwrap()]);
        if method["default"]["train"].is_object() {
            args.extend(["--set", "train.epochs=1"]);
        }
        let output = residuum(folder.path(), &args);
        if method["takes"] == "images" {
            // The settings were taken; the data are rows.
            assert_eq!(output.code, Some(3), "{name}: {}", output.stderr);
            assert!(output.stderr.contains("this method takes images"), "{name}");
            continue;
        }
        let cell = output.json();
        for (key, value) in method["default"].as_object().unwrap() {
            if key != "train" {
                assert_eq!(&cell["config"][key], value, "{name}.{key}");
            }
        }
    }
}
