use record::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use crate::cell::Cells;
use crate::error::ReportError;

/// A page holds pictures of up to this many bytes together; it must stay below 5 MB.
const ENOUGH: usize = 1_000_000;
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a method sees in some images: `pictures/<cell id>.png` of the run folder.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    /// By cell id the PNG file.
    pub(crate) shown: Vec<(String, Vec<u8>)>,
    /// Cells whose picture would make the page heavy.
    pub(crate) left_out: Vec<String>,
}

impl Pictures {
    /// Reads the pictures of the finished cells, one for each data set, protocol and configuration:
    /// that of the lowest seeds. A file that is not a PNG is left alone.
    pub(crate) fn load(folder: &Path, cells: &Cells) -> Result<Self, ReportError> {
        let mut first: BTreeMap<_, &Cell> = BTreeMap::new();
        for cell in cells.values().flatten() {
            if !folder.join(format!("{}.png", cell.id())).is_file() {
                continue;
            }
            let place = (
                &cell.dataset,
                &cell.protocol,
                &cell.method,
                &cell.config_hash,
                cell.disturbance(),
            );
            let known = first.entry(place).or_insert(cell);
            let seeds = |cell: &Cell| (cell.seed.data, cell.seed.model);
            if seeds(cell) < seeds(known) {
                *known = cell;
            }
        }
        let mut found = Self::default();
        let mut size = 0;
        for cell in first.into_values() {
            let path = folder.join(format!("{}.png", cell.id()));
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(source) => return Err(ReportError::Read { path, source }),
            };
            if !bytes.starts_with(SIGNATURE) {
                continue;
            }
            if size + bytes.len() > ENOUGH {
                found.left_out.push(cell.id().to_owned());
                continue;
            }
            size += bytes.len();
            found.shown.push((cell.id().to_owned(), bytes));
        }
        Ok(found)
    }
}
