//! Ours beside published means over seeds, and what counts as agreement.

use crate::entry::Row;
use crate::families::{FamilyRow, PublishedFamilies, family_of_set};
use record::TablePlan;

/// A number of ours beside a published mean.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compared {
    pub(crate) column: usize,
    /// The data set, or the family that ours is a mean over.
    pub(crate) name: String,
    /// Percent.
    pub(crate) ours: f64,
    pub(crate) paper: f64,
    /// Of the published number over its seeds.
    pub(crate) sd: f64,
    /// Whether ours is over all sets that the published number is over.
    pub(crate) complete: bool,
    /// Why they differ, where that was found out.
    pub(crate) reason: Option<String>,
}

/// Published numbers and deviations are rounded to hundredths: each may be off by half of one.
const ROUNDED: f64 = 0.005;
/// Within so many points two numbers agree whatever the deviation.
pub(crate) const AGREE: f64 = 0.5;

/// Whether a difference of means is within half a point or two published standard deviations.
pub(crate) fn agrees(difference: f64, sd: f64) -> bool {
    difference.abs() <= AGREE.max(2.0 * (sd + ROUNDED)) + ROUNDED
}

impl Compared {
    pub(crate) fn difference(&self) -> f64 {
        self.ours - self.paper
    }

    /// Within half a point or two published standard deviations.
    pub(crate) fn agrees(&self) -> bool {
        agrees(self.difference(), self.sd)
    }

    /// Outside three published standard deviations.
    pub(crate) fn is_far(&self) -> bool {
        self.difference().abs() > 3.0 * (self.sd + ROUNDED) + ROUNDED
    }
}

/// Every number of a table that has a published mean over seeds beside it: data sets, then families.
pub(crate) fn compared(
    plan: &TablePlan,
    rows: &[Row<'_>],
    families: &[FamilyRow],
    published: &PublishedFamilies,
) -> Vec<Compared> {
    let of_rows = rows.iter().map(|row| {
        let name = row.plan.dataset.as_str();
        let family = family_of_set(name).unwrap_or(name);
        (name, family, true, &row.entries)
    });
    let of_families = families.iter().map(|row| {
        let name = row.family.as_str();
        (name, name, row.complete, &row.entries)
    });
    let mut found = Vec::new();
    for (name, family, complete, entries) in of_rows.chain(of_families) {
        for (column, entry) in entries.iter().enumerate() {
            let method = plan.columns[column].family.as_deref();
            if let (Some(method), Some(ours), Some(paper), Some(sd)) =
                (method, entry.ours.mean(), entry.paper, entry.paper_sd)
            {
                found.push(Compared {
                    column,
                    name: name.to_owned(),
                    ours,
                    paper,
                    sd,
                    complete,
                    reason: published.reasons.of(family, method),
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(ours: f64, sd: f64) -> Compared {
        Compared {
            column: 0,
            name: String::new(),
            ours,
            paper: 80.0,
            sd,
            complete: true,
            reason: None,
        }
    }

    #[test]
    fn half_a_point_or_two_deviations_agree() {
        assert!(compared(80.504, 0.0).agrees() && !compared(80.52, 0.0).agrees());
        assert!(compared(78.0, 1.0).agrees() && !compared(77.9, 1.0).agrees());
    }

    #[test]
    fn three_deviations_are_far_but_for_rounding() {
        assert!(!compared(80.019, 0.0).is_far() && compared(80.03, 0.0).is_far());
        assert!(!compared(77.0, 1.0).is_far() && compared(76.9, 1.0).is_far());
    }
}
