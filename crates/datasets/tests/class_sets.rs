//! Sets made of classes, from the official archives' own files, and MNIST-C.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::fs;
use std::path::Path;

use datasets::{Corruption, Data, Dataset, Label, Loading, Protocol, Roots, corrupt, find, load};
use ndarray::{Array4, Axis};
use sha2::{Digest, Sha256};
use tempfile::tempdir;
use zip::CompressionMethod;

fn images(set: &Dataset) -> &Array4<u8> {
    match set.data() {
        Data::Images(images) => images,
        _ => panic!("images expected"),
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn idx(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, shape.len() as u8];
    out.extend(shape.iter().flat_map(|axis| axis.to_be_bytes()));
    out.extend(data);
    out
}

/// Every image full of its number within the file.
fn mnist_part(folder: &Path, part: &str, classes: &[u8]) {
    let n = classes.len() as u32;
    let pixels: Vec<u8> = (0..n).flat_map(|i| [i as u8; 6]).collect();
    write(
        &folder.join(format!("{part}-images-idx3-ubyte")),
        &idx(&[n, 2, 3], &pixels),
    );
    write(
        &folder.join(format!("{part}-labels-idx1-ubyte")),
        &idx(&[n], classes),
    );
}

#[test]
fn idx_files_as_torchvision_leaves_them_with_and_without_the_training_part() {
    let dir = tempdir().unwrap();
    let roots = Roots::of([dir.path().to_owned()]);
    let folder = dir.path().join("MNIST/raw");
    mnist_part(&folder, "t10k", &[7, 1, 7, 7, 2]);
    let set = find("MNIST_7@pixels").unwrap().load(&roots).unwrap();
    // Three sevens; 5 % of so few are none.
    assert_eq!((set.n(), set.n_anomalies()), (3, 0));
    let one_class = Loading::of(Protocol::OneClass);
    let error = load("MNIST_7@pixels", &roots, &one_class).unwrap_err();
    assert!(
        error.to_string().contains("train-images-idx3-ubyte"),
        "{error}"
    );
    mnist_part(&folder, "train", &[0, 7, 7]);
    let set = load("MNIST_7@pixels", &roots, &one_class).unwrap();
    let split = Protocol::OneClass.split(&set, 0).unwrap();
    assert_eq!(
        (split.train.len(), split.test.len(), split.n_anomalies()),
        (2, 5, 2)
    );
    let Data::Images(train) = &split.train else {
        panic!()
    };
    assert_eq!(train.dim(), (2, 1, 2, 3));
    assert_eq!((train[[0, 0, 1, 2]], train[[1, 0, 0, 0]]), (1, 2));
}

#[test]
fn cifars_binary_archives_are_read_plane_by_plane() {
    let dir = tempdir().unwrap();
    let roots = Roots::of([dir.path().to_owned()]);
    // Red counts columns, green rows; blue is the class.
    let record = |labels: &[u8], class: u8| -> Vec<u8> {
        let plane = |f: &dyn Fn(usize) -> u8| (0..1024).map(f).collect::<Vec<u8>>();
        [
            labels.to_vec(),
            plane(&|i| (i % 32) as u8),
            plane(&|i| (i / 32) as u8),
            plane(&|_| class),
        ]
        .concat()
    };
    let folder = dir.path().join("cifar10/cifar-10-batches-bin");
    for batch in 1..=5 {
        let name = format!("data_batch_{batch}.bin");
        write(
            &folder.join(name),
            &[record(&[4], 4), record(&[1], 1)].concat(),
        );
    }
    write(
        &folder.join("test_batch.bin"),
        &[record(&[4], 4), record(&[9], 9)].concat(),
    );
    let set = load("CIFAR10_4@pixels", &roots, &Loading::of(Protocol::OneClass)).unwrap();
    let split = Protocol::OneClass.split(&set, 0).unwrap();
    assert_eq!(
        (split.train.len(), split.test.len(), split.n_anomalies()),
        (5, 2, 1)
    );
    let first = images(&set).index_axis(Axis(0), 0);
    assert_eq!([0, 1, 2].map(|c| first[[c, 7, 19]]), [19, 7, 4]);

    let folder = dir.path().join("cifar-100-binary");
    write(
        &folder.join("train.bin"),
        &[record(&[19, 3], 19), record(&[0, 99], 0)].concat(),
    );
    write(&folder.join("test.bin"), &record(&[19, 50], 19));
    let set = load(
        "CIFAR100_19@pixels",
        &roots,
        &Loading::of(Protocol::LeaveOut),
    )
    .unwrap();
    assert_eq!((set.n(), set.n_anomalies()), (2, 1));

    write(&folder.join("test.bin"), &record(&[19, 50], 19)[..3000]);
    let error = find("CIFAR100_0@pixels").unwrap().load(&roots).unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with("found 3000 bytes, expected records of 3074 bytes"),
        "{text}"
    );
    write(&folder.join("test.bin"), &record(&[20, 50], 19));
    let error = find("CIFAR100_0@pixels").unwrap().load(&roots).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("found 20, expected a class below 20"),
        "{error}"
    );
}

