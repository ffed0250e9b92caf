//! Folders of images with links, stray files and doubtful masks.
#![allow(clippy::unwrap_used)]

#[path = "common/pictures.rs"]
mod pictures;

use std::fs;
use std::path::{Path, PathBuf};

use datasets::{Dataset, DatasetError, ErrorKind, Loading, OnBadFile, Protocol, Roots, load};
use pictures::{category, classes, grey, mask, save};
use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};

fn load_with(folder: &Path, on_bad_file: OnBadFile) -> Result<Dataset, DatasetError> {
    let loading = Loading::of(Protocol::Mvtec).on_bad_file(on_bad_file);
    load(folder.to_str().unwrap(), &Roots::of([]), &loading)
}

/// A category spoilt by `spoil`.
fn spoilt(spoil: impl FnOnce(&Path)) -> TempDir {
    let dir = tempdir().unwrap();
    category(dir.path());
    spoil(dir.path());
    dir
}

/// The message of the error, with the folder left out.
fn refused(dir: &TempDir, on_bad_file: OnBadFile) -> String {
    let error = load_with(dir.path(), on_bad_file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData, "{error}");
    error
        .to_string()
        .replace(dir.path().to_str().unwrap(), "DIR")
}

/// The set without bad files, and the names of those.
fn skipping(dir: &TempDir) -> (Dataset, Vec<PathBuf>) {
    let set = load_with(dir.path(), OnBadFile::Skip).unwrap();
    let skipped = set.skipped().iter();
    let skipped = skipped.map(|s| s.path.strip_prefix(dir.path()).unwrap().to_owned());
    let skipped = skipped.collect();
    (set, skipped)
}

#[test]
#[cfg(unix)]
fn a_set_of_linked_folders_is_the_same_set() {
    use std::os::unix::fs::symlink;
    let (plain, linked) = (tempdir().unwrap(), tempdir().unwrap());
    category(plain.path());
    for part in ["train", "test", "ground_truth"] {
        symlink(plain.path().join(part), linked.path().join(part)).unwrap();
    }
    let expected = load_with(plain.path(), OnBadFile::Fail).unwrap();
    let found = load_with(linked.path(), OnBadFile::Fail).unwrap();
    assert_eq!(found.sha256(), expected.sha256());
    assert_eq!((found.n(), found.masks()), (expected.n(), expected.masks()));

    let (plain, linked) = (tempdir().unwrap(), tempdir().unwrap());
    classes(plain.path());
    fs::create_dir_all(linked.path().join("train")).unwrap();
    symlink(plain.path().join("val"), linked.path().join("val")).unwrap();
    for class in ["cat", "dog", "owl"] {
        let class = Path::new("train").join(class);
        symlink(plain.path().join(&class), linked.path().join(&class)).unwrap();
    }
    let load_dog = |folder: &Path| {
        let name = format!("{}:dog", folder.display());
        load(&name, &Roots::of([]), &Loading::of(Protocol::OneClass)).unwrap()
    };
    let (expected, found) = (load_dog(plain.path()), load_dog(linked.path()));
    assert_eq!(found.sha256(), expected.sha256());
    assert_eq!(found.n(), expected.n());
}

/// `sha256sum` of the files of a folder, and of its lines: what is stored in results must stay.
#[test]
fn the_hash_of_a_folder_is_that_of_its_files_alone() {
    let dir = tempdir().unwrap();
    for name in ["cat/a.png", "dog/b.png"] {
        save(&dir.path().join(name), grey(2, 2, 0));
    }
    let load_cat = || {
        let name = format!("{}:cat", dir.path().display());
        let loading = Loading::of(Protocol::Semi).on_bad_file(OnBadFile::Skip);
        load(&name, &Roots::of([]), &loading).unwrap()
    };
    let hex = |bytes: &[u8]| -> String {
        let digest = Sha256::digest(bytes);
        digest.iter().map(|b| format!("{b:02x}")).collect()
    };
    let lines = ["cat/a.png", "dog/b.png"].map(|name| {
        let bytes = fs::read(dir.path().join(name)).unwrap();
        format!("{}  {name}\n", hex(&bytes))
    });
    let expected = hex(lines.concat().as_bytes());
    assert_eq!(load_cat().sha256(), Some(expected.as_str()));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", dir.path().join("dog/gone.png")).unwrap();
        let pipe = dir.path().join("dog/pipe.png");
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
        let found = load_cat();
        assert_eq!(found.sha256(), Some(expected.as_str()));
        assert_eq!((found.n(), found.skipped().len()), (2, 2));
    }
}

