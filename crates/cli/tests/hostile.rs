//! Bad input through the program: the documented exit code, one clear line, no panic.

mod support;

use support::{easy_set, npy, npy_f32, npy_i64, npz, residuum};

/// Runs `iforest` on a file and asserts how it fails.
#[track_caller]
fn refused(folder: &std::path::Path, path: &std::path::Path, code: i32, words: &[&str]) {
    let path = path.to_str().expect("a UTF-8 path");
    let name = std::path::Path::new(path)
        .file_name()
        .and_then(|n| n.to_str())
        .expect("a name");
    let mut words = words.to_vec();
    words.push(name);
    residuum(folder, &["run", "--dataset", path, "--method", "iforest"]).fails(code, &words);
}

#[test]
fn a_truncated_npz() {
    let folder = tempfile::tempdir().unwrap();
    let path = easy_set(folder.path(), "cut.npz", 40, 4);
    let bytes = std::fs::read(&path).unwrap();
    for keep in [bytes.len() - 1, bytes.len() / 2, 30, 1] {
        std::fs::write(&path, &bytes[..keep]).unwrap();
        refused(folder.path(), &path, 3, &[]);
    }
}

#[test]
fn a_file_that_is_not_a_zip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.npz");
    std::fs::write(&path, "<html>404</html>").unwrap();
    refused(folder.path(), &path, 3, &[]);
    std::fs::write(&path, "").unwrap();
    refused(folder.path(), &path, 3, &[]);
}

#[test]
fn a_file_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &folder.path().join("absent.npz"), 4, &[]);
}

#[test]
fn values_that_are_not_finite() {
    let folder = tempfile::tempdir().unwrap();
    let y = npy_i64(&[0, 0, 0, 1]);
    for (bad, word) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let x = npy_f32(4, 3, |i, j| if (i, j) == (2, 1) { bad } else { 0.5 });
        let path = npz(folder.path(), "bad.npz", &[("X", x), ("y", y.clone())]);
        refused(folder.path(), &path, 3, &[word, "row 2"]);
    }
}

#[test]
fn labels_other_than_0_and_1() {
    let folder = tempfile::tempdir().unwrap();
    let x = npy_f32(4, 3, |i, j| (i + j) as f32);
    let path = npz(
        folder.path(),
        "labels.npz",
        &[("X", x), ("y", npy_i64(&[0, 2, 0, 1]))],
    );
    refused(folder.path(), &path, 3, &["2"]);
}

#[test]
fn one_class_only() {
    let folder = tempfile::tempdir().unwrap();
    for label in [0, 1] {
        let x = npy_f32(4, 3, |i, j| (i + j) as f32);
        let path = npz(
            folder.path(),
            "one.npz",
            &[("X", x), ("y", npy_i64(&[label; 4]))],
        );
        let path = path.to_str().unwrap();
        residuum(
            folder.path(),
            &["run", "--dataset", path, "--method", "iforest"],
        )
        .fails(3, &[]);
    }
}

#[test]
fn zero_rows_and_zero_columns() {
    let folder = tempfile::tempdir().unwrap();
    for (n, d) in [(0, 3), (3, 0)] {
        let x = npy_f32(n, d, |_, _| 0.0);
        let path = npz(
            folder.path(),
            "empty.npz",
            &[("X", x), ("y", npy_i64(&vec![0; n]))],
        );
        refused(folder.path(), &path, 3, &[]);
    }
}

#[test]
fn more_labels_than_rows() {
    let folder = tempfile::tempdir().unwrap();
    let x = npy_f32(3, 2, |i, j| (i + j) as f32);
    let path = npz(
        folder.path(),
        "long.npz",
        &[("X", x), ("y", npy_i64(&[0, 0, 1, 1]))],
    );
    refused(folder.path(), &path, 3, &["3", "4"]);
}

#[test]
fn object_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let x = npy("|O", "(3, 2)", b"\x80\x04]\x94.");
    let path = npz(
        folder.path(),
        "object.npz",
        &[("X", x), ("y", npy_i64(&[0, 0, 1]))],
    );
    refused(folder.path(), &path, 3, &["object"]);
}