#[test]
fn cifars_npz_has_two_parts() {
    let dir = tempdir().unwrap();
    let roots = Roots::of([dir.path().to_owned()]);
    let folder = dir.path().join("cifar10");
    fs::create_dir(&folder).unwrap();
    let load = |split: [u8; 3]| {
        let images = common::npy("|u1", false, "(3, 32, 32, 3)", &[7; 3 * 3072]);
        let entries = [
            ("images.npy", images),
            ("labels.npy", common::y(&[4, 4, 1])),
            ("split.npy", common::y(&split)),
        ];
        common::npz(
            &folder,
            "cifar10_13k.npz",
            &entries,
            CompressionMethod::Deflated,
        );
        load("CIFAR10_4@pixels", &roots, &Loading::of(Protocol::OneClass))
    };
    let set = load([0, 1, 1]).unwrap();
    let split = Protocol::OneClass.split(&set, 0).unwrap();
    assert_eq!((split.train.len(), split.test.len()), (1, 2));
    let error = load([0, 2, 1]).unwrap_err().to_string();
    let expected = "the part of image 1: found 2, expected 0 (train) or 1 (test)";
    assert!(error.ends_with(expected), "{error}");
}

/// A MAT-file of `X` `[32, 32, 3, n]` and `y` `[n, 1]`; red counts rows, green columns, blue images.
fn svhn_file(path: &Path, digits: &[u8]) {
    let element = |kind: u32, data: &[u8]| -> Vec<u8> {
        let mut out = kind.to_le_bytes().to_vec();
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    };
    let array = |name: &[u8], shape: &[u32], data: &[u8]| -> Vec<u8> {
        let shape: Vec<u8> = shape.iter().flat_map(|axis| axis.to_le_bytes()).collect();
        let parts = [
            element(6, &[9, 0, 0, 0, 0, 0, 0, 0]),
            element(5, &shape),
            element(1, name),
            element(2, data),
        ];
        element(14, &parts.concat())
    };
    let n = digits.len();
    let mut pixels = Vec::new();
    for image in 0..n {
        for channel in 0..3 {
            for column in 0..32 {
                pixels.extend((0..32).map(|row| [row, column, image as u8][channel]));
            }
        }
    }
    let mut file = vec![b' '; 124];
    file.extend([0x00, 0x01, b'I', b'M']);
    file.extend(array(b"X", &[32, 32, 3, n as u32], &pixels));
    file.extend(array(b"y", &[n as u32, 1], digits));
    write(path, &file);
}

#[test]
fn svhns_matlab_files_call_zero_ten() {
    let dir = tempdir().unwrap();
    let roots = Roots::of([dir.path().to_owned()]);
    svhn_file(&dir.path().join("svhn/test_32x32.mat"), &[10, 3, 10]);
    svhn_file(&dir.path().join("svhn/train_32x32.mat"), &[5, 10]);
    let set = load("SVHN_0@pixels", &roots, &Loading::of(Protocol::OneClass)).unwrap();
    let split = Protocol::OneClass.split(&set, 0).unwrap();
    assert_eq!(
        (split.train.len(), split.test.len(), split.n_anomalies()),
        (1, 3, 1)
    );
    let last = images(&set).index_axis(Axis(0), 3);
    assert_eq!([0, 1, 2].map(|c| last[[c, 7, 19]]), [7, 19, 2]);
}

