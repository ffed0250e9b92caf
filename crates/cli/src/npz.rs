//! `.npz` files as `numpy.savez_compressed` writes them.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;

/// Arrays of a file, in the order they were added.
pub(crate) struct Npz {
    zip: ZipWriter<Cursor<Vec<u8>>>,
}

impl Npz {
    pub(crate) fn new() -> Self {
        Self {
            zip: ZipWriter::new(Cursor::new(Vec::new())),
        }
    }

    /// `values`, `[n, d]` one row after another.
    pub(crate) fn rows(&mut self, name: &str, values: &[f32], d: usize) -> ZipResult<()> {
        let shape = format!("({}, {d})", values.len() / d.max(1));
        let bytes = values.iter().flat_map(|v| v.to_le_bytes());
        self.array(name, "<f4", &shape, bytes.collect())
    }

    /// One byte for each row.
    pub(crate) fn bytes(&mut self, name: &str, values: Vec<u8>) -> ZipResult<()> {
        let shape = format!("({},)", values.len());
        self.array(name, "|u1", &shape, values)
    }

    /// One text for each row, all as wide as the longest.
    pub(crate) fn texts(&mut self, name: &str, values: &[String]) -> ZipResult<()> {
        let widest = values.iter().map(|text| text.chars().count()).max();
        let width = widest.unwrap_or(0).max(1);
        let mut bytes = Vec::with_capacity(4 * width * values.len());
        for text in values {
            let end = bytes.len() + 4 * width;
            bytes.extend(text.chars().flat_map(|c| u32::from(c).to_le_bytes()));
            bytes.resize(end, 0);
        }
        let shape = format!("({},)", values.len());
        self.array(name, &format!("<U{width}"), &shape, bytes)
    }

    /// The file's bytes.
    pub(crate) fn finish(self) -> ZipResult<Vec<u8>> {
        Ok(self.zip.finish()?.into_inner())
    }

    /// Format 1.0 of NumPy's NEP 1: the header padded with spaces to a multiple of 64 bytes.
    fn array(&mut self, name: &str, dtype: &str, shape: &str, bytes: Vec<u8>) -> ZipResult<()> {
        // The same bytes whenever they are written.
        let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::DEFAULT);
        let mut header =
            format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}");
        let padding = 63 - (10 + header.len()) % 64;
        header.push_str(&" ".repeat(padding));
        header.push('\n');
        self.zip.start_file(format!("{name}.npy"), options)?;
        self.zip.write_all(b"\x93NUMPY\x01\x00")?;
        self.zip.write_all(&(header.len() as u16).to_le_bytes())?;
        self.zip.write_all(header.as_bytes())?;
        self.zip.write_all(&bytes)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datasets::Data;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npz");
        let mut npz = Npz::new();
        let values = [0.5, -1.0, 2.0, 3.0, 4.0, 5.0];
        npz.rows("X", &values, 3).unwrap();
        npz.bytes("y", vec![1, 0]).unwrap();
        npz.texts("files", &["ä.png".to_owned(), "b".to_owned()])
            .unwrap();
        std::fs::write(&path, npz.finish().unwrap()).unwrap();
        let set = datasets::load_npz(&path).unwrap();
        let Data::Rows(rows) = set.data() else {
            panic!("rows were written");
        };
        assert_eq!(rows.dim(), (2, 3));
        assert_eq!(rows.iter().copied().collect::<Vec<_>>(), values);
        assert_eq!(set.n_anomalies(), 1);
    }
}
