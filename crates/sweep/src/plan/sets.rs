//! The data sets of a profile: what the program answers for their names.

use std::collections::HashMap;

use super::known::Dataset;
use crate::failure::{Failure, code};
use crate::glob;
use crate::profile::{Profile, Table};

/// Answers by what was asked for: a name, or a pattern, which stands for any number of sets.
#[derive(Debug, Clone, Default)]
pub struct Sets(HashMap<String, Vec<Dataset>>);

impl Sets {
    /// Asks `program` for the names and patterns of a profile, and for the drawn sets in place of those that have
    /// more rows than their table takes.
    ///
    /// # Errors
    /// Those of `program`.
    pub fn ask<E>(
        profile: &Profile,
        mut program: impl FnMut(&[String]) -> Result<Vec<Dataset>, E>,
    ) -> Result<Self, E> {
        let mut sets = Self::default();
        let names = profile.tables.iter().flat_map(|table| &table.datasets);
        sets.add(names.cloned().collect(), &mut program)?;
        let drawn = profile.tables.iter().flat_map(|table| {
            let rows = table.datasets.iter().flat_map(|name| sets.get(name));
            rows.filter_map(|set| drawn(set, table))
        });
        let drawn = drawn.collect();
        sets.add(drawn, &mut program)?;
        Ok(sets)
    }

    fn add<E>(
        &mut self,
        mut names: Vec<String>,
        program: &mut impl FnMut(&[String]) -> Result<Vec<Dataset>, E>,
    ) -> Result<(), E> {
        names.sort();
        names.dedup();
        // Without a name the program lists everything.
        if names.is_empty() {
            return Ok(());
        }
        for set in program(&names)? {
            self.0.entry(set.asked.clone()).or_default().push(set);
        }
        Ok(())
    }

    fn get(&self, asked: &str) -> &[Dataset] {
        self.0.get(asked).map_or(&[], Vec::as_slice)
    }

    /// The rows of a table: names as they stand, patterns in the order of the catalogue, each once.
    ///
    /// # Errors
    /// Usage, for a name or a pattern that no set answers to.
    pub(super) fn rows(&self, table: &Table) -> Result<Vec<Dataset>, Failure> {
        let mut rows: Vec<Dataset> = Vec::new();
        for asked in &table.datasets {
            if self.get(asked).is_empty() {
                let what = if glob::is_pattern(asked) {
                    "matches no data set"
                } else {
                    "is not a data set"
                };
                let message = format!("{asked:?} in table {:?} {what} of the catalogue", table.id);
                return Err(Failure::new(code::USAGE, message).hint("residuum datasets list"));
            }
            for set in self.get(asked) {
                let drawn = drawn(set, table).and_then(|name| self.get(&name).first());
                let row = drawn.unwrap_or(set);
                if !rows.iter().any(|known| known.name == row.name) {
                    rows.push(row.clone());
                }
            }
        }
        Ok(rows)
    }
}

/// What a table has in place of a set with more rows than it takes. Images stay whole, and so do vectors that the
/// program makes of them.
fn drawn(set: &Dataset, table: &Table) -> Option<String> {
    let max = table.max_rows?;
    let images = ["pixels", "lite0"].contains(&set.representation.as_str());
    let larger = !images && set.n.is_some_and(|n| n > max);
    larger.then(|| format!("{}@{max}", set.whole))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The answers of a program that knows the sets of a catalogue and draws rows of them.
    pub(in super::super) fn answers(profile: &Profile, catalogue: &[Dataset]) -> Sets {
        let answer = |asked: &String| -> Vec<Dataset> {
            let (base, rows) = match asked.split_once('@') {
                Some((base, rows)) => (base, rows.parse().ok()),
                None => (asked.as_str(), None),
            };
            let known = catalogue
                .iter()
                .filter(|set| glob::matches(base, &set.name));
            let sets = known.map(|set| Dataset {
                asked: asked.clone(),
                name: rows.map_or(set.name.clone(), |rows| format!("{}@{rows}", set.name)),
                n: rows.or(set.n),
                ..set.clone()
            });
            sets.collect()
        };
        let ask = |names: &[String]| Ok::<_, Failure>(names.iter().flat_map(answer).collect());
        Sets::ask(profile, ask).unwrap()
    }

    #[test]
    fn images_are_never_drawn() {
        let text = super::super::tests::PROFILE.replace("datasets", "max_rows = 7\n datasets");
        let profile = Profile::parse(&text, "p").unwrap();
        let mut catalogue = super::super::tests::catalogue();
        catalogue[0].representation = "pixels".into();
        catalogue[1].representation = "lite0".into();
        let rows = answers(&profile, &catalogue).rows(&profile.tables[0]);
        let names: Vec<String> = rows.unwrap().into_iter().map(|set| set.name).collect();
        assert_eq!(names, ["B@7", "A_1", "A_2"]);
    }
}
