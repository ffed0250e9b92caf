mod kind;
mod ways_out;

use std::io;
use std::path::PathBuf;

pub use self::kind::ErrorKind;
use crate::WayOut;

/// A known data set in a form that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// What is there, in words that follow its path.
    pub found: String,
    /// How to get the form that is read.
    pub way_out: WayOut,
}

/// Why a data set could not be found, read or split.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file or folder could not be made or written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not what its format demands: wrong magic, truncated, corrupt, sizes that do not fit.
    #[error("{}: {place}: found {found}, expected {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in the file: an array, a header, the end.
        place: String,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: String,
    },
    /// What is there is whole, but in another form than the one that is read.
    #[error("{}: {}found {found}, expected {expected}", path.display(), before(place))]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// Where in the file: an array, a line; empty for the whole.
        place: String,
        /// What stands there.
        found: String,
        /// What is read.
        expected: String,
        /// How to convert it.
        way_out: Box<WayOut>,
    },
    /// A folder, a pipe or a device in place of a file.
    #[error("{}: found {found}, expected a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// Nothing at a path.
    #[error("{}: no such file or folder", path.display())]
    Absent {
        /// The path.
        path: PathBuf,
        /// What lies near it under a similar name.
        nearby: Vec<PathBuf>,
    },
    /// A file that was written to, replaced or removed while it was read.
    #[error("{}: changed while it was read", path.display())]
    Changed {
        /// The file or the folder.
        path: PathBuf,
    },
    /// A file whose contents do not fit the memory.
    #[error("{}: {bytes} bytes of it do not fit the memory", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// Bytes asked for.
        bytes: u64,
    },
    /// An `.npz` without one of its arrays.
    #[error("{}: no array named `{array}`, found {}", path.display(), list(found))]
    MissingArray {
        /// The file.
        path: PathBuf,
        /// The array looked for.
        array: &'static str,
        /// The arrays in the file, with shape and type where known.
        found: Vec<String>,
        /// How to make it from what is there.
        hint: Option<String>,
    },
    /// An array of pickled Python objects, which is never unpickled.
    #[error("{}: `{array}` holds Python objects, expected numbers", path.display())]
    PickledObjects {
        /// The file.
        path: PathBuf,
        /// The array.
        array: &'static str,
    },
    /// Numbers of rows and labels that differ.
    #[error("{origin}: {labels} labels, expected one for each of {rows} rows")]
    LengthMismatch {
        /// The file or the data set.
        origin: String,
        /// Rows found.
        rows: usize,
        /// Labels found.
        labels: usize,
    },
    /// No rows or no columns.
    #[error("{origin}: found {n} rows of {d} values, expected at least one of each")]
    Empty {
        /// The file or the data set.
        origin: String,
        /// Rows found.
        n: usize,
        /// Values in a row.
        d: usize,
    },
    /// A value that is NaN, infinite, or too large for 32-bit floats.
    #[error("{origin}: found {value} at row {row}, column {column}, expected a finite number")]
    NotFinite {
        /// The file or the data set.
        origin: String,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A label that is neither 0 nor 1.
    #[error("{origin}: found label {value} at row {row}, expected 0 (normal) or 1 (anomaly)")]
    Label {
        /// The file or the data set.
        origin: String,
        /// Row, from 0.
        row: usize,
        /// The value.
        value: f64,
        /// How to make 0 and 1 of what is there, for every meaning that it may have.
        hint: String,
    },
    /// A known data set whose file has another shape than published.
    #[error("{}: found {found}, expected {expected} as published for {name}", path.display())]
    UnexpectedShape {
        /// The file.
        path: PathBuf,
        /// The data set.
        name: String,
        /// Rows, columns and anomalies found.
        found: String,
        /// Rows, columns and anomalies published.
        expected: String,
    },
    /// A split that leaves nothing to train on, or one class in the test set, where no ranking metric is defined.
    #[error(
        "{name}: protocol {protocol} gives {train} training rows and {normals} normal and {anomalies} \
         anomalous test rows, expected at least one of each"
    )]
    OneClass {
        /// The data set.
        name: String,
        /// The protocol.
        protocol: crate::Protocol,
        /// Training rows.
        train: usize,
        /// Normal rows to test.
        normals: usize,
        /// Anomalous rows to test.
        anomalies: usize,
    },
    /// A seed that NumPy's legacy generator does not take.
    #[error("data seed {seed}: expected at most {}", u32::MAX)]
    Seed {
        /// The seed given.
        seed: u64,
    },
    /// A perturbation that cannot be made.
    #[error("{setting} of a perturbation: found {value}, expected {expected}")]
    Perturbation {
        /// The setting.
        setting: &'static str,
        /// What was found.
        value: String,
        /// What would be valid.
        expected: String,
    },
    /// A draw that the generator refuses.
    #[error("cannot draw the rows")]
    Draw(#[from] numpy_random::RandomError),
    /// A folder or a list without images.
    #[error("{}: no images in it", path.display())]
    NoImages {
        /// The folder or the list.
        path: PathBuf,
    },
    /// A line of a list of images that names no file.
    #[error("{}, line {line}: no such image: {}", list.display(), path.display())]
    NotListed {
        /// The list.
        list: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The path that the line stands for.
        path: PathBuf,
        /// What lies near it under a similar name.
        nearby: Vec<PathBuf>,
    },
    /// Images of several sizes, and no size asked for.
    #[error(
        "{}: {} × {} pixels, but {} has {} × {}",
        other.display(), other_size.0, other_size.1, first.display(), first_size.0, first_size.1
    )]
    MixedSizes {
        /// The first image.
        first: PathBuf,
        /// Its width and height.
        first_size: (usize, usize),
        /// The first image that differs.
        other: PathBuf,
        /// Its width and height.
        other_size: (usize, usize),
    },
    /// More pixels than the memory holds.
    #[error("{} × {} × {} × {} pixels do not fit the memory", shape.0, shape.1, shape.2, shape.3)]
    TooLarge {
        /// Images, channels, rows, columns.
        shape: (usize, usize, usize, usize),
    },
    /// A mask that belongs to no image.
    #[error("{}: no image for this mask, expected {}", mask.display(), image.display())]
    MaskWithoutImage {
        /// The mask.
        mask: PathBuf,
        /// The image looked for, without its ending.
        image: PathBuf,
    },
    /// An anomalous image without the mask that its folder's others have.
    #[error("{}: no mask for this image, expected {}", image.display(), mask.display())]
    ImageWithoutMask {
        /// The image.
        image: PathBuf,
        /// The mask looked for.
        mask: PathBuf,
    },
    /// Two masks of one image.
    #[error("{}: a second mask for the image of {}", second.display(), first.display())]
    TwoMasks {
        /// The mask that is first by name.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// A mask of another size than its image.
    #[error(
        "{}: {} × {} pixels, expected {} × {} as {} has",
        mask.display(), found.0, found.1, expected.0, expected.1, image.display()
    )]
    MaskSize {
        /// The mask.
        mask: PathBuf,
        /// Its width and height.
        found: (usize, usize),
        /// The image.
        image: PathBuf,
        /// Its width and height.
        expected: (usize, usize),
    },
    /// Masks of another shape than the images, or an anomalous pixel in a normal image.
    #[error("{origin}: masks: found {found}, expected {expected}")]
    Masks {
        /// The file or the data set.
        origin: String,
        /// What was given.
        found: String,
        /// What fits the images.
        expected: String,
    },
    /// A protocol that splits by an official division, and a set that has none for it.
    #[error("{name}: no official division for protocol {protocol}")]
    NoDivision {
        /// The data set.
        name: String,
        /// The protocol.
        protocol: crate::Protocol,
    },
    /// A number of rows to draw, of a set that is not of rows or has its own division.
    #[error("{name}: rows cannot be drawn from images or a set with an official division")]
    NoDraw {
        /// The data set.
        name: String,
    },
    /// A folder of images in no known layout.
    #[error("{}: found {found}, expected {expected}", path.display())]
    Layout {
        /// The folder.
        path: PathBuf,
        /// What is there.
        found: String,
        /// What a data set has there.
        expected: String,
        /// How to name or to arrange it.
        hint: String,
    },
    /// A folder of classes without the one asked for, or none asked for.
    #[error("{}: {}, expected one of {}", path.display(), class_text(found), known.join(", "))]
    Class {
        /// The folder.
        path: PathBuf,
        /// The class asked for.
        found: Option<String>,
        /// The classes there are.
        known: Vec<String>,
    },
    /// Images that the corruptions are not defined for.
    #[error(
        "images of {c} × {h} × {w}, but the corruptions of MNIST-C take grey images of 28 × 28"
    )]
    NotCorruptible {
        /// Channels.
        c: usize,
        /// Rows.
        h: usize,
        /// Columns.
        w: usize,
    },
    /// A known data set that nobody offers as single files.
    #[error("{name} cannot be downloaded from here: {source_text}")]
    NoDownload {
        /// The data set.
        name: String,
        /// Where it comes from.
        source_text: String,
        /// Where its files go, relative to a root.
        files: Vec<String>,
    },
    /// No data set of that name.
    #[error("no data set named `{name}`")]
    UnknownName {
        /// The name given.
        name: String,
        /// The most similar known names.
        closest: Vec<String>,
        /// Files and folders of a similar name.
        nearby: Vec<PathBuf>,
    },
    /// A word that is not one of a fixed list.
    #[error("unknown {what} `{found}`, expected one of {expected}")]
    UnknownWord {
        /// What was to be named.
        what: &'static str,
        /// The word given.
        found: String,
        /// The words known.
        expected: String,
    },
    /// The folder given for data does not exist.
    #[error("no folder {}", path.display())]
    NoSuchRoot {
        /// The folder.
        path: PathBuf,
    },
    /// A known data set whose files are in none of the data roots.
    #[error("{name} was not found: {}", not_found(files, searched, instead.as_deref()))]
    NotAtHand {
        /// The data set.
        name: String,
        /// Its files, relative to a root.
        files: Vec<String>,
        /// The roots searched.
        searched: Vec<String>,
        /// Whether `residuum datasets fetch` gets it.
        fetchable: bool,
        /// What lies there in another form, and how to get the one that is read.
        instead: Option<Box<Instead>>,
    },
    /// A file whose hash is not the published one.
    #[error("{}: found the hash {found}, expected {expected}", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// The hash of the file.
        found: String,
        /// The pinned hash.
        expected: String,
    },
    /// No folder to download to is known.
    #[error("no cache folder: neither RESIDUUM_CACHE nor a home folder is set")]
    NoCache,
    /// A download that did not come to its end.
    #[error("cannot download {url}: {reason}")]
    Download {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// A download that is not the published file; it was removed.
    #[error("{url} sent another file than the published one: {reason}")]
    WrongDownload {
        /// The address.
        url: String,
        /// What differs.
        reason: String,
    },
}

fn class_text(class: &Option<String>) -> String {
    match class {
        Some(class) => format!("no class `{class}`"),
        None => "no class was named".to_owned(),
    }
}

fn before(place: &str) -> String {
    match place {
        "" => String::new(),
        _ => format!("{place}: "),
    }
}

fn not_found(files: &[String], searched: &[String], instead: Option<&Instead>) -> String {
    match instead {
        Some(instead) => instead.found.clone(),
        None => format!("no {} in {}", files.join(", "), list(searched)),
    }
}

fn list(items: &[String]) -> String {
    match items.is_empty() {
        true => "none".to_owned(),
        false => items.join(", "),
    }
}
