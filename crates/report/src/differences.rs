//! How a table differs from published means over seeds: what is far away, and why.

use crate::agreement::{AGREE, Compared};
use crate::table::Table;
use crate::words::{count, signed};

/// The numbers outside three published standard deviations, the largest difference first. Numbers over
/// part of a family are not a comparison.
pub(crate) fn far_cells<'a>(table: &'a Table<'_>) -> Vec<&'a Compared> {
    let complete = table.compared.iter().filter(|c| c.complete);
    let mut far: Vec<&Compared> = complete.filter(|c| c.is_far()).collect();
    far.sort_by(|a, b| b.difference().abs().total_cmp(&a.difference().abs()));
    far
}

/// The heading of their list, and what it says of one.
pub(crate) const FAR: &str = "Outside three published standard deviations";
pub(crate) const FAR_HEADER: [&str; 6] = [
    "data set",
    "method",
    "ours",
    "published",
    "difference",
    "reason",
];

/// A line of the list.
pub(crate) fn far_fields(table: &Table<'_>, of: &Compared) -> [String; 6] {
    [
        of.name.clone(),
        table.plan.columns[of.column].label.clone(),
        format!("{:.2}", of.ours),
        format!("{:.2} ± {:.2}", of.paper, of.sd),
        signed(of.difference()),
        of.reason.clone().unwrap_or_default(),
    ]
}

/// How a table agrees with published means over seeds.
pub(crate) fn sentence(table: &Table<'_>) -> Option<String> {
    let complete: Vec<&Compared> = (table.compared.iter()).filter(|c| c.complete).collect();
    if complete.is_empty() {
        return None;
    }
    let of_split = |c: &&&Compared| table.plan.columns[c.column].deterministic;
    let rule: Vec<&&Compared> = complete.iter().filter(of_split).collect();
    let mut text = format!(
        "Table `{}` has {} of ours beside a published mean over seeds",
        table.plan.id,
        count(complete.len(), "number")
    );
    if !rule.is_empty() {
        let near = rule.iter().filter(|c| c.agrees()).count();
        let share = 100.0 * near as f64 / rule.len() as f64;
        text += &format!(
            ": of the {} by methods that draw no random numbers, {near} ({share:.1} %) are within \
             {AGREE} points or two published standard deviations",
            rule.len()
        );
    }
    let n_far = complete.iter().filter(|c| c.is_far()).count();
    Some(text + &format!("; {n_far} of all are outside three."))
}
