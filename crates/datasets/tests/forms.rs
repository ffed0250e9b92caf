//! Files in another form than the one that is read: each is named, with the way to convert it.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/pictures.rs"]
mod pictures;

use std::fs;
use std::path::Path;

use common::{npy, npz, x, y};
use datasets::{Data, Dataset, DatasetError, ErrorKind, Loading, OnBadFile, Protocol, Roots, load};
use pictures::{grey, save};
use tempfile::tempdir;
use zip::CompressionMethod;

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

fn archive(dir: &Path, name: &str, entries: &[(&str, Vec<u8>)]) -> std::path::PathBuf {
    npz(dir, name, entries, CompressionMethod::Stored)
}

#[test]
fn an_archive_is_read_whatever_it_is_called() {
    let dir = tempdir().unwrap();
    for (name, set) in [
        ("TABLE.NPZ", "TABLE"),
        ("t.npz.npz", "t.npz"),
        ("no-ending", "no-ending"),
        ("cardio", "cardio"),
        ("mine@v2.npz", "mine@v2"),
        ("10:30.npz", "10:30"),
    ] {
        let path = archive(
            dir.path(),
            name,
            &[("X.npy", x(2, 3)), ("y.npy", y(&[0, 1]))],
        );
        assert_eq!(open(&path).unwrap().name(), set);
    }
}

