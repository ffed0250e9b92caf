//! Options that are about the columns of a table, refused where the data have none.

use std::path::Path;

use crate::failure::{Failure, exit};
use crate::own::input::Input;
use crate::own_args::{Fit, Score};

/// What the labels of an array are.
const LABELS: &str =
    "labels of an array are y of an .npz: numpy.savez('rows.npz', X=rows, y=labels)";

/// That no option of `fit` is about columns that are not there.
///
/// `--label y` is the array `y` of an `.npz`; whether there is one is seen where it is read.
pub(super) fn check_fit(args: &Fit, input: &Input) -> Result<(), Failure> {
    let is_images = match input {
        Input::Table(_) => return Ok(()),
        Input::Array(data) => matches!(data, datasets::Data::Images(_)),
        Input::Images(_) => true,
    };
    let names_y = !is_images && args.label.as_deref() == Some("y");
    let label = match is_images {
        true => "give the normal images alone",
        false => LABELS,
    };
    let columns = match is_images {
        true => "leave it out",
        false => "choose columns of the array, X[:, [0, 2]], or give a table: CSV or Parquet",
    };
    let apart = "fit to some of them, and `residuum calibrate` on others that are apart from these";
    let later = "fit to the earlier ones, and `residuum calibrate` on the later ones";
    let missing = "leave rows with gaps out, X[numpy.isfinite(X).all(axis=1)], or give a table: CSV or Parquet";
    let refused = [
        ("--columns names columns", !args.columns.is_empty(), columns),
        ("--drop names columns", !args.drop.is_empty(), columns),
        (
            "--as-number names columns",
            !args.as_number.is_empty(),
            columns,
        ),
        (
            "--as-category names columns",
            !args.as_category.is_empty(),
            columns,
        ),
        ("--key names a column", args.key.is_some(), "leave it out"),
        (
            "--label names a column",
            args.label.is_some() && !names_y,
            label,
        ),
        ("--group names a column", args.group.is_some(), apart),
        ("--time names a column", args.time.is_some(), later),
        (
            "--missing is about the columns",
            args.missing != "error",
            if is_images { "leave it out" } else { missing },
        ),
    ];
    if let Some((what, _, hint)) = refused.into_iter().find(|(_, given, _)| *given) {
        return Err(refuse(&format!("{what} of a table"), &args.input, input).hint(hint));
    }
    if args.kind.is_some() && is_images {
        let failure = refuse("--kind is about rows of numbers", &args.input, input);
        return Err(failure.hint("leave it out"));
    }
    Ok(())
}

/// That an array whose labels were asked for has some.
pub(super) fn check_label(args: &Fit, has_labels: bool) -> Result<(), Failure> {
    match args.label.is_some() && !has_labels {
        true => {
            let what = "--label y is the array y of an .npz";
            let message = format!("{what}; {} has none", args.input.display());
            Err(Failure::new(exit::USAGE, message).hint(LABELS))
        }
        false => Ok(()),
    }
}

/// That maps are asked for where there are files of images.
pub(super) fn check_maps(args: &Score, input: &Input) -> Result<(), Failure> {
    if args.maps.is_none() || matches!(input, Input::Images(_)) {
        return Ok(());
    }
    let failure = refuse("--maps draws over files of images", &args.input, input);
    Err(failure.hint("leave it out; --explain K says which columns make a score high"))
}

/// The usage error of an option that has nothing to do with the data.
fn refuse(what: &str, path: &Path, input: &Input) -> Failure {
    let found = match input {
        Input::Table(_) => "a table",
        Input::Array(datasets::Data::Images(_)) => "an IDX file of images",
        Input::Array(_) => "an array",
        Input::Images(_) if path.is_dir() => "a folder of images",
        Input::Images(pictures) if pictures.paths.as_slice() == [path] => "an image",
        Input::Images(_) => "a list of images",
    };
    Failure::new(
        exit::USAGE,
        format!("{what}; {} is {found}", path.display()),
    )
}
