//! `residuum embed`: images to vectors.

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::path::Path;

use support::{bmp, command, ended, grey_bmp, npy, npz, residuum};

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

/// An array of an `.npz` file with its header.
fn entry(file: &Path, name: &str) -> Vec<u8> {
    let file = std::fs::File::open(file).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name(name).unwrap(), &mut bytes).unwrap();
    bytes
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

#[test]
fn a_folder_becomes_an_npz_with_a_vector_for_each_file() {
    let Some(root) = root_with_weights() else {
        return;
    };
    let folder = root.path().join("photos");
    std::fs::create_dir(&folder).unwrap();
    for (name, level) in [("b.bmp", 200), ("a.bmp", 20)] {
        std::fs::write(folder.join(name), bmp(40, level)).unwrap();
    }
    let out = root.path().join("vectors.npz");
    let done = residuum(root.path(), &["embed", text(&folder), "-o", text(&out)]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let x = entry(&out, "X.npy");
    assert!(String::from_utf8_lossy(&x[..128]).contains("(2, 1280)"));
    let files = entry(&out, "files.npy");
    // Sorted by name, UTF-32.
    assert_eq!([files[128], files[128 + 4 * 5]], [b'a', b'b']);

    let images: Vec<u8> = [20u8, 200].iter().flat_map(|&v| vec![v; 1600]).collect();
    let array = npy("|u1", "(2, 40, 40)", &images);
    let file = npz(root.path(), "images.npz", &[("images", array)]);
    let same = root.path().join("same.npz");
    let done = residuum(root.path(), &["embed", text(&file), "-o", text(&same)]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(entry(&same, "X.npy"), x, "the same pixels");

    std::fs::write(folder.join("aa.bmp"), "no picture").unwrap();
    let args = [
        "embed",
        text(&folder),
        "-o",
        text(&same),
        "--skip-bad-files",
    ];
    let done = residuum(root.path(), &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let told = "1 files were left out, the first: ";
    assert!(
        done.stderr.contains(told) && done.stderr.contains("aa.bmp"),
        "{}",
        done.stderr
    );
    assert_eq!(entry(&same, "X.npy"), x, "the others' vectors");
}

/// Pictures wider than high whose edges are unlike their middle, in MVTec AD's layout with masks.
#[test]
fn a_folder_in_a_data_sets_layout_has_labels_and_no_masks() {
    let Some(root) = root_with_weights() else {
        return;
    };
    let folder = root.path().join("parts");
    let level = |x: usize, y: usize| (x * x / 20 + 2 * y) as u8;
    let save = |kind: &str, n: u8| {
        let folder = folder.join(kind);
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..n {
            let picture = grey_bmp(68, 40, |x, y| level(x, y) / (i + 1));
            std::fs::write(folder.join(format!("{i}.bmp")), picture).unwrap();
        }
    };
    save("train/good", 2);
    save("test/bent", 1);
    save("test/good", 1);
    let truth = folder.join("ground_truth/bent");
    std::fs::create_dir_all(&truth).unwrap();
    std::fs::write(truth.join("0_mask.bmp"), grey_bmp(68, 40, |_, _| 255)).unwrap();

    let vectors = |images: &str, name: &str| {
        let out = root.path().join("new/folder").join(name);
        let args = ["embed", images, "--side", "32", "-o", text(&out)];
        let done = residuum(root.path(), &args);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        out
    };
    let out = vectors(text(&folder), "folder.npz");
    let x = entry(&out, "X.npy");
    assert!(String::from_utf8_lossy(&x[..128]).contains("(4, 1280)"));
    assert_eq!(entry(&out, "y.npy")[128..], [0, 0, 1, 0]);
    let files = &entry(&out, "files.npy")[128..];
    let letters: String = files.iter().step_by(4).map(|&b| char::from(b)).collect();
    let names = "train/good/0.bmptrain/good/1.bmptest/bent/0.bmp\0test/good/0.bmp\0";
    assert_eq!(letters, names);

    let named = vectors(&format!("{}@pixels", folder.display()), "named.npz");
    assert!(std::fs::read(&named).unwrap() == std::fs::read(&out).unwrap());
    let pixels: Vec<u8> = (0..40 * 68).map(|i| level(i % 68, i / 68)).collect();
    let array = npy("|u1", "(1, 40, 68)", &pixels);
    let file = npz(root.path(), "images.npz", &[("images", array)]);
    let alone = entry(&vectors(text(&file), "array.npz"), "X.npy");
    let values = |bytes: &[u8]| -> Vec<f32> {
        let numbers = bytes[128..].chunks_exact(4).take(1280);
        let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        numbers.map(number).collect()
    };
    for (a, b) in values(&alone).iter().zip(values(&x)) {
        // Other kernels for another batch.
        assert!((a - b).abs() < 1e-4 * b.abs().max(1.0), "{a} for {b}");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_any_work() {
    let root = tempfile::tempdir().unwrap();
    let photo = root.path().join("photo.bmp");
    std::fs::write(&photo, bmp(40, 7)).unwrap();
    for out in [photo.join("v.npz"), photo.join("new/v.parquet")] {
        let told = command(root.path())
            .env("RESIDUUM_PIP", "/no/such/pip") // what fails first once there is work
            .args(["embed", text(&photo), "-o", text(&out)])
            .output()
            .expect("the program starts");
        ended(told).fails(4, &["cannot write", text(&out)]);
    }
}

#[test]
fn images_of_a_set_by_name_are_run_audited_and_kept_as_vectors() {
    let Some(root) = root_with_weights() else {
        return;
    };
    let kind = |kind: &str, n: u8, level: u8| {
        let folder = root.path().join("mvtec256/screw").join(kind);
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..n {
            std::fs::write(folder.join(format!("{i:03}.bmp")), bmp(40, level + i)).unwrap();
        }
    };
    kind("train/good", 8, 60);
    kind("test/good", 3, 80);
    kind("test/bent", 3, 200);
    let set = "MVTec-AD_screw@lite0";
    let args = [
        "run",
        "--dataset",
        set,
        "--method",
        "norm",
        "--protocol",
        "mvtec",
    ];
    let cell = residuum(root.path(), &args).json();
    assert_eq!(cell["dataset"], set);
    assert_eq!(cell["n_test"], 6);
    let kept = std::fs::read_dir(root.path().join("cache/embeddings")).unwrap();
    assert_eq!(kept.count(), 1);
    let audit = residuum(root.path(), &["audit", set, "--json"]).json();
    assert_eq!(audit["fitted"]["n"], 14);
    assert_eq!(audit["fitted"]["d"], 1280);
}

#[test]
fn what_cannot_be_embedded_is_told() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("photos");
    std::fs::create_dir(&folder).unwrap();
    let out = root.path().join("v.npz");
    let embed = |images: &Path, out: &Path| {
        residuum(root.path(), &["embed", text(images), "-o", text(out)])
    };
    embed(&folder, &out).fails(3, &["photos"]);
    std::fs::write(folder.join("a.png"), "no picture").unwrap();
    embed(&folder, &out).fails(3, &["a.png"]);
    let args = ["embed", text(&folder), "-o", text(&out), "--skip-bad-files"];
    residuum(root.path(), &args).fails(3, &["photos", "no images"]);
    embed(&folder, &root.path().join("v.csv")).fails(2, &["v.csv"]);
    embed(Path::new("NoSuchSet@pixels"), &out).fails(2, &["NoSuchSet@pixels"]);

    std::fs::write(folder.join("a.png"), bmp(40, 7)).unwrap();
    let module = folder.join("a.png");
    let args = [
        "embed",
        text(&folder),
        "-o",
        text(&out),
        "--network",
        text(&module),
    ];
    residuum(root.path(), &args).fails(3, &["a.png", "torch.jit.save"]);
    let without_pip = command(root.path())
        .env("RESIDUUM_PIP", "/no/such/pip")
        .args(["embed", text(&folder), "-o", text(&out)])
        .output()
        .expect("the program starts");
    ended(without_pip).fails(4, &["no pip answers"]);
    let with = |more: [&str; 4]| {
        let args = [&["embed", text(&folder), "-o", text(&out)], &more[..]].concat();
        residuum(root.path(), &args)
    };
    with(["--network", "own.pt", "--std", "0"]).fails(2, &["--std", "above 0"]);
    with(["--network", "own.pt", "--mean", "-1"]).fails(2, &["--mean", "from 0 to 1"]);
    with(["--network", "lite0", "--mean", "0.5"]).fails(2, &["lite0 has its own"]);
    assert!(!out.exists());
}