#[test]
fn corrupted_sets_hold_no_image_twice() {
    let roots = Roots::of([Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")]);
    let clean = find("FashionMNIST-C_identity@pixels")
        .unwrap()
        .load(&roots)
        .unwrap();
    let foggy = find("FashionMNIST-C_fog@pixels")
        .unwrap()
        .load(&roots)
        .unwrap();
    assert_eq!((foggy.n(), foggy.n_anomalies()), (10_000, 500));
    assert_eq!(clean.labels(), foggy.labels());
    let rows: Vec<usize> = (0..10_000)
        .filter(|&row| foggy.labels()[row] == Label::Anomaly)
        .collect();
    // Normal rows are the test set's, anomalous ones its corrupted images, each in its place.
    let originals = images(&clean).select(Axis(0), &rows);
    let expected = corrupt(&originals, Corruption::Fog, 0, &rows).unwrap();
    for (row, (a, b)) in images(&clean)
        .outer_iter()
        .zip(images(&foggy).outer_iter())
        .enumerate()
    {
        match rows.binary_search(&row) {
            Err(_) => assert_eq!(a, b, "row {row}"),
            Ok(at) => assert_eq!(b, expected.index_axis(Axis(0), at), "row {row}"),
        }
    }
    // numpy: RandomState(0).permutation(10000)[:500].
    assert_eq!((rows[0], rows[499]), (9, 9983));
    let split = Protocol::SemiRandom.split(&foggy, 3).unwrap();
    assert_eq!((split.train.len(), split.test.len()), (4750, 5250));
    let small = find("FashionMNIST-C_stripe@pixels14")
        .unwrap()
        .load(&roots)
        .unwrap();
    assert_eq!(images(&small).dim(), (10_000, 1, 14, 14));
}

/// SHA-256 of the pixels of the sets that the paper's table names, made on a machine without data.
const CORRUPTED_FASHION: [(&str, &str); 5] = [
    (
        "spatter",
        "a23abccca83bcc5be2c71d1b2b2af43d8a28f9eea9be45f43acf380ba0410297",
    ),
    (
        "dotted_line",
        "a7aa5570493432e5eaa8bf38c4b3b31279938fb01d42ecfbfa6badf64af43997",
    ),
    (
        "shot_noise",
        "88640b6c4f71ef615d8206ff39a32f7f64f70f3444aed33f943faadab7e2549b",
    ),
    (
        "shear",
        "8d17e27508b5ad4f06a9a58a4747966ad6104a04d312d888f050028dd9e1ceba",
    ),
    (
        "fog",
        "94949536dc8a64d18645e6b18da27981cc58367fe83cd394ff9d0dec306538a9",
    ),
];

#[test]
fn corrupted_fashion_is_the_same_everywhere_and_shares_its_clean_images() {
    let roots = Roots::of([Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")]);
    let load = |name: &str| {
        let entry = find(&format!("FashionMNIST-C_{name}@pixels")).unwrap();
        entry.load(&roots).unwrap()
    };
    let clean = load("identity");
    let train = Protocol::Semi.split(&clean, 0).unwrap().train;
    let found = CORRUPTED_FASHION.map(|(name, _)| {
        let set = load(name);
        assert_eq!(images(&set).dim(), (10_000, 1, 28, 28));
        assert_eq!(set.labels(), clean.labels());
        for (row, label) in set.labels().iter().enumerate() {
            let [is, was] = [&set, &clean].map(|set| images(set).index_axis(Axis(0), row));
            assert_eq!(is == was, *label == Label::Normal, "{name}, row {row}");
        }
        // One network serves them all.
        assert_eq!(Protocol::Semi.split(&set, 0).unwrap().train, train);
        let pixels = Sha256::digest(images(&set).as_slice().unwrap());
        let pixels: String = pixels.iter().map(|byte| format!("{byte:02x}")).collect();
        (name, pixels)
    });
    assert_eq!(
        found,
        CORRUPTED_FASHION.map(|(name, hash)| (name, hash.to_owned()))
    );
}
