use std::fmt::Write as _;

use columns::{Columns, Values};
use detector::ContributionKind;
use experiment::Machine;
use residuum::data::Data;
use residuum::{Model, Reason, Reasons, RowScore, Stored};
use serde_json::json;

use crate::failure::{Failure, exit};
use crate::output::{print, print_data};
use crate::own::calibrate::{restore, side};
use crate::own::input::{Input, all_rows, array, learned, located};
use crate::own_args::Explain;
use crate::progress::Bar;

/// So many rows are explained where none is named: those with the highest scores.
const ROWS: usize = 5;

/// `residuum explain`: which columns make a row odd.
pub(crate) fn run(args: &Explain, machine: &Machine) -> Result<(), Failure> {
    let model = restore(Stored::read(&args.model)?, machine)?;
    let file = args.input.display().to_string();
    let bar = Bar::new();
    let mut files: Option<Vec<String>> = None;
    let explained = match Input::open(&args.input, &args.reading)? {
        Input::Table(table) => {
            let wanted = learned(&model.manifest().layout, table.schema());
            let columns = all_rows(&table, Some(&wanted))?;
            explained(args, &model, Data::Columns(&columns), &bar)
                .map_err(|error| error.of(&file, 1))
                .map(|rows| (rows, Some(columns)))
        }
        Input::Array(data) => explained(args, &model, array(&data), &bar)
            .map_err(|error| error.of(&file, 0))
            .map(|rows| (rows, None)),
        Input::Images(pictures) => {
            pictures.warn();
            let (images, kept) = pictures.read_all(side(&model), &args.input)?;
            let name = |at: &usize| pictures.paths[*at].display().to_string();
            files = Some(kept.iter().map(name).collect());
            explained(args, &model, Data::Images(images.view()), &bar)
                .map_err(|error| error.of(&file, 0))
                .map(|rows| (rows, None))
        }
    };
    bar.finish();
    let ((rows, reasons), columns) = explained?;
    let named = Named {
        columns: columns.as_ref(),
        files: files.as_deref(),
    };
    match args.json {
        true => print_data(&json(&rows, &reasons, &named, args.top.get())),
        false => print(&text(&rows, &reasons, &named, args.top.get())),
    }
    Ok(())
}

/// What rows are shown with.
struct Named<'a> {
    /// Of a table: the values.
    columns: Option<&'a Columns>,
    /// Of images: their files.
    files: Option<&'a [String]>,
}

/// A row, from 1 in tables and from 0 in arrays and among images, with what the model says of it.
struct Row {
    place: usize,
    number: usize,
    score: residuum::RowScore,
}

enum Wrong {
    Model(residuum::ModelError),
    Failure(Failure),
}

impl Wrong {
    fn of(self, file: &str, first: u64) -> Failure {
        match self {
            Self::Model(error) => located(file, first, error),
            Self::Failure(failure) => failure,
        }
    }
}

fn explained(
    args: &Explain,
    model: &Model,
    data: Data<'_>,
    progress: &Bar,
) -> Result<(Vec<Row>, Reasons), Wrong> {
    let first = usize::from(matches!(data, Data::Columns(_)));
    let scores = model.score(data, progress).map_err(Wrong::Model)?;
    let mut places: Vec<usize> = Vec::new();
    for &number in &args.rows {
        match number.checked_sub(first).filter(|at| *at < scores.len()) {
            Some(at) => places.push(at),
            None => {
                let last = (scores.len() + first).saturating_sub(1);
                let message = format!("--rows {number}: there are rows {first} to {last}");
                return Err(Wrong::Failure(Failure::new(exit::USAGE, message)));
            }
        }
    }
    if args.rows.is_empty() {
        places = (0..scores.len())
            .filter(|&at| scores[at].is_some())
            .collect();
        let score = |at: usize| scores[at].map_or(f64::NEG_INFINITY, |row| row.score);
        places.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        places.truncate(ROWS);
    }
    let some = match data {
        Data::Columns(columns) => model.explain(Data::Columns(&columns.select(&places)), progress),
        Data::Rows(x) => {
            let some = x.select(ndarray::Axis(0), &places);
            model.explain(Data::Rows(some.view()), progress)
        }
        Data::Rows64(x) => {
            let some = x.select(ndarray::Axis(0), &places);
            model.explain(Data::Rows64(some.view()), progress)
        }
        Data::Images(x) => {
            let some = x.select(ndarray::Axis(0), &places);
            model.explain(Data::Images(some.view()), progress)
        }
    };
    let reasons = some.map_err(Wrong::Model)?;
    let rows = places
        .into_iter()
        .zip(&reasons.rows)
        .filter_map(|(at, why)| {
            why.as_ref()?;
            Some(Row {
                place: at,
                number: at + first,
                score: scores[at]?,
            })
        });
    Ok((rows.collect(), reasons))
}

