use std::collections::BTreeMap;

use super::parts::scrolling;
use crate::cell::Cells;
use crate::content::Content;
use crate::environment;
use crate::footnotes::one_line;
use crate::html::Html;

/// On what the cells were computed, with which configurations and data.
pub(super) fn section(html: &mut Html, content: &Content<'_>) {
    html.raw("<section id=\"environment\" aria-labelledby=\"environment-title\">");
    html.raw("<h2 id=\"environment-title\">Environment and configurations</h2>\n");
    machine(html, content);
    html.raw("<h3>Configurations</h3>\n");
    scrolling(html, "Configurations", configurations(content.cells));
    html.raw("<h3>Data</h3>\n");
    scrolling(html, "Data", data(content.cells));
    html.raw("</section>\n");
}

fn machine(html: &mut Html, content: &Content<'_>) {
    html.raw("<dl>\n");
    for (name, value) in environment::facts(content.environment, content.cells) {
        html.raw("<div>");
        html.element("dt", &[], &name);
        html.element("dd", &[], &value);
        html.raw("</div>\n");
    }
    html.raw("</dl>\n");
}

fn configurations(cells: &Cells) -> Html {
    let mut html = Html::default();
    html.raw("<table class=\"sortable\">\n<thead><tr><th scope=\"col\">method</th><th scope=\"col\">hash</th>");
    html.raw("<th scope=\"col\">seeds (data/model)</th><th scope=\"col\">configuration</th>");
    html.raw("</tr></thead>\n<tbody>\n");
    for config in environment::configurations(cells) {
        html.raw("<tr>");
        html.element("th", &[("scope", "row")], &config.method);
        code(&mut html, &config.hash);
        html.element("td", &[("class", "text")], &config.seeds.join(", "));
        // Commas with a space, so that lines can be broken there.
        code(&mut html, &config.settings.replace(',', ", "));
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
    html
}

fn data(cells: &Cells) -> Html {
    type Counts = (Option<u64>, Option<u64>, Option<u64>);
    let mut found: BTreeMap<(&str, &str, &str), Counts> = BTreeMap::new();
    for cell in cells.values().flatten() {
        let hash = cell.data_sha256.as_deref().unwrap_or_default();
        let counts = (cell.measured()).map_or((None, None, None), |measured| {
            (measured.n_train, measured.n_test, measured.n_anomalies)
        });
        let entry = (found.entry((&cell.dataset, &cell.protocol, hash))).or_insert(counts);
        // A cell that failed early has no counts; another one may.
        entry.0 = entry.0.or(counts.0);
        entry.1 = entry.1.or(counts.1);
        entry.2 = entry.2.or(counts.2);
    }
    let mut html = Html::default();
    html.raw("<table class=\"sortable\">\n<thead><tr><th scope=\"col\">data set</th>");
    html.raw("<th scope=\"col\">protocol</th><th scope=\"col\">training rows</th>");
    html.raw("<th scope=\"col\">test rows</th><th scope=\"col\">anomalies</th>");
    html.raw("<th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n");
    for ((dataset, protocol, hash), (train, test, anomalies)) in &found {
        html.raw("<tr>");
        html.element("th", &[("scope", "row")], &one_line(dataset));
        html.element("td", &[("class", "text")], &one_line(protocol));
        for n in [train, test, anomalies] {
            let text = n.map_or_else(String::new, |n| n.to_string());
            html.element("td", &[], &text);
        }
        code(&mut html, hash);
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
    html
}

fn code(html: &mut Html, text: &str) {
    html.raw("<td class=\"text\">");
    html.element("code", &[], &one_line(text));
    html.raw("</td>");
}
