use columns::Kind;

use crate::TablesError;

/// Which columns of a file are wanted, and as what.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The wanted ones with the place of each in the file.
    columns: Vec<(String, Kind, usize)>,
    /// For every column of the file, its place among the wanted ones.
    places: Vec<Option<usize>>,
}

impl Plan {
    /// # Errors
    /// [`TablesError::Missing`] for a wanted column that is not `present`, and for one that is wanted twice.
    pub(crate) fn new(
        file: &str,
        present: impl Iterator<Item = String>,
        wanted: &[(String, Kind)],
    ) -> Result<Self, TablesError> {
        let present: Vec<String> = present.collect();
        let by_name: std::collections::HashMap<_, _> = present
            .iter()
            .enumerate()
            .map(|(place, name)| (name.as_str(), place))
            .collect();
        let mut places = vec![None; present.len()];
        let mut columns = Vec::with_capacity(wanted.len());
        let mut missing = Vec::new();
        for (name, kind) in wanted {
            let Some(&place) = by_name.get(name.as_str()) else {
                missing.push(name.clone());
                continue;
            };
            if places[place].replace(columns.len()).is_some() {
                return Err(TablesError::Column {
                    file: file.to_owned(),
                    column: name.clone(),
                    what: "is asked for twice".to_owned(),
                });
            }
            columns.push((name.clone(), *kind, place));
        }
        if missing.is_empty() {
            return Ok(Self { columns, places });
        }
        Err(TablesError::Missing {
            file: file.to_owned(),
            missing,
            present,
        })
    }

    /// How many columns the file has.
    pub(crate) fn fields(&self) -> usize {
        self.places.len()
    }

    /// The place of the file's column among the wanted ones.
    pub(crate) fn wanted(&self, field: usize) -> Option<usize> {
        self.places.get(field).copied().flatten()
    }

    /// Name, kind and place in the file of the wanted columns.
    pub(crate) fn columns(&self) -> &[(String, Kind, usize)] {
        &self.columns
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.columns.iter().map(|(_, kind, _)| *kind)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, ..)| name.as_str())
    }
}
