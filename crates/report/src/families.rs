use record::{Cell, ColumnPlan, FamilyPlan, TablePlan};
use std::collections::BTreeMap;
use std::path::Path;

use crate::cell::{Cells, finished};
use crate::entry::{Entry, Ours, Progress};
use crate::estimate::{Estimate, mean};
use crate::footnotes::{Footnotes, sorted};
use crate::plan::is_file_stem;
use crate::reasons::Reasons;

/// Published means of families of data sets, and why ours are elsewhere where that is known.
#[derive(Debug, Default)]
pub(crate) struct PublishedFamilies {
    /// Percent and its standard deviation over seeds, by family in lower case and method.
    values: BTreeMap<(String, String), (f64, f64)>,
    pub(crate) reasons: Reasons,
}

/// By stem the published families of a run, or why a file cannot be read.
pub(crate) type PublishedFamilyTables = BTreeMap<String, Result<PublishedFamilies, String>>;

impl PublishedFamilies {
    /// Reads `folder/<stem>.csv`: the header `dataset,method,mean,std`, then one family and method
    /// in each line; and, where it is there, `folder/<stem>_reasons.toml`.
    pub(crate) fn load(folder: &Path, stem: &str) -> Result<Self, String> {
        if !is_file_stem(stem) {
            return Err(format!("`{stem}` is not the stem of a file's name"));
        }
        let name = format!("{stem}.csv");
        let text = std::fs::read_to_string(folder.join(&name))
            .map_err(|error| format!("cannot read {name}: {error}"))?;
        let values =
            Self::parse(&text).map_err(|reason| format!("cannot read {name}: {reason}"))?;
        let reasons = Reasons::load(folder, stem)?;
        Ok(Self { reasons, ..values })
    }

    fn parse(text: &str) -> Result<Self, String> {
        const HEADER: &str = "dataset,method,mean,std";
        let mut lines = text.lines().map(str::trim_end);
        let header = lines.next().unwrap_or_default();
        if header != HEADER {
            return Err(format!("header `{header}`, expected `{HEADER}`"));
        }
        let mut values = BTreeMap::new();
        for (index, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
            let fields: Vec<&str> = line.split(',').collect();
            let number = |field: &str| field.parse::<f64>().ok().filter(|v| v.is_finite());
            let parsed = match fields[..] {
                [family, method, mean, sd] => (number(mean).zip(number(sd)))
                    .map(|value| ((family.to_lowercase(), method.to_owned()), value)),
                _ => None,
            };
            let Some((key, value)) = parsed else {
                return Err(format!("line {}: `{line}`, expected `{HEADER}`", index + 2));
            };
            values.insert(key, value);
        }
        let reasons = Reasons::default();
        Ok(Self { values, reasons })
    }

    fn value(&self, family: &str, method: &str) -> Option<(f64, f64)> {
        let key = (family.to_lowercase(), method.to_owned());
        self.values.get(&key).copied()
    }

    /// Of a set that is a family of its own: ADBench's files have a number before the published name.
    /// Part of a set, or another representation of it (`NAME@…`), has no published number.
    pub(crate) fn of_set(&self, dataset: &str, method: &str) -> Option<(f64, f64)> {
        self.value(family_of_set(dataset)?, method)
    }
}

/// `cover` of `10_cover`.
pub(crate) fn family_of_set(dataset: &str) -> Option<&str> {
    let (number, name) = dataset.split_once('_')?;
    let numbered = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (numbered && !name.contains('@')).then_some(name)
}

/// A row of means over the members of a family, beside what was published for the family.
#[derive(Debug)]
pub(crate) struct FamilyRow {
    pub(crate) name: String,
    /// The family's own name.
    pub(crate) family: String,
    /// Whether every member is present.
    pub(crate) complete: bool,
    pub(crate) marks: Vec<usize>,
    /// One for each column.
    pub(crate) entries: Vec<Entry>,
}

/// The family rows of a table.
pub(crate) fn family_rows(
    plan: &TablePlan,
    cells: &Cells,
    published: &PublishedFamilies,
    footnotes: &mut Footnotes,
) -> Vec<FamilyRow> {
    (plan.families.iter())
        .map(|family| family_row(family, plan, cells, published, footnotes))
        .collect()
}

fn family_row(
    family: &FamilyPlan,
    plan: &TablePlan,
    cells: &Cells,
    published: &PublishedFamilies,
    footnotes: &mut Footnotes,
) -> FamilyRow {
    let prefix = format!("{}_", family.name);
    let is_member = |name: &str| name.starts_with(&prefix) && !name.contains('@');
    let members: Vec<&str> = (plan.rows.iter())
        .filter(|row| row.present && is_member(&row.dataset))
        .map(|row| row.dataset.as_str())
        .collect();
    let entries = (plan.columns.iter())
        .map(|column| {
            let found =
                (column.family.as_ref()).and_then(|method| published.value(&family.name, method));
            let (ours, of_seeds) = ours(plan, column, &members, cells);
            Entry {
                ours,
                of_seeds,
                paper: found.map(|(mean, _)| mean),
                paper_sd: found.map(|(_, sd)| sd),
                marks: Vec::new(),
            }
        })
        .collect();
    let mut numbers = Vec::new();
    if members.len() < family.members {
        let (n, all) = (members.len(), family.members);
        numbers.push(footnotes.note(&format!(
            "ours over the {n} sets that were found, published over all {all}: not the same number"
        )));
    }
    FamilyRow {
        name: format!(
            "mean of {} ({} of {})",
            family.name,
            members.len(),
            family.members
        ),
        family: family.name.clone(),
        complete: members.len() == family.members,
        marks: sorted(numbers),
        entries,
    }
}

