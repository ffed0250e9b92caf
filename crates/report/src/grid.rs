use crate::entry::{Entry, Ours, Row};
use crate::estimate::Estimate;
use crate::footnotes::{marks, one_line};
use crate::ranking::{Place, mean_places, places};
use crate::table::Table;
use record::ColumnPlan;

/// A table as text: the name of a row, then for each column `ours (published) difference`, padded so
/// that the numbers of a column stand below each other.
#[derive(Debug)]
pub(crate) struct Grid {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<Text>>,
}

/// How the best and the second best number of a row are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emphasis {
    None,
    /// `**best**` and `_second best_`, as Markdown has no underline.
    Markdown,
}

impl Emphasis {
    fn mark(self, number: String, place: Option<Place>) -> String {
        match (self, place) {
            (Self::Markdown, Some(Place::Best)) => format!("**{number}**"),
            (Self::Markdown, Some(Place::Second)) => format!("_{number}_"),
            _ => number,
        }
    }
}

type Places = (Option<Place>, Option<Place>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// What a text is, for a terminal with colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// The row of means.
    Strong,
    /// No data, nothing run, pending.
    Faint,
    /// Failed or unreadable.
    Alarm,
}

impl Grid {
    pub(crate) fn of(table: &Table<'_>, emphasis: Emphasis) -> Self {
        let mut header = vec!["data set".to_owned()];
        header.extend(
            (table.plan.columns.iter().zip(&table.column_marks))
                .map(|(column, notes)| column_title(column, &table.plan.protocol, &marks(notes))),
        );
        let mut names: Vec<Text> = table.shown().map(row_name).collect();
        names.extend(table.mean.as_ref().map(|mean| Text {
            text: mean.name(),
            tone: Tone::Strong,
        }));
        names.extend(table.shown_families().map(|family| Text {
            text: spaced(family.name.clone(), &marks(&family.marks)),
            tone: Tone::Strong,
        }));
        names.extend(table.costs.iter().map(|cost| Text {
            text: cost.name.to_owned(),
            tone: Tone::Faint,
        }));
        let mut rows: Vec<Vec<Text>> = names.into_iter().map(|name| vec![name]).collect();
        for column in 0..table.plan.columns.len() {
            for (row, text) in rows.iter_mut().zip(column_texts(table, column, emphasis)) {
                row.push(text);
            }
        }
        Self { header, rows }
    }

    /// The width of each column in characters.
    pub(crate) fn widths(&self) -> Vec<usize> {
        (self.header.iter().enumerate())
            .map(|(column, title)| {
                let cells = self.rows.iter().map(|row| width(&row[column].text));
                cells.chain([width(title)]).max().unwrap_or(0)
            })
            .collect()
    }
}

/// The width of a text in characters.
pub(crate) fn width(text: &str) -> usize {
    text.chars().count()
}

fn column_title(column: &ColumnPlan, protocol: &str, marks: &str) -> String {
    let mut title = one_line(&column.label);
    if let Some(own) = column.protocol.as_deref().filter(|&own| own != protocol) {
        title += &format!(" [{}]", one_line(own));
    }
    spaced(title, marks)
}

fn row_name(row: &Row<'_>) -> Text {
    Text {
        text: spaced(one_line(&row.plan.dataset), &marks(&row.marks)),
        tone: if row.no_data {
            Tone::Faint
        } else {
            Tone::Plain
        },
    }
}

fn spaced(text: String, marks: &str) -> String {
    if marks.is_empty() {
        text
    } else {
        format!("{text} {marks}")
    }
}

/// The parts of one entry, each its own sub-column.
struct Parts {
    ours: String,
    marks: String,
    paper: String,
    difference: String,
    tone: Tone,
}

