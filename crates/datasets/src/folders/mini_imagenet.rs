//! Mini-ImageNet as Ravi and Larochelle (ICLR 2017) split it: all files in `images`, and tables
//! `train.csv`, `val.csv`, `test.csv` with the lines `filename,label`.
//!
//! The three tables have different classes, so they divide no class: the images have no official
//! part, and the tables are read as one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::classes::Classes;
use super::names::name_of;
use crate::class_images::{ClassImages, Pictures};
use crate::images::listed;
use crate::{DatasetError, read_text, walk};

const TABLES: [&str; 3] = ["train.csv", "val.csv", "test.csv"];

pub(crate) fn is(folder: &Path) -> bool {
    folder.join("images").is_dir() && tables(folder).is_ok_and(|tables| !tables.is_empty())
}

/// The tables that are there, whatever the case of their names, in the order of [`TABLES`].
fn tables(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let files = walk::children(folder)?.files;
    let named = |table: &&str| {
        let is = |file: &&PathBuf| name_of(file).eq_ignore_ascii_case(table);
        files.iter().find(is).cloned()
    };
    Ok(TABLES.iter().filter_map(named).collect())
}

pub(crate) fn read(folder: &Path) -> Result<Classes, DatasetError> {
    let mut rows: Vec<(PathBuf, String)> = Vec::new();
    let images = folder.join("images");
    for path in tables(folder)? {
        let text = read_text(&path)?;
        for (line, row) in text.lines().enumerate() {
            let cells = row.split_once(',').map(|(a, b)| (a.trim(), b.trim()));
            match cells {
                _ if row.trim().is_empty() => {}
                Some(("filename", "label")) if line == 0 => {}
                Some((file, label)) if !label.contains(',') && !label.is_empty() => {
                    rows.push((listed(&path, line + 1, file, &images)?, label.to_owned()));
                }
                _ => {
                    return Err(DatasetError::Malformed {
                        path,
                        place: format!("line {}", line + 1),
                        found: format!("{row:?}"),
                        expected: "filename,label".to_owned(),
                    });
                }
            }
        }
    }
    if rows.is_empty() {
        return Err(DatasetError::NoImages {
            path: folder.to_owned(),
        });
    }
    let names: Vec<String> = rows
        .iter()
        .map(|(_, label)| label.clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let class = |label: &String| names.partition_point(|name| name < label);
    let images = ClassImages {
        classes: rows.iter().map(|(_, label)| class(label)).collect(),
        n_classes: names.len(),
        parts: None,
        pictures: Pictures::Files(rows.into_iter().map(|(file, _)| file).collect()),
    };
    Ok(Classes { names, images })
}
