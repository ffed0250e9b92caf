//! What was found, as text and as JSON.

use std::fmt::Write as _;

use experiment::{Alarms, Share};
use record::By;
use serde_json::{Value, json};

use super::found::Found;
use super::misses::Miss;
use super::promise::{Kept, Promise};
use crate::own::explain::p_value;

/// Misses of a class in the terminal.
const SHOWN: usize = 3;

/// One figure: its name, its value and what stands behind it.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) more: String,
}

/// Every metric of the ranking with its interval.
pub(super) fn ranking(found: &Found<'_>) -> Vec<Line> {
    let evaluation = &found.evaluation;
    let metrics = &evaluation.metrics;
    let line = |name, value, more: String| Line {
        name,
        value: percent(value),
        more,
    };
    let auroc = evaluation.auroc.map_or_else(String::new, |interval| {
        let by = match interval.by {
            By::Delong => "DeLong",
            By::Newcombe => "Newcombe",
        };
        format!("{} by {by}", range(interval.low, interval.high))
    });
    let ap = match evaluation.ap {
        Some(ap) => format!("{} by bootstrap", range(ap.low, ap.high)),
        None => "no interval, all samples alike".to_owned(),
    };
    let k = evaluation.anomalies;
    vec![
        line("AUROC", metrics.auroc, auroc),
        line("AP", metrics.ap, format!("{ap} (average precision)")),
        line(
            "F1 at k",
            metrics.f1_at_k,
            format!("k = {k}, the number of anomalies"),
        ),
        line(
            "FPR at 95 %",
            metrics.fpr95,
            "of the normal rows are flagged where 95 % of the anomalies are found".to_owned(),
        ),
        line(
            "partial AUC",
            metrics.pauc,
            "up to a false-positive rate of 10 %, standardised: 50 % by chance".to_owned(),
        ),
    ]
}

/// What came of the threshold.
pub(super) fn decisions(alarms: &Alarms) -> Vec<Line> {
    let line = |name, share: &Share, of: &str| Line {
        name,
        value: percent(share.interval.estimate),
        more: format!(
            "{} of {} {of}, {}",
            share.hits,
            share.of,
            range(share.interval.low, share.interval.high)
        ),
    };
    let mut lines = vec![
        line("false alarms", &alarms.false_positives, "normal rows"),
        line("detected", &alarms.detected, "anomalies"),
    ];
    match &alarms.precision {
        Some(precision) => lines.push(line("precision", precision, "alarms")),
        None => lines.push(Line {
            name: "precision",
            value: "none".to_owned(),
            more: "no row is an alarm".to_owned(),
        }),
    }
    lines
}

/// Whether the promise was kept, in a sentence.
pub(super) fn promised(false_positives: &Share, promise: &Promise) -> String {
    let (target, limit) = (percent(promise.target), percent(promise.most));
    let promised = match (promise.confidence, promise.p_value) {
        (Some(confidence), _) => {
            format!(
                "at most {limit} promised with {} % confidence",
                100.0 * confidence
            )
        }
        (None, Some(_)) => format!("{target} to expect, at most {limit} proved"),
        (None, None) => {
            format!("{target} promised on average, at most {limit} for 95 % of calibrations")
        }
    };
    let verdict = match promise.kept(false_positives) {
        Kept::Yes => "kept",
        Kept::Chance => "more came, as chance may have it: the interval reaches the promise",
        Kept::No => "not kept: the normal rows are unlike those it was calibrated on",
    };
    format!("{promised}: {verdict}")
}

/// What decides, in words.
pub(super) fn decided_by(promise: &Promise) -> String {
    match (promise.value, promise.p_value) {
        (Some(value), _) => format!("score above {value:.6}"),
        (None, Some(p)) => format!("p-value up to {p:.6}"),
        (None, None) => "none".to_owned(),
    }
}

/// How many rows of what there are.
pub(super) fn data(found: &Found<'_>) -> String {
    let (normals, anomalies) = (found.evaluation.normals, found.evaluation.anomalies);
    let what = match found.rows.file(0) {
        Some(_) => "images",
        None => "rows",
    };
    let input = found.args.input.display();
    format!(
        "{input}: {} {what}, {normals} normal and {anomalies} anomalies with a score",
        found.rows.len()
    )
}

/// Rows without a score, where there are any.
pub(super) fn without_score(found: &Found<'_>) -> Option<String> {
    let (n, of) = (found.rows.without_score(), found.rows.len());
    let share = percent(n as f64 / of.max(1) as f64);
    (n > 0).then(|| format!("{n} of {of} rows ({share}): a value is missing"))
}

