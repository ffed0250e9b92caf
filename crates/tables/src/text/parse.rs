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
    Ragged { line: u64, found: usize },
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

/// The wanted columns of a block. Records that are longer by empty fields are cut in the block.
pub(crate) fn parse(block: &mut Block, plan: &Plan, marks: Marks) -> Result<Columns, Problem> {
    let pieces: Vec<Result<Piece, Problem>> = {
        let block = &*block;
        let numbered = block.spans.par_chunks(PIECE).enumerate();
        numbered
            .map(|(number, spans)| piece(block, spans, number * PIECE, plan, marks))
            .collect()
    };
    let mut columns: Vec<Builder> = plan.kinds().map(Builder::new).collect();
    for (number, piece) in pieces.into_iter().enumerate() {
        let piece = piece?;
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
    columns.and_then(Columns::new).map_err(Problem::Columns)
}

struct Piece {
    columns: Vec<Builder>,
    /// Records that are longer by empty fields, and where they are to end.
    cuts: Vec<(usize, u32)>,
}

fn piece(
    block: &Block,
    spans: &[std::ops::Range<u32>],
    before: usize,
    plan: &Plan,
    marks: Marks,
) -> Result<Piece, Problem> {
    let mut columns: Vec<Builder> = plan
        .kinds()
        .map(|kind| Builder::with_room(kind, spans.len()))
        .collect();
    let mut cuts = Vec::new();
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
                    && wrong.is_none()
                    && !columns[wanted].push(&field, marks.comma)
                {
                    wrong = Some((wanted, field.into_owned()));
                }
                true
            },
        );
        if found < plan.fields() || filled {
            let line = block.line(span);
            return Err(Problem::Ragged { line, found });
        }
        if let Some((wanted, value)) = wrong {
            return Err(Problem::Value {
                line: block.line(span),
                record: block.first + (before + record) as u64,
                wanted,
                value,
            });
        }
        cuts.extend(cut.map(|end| (record, end)));
    }
    Ok(Piece { columns, cuts })
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
