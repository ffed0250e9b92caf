//! `run --maps` and `--pictures`: what a method sees in images.

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use support::{Ended, bmp, easy_set, residuum};

/// A category in MVTec AD's layout: grey squares, the defects brighter. Files of one name lie in two folders.
fn category(root: &Path) -> PathBuf {
    let folder = root.join("squares");
    for (kind, n, level) in [
        ("train/good", 6, 90),
        ("test/good", 2, 95),
        ("test/scratch", 3, 240),
    ] {
        let folder = folder.join(kind);
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..n {
            std::fs::write(folder.join(format!("{i:03}.bmp")), bmp(16, level + i)).unwrap();
        }
    }
    folder
}

fn run(root: &Path, dataset: &Path, method: &str, more: &[&str]) -> Ended {
    let mut args = vec![
        "run",
        "--dataset",
        dataset.to_str().unwrap(),
        "--method",
        method,
    ];
    args.extend(more);
    residuum(root, &args)
}

/// The program's smallest network on images, hardly trained.
const UNET: &[&str] = &[
    "--protocol",
    "mvtec",
    "--set",
    "network.channels=4",
    "--set",
    "network.multipliers=[1, 2]",
    "--set",
    "train.steps=2",
    "--set",
    "train.batch-size=4",
    "--set",
    "score.start=[10]",
];

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap();
    let entries = entries.map(|entry| entry.unwrap());
    let name = |entry: &std::fs::DirEntry| entry.file_name().into_string().unwrap();
    entries
        .map(|entry| (name(&entry), std::fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn every_test_image_gets_its_map() {
    let root = tempfile::tempdir().unwrap();
    let set = category(root.path());
    let (maps, scores) = (root.path().join("new/maps"), root.path().join("scores.csv"));
    let sheet = root.path().join("sheet.png");
    let written = || {
        let mut args = UNET.to_vec();
        args.extend(["--maps", maps.to_str().unwrap()]);
        args.extend(["--scores", scores.to_str().unwrap()]);
        args.extend(["--pictures", sheet.to_str().unwrap()]);
        run(root.path(), &set, "ddpm-unet", &args).json();
        files(&maps)
    };
    let found = written();
    let scores = std::fs::read_to_string(&scores).unwrap();
    let scores = scores.lines().skip(1).map(|line| line.split(',').nth(2));
    let scores: Vec<f64> = scores
        .map(|score| score.unwrap().parse().unwrap())
        .collect();
    let names = [
        "000000_good-000_normal",
        "000001_good-001_normal",
        "000002_scratch-000_anomaly",
        "000003_scratch-001_anomaly",
        "000004_scratch-002_anomaly",
    ];
    let expected = names.iter().zip(&scores);
    let expected = expected.map(|(name, score)| format!("{name}_{score:.3e}.png"));
    let expected: Vec<String> = expected.collect();
    assert_eq!(found.keys().cloned().collect::<Vec<_>>(), expected);
    for bytes in found.values() {
        assert!(bytes.starts_with(b"\x89PNG"));
        // 16 pixels, four times as large.
        assert_eq!(bytes[16..24], [0, 0, 0, 64, 0, 0, 0, 64]);
    }
    assert!(std::fs::read(&sheet).unwrap().starts_with(b"\x89PNG"));
    assert!(written() == found, "the same run writes the same bytes");
}

#[test]
fn what_has_no_maps_is_told_after_the_result() {
    let root = tempfile::tempdir().unwrap();
    let maps = root.path().join("maps");
    let told = |ended: Ended, code: i32, words: &str| {
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert!(ended.stdout.contains("\"auroc\""), "the result is printed");
        assert!(!maps.is_dir());
    };
    let rows = easy_set(root.path(), "easy.npz", 40, 4);
    let to = ["--maps", maps.to_str().unwrap()];
    told(
        run(root.path(), &rows, "norm", &to),
        2,
        "easy has rows, not images",
    );

    let set = category(root.path());
    let to = ["--protocol", "mvtec", "--maps", maps.to_str().unwrap()];
    told(
        run(root.path(), &set, "norm", &to),
        2,
        "norm tells no pixels apart",
    );

    std::fs::write(&maps, "a file").unwrap();
    let mut args = UNET.to_vec();
    args.extend(["--maps", maps.to_str().unwrap()]);
    told(run(root.path(), &set, "ddpm-unet", &args), 4, "cannot make");
}

#[test]
fn masks_without_an_anomalous_pixel_cost_the_pixel_metrics_alone() {
    let root = tempfile::tempdir().unwrap();
    let set = category(root.path());
    let truth = set.join("ground_truth/scratch");
    std::fs::create_dir_all(&truth).unwrap();
    for i in 0..3 {
        std::fs::write(truth.join(format!("{i:03}_mask.bmp")), bmp(16, 0)).unwrap();
    }
    let cell = run(root.path(), &set, "ddpm-unet", UNET).json();
    assert!(cell["metrics"]["auroc"].is_number());
    assert!(cell["pixels"].is_null());
    let warnings = cell["warnings"].as_array().unwrap();
    let told = |w: &serde_json::Value| w.as_str().unwrap().starts_with("no pixel metrics: ");
    assert!(warnings.iter().any(told), "{warnings:?}");
}
