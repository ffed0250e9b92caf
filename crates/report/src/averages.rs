//! Averages to keep when a run is gone: ours beside published means over seeds, a line for each, as in
//! `configs/reproduce/results/*.csv`.

use std::collections::BTreeSet;

use charts::csv_field;
use record::{Seeds, TablePlan};

use crate::agreement::{Compared, agrees};
use crate::cell::{Cells, finished, fit_and_score_seconds};
use crate::entry::{Entry, Ours};
use crate::environment::distinct;
use crate::table::Table;
use crate::words::{count, duration};

const HEADER: &str = "table,set,method,column,seeds,mean,sd,published,published_sd,agrees";

/// One number of ours over seeds that are all there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Average {
    pub(crate) table: String,
    /// The data set, or the family that ours is a mean over.
    pub(crate) set: String,
    /// As the published file names it.
    pub(crate) method: String,
    pub(crate) column: String,
    /// With spaces between them; `data/model` where they differ.
    pub(crate) seeds: String,
    /// Percent, to four decimals.
    pub(crate) mean: f64,
    /// Absent for one seed.
    pub(crate) sd: Option<f64>,
    pub(crate) published: f64,
    pub(crate) published_sd: f64,
}

impl Average {
    pub(crate) fn agrees(&self) -> bool {
        agrees(self.mean - self.published, self.published_sd)
    }
}

/// The file of a run: what it was computed with in comments, then the averages. `None` where nothing
/// stands beside a published mean.
pub(crate) fn render(profile: &str, tables: &[Table<'_>], cells: &Cells) -> Option<String> {
    let tables: Vec<(&Table<'_>, Vec<Average>)> = (tables.iter())
        .map(|table| (table, averages(table)))
        .filter(|(_, found)| !found.is_empty())
        .collect();
    if tables.is_empty() {
        return None;
    }
    let mut text = String::new();
    let stems: BTreeSet<&str> = (tables.iter())
        .filter_map(|(table, _)| table.plan.published_families.as_deref())
        .collect();
    for (table, _) in &tables {
        text += &format!("# command: {}\n", command(profile, table.plan));
    }
    for stem in stems {
        text += &format!("# published: {stem}\n");
    }
    let plans: Vec<&TablePlan> = tables.iter().map(|(table, _)| table.plan).collect();
    for line in computed(&plans, cells) {
        text += &format!("# {line}\n");
    }
    text += HEADER;
    text.push('\n');
    for average in tables.iter().flat_map(|(_, averages)| averages) {
        text += &line(average);
    }
    Some(text)
}

/// The numbers of a table that are beside a published mean over the same sets, with every seed.
fn averages(table: &Table<'_>) -> Vec<Average> {
    let whole = table.compared.iter().filter(|compared| compared.complete);
    let average = |compared: &Compared| {
        let column = &table.plan.columns[compared.column];
        let entry = entry(table, compared)?;
        let Ours::Value(estimate) = entry.ours else {
            return None;
        };
        (!entry.of_seeds.is_empty()).then(|| Average {
            table: table.plan.id.clone(),
            set: compared.name.clone(),
            method: column.family.clone().unwrap_or_default(),
            column: column.label.clone(),
            seeds: seeds(&column.seeds),
            mean: to_four(estimate.mean),
            sd: estimate.sd.map(to_four),
            published: compared.paper,
            published_sd: compared.sd,
        })
    };
    whole.filter_map(average).collect()
}

fn entry<'a>(table: &'a Table<'_>, compared: &Compared) -> Option<&'a Entry> {
    let of_rows = (table.rows.iter()).map(|row| (row.plan.dataset.as_str(), &row.entries));
    let of_families = (table.families.iter()).map(|row| (row.family.as_str(), &row.entries));
    (of_rows.chain(of_families))
        .find(|(name, _)| *name == compared.name)
        .and_then(|(_, entries)| entries.get(compared.column))
}

fn seeds(seeds: &[Seeds]) -> String {
    let seed = |seed: &Seeds| match seed.data == seed.model {
        true => seed.data.to_string(),
        false => seed.to_string(),
    };
    seeds.iter().map(seed).collect::<Vec<_>>().join(" ")
}

fn to_four(percent: f64) -> f64 {
    (percent * 1e4).round() / 1e4
}

/// What computes the table again.
fn command(profile: &str, plan: &TablePlan) -> String {
    let mut only: Vec<String> = Vec::new();
    let labels = plan.columns.iter().map(|column| column.label.clone());
    let rows = (plan.rows.iter()).filter(|row| row.present).map(|row| {
        let is_of = |name: &str| {
            let rest = row.dataset.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('_')) && !row.dataset.contains('@')
        };
        let family = plan.families.iter().find(|family| is_of(&family.name));
        family.map_or(row.dataset.clone(), |family| format!("{}_*", family.name))
    });
    for glob in labels.chain(rows) {
        if !only.contains(&glob) {
            only.push(glob);
        }
    }
    let seeds: Vec<String> = (plan.seeds().iter())
        .map(|seed| seed.data.to_string())
        .collect();
    let mut words = format!(
        "cargo xtask reproduce --profile {profile} --table {} --seeds {}",
        plan.id,
        seeds.join(",")
    );
    for glob in only {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        match glob.chars().all(plain) {
            true => words += &format!(" --only {glob}"),
            false => words += &format!(" --only '{glob}'"),
        }
    }
    words
}

/// Versions and time, of the cells of the tables alone.
fn computed(plans: &[&TablePlan], cells: &Cells) -> Vec<String> {
    let mut own = Cells::new();
    for plan in plans {
        for column in &plan.columns {
            for id in column.cells.values().flatten() {
                if let Some((cell, _)) = finished(cells, id, plan.protocol_of(column)) {
                    own.insert(id.clone(), Ok(cell.clone()));
                }
            }
        }
    }
    let seconds: f64 = (own.values().flatten())
        .filter_map(|cell| fit_and_score_seconds(cell.measured()?))
        .sum();
    let mut lines = Vec::new();
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{name}: {value}"));
        }
    };
    say("residuum", distinct(&own, |c| c.versions.residuum.clone()));
    say("commit", distinct(&own, |c| c.versions.git.clone()));
    say("libtorch", distinct(&own, |c| c.versions.libtorch.clone()));
    say("threads", distinct(&own, |c| Some(c.threads?.to_string())));
    let n = count(own.len(), "cell");
    say(
        "time",
        format!("{n}, {} of fitting and scoring", duration(seconds)),
    );
    lines
}

