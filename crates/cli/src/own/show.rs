use std::fmt::Write as _;

use conformal::{Basis, Threshold};
use residuum::data::{Encoding, Layout};
use residuum::{CrossRate, Manifest, Stored};

use crate::failure::{Failure, exit};
use crate::output::{print, print_data};
use crate::own_args::Show;

/// `residuum show`: what a model says about itself.
pub(crate) fn run(args: &Show) -> Result<(), Failure> {
    let stored = Stored::read(&args.model)?;
    let manifest = stored.manifest();
    if args.json {
        let json = serde_json::to_string_pretty(manifest)
            .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
        print_data(&json);
        return Ok(());
    }
    let mut text = facts(manifest);
    text.push_str(&layout(&manifest.layout));
    for (name, value) in [
        ("key", &manifest.columns.key),
        ("label", &manifest.columns.label),
        ("group", &manifest.columns.group),
        ("time", &manifest.columns.time),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name:<13}{value}");
        }
    }
    for warning in &manifest.warnings {
        let _ = writeln!(text, "warning      {warning}");
    }
    let _ = writeln!(text, "seed         {}", manifest.seed);
    let _ = writeln!(text, "rows sha256  {}", manifest.trained_sha256);
    let _ = writeln!(text, "made by      residuum {}", manifest.program);
    print(&text);
    Ok(())
}

/// Method, rows and threshold, a line each.
pub(super) fn facts(manifest: &Manifest) -> String {
    let mut text = String::new();
    let Manifest {
        method,
        reason,
        trained,
        calibrated,
        ..
    } = manifest;
    let _ = writeln!(text, "method       {method}: {reason}");
    let percent = |share: f64| format!("{:.3} %", 100.0 * share);
    if let Some(CrossRate { rate, bound, folds }) = manifest.cross {
        let _ = writeln!(
            text,
            "rows         {trained}, each scored by the one of {folds} detectors that has not seen it"
        );
        let _ = writeln!(
            text,
            "threshold    p-value up to {rate:.6}: the rate of false alarms to expect is {}, at most {} is proved",
            percent(rate),
            percent(bound)
        );
        let _ = writeln!(
            text,
            "expect       {:.1} alarms per 1000 normal rows",
            1000.0 * rate
        );
        return text;
    }
    let _ = writeln!(
        text,
        "rows         {trained} trained on, {calibrated} held out for calibration"
    );
    match &manifest.threshold {
        Some(threshold) => text.push_str(&threshold_lines(threshold)),
        None => text.push_str("threshold    none\n"),
    }
    text
}

/// A line about rows that were left out; nothing where there are none.
pub(super) fn left_out(rows: usize, why: &str) -> String {
    match rows {
        0 => String::new(),
        _ => format!("left out     {rows} rows: {why}\n"),
    }
}

/// The threshold, what it promises and what to expect of it, a line each.
fn threshold_lines(threshold: &Threshold) -> String {
    let percent = |share: f64| format!("{:.3} %", 100.0 * share);
    let promise = match threshold.basis() {
        Basis::Certified { target, confidence } => format!(
            "the rate of false alarms is at most {} with {} % confidence",
            percent(target),
            100.0 * confidence
        ),
        Basis::Marginal { target } => format!(
            "the rate of false alarms is at most {} on average",
            percent(target)
        ),
    };
    let (low, high) = threshold.interval();
    format!(
        "threshold    score above {:.6}: {promise}\n\
         expect       {:.1} alarms per 1000 normal rows ({:.1} to {:.1})\n",
        threshold.value(),
        threshold.alarms_per_1000(),
        1000.0 * low,
        1000.0 * high,
    )
}

fn layout(layout: &Layout) -> String {
    let mut text = String::new();
    match layout {
        Layout::Table(layout) => {
            let _ = writeln!(text, "missing      {}", layout.missing);
            for (i, column) in layout.columns.iter().enumerate() {
                let label = if i == 0 { "columns" } else { "" };
                let how = match &column.encoding {
                    Encoding::Number { .. } => String::new(),
                    Encoding::Categories { levels } => format!(": {}", levels.join(", ")),
                };
                let _ = writeln!(text, "{label:<13}{} ({}){how}", column.name, column.kind);
            }
        }
        Layout::Array { columns, numbers } => {
            let numbers = match numbers {
                residuum::data::NumberType::Float32 => "float32",
                residuum::data::NumberType::Float64 => "float64",
            };
            let _ = writeln!(text, "columns      {columns} ({numbers})");
        }
        Layout::Images {
            channels,
            height,
            width,
        } => {
            let _ = writeln!(
                text,
                "images       {channels} channels, {height} x {width} pixels"
            );
        }
    }
    text
}
