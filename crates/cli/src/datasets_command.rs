use std::io::IsTerminal;

use datasets::{DatasetError, Entry, Roots, Verified};
use indicatif::{ProgressBar, ProgressStyle};

use crate::datasets_get::get;
use crate::failure::Failure;
use crate::output::{columns, print};
use crate::place::cannot_write;
use crate::ways_out::of_data;
use crate::{args, datasets_json};

/// `residuum datasets`.
pub(crate) fn run(command: &args::Datasets, roots: &Roots) -> Result<(), Failure> {
    match command {
        args::Datasets::List { json: true, names } => datasets_json::print_list(names, roots),
        args::Datasets::List { json: false, .. } => list(roots),
        args::Datasets::Show { name } => show(&datasets::find(name)?, roots),
        args::Datasets::Verify { names } => verify(names, roots),
        args::Datasets::Fetch { names } => fetch(names, roots),
    }
}

fn list(roots: &Roots) -> Result<(), Failure> {
    let header = ["name", "rows", "values", "anomalies", "where"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut n_present = 0;
    for entry in datasets::catalogue() {
        let place = match entry.locate(roots).as_deref() {
            Some([path, ..]) => {
                n_present += 1;
                path.display().to_string()
            }
            _ => format!("absent: {}", get(entry)),
        };
        let number = |n: Option<usize>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        rows.push(vec![
            entry.name().to_owned(),
            number(entry.n()),
            number(entry.d()),
            number(entry.n_anomalies()),
            place,
        ]);
    }
    print(&columns(&rows));
    print(&format!(
        "{n_present} of {} sets are present",
        rows.len() - 1
    ));
    Ok(())
}

fn show(entry: &Entry, roots: &Roots) -> Result<(), Failure> {
    let values = match entry.d() {
        Some(d) => format!("rows of {d} values"),
        None => "images of a size that depends on the files".to_owned(),
    };
    let shape = match (entry.n(), entry.n_anomalies()) {
        (Some(n), Some(a)) => format!("{n} {values}, {a} anomalies"),
        _ => format!("{values}; their number was not published"),
    };
    let paths = entry.locate(roots);
    let mut rows = vec![
        ["name", entry.name()].map(str::to_owned).to_vec(),
        vec!["aliases".to_owned(), entry.aliases().join(", ")],
        vec!["shape".to_owned(), shape],
        ["source", entry.source()].map(str::to_owned).to_vec(),
        ["licence", entry.licence()].map(str::to_owned).to_vec(),
    ];
    if let Some(rule) = entry.rule() {
        rows.push(vec!["anomalies".to_owned(), rule.to_owned()]);
    }
    for url in entry.urls() {
        rows.push(vec!["address".to_owned(), url]);
    }
    for pin in entry.pins() {
        rows.push(vec!["known hash".to_owned(), pin.to_string()]);
    }
    match paths {
        Some(paths) => {
            for path in paths {
                rows.push(vec!["file".to_owned(), path.display().to_string()]);
            }
            rows.push(vec!["sha256".to_owned(), entry.sha256(roots)?]);
        }
        None => {
            rows.push(vec!["absent".to_owned(), get(entry)]);
            if let Some(instead) = entry.instead(roots) {
                rows.push(vec!["found".to_owned(), instead.found]);
                rows.push(vec!["hint".to_owned(), of_data(instead.way_out)]);
            }
        }
    }
    print(&columns(&rows));
    Ok(())
}

/// Compares with the pinned hashes; every set is looked at before the first that differs is reported.
fn verify(names: &[String], roots: &Roots) -> Result<(), Failure> {
    let entries: Vec<Entry> = if names.is_empty() {
        let all = datasets::catalogue().iter();
        let present = all.filter(|entry| entry.locate(roots).is_some());
        present.cloned().collect()
    } else {
        let named = names.iter().map(|name| datasets::find(name));
        named.collect::<Result<_, _>>()?
    };
    let mut wrong = Vec::new();
    for entry in entries {
        match entry.verify(roots) {
            Ok(Verified::Hash) => print(&format!("{}: as published", entry.name())),
            Ok(Verified::Readable(n)) => print(&format!(
                "{}: all {n} samples are readable; no published hash is known",
                entry.name()
            )),
            Err(error) => wrong.push(Failure::from(error)),
        }
    }
    match wrong.len() {
        0 => Ok(()),
        1 => Err(wrong.remove(0)),
        n => {
            let first = wrong.remove(0);
            let message = format!(
                "{n} sets are not as published, the first: {}",
                first.message
            );
            Err(Failure { message, ..first })
        }
    }
}

/// Downloads one set after another; what arrived before a failure stays.
fn fetch(names: &[String], roots: &Roots) -> Result<(), Failure> {
    let entries: Vec<Entry> = names
        .iter()
        .map(|name| datasets::find(name))
        .collect::<Result<_, _>>()?;
    for entry in &entries {
        let bar = download_bar(entry.name());
        let paths = datasets::fetch::fetch(entry, roots, &|done, total| {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let paths = paths.map_err(|error| match error {
            DatasetError::Write { path, source } => cannot_write(&path, &source),
            error => error.into(),
        });
        for path in paths? {
            print(&format!("{}: {}", entry.name(), path.display()));
        }
    }
    Ok(())
}

fn download_bar(name: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0).with_prefix(name.to_owned());
    match ProgressStyle::with_template(
        "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}",
    ) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
