use crate::{ColumnsError, Values};

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Values,
    /// Which values are missing; `None` where none is.
    missing: Option<Vec<bool>>,
}

impl Column {
    /// A column without missing values.
    pub fn new(name: impl Into<String>, values: Values) -> Self {
        Self {
            name: name.into(),
            values,
            missing: None,
        }
    }

    /// The same with `true` in `missing` where a value is missing.
    ///
    /// # Errors
    /// [`ColumnsError::Length`] where there are more or fewer marks than values.
    pub fn with_missing(self, missing: Vec<bool>) -> Result<Self, ColumnsError> {
        if missing.len() != self.values.len() {
            return Err(ColumnsError::Length {
                name: self.name,
                found: missing.len(),
                expected: self.values.len(),
            });
        }
        let missing = missing.contains(&true).then_some(missing);
        Ok(Self { missing, ..self })
    }

    /// A value as text ([`Values::text`]); `None` where it is missing.
    pub fn text(&self, row: usize) -> Option<String> {
        match self.is_missing(row) {
            true => None,
            false => self.values.text(row),
        }
    }

    /// The values at `rows` ([`Values::select`]).
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let marks = self.missing.as_ref();
        let marks = marks.map(|marks| rows.iter().map(|&row| marks[row]).collect::<Vec<_>>());
        Self {
            name: self.name.clone(),
            values: self.values.select(rows),
            missing: marks.filter(|marks| marks.contains(&true)),
        }
    }

    /// Adds values of the same type; those of another are left out.
    pub(crate) fn append(&mut self, other: Self) {
        let before = self.values.len();
        self.values.append(other.values);
        let after = self.values.len();
        if self.missing.is_some() || other.missing.is_some() {
            let marks = self.missing.get_or_insert_with(|| vec![false; before]);
            marks.extend(other.missing.unwrap_or_default());
            marks.resize(after, false);
        }
    }

    /// Which values are missing; `None` where none is.
    pub fn missing(&self) -> Option<&[bool]> {
        self.missing.as_deref()
    }

    /// Whether the value of `row` is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        let marks = self.missing.as_ref();
        marks.is_some_and(|marks| marks.get(row) == Some(&true))
    }
}
