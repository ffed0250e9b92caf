//! Two runs side by side: what changed, by how much, and whether seeds alone explain it.

use record::{Cell, Metric};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::atomic;
use crate::cell::auroc_interval;
use crate::cell::finished;
use crate::error::ReportError;
use crate::estimate::{Estimate, mean};
use crate::footnotes::one_line;
use crate::html::Html;
use crate::interval::Interval;
use crate::markdown::escape;
use crate::page::parts::{head, script, scrolling};
use crate::run::Run;
use crate::words::{count, signed};

/// A change is outside the seeds' spread if it is larger than this many of their standard deviations.
const SPREADS: f64 = 2.0;
/// Points of AUROC that are nothing: both numbers are printed alike.
const NOTHING: f64 = 0.005;

/// Two runs compared: for every table, column and data set that both have, the number of both.
#[derive(Debug)]
pub struct Comparison {
    names: (String, String),
    changes: Vec<Change>,
    /// Places that only one run has a result for.
    only_first: Vec<Place>,
    only_second: Vec<Place>,
    /// Of the places in both runs, those made of other data, by other settings or with other seeds.
    made: Vec<(&'static str, Vec<Place>)>,
}

#[derive(Debug)]
struct Change {
    table: String,
    dataset: String,
    column: String,
    /// The table's metric in percent.
    first: Estimate,
    second: Estimate,
    verdict: Verdict,
}

/// What a change is, beside the spread over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// Larger than two pooled standard deviations over seeds.
    Outside,
    /// One seed on both sides, and the intervals over the test rows do not overlap.
    Apart,
    /// One seed on both sides: no spread to compare with.
    Unknown,
    Inside,
    Same,
}

impl Verdict {
    fn of(first: Estimate, second: Estimate) -> Self {
        let change = (second.mean - first.mean).abs();
        if change < NOTHING {
            return Self::Same;
        }
        // A run with one seed borrows the other's spread.
        let variance = |estimate: Estimate| estimate.sd.map(|sd| sd * sd);
        let variances: Vec<f64> = [first, second].into_iter().filter_map(variance).collect();
        match mean(&variances) {
            None => match (first.interval, second.interval) {
                (Some(a), Some(b)) if !a.overlaps(b) => Self::Apart,
                _ => Self::Unknown,
            },
            Some(pooled) if change > SPREADS * pooled.sqrt() => Self::Outside,
            Some(_) => Self::Inside,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Outside => "outside the seeds' spread",
            Self::Apart => "one seed each: beyond the test rows' intervals",
            Self::Unknown => "one seed each: spread unknown",
            Self::Inside => "within the seeds' spread",
            Self::Same => "same",
        }
    }
}

impl Comparison {
    /// Compares `second` with `first`. Tables are matched by id, columns by label and protocol, rows by
    /// data set; configurations may differ, which is what is compared.
    pub fn of(first: &Run, second: &Run) -> Self {
        let (before, after) = (results(first), results(second));
        let by_place: BTreeMap<&Place, &Found<'_>> = before.iter().map(|(p, f)| (p, f)).collect();
        let mut changes = Vec::new();
        let mut only_second = Vec::new();
        let mut made = [
            ("the data", Vec::new()),
            ("the configuration", Vec::new()),
            ("the seeds", Vec::new()),
        ];
        for (place, found) in &after {
            let Some(old) = by_place.get(place) else {
                only_second.push(place.clone());
                continue;
            };
            let differs = [
                old.data != found.data,
                old.configurations != found.configurations,
                old.seeds != found.seeds,
            ];
            for ((_, places), _) in made.iter_mut().zip(differs).filter(|(_, differs)| *differs) {
                places.push(place.clone());
            }
            changes.push(Change {
                table: place.table.clone(),
                dataset: place.dataset.clone(),
                column: place.column.clone(),
                first: old.estimate,
                second: found.estimate,
                verdict: Verdict::of(old.estimate, found.estimate),
            });
        }
        let in_second: BTreeSet<&Place> = after.iter().map(|(place, _)| place).collect();
        // What matters first, the largest of it first; equal ones stay in the order of the tables.
        let size = |change: &Change| (change.second.mean - change.first.mean).abs();
        changes.sort_by(|a, b| (a.verdict.cmp(&b.verdict)).then(size(b).total_cmp(&size(a))));
        Self {
            names: (one_line(first.profile()), one_line(second.profile())),
            only_first: (before.iter().map(|(place, _)| place))
                .filter(|place| !in_second.contains(place))
                .cloned()
                .collect(),
            only_second,
            made: made.into(),
            changes,
        }
    }

