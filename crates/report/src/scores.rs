use std::path::Path;

use polars::prelude::{Column, DataFrame, ParquetWriter, PolarsError};

use crate::{ReportError, atomic};

/// Writes the scores of one experiment as Parquet: columns `row` (of the data set's file, from 0),
/// `label` (1 is an anomaly) and `score`. The file is whole or not there.
///
/// # Errors
/// [`ReportError`] where the columns differ in length or the file cannot be written.
pub fn write_scores(
    path: &Path,
    rows: &[u64],
    labels: &[i32],
    scores: &[f64],
) -> Result<(), ReportError> {
    let encode = || -> Result<Vec<u8>, PolarsError> {
        let columns = vec![
            Column::new("row".into(), rows),
            Column::new("label".into(), labels),
            Column::new("score".into(), scores),
        ];
        let mut frame = DataFrame::new(rows.len(), columns)?;
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame)?;
        Ok(bytes)
    };
    let bytes = encode().map_err(|source| ReportError::Encode {
        file: "the scores",
        source: Box::new(source),
    })?;
    atomic::write(path, &bytes)
}

#[cfg(test)]
mod tests {
    use polars::prelude::{ParquetReader, SerReader};

    use super::*;

    #[test]
    fn scores_come_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.parquet");
        write_scores(&path, &[4, 9, 7], &[0, 0, 1], &[0.25, -1.5, 3e9]).unwrap();
        let frame = ParquetReader::new(std::fs::File::open(&path).unwrap())
            .finish()
            .unwrap();
        let names: Vec<&str> = frame
            .get_column_names()
            .iter()
            .map(|n| n.as_str())
            .collect();
        assert_eq!(names, ["row", "label", "score"]);
        let scores = frame.column("score").unwrap().f64().unwrap();
        assert_eq!(
            scores.into_no_null_iter().collect::<Vec<_>>(),
            [0.25, -1.5, 3e9]
        );
        let rows = frame.column("row").unwrap().u64().unwrap();
        assert_eq!(rows.into_no_null_iter().collect::<Vec<_>>(), [4, 9, 7]);
    }

    #[test]
    fn columns_of_different_lengths_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.parquet");
        assert!(write_scores(&path, &[4, 9], &[0, 1], &[0.25]).is_err());
        assert!(!path.exists());
    }
}
