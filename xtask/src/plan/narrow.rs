//! `--table`, `--only` and `--except`: part of a profile.

use std::collections::HashSet;

use super::{Plan, Row};
use crate::failure::{Failure, code};
use crate::glob;

/// Keeps the tables whose ids the globs name, all where there is no glob.
///
/// # Errors
/// Usage, where a glob matches nothing.
pub(crate) fn tables(mut plan: Plan, globs: &[String]) -> Result<Plan, Failure> {
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
    Ok(retain(plan, |_| true, |_| true))
}

/// Keeps the rows, columns and cells that the globs name. A glob that matches a data set narrows
/// the rows, one that matches a column's label or method narrows the columns; several of a kind
/// add up, and a kind that no glob names stays whole.
///
/// # Errors
/// Usage, where a glob matches nothing.
pub(crate) fn narrow(plan: Plan, only: &[String]) -> Result<Plan, Failure> {
    let (of_rows, of_columns) = sort_out(&plan, "--only", only)?;
    Ok(retain(
        plan,
        |row| of_rows.is_empty() || of_rows.iter().any(|g| names_row(g, row)),
        |c| of_columns.is_empty() || of_columns.iter().any(|g| c.answers_to(g)),
    ))
}

/// Leaves out the rows and columns that the globs name.
///
/// # Errors
/// Usage, where a glob matches nothing.
pub(crate) fn except(plan: Plan, globs: &[String]) -> Result<Plan, Failure> {
    let (of_rows, of_columns) = sort_out(&plan, "--except", globs)?;
    Ok(retain(
        plan,
        |row| !of_rows.iter().any(|g| names_row(g, row)),
        |c| !of_columns.iter().any(|g| c.answers_to(g)),
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
            .any(|row| names_row(glob, row));
        let column = tables
            .iter()
            .flat_map(|t| &t.columns)
            .any(|c| c.answers_to(glob));
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

/// A set of which some rows are drawn answers to its own name, too.
fn names_row(glob: &str, row: &Row) -> bool {
    glob::matches(glob, &row.dataset) || glob::matches(glob, &row.whole)
}

/// The plan with the rows and columns that are kept, and the cells that they need.
fn retain(
    mut plan: Plan,
    keeps_row: impl Fn(&Row) -> bool,
    keeps_column: impl Fn(&super::PlannedColumn) -> bool,
) -> Plan {
    for table in &mut plan.tables.tables {
        table.rows.retain(|row| keeps_row(row));
        let kept: HashSet<&String> = table.rows.iter().map(|row| &row.dataset).collect();
        for column in &mut table.columns {
            column.cells.retain(|dataset, _| kept.contains(dataset));
        }
        table.columns.retain(&keeps_column);
    }
    plan.tables
        .tables
        .retain(|t| !t.rows.is_empty() && !t.columns.is_empty());
    let tables = &plan.tables.tables;
    let kept: HashSet<&String> = tables
        .iter()
        .flat_map(|t| &t.columns)
        .flat_map(|c| c.cells.values().flatten())
        .collect();
    plan.cells.retain(|cell| kept.contains(&cell.id));
    for (index, cell) in plan.cells.iter_mut().enumerate() {
        cell.index = index;
    }
    plan
}

impl super::PlannedColumn {
    fn answers_to(&self, glob: &str) -> bool {
        glob::matches(glob, &self.label)
            || self.method.as_ref().is_some_and(|m| glob::matches(glob, m))
    }
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
        assert!(rows.cells.iter().all(|c| c.dataset == "A_2"));
        assert_eq!(
            (rows.cells.len(), rows.tables.tables[0].columns.len()),
            (3, 4)
        );
        let columns = only(&["copod"]); // by method: two labels
        assert_eq!(columns.tables.tables[0].columns.len(), 2);
        assert_eq!(
            (columns.cells.len(), columns.tables.tables[0].rows.len()),
            (2, 3)
        );
        let both = only(&["A_1", "A_2", "DDPM"]);
        assert_eq!(both.cells.len(), 4);
        assert!(
            both.cells
                .iter()
                .enumerate()
                .all(|(i, c)| c.index == i && c.method == "ddpm")
        );
        assert_eq!(
            only(&["A_1"]).cells[0].id,
            planned().cells[0].id,
            "ids stay"
        );
        assert_eq!(only(&[]).cells, planned().cells);
    }

    #[test]
    fn tables_by_their_ids() {
        let mut plan = planned();
        let cells = plan.cells.clone();
        let mut other = plan.tables.tables[0].clone();
        other.id = "other".into();
        other.columns.truncate(1);
        plan.tables.tables.push(other);
        let kept = tables(plan, &["oth*".into()]).unwrap();
        assert_eq!(kept.tables.tables.len(), 1);
        assert!(!kept.cells.is_empty() && kept.cells.len() < cells.len());
        assert_eq!(tables(planned(), &[]).unwrap().cells, cells);
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
        assert!(plan.cells.iter().all(|c| c.dataset == "A_1"));
        assert_eq!(plan.cells.len(), 1);
        assert_eq!(except(planned(), &[]).unwrap().cells, planned().cells);
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
