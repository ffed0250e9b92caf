//! Planning: a profile, its data sets and the methods become jobs and tables.

mod config;
mod job;
mod known;
mod narrow;
mod sets;

pub use job::Job;
pub use known::{Dataset, Method};
pub use narrow::{except, narrow, tables};
pub use sets::Sets;

use std::collections::{BTreeMap, HashSet};

use record::{ColumnPlan, RowPlan, TablePlan, Tables};

use crate::failure::{Failure, code};
use crate::profile::{Profile, suffixes};
use job::Disturbance;

/// Everything a run folder starts from.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One per computation, longest first; cells that two tables share appear once.
    pub jobs: Vec<Job>,
    /// How the cells are laid out for the reader.
    pub tables: Tables,
    /// What the program knows of the data sets, by name.
    pub sets: BTreeMap<String, Dataset>,
    /// Wall time after which a cell is stopped.
    pub timeout_minutes: f64,
}

/// Plans a profile.
///
/// # Errors
/// Usage: a data set, glob, method or config key that nothing answers to, with what there is.
pub fn plan(profile: &Profile, sets: &Sets, registry: &[Method]) -> Result<Plan, Failure> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut seen = HashSet::new();
    let mut known = BTreeMap::new();
    let mut tables = Vec::new();
    for table in &profile.tables {
        let rows = sets.rows(table)?;
        let mut columns = Vec::new();
        for column in &table.columns {
            let protocol = column.protocol.as_ref().unwrap_or(&table.protocol);
            let seeds = column.seeds.as_ref().unwrap_or(&table.seeds);
            let mut ids = BTreeMap::new();
            if let Some(name) = &column.method {
                let method = find_method(registry, name, &column.label)?;
                let config = config::merge(method, &column.set, &column.label)?;
                let disturbance = Disturbance::of(column)?;
                // A width that the catalogue does not know leaves nothing out.
                let fits = |d: &&Dataset| column.max_columns.is_none_or(|max| d.d <= Some(max));
                for dataset in rows.iter().filter(|d| d.present).filter(fits) {
                    let of_row: &mut Vec<String> = ids.entry(dataset.name.clone()).or_default();
                    for &seed in seeds {
                        let config = config.clone();
                        let job = Job::new(dataset, method, protocol, seed, config, &disturbance)?;
                        of_row.push(job.planned.id.clone());
                        if seen.insert(job.planned.id.clone()) {
                            jobs.push(job);
                        }
                    }
                }
            }
            columns.push(ColumnPlan {
                label: column.label.clone(),
                method: column.method.clone(),
                protocol: Some(protocol.clone()),
                published: column.published.clone(),
                family: column.family.clone(),
                deterministic: column.deterministic,
                note: column.full_note(),
                seeds: seeds.clone(),
                cells: ids,
            });
        }
        let planned = rows.iter().map(|d| RowPlan {
            dataset: d.name.clone(),
            present: d.present,
            get: Some(d.get.clone()),
        });
        let planned: Vec<RowPlan> = planned.collect();
        known.extend(rows.into_iter().map(|set| (set.name.clone(), set)));
        for &metric in &table.metrics {
            let [id, title] = suffixes(metric);
            tables.push(TablePlan {
                id: format!("{}{id}", table.id),
                title: format!("{}{title}", table.title),
                protocol: table.protocol.clone(),
                metric,
                published: table.published.clone(),
                notes: table.notes.clone(),
                rows: planned.clone(),
                columns: columns.clone(),
                published_families: table.published_families.clone(),
                families: table.families.clone(),
                costs: table.costs,
            });
        }
    }
    job::order(&mut jobs);
    let timeout_minutes = profile.timeout_minutes;
    let profile = profile.name.clone();
    Ok(Plan {
        timeout_minutes,
        jobs,
        tables: Tables { profile, tables },
        sets: known,
    })
}

fn find_method<'a>(registry: &'a [Method], name: &str, label: &str) -> Result<&'a Method, Failure> {
    registry.iter().find(|m| m.name == name).ok_or_else(|| {
        let known: Vec<&str> = registry.iter().map(|m| m.name.as_str()).collect();
        Failure::new(
            code::USAGE,
            format!("column {label:?} names the method {name:?}, which does not exist"),
        )
        .hint(format!("methods: {}", known.join(", ")))
    })
}

#[cfg(test)]
pub(crate) mod tests;
