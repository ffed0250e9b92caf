use std::path::Path;

use polars::prelude::{Column, DataFrame, ParquetWriter, PolarsError};

use crate::{ReportError, atomic};

/// Writes rows of numbers as Parquet: a column `file` or `label` where given, then `f0`, `f1`, ….
///
/// # Shapes
/// `values`: `n` rows of `d`, one after another.
///
/// # Errors
/// [`ReportError::Encode`] for columns of different lengths, [`ReportError::Write`].
pub fn write_rows(
    path: &Path,
    files: Option<&[String]>,
    labels: Option<&[i32]>,
    values: &[f32],
    d: usize,
) -> Result<(), ReportError> {
    let n = values.len() / d.max(1);
    let encode = || -> Result<Vec<u8>, PolarsError> {
        let mut columns = Vec::with_capacity(d + 2);
        columns.extend(files.map(|files| Column::new("file".into(), files)));
        columns.extend(labels.map(|labels| Column::new("label".into(), labels)));
        for j in 0..d {
            let column: Vec<f32> = values.iter().skip(j).step_by(d).copied().collect();
            columns.push(Column::new(format!("f{j}").into(), column));
        }
        let mut frame = DataFrame::new(n, columns)?;
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame)?;
        Ok(bytes)
    };
    let bytes = encode().map_err(|source| ReportError::Encode {
        file: "the rows",
        source: Box::new(source),
    })?;
    atomic::write(path, &bytes)
}

#[cfg(test)]
mod tests {
    use polars::prelude::{ParquetReader, SerReader};

    use super::*;

    #[test]
    fn rows_come_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.5];
        write_rows(&path, None, Some(&[0, 1]), &values, 3).unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let frame = ParquetReader::new(file).finish().unwrap();
        assert_eq!(frame.shape(), (2, 4));
        let last = frame.column("f2").unwrap().f32().unwrap();
        assert_eq!(last.into_no_null_iter().collect::<Vec<_>>(), [3.0, 6.5]);
        let labels = frame.column("label").unwrap().i32().unwrap();
        assert_eq!(labels.into_no_null_iter().collect::<Vec<_>>(), [0, 1]);
        let files = ["a.png".to_owned()];
        assert!(write_rows(&path, Some(&files), None, &values, 3).is_err());
    }
}
