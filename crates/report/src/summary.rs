//! What a run found, in sentences made from its numbers.

use record::Metric;
use std::collections::{BTreeMap, BTreeSet};

use crate::cell::Cells;
use crate::differences;
use crate::estimate::mean;
use crate::extent::Extent;
use crate::footnotes::one_line;
use crate::protocol::Leak;
use crate::ranking::{Significance, Standings, standings};
use crate::table::Table;
use crate::words::{count, duration, probability, signed};

/// Published and own numbers within this many points agree.
const AGREE: f64 = 0.5;

/// The sentences, most important first. Names stand in backticks.
pub(crate) fn sentences(profile: &str, tables: &[Table<'_>], cells: &Cells) -> Vec<String> {
    let extent = Extent::of(tables, cells);
    let mut sentences = vec![counts(profile, &extent)];
    sentences.extend(computed(&extent, tables.len()));
    for table in tables {
        sentences.extend(standings(table).iter().map(|of| leaders(table, of)));
    }
    sentences.extend(without_leak(tables));
    sentences.extend(tables.iter().filter_map(published_sentence));
    sentences.extend(tables.iter().filter_map(differences::sentence));
    sentences.extend(copies(cells));
    sentences.extend(absent(tables));
    sentences
}

fn counts(profile: &str, extent: &Extent) -> String {
    let profile = one_line(profile);
    if extent.planned == 0 {
        return format!("The run `{profile}` has no cells.");
    }
    let mut text = format!(
        "The run `{profile}` has {}: {} finished",
        count(extent.planned, "cell"),
        extent.done
    );
    for (n, what) in [
        (extent.failed, "failed"),
        (extent.unreadable, "unreadable"),
        (extent.pending(), "pending"),
    ] {
        if n > 0 {
            text += &format!(", {n} {what}");
        }
    }
    if extent.seconds > 0.0 {
        let taken = duration(extent.seconds);
        text += &format!(". Loading, fitting and scoring took {taken}, added over the cells");
    }
    text + "."
}

/// Which tables have results, and on which data sets.
fn computed(extent: &Extent, n_tables: usize) -> Option<String> {
    let (tables, datasets) = (&extent.tables, &extent.datasets);
    (extent.done > 0).then(|| {
        format!(
            "{} of {} {} results ({}), on {} ({}).",
            tables.len(),
            count(n_tables, "table"),
            if tables.len() == 1 { "has" } else { "have" },
            listed(tables),
            count(datasets.len(), "data set"),
            listed(datasets)
        )
    })
}

/// As many names as a sentence has.
const NAMED: usize = 6;

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    let mut shown: Vec<String> = (names.iter().take(NAMED))
        .map(|name| format!("`{name}`"))
        .collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    shown.join(", ")
}

fn leaders(table: &Table<'_>, standings: &Standings) -> String {
    let label = |column: usize| one_line(&table.plan.columns[column].label);
    let shown = |index: usize| {
        let standing = &standings.methods[index];
        format!("{} ({:.2})", label(standing.column), standing.mean)
    };
    let place = place(table, &standings.protocol);
    let metric = table.plan.metric.name();
    let over = match standings.n_rows {
        1 => "on the one data set".to_owned(),
        n => format!("by the mean {metric} over the {n} data sets"),
    };
    match standings.methods.len() {
        1 => format!(
            "{place} {} has {:.2} {over}.",
            label(standings.methods[0].column),
            standings.methods[0].mean
        ),
        n => {
            let mut text = format!("{place} {} leads {over}", shown(0));
            if n > 1 {
                text += &format!(" that every method has, before {}", shown(1));
            }
            if let Some(Significance { p, n_families }) = standings.p {
                text += &format!(
                    " ({} over {n_families} families, signed-rank test with Holm's adjustment)",
                    probability(p)
                );
            }
            if n > 2 {
                text += &format!("; {} is last of {n}", shown(n - 1));
            }
            text + "."
        }
    }
}

/// “Under protocol `paper` (leaky), table `table1`,”.
fn place(table: &Table<'_>, protocol: &str) -> String {
    let leak = match Leak::of(protocol) {
        Leak::Unknown => String::new(),
        known => format!(" ({})", known.word()),
    };
    let protocol = one_line(protocol);
    format!(
        "Under protocol `{protocol}`{leak}, table `{}`:",
        table.plan.id
    )
}