    /// As Markdown that is readable as text: sentences, then every change.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n", escape(&self.title()));
        for sentence in self.sentences() {
            text += &format!("- {}\n", escape(&sentence));
        }
        text += "\n| table | data set | column | first | second | change | |\n";
        text += "| :-- | :-- | :-- | --: | --: | --: | :-- |\n";
        for change in self.changed() {
            let cells = change.texts().map(|text| escape(&text));
            text += &format!("| {} |\n", cells.join(" | "));
        }
        text
    }

    /// As one page that needs nothing else.
    pub fn html(&self) -> String {
        let mut html = Html::default();
        head(&mut html, &self.title());
        html.raw("<body>\n<main>\n");
        html.element("h1", &[], &self.title());
        html.raw("\n<ul>\n");
        for sentence in self.sentences() {
            html.element("li", &[], &sentence);
            html.raw("\n");
        }
        html.raw("</ul>\n");
        scrolling(&mut html, "Changes", self.table());
        html.raw("</main>\n");
        script(&mut html);
        html.raw("</body>\n</html>\n");
        html.into_string()
    }

    /// Writes `compare.md` and `compare.html` into the folder `dir`, each whole or not at all.
    ///
    /// # Errors
    /// [`ReportError::Write`] where a file cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), ReportError> {
        atomic::write(&dir.join("compare.md"), self.markdown().as_bytes())?;
        atomic::write(&dir.join("compare.html"), self.html().as_bytes())
    }

    fn title(&self) -> String {
        let (first, second) = &self.names;
        format!("From the run {first} to the run {second}")
    }

    fn sentences(&self) -> Vec<String> {
        let all = self.changes.len();
        let with = |verdict| self.changes.iter().filter(|c| c.verdict == verdict).count();
        let mut sentences = vec![format!(
            "{} in both runs: {} the same as printed, {} within the seeds' spread, {} outside it, {} \
             with one seed each, of which {} are beyond the intervals over the test rows.",
            match all {
                1 => "1 result is".to_owned(),
                n => format!("{n} results are"),
            },
            with(Verdict::Same),
            with(Verdict::Inside),
            with(Verdict::Outside),
            with(Verdict::Unknown) + with(Verdict::Apart),
            with(Verdict::Apart)
        )];
        if all > with(Verdict::Same) {
            let changes: Vec<f64> = (self.changes.iter())
                .map(|change| change.second.mean - change.first.mean)
                .collect();
            let mean = mean(&changes).unwrap_or_default();
            let points = signed(mean);
            sentences.push(format!("The mean change is {points} points."));
        }
        sentences.push(format!(
            "A change is outside the spread if it is larger than {SPREADS} standard deviations over \
             seeds, both runs' pooled. Of one seed it is beyond the intervals where the 95 % intervals of both \
             AUROCs over their test rows do not overlap; on the same rows a smaller change may be one too."
        ));
        for (what, places) in self.made.iter().filter(|(_, places)| !places.is_empty()) {
            let n = places.len();
            sentences.push(format!("Of {n} of them {what} differ: {}.", listed(places)));
        }
        for (places, which) in [(&self.only_first, "first"), (&self.only_second, "second")] {
            if !places.is_empty() {
                let results = count(places.len(), "result");
                let list = listed(places);
                sentences.push(format!("{results} only in the {which} run: {list}."));
            }
        }
        sentences
    }

    fn changed(&self) -> impl Iterator<Item = &Change> {
        let changes = self.changes.iter();
        changes.filter(|change| change.verdict != Verdict::Same)
    }

    fn table(&self) -> Html {
        let mut html = Html::default();
        html.raw("<table class=\"sortable\">\n<thead><tr>");
        for name in [
            "table", "data set", "column", "first", "second", "change", "verdict",
        ] {
            html.element("th", &[("scope", "col")], name);
        }
        html.raw("</tr></thead>\n<tbody>\n");
        for change in self.changed() {
            html.raw("<tr>");
            let values = [change.first.mean, change.second.mean, change.points()];
            for (index, text) in change.texts().iter().enumerate() {
                match index {
                    0 => html.element("th", &[("scope", "row")], text),
                    3..=5 => {
                        let value = values[index - 3].to_string();
                        html.element("td", &[("data-value", &value)], text);
                    }
                    _ => html.element("td", &[("class", "text")], text),
                }
            }
            html.raw("</tr>\n");
        }
        html.raw("</tbody>\n</table>\n");
        html
    }
}

