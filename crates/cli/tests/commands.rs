//! The program as a user starts it, on data that end well.

mod support;

use std::path::Path;

use columns::Values;
use serde_json::Value;
use sha2::Digest;
use support::{easy_set, npy_f32, npy_i64, npz, residuum};

#[test]
fn run_prints_one_cell_and_the_scores_of_every_test_row() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 61, 5);
    let scores = folder.path().join("scores.csv");
    let cell = residuum(
        folder.path(),
        &[
            "run",
            "--dataset",
            set.to_str().unwrap(),
            "--method",
            "ocsvm",
            "--protocol",
            "semi",
            "--scores",
            scores.to_str().unwrap(),
        ],
    )
    .json();
    assert_eq!(cell["status"], "ok");
    assert_eq!(cell["protocol"], "semi");
    assert_eq!(cell["seed"], serde_json::json!({"data": 0, "model": 0}));
    // round(0.5 · 61) is 30: half to even. The other 31 normals and all anomalies are tested.
    assert_eq!(cell["n_train"], 30);
    assert_eq!(cell["n_test"], 36);
    assert_eq!(cell["n_anomalies"], 5);
    assert_eq!(cell["metrics"]["auroc"], 1.0);
    // DeLong's interval of a perfect AUROC would have no width.
    assert_eq!(cell["auroc_interval"]["by"], "newcombe");
    assert_eq!(cell["auroc_interval"]["high"], 1.0);
    assert!(cell["auroc_interval"]["low"].as_f64().unwrap() < 1.0);
    assert_eq!(cell["config"]["rows"], "standard");
    let text = std::fs::read_to_string(scores).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 37);
    assert_eq!(lines[0], "row,label,score");
    assert!(lines[1].starts_with("30,0,"), "{}", lines[1]);
    assert!(lines[36].starts_with("65,1,"), "{}", lines[36]);
}

#[test]
fn files_are_split_at_random_unless_they_are_divided() {
    let folder = tempfile::tempdir().unwrap();
    let plain = easy_set(folder.path(), "easy.npz", 61, 5);
    let cell = |set: &Path| {
        let args = ["run", "--dataset", set.to_str().unwrap(), "--method", "knn"];
        residuum(folder.path(), &args).json()
    };
    assert_eq!(cell(&plain)["protocol"], "semi-random");

    let arrays = [
        ("X_train", npy_f32(40, 2, |i, j| (i + j) as f32)),
        ("X_test", npy_f32(4, 2, |i, _| 70.0 + i as f32)),
        ("y_test", npy_i64(&[0, 0, 1, 1])),
    ];
    let divided = npz(folder.path(), "divided.npz", &arrays);
    let cell = cell(&divided);
    assert_eq!(cell["protocol"], "official");
    assert_eq!((&cell["n_train"], &cell["n_test"]), (&40.into(), &4.into()));
}

#[test]
fn scores_in_parquet_are_those_in_csv() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 61, 5);
    for out in ["scores.csv", "scores.parquet"] {
        let (set, out) = (set.to_str().unwrap(), folder.path().join(out));
        let out = out.to_str().unwrap();
        let args = ["run", "--dataset", set, "--method", "knn", "--scores", out];
        assert_eq!(residuum(folder.path(), &args).code, Some(0));
    }
    let file = folder.path().join("scores.parquet");
    let table = tables::open(file.as_path(), &tables::Options::default()).unwrap();
    let chunk = table.rows(None).unwrap().next().unwrap().unwrap();
    let columns: Vec<_> = chunk
        .columns
        .iter()
        .map(|c| (&*c.name, &c.values))
        .collect();
    let [
        ("row", Values::Integer(rows)),
        ("label", Values::Integer(labels)),
        ("score", Values::Float64(scores)),
    ] = &columns[..]
    else {
        panic!("{columns:?}");
    };
    let mut text = "row,label,score\n".to_owned();
    for ((row, label), score) in rows.iter().zip(labels).zip(scores) {
        text += &format!("{row},{label},{score}\n");
    }
    let csv = std::fs::read_to_string(folder.path().join("scores.csv")).unwrap();
    assert_eq!(text, csv);
}

