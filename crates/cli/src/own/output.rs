//! Rows with their scores, to a file or to standard output.

use std::path::Path;

use columns::{Column, Columns, Kind, Values};
use residuum::RowScore;
use tables::{Format, Lines, Style, TablesError, Writer};

use crate::failure::{Failure, exit};
use crate::lifeline;

/// Where scores go and how.
pub(super) struct Output {
    writer: Writer,
    /// The names of what is added.
    names: Names,
    is_beside: bool,
    /// The reader of standard output went away (`| head`): it has what it wanted.
    pub(super) is_gone: bool,
}

/// The names of the columns that are added; with reasons there is one more.
#[derive(Debug, Clone)]
pub(super) struct Names {
    scores: [String; 3],
    tail: Option<String>,
    why: Option<String>,
}

/// What is added to the columns of the input.
const ADDED: [(&str, Kind); 3] = [
    ("score", Kind::Float64),
    ("p_value", Kind::Float64),
    ("anomaly", Kind::Boolean),
];
const TAIL: &str = "p_tail";
const WHY: &str = "why";

/// What is added beside the scores, for each row.
#[derive(Debug, Default)]
pub(super) struct More {
    /// P-values by the fitted tail.
    pub(super) tails: Option<Vec<Option<f64>>>,
    /// Reasons.
    pub(super) whys: Option<Vec<Option<String>>>,
}

impl Names {
    /// Those of the input stay apart: where one of them is taken, all have `residuum_` in front.
    pub(super) fn beside<'a>(
        mut taken: impl Iterator<Item = &'a str>,
        has_tails: bool,
        has_reasons: bool,
    ) -> Self {
        let is_added =
            |name| [TAIL, WHY].contains(&name) || ADDED.iter().any(|(added, _)| *added == name);
        let clash = taken.any(is_added);
        let prefix = if clash { "residuum_" } else { "" };
        Self {
            scores: ADDED.map(|(name, _)| format!("{prefix}{name}")),
            tail: has_tails.then(|| format!("{prefix}{TAIL}")),
            why: has_reasons.then(|| format!("{prefix}{WHY}")),
        }
    }

    fn columns(&self) -> Vec<(String, Kind)> {
        let kinds = ADDED.iter().map(|(_, kind)| *kind);
        let scores = self.scores.iter().cloned().zip(kinds);
        let tail = self.tail.iter().map(|name| (name.clone(), Kind::Float64));
        let why = self.why.iter().map(|name| (name.clone(), Kind::Text));
        scores.chain(tail).chain(why).collect()
    }

    /// The added columns of `rows`; those that were left out have gaps.
    fn of(&self, rows: &[Option<RowScore>], more: More) -> Result<Vec<Column>, Failure> {
        let [score, p_value, anomaly] = &self.scores;
        let numbers = |of: fn(&RowScore) -> f64| {
            let numbers = rows.iter().map(|row| row.as_ref().map_or(f64::NAN, of));
            Values::Float64(numbers.collect())
        };
        let anomalies = rows
            .iter()
            .map(|row| row.as_ref().is_some_and(|row| row.is_anomaly == Some(true)));
        let gone: Vec<bool> = rows.iter().map(Option::is_none).collect();
        let p_of = |row: &RowScore| row.p_value.unwrap_or(f64::NAN);
        let without_p = |row: &Option<RowScore>| row.is_none_or(|row| row.p_value.is_none());
        let no_p = rows.iter().map(without_p).collect();
        let unknown = rows
            .iter()
            .map(|row| row.as_ref().is_none_or(|row| row.is_anomaly.is_none()));
        let unknown = unknown.collect();
        let column = |name: &String, values, missing| {
            Column::new(name.clone(), values)
                .with_missing(missing)
                .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))
        };
        let mut columns = vec![
            column(score, numbers(|row| row.score), gone)?,
            column(p_value, numbers(p_of), no_p)?,
            column(anomaly, Values::Boolean(anomalies.collect()), unknown)?,
        ];
        if let (Some(name), Some(tails)) = (&self.tail, more.tails) {
            let gone = tails.iter().map(Option::is_none).collect();
            let numbers = tails.into_iter().map(|p| p.unwrap_or(f64::NAN)).collect();
            columns.push(column(name, Values::Float64(numbers), gone)?);
        }
        if let (Some(name), Some(whys)) = (&self.why, more.whys) {
            let gone = whys.iter().map(Option::is_none).collect();
            let texts = whys.into_iter().map(Option::unwrap_or_default).collect();
            columns.push(column(name, Values::Text(texts), gone)?);
        }
        Ok(columns)
    }
}