fn line(of: &Average) -> String {
    let sd = of.sd.map_or_else(String::new, |sd| sd.to_string());
    let agrees = if of.agrees() { "yes" } else { "no" };
    let fields = [
        csv_field(&of.table),
        csv_field(&of.set),
        csv_field(&of.method),
        csv_field(&of.column),
        of.seeds.clone(),
        of.mean.to_string(),
        sd,
        of.published.to_string(),
        of.published_sd.to_string(),
        agrees.to_owned(),
    ];
    format!("{}\n", fields.join(","))
}

/// A file as [`render`] makes it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Kept {
    /// Names and values of the comments.
    pub(crate) comments: Vec<(String, String)>,
    pub(crate) averages: Vec<Average>,
}

impl Kept {
    /// The values of the comments with this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.comments.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Or the line that is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut kept = Self::default();
        let mut lines = text.lines().enumerate();
        let header = lines
            .by_ref()
            .find_map(|(_, line)| match line.strip_prefix("# ") {
                Some(comment) => {
                    let (name, value) = comment.split_once(": ").unwrap_or((comment, ""));
                    kept.comments.push((name.to_owned(), value.to_owned()));
                    None
                }
                None => Some(line),
            });
        if header != Some(HEADER) {
            let header = header.unwrap_or_default();
            return Err(format!("header `{header}`, expected `{HEADER}`"));
        }
        for (index, line) in lines {
            let average = parse_line(line);
            kept.averages.push(
                average
                    .ok_or_else(|| format!("line {}: `{line}`, expected `{HEADER}`", index + 1))?,
            );
        }
        Ok(kept)
    }
}

/// `None` where a field is missing or wrong, or where `agrees` says something else than the numbers.
fn parse_line(line: &str) -> Option<Average> {
    let fields = fields(line);
    let [
        table,
        set,
        method,
        column,
        seeds,
        mean,
        sd,
        published,
        published_sd,
        agrees,
    ] = <[String; 10]>::try_from(fields).ok()?;
    let number = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
    let average = Average {
        table,
        set,
        method,
        column,
        seeds,
        mean: number(&mean)?,
        sd: match sd.as_str() {
            "" => None,
            sd => Some(number(sd)?),
        },
        published: number(&published)?,
        published_sd: number(&published_sd)?,
    };
    let said = match agrees.as_str() {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    (said == average.agrees()).then_some(average)
}

/// The fields of a line, some in quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => {
                if let Some(field) = fields.last_mut() {
                    field.push(c);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn average() -> Average {
        Average {
            table: "t".into(),
            set: "10_cover".into(),
            method: "dte-ig".into(),
            column: "DTE-IG, T = 400".into(),
            seeds: "0 1".into(),
            mean: 80.1234,
            sd: Some(0.5),
            published: 80.0,
            published_sd: 0.0,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let one = Average {
            sd: None,
            mean: 90.0,
            ..average()
        };
        let lines = [average(), one.clone()].map(|average| line(&average));
        assert!(lines[0].ends_with(",80.1234,0.5,80,0,yes\n"));
        let text = format!("# command: a: b\n# time: 1 s\n{HEADER}\n{}", lines.concat());
        let kept = Kept::parse(&text).unwrap();
        assert_eq!(kept.averages, [average(), one]);
        assert_eq!(kept.all("command").collect::<Vec<_>>(), ["a: b"]);
    }

    #[test]
    fn a_bad_line_says_where() {
        let wrong = line(&average()).replace("yes", "no"); // the numbers agree
        for text in [wrong.as_str(), "a,b\n"] {
            let reason = Kept::parse(&format!("# time: 1 s\n{HEADER}\n{text}")).unwrap_err();
            assert!(reason.starts_with("line 3: `"), "{reason}");
        }
        let reason = Kept::parse("a,b\n").unwrap_err();
        assert!(reason.starts_with("header `a,b`"), "{reason}");
    }
}
