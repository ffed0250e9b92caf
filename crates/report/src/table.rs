use record::{ColumnPlan, Metric, RowPlan, Seeds, TablePlan};
use std::collections::BTreeMap;

use crate::agreement::{Compared, compared};
use crate::cell::Cells;
use crate::cell::auroc_interval;
use crate::entry::{Entry, Ours, Progress, Row};
use crate::estimate::Estimate;
use crate::families::{
    CostRow, FamilyRow, PublishedFamilies, PublishedFamilyTables, cost_rows, family_rows,
};
use crate::footnotes::{Footnotes, one_line, sorted};
use crate::interval::{By, Interval};
use crate::means::{MeanRow, mean_row};
use crate::published::{Published, PublishedTables};

/// One table with its numbers, before any layout.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) plan: &'a TablePlan,
    /// Marks of the column headers.
    pub(crate) column_marks: Vec<Vec<usize>>,
    pub(crate) rows: Vec<Row<'a>>,
    pub(crate) mean: Option<MeanRow>,
    pub(crate) families: Vec<FamilyRow>,
    /// What stands beside published means over seeds.
    pub(crate) compared: Vec<Compared>,
    pub(crate) costs: Vec<CostRow>,
    pub(crate) footnotes: Footnotes,
    /// Published numbers that could not be read.
    pub(crate) problems: Vec<String>,
    pub(crate) progress: Progress,
}

impl<'a> Table<'a> {
    /// Fills the planned table.
    pub(crate) fn build(
        plan: &'a TablePlan,
        cells: &Cells,
        published: &PublishedTables,
        published_families: &PublishedFamilyTables,
    ) -> Self {
        let empty = Published::default();
        let stem = plan.published.as_deref().unwrap_or_default();
        let (published, mut problems) = match published.get(stem) {
            Some(Ok(found)) => (found, unknown_columns(stem, &plan.columns, found)),
            Some(Err(reason)) => (&empty, vec![reason.clone()]),
            None => (&empty, Vec::new()),
        };
        let mut footnotes = Footnotes::default();
        let column_marks = (plan.columns.iter())
            .map(|column| column_marks(column, plan, &mut footnotes))
            .collect();
        let mut progress = Progress::default();
        let no_families = PublishedFamilies::default();
        let stem = plan.published_families.as_deref().unwrap_or_default();
        let of_families = match published_families.get(stem) {
            Some(Ok(found)) => found,
            Some(Err(reason)) => {
                problems.push(reason.clone());
                &no_families
            }
            None => &no_families,
        };
        let published = (published, of_families);
        let rows: Vec<Row> = (plan.rows.iter())
            .map(|row| fill(row, plan, cells, published, &mut footnotes, &mut progress))
            .collect();
        let mean = mean_row(&plan.columns, &rows, &mut footnotes);
        let families = family_rows(plan, cells, of_families, &mut footnotes);
        let compared = compared(plan, &rows, &families, of_families);
        let costs = cost_rows(plan, cells, &progress);
        Self {
            plan,
            column_marks,
            rows,
            mean,
            families,
            compared,
            costs,
            footnotes,
            problems,
            progress,
        }
    }