impl Change {
    fn points(&self) -> f64 {
        self.second.mean - self.first.mean
    }

    fn texts(&self) -> [String; 7] {
        let number = |estimate: Estimate| match estimate.sd {
            Some(sd) => format!("{:.2} ± {sd:.2}", estimate.mean),
            None => format!("{:.2}", estimate.mean),
        };
        [
            self.table.clone(),
            self.dataset.clone(),
            self.column.clone(),
            number(self.first),
            number(self.second),
            signed(self.points()),
            self.verdict.words().to_owned(),
        ]
    }
}

/// Where a number stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    table: String,
    dataset: String,
    /// The label, with the protocol.
    column: String,
}

/// As many places as are named in a sentence.
const NAMED: usize = 8;

/// “kNN [paper] on B (table `a`)” for the first places, and how many more there are.
fn listed(places: &[Place]) -> String {
    let name = |place: &Place| {
        format!(
            "{} on {} (table `{}`)",
            place.column, place.dataset, place.table
        )
    };
    let mut names: Vec<String> = places.iter().take(NAMED).map(name).collect();
    if places.len() > NAMED {
        names.push(format!("{} more", places.len() - NAMED));
    }
    names.join(", ")
}

/// What a run has at a place, and what made it.
struct Found<'a> {
    estimate: Estimate,
    data: BTreeSet<&'a str>,
    configurations: BTreeSet<&'a str>,
    seeds: BTreeSet<(u64, u64)>,
}

/// Every number of a run's tables, by its place.
fn results(run: &Run) -> Vec<(Place, Found<'_>)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for table in &run.plan.tables {
        for row in &table.rows {
            for column in &table.columns {
                let protocol = table.protocol_of(column);
                let ids = column.cells.get(&row.dataset).into_iter().flatten();
                let cells = ids.filter_map(|id| finished(&run.cells, id, protocol));
                let cells: Vec<&Cell> = cells.map(|(cell, _)| cell).collect();
                let values = cells.iter().filter_map(|cell| cell.percent(table.metric));
                let values: Vec<f64> = values.collect();
                let of_rows = match table.metric {
                    Metric::Auroc => cells.first().and_then(|cell| auroc_interval(cell)),
                    _ => None,
                };
                let place = Place {
                    table: table.id.clone(),
                    dataset: one_line(&row.dataset),
                    column: one_line(&format!("{} [{protocol}]", column.label)),
                };
                // Two columns may have one label; the first stands for both.
                if let Some(estimate) = Estimate::of(&values)
                    && seen.insert(place.clone())
                {
                    let of_rows = of_rows.map(Interval::percent);
                    let cells = || cells.iter();
                    let made = Found {
                        estimate: estimate.or_interval(of_rows),
                        data: (cells().filter_map(|c| c.data_sha256.as_deref())).collect(),
                        configurations: (cells().filter_map(|c| c.config_hash.as_deref()))
                            .collect(),
                        seeds: cells().map(|c| (c.seed.data, c.seed.model)).collect(),
                    };
                    found.push((place, made));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_measured_by_the_spread_over_seeds() {
        let estimate = |mean, sd| Estimate {
            mean,
            sd,
            interval: Interval::of_counts(mean / 100.0, 50, 100).map(Interval::percent),
        };
        let verdict = |change: f64, first, second| {
            Verdict::of(estimate(80.0, first), estimate(80.0 + change, second))
        };
        assert_eq!(verdict(0.004, None, None), Verdict::Same);
        assert_eq!(verdict(0.5, None, None), Verdict::Unknown);
        // 50 anomalies among 150 rows: about 8 points to either side.
        assert_eq!(verdict(18.0, None, None), Verdict::Apart);
        // Pooled: √((1 + 9)/2) = 2.24, twice that 4.47.
        assert_eq!(verdict(4.4, Some(1.0), Some(3.0)), Verdict::Inside);
        assert_eq!(verdict(-4.5, Some(1.0), Some(3.0)), Verdict::Outside);
        assert_eq!(verdict(2.1, Some(1.0), None), Verdict::Outside);
        assert_eq!(verdict(0.5, Some(0.0), Some(0.0)), Verdict::Outside);
    }
}
