use std::path::Path;
use std::{fs, io};

use crate::recognise::Format;
use crate::{
    Dataset, DatasetError, Entry, Instead, Loading, Name, Protocol, Roots, WayOut, find, folders,
    load_npz, nearby, npz, recognise,
};

/// Loads what a user names: a set of the catalogue, an `.npz` file with arrays `X` and `y`, or a
/// folder of images.
///
/// A name of the catalogue wins over a file or folder of that name in the working directory, which `./NAME` names.
/// A file is read for what it holds, whatever its ending: an `.npz` without one is read, a table in another format is
/// refused by name.
///
/// A folder has one of these layouts, and `@pixelsN` behind it resizes its images:
/// - `train/good`, `test/<kind>` and, if there are masks, `ground_truth/<kind>`: MVTec AD's layout,
///   which VisA's one-class layout, BTAD and MVTec LOCO share. What is called `good`, `normal` or `ok` in any case
///   is normal, all else anomalous; `FOLDER:CLASS` names another class that is alone in `train`.
/// - `train/<class>`, `val/<class>` or `test/<class>`: ImageFolder with an official division.
/// - `images` with `train.csv`, `val.csv`, `test.csv` of `filename,label`: Mini-ImageNet, whose parts
///   have different classes and so are not a division of any one.
/// - `<class>` folders alone.
///
/// The last three need a class, `FOLDER:CLASS`; the one called `good`, `normal` or `ok` is taken where none is named.
///
/// A number behind a set of rows of the catalogue or a file, `10_cover@12000`, draws that many of them ([`Dataset::drawn`]).
///
/// # Errors
/// [`DatasetError`]: unknown names, files that are absent or damaged or of another format, pipes and devices,
/// folders in no known layout.
pub fn load(name: &str, roots: &Roots, loading: &Loading) -> Result<Dataset, DatasetError> {
    let name = Name::of(name)?;
    match name.rows {
        Some(rows) => load_whole(&name.all_rows(), roots, loading)?.drawn(rows),
        None => load_whole(&name, roots, loading),
    }
}

/// The protocol for what a user names where none is asked for: [`Protocol::Official`] for rows that are divided,
/// [`Protocol::SemiRandom`] for other files, whose order is not known to mean nothing, and [`Protocol::Semi`] for other sets
/// of the catalogue and for folders.
pub fn usual_protocol(name: &str) -> Protocol {
    let Ok(name) = Name::of(name) else {
        return Protocol::Semi;
    };
    let text = name.all_rows().to_string();
    if !name.is_path()
        && let Ok(entry) = find(&text)
    {
        return match entry.is_divided() {
            true => Protocol::Official,
            false => Protocol::Semi,
        };
    }
    match Path::new(&text) {
        path if !path.is_file() => Protocol::Semi,
        path if npz::is_divided(path) => Protocol::Official,
        _ => Protocol::SemiRandom,
    }
}

/// All samples of what is named.
fn load_whole(name: &Name, roots: &Roots, loading: &Loading) -> Result<Dataset, DatasetError> {
    let text = name.to_string();
    if !name.is_path()
        && let Ok(entry) = find(&text)
    {
        return entry
            .load_with(roots, loading)
            .map_err(|error| or_file(error, &text));
    }
    if let Some(place) = folders::Place::of(name) {
        return folders::load(&place, loading);
    }
    let path = Path::new(&text);
    match fs::metadata(path) {
        Ok(_) => load_file(path),
        Err(source)
            if source.kind() != io::ErrorKind::NotFound
                && source.kind() != io::ErrorKind::NotADirectory =>
        {
            Err(DatasetError::Io {
                path: path.to_owned(),
                source,
            })
        }
        Err(_) => absent(name)?.load_with(roots, loading),
    }
}

/// A file: an `.npz`, or what is refused by name.
fn load_file(path: &Path) -> Result<Dataset, DatasetError> {
    let start = recognise::start(path)?;
    let named = recognise::ending(path) == "npz";
    if named || Format::of(&start, path) == Format::Zip {
        return load_npz(path);
    }
    Err(recognise::refusal(path, &start))
}

/// The set of the catalogue that is named; the error of a path at which nothing is.
fn absent(name: &Name) -> Result<Entry, DatasetError> {
    let text = name.to_string();
    let path = Path::new(&text);
    let bases = text.match_indices(['@', ':']).map(|(at, _)| &text[..at]);
    if let Some(base) = bases.rev().find(|base| Path::new(base).is_file()) {
        return Err(DatasetError::OtherForm {
            path: base.into(),
            place: String::new(),
            found: "a file".to_owned(),
            expected: format!("a folder of images before `{}`", &text[base.len()..]),
            way_out: WayOut::boxed(format!("name the file alone: {base}")),
        });
    }
    let is_path = name.is_path() || DATA_ENDINGS.contains(&recognise::ending(path).as_str());
    match find(&text) {
        Ok(entry) => Ok(entry),
        Err(DatasetError::UnknownName { name, closest, .. }) if !is_path => {
            Err(DatasetError::UnknownName {
                name,
                closest,
                nearby: nearby::alike(path),
            })
        }
        Err(DatasetError::UnknownName { .. }) => Err(DatasetError::Absent {
            path: path.to_owned(),
            nearby: nearby::of(path),
        }),
        Err(error) => Err(error),
    }
}

/// Endings by which a name is one of a file.
const DATA_ENDINGS: [&str; 16] = [
    "arff", "csv", "feather", "gz", "h5", "hdf5", "json", "mat", "npy", "npz", "parquet", "pkl",
    "tsv", "txt", "xlsx", "zip",
];

/// A set that is nowhere, while a file or a folder of its name is here.
fn or_file(error: DatasetError, name: &str) -> DatasetError {
    match error {
        DatasetError::NotAtHand {
            name: set,
            files,
            searched,
            fetchable,
            instead: None,
        } if Path::new(name).exists() => {
            let instead = Some(Box::new(Instead {
                found: format!(
                    "`{name}` is a set of the catalogue, whose files are in no data folder"
                ),
                way_out: WayOut::HereOrKnownSet(name.to_owned()),
            }));
            DatasetError::NotAtHand {
                name: set,
                files,
                searched,
                fetchable,
                instead,
            }
        }
        error => error,
    }
}
