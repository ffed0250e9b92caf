use record::Audit;
use std::collections::BTreeMap;

use super::parts::{badge, scrolling};
use crate::cell::Cells;
use crate::footnotes::one_line;
use crate::html::Html;

pub(crate) const TITLE: &str = "Audit of the data";

pub(crate) const HEADER: [&str; 8] = [
    "data set",
    "protocol",
    "normal test rows that are training rows",
    "anomalies that are training rows",
    "anomalies equal to a normal row",
    "constant columns",
    "columns mostly tied",
    "repeated training rows",
];

/// What was found in the rows themselves, for each data set and protocol: the same whatever the method.
pub(super) fn section(html: &mut Html, cells: &Cells) {
    html.raw("<section id=\"audit\" aria-labelledby=\"audit-title\">");
    html.raw("<h2 id=\"audit-title\">");
    html.raw(TITLE);
    html.raw("</h2>\n");
    let found = found(cells);
    if found.is_empty() {
        html.raw(
            "<p>The cells of this run hold no audit. What was noticed is in the notes of the ",
        );
        html.raw("tables.</p>\n</section>\n");
        return;
    }
    html.raw(
        "<p>What makes numbers misleading whatever the method: training rows again among the test ",
    );
    html.raw(
        "rows, constant columns, ranks that are mostly ties. Under several data seeds the first ",
    );
    html.raw("one is shown.</p>\n");
    scrolling(html, TITLE, body(&found));
    html.raw("</section>\n");
}

type Place<'a> = (&'a str, &'a str);
type Found<'a> = BTreeMap<Place<'a>, (u64, &'a Audit)>;

/// By data set and protocol the audit of the lowest data seed.
pub(crate) fn found(cells: &Cells) -> Found<'_> {
    let mut found = BTreeMap::new();
    for cell in cells.values().flatten() {
        if let Some(audit) = cell.measured().and_then(|measured| measured.audit.as_ref()) {
            let place = (cell.dataset.as_str(), cell.protocol.as_str());
            let entry = found.entry(place).or_insert((cell.seed.data, audit));
            if cell.seed.data < entry.0 {
                *entry = (cell.seed.data, audit);
            }
        }
    }
    found
}

/// A number to sort by, and as it is shown.
type Count = (u64, String);

/// What each line of [`HEADER`] says after the names; the first two need test rows.
pub(crate) fn counts(audit: &Audit) -> [Option<Count>; 6] {
    let plain = |n: u64| Some((n, n.to_string()));
    let (across, fitted) = (audit.across.as_ref(), &audit.fitted);
    let constant = format!("{} of {}", fitted.constant_columns, fitted.d);
    [
        across.map(|across| {
            let (n, share) = (across.normals_in_train, 100.0 * across.share_of_normals);
            (n, format!("{n} ({share:.0} %)"))
        }),
        across.and_then(|across| plain(across.anomalies_in_train)),
        plain(audit.anomalies_tied_with_normals),
        Some((fitted.constant_columns, constant)),
        plain(fitted.tied_columns),
        plain(fitted.duplicates),
    ]
}

fn body(found: &Found<'_>) -> Html {
    let mut html = Html::default();
    html.raw("<table class=\"sortable\">\n<thead><tr>");
    for name in HEADER {
        html.element("th", &[("scope", "col")], name);
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for ((dataset, protocol), (_, audit)) in found {
        html.raw("<tr>");
        html.element("th", &[("scope", "row")], &one_line(dataset));
        html.raw("<td>");
        badge(&mut html, protocol);
        html.raw("</td>");
        for count in counts(audit) {
            match count {
                Some((n, text)) => html.element("td", &[("data-value", &n.to_string())], &text),
                None => html.raw("<td></td>"),
            }
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
    html
}
