//! `--only`: part of a profile.

use super::Plan;
use crate::failure::{Failure, code};
use crate::glob;

/// Keeps the rows, columns and cells that the globs name. A glob that matches a data set narrows
/// the rows, one that matches a column's label or method narrows the columns; several of a kind
/// add up, and a kind that no glob names stays whole.
///
/// # Errors
/// Usage, where a glob matches nothing.
pub(crate) fn narrow(mut plan: Plan, only: &[String]) -> Result<Plan, Failure> {
    let (mut of_rows, mut of_columns) = (Vec::new(), Vec::new());
    for glob in only {
        let tables = &plan.tables.tables;
        let row = tables
            .iter()
            .flat_map(|t| &t.rows)
            .any(|r| glob::matches(glob, &r.dataset));
        let column = tables
            .iter()
            .flat_map(|t| &t.columns)
            .any(|c| c.answers_to(glob));
        if !row && !column {
            let message =
                format!("--only {glob} matches no data set, method or column of this profile");
            return Err(Failure::new(code::USAGE, message).hint(names(&plan)));
        }
        if row {
            of_rows.push(glob.clone());
        }
        if column {
            of_columns.push(glob.clone());
        }
    }
    for table in &mut plan.tables.tables {
        let keep =
            |name: &str| of_rows.is_empty() || of_rows.iter().any(|g| glob::matches(g, name));
        table.rows.retain(|row| keep(&row.dataset));
        for column in &mut table.columns {
            column.cells.retain(|dataset, _| keep(dataset));
        }
        let keep = |c: &super::PlannedColumn| {
            of_columns.is_empty() || of_columns.iter().any(|g| c.answers_to(g))
        };
        table.columns.retain(keep);
    }
    plan.tables
        .tables
        .retain(|t| !t.rows.is_empty() && !t.columns.is_empty());
    let tables = &plan.tables.tables;
    let kept: std::collections::HashSet<&String> = tables
        .iter()
        .flat_map(|t| &t.columns)
        .flat_map(|c| c.cells.values().flatten())
        .collect();
    plan.cells.retain(|cell| kept.contains(&cell.id));
    for (index, cell) in plan.cells.iter_mut().enumerate() {
        cell.index = index;
    }
    Ok(plan)
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
