use std::collections::BTreeSet;
use std::path::Path;

use record::{TablePlan, Tables};

use crate::ReportError;

/// Reads `tables.json`.
pub(crate) fn load(path: &Path) -> Result<Tables, ReportError> {
    let text = std::fs::read_to_string(path).map_err(|source| ReportError::Read {
        path: path.to_owned(),
        source,
    })?;
    let plan: Tables = serde_json::from_str(&text).map_err(|source| ReportError::Tables {
        path: path.to_owned(),
        source,
    })?;
    check_ids(&plan, path)?;
    Ok(plan)
}

/// Ids name files: one each, inside the report's folder.
fn check_ids(plan: &Tables, path: &Path) -> Result<(), ReportError> {
    let mut seen = BTreeSet::new();
    for TablePlan { id, .. } in &plan.tables {
        let reason = if !is_file_stem(id) {
            "expected letters, digits, `-` and `_`"
        } else if id == "index" {
            "the whole report is named so"
        } else if !seen.insert(id) {
            "two tables have it"
        } else {
            continue;
        };
        return Err(ReportError::TableId {
            id: id.clone(),
            path: path.to_owned(),
            reason,
        });
    }
    Ok(())
}

/// Whether `name` can be part of a file name without leading anywhere else.
pub(crate) fn is_file_stem(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(plain)
}