#[test]
fn the_same_seed_gives_the_same_cell_but_for_its_timings() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 200, 9);
    let set = set.to_str().unwrap();
    for method in ["iforest", "ocsvm", "copod"] {
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
            residuum(folder.path(), &args).json();
            std::fs::read_to_string(scores).unwrap()
        };
        let first = run("1", "7");
        assert_eq!(first, run("1", "7"), "{method}");
        if method == "iforest" {
            assert_ne!(first, run("1", "8"), "{method} ignores its seed");
        }
        assert_eq!(first, run("2", "7"), "{method} depends on the threads");
    }
}

#[test]
fn settings_come_from_defaults_then_file_then_set() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 40, 4);
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "trees = 7\nrows = \"raw\"\n").unwrap();
    let cell = residuum(
        folder.path(),
        &[
            "run",
            "--dataset",
            set.to_str().unwrap(),
            "--method",
            "iforest",
            "--config",
            config.to_str().unwrap(),
            "--set",
            "rows=minmax",
            "--seed",
            "3",
            "--model-seed",
            "4",
        ],
    )
    .json();
    assert_eq!(cell["config"]["trees"], 7);
    assert_eq!(cell["config"]["rows"], "minmax");
    assert_eq!(cell["config"]["sample-size"], 256);
    assert_eq!(cell["seed"], serde_json::json!({"data": 3, "model": 4}));
}

#[test]
fn every_method_is_listed_and_those_that_need_libtorch_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let methods = residuum(folder.path(), &["methods", "list", "--json"]).json();
    let methods = methods.as_array().unwrap();
    assert_eq!(methods.len(), 30);
    let needs = |name: &str| -> &Value {
        let method = methods.iter().find(|method| method["name"] == name);
        &method.unwrap()["needs_libtorch"]
    };
    assert_eq!(
        (needs("knn"), needs("dte-np")),
        (&Value::from(false), &Value::from(false))
    );
    assert_eq!(
        (needs("ddpm"), needs("padim")),
        (&Value::from(true), &Value::from(true))
    );
    let list = residuum(folder.path(), &["methods", "list"]).stdout;
    let marked = list.lines().filter(|line| line.contains("  libtorch  "));
    assert_eq!(marked.count(), 14);
    let shown = residuum(folder.path(), &["methods", "show", "ddpm"]);
    assert!(shown.stdout.contains("\n[network]\n"), "{}", shown.stdout);
}

