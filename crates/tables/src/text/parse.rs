//! The second pass: fields become values.

use columns::{Column, Columns, Kind, Values};
use rayon::prelude::*;

use super::fields::split;
use super::records::Block;
use super::value;
use crate::plan::Plan;
use crate::time::parse_time;

/// How the fields are marked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) delimiter: u8,
    pub(crate) comma: bool,
}

/// A record that does not fit.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It has another number of fields.
    Ragged {
        line: u64,
        record: u64,
        found: usize,
    },
    /// A value is not of the wanted kind.
    Value {
        line: u64,
        record: u64,
        wanted: usize,
        value: String,
    },
    /// The columns do not fit together.
    Columns(columns::ColumnsError),
}

/// Records of a piece: the result does not depend on it.
const PIECE: usize = 1024;

impl Problem {
    /// The place among all records of the file.
    pub(crate) fn record(&self) -> Option<u64> {
        match self {
            Self::Ragged { record, .. } | Self::Value { record, .. } => Some(*record),
            Self::Columns(_) => None,
        }
    }
}

/// The wanted columns of a block. Records that are longer by empty fields are cut in the block. Where the bad ones are
/// kept they are given beside, and have as many fields in the block as the others.
pub(crate) fn parse(
    block: &mut Block,
    plan: &Plan,
    marks: Marks,
    keep: bool,
) -> Result<(Columns, Vec<Problem>), Problem> {
    let pieces: Vec<Result<Piece, Problem>> = {
        let block = &*block;
        let numbered = block.spans.par_chunks(PIECE).enumerate();
        numbered
            .map(|(number, spans)| piece(block, spans, number * PIECE, plan, marks, keep))
            .collect()
    };
    let mut columns: Vec<Builder> = plan.kinds().map(Builder::new).collect();
    let mut bad = Vec::new();
    for (number, piece) in pieces.into_iter().enumerate() {
        let piece = piece?;
        bad.extend(piece.bad);
        for (record, lacking) in piece.lacking {
            block.lengthen(number * PIECE + record, marks.delimiter, lacking);
        }
        for (record, end) in piece.cuts {
            if let Some(span) = block.spans.get_mut(number * PIECE + record) {
                span.end = span.start + end;
            }
        }
        for (column, more) in columns.iter_mut().zip(piece.columns) {
            column.append(more);
        }
    }
    let columns = columns.into_iter().zip(plan.names());
    let columns: Result<Vec<_>, _> = columns.map(|(column, name)| column.finish(name)).collect();
    let columns = columns.and_then(Columns::new).map_err(Problem::Columns)?;
    Ok((columns, bad))
}

struct Piece {
    columns: Vec<Builder>,
    /// Records that are longer by empty fields, and where they are to end.
    cuts: Vec<(usize, u32)>,
    /// Records that are kept and shorter, and by how many fields.
    lacking: Vec<(usize, usize)>,
    bad: Vec<Problem>,
}