/// What the contributions of a kind are, in a sentence.
fn meaning(reasons: &Reasons) -> String {
    let what = match reasons.kind {
        ContributionKind::Exact => "terms of the score, which they sum to",
        ContributionKind::SquaredResidual => {
            "squares of what the method takes away from the row, in standard deviations"
        }
        ContributionKind::Occlusion => {
            "how far the score falls when the column is set to its median of the training rows"
        }
    };
    match reasons.over_length {
        true => format!("{what}, of the row over its length"),
        false => what.to_owned(),
    }
}

fn text(rows: &[Row], reasons: &Reasons, named: &Named<'_>, top: usize) -> String {
    let mut text = format!("contributions are {}\n", meaning(reasons));
    let whys = reasons.rows.iter().flatten();
    for (row, why) in rows.iter().zip(whys) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\n{}: score {:.4}{}{}",
            match named.files {
                Some(files) => files[row.place].clone(),
                None => format!("row {}", row.number),
            },
            row.score.score,
            p_value(&row.score),
            match row.score.is_anomaly {
                Some(true) => ", an anomaly",
                _ => "",
            }
        );
        let lines: Vec<Vec<String>> = why
            .iter()
            .take(top)
            .map(|reason| {
                let value = named
                    .columns
                    .and_then(|columns| value(columns, &reason.column, row.place));
                vec![
                    format!("  {}", reason.column),
                    value.unwrap_or_default(),
                    format!("{:.1} %", 100.0 * reason.share),
                    format!("{:.4}", reason.contribution),
                ]
            })
            .collect();
        text.push_str(&crate::output::columns(&lines));
    }
    text
}

/// The p-value of a row behind its score; nothing where the model is not calibrated.
pub(super) fn p_value(score: &RowScore) -> String {
    score
        .p_value
        .map_or_else(String::new, |p| format!(", p = {p:.4}"))
}

/// The value of a column as text.
fn value(columns: &Columns, name: &str, row: usize) -> Option<String> {
    let column = columns.get(name)?;
    match &column.values {
        Values::Time(v) if !column.is_missing(row) => v.get(row).map(|at| tables::format_time(*at)),
        _ => Some(column.text(row).unwrap_or_else(|| "missing".to_owned())),
    }
}

fn json(rows: &[Row], reasons: &Reasons, named: &Named<'_>, top: usize) -> String {
    let of = |(row, why): (&Row, &Vec<Reason>)| {
        let why = why.iter().take(top).map(|reason| {
            json!({
                "column": reason.column,
                "contribution": reason.contribution,
                "share": reason.share,
            })
        });
        let mut shown = json!({
            "row": row.number,
            "score": row.score.score,
            "p_value": row.score.p_value,
            "anomaly": row.score.is_anomaly,
            "why": why.collect::<Vec<_>>(),
        });
        if let Some(files) = named.files {
            shown["file"] = files[row.place].clone().into();
        }
        shown
    };
    let rows: Vec<_> = rows
        .iter()
        .zip(reasons.rows.iter().flatten())
        .map(of)
        .collect();
    json!({
        "contributions": reasons.kind,
        "over_length": reasons.over_length,
        "rows": rows,
    })
    .to_string()
}