/// All figures, a line each.
pub(super) fn text(found: &Found<'_>) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "data         {}", data(found));
    if let Some(line) = without_score(found) {
        let _ = writeln!(text, "no score     {line}");
    }
    let _ = writeln!(text, "method       {}", found.model.manifest().method);
    let lines = |text: &mut String, lines: Vec<Line>| {
        for Line { name, value, more } in lines {
            let _ = writeln!(text, "{name:<13}{value:<10}{more}");
        }
    };
    lines(&mut text, ranking(found));
    match (
        Promise::of(found.model.manifest()),
        &found.evaluation.alarms,
    ) {
        (Some(promise), Some(alarms)) => {
            let _ = writeln!(text, "threshold    {}", decided_by(&promise));
            lines(&mut text, decisions(alarms));
            let promise = promised(&alarms.false_positives, &promise);
            let _ = writeln!(text, "promise      {promise}");
        }
        _ => text.push_str("threshold    none: too few rows were held out for calibration\n"),
    }
    for (title, misses) in [
        ("low anomaly", &found.misses.anomalies),
        ("high normal", &found.misses.normals),
    ] {
        for (i, miss) in misses.iter().take(SHOWN).enumerate() {
            let label = if i == 0 { title } else { "" };
            let _ = writeln!(text, "{label:<13}{}", describe(found, miss));
        }
    }
    text
}

fn describe(found: &Found<'_>, miss: &Miss) -> String {
    let key = found.rows.key(miss.row);
    let key = key.map_or_else(String::new, |key| format!(" ({key})"));
    let why = found.whys.get(&miss.row);
    let why = why.map_or_else(String::new, |why| format!("; {why}"));
    format!(
        "{}{key}: score {:.4}{}{why}",
        found.rows.name(miss.row),
        miss.score.score,
        p_value(&miss.score)
    )
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn range(low: f64, high: f64) -> String {
    format!("{:.2} to {:.2}", 100.0 * low, 100.0 * high)
}

/// One object: shares as fractions.
pub(super) fn json(found: &Found<'_>) -> Value {
    let Found {
        args,
        model,
        rows,
        evaluation,
        misses,
        whys,
        p_values,
        smallest_p: _,
    } = found;
    let metrics = &evaluation.metrics;
    let auroc = evaluation.auroc;
    let share = |share: &Share| {
        json!({
            "value": share.interval.estimate, "low": share.interval.low, "high": share.interval.high,
            "rows": share.hits, "of": share.of,
        })
    };
    let threshold = Promise::of(model.manifest()).zip(evaluation.alarms);
    let threshold = threshold.map(|(promise, alarms)| {
        json!({
            "value": promise.value,
            "p_value": promise.p_value,
            "false_positive_rate": share(&alarms.false_positives),
            "promise": {
                "target": promise.target, "confidence": promise.confidence, "at_most": promise.most,
                "kept": promise.kept(&alarms.false_positives).as_str(),
            },
            "recall": share(&alarms.detected),
            "precision": alarms.precision.as_ref().map(share),
        })
    });
    let miss = |miss: &Miss| {
        json!({
            "row": miss.row, "file": rows.file(miss.row).map(|file| file.display().to_string()),
            "key": rows.key(miss.row), "score": miss.score.score, "p_value": miss.score.p_value,
            "anomaly": miss.score.is_anomaly, "why": whys.get(&miss.row),
        })
    };
    let points = p_values
        .iter()
        .map(|(t, share)| json!({"t": t, "share": share}));
    json!({
        "model": args.model.display().to_string(),
        "data": args.input.display().to_string(),
        "method": model.manifest().method,
        "rows": rows.len(),
        "rows_without_score": rows.without_score(),
        "normal": evaluation.normals,
        "anomalies": evaluation.anomalies,
        "level": record::LEVEL,
        "auroc": {
            "value": metrics.auroc, "low": auroc.map(|a| a.low), "high": auroc.map(|a| a.high),
            "by": auroc.map(|a| a.by),
        },
        "ap": {
            "value": metrics.ap, "low": evaluation.ap.map(|ap| ap.low), "high": evaluation.ap.map(|ap| ap.high),
            "by": evaluation.ap.map(|_| "bootstrap"),
        },
        "f1_at_k": metrics.f1_at_k,
        "fpr95": metrics.fpr95,
        "pauc": metrics.pauc,
        "threshold": threshold,
        "p_values": points.collect::<Vec<_>>(),
        "misses": {
            "anomalies": misses.anomalies.iter().map(miss).collect::<Vec<_>>(),
            "normal": misses.normals.iter().map(miss).collect::<Vec<_>>(),
        },
    })
}