fn column_texts(table: &Table<'_>, column: usize, emphasis: Emphasis) -> Vec<Text> {
    let mut parts: Vec<Parts> = (table.shown())
        .map(|row| {
            // “no data” stands once in a row, in its first column that would run something.
            let first = |entry: &Entry| entry.ours == Ours::NoData;
            let says_it = row.entries.iter().position(first) == Some(column);
            let places = places(table.plan, &row.entries)[column];
            entry_parts(&row.entries[column], says_it, places, emphasis)
        })
        .collect();
    parts.extend(table.mean.as_ref().map(|mean| Parts {
        tone: Tone::Strong,
        ..entry_parts(
            &mean.entries[column],
            false,
            mean_places(table.plan, mean)[column],
            emphasis,
        )
    }));
    let families = table.shown_families().map(|family| Parts {
        tone: Tone::Strong,
        ..entry_parts(
            &family.entries[column],
            false,
            places(table.plan, &family.entries)[column],
            emphasis,
        )
    });
    parts.extend(families);
    let costs = table.costs.iter().map(|cost| Parts {
        ours: cost.texts[column].clone(),
        marks: String::new(),
        paper: String::new(),
        difference: String::new(),
        tone: Tone::Faint,
    });
    parts.extend(costs);
    let widest = |part: fn(&Parts) -> &String| {
        (parts.iter().map(|parts| width(part(parts))).max()).unwrap_or(0)
    };
    let ours = widest(|p| &p.ours);
    let marks = widest(|p| &p.marks);
    let paper = widest(|p| &p.paper);
    let difference = widest(|p| &p.difference);
    (parts.iter())
        .map(|p| {
            // The marks stand close to the number they belong to.
            let mut text = format!("{:>ours$}{:<marks$}", p.ours, p.marks);
            for (part, width) in [(&p.paper, paper), (&p.difference, difference)] {
                if width > 0 {
                    let gap = if text.is_empty() { "" } else { " " };
                    text += &format!("{gap}{part:>width$}");
                }
            }
            Text { text, tone: p.tone }
        })
        .collect()
}

fn entry_parts(entry: &Entry, says_no_data: bool, places: Places, emphasis: Emphasis) -> Parts {
    let (ours, tone) = match entry.ours {
        Ours::NoMethod => (String::new(), Tone::Plain),
        Ours::NoData if says_no_data => ("no data".to_owned(), Tone::Faint),
        Ours::NoData => (String::new(), Tone::Faint),
        Ours::Pending => ("pending".to_owned(), Tone::Faint),
        Ours::Failed => ("failed".to_owned(), Tone::Alarm),
        Ours::Unreadable => ("unreadable".to_owned(), Tone::Alarm),
        Ours::Value(Estimate { mean, sd, .. }) => {
            let mean = emphasis.mark(percent(mean), places.0);
            let sd = sd.map_or_else(String::new, |sd| format!(" ± {}", percent(sd)));
            (mean + &sd, Tone::Plain)
        }
    };
    Parts {
        ours,
        marks: marks(&entry.marks),
        paper: paper(entry.paper, entry.paper_sd, places.1, emphasis),
        difference: difference(entry.ours.mean(), entry.paper),
        tone,
    }
}

pub(crate) fn percent(value: f64) -> String {
    format!("{value:.2}")
}

fn paper(value: Option<f64>, sd: Option<f64>, place: Option<Place>, emphasis: Emphasis) -> String {
    value.map_or_else(String::new, |value| {
        let sd = sd.map_or_else(String::new, |sd| format!(" ± {}", percent(sd)));
        format!("({}{sd})", emphasis.mark(percent(value), place))
    })
}

/// Ours less the published value, signed; what rounds to nothing has no sign.
pub(crate) fn difference(ours: Option<f64>, paper: Option<f64>) -> String {
    let (Some(ours), Some(paper)) = (ours, paper) else {
        return String::new();
    };
    match format!("{:+.2}", ours - paper) {
        text if text == "+0.00" || text == "-0.00" => "0.00".to_owned(),
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_signed_unless_nothing() {
        let text = |ours, paper| difference(Some(ours), Some(paper));
        assert_eq!(text(76.934, 76.93), "0.00");
        assert_eq!(text(76.926, 76.93), "0.00");
        assert_eq!(text(77.0, 76.93), "+0.07");
        assert_eq!(text(76.9, 76.93), "-0.03");
        assert_eq!(difference(None, Some(1.0)), "");
    }
}
