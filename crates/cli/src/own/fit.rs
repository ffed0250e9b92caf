use std::fmt::Write as _;
use std::path::Path;

use detector::Progress;
use experiment::Machine;
use residuum::data::{Data, Encoding, Layout, Roles, is_index};
use residuum::{FitOptions, Fitted, Model, OddRow};

use crate::failure::Failure;
use crate::networks::hand_over;
use crate::output::print;
use crate::own::asked::as_asked;
use crate::own::choices::{calibrating, kind, method, methods, missing, target};
use crate::own::input::{Input, array, located, located_when, whole};
use crate::own::model_failure::When;
use crate::own::names::names;
use crate::own::nearly_numbers::NearlyNumbers;
use crate::own::normal::Normal;
use crate::own::show::left_out;
use crate::own::table_options::{check_fit, check_label};
use crate::own_args::Fit;
use crate::place::{apart, check_place};
use crate::progress::Bar;

/// `residuum fit`: a model of data of one's own.
pub(crate) fn run(args: &Fit, machine: &Machine) -> Result<(), Failure> {
    let given = method(&args.method, args.config.as_deref(), &args.set)?;
    let options = FitOptions {
        method: given,
        kind: kind(args.kind.as_deref())?,
        missing: missing(&args.missing)?,
        calibration: calibrating(args.calibration.as_deref())?,
        target: target(&args.rates)?,
        seed: args.seed,
        runtime: machine.runtime.clone(),
        ..FitOptions::new(methods(machine))
    };
    apart(&[("--out", &args.out)], &[("the data", &args.input)])?;
    let needs_libtorch = |name: &str| residuum::find(name).is_ok_and(|m| m.needs_libtorch);
    let named = options.method.as_ref().map(residuum::Config::method);
    if machine.networks.is_none() && named.is_some_and(needs_libtorch) {
        return Err(hand_over());
    }
    check_place(&args.out)?;
    let input = Input::open(&args.input, &args.reading)?;
    check_fit(args, &input)?;
    if machine.networks.is_none() && named.is_none() && matches!(input, Input::Images(_)) {
        return Err(hand_over());
    }
    let mut options = options;
    options.roles = roles(args, &input)?;
    let asked = options.roles.clone();
    if let Input::Table(table) = &input {
        // What is not read is not there to be dropped.
        let is_in = |name: &String| table.schema().iter().any(|(known, _)| known == name);
        let unread = |name: &String| table.unread().iter().any(|(unread, _)| unread == name);
        let any_used = table.schema().iter().any(|(name, _)| is_used(&asked, name));
        let is_partly_read = any_used && table.format() == tables::Format::Parquet;
        let gone =
            |name: &String| unread(name) || is_partly_read && is_in(name) && !is_used(&asked, name);
        options.roles.drop.retain(|name| !gone(name));
    }
    let bar = Bar::new();
    let fitted = fit(args, &input, &options, &asked, &bar);
    bar.finish();
    let trains = options.method.as_ref().is_some_and(crate::run::trains);
    let (fitted, names) = fitted.map_err(|failure| failure.of_training(trains))?;
    fitted.model.save(&args.out)?;
    print(&report(args, &input, &fitted, &names));
    for warning in &fitted.model.manifest().warnings {
        tracing::warn!("{warning}");
    }
    Ok(())
}

/// Whether a column is learned from, or has another part in the fit.
fn is_used(roles: &Roles, name: &str) -> bool {
    let is = |names: &[String]| names.iter().any(|other| other == name);
    let special = [&roles.key, &roles.label, &roles.group, &roles.time];
    let is_special = special.iter().any(|other| other.as_deref() == Some(name));
    let is_learned = match roles.only.is_empty() {
        true => !is(&roles.drop),
        false => is(&roles.only),
    };
    is_learned || is_special || is(&roles.as_number) || is(&roles.as_category)
}

/// What the columns are to be.
fn roles(args: &Fit, input: &Input) -> Result<Roles, Failure> {
    let known: Vec<&str> = match input {
        Input::Table(table) => {
            let unread = table.unread().iter().map(|(name, _)| name.as_str());
            let read = table.schema().iter().map(|(name, _)| name.as_str());
            read.chain(unread).collect()
        }
        _ => Vec::new(),
    };
    Ok(Roles {
        only: names("--columns", &args.columns, &known)?,
        drop: names("--drop", &args.drop, &known)?,
        as_number: names("--as-number", &args.as_number, &known)?,
        as_category: names("--as-category", &args.as_category, &known)?,
        key: args.key.clone(),
        label: args.label.clone(),
        group: args.group.clone(),
        time: args.time.clone(),
    })
}

