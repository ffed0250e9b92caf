//! Mini-ImageNet as Ravi and Larochelle (ICLR 2017) split it: all files in `images`, and tables
//! `train.csv`, `val.csv`, `test.csv` with the lines `filename,label`.
//!
//! The three tables have different classes, so they divide no class: the images have no official
//! part, and the tables are read as one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::classes::Classes;
use crate::DatasetError;
use crate::class_images::{ClassImages, Pictures};

const TABLES: [&str; 3] = ["train.csv", "val.csv", "test.csv"];

pub(crate) fn is(folder: &Path) -> bool {
    folder.join("images").is_dir() && TABLES.iter().any(|table| folder.join(table).is_file())
}

pub(crate) fn read(folder: &Path) -> Result<Classes, DatasetError> {
    let mut rows: Vec<(String, String)> = Vec::new();
    for table in TABLES {
        let path = folder.join(table);
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|source| DatasetError::Io {
            path: path.clone(),
            source,
        })?;
        // Spreadsheets put a byte order mark first.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for (line, row) in text.lines().enumerate() {
            let cells = row.split_once(',').map(|(a, b)| (a.trim(), b.trim()));
            match cells {
                _ if row.trim().is_empty() => {}
                Some(("filename", "label")) if line == 0 => {}
                Some((file, label)) if !label.contains(',') && !label.is_empty() => {
                    rows.push((file.to_owned(), label.to_owned()));
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
        pictures: Pictures::Files(
            rows.iter()
                .map(|(file, _)| folder.join("images").join(file))
                .collect(),
        ),
    };
    Ok(Classes { names, images })
}
