use std::collections::BTreeMap;

use super::scrolling;
use super::tables::badge;
use crate::cell::{Audit, Cells};
use crate::footnotes::one_line;
use crate::html::Html;

const TITLE: &str = "Audit of the data";

/// What was found in the rows themselves, for each data set and protocol: the same whatever the method.
pub(super) fn section(html: &mut Html, cells: &Cells) {
    html.raw("<section id=\"audit\" aria-labelledby=\"audit-title\">");
    html.raw("<h2 id=\"audit-title\">");
    html.raw(TITLE);
    html.raw("</h2>\n");
    let found = found(cells);
    if found.is_empty() {
        html.raw(
            "<p>The cells of this run hold no audit. What was noticed stands in the notes of the ",
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

/// By data set and protocol the audit of the lowest data seed.
fn found(cells: &Cells) -> BTreeMap<Place<'_>, (u64, &Audit)> {
    let mut found = BTreeMap::new();
    for cell in cells.values().flatten() {
        if let Some(audit) = &cell.audit {
            let place = (cell.dataset.as_str(), cell.protocol.as_str());
            let entry = found.entry(place).or_insert((cell.seed.data, audit));
            if cell.seed.data < entry.0 {
                *entry = (cell.seed.data, audit);
            }
        }
    }
    found
}

fn body(found: &BTreeMap<Place<'_>, (u64, &Audit)>) -> Html {
    let mut html = Html::default();
    html.raw("<table class=\"sortable\">\n<thead><tr><th scope=\"col\">data set</th>");
    html.raw("<th scope=\"col\">protocol</th><th scope=\"col\">normal test rows that are training rows</th>");
    html.raw("<th scope=\"col\">anomalies that are training rows</th>");
    html.raw("<th scope=\"col\">anomalies equal to a normal row</th>");
    html.raw("<th scope=\"col\">constant columns</th><th scope=\"col\">columns mostly tied</th>");
    html.raw("<th scope=\"col\">repeated training rows</th></tr></thead>\n<tbody>\n");
    for ((dataset, protocol), (_, audit)) in found {
        html.raw("<tr>");
        html.element("th", &[("scope", "row")], &one_line(dataset));
        html.raw("<td>");
        badge(&mut html, protocol);
        html.raw("</td>");
        match &audit.across {
            Some(across) => {
                let share = 100.0 * across.share_of_normals;
                let text = format!("{} ({share:.0} %)", across.normals_in_train);
                count(&mut html, across.normals_in_train, &text);
                plain(&mut html, across.anomalies_in_train);
            }
            None => html.raw("<td></td><td></td>"),
        }
        plain(&mut html, audit.anomalies_tied_with_normals);
        let fitted = &audit.fitted;
        let text = format!("{} of {}", fitted.constant_columns, fitted.d);
        count(&mut html, fitted.constant_columns, &text);
        plain(&mut html, fitted.tied_columns);
        plain(&mut html, fitted.duplicates);
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
    html
}

fn plain(html: &mut Html, n: u64) {
    count(html, n, &n.to_string());
}

fn count(html: &mut Html, n: u64, text: &str) {
    html.element("td", &[("data-value", &n.to_string())], text);
}
