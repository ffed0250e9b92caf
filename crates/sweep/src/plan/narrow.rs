//! `--table`, `--only` and `--except`: part of a profile.

use std::collections::HashSet;

use record::{ColumnPlan, RowPlan};

use super::Plan;
use super::job::number;
use crate::failure::{Failure, code};
use crate::glob;

/// Keeps the tables whose ids the globs name, all where there is no glob.
///
/// # Errors
/// Usage, where a glob matches nothing.
pub fn tables(mut plan: Plan, globs: &[String]) -> Result<Plan, Failure> {
    let tables = &mut plan.tables.tables;
    for glob in globs {
        if !tables.iter().any(|table| glob::matches(glob, &table.id)) {
            let ids: Vec<&str> = tables.iter().map(|table| table.id.as_str()).collect();
            let message = format!("--table {glob} matches no table of this profile");
            let hint = format!("tables: {}", ids.join(", "));
            return Err(Failure::new(code::USAGE, message).hint(hint));
        }
    }
    tables.retain(|table| globs.is_empty() || globs.iter().any(|g| glob::matches(g, &table.id)));
    Ok(retain(plan, |_, _| true, |_| true))
}

/// Keeps the rows, columns and cells that the globs name. A glob that matches a data set narrows
/// the rows, one that matches a column's label or method narrows the columns; several of a kind
/// add up, and a kind that no glob names stays whole.
///
/// # Errors
/// Usage, where a glob matches nothing.
pub fn narrow(plan: Plan, only: &[String]) -> Result<Plan, Failure> {
    let (of_rows, of_columns) = sort_out(&plan, "--only", only)?;
    Ok(retain(
        plan,
        |plan, row| of_rows.is_empty() || of_rows.iter().any(|g| plan.names_row(g, row)),
        |c| of_columns.is_empty() || of_columns.iter().any(|g| names_column(g, c)),
    ))
}

/// Leaves out the rows and columns that the globs name.
///
/// # Errors
/// Usage, where a glob matches nothing.
pub fn except(plan: Plan, globs: &[String]) -> Result<Plan, Failure> {
    let (of_rows, of_columns) = sort_out(&plan, "--except", globs)?;
    Ok(retain(
        plan,
        |plan, row| !of_rows.iter().any(|g| plan.names_row(g, row)),
        |c| !of_columns.iter().any(|g| names_column(g, c)),
    ))
}

/// The globs that match rows, and those that match columns.
fn sort_out<'a>(
    plan: &Plan,
    flag: &str,
    globs: &'a [String],
) -> Result<(Vec<&'a String>, Vec<&'a String>), Failure> {
    let (mut of_rows, mut of_columns) = (Vec::new(), Vec::new());
    for glob in globs {
        let tables = &plan.tables.tables;
        let row = tables
            .iter()
            .flat_map(|t| &t.rows)
            .any(|row| plan.names_row(glob, row));
        let column = tables
            .iter()
            .flat_map(|t| &t.columns)
            .any(|c| names_column(glob, c));
        if !row && !column {
            let message =
                format!("{flag} {glob} matches no data set, method or column of this profile");
            return Err(Failure::new(code::USAGE, message).hint(names(plan)));
        }
        if row {
            of_rows.push(glob);
        }
        if column {
            of_columns.push(glob);
        }
    }
    Ok((of_rows, of_columns))
}

impl Plan {
    /// A set of which some rows are drawn answers to its own name, too.
    fn names_row(&self, glob: &str, row: &RowPlan) -> bool {
        let whole = |set: &super::known::Dataset| glob::matches(glob, &set.whole);
        glob::matches(glob, &row.dataset) || self.sets.get(&row.dataset).is_some_and(whole)
    }
}

/// The plan with the rows and columns that are kept, and the cells that they need.
fn retain(
    mut plan: Plan,
    keeps_row: impl Fn(&Plan, &RowPlan) -> bool,
    keeps_column: impl Fn(&ColumnPlan) -> bool,
) -> Plan {
    let mut tables = std::mem::take(&mut plan.tables.tables);
    for table in &mut tables {
        table.rows.retain(|row| keeps_row(&plan, row));
        let kept: HashSet<&String> = table.rows.iter().map(|row| &row.dataset).collect();
        for column in &mut table.columns {
            column.cells.retain(|dataset, _| kept.contains(dataset));
        }
        table.columns.retain(&keeps_column);
    }
    tables.retain(|t| !t.rows.is_empty() && !t.columns.is_empty());
    let kept: HashSet<&String> = tables
        .iter()
        .flat_map(|t| &t.columns)
        .flat_map(|c| c.cells.values().flatten())
        .collect();
    plan.jobs.retain(|job| kept.contains(&job.planned.id));
    number(&mut plan.jobs);
    plan.tables.tables = tables;
    plan
}