#[test]
fn a_header_that_promises_more_than_any_memory() {
    let folder = tempfile::tempdir().unwrap();
    for shape in [
        "(1152921504606846976, 2)",
        "(4611686018427387904, 4611686018427387904)",
        "(18446744073709551615, 18446744073709551615, 2)",
    ] {
        let path = npz(
            folder.path(),
            "huge.npz",
            &[("X", npy("<f4", shape, &[0; 64])), ("y", npy_i64(&[0, 1]))],
        );
        refused(folder.path(), &path, 3, &[]);
    }
}

#[test]
fn an_idx_file_with_the_wrong_magic() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("fashion-mnist");
    std::fs::create_dir(&root).unwrap();
    let images = root.join("t10k-images-idx3-ubyte.gz");
    std::fs::write(&images, [0, 0, 9, 9, 0, 0, 0, 1]).unwrap();
    std::fs::write(
        root.join("t10k-labels-idx1-ubyte.gz"),
        [0, 0, 8, 1, 0, 0, 0, 0],
    )
    .unwrap();
    residuum(
        folder.path(),
        &[
            "run",
            "--dataset",
            "FashionMNIST_3@pixels",
            "--method",
            "iforest",
        ],
    )
    .fails(3, &["t10k-images-idx3-ubyte.gz"]);
}

#[test]
fn names_that_do_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| residuum(folder.path(), &[&["run"], args].concat());
    run(&["--dataset", "MVTec-AD_botle", "--method", "iforest"]).fails(2, &["MVTec-AD_botle"]);
    run(&["--dataset", "FashionMNIST_3@pixels", "--method", "forest"]).fails(2, &["forest"]);
    let pixels = ["--dataset", "FashionMNIST_3@pixels", "--method", "iforest"];
    let with = |more: &[&'static str]| run(&[&pixels[..], more].concat());
    with(&["--set", "tres=3"]).fails(2, &["tres"]);
    with(&["--set", "trees"]).fails(2, &["trees"]);
    with(&["--set", "trees=many"]).fails(2, &["iforest"]);
    with(&["--set", "trees=0"]).fails(2, &["iforest"]);
    with(&["--set", "rows=sideways"]).fails(2, &["sideways"]);
    with(&["--protocol", "papier"]).fails(2, &["papier"]);
    with(&["--device", "gpu"]).fails(4, &["gpu"]);
    with(&["--scores", "scores.txt"]).fails(2, &["scores.txt"]);
}

#[test]
fn a_configuration_file_with_a_typo() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    for (text, word) in [("tres = 3", "tres"), ("trees = = 3", "TOML")] {
        std::fs::write(&config, text).unwrap();
        residuum(
            folder.path(),
            &[
                "run",
                "--dataset",
                "FashionMNIST_3@pixels",
                "--method",
                "iforest",
                "--config",
                config.to_str().unwrap(),
            ],
        )
        .fails(2, &["config.toml", word]);
    }
}

#[test]
fn settings_nested_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("deep.toml");
    let deep = format!("a{} = 1", ".a".repeat(52_000));
    std::fs::write(&config, &deep).unwrap();
    let run = |more: [&str; 2]| {
        let args = [
            "run",
            "--dataset",
            "FashionMNIST_3@pixels",
            "--method",
            "iforest",
        ];
        residuum(folder.path(), &[&args[..], &more].concat())
    };
    run(["--config", config.to_str().unwrap()]).fails(2, &["deep.toml", "16 tables"]);
    run(["--set", &deep]).fails(2, &["16 tables"]);
    run(["--perturb", &deep]).fails(2, &["--perturb"]);
}

#[test]
fn a_set_that_is_not_at_hand_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let ended = residuum(
        folder.path(),
        &["run", "--dataset", "SVHN_2", "--method", "norm"],
    );
    ended.fails(4, &["SVHN_2"]);
    assert!(
        ended
            .stderr
            .contains("hint: residuum datasets fetch SVHN_2"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_result_that_cannot_be_written_is_still_printed() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 40, 4);
    let ended = residuum(
        folder.path(),
        &[
            "run",
            "--dataset",
            set.to_str().unwrap(),
            "--method",
            "norm",
            "--out",
            "/proc/nowhere/cell.json",
        ],
    );
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stdout.contains("\"auroc\": 1.0"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("error: cannot write"),
        "{}",
        ended.stderr
    );
}
