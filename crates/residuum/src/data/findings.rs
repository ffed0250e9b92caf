use std::collections::HashMap;
use std::fmt;

use columns::{Columns, Values};

use super::distinct::{FNV_OFFSET, bits, fnv};
use super::layout::{Encoding, TableLayout};
use super::table::missing_count;

/// What is odd about the columns of a table that is learned from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Columns whose values are all equal.
    pub constant: Vec<String>,
    /// Columns that repeat an earlier one: theirs and its name.
    pub repeated: Vec<(String, String)>,
    /// Columns of whole numbers or text whose values are all different and go up or down.
    pub identifiers: Vec<String>,
    /// Columns with missing values and how many.
    pub missing: Vec<(String, usize)>,
    /// Columns of text with values that too few rows have, and how many rows.
    pub rare: Vec<(String, usize)>,
    /// Rows that repeat an earlier row.
    pub copies: usize,
}

/// What is odd about `table` in the columns of `layout`.
pub fn findings(table: &Columns, layout: &TableLayout) -> Findings {
    let mut found = Findings::default();
    let mut seen: HashMap<u64, &str> = HashMap::new();
    let n = table.rows();
    let mut of_rows = vec![FNV_OFFSET; n];
    for learned in &layout.columns {
        let Some(column) = table.get(&learned.name) else {
            continue;
        };
        let name = &column.name;
        let gone = missing_count(column);
        if gone > 0 {
            found.missing.push((name.clone(), gone));
        }
        let mut of_column = FNV_OFFSET;
        let mut different = None;
        let first = (n > 0).then(|| bits(&column.values, 0));
        for (row, of_row) in of_rows.iter_mut().enumerate() {
            let value = match column.is_missing(row) {
                true => u64::MAX - 1,
                false => bits(&column.values, row),
            };
            of_column = fnv(&value.to_le_bytes(), of_column);
            *of_row = fnv(&value.to_le_bytes(), *of_row);
            if Some(value) != first {
                different = Some(row);
            }
        }
        if different.is_none() && gone == 0 {
            found.constant.push(name.clone());
        } else if let Some(earlier) = seen.get(&of_column) {
            found.repeated.push((name.clone(), (*earlier).to_owned()));
        }
        seen.entry(of_column).or_insert(name);
        if gone == 0 && n > 2 && is_monotone(&column.values) {
            found.identifiers.push(name.clone());
        }
        if let Encoding::Categories { levels } = &learned.encoding {
            let values = (0..n).filter_map(|row| column.text(row));
            let rare = values.filter(|value| levels.binary_search(value).is_err());
            let rare = rare.count();
            if rare > 0 {
                found.rare.push((name.clone(), rare));
            }
        }
    }
    of_rows.sort_unstable();
    found.copies = of_rows.windows(2).filter(|pair| pair[0] == pair[1]).count();
    found
}

/// Whether whole numbers or texts go up, or down, from row to row.
fn is_monotone(values: &Values) -> bool {
    fn strictly<T: Ord>(values: &[T]) -> bool {
        let pairs = || values.windows(2);
        pairs().all(|pair| pair[0] < pair[1]) || pairs().all(|pair| pair[0] > pair[1])
    }
    match values {
        Values::Integer(v) => strictly(v),
        Values::Text(v) => strictly(v),
        _ => false,
    }
}

/// One sentence a line.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |names: &[String]| {
            let names = names.iter().map(|name| format!("`{name}`"));
            names.collect::<Vec<_>>().join(", ")
        };
        let mut lines = Vec::new();
        if !self.constant.is_empty() {
            let names = quoted(&self.constant);
            lines.push(format!("always the same value: {names}"));
        }
        for (name, earlier) in &self.repeated {
            lines.push(format!("`{name}` repeats `{earlier}`"));
        }
        if !self.identifiers.is_empty() {
            let names = quoted(&self.identifiers);
            lines.push(format!(
                "all different and in order, as numbers of rows are: {names}"
            ));
        }
        for (name, count) in &self.missing {
            lines.push(format!("`{name}` has no value in {count} rows"));
        }
        for (name, count) in &self.rare {
            lines.push(format!(
                "`{name}` has rare values in {count} rows, which count as one category"
            ));
        }
        if self.copies > 0 {
            lines.push(format!("{} rows repeat an earlier row", self.copies));
        }
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use columns::Column;

    use super::super::{Data, Layout, Missing, Roles};
    use super::*;

    #[test]
    fn odd_columns_and_rows_are_named() {
        let texts = |values: [&str; 4]| Values::Text(values.map(str::to_owned).into());
        let table = Columns::new(vec![
            Column::new("row", Values::Integer(vec![1, 2, 3, 4])),
            Column::new("unit", texts(["mm", "mm", "mm", "mm"])),
            Column::new("a", Values::Float64(vec![1.0, 2.0, 1.0, 2.0])),
            Column::new("b", Values::Float64(vec![1.0, 2.0, 1.0, 2.0])),
        ])
        .unwrap();
        let find = |roles: Roles| {
            let layout = Layout::learn(Data::Columns(&table), &roles, Missing::Error).unwrap();
            let Layout::Table(layout) = layout else {
                unreachable!()
            };
            findings(&table, &layout)
        };
        let found = find(Roles::default());
        assert_eq!(
            found.to_string(),
            "always the same value: `unit`\n`b` repeats `a`\n\
             all different and in order, as numbers of rows are: `row`"
        );
        assert_eq!(found.copies, 0);
        let without = find(Roles {
            drop: vec!["row".to_owned()],
            ..Roles::default()
        });
        assert_eq!(without.copies, 2);
    }
}