/// The fitted model and what rows are called.
fn fit(
    args: &Fit,
    input: &Input,
    options: &FitOptions<'_>,
    asked: &Roles,
    progress: &dyn Progress,
) -> Result<(Fitted, Names), Failure> {
    let file = args.input.display().to_string();
    let fit = |data: Data<'_>| Model::fit(data, options, progress);
    match input {
        Input::Table(table) => {
            let columns = whole(table, |name| !is_used(asked, name))?;
            let columns = as_asked(table, columns, &options.roles)?;
            let nearly = NearlyNumbers::among(table, &columns, &options.roles)?;
            let fitted = fit(Data::Columns(&columns)).map_err(|error| {
                let cell = NearlyNumbers::refused(&nearly, &error);
                let failure = located_when(&file, 1, error, When::Fitting(asked));
                match cell {
                    Some(cell) => cell.explain(failure),
                    None => failure,
                }
            })?;
            for found in &nearly {
                tracing::warn!("{}", found.warning(table));
            }
            Ok((fitted, Names::Rows))
        }
        Input::Array(data) => {
            let normal = Normal::of(&args.input, data)?;
            check_label(args, normal.has_labels)?;
            let mut fitted = fit(array(normal.rows(data))).map_err(|error| {
                let error = error.with_row(|row| normal.place(row));
                located(&file, 0, error)
            })?;
            fitted.labelled = normal.labelled;
            for odd in &mut fitted.odd {
                odd.row = normal.place(odd.row);
            }
            Ok((fitted, Names::Rows))
        }
        Input::Images(pictures) => {
            pictures.warn();
            let (images, kept) = pictures.read_all(args.side.get(), &args.input)?;
            let fitted = fit(Data::Images(images.view()));
            let fitted = fitted.map_err(|error| located(&file, 0, error))?;
            let files = kept.iter().map(|&at| &pictures.paths[at]);
            let files = files.map(|path| path.display().to_string()).collect();
            Ok((fitted, Names::Files(files)))
        }
    }
}

/// What a row is called.
enum Names {
    /// By its number, from 1.
    Rows,
    Files(Vec<String>),
}

impl Names {
    fn of(&self, row: usize) -> String {
        match self {
            Self::Rows => format!("row {}", row + 1),
            Self::Files(files) => files.get(row).cloned().unwrap_or_default(),
        }
    }
}

/// What was learned, in words.
fn report(args: &Fit, input: &Input, fitted: &Fitted, names: &Names) -> String {
    let manifest = fitted.model.manifest();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "data         {}", data(&args.input, input));
    for line in columns(&manifest.layout) {
        let _ = writeln!(text, "{line}");
    }
    for name in indices(input, &manifest.layout) {
        let _ = writeln!(text, "left out     {name}: the index of a pandas table");
    }
    text.push_str(&left_out(fitted.labelled, "the label calls them anomalies"));
    text.push_str(&left_out(fitted.incomplete, "a value is missing"));
    text.push_str(&super::show::facts(manifest));
    let findings = fitted.findings.to_string();
    for (i, line) in findings.lines().enumerate() {
        let label = if i == 0 { "notice" } else { "" };
        let _ = writeln!(text, "{label:<13}{line}");
    }
    text.push_str(&odd(&fitted.odd, &fitted.model, names));
    let size = std::fs::metadata(&args.out).map_or(0, |meta| meta.len());
    let _ = writeln!(
        text,
        "saved        {} ({})",
        args.out.display(),
        bytes(size)
    );
    text
}

/// The columns that pandas writes for an index without a name and that were not learned from.
fn indices<'a>(input: &'a Input, layout: &Layout) -> Vec<&'a str> {
    let (Input::Table(table), Layout::Table(layout)) = (input, layout) else {
        return Vec::new();
    };
    let learned = |name: &str| layout.columns.iter().any(|column| column.name == name);
    let names = table.schema().iter().map(|(name, _)| name.as_str());
    names
        .filter(|name| is_index(name) && !learned(name))
        .collect()
}

fn data(path: &Path, input: &Input) -> String {
    let what = match input {
        Input::Table(table) => {
            let (rows, columns) = (table.row_count(), table.schema().len());
            format!("{}, {rows} rows, {columns} columns", table.found().taken)
        }
        Input::Array(data) => format!("array, {} rows, {} columns", data.len(), data.width()),
        Input::Images(pictures) => format!("{} images", pictures.paths.len()),
    };
    format!("{}: {what}", path.display())
}

/// The columns that were learned from, one line for each kind.
fn columns(layout: &Layout) -> Vec<String> {
    let Layout::Table(layout) = layout else {
        return Vec::new();
    };
    let shown = |names: Vec<String>| match names.len() {
        0..=12 => names.join(", "),
        n => format!("{}, … ({n})", names[..10].join(", ")),
    };
    let mut numbers = Vec::new();
    let mut categories = Vec::new();
    for column in &layout.columns {
        match &column.encoding {
            Encoding::Number { .. } => numbers.push(column.name.clone()),
            Encoding::Categories { levels } => {
                categories.push(format!("{} ({})", column.name, levels.len()));
            }
        }
    }
    let mut lines = Vec::new();
    if !numbers.is_empty() {
        lines.push(format!("numbers      {}", shown(numbers)));
    }
    if !categories.is_empty() {
        lines.push(format!("categories   {}", shown(categories)));
    }
    lines
}

fn odd(rows: &[OddRow], model: &Model, names: &Names) -> String {
    let mut text = String::new();
    for (i, odd) in rows.iter().enumerate() {
        let label = if i == 0 { "look at" } else { "" };
        let how = match odd.held_out {
            true => {
                let calibration = model.calibration().ok();
                let p = calibration.and_then(|all| all.p_value(odd.score).ok());
                p.map_or_else(
                    || "held out".to_owned(),
                    |p| format!("held out, p = {p:.4}"),
                )
            }
            false => "trained on".to_owned(),
        };
        let _ = writeln!(
            text,
            "{label:<13}{}: score {:.4} ({how})",
            names.of(odd.row),
            odd.score
        );
    }
    text
}

fn bytes(n: u64) -> String {
    match n {
        0..10_000 => format!("{n} bytes"),
        10_000..10_000_000 => format!("{} kB", n / 1000),
        _ => format!("{} MB", n / 1_000_000),
    }
}