/// The mean over the members, for each seed that has them all; then mean and deviation over seeds, and
/// the mean of each seed, where all have one.
fn ours(
    plan: &TablePlan,
    column: &ColumnPlan,
    members: &[&str],
    cells: &Cells,
) -> (Ours, Vec<f64>) {
    if column.method.is_none() {
        return (Ours::NoMethod, Vec::new());
    }
    if members.is_empty() {
        return (Ours::NoData, Vec::new());
    }
    if members.iter().any(|&name| !column.cells.contains_key(name)) {
        return (Ours::NoMethod, Vec::new()); // the column leaves sets out: it has no mean
    }
    let percent = |id: &String| {
        let (cell, _) = finished(cells, id, plan.protocol_of(column))?;
        cell.percent(plan.metric)
    };
    let of_seed = |seed: usize| -> Option<f64> {
        let values = (members.iter())
            .map(|&name| percent(column.cells.get(name)?.get(seed)?))
            .collect::<Option<Vec<f64>>>()?;
        mean(&values)
    };
    let values: Vec<f64> = (0..column.seeds.len()).filter_map(of_seed).collect();
    let ours = Estimate::of(&values).map_or(Ours::Pending, Ours::Value);
    let whole = values.len() == column.seeds.len();
    (ours, if whole { values } else { Vec::new() })
}

/// What the scores of a table cost, in rows below it.
#[derive(Debug)]
pub(crate) struct CostRow {
    pub(crate) name: &'static str,
    /// One for each column, empty where nothing is known.
    pub(crate) texts: Vec<String>,
}

/// Network evaluations for a row's score, seconds and memory, means over the cells.
pub(crate) fn cost_rows(plan: &TablePlan, cells: &Cells, progress: &Progress) -> Vec<CostRow> {
    if !plan.costs || progress.done == 0 {
        return Vec::new();
    }
    let over = |column: &ColumnPlan, of: &dyn Fn(&Cell) -> Option<f64>| {
        let ids = column.cells.values().flatten();
        let found: Vec<f64> = ids
            .filter_map(|id| cells.get(id)?.as_ref().ok())
            .filter_map(of)
            .collect();
        mean(&found)
    };
    let row = |name, digits: usize, of: &dyn Fn(&Cell) -> Option<f64>| CostRow {
        name,
        texts: (plan.columns.iter())
            .map(|column| over(column, of).map_or_else(String::new, |v| format!("{v:.digits$}")))
            .collect(),
    };
    vec![
        row("network evaluations per row", 0, &|cell| {
            cell.measured()?.n_evaluations.map(|n| n as f64)
        }),
        row("seconds to fit", 2, &|cell| cell.measured()?.seconds?.fit),
        row("seconds to score", 2, &|cell| {
            cell.measured()?.seconds?.score
        }),
        row("peak memory, MiB", 0, &|cell| {
            cell.peak_rss_bytes.map(|bytes| bytes as f64 / 1048576.0)
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_found_by_name_and_method() {
        let text = "dataset,method,mean,std\nMVTec-AD,dte-c,89.39,2.0\n";
        let found = PublishedFamilies::parse(text).unwrap();
        assert_eq!(found.value("MVTec-AD", "dte-c"), Some((89.39, 2.0)));
        assert_eq!(found.value("MVTec-AD", "ddpm"), None);
    }

    #[test]
    fn every_table_of_adbench_has_its_published_family() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let published = PublishedFamilies::load(&root.join("data/published"), "dte_semi_auroc");
        let published = published.unwrap();
        let catalogue = root.join("crates/datasets/src/catalogue/adbench.csv");
        let catalogue = std::fs::read_to_string(catalogue).unwrap();
        let tables: Vec<&str> = (catalogue.lines())
            .filter_map(|line| line.strip_prefix("Classical,")?.split(',').next())
            .collect();
        assert_eq!(tables.len(), 47);
        let without: Vec<&&str> = (tables.iter())
            .filter(|name| published.of_set(name, "knn").is_none())
            .collect();
        assert!(without.is_empty(), "{without:?}");
        // The other ten families have several sets each.
        let families: std::collections::BTreeSet<&String> =
            published.values.keys().map(|(family, _)| family).collect();
        assert_eq!(families.len(), 47 + 10);
        assert_eq!(published.of_set("MVTec-AD_bottle", "knn"), None);
        assert_eq!(published.of_set("10_cover@12000", "knn"), None);
    }

    #[test]
    fn a_bad_line_says_where() {
        let reason = |text| PublishedFamilies::parse(text).unwrap_err();
        assert!(reason("a,b").starts_with("header `a,b`"));
        let text = "dataset,method,mean,std\nx,y,NaN,1";
        assert!(reason(text).starts_with("line 2: `x,y,NaN,1`"));
    }
}
