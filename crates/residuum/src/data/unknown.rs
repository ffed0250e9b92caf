use std::fmt;

use columns::{Column, Columns, Values};

use super::layout::{ColumnLayout, Encoding, Layout};

/// How many values of columns of categories a model does not know, counted over any number of tables in little memory.
#[derive(Debug, Clone)]
pub struct UnknownCategories {
    columns: Vec<Counted>,
}

/// A column of categories, most of whose values the model does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Its name.
    pub name: String,
    /// The values that the model knows, sorted.
    pub known: Vec<String>,
    /// The first value that it does not know.
    pub first: String,
    /// How many values it does not know.
    pub unknown: u64,
    /// How many values there are.
    pub values: u64,
}

#[derive(Debug, Clone)]
struct Counted {
    column: ColumnLayout,
    first: Option<String>,
    unknown: u64,
    values: u64,
}

impl UnknownCategories {
    /// Nothing is counted yet.
    pub fn new(layout: &Layout) -> Self {
        let columns = match layout {
            Layout::Table(layout) => &layout.columns[..],
            _ => &[],
        };
        // Where every training value was rare, new ones say nothing.
        let knows = |column: &&ColumnLayout| !levels(column).is_empty();
        let counted = |column: &ColumnLayout| Counted {
            column: column.clone(),
            first: None,
            unknown: 0,
            values: 0,
        };
        Self {
            columns: columns.iter().filter(knows).map(counted).collect(),
        }
    }

    /// Counts the values of a table; missing ones are none.
    pub fn add(&mut self, table: &Columns) {
        for counted in &mut self.columns {
            if let Some(column) = table.get(&counted.column.name) {
                counted.add(column);
            }
        }
    }

    /// The most values that were counted in a column.
    pub fn values(&self) -> u64 {
        let values = self.columns.iter().map(|counted| counted.values);
        values.max().unwrap_or(0)
    }

    /// The columns in which the model does not know more than half of the values.
    pub fn most(&self) -> Vec<Unknown> {
        let most = self
            .columns
            .iter()
            .filter(|counted| 2 * counted.unknown > counted.values);
        most.map(|counted| Unknown {
            name: counted.column.name.clone(),
            known: levels(&counted.column).to_vec(),
            first: counted.first.clone().unwrap_or_default(),
            unknown: counted.unknown,
            values: counted.values,
        })
        .collect()
    }
}

fn levels(column: &ColumnLayout) -> &[String] {
    match &column.encoding {
        Encoding::Categories { levels } => levels,
        Encoding::Number { .. } => &[],
    }
}

impl Counted {
    fn add(&mut self, column: &Column) {
        let levels = levels(&self.column);
        for row in (0..column.values.len()).filter(|&row| !column.is_missing(row)) {
            self.values += 1;
            let is_known = match &column.values {
                Values::Text(texts) => levels.binary_search(&texts[row]).is_ok(),
                values => {
                    (values.text(row)).is_some_and(|text| levels.binary_search(&text).is_ok())
                }
            };
            if !is_known {
                self.unknown += 1;
                if self.first.is_none() {
                    self.first = column.text(row);
                }
            }
        }
    }
}

/// So many known values are listed.
const LISTED: usize = 5;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            known,
            first,
            unknown,
            values,
        } = self;
        let listed = known.iter().take(LISTED).map(|value| format!("`{value}`"));
        let listed = listed.collect::<Vec<_>>().join(", ");
        let more = if known.len() > LISTED { ", …" } else { "" };
        write!(
            f,
            "column `{name}`: {unknown} of {values} values are unknown to the model, the first is `{first}`; \
             it knows {listed}{more}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Data, Missing, Roles};
    use super::*;

    fn table(values: &[&str]) -> Columns {
        let texts = Values::Text(values.iter().map(|&value| value.to_owned()).collect());
        Columns::new(vec![Column::new("c", texts)]).unwrap()
    }

    fn counted(tables: &[Columns]) -> Vec<Unknown> {
        let train = table(&["a", "b", "c", "d", "e", "f", "f"]);
        let learned = Layout::learn(Data::Columns(&train), &Roles::default(), Missing::Error);
        let mut unknown = UnknownCategories::new(&learned.unwrap());
        tables.iter().for_each(|table| unknown.add(table));
        unknown.most()
    }

    #[test]
    fn more_than_half_of_the_values_of_all_tables_count() {
        let found = counted(&[table(&["A", "a"]), table(&["F", "a "])]);
        assert_eq!(
            found[0].to_string(),
            "column `c`: 3 of 4 values are unknown to the model, the first is `A`; it knows `a`, `b`, `c`, `d`, `e`, …"
        );
        assert!(counted(&[table(&["A", "a"])]).is_empty());
        assert!(counted(&[table(&[])]).is_empty());
        let gaps = Column::new("c", Values::Text(vec![String::new(); 3]));
        let gaps = gaps.with_missing(vec![true; 3]).unwrap();
        assert!(counted(&[Columns::new(vec![gaps]).unwrap()]).is_empty());
        let whole = Column::new("c", Values::Integer(vec![7, 12]));
        assert_eq!(counted(&[Columns::new(vec![whole]).unwrap()])[0].first, "7");
    }
}
