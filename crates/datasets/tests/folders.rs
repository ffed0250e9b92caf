//! Folders of images in the layouts of public data sets, whole and broken.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

#[path = "common/pictures.rs"]
mod pictures;

use std::fs;
use std::path::Path;

use datasets::{
    Data, Dataset, DatasetError, ErrorKind, Label, Loading, OnBadFile, Protocol, Roots, catalogue,
    find, load,
};
use ndarray::Array4;
use pictures::{category, classes, colour, grey, mask, save};
use tempfile::tempdir;

fn load_as(name: &str, protocol: Protocol) -> Result<Dataset, DatasetError> {
    load(name, &Roots::of([]), &Loading::of(protocol))
}

fn images(set: &Dataset) -> &Array4<u8> {
    match set.data() {
        Data::Images(images) => images,
        _ => panic!("images expected"),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_category_is_split_as_its_folders_say_and_keeps_its_masks() {
    let dir = tempdir().unwrap();
    category(dir.path());
    let set = load_as(text(dir.path()), Protocol::Mvtec).unwrap();
    // train/good, then test/bent, test/cut, test/good.
    assert_eq!(images(&set).dim(), (8, 1, 4, 6));
    assert_eq!(set.n_anomalies(), 3);
    assert_eq!(images(&set)[[4, 0, 3, 2]], 100 + 30 + 2);
    assert_eq!(set.sha256().unwrap().len(), 64);

    let split = Protocol::Mvtec.split(&set, 7).unwrap();
    assert_eq!(split.train_rows, [0, 1, 2]);
    assert_eq!(split.test_rows, [3, 4, 5, 6, 7]);
    let masks = split.test_masks.as_ref().unwrap();
    assert_eq!(masks.dim(), (5, 4, 6));
    for (row, mask) in masks.outer_iter().enumerate() {
        let anomalous = split.test_labels[row] == Label::Anomaly;
        for ((_, x), &pixel) in mask.indexed_iter() {
            assert_eq!(pixel, anomalous && x >= 4, "image {row}, column {x}");
        }
    }
    // Other protocols take the masks along as well.
    let split = Protocol::Semi.split(&set, 0).unwrap();
    assert_eq!(split.test_masks.unwrap().dim().0, split.test_rows.len());
    // Its class that trains is one class; there is none to leave out.
    let set = load_as(text(dir.path()), Protocol::OneClass).unwrap();
    let split = Protocol::OneClass.split(&set, 7).unwrap();
    assert_eq!((split.train_rows.len(), split.n_anomalies()), (3, 3));
    let error = load_as(text(dir.path()), Protocol::LeaveOut)
        .and_then(|set| Protocol::LeaveOut.split(&set, 0))
        .unwrap_err();
    assert!(matches!(error, DatasetError::NoDivision { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[test]
fn a_size_resizes_images_and_masks_alike() {
    let dir = tempdir().unwrap();
    category(dir.path());
    // The middle square of 6 × 4 is columns 1 to 4, of which the last is anomalous.
    let name = format!("{}@pixels2", text(dir.path()));
    let set = load_as(&name, Protocol::Mvtec).unwrap();
    assert_eq!(set.name(), name);
    assert_eq!(images(&set).dim(), (8, 1, 2, 2));
    // Half of the area of the right column is anomalous: exactly enough.
    let masks = set.masks().unwrap();
    assert_eq!(
        masks.index_axis(ndarray::Axis(0), 3),
        ndarray::array![[false, true], [false, true]]
    );
    assert!(!masks.index_axis(ndarray::Axis(0), 0).iter().any(|&m| m));
}

#[test]
fn visas_layout_names_masks_as_images() {
    let dir = tempdir().unwrap();
    let folder = dir.path();
    save(&folder.join("train/good/0000.JPG"), colour(8, 8, 3));
    save(&folder.join("test/good/0001.JPG"), colour(8, 8, 4));
    save(&folder.join("test/bad/000.JPG"), colour(8, 8, 5));
    save(&folder.join("ground_truth/bad/000.png"), mask(8, 8, 7));
    let set = load_as(text(folder), Protocol::Mvtec).unwrap();
    assert_eq!(images(&set).dim(), (3, 3, 8, 8));
    let row = set
        .labels()
        .iter()
        .position(|&l| l == Label::Anomaly)
        .unwrap();
    let mask = set.masks().unwrap().index_axis(ndarray::Axis(0), row);
    assert_eq!(mask.iter().filter(|&&m| m).count(), 8);
}

#[test]
fn broken_categories_are_named() {
    let broken = |spoil: &dyn Fn(&Path)| {
        let dir = tempdir().unwrap();
        category(dir.path());
        spoil(dir.path());
        let error = load_as(text(dir.path()), Protocol::Mvtec).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadData);
        (error.to_string().replace(text(dir.path()), "DIR"), error)
    };
    let remove = |file: &'static str| move |dir: &Path| fs::remove_file(dir.join(file)).unwrap();

    let (message, _) = broken(&remove("ground_truth/cut/001_mask.png"));
    assert_eq!(
        message,
        "DIR/test/cut/001.png: no mask for this image, expected DIR/ground_truth/cut/001_mask.png"
    );
    let (message, _) = broken(&remove("test/cut/000.png"));
    assert_eq!(
        message,
        "DIR/ground_truth/cut/000_mask.png: no image for this mask, expected DIR/test/cut/000"
    );
    let (_, error) = broken(&|dir| fs::remove_dir_all(dir.join("ground_truth/cut")).unwrap());
    assert!(matches!(error, DatasetError::ImageWithoutMask { .. }));
    let (_, error) = broken(&|dir| fs::remove_dir_all(dir.join("test/cut")).unwrap());
    assert!(matches!(error, DatasetError::MaskWithoutImage { .. }));
    let (message, _) = broken(&|dir| {
        save(&dir.join("ground_truth/bent/000_mask.png"), mask(4, 6, 2));
    });
    assert_eq!(
        message,
        "DIR/ground_truth/bent/000_mask.png: 4 × 6 pixels, expected 6 × 4 as DIR/test/bent/000.png has"
    );
    let (message, error) = broken(&|dir| save(&dir.join("test/cut/001.png"), grey(7, 4, 0)));
    assert_eq!(
        message,
        "DIR/test/cut/001.png: 7 × 4 pixels, but DIR/train/good/000.png has 6 × 4"
    );
    assert!(format!("{:?}", error.way_out()).contains("@pixels256"));
    let (message, _) = broken(&|dir| {
        fs::remove_dir_all(dir.join("test/good")).unwrap();
        fs::create_dir(dir.join("test/good")).unwrap();
    });
    assert_eq!(message, "DIR/test/good: no images in it");
    let (message, _) =
        broken(&|dir| fs::write(dir.join("test/cut/000.png"), "not at all").unwrap());
    assert_eq!(
        message,
        "DIR/test/cut/000.png: the image: found the text \"not at all\", expected a PNG, JPEG, BMP or TIFF image"
    );
    let (message, _) = broken(&|dir| fs::create_dir(dir.join("train/scratched")).unwrap());
    assert!(
        message.starts_with("DIR/train: found good, scratched"),
        "{message}"
    );
}

#[test]
fn bad_files_are_skipped_and_counted_on_demand() {
    let dir = tempdir().unwrap();
    category(dir.path());
    fs::write(dir.path().join("test/cut/000.png"), "not at all").unwrap();
    fs::write(dir.path().join("train/good/.hidden"), "passed over").unwrap();
    let loading = Loading::of(Protocol::Mvtec).on_bad_file(OnBadFile::Skip);
    let set = load(text(dir.path()), &Roots::of([]), &loading).unwrap();
    assert_eq!((set.n(), set.n_anomalies()), (7, 2));
    assert_eq!(set.masks().unwrap().dim(), (7, 4, 6));
    assert_eq!(set.skipped().len(), 1);
    assert!(set.skipped()[0].path.ends_with("test/cut/000.png"));
    // Files stay beside their images where one before them is left out.
    let ends = ["cut/001.png", "good/000.png"];
    assert!(set.files()[4].ends_with(ends[0]) && set.files()[5].ends_with(ends[1]));
    assert_eq!(set.files().len(), set.n());
    assert_eq!(Protocol::Mvtec.split(&set, 0).unwrap().test_rows.len(), 4);
}

#[test]
fn class_folders_follow_their_division() {
    let dir = tempdir().unwrap();
    classes(dir.path());
    let name = format!("{}:dog", text(dir.path()));
    let blues = |set: &Dataset, rows: &[usize]| -> Vec<u8> {
        rows.iter()
            .map(|&row| images(set)[[row, 2, 0, 0]])
            .collect()
    };

    let set = load_as(&name, Protocol::OneClass).unwrap();
    let split = Protocol::OneClass.split(&set, 0).unwrap();
    assert_eq!(blues(&set, &split.train_rows), [100, 101, 102, 103]);
    assert_eq!(blues(&set, &split.test_rows), [10, 11, 110, 111, 210, 211]);
    assert_eq!(split.n_anomalies(), 4);
    assert!(set.files()[split.test_rows[3]].ends_with("val/dog/1.png"));

    let set = load_as(&name, Protocol::LeaveOut).unwrap();
    let split = Protocol::LeaveOut.split(&set, 0).unwrap();
    assert_eq!(
        blues(&set, &split.train_rows),
        [0, 1, 2, 3, 200, 201, 202, 203]
    );
    assert_eq!(split.test_rows.len(), 6);
    assert_eq!(split.n_anomalies(), 2);
    // A set loaded for one protocol has another protocol's labels.
    assert!(Protocol::OneClass.split(&set, 0).is_err());

    // Without a division in the protocol everything is there.
    let set = load_as(&name, Protocol::Semi).unwrap();
    assert_eq!((set.n(), set.n_anomalies()), (18, 12));

    for (name, found) in [
        (
            text(dir.path()).to_owned(),
            "no class was named, expected one of cat, dog, owl",
        ),
        (
            format!("{}:cow", text(dir.path())),
            "no class `cow`, expected one of cat, dog, owl",
        ),
    ] {
        let error = load_as(&name, Protocol::Semi).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: {found}", dir.path().display())
        );
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}

#[test]
fn mini_imagenets_tables_name_classes_and_files() {
    let dir = tempdir().unwrap();
    let folder = dir.path();
    for (table, class) in [("train", "n02"), ("val", "n01"), ("test", "n03")] {
        let mut lines = "filename,label\n".to_owned();
        for i in 0..3 {
            save(
                &folder.join(format!("images/{class}{i}.png")),
                grey(4, 4, i),
            );
            lines += &format!("{class}{i}.png,{class}\n");
        }
        fs::write(folder.join(format!("{table}.csv")), lines).unwrap();
    }
    let name = format!("{}:n01@pixels3", text(folder));
    let set = load_as(&name, Protocol::SemiRandom).unwrap();
    assert_eq!(images(&set).dim(), (9, 1, 3, 3));
    assert_eq!(set.n_anomalies(), 6);
    let error = load_as(&name, Protocol::OneClass).unwrap_err();
    assert!(format!("{:?}", error.way_out()).contains("semi-random"));
    fs::write(folder.join("val.csv"), "filename,label\na,b,c\n").unwrap();
    let error = load_as(&name, Protocol::Semi).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("line 2: found \"a,b,c\", expected filename,label"),
        "{error}"
    );
}

#[test]
fn mini_imagenets_tables_may_come_from_a_spreadsheet() {
    let dir = tempdir().unwrap();
    for name in ["a.png", "b.png"] {
        save(&dir.path().join("images").join(name), grey(4, 4, 0));
    }
    let table = "\u{feff}filename,label\r\na.png, n01 \r\nb.png ,n02\r\n";
    fs::write(dir.path().join("train.csv"), table).unwrap();
    let set = load_as(&format!("{}:n01", text(dir.path())), Protocol::Semi).unwrap();
    assert_eq!((set.n(), set.n_anomalies()), (2, 1));
    fs::write(dir.path().join("train.csv"), "a.png, \n").unwrap();
    assert!(load_as(&format!("{}:n01", text(dir.path())), Protocol::Semi).is_err());
}

#[test]
fn class_folders_are_read_with_all_below_them() {
    let dir = tempdir().unwrap();
    for name in ["cat/a.png", "dog/a.png", "dog/2021/b.png", "dog/c.png"] {
        save(&dir.path().join(name), grey(4, 4, 0));
    }
    let name = format!("{}:dog", text(dir.path()));
    let set = load_as(&name, Protocol::Semi).unwrap();
    let ends = ["cat/a.png", "dog/2021/b.png", "dog/a.png", "dog/c.png"];
    assert!(
        set.files()
            .iter()
            .zip(ends)
            .all(|(file, end)| file.ends_with(end))
    );
    assert_eq!((set.n(), set.n_anomalies()), (4, 1));
    // A folder of whole sets is not a folder of classes.
    category(&dir.path().join("dog"));
    let error = load_as(&name, Protocol::Semi).unwrap_err();
    assert!(matches!(error, DatasetError::Layout { .. }), "{error}");
}

#[test]
fn folders_in_no_layout_and_absent_ones_are_named() {
    let dir = tempdir().unwrap();
    let error = load_as(text(dir.path()), Protocol::Semi).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("found no folders, expected one folder for each class")
    );
    let gone = dir.path().join("gone@pixels64");
    assert_eq!(
        load_as(text(&gone), Protocol::Semi).unwrap_err().kind(),
        ErrorKind::Missing
    );
    let size = format!("{}@pixels0", text(dir.path()));
    let error = load_as(&size, Protocol::Semi).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown image size `0`, expected one of 1 to 4096"
    );
}

/// The real sets, where they are: counts as their sources say.
#[test]
fn real_sets_load_and_split() {
    let roots = Roots::discover(None).unwrap();
    if find("MVTec-AD_screw@pixels")
        .unwrap()
        .locate(&roots)
        .is_none()
    {
        skipped::because("no data (set RESIDUUM_DATA)");
        return;
    }
    let split = |name: &str, protocol: Protocol| {
        let set = load(name, &roots, &Loading::of(protocol)).unwrap();
        let split = protocol.split(&set, 0).unwrap();
        (
            split.train_rows.len(),
            split.test_rows.len(),
            split.n_anomalies(),
            set,
        )
    };
    let (train, test, anomalies, set) = split("MVTec-AD_screw@pixels", Protocol::Mvtec);
    assert_eq!((train, test, anomalies), (320, 160, 119));
    assert_eq!(images(&set).dim(), (480, 1, 256, 256));
    // No defect is without a pixel, no normal image with one.
    for (label, mask) in set.labels().iter().zip(set.masks().unwrap().outer_iter()) {
        assert_eq!(*label == Label::Anomaly, mask.iter().any(|&m| m));
    }
    let (train, test, anomalies, set) = split("MVTec-AD_toothbrush@pixels64", Protocol::Mvtec);
    assert_eq!((train, test, anomalies), (48, 42, 30));
    assert_eq!(images(&set).dim(), (90, 3, 64, 64));
    let (train, test, anomalies, set) = split("Imagenette_3@pixels32", Protocol::OneClass);
    assert_eq!((train, test, anomalies), (120, 500, 450));
    assert_eq!(images(&set).dim().1, 3);
    let (train, test, anomalies, _) = split("Imagenette_3@pixels16", Protocol::LeaveOut);
    assert_eq!((train, test, anomalies), (1080, 500, 50));
    let (train, test, anomalies, set) = split("CIFAR10_4@pixels", Protocol::OneClass);
    assert_eq!((train, test, anomalies), (1000, 3000, 2700));
    assert_eq!(images(&set).dim(), (4000, 3, 32, 32));
    let (train, test, anomalies, _) = split("MNIST_0@pixels", Protocol::Semi);
    assert_eq!((train, test, anomalies), (490, 490 + 52, 52));
    let error = load("MNIST_0@pixels", &roots, &Loading::of(Protocol::OneClass)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    // As many images sets are listed as present as there are on disk.
    let present = catalogue().iter().filter(|entry| {
        entry.representation() == datasets::Representation::Pixels && entry.locate(&roots).is_some()
    });
    assert!(present.count() >= 10 + 10 + 10 + 10 + 2);
}