#[test]
fn embedded_sets_are_listed_as_present_and_others_say_how_to_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let list = residuum(folder.path(), &["datasets", "list", "--json"]).json();
    let find = |name: &str| -> &Value {
        list.as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == name)
            .unwrap()
    };
    let embedded = find("FashionMNIST_3@pixels");
    assert_eq!(embedded["present"], true);
    assert_eq!(embedded["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(find("FashionMNIST-C_fog@pixels")["present"], true);
    let absent = find("SVHN_2");
    assert_eq!(absent["present"], false);
    assert_eq!(absent["get"], "residuum datasets fetch SVHN_2");
    assert_eq!(absent["sha256"], Value::Null);
}

#[test]
fn named_sets_are_listed_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let own = easy_set(folder.path(), "own.npz", 11, 1);
    let own = own.to_str().unwrap();
    let list = |names: &[&str]| {
        let output = residuum(
            folder.path(),
            &[&["datasets", "list", "--json"], names].concat(),
        );
        output.json().as_array().unwrap().clone()
    };
    let one = |name: &str| match &list(&[name])[..] {
        [set] => set.clone(),
        sets => panic!("{name}: {sets:?}"),
    };

    let pixels = one("FashionMNIST_3@pixels");
    let n = pixels["n"].as_u64().unwrap();
    assert_eq!(
        (&pixels["d"], &pixels["present"]),
        (&784.into(), &true.into())
    );
    let resized = one("FashionMNIST_3@pixels14");
    assert_eq!(resized["d"], 196);
    assert_eq!(resized["sha256"], pixels["sha256"]);
    assert_eq!(resized["of"], "FashionMNIST_3@pixels");

    let vectors = one("FashionMNIST_3@lite0");
    assert_eq!((&vectors["d"], &vectors["n"]), (&1280.into(), &n.into()));
    let files = pixels["sha256"].as_str().unwrap();
    let expected = sha2::Sha256::digest(format!("{files} FashionMNIST_3@lite0"));
    let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(vectors["sha256"], expected.as_str());
    let drawn = one("FashionMNIST_3@lite0@50");
    assert_eq!(
        (&drawn["n"], &drawn["sha256"]),
        (&50.into(), &vectors["sha256"])
    );
    assert_eq!(drawn["whole"], "FashionMNIST_3@lite0");

    let cardio = one("cardio@100");
    assert_eq!(
        (&cardio["name"], &cardio["n"]),
        (&"6_cardio@100".into(), &100.into())
    );
    assert_eq!(
        (&cardio["whole"], &cardio["of"]),
        (&"6_cardio".into(), &"6_cardio".into())
    );
    assert_eq!(one("cardio@99999999")["n"], 1831);

    let file = one(&format!("{own}@5"));
    assert_eq!((&file["n"], &file["d"]), (&5.into(), &4.into()));
    assert_eq!(
        (&file["name"], &file["whole"]),
        (&format!("{own}@5").into(), &own.into())
    );
    let cell = residuum(
        folder.path(),
        &["run", "--dataset", own, "--method", "norm"],
    );
    assert_eq!(file["sha256"], cell.json()["data_sha256"]);

    let names = |pattern: &str| -> Vec<String> {
        let sets = list(&[pattern]);
        assert!(sets.iter().all(|set| set["asked"] == pattern));
        let name = |set: &Value| set["name"].as_str().unwrap().to_owned();
        sets.iter().map(name).collect()
    };
    let ten: Vec<String> = (0..10).map(|k| format!("FashionMNIST_{k}@lite0")).collect();
    assert_eq!(names("FashionMNIST_?@lite0"), ten);
    assert_eq!(names("MVTec-AD_t?le@pixels64"), ["MVTec-AD_tile@pixels64"]);
    assert_eq!(
        names("MVTec-AD_t?le*"),
        ["MVTec-AD_tile", "MVTec-AD_tile@vit", "MVTec-AD_tile@pixels"]
    );
    assert!(names("no_such_*").is_empty());

    for (name, code) in [
        ("FashionMNIST_33@pixels", 2),
        ("no/such.npz", 4),
        ("6_cardio@lite0", 2),
        ("FashionMNIST_3@pixels@9", 2),
    ] {
        let output = residuum(folder.path(), &["datasets", "list", "--json", name]);
        assert_eq!(output.code, Some(code), "{name}: {}", output.stderr);
    }
}

#[test]
fn audit_tells_duplicates_and_constant_columns() {
    let folder = tempfile::tempdir().unwrap();
    let x = support::npy_f32(12, 3, |i, j| if j == 1 { 4.0 } else { (i % 6) as f32 });
    let y: Vec<i64> = (0..12).map(|i| i64::from(i == 11)).collect();
    let set = support::npz(
        folder.path(),
        "twice.npz",
        &[("X", x), ("y", support::npy_i64(&y))],
    );
    let ended = residuum(folder.path(), &["audit", set.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("constant"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("copies") || ended.stdout.contains("duplicate"),
        "{}",
        ended.stdout
    );
}

#[test]
fn completions_name_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let ended = residuum(folder.path(), &["completions", shell]);
        assert_eq!(ended.code, Some(0));
        assert!(ended.stdout.contains("datasets"), "{shell}");
    }
}
