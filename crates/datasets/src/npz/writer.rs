use std::io::{Result, Seek, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Bytes of an array above which the sizes of its entry take 64 bits. Less than 2³² by more than its header
/// and what deflate adds to what it cannot make smaller.
const SMALL: u64 = 4_000_000_000;
/// Numbers that become bytes together.
const PART: usize = 1 << 16;

/// An `.npz` file as `numpy.savez_compressed` writes it: arrays in the order they are added, the same bytes
/// whenever they are written.
///
/// All functions fail with what the system or the compression refuses.
pub struct NpzWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
}

impl<W: Write + Seek> NpzWriter<W> {
    /// An empty file in `to`; [`finish`](Self::finish) completes it.
    pub fn new(to: W) -> Self {
        Self {
            zip: ZipWriter::new(to),
        }
    }

    /// Adds the array `name` of `values`, `[n, d]` one row after another.
    ///
    /// # Errors
    /// See [`NpzWriter`].
    pub fn rows(&mut self, name: &str, values: &[f32], d: usize) -> Result<()> {
        let shape = format!("({}, {d})", values.len() / d.max(1));
        self.begin(name, "<f4", &shape, size_of_val(values))?;
        let mut bytes = Vec::new();
        for part in values.chunks(PART) {
            bytes.clear();
            bytes.extend(part.iter().flat_map(|v| v.to_le_bytes()));
            self.zip.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Adds an array of one byte for each row.
    ///
    /// # Errors
    /// See [`NpzWriter`].
    pub fn bytes(&mut self, name: &str, values: &[u8]) -> Result<()> {
        let shape = format!("({},)", values.len());
        self.begin(name, "|u1", &shape, values.len())?;
        self.zip.write_all(values)
    }

    /// Adds an array of one text for each row, all as wide as the longest.
    ///
    /// # Errors
    /// See [`NpzWriter`].
    pub fn texts(&mut self, name: &str, values: &[String]) -> Result<()> {
        let widest = values.iter().map(|text| text.chars().count()).max();
        let width = widest.unwrap_or(0).max(1);
        let shape = format!("({},)", values.len());
        let len = 4 * width * values.len();
        self.begin(name, &format!("<U{width}"), &shape, len)?;
        for text in values {
            let letters = text.chars().flat_map(|c| u32::from(c).to_le_bytes());
            let mut bytes: Vec<u8> = letters.collect();
            bytes.resize(4 * width, 0);
            self.zip.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Writes the list of the arrays behind them.
    ///
    /// # Errors
    /// See [`NpzWriter`].
    pub fn finish(self) -> Result<()> {
        self.zip.finish()?.flush()
    }

    /// Format 1.0 of NumPy's NEP 1 for `len` bytes: the header padded with spaces to a multiple of 64 bytes.
    fn begin(&mut self, name: &str, dtype: &str, shape: &str, len: usize) -> Result<()> {
        // The same bytes whenever they are written.
        let options = SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::DEFAULT)
            .large_file(len as u64 > SMALL);
        let mut header =
            format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}");
        let padding = 63 - (10 + header.len()) % 64;
        header.push_str(&" ".repeat(padding));
        header.push('\n');
        self.zip.start_file(format!("{name}.npy"), options)?;
        self.zip.write_all(b"\x93NUMPY\x01\x00")?;
        self.zip.write_all(&(header.len() as u16).to_le_bytes())?;
        self.zip.write_all(header.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Cursor;

    use super::*;
    use crate::Data;

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npz");
        let mut npz = NpzWriter::new(File::create(&path).unwrap());
        let values = [0.5, -1.0, 2.0, 3.0, 4.0, 5.0];
        npz.rows("X", &values, 3).unwrap();
        npz.bytes("y", &[1, 0]).unwrap();
        npz.texts("files", &["ä.png".to_owned(), "b".to_owned()])
            .unwrap();
        npz.finish().unwrap();
        let set = crate::load_npz(&path).unwrap();
        let Data::Rows(rows) = set.data() else {
            panic!("rows were written");
        };
        assert_eq!(rows.dim(), (2, 3));
        assert_eq!(rows.iter().copied().collect::<Vec<_>>(), values);
        assert_eq!(set.n_anomalies(), 1);
    }

    /// The field of 64-bit sizes is the extra field 1 of APPNOTE 4.5.3, behind the name in the local header.
    #[test]
    fn an_array_beyond_four_gigabytes_has_sizes_of_64_bits() {
        let extra = |len: usize| {
            let mut file = Vec::new();
            let mut npz = NpzWriter::new(Cursor::new(&mut file));
            npz.begin("X", "<f4", "(1, 1)", len).unwrap();
            npz.finish().unwrap();
            let number = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
            (number(28) > 0).then(|| number(30 + usize::from(number(26))))
        };
        assert_eq!(extra(u32::MAX as usize - 4), Some(1));
        assert_eq!(extra(8), None);
    }
}
