use detector::{Input, Rows};

use crate::config::Config;
use crate::data::{Data, Layout};
use crate::error::RegistryError;
use crate::method::{Method, Takes};
use crate::model::options::FitOptions;
use crate::model::row_kind::{LOOKED_AT, RowKind};
use crate::model::rows::Samples;
use crate::registry::find_among;

/// `wiener` compares each row with all others: more training rows than these are drawn from.
const MOST_TRAINED: usize = 20_000;
/// A table of more rows than these is one for `wiener`.
const MOST_OF_TABLE: usize = 200_000;
/// Calibration rows beyond these change a threshold no more.
const MOST_CALIBRATED: usize = 100_000;

/// A method with its settings, chosen or given.
pub(super) struct Choice<'a> {
    pub(super) method: &'a Method,
    pub(super) config: Config,
    /// Why this one, in a sentence.
    pub(super) reason: String,
    /// What the rows were taken for.
    pub(super) kind: Option<RowKind>,
}

/// How many rows to train on and to calibrate with, of the `n` that there are, where `auto` chooses.
pub(super) fn caps(is_auto: bool, kind: Option<RowKind>, n: usize) -> (usize, usize) {
    match (is_auto, kind) {
        (false, _) => (usize::MAX, usize::MAX),
        (true, Some(RowKind::Table)) if n <= MOST_OF_TABLE => (n, MOST_CALIBRATED),
        (true, _) => (MOST_TRAINED, MOST_CALIBRATED),
    }
}

/// What the rows at `normal` look like where it decides how many are taken: a thousand of them say it.
pub(super) fn kind_of_many(
    data: Data<'_>,
    normal: &[usize],
    options: &FitOptions<'_>,
) -> Option<RowKind> {
    if options.method.is_some() || options.kind.is_some() || normal.len() <= MOST_TRAINED {
        return options.kind;
    }
    let step = normal.len().div_ceil(LOOKED_AT);
    let some: Vec<usize> = normal.iter().copied().step_by(step).collect();
    let some = Samples::of(data, &some);
    let layout = Layout::learn(some.data(), &options.roles, options.missing).ok()?;
    let encoded = layout.encode(some.data()).ok()?;
    encoded.input().rows().ok().map(RowKind::of)
}

/// The method for `input`, training rows of the `n` that there are: the one given, or one by their kind and number
/// alone.
pub(super) fn choose<'a>(
    options: &FitOptions<'a>,
    input: Input<'_>,
    n: usize,
) -> Result<Choice<'a>, RegistryError> {
    let (methods, kind) = (options.methods, options.kind);
    let kind = match input {
        Input::Rows(x) => Some(kind.unwrap_or_else(|| RowKind::of(Rows::F32(x)))),
        Input::Rows64(x) => Some(kind.unwrap_or_else(|| RowKind::of(Rows::F64(x)))),
        Input::Images(_) => None,
    };
    let (method, mut config, mut reason) = match (&options.method, kind) {
        (Some(config), _) => {
            let method = find_among(methods, config.method())?;
            (method, config.clone(), "asked for".to_owned())
        }
        (None, Some(RowKind::Table)) if n > MOST_OF_TABLE => {
            let method = find_among(methods, "wiener")?;
            let reason = format!("for tables of more than {MOST_OF_TABLE} rows");
            (method, method.config(), reason)
        }
        (None, Some(kind)) => {
            let name = match kind {
                RowKind::Table => "views-and-pairs",
                RowKind::Embedding => "wiener",
            };
            let method = find_among(methods, name)?;
            let reason = format!("leads the comparison of methods on {kind}s");
            (method, method.config(), reason)
        }
        (None, None) => {
            let method = find_among(methods, "patch-wiener")?;
            let reason = "leads the comparison of methods on photographs of parts".to_owned();
            (method, method.config(), reason)
        }
    };
    if let (Some(kind), Takes::Rows(default, _)) = (kind, method.takes) {
        // A scaling that was asked for stays.
        let untouched = config.values().get("rows") == Some(&default.as_str().into());
        if untouched && kind == RowKind::Embedding {
            config.set("rows", kind.scaling().as_str().into())?;
            reason.push_str("; rows over their length, as embeddings want");
        }
    }
    Ok(Choice {
        method,
        config,
        reason,
        kind,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn tables_keep_their_rows_up_to_a_limit_and_embeddings_do_not() {
        let table = Some(RowKind::Table);
        for (kind, n, trained) in [
            (table, 30_000, 30_000),
            (table, MOST_OF_TABLE, MOST_OF_TABLE),
            (table, MOST_OF_TABLE + 1, MOST_TRAINED),
            (Some(RowKind::Embedding), 30_000, MOST_TRAINED),
            (None, 30_000, MOST_TRAINED),
        ] {
            assert_eq!(caps(true, kind, n), (trained, MOST_CALIBRATED));
            assert_eq!(caps(false, kind, n), (usize::MAX, usize::MAX));
        }
        let options = FitOptions::new(crate::methods());
        for (columns, expected) in [(3, RowKind::Table), (64, RowKind::Embedding)] {
            let rows = Array2::from_shape_fn((MOST_TRAINED + 1, columns), |(i, j)| {
                ((i * (j + 1)) as f32).sin()
            });
            let all: Vec<usize> = (0..rows.nrows()).collect();
            let kind = |rows_at: &[usize]| kind_of_many(Data::Rows(rows.view()), rows_at, &options);
            assert_eq!(kind(&all), Some(expected));
            // Where all rows train whatever they are, nobody looks.
            assert_eq!(kind(&all[..MOST_TRAINED]), None);
            let method = |n: usize| {
                let input = Input::Rows(rows.view());
                choose(&options, input, n).unwrap().method.name
            };
            let of_table = expected == RowKind::Table;
            let small = if of_table {
                "views-and-pairs"
            } else {
                "wiener"
            };
            assert_eq!([method(1000), method(MOST_OF_TABLE + 1)], [small, "wiener"]);
        }
    }
}
