use datasets::OnBadFile;
use detector::Silent;

use super::*;

/// A grey picture of `side` pixels, by the crate that draws.
fn save(path: &Path, side: usize) {
    let picture = pictures::Picture::filled(side, side, [side as u8; 3]).unwrap();
    std::fs::write(path, picture.png().unwrap()).unwrap();
}

/// The vector of an image is its first pixel.
fn embed(folder: &Path, size: Option<usize>, on_bad_file: OnBadFile) -> Result<Embedded, Failure> {
    let options = ImageOptions {
        size,
        colour: Colour::Rgb,
        on_bad_file,
        ..ImageOptions::default()
    };
    let run = |images: ArrayView4<'_, u8>, _: &dyn Progress| {
        let first = images.outer_iter().map(|image| f32::from(image[[0, 0, 0]]));
        let n = images.len_of(Axis(0));
        Ok(Array2::from_shape_vec((n, 1), first.collect()).unwrap())
    };
    files(folder, &options, run, &Silent)
}

#[test]
fn another_size_is_told_however_late_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..FILES {
        save(&dir.path().join(format!("{i:03}.png")), 3);
    }
    save(&dir.path().join("late.png"), 4);
    let failure = embed(dir.path(), None, OnBadFile::Fail).err().unwrap();
    assert_eq!(failure.code, exit::BAD_DATA);
    let at = |name: &str| dir.path().join(name).display().to_string();
    let expected = format!(
        "{}: 4 × 4 pixels, but {} has 3 × 3",
        at("late.png"),
        at("000.png")
    );
    assert_eq!(failure.message, expected);
    assert!(failure.hint.unwrap().starts_with("--side"));
    let rows = embed(dir.path(), Some(2), OnBadFile::Fail).unwrap().rows;
    assert_eq!(rows.dim(), (FILES + 1, 1));
    assert_eq!((rows[[0, 0]], rows[[FILES, 0]]), (3.0, 4.0));
}

#[test]
fn bad_files_stop_or_are_left_out_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    // The first part has no image at all, the second one bad file between two images.
    for i in 0..FILES {
        std::fs::write(dir.path().join(format!("{i:03}.txt")), "notes").unwrap();
    }
    save(&dir.path().join("a.png"), 5);
    std::fs::write(dir.path().join("b.png"), "no picture").unwrap();
    save(&dir.path().join("c.png"), 5);
    let failure = embed(dir.path(), None, OnBadFile::Fail).err().unwrap();
    assert!(failure.message.contains("000.txt"), "{failure}");

    let embedded = embed(dir.path(), None, OnBadFile::Skip).unwrap();
    assert_eq!(embedded.files.unwrap(), ["a.png", "c.png"]);
    assert_eq!(embedded.rows.dim(), (2, 1));
    let warning = left_out(&embedded.skipped).unwrap();
    assert!(warning.starts_with("257 files were left out, the first: "));
    assert!(warning.ends_with("000.txt: no image"), "{warning}");
    assert!(embedded.skipped[FILES].reason.contains("b.png"));
}

#[test]
fn files_are_named_from_the_folder_of_all() {
    let names = |files: &[&str]| {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        below_one_folder(&files)
    };
    assert_eq!(names(&[]), None);
    assert_eq!(names(&["/a/b.png"]).unwrap(), ["b.png"]);
    let two = names(&["/a/train/b.png", "/a/trainer/b.png"]);
    assert_eq!(two.unwrap(), ["train/b.png", "trainer/b.png"]);
    let relative = names(&["a/b.png", "c/d/e.png"]);
    assert_eq!(relative.unwrap(), ["a/b.png", "c/d/e.png"]);
}

#[test]
fn vectors_in_parquet_keep_their_bits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vectors.parquet");
    let vectors = ndarray::arr2(&[[0.1, -0.0, 3.0], [f32::MAX, 5.0, 6.5]]);
    let labels = [Label::Normal, Label::Anomaly];
    let files = ["a.png".to_owned(), "b.png".to_owned()];
    let write =
        |files: &[String]| Format::Parquet.write(&path, &vectors, Some(&labels), Some(files));
    assert_eq!(write(&files[..1]).unwrap_err().code, exit::INTERNAL);
    assert!(!path.exists());
    write(&files).unwrap();
    let table = tables::open(&path, &tables::Options::default()).unwrap();
    let chunk = table.rows(None).unwrap().next().unwrap().unwrap();
    let vector = |j: usize| Values::Float32(vectors.column(j).to_vec());
    let expected = vec![
        Column::new("file", Values::Text(files.to_vec())),
        Column::new("label", Values::Integer(vec![0, 1])),
        Column::new("f0", vector(0)),
        Column::new("f1", vector(1)),
        Column::new("f2", vector(2)),
    ];
    assert_eq!(chunk.columns, columns::Columns::new(expected).unwrap());
}
