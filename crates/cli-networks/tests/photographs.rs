//! A model of one's own photographs ranks defects as the benchmark's run on the same files does.

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use support::residuum;

/// A root whose cache has the network's weights, where this machine has them.
fn root_with_weights() -> Option<tempfile::TempDir> {
    let file = "weights/efficientnet-lite0-57934424.pth";
    let source = datasets::cache_folder()?.join(file);
    if !source.is_file() {
        skipped::because("no weights in the cache");
        return None;
    }
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("cache").join(file);
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::copy(source, target).unwrap();
    Some(root)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

/// The images in `folder`, by name.
fn images(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "png"));
    paths.sort();
    paths
}

fn copy(files: &[PathBuf], folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for (i, file) in files.iter().enumerate() {
        std::fs::copy(file, folder.join(format!("{i:03}.png"))).unwrap();
    }
}

/// The share of pairs of a defect and a good image in which the defect scores higher.
fn auroc(good: &[f64], defects: &[f64]) -> f64 {
    let pairs = defects
        .iter()
        .flat_map(|d| good.iter().map(move |g| (d, g)));
    let points = pairs.map(|(d, g)| match d.total_cmp(g) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    });
    points.sum::<f64>() / (good.len() * defects.len()) as f64
}

/// AUROC by `fit` and `score`, and by `run`, of the same images.
fn both(root: &Path, train: &[PathBuf], good: &[PathBuf], defects: &[PathBuf]) -> [f64; 2] {
    let set = root.join("set");
    copy(train, &set.join("train/good"));
    copy(good, &set.join("test/good"));
    copy(defects, &set.join("test/defect"));

    let model = root.join("model.residuum");
    let folder = set.join("train/good");
    let mut words = vec!["fit", text(&folder), "-o", text(&model), "--side", "128"];
    // As few as can be are kept from the detector, which otherwise has all images that the benchmark has.
    words.extend(["--calibration", "0.1"]);
    let fitted = residuum(root, &words);
    assert_eq!(fitted.code, Some(0), "{}", fitted.stderr);
    assert!(fitted.stdout.contains("patch-wiener"), "{}", fitted.stdout);
    let scores = |kind: &str| -> Vec<f64> {
        let (folder, csv) = (set.join("test").join(kind), root.join("scores.csv"));
        let scored = residuum(
            root,
            &["score", text(&model), text(&folder), "-o", text(&csv)],
        );
        assert_eq!(scored.code, Some(0), "{}", scored.stderr);
        let csv = std::fs::read_to_string(csv).unwrap();
        let mut lines = csv.lines();
        let header = lines.next().unwrap().split(',');
        let column = header.into_iter().position(|name| name == "score").unwrap();
        lines
            .map(|line| line.split(',').nth(column).unwrap().parse().unwrap())
            .collect()
    };
    let own = auroc(&scores("good"), &scores("defect"));

    let name = format!("{}@pixels128", text(&set));
    let words = [
        "run",
        "--dataset",
        &name,
        "--method",
        "patch-wiener",
        "--protocol",
        "mvtec",
    ];
    let cell = residuum(root, &words).json();
    [own, cell["metrics"]["auroc"].as_f64().unwrap()]
}

#[test]
fn on_the_bricks_of_this_repository() {
    let Some(root) = root_with_weights() else {
        return;
    };
    let bricks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/bricks");
    let new = images(&bricks.join("new"));
    let (good, defects): (Vec<_>, Vec<_>) = new.into_iter().partition(|path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("good")
    });
    let [own, benchmark] = both(
        root.path(),
        &images(&bricks.join("normal")),
        &good,
        &defects,
    );
    assert_eq!([own, benchmark], [1.0, 1.0]);

    // Why: the places of each photograph, by its file.
    let model = root.path().join("model.residuum");
    let odd = root.path().join("set/test/defect");
    let words = ["explain", text(&model), text(&odd), "--top", "2", "--json"];
    let json = residuum(root.path(), &words).json();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), defects.len());
    for row in rows {
        assert!(row["file"].as_str().unwrap().ends_with(".png"), "{row}");
        let place = row["why"][0]["column"].as_str().unwrap();
        assert!(place.starts_with("x ") && place.contains(" y "), "{row}");
    }
}

#[test]
fn on_screws() {
    let Some(root) = root_with_weights() else {
        return;
    };
    let roots = std::env::var_os("RESIDUUM_DATA").unwrap_or_default();
    let folder = std::env::split_paths(&roots)
        .map(|root| root.join("mvtec256/screw"))
        .find(|folder| folder.is_dir());
    let Some(folder) = folder else {
        skipped::because("no screws (set RESIDUUM_DATA)");
        return;
    };
    let all = images(&folder.join("train/good"));
    let defects: Vec<PathBuf> = ["manipulated_front", "scratch_head", "thread_side"]
        .iter()
        .flat_map(|kind| images(&folder.join("test").join(kind)).into_iter().take(8))
        .collect();
    let [own, benchmark] = both(root.path(), &all[24..104], &all[..24], &defects);
    assert!((own - benchmark).abs() < 0.05, "{own} {benchmark}");
    assert!(own > 0.6, "{own}");
}
