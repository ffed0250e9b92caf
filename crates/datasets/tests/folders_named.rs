//! Folders under other names, with clutter, links and masks in folders of their own.
#![allow(clippy::unwrap_used)]

#[path = "common/pictures.rs"]
mod pictures;

use std::fs;
use std::path::Path;

use datasets::{
    Data, Dataset, DatasetError, ErrorKind, Loading, Name, Protocol, Roots, load, load_lite0_images,
};
use pictures::{grey, mask, save};
use tempfile::tempdir;

fn open(path: &Path) -> Result<Dataset, DatasetError> {
    open_as(path, Protocol::Semi)
}

fn open_as(path: &Path, protocol: Protocol) -> Result<Dataset, DatasetError> {
    let loading = Loading::of(protocol);
    load(path.to_str().unwrap(), &Roots::of([]), &loading)
}

/// The error and the way out of bad data, in one text.
#[track_caller]
fn refused(path: &Path) -> String {
    let error = open(path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData, "{error}");
    format!("{error}\n{:?}", error.way_out().expect("a way out"))
}

/// MVTec AD's layout with other names: 4 images train, 2 normal and 2 anomalous ones test.
fn one_class(folder: &Path, train: &str, normal: &str, anomalous: &str) {
    for i in 0..4 {
        save(
            &folder.join(format!("train/{train}/{i}.png")),
            grey(6, 4, i),
        );
    }
    for i in 0..2 {
        save(
            &folder.join(format!("test/{normal}/{i}.png")),
            grey(6, 4, 40 + i),
        );
        save(
            &folder.join(format!("test/{anomalous}/{i}.png")),
            grey(6, 4, 90 + i),
        );
    }
}

#[test]
fn the_class_that_trains_alone_is_normal_where_it_is_called_so() {
    for (train, normal, anomalous) in [
        ("good", "good", "hole"),
        ("normal", "normal", "abnormal"),
        ("ok", "ok", "ko"),
        ("OK", "OK", "NG"),
        ("Good", "good", "Bad"),
        ("NORMAL", "NORMAL", "Anomaly"),
    ] {
        let dir = tempdir().unwrap();
        one_class(dir.path(), train, normal, anomalous);
        for protocol in [Protocol::Mvtec, Protocol::OneClass] {
            let set = open_as(dir.path(), protocol).unwrap();
            let split = protocol.split(&set, 0).unwrap();
            let counts = (
                split.train_rows.len(),
                split.test_rows.len(),
                split.n_anomalies(),
            );
            assert_eq!(counts, (4, 4, 2), "{train}");
        }
    }
    let dir = tempdir().unwrap();
    one_class(dir.path(), "screws", "screws", "broken");
    let text = refused(dir.path());
    assert!(
        text.contains("CLASS: ") && !text.contains(":broken"),
        "{text}"
    );
    let named = format!("{}:screws", dir.path().display());
    let set = load(&named, &Roots::of([]), &Loading::of(Protocol::Mvtec)).unwrap();
    assert_eq!((set.n(), set.n_anomalies()), (8, 2));
}

#[test]
fn no_hint_could_train_on_the_anomalies() {
    for (names, suggestion) in [
        (["abnormal_dir", "normal_dir"], ":normal_dir"),
        (["NG", "part"], ":CLASS"),
        (["defect", "undefective"], ":CLASS"),
    ] {
        let dir = tempdir().unwrap();
        for name in names {
            save(&dir.path().join(name).join("0.png"), grey(4, 4, 0));
        }
        let error = open(dir.path()).unwrap_err();
        let hint = format!("{:?}", error.way_out());
        assert!(hint.contains(suggestion), "{hint}");
    }
    let dir = tempdir().unwrap();
    for name in ["NG", "OK"] {
        save(&dir.path().join(name).join("0.png"), grey(4, 4, 0));
    }
    let set = open(dir.path()).unwrap();
    assert_eq!((set.n(), set.n_anomalies()), (2, 1));
    assert!(set.files()[0].ends_with("NG/0.png"));
    assert_eq!(set.labels()[0], datasets::Label::Anomaly);
    // Images right in train: the error names it.
    let dir = tempdir().unwrap();
    save(&dir.path().join("train/0.png"), grey(4, 4, 0));
    save(&dir.path().join("test/good/0.png"), grey(4, 4, 0));
    let text = refused(dir.path());
    assert!(
        text.starts_with(&format!(
            "{}/train: found no folders, but 1 files",
            dir.path().display()
        )),
        "{text}"
    );
}

