use detector::{ContributionKind, Input, Progress, occlusion};

use crate::data::{Data, Layout};
use crate::model::calibrated::Model;
use crate::model::error::ModelError;

/// Why rows have their scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasons {
    /// What the contributions are.
    pub kind: ContributionKind,
    /// Whether they are those of the row over its length, as methods of embeddings see it.
    pub over_length: bool,
    /// For each row its columns, the one that contributes most first; `None` for rows that are left out
    /// because a value is missing.
    pub rows: Vec<Option<Vec<Reason>>>,
}

/// What one column has to do with a row's score.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The column's name; of arrays its number, from 0; of images the pixels of a place, such as `x 40-47 y 96-103`.
    pub column: String,
    /// Its contribution, in the unit that [`Reasons::kind`] says.
    pub contribution: f64,
    /// Its share of all contributions above 0; 0 for one that is not.
    pub share: f64,
}

impl Model {
    /// What each column has to do with the score of each row: exact terms or squared residuals where the method
    /// can say, else by how much the score falls when the column is set to its median of the training rows. A
    /// column of categories or one with a mark for missing values counts as one. Of images, what each place has to do
    /// with it, where the method can say.
    ///
    /// # Errors
    /// As [`score`](Self::score), and [`ModelError::NoReasons`] for images where the method cannot say.
    pub fn explain(&self, data: Data<'_>, progress: &dyn Progress) -> Result<Reasons, ModelError> {
        let encoded = self.manifest().layout.encode(data)?;
        let input = encoded.input();
        let mut rows = vec![None; data.len()];
        if input.is_empty() {
            return Ok(Reasons {
                kind: ContributionKind::Exact,
                over_length: false,
                rows,
            });
        }
        let own = self.scorer().contributions(input, progress)?;
        let contributions = match own {
            Some(contributions) => contributions,
            None if matches!(input, Input::Images(_)) => return Err(ModelError::NoReasons),
            None => occlusion(self.scorer(), input, self.medians(), progress)?,
        };
        let n = contributions.values.ncols();
        if matches!(input, Input::Images(_)) && n.isqrt().pow(2) != n {
            return Err(ModelError::NoReasons);
        }
        let (names, sources) = self.columns(n);
        for (i, values) in contributions.values.outer_iter().enumerate() {
            let mut totals = vec![0.0; names.len()];
            for (value, source) in values.iter().zip(&sources) {
                totals[*source] += value;
            }
            let above: f64 = totals.iter().filter(|total| **total > 0.0).sum();
            let mut reasons: Vec<Reason> = names
                .iter()
                .zip(totals)
                .map(|(name, contribution)| Reason {
                    column: name.clone(),
                    contribution,
                    share: match contribution > 0.0 {
                        true => contribution / above,
                        false => 0.0,
                    },
                })
                .collect();
            reasons.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
            let row = encoded.kept.as_ref().map_or(i, |kept| kept[i]);
            rows[row] = Some(reasons);
        }
        Ok(Reasons {
            kind: contributions.kind,
            over_length: contributions.over_length,
            rows,
        })
    }

    /// The names of the columns, and for each of `n` numbers of a row the place of its column.
    fn columns(&self, n: usize) -> (Vec<String>, Vec<usize>) {
        match &self.manifest().layout {
            Layout::Table(layout) => {
                let columns = layout.columns.iter();
                let names = columns.map(|column| column.name.clone()).collect();
                (names, layout.sources())
            }
            Layout::Array { columns, .. } => {
                let places = 0..*columns;
                let names = places.clone().map(|place| place.to_string()).collect();
                (names, places.collect())
            }
            Layout::Images { height, width, .. } => {
                // As many rows of places as columns of them.
                let side = n.isqrt();
                let pixels = |place: usize, size: usize| {
                    let first = place * size / side;
                    let last = ((place + 1) * size / side).saturating_sub(1).max(first);
                    format!("{first}-{last}")
                };
                let name = |place: usize| {
                    let (y, x) = (pixels(place / side, *height), pixels(place % side, *width));
                    format!("x {x} y {y}")
                };
                ((0..n).map(name).collect(), (0..n).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use columns::{Column, Columns, Values};
    use detector::Silent;

    use super::*;
    use crate::model::options::FitOptions;

    /// The third column follows the first; the last is a category.
    fn table(odd: bool) -> Columns {
        let n = 300;
        let wave = |i: usize, k: f64| (i as f64 * k).sin() + 0.3 * (i as f64 * k * 7.1).cos();
        let numbers = |k: f64| (0..n).map(|i| wave(i, k)).collect::<Vec<f64>>();
        let mut third: Vec<f64> = numbers(0.7).iter().map(|v| 3.0 * v).collect();
        if odd {
            third[5] += 8.0;
        }
        let colour = |i: usize| ["red", "blue"][i % 2].to_owned();
        let mut colours: Vec<String> = (0..n).map(colour).collect();
        if odd {
            colours[7] = "violet".to_owned();
        }
        Columns::new(vec![
            Column::new("first", Values::Float64(numbers(0.7))),
            Column::new("second", Values::Float64(numbers(1.9))),
            Column::new("third", Values::Float64(third)),
            Column::new("colour", Values::Text(colours)),
        ])
        .unwrap()
    }

    #[test]
    fn the_column_that_is_odd_comes_first() {
        for name in [
            "wiener",
            "masked-wiener",
            "views-and-pairs",
            "knn",
            "linear-denoiser",
        ] {
            let method = crate::find(name).unwrap();
            let options = FitOptions {
                method: Some(method.config()),
                ..FitOptions::new(crate::methods())
            };
            let normal = table(false);
            let model = Model::fit(Data::Columns(&normal), &options, &Silent);
            let odd = table(true).select(&[5, 7]);
            let reasons = model.unwrap().model.explain(Data::Columns(&odd), &Silent);
            let reasons = reasons.unwrap();
            let first = |row: usize| &reasons.rows[row].as_ref().unwrap()[0];
            assert!(
                ["third", "first"].contains(&first(0).column.as_str()),
                "{name} {:?}",
                reasons.rows[0]
            );
            assert_eq!(first(1).column, "colour", "{name} {:?}", reasons.rows[1]);
            let shares: f64 = reasons.rows[0].iter().flatten().map(|r| r.share).sum();
            assert!((shares - 1.0).abs() < 1e-9, "{name}");
        }
    }
}