/// What a method loses where the leak is closed, over the data sets it has under both.
fn without_leak(tables: &[Table<'_>]) -> Option<String> {
    let results = |leak: Leak| {
        let mut found: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
        let of_scores = (tables.iter()).filter(|table| table.plan.metric == Metric::Auroc);
        let columns =
            of_scores.flat_map(|t| t.plan.columns.iter().enumerate().map(move |c| (t, c)));
        for (table, (index, column)) in columns {
            let Some(method) = &column.method else {
                continue;
            };
            // The first column of a method stands for it: later ones are variants.
            if Leak::of(table.plan.protocol_of(column)) != leak
                || found.contains_key(method.as_str())
            {
                continue;
            }
            let values = table.rows.iter().filter_map(|row| {
                let mean = row.entries[index].ours.mean()?;
                Some((row.plan.dataset.as_str(), mean))
            });
            found.insert(method, values.collect());
        }
        found
    };
    let (leaky, clean) = (results(Leak::Leaky), results(Leak::Clean));
    let mut parts = Vec::new();
    let mut over = BTreeSet::new();
    for (method, with) in &leaky {
        let Some(without) = clean.get(method) else {
            continue;
        };
        let both: Vec<(f64, f64)> = (with.iter())
            .filter_map(|(dataset, &a)| Some((a, *without.get(dataset)?)))
            .collect();
        let (a, b): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
        if let (Some(with), Some(without)) = (mean(&a), mean(&b)) {
            over.insert(a.len());
            let change = without - with;
            parts.push(format!(
                "`{}` {with:.2} to {without:.2} ({})",
                one_line(method),
                signed(change)
            ));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let over: Vec<String> = over.iter().map(usize::to_string).collect();
    let over = over.join(" or ");
    Some(format!(
        "From the leaky to the clean protocol, over the {over} data sets a method has under both, \
         the mean AUROC goes: {}.",
        parts.join(", ")
    ))
}

/// How far ours are from single published numbers.
fn published_sentence(table: &Table<'_>) -> Option<String> {
    let mut pairs = Vec::new();
    for row in &table.rows {
        for (column, entry) in table.plan.columns.iter().zip(&row.entries) {
            // Means over seeds have a sentence of their own.
            let single = entry.paper.filter(|_| entry.paper_sd.is_none());
            if let (Some(ours), Some(paper)) = (entry.ours.mean(), single) {
                pairs.push((ours - paper, &column.label, &row.plan.dataset));
            }
        }
    }
    let far = |pair: &(f64, &String, &String)| pair.0.abs();
    let (largest, label, dataset) =
        (pairs.iter().copied()).max_by(|a, b| far(a).total_cmp(&far(b)))?;
    // What rounds to half a point agrees.
    let near = (pairs.iter().filter(|pair| far(pair) < AGREE + 0.005)).count();
    let all = pairs.len();
    let mut text = format!(
        "Table `{}` has published numbers beside {all} of ours: {near} are within {AGREE} points",
        table.plan.id
    );
    if largest.abs() >= 0.005 {
        text += &format!(
            ", and the largest difference is {} ({} on `{}`)",
            signed(largest),
            one_line(label),
            one_line(dataset)
        );
    }
    Some(text + ".")
}

/// How many data sets have test rows that are training rows, by protocol.
fn copies(cells: &Cells) -> Vec<String> {
    let mut found: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for cell in cells.values().flatten() {
        let across = (cell.measured())
            .and_then(|measured| measured.audit.as_ref())
            .and_then(|audit| audit.across.as_ref());
        if let Some(across) = across {
            let of_protocol = found.entry(&cell.protocol).or_default();
            let share = of_protocol.entry(&cell.dataset).or_default();
            *share = share.max(across.share_of_normals);
        }
    }
    (found.into_iter())
        .filter_map(|(protocol, shares)| {
            let all = shares.len();
            let with: Vec<(&str, f64)> = shares.into_iter().filter(|(_, s)| *s > 0.0).collect();
            let (most, share) = (with.iter().copied()).max_by(|a, b| a.1.total_cmp(&b.1))?;
            Some(format!(
                "Under protocol `{}` {} of {} have normal test rows that are exact copies of training \
                 rows, most of all `{}` with {:.0} %.",
                one_line(protocol),
                with.len(),
                count(all, "data set"),
                one_line(most),
                100.0 * share
            ))
        })
        .collect()
}

fn absent(tables: &[Table<'_>]) -> Option<String> {
    let rows = tables.iter().flat_map(|table| &table.rows);
    let all: BTreeSet<&str> = rows.clone().map(|row| row.plan.dataset.as_str()).collect();
    let absent: BTreeSet<&str> = rows
        .filter(|row| row.is_absent())
        .map(|row| row.plan.dataset.as_str())
        .collect();
    (!absent.is_empty()).then(|| {
        format!(
            "{} of {} were not found; the commands that get them stand with their tables.",
            absent.len(),
            count(all.len(), "data set")
        )
    })
}
