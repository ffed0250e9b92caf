use std::collections::BTreeMap;
use std::path::Path;

use crate::plan::is_file_stem;

/// A published table: one row per data set, values in percent.
#[derive(Debug, Default)]
pub(crate) struct Published {
    columns: Vec<String>,
    rows: BTreeMap<String, Vec<Option<f64>>>,
}

/// Of a file with one number in each line.
const LONG_HEADER: &str = "dataset,method,auroc";

/// By stem the published tables of a run, or why one cannot be read.
pub(crate) type PublishedTables = BTreeMap<String, Result<Published, String>>;

impl Published {
    /// Reads `folder/<stem>.csv`: a header `dataset,…`, then a name and numbers in percent in each line,
    /// an empty field where nothing was published. Under the header `dataset,method,auroc` each line
    /// holds one number instead, a fraction in [0, 1].
    pub(crate) fn load(folder: &Path, stem: &str) -> Result<Self, String> {
        if !is_file_stem(stem) {
            return Err(format!("`{stem}` is not the stem of a file's name"));
        }
        let name = format!("{stem}.csv");
        let text = std::fs::read_to_string(folder.join(&name))
            .map_err(|error| format!("cannot read {name}: {error}"))?;
        Self::parse(&text).map_err(|reason| format!("cannot read {name}: {reason}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = (text.lines().enumerate())
            .map(|(index, line)| (index + 1, line.trim_end_matches('\r')))
            .filter(|(_, line)| !line.is_empty());
        let header = lines.next().map_or("", |(_, line)| line);
        let header = header.trim_start_matches('\u{feff}');
        if header == LONG_HEADER {
            return Self::parse_long(lines);
        }
        let mut fields = header.split(',');
        if fields.next() != Some("dataset") {
            return Err(format!("header `{header}`, expected `dataset,…`"));
        }
        let columns: Vec<String> = fields.map(str::to_owned).collect();
        let mut rows = BTreeMap::new();
        for (number, line) in lines {
            let mut fields = line.split(',');
            let dataset = fields.next().unwrap_or_default();
            let values = fields
                .map(value)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|reason| format!("line {number}: {reason}"))?;
            if values.len() != columns.len() {
                let (found, expected) = (values.len(), columns.len());
                return Err(format!(
                    "line {number}: {found} values, expected {expected}"
                ));
            }
            if rows.insert(dataset.to_owned(), values).is_some() {
                return Err(format!("line {number}: `{dataset}` a second time"));
            }
        }
        Ok(Self { columns, rows })
    }

    /// One number in each line.
    fn parse_long<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Result<Self, String> {
        let mut table = Self::default();
        for (number, line) in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let &[dataset, method, text] = &fields[..] else {
                return Err(format!("line {number}: `{line}`, expected `{LONG_HEADER}`"));
            };
            let share = match value(text).map_err(|reason| format!("line {number}: {reason}"))? {
                Some(share) if (0.0..=1.0).contains(&share) => share,
                _ => return Err(format!("line {number}: `{text}`, expected a fraction")),
            };
            if !table.has_column(method) {
                table.columns.push(method.to_owned());
            }
            let column = table.columns.iter().position(|name| name == method);
            let row = table.rows.entry(dataset.to_owned()).or_default();
            let place = column.unwrap_or_default();
            row.resize(row.len().max(place + 1), None);
            if row[place].replace(100.0 * share).is_some() {
                return Err(format!(
                    "line {number}: `{dataset}`, `{method}` a second time"
                ));
            }
        }
        Ok(table)
    }

    pub(crate) fn has_column(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// The published value in percent, where there is one.
    pub(crate) fn value(&self, dataset: &str, column: &str) -> Option<f64> {
        let index = self.columns.iter().position(|name| name == column)?;
        *self.rows.get(dataset)?.get(index)?
    }
}

fn value(field: &str) -> Result<Option<f64>, String> {
    let field = field.trim();
    if field.is_empty() {
        return Ok(None);
    }
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        _ => Err(format!("`{field}`, expected a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_data_set_and_column() {
        let table = Published::parse("dataset,a,b\r\nx,1.50,\r\ny,2.00,3.25\r\n").unwrap();
        assert_eq!(table.value("x", "a"), Some(1.5));
        assert_eq!(table.value("x", "b"), None);
        assert_eq!(table.value("y", "b"), Some(3.25));
        assert_eq!(table.value("z", "a"), None);
        assert_eq!(table.value("y", "c"), None);
        assert!(table.has_column("b") && !table.has_column("c"));
    }

    #[test]
    fn a_file_of_single_numbers_is_the_same_table() {
        let text = "dataset,method,auroc\nx,dit,0.635\nx,ocsvm,0.594\ny,ocsvm,0.5\n";
        let table = Published::parse(text).unwrap();
        assert_eq!(table.value("x", "dit"), Some(63.5));
        assert_eq!(table.value("y", "ocsvm"), Some(50.0));
        assert_eq!(table.value("y", "dit"), None);
        let reason = |line: &str| {
            Published::parse(&format!("dataset,method,auroc\nx,a,0.5\n{line}")).unwrap_err()
        };
        assert_eq!(reason("x,b,63.5"), "line 3: `63.5`, expected a fraction");
        assert_eq!(reason("x,a,0.5"), "line 3: `x`, `a` a second time");
        assert!(reason("x,a").starts_with("line 3: `x,a`, expected"));
    }

    #[test]
    fn a_bad_file_says_where() {
        let reason = |text| Published::parse(text).unwrap_err();
        assert_eq!(reason(""), "header ``, expected `dataset,…`");
        assert_eq!(reason("dataset,a\nx,1,2"), "line 2: 2 values, expected 1");
        assert_eq!(
            reason("dataset,a\n\nx,n/a"),
            "line 3: `n/a`, expected a number"
        );
        assert_eq!(
            reason("dataset,a\nx,NaN"),
            "line 2: `NaN`, expected a number"
        );
        assert_eq!(reason("dataset,a\nx,1\nx,2"), "line 3: `x` a second time");
        let outside = Published::load(Path::new("."), "../secret").unwrap_err();
        assert_eq!(outside, "`../secret` is not the stem of a file's name");
    }
}
