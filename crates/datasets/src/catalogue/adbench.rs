//! ADBench's embeddings and tables.

use super::facts::{Facts, Place, Representation};
use crate::Pin;

/// Folder, file, shape where published, SHA-256 where known, and the id that git gives the file at
/// [`ADBENCH_COMMIT`].
const TABLE: &str = include_str!("adbench.csv");

/// The commit of Minqi824/ADBench that the catalogue describes.
pub const ADBENCH_COMMIT: &str = "3dac8221081e190f157d78e93bfa8867f90d0965";

pub(super) const SOURCE: &str = "Minqi824/ADBench, Han et al., ADBench: Anomaly Detection Benchmark, NeurIPS 2022 (arXiv 2206.09426)";

/// One file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AdbenchFile {
    folder: &'static str,
    file: &'static str,
    sha256: Option<&'static str>,
    git_blob: &'static str,
}

impl AdbenchFile {
    pub(super) fn place(&self) -> Place {
        let Self { folder, file, .. } = self;
        Place {
            files: vec![format!("adbench/{folder}/{file}.npz")],
            pins: vec![self.sha256.map_or(Pin::GitBlob(self.git_blob), Pin::Sha256)],
            urls: vec![format!(
                "https://raw.githubusercontent.com/Minqi824/ADBench/{ADBENCH_COMMIT}/adbench/datasets/{folder}/{file}.npz"
            )],
        }
    }
}

pub(super) fn licence(family: &str) -> &'static str {
    match family {
        "MVTec-AD" => "CC BY-NC-SA 4.0 (MVTec AD), not for commercial use; ADBench BSD-2-Clause",
        "FashionMNIST" => "MIT (Fashion-MNIST); ADBench BSD-2-Clause",
        _ => "ADBench BSD-2-Clause; the underlying data keep their own terms",
    }
}

pub(super) fn entries() -> impl Iterator<Item = (Facts, AdbenchFile)> {
    TABLE.lines().skip(1).filter_map(entry)
}

/// A line of [`TABLE`]; `None` where it is not one, which a test excludes.
fn entry(line: &'static str) -> Option<(Facts, AdbenchFile)> {
    let fields: Vec<&'static str> = line.split(',').collect();
    let [folder, file, n, d, anomalies, sha256, git_blob] = fields[..] else {
        return None;
    };
    let representation = match folder {
        "CV_by_ResNet18" => Representation::ResNet18,
        "CV_by_ViT" => Representation::Vit,
        "Classical" => Representation::Table,
        _ => return None,
    };
    let (name, alias, family) = match representation {
        Representation::Table => {
            let (_, without_number) = file.split_once('_')?;
            (file.to_owned(), without_number.to_owned(), "Classical")
        }
        Representation::Vit => {
            let name = format!("{file}@vit");
            (name, format!("CV_by_ViT/{file}"), family(file)?)
        }
        _ => {
            let alias = format!("{file}@{}", representation.as_str());
            (file.to_owned(), alias, family(file)?)
        }
    };
    let facts = Facts {
        name,
        aliases: vec![alias],
        family,
        representation,
        shape: n.parse().ok().zip(anomalies.parse().ok()),
        d: Some(d.parse().ok()?),
    };
    let file = AdbenchFile {
        folder,
        file,
        sha256: Some(sha256).filter(|hash| !hash.is_empty()),
        git_blob,
    };
    Some((facts, file))
}

/// The family of an embedding: its file's name up to the class.
fn family(file: &'static str) -> Option<&'static str> {
    ["CIFAR10", "FashionMNIST", "MNIST-C", "MVTec-AD", "SVHN"]
        .into_iter()
        .find(|family| {
            file.strip_prefix(family)
                .is_some_and(|rest| rest.starts_with('_'))
        })
}