/// A column answers to its label and to its method.
fn names_column(glob: &str, column: &ColumnPlan) -> bool {
    let method = column.method.as_ref();
    glob::matches(glob, &column.label) || method.is_some_and(|m| glob::matches(glob, m))
}

/// What can be named.
fn names(plan: &Plan) -> String {
    let tables = &plan.tables.tables;
    let mut columns: Vec<&str> = tables
        .iter()
        .flat_map(|t| &t.columns)
        .map(|c| c.label.as_str())
        .collect();
    let mut rows: Vec<&str> = tables
        .iter()
        .flat_map(|t| &t.rows)
        .map(|r| r.dataset.as_str())
        .collect();
    for list in [&mut columns, &mut rows] {
        list.sort_unstable();
        list.dedup();
    }
    format!(
        "columns: {}; data sets: {}",
        columns.join(", "),
        rows.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::planned;
    use super::*;

    fn only(globs: &[&str]) -> Plan {
        let globs: Vec<String> = globs.iter().map(|&g| g.into()).collect();
        narrow(planned(), &globs).unwrap()
    }

    #[test]
    fn rows_columns_and_both() {
        let rows = only(&["A_2"]);
        assert!(rows.jobs.iter().all(|c| c.planned.dataset == "A_2"));
        assert_eq!(
            (rows.jobs.len(), rows.tables.tables[0].columns.len()),
            (3, 4)
        );
        let columns = only(&["copod"]); // by method: two labels
        assert_eq!(columns.tables.tables[0].columns.len(), 2);
        assert_eq!(
            (columns.jobs.len(), columns.tables.tables[0].rows.len()),
            (2, 3)
        );
        let both = only(&["A_1", "A_2", "DDPM"]);
        assert_eq!(both.jobs.len(), 4);
        assert!(
            both.jobs
                .iter()
                .enumerate()
                .all(|(i, c)| c.planned.index == i && c.planned.method == "ddpm")
        );
        assert_eq!(
            only(&["A_1"]).jobs[0].planned.id,
            planned().jobs[0].planned.id,
            "ids stay"
        );
        assert_eq!(only(&[]).jobs, planned().jobs);
    }

    #[test]
    fn tables_by_their_ids() {
        let mut plan = planned();
        let cells = plan.jobs.clone();
        let mut other = plan.tables.tables[0].clone();
        other.id = "other".into();
        other.columns.truncate(1);
        plan.tables.tables.push(other);
        let kept = tables(plan, &["oth*".into()]).unwrap();
        assert_eq!(kept.tables.tables.len(), 1);
        assert!(!kept.jobs.is_empty() && kept.jobs.len() < cells.len());
        assert_eq!(tables(planned(), &[]).unwrap().jobs, cells);
        let error = tables(planned(), &["no".into()]).unwrap_err();
        assert!(error.hint.unwrap().starts_with("tables: "));
    }

    #[test]
    fn exceptions_leave_the_rest() {
        let globs = ["ddpm".to_owned(), "A_2".to_owned()];
        let plan = except(planned(), &globs).unwrap();
        let labels: Vec<&str> = (plan.tables.tables[0].columns.iter())
            .map(|column| column.label.as_str())
            .collect();
        assert_eq!(labels, ["COPOD", "COPOD again", "DiT"]);
        assert!(plan.jobs.iter().all(|c| c.planned.dataset == "A_1"));
        assert_eq!(plan.jobs.len(), 1);
        assert_eq!(except(planned(), &[]).unwrap().jobs, planned().jobs);
    }

    #[test]
    fn a_glob_that_matches_nothing_is_an_error() {
        let error = narrow(planned(), &["dpm".into()]).unwrap_err();
        assert_eq!(error.code, code::USAGE);
        assert!(
            error
                .hint
                .unwrap()
                .contains("columns: COPOD, COPOD again, DDPM, DiT; data sets: A_1")
        );
    }
}