#[test]
fn stray_files_beside_images_and_masks_are_skipped_and_counted() {
    let stray = [
        "test/cut/000.json",
        "test/cut/notes.txt",
        "ground_truth/cut/notes.txt",
    ];
    let dir = spoilt(|dir| {
        for name in stray {
            fs::write(dir.join(name), "not at all").unwrap();
        }
    });
    let (set, skipped) = skipping(&dir);
    assert_eq!(skipped, stray.map(PathBuf::from));
    assert_eq!((set.n(), set.n_anomalies()), (8, 3));
    let plain = spoilt(|_| ());
    assert_eq!(
        set.masks(),
        load_with(plain.path(), OnBadFile::Fail).unwrap().masks()
    );
    // A mask or an image that is one still lacks the other.
    save(
        &dir.path().join("ground_truth/cut/007_mask.png"),
        mask(6, 4, 4),
    );
    assert!(refused(&dir, OnBadFile::Skip).contains("007_mask.png: no image for this mask"));
    save(&dir.path().join("test/cut/007.png"), grey(6, 4, 0));
    save(&dir.path().join("test/cut/008.png"), grey(6, 4, 0));
    assert!(refused(&dir, OnBadFile::Skip).contains("008.png: no mask for this image"));
}

#[test]
fn an_image_with_a_damaged_mask_is_left_out_or_an_error() {
    for bytes in [&b"not at all"[..], b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"] {
        let name = "ground_truth/bent/000_mask.png";
        let dir = spoilt(|dir| fs::write(dir.join(name), bytes).unwrap());
        assert!(refused(&dir, OnBadFile::Fail).starts_with(&format!("DIR/{name}: the image")));
        let (set, skipped) = skipping(&dir);
        assert_eq!(skipped, [Path::new("test/bent/000.png")]);
        assert!(
            set.skipped()[0].reason.contains(name),
            "{}",
            set.skipped()[0].reason
        );
        assert_eq!((set.n(), set.n_anomalies()), (7, 2));
        assert!(set.files()[3].ends_with("test/cut/000.png"));
        let split = Protocol::Mvtec.split(&set, 0).unwrap();
        let masked = split.test_masks.unwrap();
        assert!(masked[[0, 0, 4]] && !masked[[2, 0, 4]]);
    }
}

#[test]
fn two_masks_of_one_image_are_named_both() {
    let dir = spoilt(|dir| save(&dir.join("ground_truth/cut/000.png"), mask(6, 4, 2)));
    let expected = "DIR/ground_truth/cut/000_mask.png: a second mask for the image of \
                    DIR/ground_truth/cut/000.png";
    for on_bad_file in [OnBadFile::Fail, OnBadFile::Skip] {
        assert_eq!(refused(&dir, on_bad_file), expected);
    }
    fs::write(dir.path().join("ground_truth/cut/000.png"), "none").unwrap();
    let (set, skipped) = skipping(&dir);
    assert_eq!(skipped, [Path::new("ground_truth/cut/000.png")]);
    assert_eq!(set.n(), 8);
}

#[test]
fn masks_of_normal_images_are_black() {
    let black = spoilt(|dir| save(&dir.join("ground_truth/good/000_mask.png"), mask(6, 4, 6)));
    assert_eq!(load_with(black.path(), OnBadFile::Fail).unwrap().n(), 8);
    let white = spoilt(|dir| save(&dir.join("ground_truth/good/000_mask.png"), mask(6, 4, 5)));
    assert_eq!(
        refused(&white, OnBadFile::Fail),
        "DIR/ground_truth/good/000_mask.png: masks: found anomalous pixels, \
         expected none in the masks of normal images"
    );
}