#[test]
fn tables_in_other_formats_are_named_and_only_what_is_absent_is_missing() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for (name, bytes, words) in [
        (
            "a.csv",
            &b"a,b,y\n1,2,0\n"[..],
            ["a CSV table", "pd.read_csv("],
        ),
        (
            "a.parquet",
            b"PAR1\0\0PAR1",
            ["a Parquet table", "pd.read_parquet("],
        ),
        (
            "a.npy",
            b"\x93NUMPY\x01\0",
            ["a single array", "LABELS.npy"],
        ),
        (
            "a.mat",
            b"MATLAB 5.0 MAT-file",
            ["a MATLAB file", "loadmat("],
        ),
        ("b.npz", b"<html>404</html>", ["an HTML page", "download"]),
        ("c.npz", b"", ["an empty file", "get the file again"]),
        (
            "d.dat",
            b"\x01\0\x02",
            ["no known format, though its name ends in .dat", "savez"],
        ),
    ] {
        fs::write(at(name), bytes).unwrap();
        let text = refused(&at(name));
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    let text = refused(&archive(
        dir.path(),
        "e.xlsx",
        &[("[Content_Types].xml", vec![1])],
    ));
    assert!(
        text.contains("Excel") && text.contains("read_excel"),
        "{text}"
    );
    fs::write(at("f"), "").unwrap();
    let error = load(
        &format!("{}:good@pixels", at("f").display()),
        &Roots::of([]),
        &Loading::of(Protocol::Semi),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("found a file, expected a folder of images")
    );

    let error = open(&at("A.NPZ")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(
        format!("{:?}", error.way_out()).contains("a.csv"),
        "{error}"
    );
    assert_eq!(
        open(&at("gone.csv")).unwrap_err().kind(),
        ErrorKind::Missing
    );
}

#[test]
#[cfg(unix)]
fn pipes_are_never_opened() {
    let dir = tempdir().unwrap();
    for name in ["a.npz", "b.csv", "c.txt", "d"] {
        let path = dir.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let error = open(&path).unwrap_err();
        assert!(
            error.to_string().ends_with("found a pipe, expected a file"),
            "{error}"
        );
        assert!(datasets::list_images(&path).is_err());
        assert!(datasets::read_text(&path).is_err());
        assert!(!datasets::is_archive(&path));
    }
}

#[test]
fn labels_of_other_conventions_are_converted_by_the_user() {
    let dir = tempdir().unwrap();
    let numbers =
        |values: [f64; 3]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let of = |values| npy("<f8", false, "(3,)", &numbers(values));
    let text: Vec<u8> = ["ok", "ng", "ok"]
        .iter()
        .flat_map(|word| word.chars().flat_map(|c| u32::from(c).to_le_bytes()))
        .collect();
    for (labels, words) in [
        (
            of([1., -1., 1.]),
            &[
                "found label -1 at row 1",
                "y == -1 where -1 is anomalous",
                "y == 1 where",
            ][..],
        ),
        (
            of([0., 255., 0.]),
            &["found label 255 at row 1", "y == 255 where", "y == 0 where"],
        ),
        (
            of([0., f64::NAN, 0.]),
            &["found label NaN at row 1", "np.isnan(d['y'])", "~np.isnan"],
        ),
        (
            of([3., 1., 2.]),
            &["found label 3 at row 0", "y holds 1, 2, 3;", "== ANOMALOUS"],
        ),
        (
            npy("<f8", false, "(1, 3)", &numbers([0., 1., 0.])),
            &["shape [1, 3]", "d['y'].ravel()"],
        ),
        (
            npy("|u1", false, "(3, 2)", &[0, 1, 1, 0, 0, 1]),
            &["shape [3, 2]", "[:, COLUMN]"],
        ),
        (npy("|u1", false, "()", &[1]), &["found a single number"]),
        (
            npy("<U2", false, "(3,)", &text),
            &["found text: `ng`, `ok`", "== 'ANOMALOUS'"],
        ),
        (
            npy("|S1", false, "(3,)", b"010"),
            &["found bytes: `0`, `1`", "== 'ANOMALOUS'"],
        ),
        (
            npy("<M8[ns]", false, "(3,)", &[0; 24]),
            &["found dates (datetime64[ns])"],
        ),
        (
            npy("|O", false, "(3,)", b"\x80\x04"),
            &[
                "`y` holds Python objects",
                "d['y'] = d['y'].astype(float); np.savez(",
            ],
        ),
    ] {
        let text = refused(&archive(
            dir.path(),
            "l.npz",
            &[("X.npy", x(3, 2)), ("y.npy", labels)],
        ));
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
}

#[test]
fn arrays_under_other_names_are_listed_with_the_line_that_names_them() {
    let dir = tempdir().unwrap();
    let images = || npy("|u1", false, "(2, 2, 2)", &[0; 8]);
    let (x, y) = (|| x(2, 3), || y(&[0, 1]));
    for (entries, words) in [
        (
            vec![("data.npy", x()), ("labels.npy", y())],
            [
                "data [2, 3] float32, labels [2] uint8",
                "X=d['data'], y=d['labels']",
            ],
        ),
        (
            vec![("x.npy", x()), ("y.npy", y())],
            ["x [2, 3] float32", "X=d['x'], y=d['y']"],
        ),
        (
            vec![("X.npy", x()), ("Y.npy", y())],
            ["no array named `y`", "X=d['X'], y=d['Y']"],
        ),
        (
            vec![
                ("data_train.npy", x()),
                ("targets_train.npy", y()),
                ("data_test.npy", x()),
                ("targets_test.npy", y()),
            ],
            [
                "data_train [2, 3]",
                "X=np.concatenate([d['data_train'], d['data_test']])",
            ],
        ),
        (
            vec![
                ("data_train.npy", x()),
                ("data_test.npy", x()),
                ("targets_test.npy", y()),
            ],
            ["no array named `X`", "np.zeros(len(d['data_train']))"],
        ),
        (
            vec![
                ("features_train.npy", images()),
                ("label_train.npy", y()),
                ("features_test.npy", images()),
                ("label_test.npy", y()),
            ],
            [
                "features_train [2, 2, 2] uint8",
                "reshape(len(d['features_train']), -1)",
            ],
        ),
        (
            vec![
                ("indices.npy", y()),
                ("indptr.npy", y()),
                ("shape.npy", y()),
                ("data.npy", y()),
            ],
            ["no array named `X`", "load_npz("],
        ),
        (
            vec![("arr_0.npy", x())],
            ["arr_0 [2, 3]", "X=d['arr_0'], y=np.load('LABELS.npy')"],
        ),
        (
            vec![("X.npy", images()), ("y.npy", y())],
            ["found shape [2, 2, 2]", "reshape(len(d['X']), -1)"],
        ),
        (
            vec![
                ("X.npy", npy("<f16", false, "(2, 1)", &[0; 32])),
                ("y.npy", y()),
            ],
            [
                "found long doubles (float128), expected numbers of 8 to 64 bits",
                "astype(float)",
            ],
        ),
    ] {
        let text = refused(&archive(dir.path(), "a.npz", &entries));
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
}

#[test]
fn lists_from_windows_are_read() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let names = ["a.png", "sub dir/b ü.png"];
    for name in names {
        save(&at(name), grey(2, 2, 0));
    }
    let expected = names.map(at);
    let text = "a.png\r\nsub dir\\b ü.png\r\n";
    let utf16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for (list, bytes) in [
        ("l.txt", text.into()),
        ("LIST.TXT", format!("\u{feff}{text}").into_bytes()),
        ("u.Txt", utf16),
    ] {
        fs::write(at(list), bytes).unwrap();
        assert_eq!(datasets::list_images(at(list)).unwrap(), expected, "{list}");
    }
    fs::write(at("l.txt"), "a.png\nsub dir\\gone.png\n").unwrap();
    let error = datasets::list_images(at("l.txt")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("line 2: found `sub dir\\gone.png`"),
        "{error}"
    );
    assert!(format!("{:?}", error.way_out()).contains("lists take /"));
}

/// The palette's length is not a multiple of 3: png 0.18.1 panics.
#[test]
fn a_decoder_that_panics_makes_a_bad_file() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    save(&at("good.png"), grey(8, 1, 0));
    let chunk = |kind: &[u8], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        let length = (data.len() as u32).to_be_bytes();
        [&length, kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, &[0, 0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
    let bytes = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[0, 0, 0, 8, 0, 0, 0, 1, 8, 3, 0, 0, 0]),
        chunk(b"PLTE", &[0; 22]),
        chunk(b"tRNS", &[1]),
        chunk(b"IDAT", &packed.finish().unwrap()),
        chunk(b"IEND", b""),
    ];
    fs::write(at("bad.png"), bytes.concat()).unwrap();
    let paths = [at("bad.png"), at("good.png")];
    let error = datasets::read_images(&paths, &datasets::ImageOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData);
    assert!(
        error
            .to_string()
            .contains("bad.png: the image: found what its decoder fails on"),
        "{error}"
    );
    let skip = datasets::ImageOptions {
        on_bad_file: OnBadFile::Skip,
        ..Default::default()
    };
    let images = datasets::read_images(&paths, &skip).unwrap();
    assert_eq!((images.kept, images.skipped.len()), (vec![1], 1));
}

#[test]
fn a_set_in_another_official_form_is_named_with_the_one_that_is_read() {
    let dir = tempdir().unwrap();
    let roots = Roots::of([dir.path().to_owned()]);
    let loading = Loading::of(Protocol::Semi);
    for (name, place, word) in [
        (
            "CIFAR10_3@pixels",
            "cifar-10-python.tar.gz",
            "cifar-10-binary.tar.gz",
        ),
        (
            "CIFAR10_3@pixels",
            "cifar10/cifar-10-batches-py",
            "cifar-10-binary.tar.gz",
        ),
        ("CIFAR100_3@pixels", "cifar-100-binary.tar.gz", "tar -xf"),
        ("MNIST_3@pixels", "mnist.npz", "t10k-images-idx3-ubyte.gz"),
        (
            "MVTec-AD_screw@pixels",
            "mvtec_anomaly_detection.tar.xz",
            "tar -xf",
        ),
    ] {
        let path = dir.path().join(place);
        fs::create_dir_all(&path).unwrap();
        let error = load(name, &roots, &loading).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Missing);
        assert!(error.to_string().contains(place), "{error}");
        assert!(format!("{:?}", error.way_out()).contains(word), "{error}");
        fs::remove_dir_all(&path).unwrap();
    }
}