fn piece(
    block: &Block,
    spans: &[std::ops::Range<u32>],
    before: usize,
    plan: &Plan,
    marks: Marks,
    keep: bool,
) -> Result<Piece, Problem> {
    let mut columns: Vec<Builder> = plan
        .kinds()
        .map(|kind| Builder::with_room(kind, spans.len()))
        .collect();
    let (mut cuts, mut lacking, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for (record, span) in spans.iter().enumerate() {
        let mut found = 0;
        let mut filled = false;
        let mut cut = None;
        let mut wrong = None;
        split(
            block.record(span),
            marks.delimiter,
            |number, place, field| {
                found = number + 1;
                if number >= plan.fields() {
                    cut = cut.or(Some(place as u32 - 1));
                    filled |= !value::trimmed(&field).is_empty();
                    return true;
                }
                if let Some(wanted) = plan.wanted(number)
                    && (keep || wrong.is_none())
                    && !columns[wanted].push(&field, marks.comma)
                {
                    columns[wanted].leave_gap();
                    wrong = wrong.take().or(Some((wanted, field.into_owned())));
                }
                true
            },
        );
        let place = block.first + (before + record) as u64;
        let problem = if found < plan.fields() || filled {
            Some(Problem::Ragged {
                line: block.line(span),
                record: place,
                found,
            })
        } else {
            wrong.map(|(wanted, value)| Problem::Value {
                line: block.line(span),
                record: place,
                wanted,
                value,
            })
        };
        match problem {
            Some(problem) if keep => bad.push(problem),
            Some(problem) => return Err(problem),
            None => {}
        }
        for wanted in (found..plan.fields()).filter_map(|field| plan.wanted(field)) {
            columns[wanted].push("", marks.comma);
        }
        if found < plan.fields() {
            lacking.push((record, plan.fields() - found));
        }
        cuts.extend(cut.map(|end| (record, end)));
    }
    Ok(Piece {
        columns,
        cuts,
        lacking,
        bad,
    })
}

/// A column that grows.
struct Builder {
    values: Values,
    missing: Vec<bool>,
}

impl Builder {
    fn new(kind: Kind) -> Self {
        Self {
            values: Values::none(kind),
            missing: Vec::new(),
        }
    }

    fn with_room(kind: Kind, rows: usize) -> Self {
        let mut builder = Self::new(kind);
        builder.missing.reserve(rows);
        match &mut builder.values {
            Values::Float32(values) => values.reserve(rows),
            Values::Float64(values) => values.reserve(rows),
            Values::Integer(values) | Values::Time(values) => values.reserve(rows),
            Values::Boolean(values) => values.reserve(rows),
            Values::Text(values) => values.reserve(rows),
        }
        builder
    }

    /// One more field; `false` where it is not of the column's kind.
    fn push(&mut self, field: &str, comma: bool) -> bool {
        let text = value::trimmed(field);
        let missing = value::is_missing(text);
        self.missing.push(missing);
        fn put<T>(
            values: &mut Vec<T>,
            missing: bool,
            none: T,
            read: impl FnOnce() -> Option<T>,
        ) -> bool {
            let value = if missing { Some(none) } else { read() };
            let fits = value.is_some();
            values.extend(value);
            fits
        }
        match &mut self.values {
            Values::Float32(values) => {
                put(values, missing, f32::NAN, || value::float32(text, comma))
            }
            Values::Float64(values) => {
                put(values, missing, f64::NAN, || value::float64(text, comma))
            }
            Values::Integer(values) => put(values, missing, 0, || value::integer(text, comma)),
            Values::Boolean(values) => put(values, missing, false, || value::boolean(text)),
            Values::Text(values) => put(values, missing, String::new(), || Some(field.to_owned())),
            Values::Time(values) => put(values, missing, 0, || parse_time(text)),
        }
    }

    /// A value that is not known in place of the last field, which was not of the column's kind.
    fn leave_gap(&mut self) {
        if let Some(last) = self.missing.last_mut() {
            *last = true;
        }
        match &mut self.values {
            Values::Float32(values) => values.push(f32::NAN),
            Values::Float64(values) => values.push(f64::NAN),
            Values::Integer(values) | Values::Time(values) => values.push(0),
            Values::Boolean(values) => values.push(false),
            Values::Text(values) => values.push(String::new()),
        }
    }

    fn append(&mut self, mut more: Self) {
        self.missing.append(&mut more.missing);
        match (&mut self.values, &mut more.values) {
            (Values::Float32(all), Values::Float32(more)) => all.append(more),
            (Values::Float64(all), Values::Float64(more)) => all.append(more),
            (Values::Integer(all), Values::Integer(more)) => all.append(more),
            (Values::Boolean(all), Values::Boolean(more)) => all.append(more),
            (Values::Text(all), Values::Text(more)) => all.append(more),
            (Values::Time(all), Values::Time(more)) => all.append(more),
            // Both are of the plan's kind.
            _ => {}
        }
    }

    fn finish(self, name: &str) -> Result<Column, columns::ColumnsError> {
        Column::new(name, self.values).with_missing(self.missing)
    }
}
