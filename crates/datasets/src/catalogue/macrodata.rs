//! Tables of OddBench and OvRBench with the division that their authors gave them.

use super::facts::{Facts, Place, Representation};
use crate::Pin;

/// Folder, file, rows of both parts, columns, anomalies and SHA-256.
const TABLE: &str = include_str!("macrodata.csv");

pub(super) const SOURCE: &str = "OddBench and OvRBench of macrOData (arXiv 2602.09329): sets of at most 2,500 training rows and 64 columns, a half of those, as in psorus/Outformer at 99aebce, folder benchmarks";

/// One file of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DividedFile {
    folder: &'static str,
    file: &'static str,
    sha256: &'static str,
}

impl DividedFile {
    pub(super) fn place(&self) -> Place {
        let Self { folder, file, .. } = self;
        Place {
            files: vec![format!("macrodata/{folder}/{file}.npz")],
            pins: vec![Pin::Sha256(self.sha256)],
            urls: Vec::new(),
        }
    }
}

pub(super) fn entries() -> impl Iterator<Item = (Facts, DividedFile)> {
    TABLE.lines().skip(1).filter_map(entry)
}

/// A line of [`TABLE`]; `None` where it is not one, which a test excludes.
fn entry(line: &'static str) -> Option<(Facts, DividedFile)> {
    let fields: Vec<&'static str> = line.split(',').collect();
    let [folder, file, n, d, anomalies, sha256] = fields[..] else {
        return None;
    };
    let family = match folder {
        "oddbench" => "OddBench",
        "ovrbench" => "OvRBench",
        _ => return None,
    };
    let facts = Facts {
        name: format!("{family}_{file}"),
        aliases: Vec::new(),
        family,
        representation: Representation::Table,
        shape: Some((n.parse().ok()?, anomalies.parse().ok()?)),
        d: Some(d.parse().ok()?),
    };
    let file = DividedFile {
        folder,
        file,
        sha256,
    };
    Some((facts, file))
}