    /// The rows to show: those that ran, then those still to run. Rows without data are not among them.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Row<'a>> {
        let ran = self.rows.iter().filter(|row| row.ran());
        let pending = self.rows.iter().filter(|row| !row.ran() && !row.no_data);
        ran.chain(pending)
    }

    /// The rows without data.
    pub(crate) fn absent(&self) -> impl Iterator<Item = &Row<'a>> {
        self.rows.iter().filter(|row| row.is_absent())
    }

    /// The families to show: those with a data set.
    pub(crate) fn shown_families(&self) -> impl Iterator<Item = &FamilyRow> {
        let is_shown = |entry: &Entry| !matches!(entry.ours, Ours::NoData | Ours::NoMethod);
        (self.families.iter()).filter(move |row| row.entries.iter().any(is_shown))
    }

    /// Whether any row is shown.
    pub(crate) fn shows_rows(&self) -> bool {
        self.shown().next().is_some()
    }

    /// Whether any column has published numbers.
    pub(crate) fn has_paper(&self) -> bool {
        self.entries().any(|entry| entry.paper.is_some())
    }

    /// How many rows have a result.
    pub(crate) fn n_with_results(&self) -> usize {
        let has_result = |row: &&Row<'_>| row.entries.iter().any(|e| e.ours.mean().is_some());
        self.rows.iter().filter(has_result).count()
    }

    /// Whether any entry is over several seeds.
    pub(crate) fn has_deviations(&self) -> bool {
        (self.entries())
            .any(|entry| matches!(entry.ours, Ours::Value(Estimate { sd: Some(_), .. })))
    }

    /// The kinds of the intervals that entries have.
    pub(crate) fn intervals(&self) -> Vec<By> {
        let by = |entry: &Entry| match entry.ours {
            Ours::Value(estimate) => Some(estimate.interval?.by),
            _ => None,
        };
        let mut found: Vec<By> = Vec::new();
        for by in self.entries().filter_map(by) {
            if !found.contains(&by) {
                found.push(by);
            }
        }
        found
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let of_families = self.shown_families().flat_map(|row| &row.entries);
        (self.shown().flat_map(|row| &row.entries)).chain(of_families)
    }

    /// The commands that get the absent data sets, one for each way to get them.
    pub(crate) fn commands(&self) -> Vec<String> {
        let mut commands: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for RowPlan { dataset, get, .. } in self.absent().map(|row| row.plan) {
            let Some(get) = get else { continue };
            match get.strip_suffix(dataset.as_str()) {
                Some(command) => commands.entry(command).or_default().push(dataset),
                None => {
                    commands.entry(get).or_default();
                }
            }
        }
        (commands.into_iter())
            .map(|(command, names)| one_line(&(command.to_owned() + &names.join(" "))))
            .collect()
    }
}

fn unknown_columns(stem: &str, columns: &[ColumnPlan], published: &Published) -> Vec<String> {
    (columns.iter())
        .filter_map(|column| column.published.as_deref())
        .filter(|column| !published.has_column(column))
        .map(|column| format!("{stem}.csv has no column `{column}`"))
        .collect()
}

fn column_marks(column: &ColumnPlan, plan: &TablePlan, footnotes: &mut Footnotes) -> Vec<usize> {
    let mut numbers = Vec::new();
    if let Some(note) = &column.note {
        numbers.push(footnotes.note(note));
    }
    if column.method.is_some() && column.seeds != plan.seeds() {
        numbers.push(footnotes.note(&format!("here {}", seeds_in_words(&column.seeds))));
    }
    sorted(numbers)
}

/// “one seed (data/model 44/44)”, “3 seeds (data/model 0/0, 1/1, 2/2)”.
pub(crate) fn seeds_in_words(seeds: &[Seeds]) -> String {
    let list: Vec<String> = seeds.iter().map(Seeds::to_string).collect();
    match list.len() {
        0 => "no seed".to_owned(),
        1 => format!("one seed (data/model {})", list[0]),
        n => format!("{n} seeds (data/model {})", list.join(", ")),
    }
}

/// What the cells of one data set and method say.
#[derive(Debug, Default)]
struct Found<'a> {
    /// The table's metric in percent.
    values: Vec<f64>,
    /// Over the test rows of the first of them, in percent; an AUROC of pixels has none.
    of_rows: Option<Interval>,
    warnings: Vec<&'a str>,
    failed: Vec<String>,
    unreadable: Vec<String>,
    pending: usize,
}

impl<'a> Found<'a> {
    fn collect(plan: &TablePlan, column: &ColumnPlan, dataset: &str, cells: &'a Cells) -> Self {
        let (protocol, metric) = (plan.protocol_of(column), plan.metric);
        let mut found = Self::default();
        let ids = column.cells.get(dataset).map_or(&[][..], Vec::as_slice);
        for id in ids {
            match cells.get(id) {
                None => found.pending += 1,
                Some(Err(reason)) => {
                    found.unreadable.push(format!("cells/{id}.json: {reason}"));
                }
                // A number under another protocol has no place in this column.
                Some(Ok(cell)) if cell.protocol != protocol => {
                    let of_cell = &cell.protocol;
                    let reason = format!("protocol `{of_cell}`, expected `{protocol}`");
                    found.unreadable.push(format!("cells/{id}.json: {reason}"));
                }
                Some(Ok(cell)) => match (&cell.outcome, cell.percent(metric)) {
                    (Ok(_), Some(percent)) => {
                        if found.values.is_empty() && metric == Metric::Auroc {
                            found.of_rows = auroc_interval(cell).map(Interval::percent);
                        }
                        found.values.push(percent);
                        found
                            .warnings
                            .extend(cell.warnings.iter().map(String::as_str));
                    }
                    (outcome, _) => {
                        let reason = match outcome {
                            Err(failure) => failure.message.as_str(),
                            Ok(_) => "no maps, or no masks to compare with",
                        };
                        found.failed.push(format!("failed: {reason}"));
                    }
                },
            }
        }
        found
    }

