//! `residuum embed`: images to vectors.
#![allow(clippy::print_stderr)] // the line that says why a test was skipped

mod support;

use std::path::Path;

use support::{bmp, command, ended, npy, npz, residuum};

/// A root whose cache has the network's weights, where this machine has them.
fn root_with_weights() -> Option<tempfile::TempDir> {
    let file = "weights/efficientnet-lite0-57934424.pth";
    let source = datasets::cache_folder()?.join(file);
    if !source.is_file() {
        eprintln!("skipped: no weights in the cache");
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
    let bytes = std::fs::read(&out).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut archive.by_name(name).unwrap(), &mut bytes).unwrap();
        bytes
    };
    let x = read("X.npy");
    assert!(String::from_utf8_lossy(&x[..128]).contains("(2, 1280)"));
    let files = read("files.npy");
    // Sorted by name, UTF-32.
    assert_eq!([files[128], files[128 + 4 * 5]], [b'a', b'b']);

    let images: Vec<u8> = [20u8, 200].iter().flat_map(|&v| vec![v; 1600]).collect();
    let array = npy("|u1", "(2, 40, 40)", &images);
    let file = npz(root.path(), "images.npz", &[("images", array)]);
    let same = root.path().join("same.npz");
    let done = residuum(root.path(), &["embed", text(&file), "-o", text(&same)]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let bytes = std::fs::read(&same).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut again = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name("X.npy").unwrap(), &mut again).unwrap();
    assert_eq!(again, x, "the same pixels");

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
    let bytes = std::fs::read(&same).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut again = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name("X.npy").unwrap(), &mut again).unwrap();
    assert_eq!(again, x, "the others' vectors");
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
    assert!(!out.exists());
}
