use std::collections::BTreeMap;

use record::Entry;

use super::parts::scrolling;
use crate::content::Content;
use crate::footnotes::one_line;
use crate::html::Html;
use crate::words::count;

/// Cells that did not come out of a scheduler's task at once, in the words of the run's journal; nothing where
/// there are none.
pub(super) fn section(html: &mut Html, content: &Content<'_>) {
    let lost = losses(content.journal);
    if lost.is_empty() {
        return;
    }
    html.raw("<section id=\"repeated\" aria-labelledby=\"repeated-title\">");
    html.raw("<h2 id=\"repeated-title\">Repeated cells</h2>\n");
    let text = format!(
        "Lost on the cluster and given out again: {}. What a cell holds is of its last attempt alone.",
        count(lost.len(), "cell")
    );
    html.element("p", &[], &text);
    let mut table = Html::default();
    table.raw("<table class=\"sortable\">\n<thead><tr><th scope=\"col\">cell</th>");
    table.raw("<th scope=\"col\">data set</th><th scope=\"col\">method</th>");
    table.raw(
        "<th scope=\"col\">lost</th><th scope=\"col\">computed on</th></tr></thead>\n<tbody>\n",
    );
    for (id, attempts) in lost {
        let cell = content.cells.get(id).and_then(|cell| cell.as_ref().ok());
        table.raw("<tr><th scope=\"row\">");
        table.element("code", &[], &one_line(id));
        table.raw("</th>");
        let ended = cell.map_or("", |cell| match cell.is_ok() {
            true => cell.host.as_deref().unwrap_or_default(),
            false => "nowhere: it failed",
        });
        for text in [
            cell.map_or("", |cell| &cell.dataset),
            cell.map_or("", |cell| &cell.method),
            &attempts.join(", "),
            ended,
        ] {
            table.element("td", &[("class", "text")], &one_line(text));
        }
        table.raw("</tr>\n");
    }
    table.raw("</tbody>\n</table>\n");
    scrolling(html, "Repeated cells", table);
    html.raw("</section>\n");
}

/// By cell how each attempt was lost: `with its machine (n1)`.
fn losses(journal: &[Entry]) -> BTreeMap<&str, Vec<String>> {
    let mut lost: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in journal {
        if let Entry::Lost {
            cell, why, host, ..
        } = entry
        {
            let host = host.as_ref().map(|host| format!(" ({host})"));
            let attempt = format!("{}{}", why.words(), host.unwrap_or_default());
            lost.entry(cell).or_default().push(attempt);
        }
    }
    lost
}
