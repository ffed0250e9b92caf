use crate::{Column, ColumnsError};

/// Columns of one length, each with a name of its own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    columns: Vec<Column>,
}

impl Columns {
    /// The columns in this order.
    ///
    /// # Errors
    /// [`ColumnsError`] for two of one name or of different lengths.
    pub fn new(columns: Vec<Column>) -> Result<Self, ColumnsError> {
        let expected = columns.first().map_or(0, |first| first.values.len());
        let mut names = std::collections::HashSet::new();
        for column in &columns {
            let found = column.values.len();
            if found != expected {
                let name = column.name.clone();
                return Err(ColumnsError::Length {
                    name,
                    found,
                    expected,
                });
            }
            if !names.insert(column.name.as_str()) {
                let name = column.name.clone();
                return Err(ColumnsError::Twice { name });
            }
        }
        Ok(Self { columns })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |first| first.values.len())
    }

    /// The columns in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Column> {
        self.columns.iter()
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The column called `name`.
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The rows at `rows`, in that order; an index may come more than once.
    ///
    /// # Panics
    /// Where an index is not below [`rows`](Self::rows).
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let columns = self.columns.iter();
        Self {
            columns: columns.map(|column| column.select(rows)).collect(),
        }
    }

    /// Adds the rows of `other`, which has the same columns in the same order.
    ///
    /// # Errors
    /// [`ColumnsError::Other`] where it has not; then nothing is added.
    pub fn append(&mut self, other: Self) -> Result<(), ColumnsError> {
        let fits =
            |(a, b): (&Column, &Column)| a.name == b.name && a.values.kind() == b.values.kind();
        if self.len() != other.len() || !self.iter().zip(&other).all(fits) {
            return Err(ColumnsError::Other);
        }
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            column.append(more);
        }
        Ok(())
    }

    /// The columns by themselves.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }
}

impl<'a> IntoIterator for &'a Columns {
    type Item = &'a Column;
    type IntoIter = std::slice::Iter<'a, Column>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Values;

    fn column(name: &str, values: &[f64]) -> Column {
        Column::new(name, Values::Float64(values.to_vec()))
    }

    #[test]
    fn columns_have_one_length_and_names_of_their_own() {
        let error = Columns::new(vec![column("a", &[1.0]), column("b", &[])]).unwrap_err();
        assert_eq!(error.to_string(), "column `b` has 0 values, expected 1");
        let error = Columns::new(vec![column("a", &[1.0]), column("a", &[2.0])]).unwrap_err();
        assert_eq!(error.to_string(), "two columns are called `a`");
        assert!(column("a", &[1.0]).with_missing(vec![]).is_err());
    }

    #[test]
    fn rows_are_added_with_their_gaps() {
        let gap = column("a", &[1.0]).with_missing(vec![true]).unwrap();
        let mut table = Columns::new(vec![column("a", &[2.0, 3.0])]).unwrap();
        table.append(Columns::new(vec![gap]).unwrap()).unwrap();
        table
            .append(Columns::new(vec![column("a", &[4.0])]).unwrap())
            .unwrap();
        let a = table.get("a").unwrap();
        assert_eq!(a.values, Values::Float64(vec![2.0, 3.0, 1.0, 4.0]));
        assert_eq!(a.missing(), Some(&[false, false, true, false][..]));
        let other = Columns::new(vec![column("b", &[4.0])]).unwrap();
        assert_eq!(table.append(other), Err(ColumnsError::Other));
    }

    #[test]
    fn marks_without_a_missing_value_are_none() {
        let whole = column("a", &[1.0]).with_missing(vec![false]).unwrap();
        assert_eq!((whole.missing(), whole.is_missing(0)), (None, false));
        let gap = column("a", &[1.0, 2.0]).with_missing(vec![false, true]);
        let gap = Columns::new(vec![gap.unwrap()]).unwrap();
        let reversed = gap.select(&[1, 0, 0]);
        assert_eq!(reversed.rows(), 3);
        let column = reversed.get("a").unwrap();
        assert!(column.is_missing(0) && !column.is_missing(2));
        let texts = [0, 2, 3].map(|row| column.text(row));
        assert_eq!(texts, [None, Some("1".to_owned()), None]);
        assert_eq!(
            gap.select(&[0]),
            Columns::new(vec![self::column("a", &[1.0])]).unwrap()
        );
    }
}
