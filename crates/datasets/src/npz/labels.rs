//! Labels of an `.npz`: 0 for normal, 1 for anomalous. Other conventions are refused with the line that converts
//! them for every meaning that they may have; which one is right only the user knows.

use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::path::Path;

use zip::ZipArchive;

use super::archive::wrong_shape;
use crate::npy::{self, Npy};
use crate::{DatasetError, Label, WayOut, python};

/// Different values that are named.
const NAMED: usize = 5;
/// Characters of a text label that are read.
const MAX_TEXT: usize = 256;

/// Labels `[n]` or `[n, 1]` of numbers, the array called `name`.
pub(super) fn of(path: &Path, name: &str, y: Npy<f64>) -> Result<Vec<Label>, DatasetError> {
    let is_plain = name == "y";
    if !matches!(y.shape[..], [_] | [_, 1]) {
        return Err(match is_plain {
            true => of_other_shape(path, &y.shape),
            false => wrong_shape(path, name, &y.shape, "[n] or [n, 1]"),
        });
    }
    let wrong = y
        .values
        .iter()
        .position(|&value| value != 0.0 && value != 1.0);
    if let Some(row) = wrong {
        return Err(DatasetError::Label {
            origin: match is_plain {
                true => path.display().to_string(),
                false => format!("{}: array `{name}`", path.display()),
            },
            row,
            value: y.values[row],
            hint: match is_plain {
                true => hint(path, &y.values),
                false => of_part(path, name),
            },
        });
    }
    let label = |value: f64| {
        if value == 0.0 {
            Label::Normal
        } else {
            Label::Anomaly
        }
    };
    Ok(y.values.into_iter().map(label).collect())
}

fn of_other_shape(path: &Path, shape: &[usize]) -> DatasetError {
    let hint = match shape {
        [] => "y holds one label for each row of X, 0 or 1".to_owned(),
        [1, _] => format!("as one column: {}", line(path, "d['y'].ravel()")),
        [_, 2] => format!(
            "one-hot labels have a column for each class; with the number of the anomalous one, 0 or 1, in place \
             of COLUMN: {}",
            line(path, "d['y'][:, COLUMN]")
        ),
        [_, columns] => format!(
            "with the number of the column that is 1 for anomalous rows, 0 to {}, in place of COLUMN: {}",
            columns.saturating_sub(1),
            line(path, "d['y'][:, COLUMN]")
        ),
        _ => "y holds one label for each row of X, 0 or 1".to_owned(),
    };
    DatasetError::OtherForm {
        path: path.to_owned(),
        place: "array `y`".to_owned(),
        found: match shape {
            [] => "a single number".to_owned(),
            _ => format!("shape {shape:?}"),
        },
        expected: "one label for each row, shape [n] or [n, 1]".to_owned(),
        way_out: WayOut::boxed(hint),
    }
}

/// How to make 0 and 1 of the numbers of one array among others.
fn of_part(path: &Path, name: &str) -> String {
    let labels = format!("d[{}]", python::text(name));
    let body = format!(
        "import numpy as np; d = dict(np.load({})); {labels} = {labels} == ANOMALOUS; np.savez({}, **d)",
        python::path(path),
        python::path(&python::converted(path))
    );
    format!(
        "with the number of the anomalous class in place of ANOMALOUS: {}",
        python::line(&body)
    )
}

/// How to make 0 and 1 of other numbers.
fn hint(path: &Path, values: &[f64]) -> String {
    let n_nan = values.iter().filter(|value| value.is_nan()).count();
    let mut different: Vec<f64> = Vec::new();
    for &value in values.iter().filter(|value| !value.is_nan()) {
        if !different.contains(&value) {
            different.push(value);
        }
        if different.len() > NAMED {
            break;
        }
    }
    different.sort_by(f64::total_cmp);
    if n_nan > 0 {
        return format!(
            "{n_nan} labels are NaN. Where that means anomalous: {}. Where nobody labelled those rows, leave \
             them out: {}",
            line(path, "np.isnan(d['y'])"),
            rows(path, "k = ~np.isnan(d['y'])", "d['X'][k]", "d['y'][k]")
        );
    }
    let anomalous = line(path, "d['y'] == ANOMALOUS");
    match different[..] {
        [-1.0, 1.0] => format!(
            "y == -1 where -1 is anomalous, as in scikit-learn; y == 1 where 1 is anomalous. With that number in \
             place of ANOMALOUS: {anomalous}"
        ),
        [a, b] => format!(
            "y == {a} where {a} is anomalous; y == {b} where {b} is anomalous. With that number in place of \
             ANOMALOUS: {anomalous}"
        ),
        _ => {
            let more = if different.len() > NAMED {
                " and more"
            } else {
                ""
            };
            let names: Vec<String> = different.iter().take(NAMED).map(f64::to_string).collect();
            format!(
                "y holds {}{more}; with the anomalous one in place of ANOMALOUS: {anomalous}",
                names.join(", ")
            )
        }
    }
}

/// The refusal of labels that are texts or bytes, as `kind` says, of which `names` are some.
pub(super) fn of_text(path: &Path, kind: &str, names: &BTreeSet<String>) -> DatasetError {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > NAMED { " and more" } else { "" };
    let found = match shown.len() {
        0 => kind.to_owned(),
        _ => format!("{kind}: {}{more}", shown.join(", ")),
    };
    DatasetError::OtherForm {
        path: path.to_owned(),
        place: "array `y`".to_owned(),
        found,
        expected: "0 (normal) or 1 (anomaly) as numbers or bool".to_owned(),
        way_out: WayOut::boxed(format!(
            "with the text of the anomalous rows in place of ANOMALOUS: {}",
            line(path, "d['y'].astype(str) == 'ANOMALOUS'")
        )),
    }
}

/// The different texts among the first labels.
pub(super) fn names<R: Read + Seek>(archive: &mut ZipArchive<R>) -> BTreeSet<String> {
    const ROWS: usize = 10_000;
    let mut names = BTreeSet::new();
    let Ok(mut entry) = archive.by_name("y.npy") else {
        return names;
    };
    let Ok((header, _)) = npy::read_header(&mut entry) else {
        return names;
    };
    let wide = header.descr.contains('U');
    let digits = header
        .descr
        .trim_start_matches(['<', '>', '|', '=', 'U', 'S', 'a']);
    let bytes = match digits.parse::<usize>() {
        Ok(n @ 1..=MAX_TEXT) => n * if wide { 4 } else { 1 },
        _ => return names,
    };
    let mut text = vec![0; bytes];
    for _ in 0..ROWS {
        if names.len() > NAMED || entry.read_exact(&mut text).is_err() {
            break;
        }
        let characters = text
            .chunks_exact(if wide { 4 } else { 1 })
            .map(|c| match *c {
                [a, b, c, d] if header.descr.starts_with('>') => u32::from_be_bytes([a, b, c, d]),
                [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
                [a, ..] => u32::from(a),
                [] => 0,
            });
        let name = characters
            .take_while(|&c| c != 0)
            .map(|c| char::from_u32(c).unwrap_or('\u{fffd}'));
        names.insert(name.collect());
    }
    names
}

/// A copy of the archive with other labels.
fn line(path: &Path, labels: &str) -> String {
    rows(path, "", "d['X']", labels)
}

fn rows(path: &Path, before: &str, x: &str, y: &str) -> String {
    let before = if before.is_empty() {
        String::new()
    } else {
        format!("{before}; ")
    };
    python::line(&format!(
        "import numpy as np; d = np.load({}); {before}np.savez({}, X={x}, y={y})",
        python::path(path),
        python::path(&python::converted(path))
    ))
}