    fn state(&self, present: bool) -> Ours {
        if let Some(estimate) = Estimate::of(&self.values) {
            Ours::Value(estimate.or_interval(self.of_rows))
        } else if !self.failed.is_empty() {
            Ours::Failed
        } else if !self.unreadable.is_empty() {
            Ours::Unreadable
        } else if present {
            Ours::Pending
        } else {
            Ours::NoData
        }
    }

    /// Notes on what is missing behind the entry.
    fn notes(&self, footnotes: &mut Footnotes) -> Vec<usize> {
        let mut numbers = Vec::new();
        let missing = self.failed.len() + self.unreadable.len() + self.pending;
        if !self.values.is_empty() && missing > 0 {
            let (n, all) = (self.values.len(), self.values.len() + missing);
            numbers.push(footnotes.note(&format!("over {n} of {all} seeds")));
        }
        for reason in self.failed.iter().chain(&self.unreadable) {
            numbers.push(footnotes.note(reason));
        }
        numbers
    }
}

fn fill<'a>(
    row: &'a RowPlan,
    plan: &TablePlan,
    cells: &Cells,
    (published, of_families): (&Published, &PublishedFamilies),
    footnotes: &mut Footnotes,
    progress: &mut Progress,
) -> Row<'a> {
    let dataset = row.dataset.as_str();
    let found: Vec<Found> = (plan.columns.iter())
        .map(|column| Found::collect(plan, column, dataset, cells))
        .collect();
    let states: Vec<Ours> = (plan.columns.iter().zip(&found))
        .map(|(column, found)| match &column.method {
            // Planned without a cell for a set that is present: the column leaves it out.
            Some(_) if row.present && !column.cells.contains_key(dataset) => Ours::NoMethod,
            Some(_) => found.state(row.present),
            None => Ours::NoMethod,
        })
        .collect();
    let no_data = states.contains(&Ours::NoData);

    for found in &found {
        progress.done += found.values.len();
        progress.failed += found.failed.len();
        progress.unreadable += found.unreadable.len();
        if row.present {
            progress.pending += found.pending;
        }
    }

    let shared = shared_warnings(&found);
    let row_numbers = (shared.iter())
        .map(|warning| footnotes.warning(warning, dataset))
        .collect();
    let entries = (plan.columns.iter().zip(&found).zip(states))
        .map(|((column, found), ours)| {
            let mut numbers = found.notes(footnotes);
            for warning in found.warnings.iter().filter(|&text| !shared.contains(text)) {
                numbers.push(footnotes.warning(warning, dataset));
            }
            let single =
                (column.published.as_ref()).and_then(|column| published.value(dataset, column));
            let over_seeds =
                (column.family.as_ref()).and_then(|method| of_families.of_set(dataset, method));
            let whole = found.values.len() == column.seeds.len();
            Entry {
                ours,
                of_seeds: if whole {
                    found.values.clone()
                } else {
                    Vec::new()
                },
                paper: single.or(over_seeds.map(|(mean, _)| mean)),
                paper_sd: over_seeds.filter(|_| single.is_none()).map(|(_, sd)| sd),
                marks: sorted(numbers),
            }
        })
        .collect();
    Row {
        plan: row,
        marks: sorted(row_numbers),
        no_data,
        entries,
    }
}

/// The warnings that every result of a row has, where there are two or more results: they are about
/// the data set, and are marked there rather than in each column.
fn shared_warnings<'a>(found: &[Found<'a>]) -> Vec<&'a str> {
    let mut results = found.iter().filter(|found| !found.values.is_empty());
    let (Some(first), Some(second)) = (results.next(), results.next()) else {
        return Vec::new();
    };
    let others: Vec<_> = std::iter::once(second).chain(results).collect();
    let mut shared: Vec<&str> = Vec::new();
    for warning in &first.warnings {
        let everywhere = others.iter().all(|found| found.warnings.contains(warning));
        if everywhere && !shared.contains(warning) {
            shared.push(warning);
        }
    }
    shared
}