#[test]
fn mvtec_loco_has_a_folder_of_masks_for_each_image() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    one_class(dir.path(), "good", "good", "logical_anomalies");
    save(&at("validation/good/0.png"), grey(6, 4, 7));
    for i in 0..2 {
        let masks = at(&format!("ground_truth/logical_anomalies/{i}"));
        // Of any value but 0: columns 4 and 5, and the first row.
        save(
            &masks.join("000.png"),
            image::GrayImage::from_fn(6, 4, |x, _| image::Luma([u8::from(x >= 4)])),
        );
        save(
            &masks.join("001.png"),
            image::GrayImage::from_fn(6, 4, |_, y| image::Luma([if y == 0 { 236 } else { 0 }])),
        );
    }
    let set = open_as(dir.path(), Protocol::Mvtec).unwrap();
    assert_eq!((set.n(), set.n_anomalies()), (8, 2));
    let masks = set.masks().unwrap();
    for (label, mask) in set.labels().iter().zip(masks.outer_iter()) {
        let n = mask.iter().filter(|&&pixel| pixel).count();
        assert_eq!(
            n,
            if *label == datasets::Label::Anomaly {
                2 * 4 + 6 - 2
            } else {
                0
            }
        );
    }
    assert_eq!(set.skipped().len(), 1);
    assert!(set.skipped()[0].path.ends_with("validation"));
    // A folder of masks without an image.
    save(
        &at("ground_truth/logical_anomalies/9/000.png"),
        mask(6, 4, 4),
    );
    let error = open_as(dir.path(), Protocol::Mvtec)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("9/000.png: no image for this mask, expected"),
        "{error}"
    );
    assert!(error.ends_with("test/logical_anomalies/9"), "{error}");
}

#[test]
fn clutter_is_passed_over_everywhere_and_counted() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    one_class(dir.path(), "good", "good", "hole");
    for i in 0..2 {
        save(&at(&format!("ground_truth/hole/{i}.png")), mask(6, 4, 4));
    }
    let before = open_as(dir.path(), Protocol::Mvtec).unwrap();
    assert_eq!(before.passed_over().n(), 0);
    for folder in [
        "",
        "train",
        "train/good",
        "test",
        "test/hole",
        "ground_truth",
        "ground_truth/hole",
    ] {
        for name in ["Thumbs.db", "Desktop.INI", ".DS_Store", "._0.png"] {
            fs::write(at(folder).join(name), "no image").unwrap();
        }
        for name in ["@eaDir", "__MACOSX", "$RECYCLE.BIN"] {
            save(&at(folder).join(name).join("0.png"), grey(2, 2, 0));
        }
    }
    let set = open_as(dir.path(), Protocol::Mvtec).unwrap();
    assert_eq!(
        (set.data(), set.masks(), set.sha256()),
        (before.data(), before.masks(), before.sha256())
    );
    assert_eq!(set.passed_over().n(), 7 * 7);
    assert!(
        set.passed_over()
            .warning()
            .unwrap()
            .starts_with("49 files and folders")
    );
    let (files, passed_over) =
        datasets::list_images_counted(dir.path(), datasets::OnBadFile::Fail).unwrap();
    assert_eq!((files.len(), passed_over.n()), (10, 49));
}

#[test]
#[cfg(target_os = "linux")]
fn folders_that_link_to_each_other_are_walked_once_and_those_of_the_kernel_never() {
    let dir = tempdir().unwrap();
    const N: usize = 12;
    for k in 0..N {
        let folder = dir.path().join(format!("good/{k}"));
        save(&folder.join("a.png"), grey(4, 4, 0));
        for other in (0..N).filter(|&other| other != k) {
            std::os::unix::fs::symlink(format!("../{other}"), folder.join(other.to_string()))
                .unwrap();
        }
    }
    save(&dir.path().join("bad/a.png"), grey(4, 4, 0));
    let set = open(dir.path()).unwrap();
    assert_eq!((set.n(), set.n_anomalies()), (N + 1, 1));
    for folder in ["/sys", "/proc/self"] {
        assert!(refused(Path::new(folder)).contains("files of the kernel"));
        assert!(datasets::list_images(folder).is_err());
    }
    let mut deep = dir.path().join("good/deep");
    for _ in 0..80 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    assert!(refused(dir.path()).contains("folders more than 64 deep"));
}

#[test]
fn images_of_several_sizes_become_squares_of_one_before_they_are_vectors() {
    let dir = tempdir().unwrap();
    for (kind, side) in [("train/good", 5), ("test/good", 5), ("test/bent", 7)] {
        save(&dir.path().join(kind).join("0.png"), grey(side, side, 0));
    }
    let read = |name: &str| {
        let name: Name = format!("{}{name}", dir.path().display()).parse().unwrap();
        load_lite0_images(&name, &Roots::of([]), &Loading::of(Protocol::Mvtec))
    };
    let size = |name: &str| {
        let (set, resized) = read(name).unwrap();
        match set.data() {
            Data::Images(images) => (images.dim().0, images.dim().2, images.dim().3, resized),
            _ => panic!("images were written"),
        }
    };
    assert_eq!(size("@lite0"), (3, 128, 128, Some(128)));
    assert_eq!(size("@pixels6@lite0"), (3, 6, 6, None));
    let error = read("@pixels@lite0").unwrap_err();
    assert!(matches!(error, DatasetError::MixedSizes { .. }), "{error}");
    save(&dir.path().join("test/bent/0.png"), grey(5, 5, 0));
    assert_eq!(size("@lite0"), (3, 5, 5, None));
}
