use crate::data::{Data, anomalies};
use crate::model::error::ModelError;

/// The rows that no label calls anomalies.
pub(super) fn normal_rows(data: Data<'_>, label: Option<&str>) -> Result<Vec<usize>, ModelError> {
    let all = 0..data.len();
    match (data, label) {
        (Data::Columns(table), Some(label)) => {
            let anomalies = anomalies(table, label)?;
            Ok(all.filter(|&row| !anomalies[row]).collect())
        }
        _ => Ok(all.collect()),
    }
}