#[test]
fn idx_files_are_found_under_their_other_names() {
    let idx = |shape: &[u32], data: &[u8]| -> Vec<u8> {
        let axes = shape.iter().flat_map(|axis| axis.to_be_bytes());
        [0, 0, 8, shape.len() as u8]
            .into_iter()
            .chain(axes)
            .chain(data.iter().copied())
            .collect()
    };
    let gz = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packed, bytes).unwrap();
        packed.finish().unwrap()
    };
    for (images, labels, packed) in [
        ("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte", false),
        (
            "t10k-images.idx3-ubyte.gz",
            "t10k-labels.idx1-ubyte.gz",
            true,
        ),
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", false),
    ] {
        let dir = tempdir().unwrap();
        let folder = dir.path().join("mnist");
        fs::create_dir(&folder).unwrap();
        let write = |name: &str, bytes: Vec<u8>| {
            let bytes = if packed { gz(&bytes) } else { bytes };
            fs::write(folder.join(name), bytes).unwrap();
        };
        for part in ["t10k", "train"] {
            write(&images.replace("t10k", part), idx(&[2, 1, 1], &[5, 6]));
            write(&labels.replace("t10k", part), idx(&[2], &[3, 4]));
        }
        let roots = Roots::of([dir.path().to_owned()]);
        let set = load("MNIST_3@pixels", &roots, &Loading::of(Protocol::OneClass)).unwrap();
        assert_eq!((set.n(), set.n_anomalies()), (3, 1));
        assert!(matches!(set.data(), Data::Images(_)));
    }
}
