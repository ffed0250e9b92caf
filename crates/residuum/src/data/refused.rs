use std::collections::BTreeMap;

use columns::{Column, Columns};
use ndarray::ArrayView2;

use super::error::DataError;
use super::layout::{Encoding, Layout, TableLayout};
use super::learn::value;
use super::missing::Missing;
use super::samples::Data;
use super::table::missing_count;

impl Layout {
    /// The rows for which alone [`encode`](Self::encode) refuses `data`, in order, each with the first reason: a value
    /// that is missing and may not be, or a number that is not finite. Nothing where the data as a whole do not fit.
    pub fn refused(&self, data: Data<'_>) -> Vec<(usize, DataError)> {
        match (self, data) {
            (Self::Table(layout), Data::Columns(table)) => layout.refused(table),
            (Self::Array { columns, .. }, Data::Rows(x)) if x.ncols() == *columns => not_finite(x),
            (Self::Array { columns, .. }, Data::Rows64(x)) if x.ncols() == *columns => {
                not_finite(x)
            }
            _ => Vec::new(),
        }
    }
}

fn not_finite<T: Copy + Into<f64>>(x: ArrayView2<'_, T>) -> Vec<(usize, DataError)> {
    let rows = x.rows().into_iter().enumerate();
    let refused = rows.filter_map(|(row, values)| {
        let mut values = values
            .iter()
            .map(|value| -> f64 { (*value).into() })
            .enumerate();
        let (column, value) = values.find(|(_, value)| !f64::is_finite(*value))?;
        let name = column.to_string();
        Some((row, DataError::NotFinite { name, row, value }))
    });
    refused.collect()
}

impl TableLayout {
    fn refused(&self, table: &Columns) -> Vec<(usize, DataError)> {
        if self.check(table).is_err() {
            return Vec::new();
        }
        let mut refused = BTreeMap::new();
        for layout in &self.columns {
            let Some(column) = table.get(&layout.name) else {
                continue;
            };
            let is_number = matches!(layout.encoding, Encoding::Number { .. });
            let count = missing_count(column);
            for row in 0..table.rows() {
                let error = match column.is_missing(row) {
                    true if self.missing == Missing::Error => DataError::Missing {
                        name: layout.name.clone(),
                        row,
                        count,
                    },
                    false if is_number => match number(column, row) {
                        value if value.is_finite() => continue,
                        value => DataError::NotFinite {
                            name: layout.name.clone(),
                            row,
                            value,
                        },
                    },
                    _ => continue,
                };
                refused.entry(row).or_insert(error);
            }
        }
        refused.into_iter().collect()
    }
}

fn number(column: &Column, row: usize) -> f64 {
    value(&column.values, row, 0)
}

#[cfg(test)]
mod tests {
    use columns::Values;
    use ndarray::array;

    use super::super::{Layout, NumberType, Roles};
    use super::*;

    fn table(values: [f64; 4], missing: [bool; 4]) -> Columns {
        let width = Column::new("width", Values::Float64(values.into()));
        let depth = Column::new("depth", Values::Float64(vec![1.0, 2.0, 3.0, 4.0]));
        Columns::new(vec![depth, width.with_missing(missing.into()).unwrap()]).unwrap()
    }

    #[test]
    fn what_is_not_refused_is_encoded() {
        let whole = table([1.0, 2.0, 3.0, 4.0], [false; 4]);
        let gaps = table(
            [1.0, f64::NAN, f64::INFINITY, 4.0],
            [false, true, false, false],
        );
        for (missing, expected) in [
            (Missing::Error, &[1, 2][..]),
            (Missing::Mean, &[2]),
            (Missing::Drop, &[2]),
        ] {
            let layout = Layout::learn(Data::Columns(&whole), &Roles::default(), missing).unwrap();
            assert!(layout.refused(Data::Columns(&whole)).is_empty());
            let refused = layout.refused(Data::Columns(&gaps));
            let rows: Vec<usize> = refused.iter().map(|(row, _)| *row).collect();
            assert_eq!(rows, expected);
            assert!(layout.encode(Data::Columns(&gaps)).is_err());
            let good: Vec<usize> = (0..4).filter(|row| !rows.contains(row)).collect();
            assert!(layout.encode(Data::Columns(&gaps.select(&good))).is_ok());
        }
        let layout = Layout::Array {
            columns: 2,
            numbers: NumberType::Float64,
        };
        let x = array![[1.0, 2.0], [f64::NAN, 1.0]];
        assert_eq!(layout.refused(Data::Rows64(x.view()))[0].0, 1);
        let x = array![[f64::NAN]];
        assert!(layout.refused(Data::Rows64(x.view())).is_empty());
    }
}
