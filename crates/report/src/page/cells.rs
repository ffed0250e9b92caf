use super::parts::{badge, scrolling};
use crate::cell::Cells;
use crate::cell::auroc_interval;
use crate::footnotes::one_line;
use crate::html::Html;
use crate::interval::Interval;
use record::Cell;

/// More cells than this stand in `results.csv` only: the page must open at once.
const MOST: usize = 1000;

/// Every cell with its metrics, for those who want to check a number.
pub(super) fn section(html: &mut Html, cells: &Cells) {
    html.raw("<section id=\"cells\" aria-labelledby=\"cells-title\">");
    html.raw("<h2 id=\"cells-title\">Cells</h2>\n");
    let unreadable: Vec<(&String, &String)> = (cells.iter())
        .filter_map(|(id, cell)| Some((id, cell.as_ref().err()?)))
        .collect();
    if !unreadable.is_empty() {
        html.raw("<p>Cells that cannot be read:</p>\n<ul>\n");
        for (id, reason) in unreadable.iter().take(MOST) {
            html.raw("<li>");
            html.element("code", &[], &one_line(&format!("cells/{id}.json")));
            html.text(&format!(": {}", one_line(reason)));
            html.raw("</li>\n");
        }
        html.raw("</ul>\n");
    }
    let mut found: Vec<&Cell> = cells.values().flatten().collect();
    found.sort_by_key(|cell| {
        let place = (&cell.dataset, &cell.protocol, &cell.method);
        (place, cell.seed.data, cell.seed.model, cell.id())
    });
    if found.is_empty() {
        html.raw("<p>There is no result yet.</p>\n</section>\n");
        return;
    }
    if found.len() > MOST {
        let text = format!(
            "The first {MOST} of {} cells; all are in results.csv.",
            found.len()
        );
        html.element("p", &[], &text);
        found.truncate(MOST);
    }
    html.raw("<details>\n<summary>Every result with its metrics, seconds and hash</summary>\n");
    scrolling(html, "Cells", body(&found));
    html.raw("</details>\n</section>\n");
}

fn body(cells: &[&Cell]) -> Html {
    let mut html = Html::default();
    html.raw("<table class=\"sortable\">\n<thead><tr><th scope=\"col\">data set</th>");
    html.raw(
        "<th scope=\"col\">protocol</th><th scope=\"col\">method</th><th scope=\"col\">seeds</th>",
    );
    html.raw("<th scope=\"col\">AUROC</th><th scope=\"col\">95 % interval</th>");
    html.raw("<th scope=\"col\">AP</th><th scope=\"col\">F1 at k</th>");
    html.raw("<th scope=\"col\">FPR at 95 % TPR</th><th scope=\"col\">partial AUROC</th>");
    html.raw("<th scope=\"col\">seconds to fit</th><th scope=\"col\">seconds to score</th>");
    html.raw("<th scope=\"col\">machine</th>");
    html.raw(
        "<th scope=\"col\">configuration</th><th scope=\"col\">cell</th></tr></thead>\n<tbody>\n",
    );
    for cell in cells {
        html.raw("<tr>");
        html.element("th", &[("scope", "row")], &one_line(&cell.dataset));
        html.raw("<td class=\"text\">");
        badge(&mut html, &cell.protocol);
        html.raw("</td>");
        let method = match cell.disturbance() {
            None => cell.method.clone(),
            Some(done) => format!("{} ({done})", cell.method),
        };
        html.element("td", &[("class", "text")], &one_line(&method));
        html.element("td", &[("class", "text")], &cell.seed.to_string());
        let measured = cell.measured();
        match measured.map(|measured| measured.metrics) {
            Some(m) => {
                number(&mut html, Some(100.0 * m.auroc));
                interval(&mut html, auroc_interval(cell));
                for value in [m.ap, m.f1_at_k, m.fpr95, m.pauc] {
                    number(&mut html, value.map(|v| 100.0 * v));
                }
            }
            None => {
                html.raw("<td class=\"alarm\">failed</td>");
                html.raw("<td></td><td></td><td></td><td></td><td></td>");
            }
        }
        let seconds = measured.and_then(|measured| measured.seconds);
        number(&mut html, seconds.and_then(|s| s.fit));
        number(&mut html, seconds.and_then(|s| s.score));
        let host = cell.host.as_deref().unwrap_or_default();
        html.element("td", &[("class", "text")], &one_line(host));
        for hash in [cell.config_hash.as_deref().unwrap_or_default(), cell.id()] {
            html.raw("<td class=\"text\">");
            html.element("code", &[], &one_line(hash));
            html.raw("</td>");
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
    html
}

/// Over the test rows, and whose it is.
fn interval(html: &mut Html, interval: Option<Interval>) {
    let Some(found) = interval.map(Interval::percent) else {
        html.raw("<td></td>");
        return;
    };
    let text = format!("{:.1}–{:.1} {}", found.low, found.high, found.by.name());
    html.element(
        "td",
        &[("class", "nowrap"), ("data-value", &found.low.to_string())],
        &text,
    );
}

fn number(html: &mut Html, value: Option<f64>) {
    let text = value.map_or_else(String::new, |value| format!("{value:.2}"));
    html.element("td", &[], &text);
}
