//! A table of a page as CSV: one line for each data set and column, so that it needs no reading of
//! headers.

use charts::csv_field as field;

use crate::entry::{Entry, Ours};
use crate::estimate::Estimate;
use crate::table::Table;

const HEADER: &str = "dataset,column,method,protocol,metric,percent,sd,low,high,interval,\
                      published_percent,published_sd,difference";

/// Numbers at full precision; empty where there is none. Means over rows come last.
pub(crate) fn render(table: &Table<'_>) -> String {
    let mut text = format!("{HEADER}\n");
    for row in &table.rows {
        lines(&mut text, table, &row.plan.dataset, &row.entries);
    }
    if let Some(mean) = &table.mean {
        lines(&mut text, table, &mean.name(), &mean.entries);
    }
    for family in &table.families {
        lines(&mut text, table, &family.name, &family.entries);
    }
    text
}

/// A line for each entry of a row that has a number.
fn lines(text: &mut String, table: &Table<'_>, name: &str, entries: &[Entry]) {
    for (column, entry) in table.plan.columns.iter().zip(entries) {
        let (ours, sd, interval) = match entry.ours {
            Ours::Value(Estimate { mean, sd, interval }) => (Some(mean), sd, interval),
            _ => (None, None, None),
        };
        if ours.is_none() && entry.paper.is_none() {
            continue;
        }
        let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
        let difference = ours.zip(entry.paper).map(|(ours, paper)| ours - paper);
        let fields = [
            field(name),
            field(&column.label),
            field(column.method.as_deref().unwrap_or_default()),
            field(table.plan.protocol_of(column)),
            field(table.plan.metric.name()),
            number(ours),
            number(sd),
            number(interval.map(|found| found.low)),
            number(interval.map(|found| found.high)),
            interval.map_or_else(String::new, |found| found.by.word().to_owned()),
            number(entry.paper),
            number(entry.paper_sd),
            number(difference),
        ];
        *text += &format!("{}\n", fields.join(","));
    }
}