/// The format of an output by its name; CSV on standard output.
pub(super) fn format(out: Option<&Path>) -> Result<Format, Failure> {
    let Some(path) = out else {
        return Ok(Format::Csv);
    };
    Format::of(path).ok_or_else(|| {
        let message = format!(
            "scores go to a .csv, .tsv, .parquet or .jsonl file, not {}",
            path.display()
        );
        Failure::new(exit::USAGE, message)
    })
}

/// What stands between the fields of an output: tabs in .tsv, else what `style` says.
fn delimiter(out: Option<&Path>, style: Style) -> u8 {
    let ending = out.and_then(Path::extension);
    match ending.is_some_and(|ending| ending.eq_ignore_ascii_case("tsv")) {
        true => b'\t',
        false => style.delimiter,
    }
}

/// The place `out`, or standard output.
fn target(out: Option<&Path>) -> Result<&Path, Failure> {
    match out {
        Some(path) => Ok(path),
        None if lifeline::stdout_was_closed() => Err(Failure::new(
            exit::MISSING,
            "cannot write to standard output: it is closed",
        )
        .hint("-o FILE.csv writes to a file")),
        None => Ok(Path::new("-")),
    }
}

impl Output {
    /// Scores behind the records of a text, which stay as they are.
    pub(super) fn beside(
        out: Option<&Path>,
        style: Style,
        header: Option<&str>,
        names: Names,
    ) -> Result<Self, Failure> {
        Ok(Self {
            writer: Writer::beside(
                target(out)?,
                style,
                delimiter(out, style),
                header,
                &names.columns(),
            )?,
            names,
            is_beside: true,
            is_gone: false,
        })
    }

    /// Scores behind the columns `before`.
    pub(super) fn of(
        out: Option<&Path>,
        style: Style,
        before: &[(String, Kind)],
        names: Names,
    ) -> Result<Self, Failure> {
        let columns = [before.to_vec(), names.columns()].concat();
        let delimiter = delimiter(out, style);
        let style = Style { delimiter, ..style };
        Ok(Self {
            writer: Writer::create(target(out)?, format(out)?, style, &columns)?,
            names,
            is_beside: false,
            is_gone: false,
        })
    }

    /// More rows: their scores, beside `lines` of text or behind the columns `before`.
    pub(super) fn write(
        &mut self,
        lines: Option<&Lines>,
        before: Vec<Column>,
        rows: &[Option<RowScore>],
        more: More,
    ) -> Result<(), Failure> {
        let added = self.names.of(rows, more)?;
        let internal =
            |error: columns::ColumnsError| Failure::new(exit::INTERNAL, error.to_string());
        let written = match lines {
            Some(lines) if self.is_beside => {
                let columns = Columns::new(added).map_err(internal)?;
                self.writer.write_beside(lines, &columns)
            }
            _ => {
                let columns = before.into_iter().chain(added).collect();
                self.writer.write(&Columns::new(columns).map_err(internal)?)
            }
        };
        self.look(written)
    }

    /// Passes on what is buffered.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        let flushed = self.writer.flush();
        self.look(flushed)
    }

    fn look(&mut self, result: Result<(), TablesError>) -> Result<(), Failure> {
        match result {
            Err(error) if is_gone(&error) => {
                self.is_gone = true;
                Ok(())
            }
            result => Ok(result?),
        }
    }

    /// Gives a file its name.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.writer.finish() {
            Err(error) if !is_gone(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn is_gone(error: &TablesError) -> bool {
    matches!(error, TablesError::Write { source, .. }
        if source.kind() == std::io::ErrorKind::BrokenPipe)
}
